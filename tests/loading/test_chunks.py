"""Batches that are runs of one sequence."""

import shutil

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from actionunits.errors import StoreError, UsageError
from actionunits.loading import FaceDataset, InputRecipe, face_loader
from actionunits.loading.chunks import Chunks

LENGTHS = {"S1-a": 12, "S1-b": 4, "S2-a": 6, "S3-a": 6, "S4-a": 5}
TURNED = InputRecipe("turned", "jaa-200", 176, rotation=20)


def runs(loader, epoch=0) -> list[tuple[str, list[int]]]:
    """Sequence and rows of each batch."""
    found = []
    for batch in loader.epoch(epoch):
        assert len(set(batch.sequence)) == 1
        found.append((batch.sequence[0], batch.row.tolist()))
    return found


@pytest.mark.parametrize("length", [1, 4, 5, 100])
@pytest.mark.parametrize("workers", [0, 2])
def test_every_frame_comes_once_in_order(store, length, workers):
    found = runs(face_loader(FaceDataset(store, "jaa-176"), workers=workers, chunk=length))
    assert [row for _, rows in found for row in rows] == list(range(len(store)))
    for name, size in LENGTHS.items():
        sizes = [len(rows) for sequence, rows in found if sequence == name]
        whole, rest = divmod(size, length)
        assert sizes == [length] * whole + [rest] * (rest > 0)


def test_the_subjects_are_those_asked_for(store):
    found = runs(face_loader(FaceDataset(store, "jaa-176", subjects=["S2", "S4"]), workers=0, chunk=5))
    assert [(name, len(rows)) for name, rows in found] == [("S2-a", 5), ("S2-a", 1), ("S4-a", 5)]


def test_training_shuffles_the_chunks_by_seed_and_epoch_alone(store):
    def order(epoch, seed=3, workers=0):
        dataset = FaceDataset(store, "jaa-176", seed=seed)
        return runs(face_loader(dataset, workers=workers, chunk=3, shuffle=True), epoch)

    plain = runs(face_loader(FaceDataset(store, "jaa-176"), workers=0, chunk=3))
    first = order(0)
    assert first != plain
    assert sorted(first) == sorted(plain)
    assert first == order(0) == order(0, workers=2)
    assert len({str(first), str(order(1)), str(order(0, seed=4))}) == 3


def test_a_frame_that_a_data_set_has_twice_comes_once(store):
    twice = InputRecipe("twice", "jaa-200", 176, duplicate=(1, 2, 12))
    dataset = FaceDataset(store, twice, training=True)
    assert len(dataset) > len(store)
    rows = sorted(row for _, rows in runs(face_loader(dataset, workers=0, chunk=4)) for row in rows)
    assert rows == list(range(len(store)))


def test_a_chunk_is_what_the_data_set_gives(store):
    dataset = FaceDataset(store, TURNED, training=True, seed=5)
    chunks = Chunks(dataset, 4)
    batch = next(face_loader(dataset, workers=0, chunk=4, shuffle=False).epoch(2))
    expected = dataset.batch(chunks.places[0].tolist(), 2)
    assert torch.equal(batch.image, expected.image)
    assert torch.equal(batch.rotation, expected.rotation)
    assert len(chunks) == 3 + 1 + 2 + 2 + 2


def test_several_cards_share_the_chunks(store, monkeypatch):
    from torch import distributed

    monkeypatch.setattr(distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(distributed, "get_world_size", lambda *_: 2)
    shares = []
    for rank in (0, 1):
        monkeypatch.setattr(distributed, "get_rank", lambda *_, rank=rank: rank)
        loader = face_loader(FaceDataset(store, "jaa-176"), workers=0, chunk=4, shuffle=True)
        shares.append([pick.place for pick in loader.sampler])
    assert len(shares[0]) == len(shares[1]) == len(loader) == 5
    assert sorted(np.concatenate(shares)) == list(range(10))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_workers_error_arrives_as_it_was_raised(store, tmp_path, workers):
    damaged = tmp_path / "damaged"
    shutil.copytree(store.folder, damaged)
    (damaged / "images" / "S3-a.arrow").write_bytes(b"nothing")
    loader = face_loader(FaceDataset(damaged, "jaa-176"), workers=workers, chunk=4)
    with pytest.raises(StoreError, match=r"S3-a\.arrow: cannot be read"):
        list(loader)


def test_what_cannot_be(store):
    with pytest.raises(UsageError, match="chunk=0"):
        face_loader(FaceDataset(store, "jaa-176"), chunk=0)
