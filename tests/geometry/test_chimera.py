"""Faces of one half: symmetrical, the kept half untouched, and the sides not confused."""

import numpy as np
import pytest

from actionunits.errors import UsageError
from actionunits.geometry import FLIP_68
from actionunits.geometry.chimera import chimera
from actionunits.geometry.mean_face import MEAN_68

SIDE = 121
FLIP = np.array(FLIP_68)


@pytest.fixture
def face() -> tuple[np.ndarray, np.ndarray]:
    """A picture whose right half is bright, and landmarks about its middle column with a crooked mouth."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 100, (SIDE, SIDE, 3)).astype(np.uint8)
    image[:, SIDE // 2 + 1 :] += 120
    points = (SIDE - 1) / 2 + 35 * MEAN_68
    points[54, 1] -= 9  # the person's left corner of the lips is up
    return image, points


@pytest.mark.parametrize("side", ["left", "right"])
def test_both_halves_are_alike(face, side) -> None:
    image, points = face
    made, places = chimera(image, points, side)
    assert made.shape == image.shape
    assert made.dtype == image.dtype
    np.testing.assert_array_equal(made, made[:, ::-1])  # the middle is a column of pixels
    np.testing.assert_allclose(places[FLIP] * (-1, 1) + (SIDE - 1, 0), places, atol=1e-4)


def test_the_persons_left_is_the_pictures_right(face) -> None:
    image, points = face
    (left, of_left), (right, of_right) = chimera(image, points, "left"), chimera(image, points, "right")
    assert left[:, :50].min() >= 120
    assert right[:, -50:].max() < 100
    np.testing.assert_array_equal(left[:, 61:], image[:, 61:])
    np.testing.assert_array_equal(right[:, :60], image[:, :60])
    assert of_left[48, 1] == of_left[54, 1] == pytest.approx(points[54, 1])
    assert of_right[48, 1] == of_right[54, 1] == pytest.approx(points[48, 1])


def test_a_face_beside_the_middle_and_the_edge(face) -> None:
    image, points = face
    made, places = chimera(image.astype(np.float32), points + np.array([20.5, 0]), "left")
    assert made.dtype == np.float32
    assert places[27, 0] == pytest.approx(80.5)
    np.testing.assert_allclose(made[:, 80], made[:, 81], atol=1e-3)
    np.testing.assert_allclose(made[:, 30], image[:, -1], atol=1e-3)  # from beyond the picture


def test_what_has_no_halves(face) -> None:
    image, points = face
    with pytest.raises(UsageError, match="none of this name"):
        chimera(image, points, "upper")
    points[3] = np.nan
    with pytest.raises(UsageError, match="not finite"):
        chimera(image, points, "left")
