"""Batches: scaling against torchvision, turning back, moving."""

import numpy as np
import pytest

pytest.importorskip("torchvision")

import torch
from torchvision.transforms.v2 import functional

from actionunits.errors import UsageError
from actionunits.loading import FaceBatch, FaceDataset, InputRecipe, get_input

from .conftest import AROUND


@pytest.fixture(scope="module")
def clips(store) -> FaceBatch:
    return FaceDataset(store, "jaa-176", window=AROUND).batch([3, 0])


@pytest.mark.parametrize("name", ["jaa-176", "lp-224", "re-224"])
def test_scaled_as_by_torchvision(name):
    recipe = get_input(name)
    image = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (5, 3, 40, 30), np.uint8))
    batch = FaceBatch.unlabelled(image, torch.zeros(5, 68, 2), 12).normalised(recipe)
    wanted = functional.normalize(functional.to_dtype(image, torch.float32, scale=True), recipe.mean, recipe.std)
    torch.testing.assert_close(batch.image, wanted, rtol=0, atol=1e-5)
    assert batch.image.is_contiguous()
    with pytest.raises(UsageError, match="normalised already"):
        batch.normalised(recipe)


def test_scaled_alike_on_any_device():
    """What another device does is tried on the "meta" device as far as shapes and types go."""
    recipe = get_input("re-224")
    image = torch.zeros(5, 3, 40, 30, dtype=torch.uint8)
    batch = FaceBatch.unlabelled(image, torch.zeros(5, 68, 2), 12)
    there = batch.to("meta").normalised(recipe)
    assert (there.image.shape, there.image.dtype) == (image.shape, torch.float32)
    assert {each.device.type for each in (there.image, there.landmarks, there.occurrence, there.row)} == {"meta"}


def test_a_clip_holds_the_frame_itself(clips):
    for batch in (clips, clips.normalised(get_input("jaa-176")), clips.to("cpu")):
        assert batch.clip.image.shape == (2, 11, 3, 176, 176)
        assert batch.image.data_ptr() == batch.clip.image[:, 5].data_ptr()
        torch.testing.assert_close(batch.image, batch.clip.image[:, 5], rtol=0, atol=0)
        for name in ("landmarks", "occurrence", "intensity", "frame"):
            torch.testing.assert_close(getattr(batch, name), getattr(batch.clip, name)[:, 5], rtol=0, atol=0)
    assert clips.normalised(get_input("jaa-176")).clip.image.dtype == torch.float32
    assert clips.to("meta").clip.landmarks.device.type == "meta"


def test_nothing_is_known_of_unlabelled_faces():
    batch = FaceBatch.unlabelled(torch.zeros(2, 3, 8, 8, dtype=torch.uint8), torch.zeros(2, 68, 2), 12)
    assert len(batch) == 2
    assert batch.occurrence.tolist() == batch.intensity.tolist() == [[-1] * 12] * 2
    assert batch.subject == ("", "")


@pytest.mark.parametrize("side", [None, 176, 112, 88])
def test_landmarks_are_turned_back(store, side):
    plain = InputRecipe("plain", "jaa-200", 176, flip=1, side=side)
    turned = InputRecipe("turned", "jaa-200", 176, flip=1, rotation=30, side=side)
    places = list(range(12))
    upright, batch = (FaceDataset(store, recipe, training=True).batch(places) for recipe in (plain, turned))
    assert batch.rotation.abs().max() > 15
    assert (batch.landmarks - upright.landmarks).abs().max() > 3
    assert batch.image.shape[-1] == (side or 176)
    torch.testing.assert_close(batch.upright_landmarks(), upright.landmarks, rtol=0, atol=1e-3)
    torch.testing.assert_close(upright.upright_landmarks(), upright.landmarks, rtol=0, atol=1e-4)
