"""Systems that look at the frames around each one: which stage gets clips; they train and predict with them."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning")

from actionunits.datasets.folds import Fold
from actionunits.errors import UsageError
from actionunits.evaluation.runs import Run
from actionunits.prepare import prepare_flow
from actionunits.training import cross_validate_named, load_recipe, predict, train_fold
from actionunits.training.crossval import Settings
from actionunits.training.devices import Device
from actionunits.training.plan import plan_fold

from .conftest import PEOPLE, make_store

RECIPE = """
title: AU R-CNN with a ConvLSTM, tiny
system: au_rcnn_conv_lstm
aus: [1, 12]
input: aurcnn-128
select: {on: last}
calibrate: true
workers: 0
model:
  {backbone: efficientnet_lite0, tail: false, pool: 3, hidden: 8, states: 4, reading: 8, shared_kernel: true}
stages:
  train: {epochs: 1, batch: 8, optimizer: adamw}
  sequence: {epochs: 1, batch: 4, optimizer: adamw, rates: {stem: null, sequence: 1e-3}}
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("windows") / "store", crop="aurcnn-512", frames=8)


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_text(RECIPE)
    return load_recipe(path)


FOLD = Fold(1, PEOPLE[1:3], (), PEOPLE[:1])


def test_only_stages_that_look_back_get_clips(store, recipe):
    plan = plan_fold(recipe, store, FOLD, seed=0, device=Device("cpu"))
    assert plan.dataset("train")[0].clip is None
    clip = plan.dataset("sequence")[0].clip
    assert clip.image.shape == (1, 10, 3, 128, 128)
    assert clip.centre == 9


def test_it_trains_and_tells_of_every_frame(store, recipe, tmp_path):
    model = train_fold(recipe, store, FOLD, tmp_path / "fold")
    rows = store.split(FOLD.test)
    said = predict(model, store, rows)
    assert said.probability.shape == (8, 2)
    assert np.isfinite(said.probability).all()
    backwards = predict(model, store, rows[::-1].copy())
    np.testing.assert_allclose(backwards.probability[::-1], said.probability, atol=1e-6)
    mean = model.boxes.mean.numpy()
    assert not np.allclose(mean, model.boxes.rule.mean(size=128)[:, [1, 0, 3, 2]], atol=0.5)  # settled on these faces


def test_two_streams_need_the_flow_of_the_store_and_say_how(tmp_path):
    store = make_store(tmp_path / "store", crop="aurcnn-512", frames=6)
    path = tmp_path / "streams.yaml"
    text = RECIPE.replace("au_rcnn_conv_lstm", "au_rcnn")
    text = text.replace("states: 4, reading: 8, shared_kernel: true", "streams: picture_and_flow")
    path.write_text(text[: text.index("  sequence:")])
    recipe = load_recipe(path)
    with pytest.raises(UsageError, match="actionunits data flow"):
        train_fold(recipe, store, FOLD, tmp_path / "fold")
    assert not (tmp_path / "fold").exists()
    prepare_flow(store.folder, method="dis", jobs=1)
    plan = plan_fold(recipe, store, FOLD, seed=0, device=Device("cpu"))
    assert plan.facts["store"]["flow"]["method"] == "dis"
    assert plan.dataset("train")[0].flow.shape == (1, 20, 128, 128)
    model = train_fold(recipe, store, FOLD, tmp_path / "fold")
    assert np.isfinite(predict(model, store, store.split(FOLD.test)).probability).all()


def test_frames_without_landmarks_are_counted_and_not_left_out(tmp_path):
    """Mean boxes stand in."""
    store = make_store(tmp_path / "store", crop="aurcnn-512", frames=6, lost=(1, 4))
    path = tmp_path / "single.yaml"
    text = RECIPE.replace("au_rcnn_conv_lstm", "au_rcnn").replace(", states: 4, reading: 8, shared_kernel: true", "")
    path.write_text(text[: text.index("  sequence:")])
    sheet = cross_validate_named(str(path), store, tmp_path / "run", only=[1], settings=Settings())
    run = Run(tmp_path / "run")
    lost = [frame in (1, 4) for frame in run.frames["frame"].to_pylist()]
    assert run.frames["stand_in"].to_pylist() == lost
    assert run.stand_ins == sum(lost) == len(run.frames) // 3
    assert any(f"In {sum(lost)} of {len(lost)} frames landmarks were unknown" in note for note in sheet.notes)
