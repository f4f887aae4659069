"""Brightness and contrast against torchvision."""

import numpy as np
import pytest

pytest.importorskip("torchvision")

import torch
from torchvision.transforms.v2 import functional

from actionunits.loading import InputRecipe
from actionunits.loading.light import Light


@pytest.mark.parametrize("brightness", [0.5, 1.0, 1.4])
@pytest.mark.parametrize("contrast", [0.0, 0.7, 1.3])
def test_lit_as_by_torchvision(brightness, contrast):
    picture = np.random.default_rng(0).integers(60, 170, (3, 40, 40), np.uint8)  # so that nothing is cut off
    exact = functional.to_dtype(torch.from_numpy(picture), torch.float32, scale=True)
    wanted = functional.adjust_contrast(functional.adjust_brightness(exact, brightness), contrast)
    Light(np.array([9.0, brightness]), np.array([9.0, contrast])).shine(1, picture)
    assert np.abs(picture - 255 * wanted.numpy()).max() < 0.51


def test_values_end_at_black_and_white():
    picture = np.array([0, 100, 200, 255], np.uint8).repeat(12).reshape(3, 4, 4).copy()
    Light(np.array([2.0]), np.array([1.0])).shine(0, picture)
    assert sorted(set(picture.ravel().tolist())) == [0, 200, 255]


def test_draws_reach_as_far_as_the_recipe_says():
    recipe = InputRecipe("own", "jaa-200", 176, brightness=0.3, contrast=0.2)
    light = Light.drawn(recipe, np.random.default_rng(1).random((4000, 2)))
    for factors, reach in ((light.brightness, 0.3), (light.contrast, 0.2)):
        assert 1 - reach <= factors.min() < 1 - 0.99 * reach
        assert 1 + 0.99 * reach < factors.max() <= 1 + reach
        assert abs(factors.mean() - 1) < 0.02
    assert abs(np.corrcoef(light.brightness, light.contrast)[0, 1]) < 0.05
