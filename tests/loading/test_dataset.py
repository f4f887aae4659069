"""A store as a PyTorch data set."""

import json
import pickle
import shutil
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torchvision")

import torch
from torchvision.transforms.v2 import functional

from actionunits.errors import StoreError, UsageError
from actionunits.geometry import FLIP_68
from actionunits.loading import FaceBatch, FaceDataset, InputRecipe, Pick
from actionunits.store import Store

from .conftest import AROUND, AUS, make_store

TURNED = InputRecipe("turned", "jaa-200", 176, rotation=20)


def same(one: FaceBatch, other: FaceBatch) -> bool:
    names = ("image", "landmarks", "occurrence", "intensity", "rotation", "row", "frame")
    alike = all(torch.equal(getattr(one, name), getattr(other, name)) for name in names)
    return alike and (one.subject, one.sequence) == (other.subject, other.sequence)


def test_every_frame_with_all_that_is_known(store):
    dataset = FaceDataset(store, "jaa-176", subjects=["S2", "S3"], aus=(12, 1))
    rows = store.split(["S2", "S3"])
    assert len(dataset) == len(rows) == 12
    occurrence, intensity = store.labels((12, 1)), store.labels((12, 1), "intensity")
    frames = store.frames.to_pandas()
    for place, row in enumerate(rows):
        one = dataset[place]
        np.testing.assert_array_equal(one.image[0].permute(1, 2, 0), store.image(row)[12:188, 12:188])
        np.testing.assert_allclose(one.landmarks[0], store.landmarks(row) - 12, atol=1e-4)
        np.testing.assert_array_equal(one.occurrence[0], occurrence[row])
        np.testing.assert_array_equal(one.intensity[0], intensity[row])
        assert (one.row.item(), one.frame.item()) == (row, frames.frame[row])
        assert (one.subject, one.sequence) == ((frames.subject[row],), (frames.sequence[row],))
        assert one.rotation.item() == 0
        assert one.clip is None
    types = (one.image.dtype, one.landmarks.dtype, one.occurrence.dtype, one.intensity.dtype)
    assert types == (torch.uint8, torch.float32, torch.int8, torch.int8)


def test_unknown_labels_stay_unknown(store):
    batch = FaceDataset(store, TURNED, training=True).batch(range(len(store)))
    assert (batch.occurrence == -1).sum() == (store.labels(AUS) == -1).sum() > 0
    assert (batch.intensity == -1).sum() == (store.labels(AUS, "intensity") == -1).sum() > 0
    assert set(batch.occurrence.unique().tolist()) == {-1, 0, 1}


def test_a_store_without_intensity_or_landmarks(tmp_path):
    batch = FaceDataset(make_store(tmp_path / "store", contents=("occurrence",)), "jaa-176")[0]
    assert batch.intensity.tolist() == [[-1, -1, -1]]
    assert torch.isnan(batch.landmarks).all()


def test_a_frame_is_varied_by_seed_epoch_and_place_alone(store):
    dataset = FaceDataset(store, TURNED, training=True, seed=5)
    forth, back = dataset.batch(range(10), 3), dataset.batch(range(9, -1, -1), 3)
    assert torch.equal(forth.image, back.image.flip(0))
    assert same(dataset[Pick(4, 3)], FaceDataset(store.folder, TURNED, training=True, seed=5).batch([4], 3))
    for other in (dataset.batch(range(10), 4), FaceDataset(store, TURNED, training=True, seed=6).batch(range(10), 3)):
        assert (forth.rotation != other.rotation).all()
    assert (forth.rotation.unique().numel(), forth.rotation.abs().max() <= 20) == (10, True)


def test_the_variations_are_those_of_earlier_releases(store):
    """Recorded before pictures were scaled or lit: the same seed must go on giving the same training."""
    batch = FaceDataset(store, TURNED, training=True, seed=7).batch([0, 9, 30], 3)
    torch.testing.assert_close(batch.rotation, torch.tensor([9.2504971, 3.2919764, -15.0485413]))
    corner, middle = torch.tensor([[24.0, 22.0], [22.0, 14.0], [8.0, 2.0]])[:, None], (TURNED.size - 1) / 2
    upright = torch.from_numpy(store.landmarks(np.array([0, 9, 30]))) - corner  # all three are mirrored
    mirrored = torch.stack([2 * middle - upright[..., 0], upright[..., 1]], dim=-1)[:, FLIP_68]
    torch.testing.assert_close(batch.upright_landmarks(), mirrored, rtol=0, atol=1e-3)


def test_pictures_have_the_networks_side(store):
    recipe = replace(TURNED, side=112)
    small, full = (FaceDataset(store, each, training=True, window=AROUND, seed=1) for each in (recipe, TURNED))
    batch, wanted = small.batch([3, 20]), full.batch([3, 20])
    assert batch.image.shape == (2, 3, 112, 112)
    assert batch.clip.image.shape == (2, 11, 3, 112, 112)
    for one, other in ((batch.landmarks, wanted.landmarks), (batch.upright_landmarks(), wanted.upright_landmarks())):
        torch.testing.assert_close(one, (other + 0.5) * (112 / 176) - 0.5, rtol=0, atol=1e-3)
    smaller = functional.resize(wanted.image, [112, 112], antialias=True)
    assert (batch.image.float() - smaller.float()).abs().mean() < 0.6


def test_light_changes_the_light_alone(store):
    lit, plain = (
        FaceDataset(store, replace(TURNED, brightness=reach, contrast=reach), training=True, window=AROUND, seed=2)
        for reach in (0.4, 0)
    )
    places = list(range(12))
    one, other = lit.batch(places, 1), plain.batch(places, 1)
    assert not torch.equal(one.image, other.image)
    assert same(replace(one, image=other.image), other)
    assert torch.equal(lit.batch(places[::-1], 1).image.flip(0), one.image)
    again = FaceDataset(store.folder, lit.recipe, training=True, window=AROUND, seed=2)
    assert same(again[Pick(20, 1)], lit.batch([20], 1))
    assert not torch.equal(lit.batch(places, 2).image, lit.batch(places, 1).image)
    factors = one.clip.image.float().mean(dim=(2, 3, 4)) / other.clip.image.float().mean(dim=(2, 3, 4))  # (N, T)
    assert (factors.amax(dim=1) - factors.amin(dim=1) < 0.03).all()  # a window is lit as one
    assert factors[:, 0].std() > 0.1
    untrained = (FaceDataset(store, each.recipe).batch(places) for each in (lit, plain))
    assert same(*untrained)


def test_plain_training_pictures_are_those_of_the_test(store):
    still = InputRecipe("still", "jaa-200", 176, flip=0, shift=False)
    training, testing = (FaceDataset(store, still, training=training, seed=3) for training in (True, False))
    assert same(training.batch(range(10), 5), testing.batch(range(10)))


def test_a_window_is_varied_as_one(store):
    dataset = FaceDataset(store, InputRecipe("own", "jaa-200", 150), training=True, window=AROUND, seed=1)
    place = store.rows_of("S1-a").start + 6
    around = dataset[place]
    assert around.clip.frame.tolist() == [list(range(11, 22))]
    left = np.flatnonzero([np.array_equal(around.image[0, 0, 0], each) for each in views(store.image(place))])
    assert len(left) == 1
    for moment in range(11):
        view = views(store.image(place + moment - 5))[left[0]]
        np.testing.assert_array_equal(around.clip.image[0, moment, 0, 0], view)


def views(picture):
    """The first red row of every possible square of 150, mirrored and not."""
    rows = [picture[top, left : left + 150, 0] for top in range(51) for left in range(51)]
    return [*rows, *(row[::-1] for row in rows)]


def test_rare_frames_come_twice_in_training_only(store):
    recipe = InputRecipe("own", "jaa-200", 176, duplicate=(2, 12, 24))  # the store has no 24
    rare = np.flatnonzero((store.labels((2, 12)) == 1).any(axis=1))
    assert FaceDataset(store, recipe, training=True).rows.tolist() == [*range(len(store)), *rare]
    assert len(FaceDataset(store, recipe)) == len(store)


def test_another_process_gets_the_path_alone(store):
    dataset = FaceDataset(store, TURNED, training=True, window="clip-10x5", subjects=["S1"], seed=2)
    fresh = len(pickle.dumps(dataset))
    wanted = dataset.batch([0, 5], 1)
    copied = pickle.dumps(dataset)
    assert len(copied) == fresh < 2000
    assert same(pickle.loads(copied).batch([0, 5], 1), wanted)


@pytest.mark.parametrize(("crop", "said"), [("re-256", "cropped as re-256"), (None, "not cropped")])
def test_a_store_of_another_crop_is_refused(tmp_path, crop, said):
    other = make_store(tmp_path / "store", crop, people={"S1": {"S1-a": range(2)}})
    with pytest.raises(UsageError, match=rf"{said}.*--crop jaa-200") as caught:
        FaceDataset(other, "jaa-176")
    assert str(other.folder) in str(caught.value)


def test_a_crop_of_the_same_name_but_another_recipe_is_refused(tmp_path):
    other = make_store(tmp_path / "store", people={"S1": {"S1-a": range(2)}}, crop_hash="0" * 16)
    with pytest.raises(UsageError, match="another jaa-200"):
        FaceDataset(other, "jaa-176")
    unsized = make_store(tmp_path / "unsized", people={"S1": {"S1-a": range(2)}}, image_size=None)
    with pytest.raises(StoreError, match="None pixels"):
        FaceDataset(unsized, "jaa-176")


def test_a_store_of_a_later_release_is_an_error(store, tmp_path):
    later = tmp_path / "later"
    shutil.copytree(store.folder, later)
    header = json.loads((later / "store.json").read_text())
    (later / "store.json").write_text(json.dumps(header | {"format": 2}))
    with pytest.raises(StoreError, match="Update actionunits"):
        FaceDataset(later, "jaa-176")


def test_a_damaged_picture_is_named(store, tmp_path):
    damaged = tmp_path / "damaged"
    shutil.copytree(store.folder, damaged)
    path = damaged / "images" / "S4-a.arrow"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(bytes(store.jpeg(len(store) - 1))[:4], b"ruin"))
    dataset = FaceDataset(Store(damaged), "jaa-176")
    dataset[0]
    with pytest.raises(StoreError, match=f"row {len(store) - 1}"):
        dataset[len(store) - 1]


@pytest.mark.parametrize(
    "wrong", [{"subjects": ["S9"]}, {"subjects": []}, {"aus": (4,)}, {"seed": -1}, {"window": "flow"}]
)
def test_what_is_not_there_is_refused(store, wrong):
    with pytest.raises(UsageError):
        FaceDataset(store, "jaa-176", **wrong)


def test_places_end(store):
    dataset = FaceDataset(store, "jaa-176")
    assert [one.row.item() for one in dataset] == list(range(len(store)))
    for places in ([-1], [len(store)], []):
        with pytest.raises(IndexError):
            dataset.batch(places)
