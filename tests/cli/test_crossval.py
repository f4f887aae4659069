"""``actionunits crossval``: from a store to the table."""

import json

import cv2
import numpy as np
import pyarrow as pa
import pytest

from actionunits.geometry.mean_face import MEAN_68
from actionunits.store import FrameRow, StoreSettings, StoreWriter


@pytest.fixture
def store(tmp_path):
    """Six people whose mouths' height is AU12."""
    writer = StoreWriter(
        tmp_path / "store", StoreSettings(dataset="fake", aus=(1, 12), contents=("occurrence", "landmarks"))
    )
    people = [f"S{number}" for number in range(6)]
    for subject in people:
        rng = np.random.default_rng(list(subject.encode()))
        rows = []
        for frame in range(8):
            label = int(rng.integers(2))
            points = np.array(MEAN_68) * 20 + 32
            points[[48, 54], 1] -= 4 * label
            rows.append(
                FrameRow(
                    subject,
                    frame,
                    frame / 25,
                    occurrence={1: frame % 2, 12: label},
                    landmarks=points + rng.normal(0, 0.1, (68, 2)),
                )
            )
        jpeg = cv2.imencode(".jpg", np.full((64, 64, 3), 90, np.uint8))[1].tobytes()
        writer.add(subject, rows, [jpeg] * 8)
    table = pa.table({"sequence": people, "subject": people})
    writer.finish(pa.table({"subject": people}), table)
    return tmp_path / "store"


def test_a_run_and_its_table(actionunits, store, tmp_path):
    done = actionunits("crossval", "ridge-landmarks", "--data", store, "--out", tmp_path / "run")
    assert done.code == 0
    assert "ridge-landmarks on fake, 3fold, seed 0" in done.out
    assert "| AU12" in done.out
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {"run.json", "predictions.parquet", "folds.csv", "table.csv", "table.md"}
    assert (tmp_path / "run" / "table.md").read_text() in done.out
    again = actionunits("crossval", "ridge-landmarks", "--data", store, "--out", tmp_path / "again")
    assert again.out.replace("again", "run") == done.out


def test_all_baselines_and_the_choice_of_folds_aus_and_seed(actionunits, store, tmp_path):
    done = actionunits(
        "crossval",
        "baselines",
        "--data",
        store,
        "--out",
        tmp_path / "runs",
        "--folds",
        "loso",
        "--aus",
        "12",
        "--seed",
        3,
    )
    assert done.code == 0
    assert "svm-hog-landmarks" in done.out
    facts = json.loads((tmp_path / "runs" / "base-rate" / "run.json").read_text())
    assert (facts["folds"]["name"], facts["aus"], facts["seed"]) == ("loso", [12], 3)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("resnet",), 2, "there is no such baseline"),
        (("base-rate", "--folds", "7fold"), 2, "there is no such split"),
        (("base-rate", "--folds", "disfa-3fold"), 3, "subject S0"),
        (("base-rate", "--aus", "45"), 2, "no labels of AU 45"),
        (("ridge-landmarks", "--data", "nowhere"), 3, "there is no such folder"),
    ],
)
def test_mistakes_are_one_line(actionunits, store, tmp_path, words, code, said):
    more = () if "--data" in words else ("--data", store)
    done = actionunits("crossval", *words, *more, "--out", tmp_path / "run")
    assert done.code == code
    assert len(done.errors) == 1
    assert said in done.errors[0]
    assert not (tmp_path / "run").exists()


def test_a_folder_that_is_taken(actionunits, store, tmp_path):
    words = ("crossval", "base-rate", "--data", store, "--out", tmp_path / "run")
    assert actionunits(*words).code == 0
    done = actionunits(*words)
    assert done.code == 2
    assert "holds a finished run" in done.errors[0]
