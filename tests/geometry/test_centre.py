"""The middle of a crop against a slow loop, and its landmarks against what is seen there."""

import numpy as np
import pytest

from actionunits.errors import UsageError
from actionunits.geometry import central_cut
from actionunits.geometry.centre import averaged_down

RNG = np.random.default_rng(0)
POINTS = RNG.uniform(0, 40, (68, 2))


@pytest.mark.parametrize(("width", "size", "corner"), [(40, 40, 0), (40, 32, 4), (41, 32, 4), (40, 1, 19)])
def test_the_square_in_the_middle(width: int, size: int, corner: int) -> None:
    image = RNG.integers(0, 256, (width, width, 3)).astype(np.uint8)
    picture, points = central_cut(image, POINTS, size)
    np.testing.assert_array_equal(picture, image[corner : corner + size, corner : corner + size])
    np.testing.assert_allclose(points, POINTS - corner, atol=1e-5)
    assert points.dtype == np.float32


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_whole_factors_are_means(factor: int) -> None:
    image = RNG.uniform(0, 255, (48, 48, 3)).astype(np.float32)
    picture, points = central_cut(image, POINTS, 48, 48 // factor)
    for row, column in np.ndindex(48 // factor, 48 // factor):
        block = image[row * factor : (row + 1) * factor, column * factor : (column + 1) * factor]
        np.testing.assert_allclose(picture[row, column], block.mean(axis=(0, 1)), rtol=1e-4)
    np.testing.assert_allclose(points, (POINTS + 0.5) / factor - 0.5, atol=1e-5)


@pytest.mark.parametrize(("size", "side"), [(88, 56), (64, 64), (100, 33)])
def test_landmarks_move_with_the_picture(size: int, side: int) -> None:
    """A bright spot stays where its landmark is."""
    y, x = np.mgrid[:100, :100].astype(np.float64)
    centre = np.array([[52.0, 45.0]])
    image = (255 * np.exp(-((x - centre[0, 0]) ** 2 + (y - centre[0, 1]) ** 2) / 50)).astype(np.float32)
    picture, points = central_cut(image, centre, size, side)
    weight = picture / picture.sum()
    rows, columns = np.mgrid[:side, :side]
    found = [(weight * columns).sum(), (weight * rows).sum()]
    np.testing.assert_allclose(points[0], found, atol=0.02)


def test_other_factors_keep_the_mean_of_smooth_pictures() -> None:
    y, x = np.mgrid[:88, :88].astype(np.float32)
    small = averaged_down(x + 2 * y, 56)
    rows, columns = np.mgrid[:56, :56]
    expected = ((columns + 0.5) + 2 * (rows + 0.5)) * 88 / 56 - 1.5
    np.testing.assert_allclose(small[2:-2, 2:-2], expected[2:-2, 2:-2], atol=0.02)


def test_unknown_landmarks_stay_unknown() -> None:
    points = np.full((68, 2), np.nan)
    assert np.isnan(central_cut(np.zeros((40, 40), np.uint8), points, 32, 16)[1]).all()


@pytest.mark.parametrize(
    ("shape", "size", "side"),
    [((40, 41, 3), 32, None), ((40, 40), 41, None), ((40, 40), 32, 33), ((40, 40), 32, 0), ((40, 40), 0, None)],
)
def test_what_does_not_fit(shape: tuple[int, ...], size: int, side: int | None) -> None:
    with pytest.raises(UsageError, match="has no square of"):
        central_cut(np.zeros(shape, np.uint8), POINTS, size, side)
