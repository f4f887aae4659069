"""Batches from several processes."""

import multiprocessing
import shutil

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from actionunits.errors import StoreError, UsageError
from actionunits.loading import FaceDataset, InputRecipe, face_loader

TURNED = InputRecipe("turned", "jaa-200", 176, rotation=20)


def training_set(store, **changes) -> FaceDataset:
    return FaceDataset(store, TURNED, training=True, **({"seed": 3} | changes))


def test_the_same_batches_from_any_number_of_workers(store):
    runs = []
    for workers in (0, 1, 2):
        loader = face_loader(training_set(store), batch_size=5, workers=workers)
        runs.append([batch for epoch in (0, 1) for batch in loader.epoch(epoch)])
    for run in runs[1:]:
        assert len(run) == len(runs[0]) == 2 * (len(store) // 5)
        for one, other in zip(run, runs[0], strict=True):
            for name in ("image", "landmarks", "occurrence", "rotation", "row", "frame"):
                assert torch.equal(getattr(one, name), getattr(other, name))
            assert (one.subject, one.sequence) == (other.subject, other.sequence)


def test_a_worker_that_starts_afresh_gives_the_same(store):
    """Where processes are not forked, as on Windows, the data set is sent to them."""
    loader = face_loader(training_set(store), batch_size=30, workers=1)
    loader.multiprocessing_context = multiprocessing.get_context("spawn")
    batch = next(loader.epoch(0))
    assert torch.equal(batch.image, next(face_loader(training_set(store), batch_size=30, workers=0).epoch(0)).image)


def test_order(store):
    def order(epoch: int, **changes) -> list[int]:
        loader = face_loader(training_set(store, **changes), batch_size=3, workers=0)
        return [row for batch in loader.epoch(epoch) for row in batch.row.tolist()]

    assert len(store) % 3 == 0
    first = order(0)
    assert sorted(first) == list(range(len(store))) != first
    assert first == order(0)
    assert len({tuple(first), tuple(order(1)), tuple(order(0, seed=4))}) == 3


def test_a_test_set_comes_in_order_and_whole(store):
    loader = face_loader(FaceDataset(store, "jaa-176"), batch_size=7, workers=2)
    batches = list(loader)
    assert [len(batch) for batch in batches] == [7, 7, 7, 7, 5]
    assert torch.cat([batch.row for batch in batches]).tolist() == list(range(len(store)))


def test_a_last_batch_that_is_not_full(store):
    assert [len(batch) for batch in face_loader(training_set(store), batch_size=10, workers=0)] == [10, 10, 10]
    assert [len(batch) for batch in face_loader(training_set(store), batch_size=100, workers=0)] == [len(store)]


def test_several_cards_share_the_frames(store, monkeypatch):
    from torch import distributed

    monkeypatch.setattr(distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(distributed, "get_world_size", lambda *_: 2)
    shares = []
    for rank in (0, 1):
        monkeypatch.setattr(distributed, "get_rank", lambda *_, rank=rank: rank)
        loader = face_loader(training_set(store, subjects=["S1", "S2", "S4"]), batch_size=4, workers=0)
        shares.append([pick.place for pick in loader.sampler])
    assert len(shares[0]) == len(shares[1]) == 14
    assert sorted({*shares[0], *shares[1]}) == list(range(27))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_workers_error_arrives_as_it_was_raised(store, tmp_path, workers):
    damaged = tmp_path / "damaged"
    shutil.copytree(store.folder, damaged)
    (damaged / "images" / "S3-a.arrow").write_bytes(b"nothing")
    loader = face_loader(FaceDataset(damaged, "jaa-176"), batch_size=4, workers=workers)
    with pytest.raises(StoreError, match=r"S3-a\.arrow: cannot be read"):
        list(loader)


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"workers": -1}])
def test_what_cannot_be(store, wrong):
    with pytest.raises(UsageError):
        face_loader(FaceDataset(store, "jaa-176"), **wrong)


def test_draws_and_order_are_unrelated(store):
    """The order must not be read off the variations: both come from one seed."""
    dataset = training_set(store)
    order = [pick.place for pick in face_loader(dataset, workers=0).sampler]
    angles = dataset.batch(range(len(store))).rotation.numpy()
    assert np.argsort(angles).tolist() != order
