"""``actionunits train``, and ``crossval`` of a recipe: from a store to a model and a table."""

import json

import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning")

import cv2
import numpy as np
import pyarrow as pa

from actionunits.geometry import get_crop
from actionunits.geometry.mean_face import MEAN_68
from actionunits.models import load_model
from actionunits.store import FrameRow, StoreSettings, StoreWriter

LIGHT = ("linear/resnet18", "--set", "input=jaa-112", "--set", "store.dataset=null", "--set", "aus=1,12")
LIGHT += ("--set", "model.backbone=efficientnet_lite0", "--set", "stages.train.epochs=1", "--set", "workers=0")
LIGHT += ("--set", "stages.train.batch=4", "--device", "cpu")


@pytest.fixture
def store(tmp_path):
    """Six people, four frames each, cropped as jaa-200."""
    recipe = get_crop("jaa-200")
    facts = {"crop": recipe.id, "crop_hash": recipe.hash, "image_size": (200, 200)}
    settings = StoreSettings(dataset="fake", aus=(1, 12), contents=("occurrence", "landmarks"), **facts)
    writer = StoreWriter(tmp_path / "store", settings)
    people = [f"S{number}" for number in range(6)]
    jpeg = cv2.imencode(".jpg", np.full((200, 200, 3), 90, np.uint8))[1].tobytes()
    points = (100 + 60 * MEAN_68).astype(np.float32)
    for subject in people:
        rows = [
            FrameRow(subject, frame, frame / 25, occurrence={1: frame % 2, 12: frame // 2}, landmarks=points)
            for frame in range(4)
        ]
        writer.add(subject, rows, [jpeg] * 4)
    table = pa.table({"sequence": people, "subject": people})
    writer.finish(pa.table({"subject": people}), table)
    return tmp_path / "store"


def test_one_fold(actionunits, store, tmp_path):
    words = ("train", *LIGHT, "--data", store, "--fold", 2, "--out", tmp_path / "run", "--seed", 5)
    plan = actionunits(*words, "--dry-run")
    assert plan.code == 0
    assert "linear/resnet18 on fake, fold 2" in plan.out.replace("\\", "")
    assert not (tmp_path / "run").exists()
    done = actionunits(*words)
    assert done.code == 0
    assert "(fold 2 of 3 only), seed 5" in done.out
    assert "fold 1" not in done.err
    assert "fold 2, train, epoch 1 of 1: loss" in done.err
    assert "Lightning" not in done.err
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {"run.json", "predictions.parquet", "folds.csv", "table.csv", "table.md", "folds"}
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (facts["folds"]["only"], facts["recipe"]["model.backbone"]) == ([2], "efficientnet_lite0")
    assert load_model(tmp_path / "run" / "folds" / "fold2" / "model.safetensors").system == "linear"
    again = actionunits("crossval", *LIGHT, "--data", store, "--fold", 2, "--out", tmp_path / "again", "--seed", 5)
    assert (
        again.out.partition("\n\n")[2].replace("again", "run").splitlines()[:6]
        == (done.out.partition("\n\n")[2].splitlines()[:6])
    )
    compared = actionunits("compare", tmp_path / "run", tmp_path / "again")
    assert compared.code == 0
    assert "Differences of F1" in compared.out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("lp_net/bp3d", "--fold", 1), 2, "no such recipe"),
        (("linear/resnet18", "--fold", 1), 2, "AU 2,4,6"),
        ((*LIGHT, "--fold", 4), 2, "fold 4: 3fold has none"),
        ((*LIGHT, "--fold", 1, "--set", "model.bakbone=a"), 2, "The nearest is 'backbone'"),
        ((*LIGHT, "--fold", 1, "--tier", "mega"), 2, "tier 'mega'"),
        ((*LIGHT, "--fold", 1, "--set", "input=re-112"), 2, "--crop re-256"),
        ((*LIGHT, "--fold", 1, "--set", "start=none.safetensors"), 2, "none.safetensors"),
        ((*LIGHT, "--fold", 1, "--reuse", "nowhere"), 2, "no such folder"),
        ((*LIGHT, "--fold", 1, "--folds", "bp4d-3fold"), 3, "subject S0"),
        ((*LIGHT, "--fold", 1, "--set", "stages.train.rates.stem=1e30"), 3, "fold 1, stage train, epoch 1, "),
    ],
)
def test_mistakes_are_one_line(actionunits, store, tmp_path, words, code, said):
    done = actionunits("train", *words, "--data", store, "--out", tmp_path / "run")
    assert done.code == code
    assert len(done.errors) == 1
    assert said in done.errors[0]
    assert (tmp_path / "run").exists() == ("1e30" in str(words[-1]))


def test_models_lists_systems_and_recipes(actionunits):
    done = actionunits("models")
    assert done.code == 0
    assert "re_net/intensity_disfa" in done.out
    assert "lorral/hopfield_bp4d" in done.out
