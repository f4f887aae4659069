"""The figures of a card, from a run's predictions."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy.special import logit

pytest.importorskip("torch")
from sklearn.metrics import f1_score, roc_auc_score

from actionunits.errors import UsageError
from actionunits.evaluation import Prediction, Run
from actionunits.evaluation.predictions import prediction_table
from actionunits.evaluation.run_facts import FoldFacts, RunFacts, StoreFacts
from actionunits.evaluation.runs import RunWriter
from actionunits.export import Exported, export_model, exporting, measure
from actionunits.facs import AUSet

AUS = AUSet((1, 12, 25))
FRAMES = 40


def make_run(folder: Path, *, seed: int = 0, recipe: str = "linear/synthau", aus: Sequence[int] = tuple(AUS)) -> Run:
    """Two folds of two people each; AU25 is never absent, AU12 has no intensity."""
    store = StoreFacts(
        dataset="SynthAU-mini",
        protocol={},
        crop=None,
        crop_hash=None,
        made_by=None,
        subjects=4,
        frames=4 * FRAMES,
        frames_sha256="0" * 64,
    )
    facts = RunFacts(
        system="linear",
        recipe={"recipe": recipe, "start": None},
        selection="val",
        store=store,
        folds=FoldFacts(name="synthau-2fold", source="", count=2, validation=((), ())),
        aus=tuple(aus),
        graded=True,
        frames=4 * FRAMES,
        seed=seed,
        versions={},
    )
    writer, rng = RunWriter(folder, facts), np.random.default_rng(0)
    for fold in (1, 2):
        n = 2 * FRAMES
        levels = rng.integers(0, 6, (n, len(aus))).astype(np.int8)
        levels[rng.random(levels.shape) < 0.1] = -1
        labels = np.where(levels < 0, -1, levels > 1).astype(np.int8)
        labels[:, -1] = np.where(labels[:, -1] == 0, -1, labels[:, -1])
        probability = np.clip(0.5 + 0.3 * labels + rng.normal(0, 0.3, labels.shape), 0, 1).astype(np.float32)
        intensity = np.clip(levels + rng.normal(0, 1, levels.shape), 0, 5).astype(np.float32)
        intensity[:, 1] = np.nan
        people = [f"S{2 * fold - 1}", f"S{2 * fold}"]
        keys = {
            "fold": np.full(n, fold, np.int16),
            "subject": np.repeat(people, FRAMES),
            "sequence": np.repeat([f"{name}-a" for name in people], FRAMES),
            "frame": np.tile(np.arange(FRAMES), 2),
        }
        table = prediction_table(keys, AUSet(tuple(aus)), labels, levels, Prediction(probability, intensity))
        writer.add(fold, table)
    writer.merge()
    writer.finish({})
    return Run(folder)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_run(tmp_path_factory.mktemp("quality") / "run")


@pytest.mark.parametrize("fold", [None, 1, 2])
def test_figures_by_hand(run: Run, fold: int | None) -> None:
    measured = measure(run, AUS, fold)
    rows = np.ones(4 * FRAMES, bool) if fold is None else run.folds == fold
    labels, probability = run.labels(AUS)[rows], run.probability(AUS)[rows]
    levels, intensity = run.levels(AUS)[rows], run.intensity(AUS)[rows]
    for place, au in enumerate(AUS):
        row, known = measured.quality.per_au[place], labels[:, place] >= 0
        truth, said = labels[known, place], probability[known, place]
        assert (row.au, row.positives) == (au, int((truth == 1).sum()))
        assert row.f1 == pytest.approx(f1_score(truth, said >= 0.5), abs=1e-4)
        if au == 25:  # always there
            assert row.auroc is row.false_positive_rate is measured.neutral_evidence[place] is None
            continue
        assert row.auroc == pytest.approx(roc_auc_score(truth, said), abs=1e-4)
        assert row.false_positive_rate == pytest.approx((said[truth == 0] >= 0.5).mean(), abs=1e-4)
        rest = np.median(logit(np.clip(said[truth == 0].astype(float), 1e-6, 1 - 1e-6)))
        assert measured.neutral_evidence[place] == pytest.approx(rest, abs=1e-4)
    graded = levels[:, 0] >= 0
    error = np.abs(np.rint(intensity[graded, 0]) - levels[graded, 0]).mean()
    assert measured.quality.per_au[0].mae == pytest.approx(error, abs=1e-4)
    assert measured.quality.per_au[0].icc > 0.5
    assert measured.quality.per_au[1].icc is measured.quality.per_au[1].mae is None


def test_the_protocol_is_told(run: Run) -> None:
    assert "fold 2 of 2: 80 frames of 2 subjects" in measure(run, AUS, 2).quality.protocol
    assert (
        "synthau-2fold: 160 frames of 4 subjects, each tested by the fold's own model"
        in measure(run, AUS).quality.protocol
    )


def test_runs_that_do_not_fit(run: Run, model_file: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no AU 4"):
        measure(run, AUSet((1, 4)))
    with pytest.raises(UsageError, match="tested nobody in fold 3"):
        measure(run, AUS, 3)
    other = make_run(tmp_path / "other", seed=1)
    with pytest.raises(UsageError, match="another training than the model: its seed differs"):
        export_model(model_file, tmp_path / "mine.onnx", run=other)
    other = make_run(tmp_path / "recipe", recipe="lp_net/synthau")
    with pytest.raises(UsageError, match="its recipe differs"):
        export_model(model_file, tmp_path / "mine.onnx", run=other)


def test_figures_on_the_card(
    run: Run, model_file: Path, exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fold is that of the model's file."""
    monkeypatch.setattr(exporting, "to_onnx", lambda _: exported.path.read_bytes())
    card = export_model(model_file, tmp_path / "mine.onnx", run=run.folder).card
    assert card.quality == measure(run, AUS, 2).quality
    assert card.neutral_evidence[:2] == measure(run, AUS, 2).neutral_evidence[:2]
    assert not any("--run" in limit for limit in card.limits)
