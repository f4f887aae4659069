"""Cutting, mirroring and turning against Pillow, scikit-image and torchvision."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

pytest.importorskip("torchvision")

import torch
from scipy.ndimage import map_coordinates
from skimage.transform import rotate
from torchvision.transforms.v2 import functional

from actionunits.geometry import flip_landmarks
from actionunits.loading import InputRecipe, get_input
from actionunits.loading.placement import Placement

from .conftest import smooth_picture

TURNED = InputRecipe("turned", "jaa-200", 101, rotation=30)
HALVED = InputRecipe("halved", "jaa-200", 101, rotation=30, side=50)
BORDER = 128


@pytest.fixture
def picture():
    return smooth_picture(200, np.random.default_rng(1))


def placed(corner=(40, 60), flipped=False, rotation=0.0, recipe=TURNED):
    return Placement(recipe, np.array([corner]), np.array([flipped]), np.array([float(rotation)]))


def cut(placement, picture):
    side = placement.recipe.output
    out = np.zeros((3, side, side), np.uint8)
    placement.cut(0, picture, out)
    return out.transpose(1, 2, 0)


@pytest.mark.parametrize(
    ("name", "offset"), [("jaa-176", 12), ("lp-224", 8), ("re-224", 16), ("roi-256", 0), ("aurcnn-512", 0)]
)
def test_the_middle_square(name, offset):
    recipe = get_input(name)
    picture = smooth_picture(recipe.crop_recipe.size, np.random.default_rng(2))
    wanted = functional.center_crop(torch.from_numpy(picture).permute(2, 0, 1), [recipe.size] * 2)
    placement = Placement.central(recipe, 1)
    np.testing.assert_array_equal(cut(placement, picture), wanted.permute(1, 2, 0).numpy())
    points = np.array([[[[offset, offset + 3.0]] * 68]], np.float32)
    np.testing.assert_allclose(placement.landmarks(points)[0, 0, 0], [0, 3], atol=1e-5)


@pytest.mark.parametrize("flipped", [False, True])
def test_cut_and_mirrored_as_by_pillow(picture, flipped):
    square = Image.fromarray(picture).crop((40, 60, 141, 161))
    wanted = ImageOps.mirror(square) if flipped else square
    np.testing.assert_array_equal(cut(placed(flipped=flipped), picture), np.asarray(wanted))


@pytest.mark.parametrize("angle", [-30, -4.5, 0.01, 17, 90])
@pytest.mark.parametrize("flipped", [False, True])
def test_turned_as_by_scikit_image(picture, angle, flipped):
    """The whole picture is mirrored and turned about the square's middle; then the square is cut."""
    left, top, size = 40, 60, TURNED.size
    whole = picture[:, ::-1] if flipped else picture
    column = 199 - left - size + 1 if flipped else left
    middle = (column + size // 2, top + size // 2)
    turned = rotate(whole, angle, center=middle, order=1, mode="constant", cval=BORDER, preserve_range=True)
    wanted = turned[top : top + size, column : column + size]
    found = cut(placed(rotation=angle, flipped=flipped), picture).astype(float)
    difference = np.abs(found - wanted)
    assert difference.mean() < 0.6
    assert np.percentile(difference, 99.5) < 8  # the grey's edge is where the two may differ


def test_turned_as_by_torchvision():
    recipe = get_input("roi-256")
    picture = smooth_picture(256, np.random.default_rng(3))
    found = cut(placed((0, 0), rotation=21, recipe=recipe), picture).astype(float)
    tensor = torch.from_numpy(picture).permute(2, 0, 1)
    bilinear = functional.InterpolationMode.BILINEAR
    wanted = functional.rotate(tensor, 21, interpolation=bilinear, fill=BORDER).permute(1, 2, 0).numpy()
    assert np.abs(found - wanted).mean() < 0.8


@pytest.mark.parametrize("flipped", [False, True])
def test_halved_straight_squares_are_means_of_four_pixels(flipped):
    noise = np.random.default_rng(8).integers(0, 256, (240, 240, 3), np.uint8)
    recipe = get_input("lp-112")
    found = cut(placed((3, 10), flipped=flipped, recipe=recipe), noise)
    square = noise[10:234, 3:227][:, ::-1] if flipped else noise[10:234, 3:227]
    wanted = square.reshape(112, 2, 112, 2, 3).mean(axis=(1, 3))
    assert np.abs(found - wanted).max() <= 0.5


@pytest.mark.parametrize(("size", "side"), [(150, 150), (150, 75), (150, 50), (150, 112), (151, 60)])
@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("angle", [0, 8.5, -25])
def test_each_pixel_is_the_mean_of_samples_spread_over_it(size, side, flipped, angle):
    """SciPy interpolates; where the samples lie is worked out point by point."""
    noise = np.random.default_rng(9).integers(0, 256, (200, 200, 3), np.uint8)
    blurred = cv2.blur(noise, (3, 3))  # so that where a sample lies counts, though not to 1/32 pixel
    recipe, corner, count = (
        InputRecipe("own", "jaa-200", size, side=side, rotation=30),
        (21, 30),
        math.ceil(size / side),
    )
    found = cut(placed(corner, flipped=flipped, rotation=angle, recipe=recipe), blurred).astype(float)
    places = (np.arange(side * count) + 0.5) * size / (side * count) - 0.5  # in the turned square
    away_x, away_y = np.meshgrid(places - (size - 1) / 2, places - (size - 1) / 2)
    turn = np.deg2rad(angle)
    across = away_x * np.cos(turn) - away_y * np.sin(turn)
    down = away_x * np.sin(turn) + away_y * np.cos(turn)
    x = corner[0] + (size - 1) / 2 + (-across if flipped else across)
    y = corner[1] + (size - 1) / 2 + down
    fill = {"order": 1, "mode": "grid-constant", "cval": BORDER} if angle else {"order": 1, "mode": "nearest"}
    samples = np.stack([map_coordinates(plane, [y, x], **fill) for plane in blurred.transpose(2, 0, 1).astype(float)])
    wanted = samples.reshape(3, side, count, side, count).mean(axis=(2, 4)).transpose(1, 2, 0)
    inner = slice(2, -2)  # at its edge a square that is not turned has nothing beyond it
    difference = np.abs(found - wanted)[inner, inner]
    assert difference.max() < 6  # OpenCV places its samples to 1/32 pixel
    assert difference.mean() < 1


@pytest.mark.parametrize("angle", [0, 3, 10])
def test_no_pixel_is_skipped(angle):
    """Noise of independent pixels: the mean of four has a quarter of the variance, one bilinear sample more."""
    noise = np.random.default_rng(10).integers(0, 256, (240, 240, 3), np.uint8)
    found = cut(placed((8, 8), rotation=angle, recipe=get_input("lp-112")), noise)
    assert 0.1 < found[16:-16, 16:-16].var() / noise.var() < 0.27


@pytest.mark.parametrize("name", ["lp-112", "jaa-112"])
def test_landmarks_are_scaled_with_pixel_centres(name):
    recipe = get_input(name)
    full, points = replace(recipe, side=None), np.random.default_rng(11).uniform(0, 200, (3, 2, 68, 2))
    where = np.array([[0, 3], [5, 1], [9, 9]]), np.array([True, False, True]), np.array([0, -7.5, 9])
    wanted = (Placement(full, *where).landmarks(points) + 0.5) * (112 / recipe.size) - 0.5
    np.testing.assert_allclose(Placement(recipe, *where).landmarks(points), wanted, atol=1e-4)


@pytest.mark.parametrize("recipe", [TURNED, HALVED])
@pytest.mark.parametrize("angle", [0, 12, -25])
@pytest.mark.parametrize("flipped", [False, True])
def test_landmarks_stay_on_what_they_mark(angle, flipped, recipe):
    rng = np.random.default_rng(4)
    points = rng.uniform(75, 105, (68, 2))
    placement = placed(flipped=flipped, rotation=angle, recipe=recipe)
    moved = placement.landmarks(points[None, None].astype(np.float32))[0, 0]
    by_name = moved if not flipped else moved[np.argsort(flip_order())]
    rows, columns = np.mgrid[:200, :200]
    for which in (0, 20, 36, 60):
        x, y = points[which]
        spot = 255 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 18)
        seen = cut(placement, np.repeat(spot[..., None], 3, 2).round().astype(np.uint8))[..., 0].astype(float)
        seen[seen == BORDER] = 0
        across, down = (seen.sum(axis) @ np.arange(len(seen)) / seen.sum() for axis in (0, 1))
        np.testing.assert_allclose(by_name[which], (across, down), atol=0.25)


def flip_order():
    """Which of the 68 points each becomes: read off a row of numbers."""
    numbered = np.stack([np.arange(68.0), np.zeros(68)], axis=-1)
    return (67 - flip_landmarks(numbered, 68)[:, 0]).astype(int)


def test_mirrored_landmarks_are_those_of_geometry():
    points = np.random.default_rng(5).uniform(0, 200, (1, 1, 68, 2)).astype(np.float32)
    points[0, 0, 7] = np.nan
    found = placed((0, 0), flipped=True, recipe=InputRecipe("all", "jaa-200", 200)).landmarks(points)
    np.testing.assert_allclose(found, flip_landmarks(points, 200), atol=1e-4)


def test_mirrored_twice_is_as_before():
    whole = InputRecipe("all", "jaa-200", 200)
    placement = placed((0, 0), flipped=True, recipe=whole)
    points = np.random.default_rng(6).uniform(0, 200, (1, 1, 68, 2)).astype(np.float32)
    np.testing.assert_allclose(placement.landmarks(placement.landmarks(points)), points, atol=1e-4)


def test_draws_reach_every_corner_and_no_farther():
    recipe = InputRecipe("own", "jaa-200", 198, rotation=10, flip=0.25)
    uniform = np.random.default_rng(7).random((4000, 4))
    drawn = Placement.drawn(recipe, uniform)
    corners, counts = np.unique(drawn.corner, axis=0, return_counts=True)
    assert corners.tolist() == [[x, y] for x in range(3) for y in range(3)]
    assert counts.min() > 350
    assert 0.22 < drawn.flipped.mean() < 0.28
    assert -10 <= drawn.rotation.min() < -9.9
    assert 9.9 < drawn.rotation.max() <= 10
    assert not Placement.drawn(get_input("re-224"), uniform).rotation.any()


def test_squares_stay_in_the_middle_where_told():
    uniform = np.random.default_rng(12).random((50, 4))
    recipe = InputRecipe("own", "jaa-200", 150, rotation=10)
    moved, still = Placement.drawn(recipe, uniform), Placement.drawn(replace(recipe, shift=False), uniform)
    assert len(np.unique(moved.corner, axis=0)) > 40
    assert (still.corner == 25).all()
    np.testing.assert_array_equal(still.flipped, moved.flipped)
    np.testing.assert_array_equal(still.rotation, moved.rotation)
