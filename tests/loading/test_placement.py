"""Cutting, mirroring and turning against Pillow, scikit-image and torchvision."""

import numpy as np
import pytest
from PIL import Image, ImageOps

pytest.importorskip("torchvision")

import torch
from skimage.transform import rotate
from torchvision.transforms.v2 import functional

from actionunits.geometry import flip_landmarks
from actionunits.loading import InputRecipe, get_input
from actionunits.loading.placement import Placement

from .conftest import smooth_picture

TURNED = InputRecipe("turned", "jaa-200", 101, rotation=30)
BORDER = 128


@pytest.fixture
def picture():
    return smooth_picture(200, np.random.default_rng(1))


def placed(corner=(40, 60), flipped=False, rotation=0.0, recipe=TURNED):
    return Placement(recipe, np.array([corner]), np.array([flipped]), np.array([float(rotation)]))


def cut(placement, picture):
    size = placement.recipe.size
    out = np.zeros((3, size, size), np.uint8)
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


@pytest.mark.parametrize("angle", [0, 12, -25])
@pytest.mark.parametrize("flipped", [False, True])
def test_landmarks_stay_on_what_they_mark(angle, flipped):
    rng = np.random.default_rng(4)
    points = rng.uniform(75, 105, (68, 2))
    placement = placed(flipped=flipped, rotation=angle)
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
