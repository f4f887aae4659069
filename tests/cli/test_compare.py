"""``actionunits compare``: tables on the terminal and in files."""

import numpy as np
import pytest

from actionunits.evaluation.predictions import prediction_table
from actionunits.evaluation.run_facts import FoldFacts, RunFacts, StoreFacts
from actionunits.evaluation.runs import RunWriter
from actionunits.evaluation.systems import Prediction
from actionunits.facs import DISFA_8

PEOPLE, FRAMES = 6, 10


@pytest.fixture
def runs(tmp_path):
    """A folder with the runs ``one`` and ``two`` on a little DISFA."""
    for seed, name in enumerate(("one", "two")):
        facts = RunFacts(
            system=f"<{name}>",
            recipe={},
            selection="val",
            store=StoreFacts(
                dataset="disfa",
                protocol={"occurs_from": 2, "cameras": "left"},
                crop="jaa-200",
                crop_hash="x",
                made_by=None,
                subjects=PEOPLE,
                frames=PEOPLE * FRAMES,
                frames_sha256="x",
            ),
            folds=FoldFacts(name="disfa-3fold", source="", count=3, validation=((),) * 3),
            aus=tuple(DISFA_8),
            graded=False,
            frames=PEOPLE * FRAMES,
            seed=0,
            versions={},
        )
        writer = RunWriter(tmp_path / "runs" / name, facts)
        for fold in (1, 2, 3):
            labels = np.random.default_rng(fold).integers(0, 2, (2 * FRAMES, 8)).astype(np.int8)
            guess = np.random.default_rng([seed, fold]).random((2 * FRAMES, 8)).astype(np.float32)
            names = [f"SN00{fold}", f"SN01{fold}"]
            keys = {
                "fold": np.full(2 * FRAMES, fold, np.int16),
                "subject": np.repeat(names, FRAMES),
                "sequence": np.repeat(names, FRAMES),
                "frame": np.tile(np.arange(FRAMES), 2),
            }
            writer.add(fold, prediction_table(keys, DISFA_8, labels, None, Prediction(guess)))
        writer.merge()
        writer.finish({})
    return tmp_path / "runs"


def test_two_runs_beside_the_papers(actionunits, runs, tmp_path):
    outs = [tmp_path / f"table.{suffix}" for suffix in ("md", "csv", "html", "tex")]
    done = actionunits("compare", runs, "--paper", *(word for out in outs for word in ("--out", out)))
    assert done.code == 0
    for said in ("LoRRaL(SA)", "Differences of F1", "positives: here intensity 2 and more, there intensity 1 and more"):
        assert said in done.out
    assert outs[0].read_text(encoding="utf-8") == done.out.removesuffix("\n")
    assert outs[1].read_text(encoding="utf-8").startswith("system,1,2,4,6,9,12,25,26,average")
    html = outs[2].read_text(encoding="utf-8")
    assert "&lt;one&gt;" in html
    assert "<one>" not in html
    assert r"\textless{}one\textgreater{}" in outs[3].read_text(encoding="utf-8")


def test_one_run_alone(actionunits, runs):
    done = actionunits("compare", runs / "one")
    assert done.code == 0
    assert "LP-Net" not in done.out
    assert "Differences" not in done.out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--metric", "auroc"), 2, "f1, icc, mae"),
        (("--out", "table.pdf"), 2, "names no format"),
        (("--paper", "--published-on", "CK"), 2, "no paper at hand"),
        (("--out", "nowhere/table.md"), 3, "folder"),
    ],
)
def test_mistakes_are_one_line(actionunits, runs, tmp_path, monkeypatch, words, code, said):
    monkeypatch.chdir(tmp_path)
    done = actionunits("compare", runs / "one", *words)
    assert done.code == code
    assert len(done.errors) == 1
    assert said in done.errors[0]


def test_what_is_no_run(actionunits, tmp_path):
    done = actionunits("compare", tmp_path)
    assert done.code == 3
    assert "run.json" in done.errors[0]
