"""Backgrounds: light that can be shown, one scene per generator state, different scenes for different states."""

import cv2
import numpy as np
import pytest

from actionunits.errors import UsageError
from actionunits.synth.background import BRIGHTEST, SCENES, STUDIO_SCENES, draw_scene, paint_background


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("size", [48, 97])
def test_every_scene_is_light(scene: str, size: int) -> None:
    for seed in range(6):
        picture = paint_background(np.random.default_rng(seed), size, scene)
        assert picture.shape == (size, size, 3)
        assert picture.dtype == np.float32
        assert np.isfinite(picture).all()
        assert picture.min() >= 0
        assert picture.max() <= BRIGHTEST
        assert picture.mean() > 0.001


@pytest.mark.parametrize("scene", SCENES)
def test_all_colours_are_used(scene: str) -> None:
    means = np.mean([paint_background(np.random.default_rng(seed), 48, scene).mean((0, 1)) for seed in range(12)], 0)
    assert means.min() > 0.3 * means.max()


@pytest.mark.parametrize("scene", SCENES)
def test_same_state_same_picture(scene: str) -> None:
    first, second = (paint_background(np.random.default_rng(3), 64, scene) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, paint_background(np.random.default_rng(4), 64, scene))


@pytest.mark.parametrize("scene", SCENES)
def test_size_does_not_change_the_scene(scene: str) -> None:
    large, small = (paint_background(np.random.default_rng(8), size, scene) for size in (256, 128))
    reduced = cv2.resize(large, (128, 128), interpolation=cv2.INTER_AREA)
    assert np.abs(reduced - small).mean() < 0.03 * small.mean()


def test_backgrounds_differ() -> None:
    random = np.random.default_rng(0)
    pictures = [paint_background(random, 64) for _ in range(60)]
    means = np.array([picture.mean() for picture in pictures])
    assert len(np.unique(means.round(4))) > 50
    assert means.min() < 0.06
    assert means.max() > 0.6
    contrast = np.array([picture.std() / picture.mean() for picture in pictures])
    assert contrast.min() < 0.2
    assert contrast.max() > 0.6


def test_wild_opens_the_studio() -> None:
    random = np.random.default_rng(0)
    assert {draw_scene(random, 0) for _ in range(60)} == set(STUDIO_SCENES)
    assert {draw_scene(random, 1) for _ in range(400)} == set(SCENES)


def test_unknown_scene() -> None:
    with pytest.raises(UsageError, match="moon"):
        paint_background(np.random.default_rng(0), 32, "moon")  # type: ignore[arg-type]
