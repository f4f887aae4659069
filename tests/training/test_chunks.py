"""Systems that look at runs of frames: which stage gets them; they train on AU R-CNN's first stage, go on, predict."""

from itertools import chain

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning")

import torch

from actionunits.datasets.folds import Fold
from actionunits.errors import UsageError
from actionunits.models import load_state_of
from actionunits.prepare import prepare_flow
from actionunits.training import dry_run, load_recipe, predict, train_fold
from actionunits.training.devices import Device
from actionunits.training.dry_run import estimate
from actionunits.training.fitting import _trainer
from actionunits.training.keeper import Keeper
from actionunits.training.making import make_model
from actionunits.training.plan import plan_fold
from actionunits.training.task import SystemTask
from actionunits.training.watch import Watch

from .conftest import PEOPLE, Notes, make_store, rows_of

PLAIN = """
title: AU R-CNN, tiny
system: au_rcnn
aus: [1, 12]
input: aurcnn-128
select: {on: last}
workers: 0
model: {backbone: efficientnet_lite0, tail: false, pool: 3, hidden: 8}
stages:
  train: {epochs: 1, batch: 8, optimizer: adamw}
"""
OVER_TIME = {
    "crf": PLAIN.replace("system: au_rcnn", "system: au_rcnn_crf").replace("hidden: 8", "hidden: 8, chunk: 5")
    + "  crf: {epochs: 2, batch: 5}\n",
    "tal": PLAIN.replace("system: au_rcnn", "system: au_rcnn_tal").replace(
        "hidden: 8", "hidden: 8, chunk: 5, anchors: [2, 4], channels: 8, depth: 2, width: 8"
    )
    + "  tal: {epochs: 2, batch: 5}\n",
}
FOLD = Fold(1, PEOPLE[2:4], PEOPLE[4:5], PEOPLE[:2])


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    made = make_store(tmp_path_factory.mktemp("chunks") / "store", crop="aurcnn-512", frames=8)
    prepare_flow(made.folder, method="dis", jobs=1)  # TAL looks at it
    return made


@pytest.fixture(params=OVER_TIME)
def stage(request):
    return request.param


@pytest.fixture
def recipe(tmp_path, stage):
    return lambda *changes: read(tmp_path, OVER_TIME[stage], *changes)


def read(folder, text, *changes):
    path = folder / "tiny.yaml"
    path.write_text(text)
    return load_recipe(path, changes=changes)


def task_of(recipe, store, stage):
    """The task of a stage, and its training batches, (subjects, rows) of each."""
    plan = plan_fold(recipe, store, FOLD, seed=0, device=Device("cpu"))
    model = make_model(recipe)
    model.begin(stage)
    task = SystemTask(model, plan, next(step for step in plan.steps if step.stage.name == stage))
    return task, lambda epoch: [(batch.subject, batch.row.tolist()) for batch in task.train_dataloader().epoch(epoch)]


def test_only_the_stage_over_time_gets_chunks(store, recipe, stage):
    _, batches = task_of(recipe(), store, "train")
    assert [len(rows) for _, rows in batches(0)] == [8, 8, 8]
    assert all(rows != sorted(rows) for _, rows in batches(0))
    task, batches = task_of(recipe(), store, stage)
    assert sorted(len(rows) for _, rows in batches(0)) == [3, 3, 3, 5, 5, 5]
    for subjects, rows in batches(0):
        assert len(set(subjects)) == 1
        assert rows == list(range(rows[0], rows[0] + len(rows)))
    assert batches(0) == batches(0) != batches(1)
    assert sorted(batches(0)) == sorted(batches(1))
    assert task.batches == 6


def test_chunks_are_not_varied(store, recipe, stage):
    plan = plan_fold(recipe(), store, FOLD, seed=0, device=Device("cpu"))
    assert plan.dataset("train").training
    assert not plan.dataset(stage).training


def test_weights_are_chosen_by_chunks_in_order(store, recipe, stage):
    task, _ = task_of(recipe("select.on=validation"), store, stage)
    rows = [batch.row.tolist() for batch in task.val_dataloader()]
    assert [len(each) for each in rows] == [5, 3]
    assert [*chain(*rows)] == store.split(FOLD.validation).tolist()


def test_predictions_are_made_by_chunks_in_order(store, recipe):
    torch.manual_seed(0)
    model = make_model(recipe())
    seen = []
    model.register_forward_hook(lambda _, given, __: seen.append(given[0].row.tolist()))
    rows = store.split(PEOPLE[:2])
    said = predict(model, store, rows)
    assert [len(each) for each in seen] == [5, 3, 5, 3]
    assert [*chain(*seen)] == rows.tolist()
    backwards = predict(model, store, rows[::-1].copy())
    np.testing.assert_array_equal(backwards.probability[::-1], said.probability)


def test_the_first_stage_is_taken_from_au_rcnn(store, recipe, tmp_path, stage):
    plain = read(
        tmp_path, PLAIN if stage == "crf" else PLAIN.replace("model: {", "model: {streams: picture_and_flow, ")
    )
    train_fold(plain, store, FOLD, tmp_path / "plain" / "folds" / "fold1")
    notes = Notes()
    model = train_fold(recipe(), store, FOLD, tmp_path / "more", reuse=[tmp_path / "plain"], watch=notes)
    assert any("train: taken from" in line for line in notes.lines)
    state, first = model.state_dict(), load_state_of(tmp_path / "plain" / "folds" / "fold1" / "model.safetensors")[1]
    trained = [name for name in first if name.startswith(("stem.", "head."))]
    assert trained
    assert all(torch.equal(state[name], first[name]) for name in trained)
    assert len(rows_of(tmp_path / "more" / stage)) == 2
    alone = train_fold(recipe(), store, FOLD, tmp_path / "alone")
    assert all(torch.equal(each, state[name]) for name, each in alone.state_dict().items())
    assert np.isfinite(predict(model, store, store.split(FOLD.test)).probability).all()


def test_a_training_that_was_killed_goes_on_to_the_same_result(store, recipe, tmp_path, monkeypatch, stage):
    whole = train_fold(recipe("stages.train.epochs=0"), store, FOLD, tmp_path / "whole").state_dict()
    original, calls = Keeper.on_train_batch_end, []

    def stop(self, trainer, module, *rest):
        calls.append(1)
        if len(calls) == 9:  # in the second epoch
            raise KeyError
        original(self, trainer, module, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Keeper, "on_train_batch_end", stop)
        with pytest.raises(KeyError):
            train_fold(recipe("stages.train.epochs=0"), store, FOLD, tmp_path / "killed")
    again = train_fold(recipe("stages.train.epochs=0"), store, FOLD, tmp_path / "killed").state_dict()
    assert all(torch.equal(each, whole[name]) for name, each in again.items())


def test_what_it_takes_is_told(store, recipe, stage):
    sheet = estimate(plan_fold(recipe(), store, FOLD, seed=0, device=Device("cpu")))
    columns = dict(zip(sheet.columns, next(row.cells for row in sheet.rows if row.cells[0] == stage), strict=True))
    assert (columns["batch"], columns["batches"], columns["steps"]) == ("5", "6", "12")


def test_a_batch_that_is_no_chunk_is_refused(store, recipe, stage):
    with pytest.raises(UsageError, match=r"batch of 6 is not the 5 frames.*model\.chunk=6"):
        plan_fold(recipe(f"stages.{stage}.batch=6"), store, FOLD, seed=0, device=Device("cpu"))
    changed = recipe(f"stages.{stage}.batch=6", "model.chunk=6")
    assert plan_fold(changed, store, FOLD, seed=0, device=Device("cpu")).chunks == {"train": None, stage: 6}


def test_a_stage_may_clip_for_itself(store, tmp_path):
    recipe = read(tmp_path, OVER_TIME["crf"])
    clips = {}
    for stage in ("train", "crf"):
        task, _ = task_of(recipe, store, stage)
        clips[stage] = _trainer(task, Keeper(tmp_path, Watch()), tmp_path).gradient_clip_val
    assert clips == {"train": None, "crf": 5.0}


def test_an_estimate_counts_the_frames_that_chunks_have(store, recipe, monkeypatch):
    """A sequence has eight frames: chunks of five have four on average."""
    shares = []
    measured = dry_run._measure

    def noted(plan, model, step, batch, *, scale):
        shares.append((step.stage.name, len(batch) * scale))
        return measured(plan, model, step, batch, scale=scale)

    monkeypatch.setattr(dry_run, "_measure", noted)
    plan = plan_fold(recipe(), store, FOLD, seed=0, device=Device("cpu"))
    estimate(plan)
    assert shares[-1] == (plan.steps[-1].stage.name, 4)
