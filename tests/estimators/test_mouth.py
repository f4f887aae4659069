"""The mouth picture and its features: against a slow loop, and free of what is not lip parting."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actionunits.estimators.base import LookedAt
from actionunits.estimators.mouth import FEATURES, HEIGHT, WIDTH, mouth_features, mouth_frame, mouth_picture
from actionunits.geometry import MESH_FLIP

LookedAts = tuple[LookedAt, ...]
FLIP = np.array(MESH_FLIP)


@pytest.fixture(scope="module")
def mouths(looked_at: LookedAts) -> list[np.ndarray]:
    return [mouth_picture(image, *mouth_frame(face.mesh)) for image, face in looked_at]


def relit(picture: np.ndarray, gain: tuple[float, float, float]) -> np.ndarray:
    """The picture with each channel's light multiplied, as another exposure or lamp would do it."""
    light = (picture / 255) ** 2.2 * np.array(gain)
    return np.rint(np.clip(light, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)


def test_the_mouth_is_in_the_picture(looked_at: LookedAts) -> None:
    """Lip corners lie on the middle row, at equal distances from the sides; up is up."""
    for image, face in looked_at:
        centre, across, down = mouth_frame(face.mesh)
        corners = face.mesh[[61, 291], :2]
        np.testing.assert_allclose(across, (corners[1] - corners[0]) / 2, rtol=1e-6)
        assert across[0] > 0
        assert down[1] > 0
        assert np.hypot(*(corners.mean(0) - centre)) < 0.3 * np.hypot(*across)
        assert mouth_picture(image, centre, across, down).shape == (HEIGHT, WIDTH, 3)


def test_a_known_picture_is_cut_where_the_mesh_says() -> None:
    """A picture whose red is its x and green its y tells where every output pixel came from."""
    y, x = np.mgrid[0:200, 0:200]
    image = np.stack([x, y, np.zeros_like(x)], -1).astype(np.uint8)
    picture = mouth_picture(image, np.array([100.0, 90.0]), np.array([30.0, 0.0]), np.array([0.0, 10.0])).astype(float)
    middle = picture[:, WIDTH // 2 - 1 : WIDTH // 2 + 1, 0].mean()
    assert middle == pytest.approx(100, abs=0.6)
    assert picture[HEIGHT // 2 - 1 : HEIGHT // 2 + 1, :, 1].mean() == pytest.approx(90, abs=0.6)
    assert picture[0, -1, 0] - picture[0, 0, 0] == pytest.approx(2 * 0.95 * 30, abs=1.5)
    assert picture[-1, 0, 1] - picture[0, 0, 1] == pytest.approx(2 * 1.4 * 10, abs=1.5)


def test_pressed_lips_are_not_blown_up(looked_at: LookedAts) -> None:
    mesh = looked_at[0][1].mesh.copy()
    mesh[[37, 0, 267, 84, 17, 314], 1] = mesh[[61, 291], 1].mean()
    _, across, down = mouth_frame(mesh)
    assert np.hypot(*down) == pytest.approx(0.2 * np.hypot(*across))
    assert across @ down == pytest.approx(0, abs=1e-9)


def log_light(value: int, gamma: float) -> float:
    return math.log((value / 255) ** gamma + 0.02)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1.0, 1.8, 2.2]))
def test_features_against_a_slow_loop(seed: int, gamma: float) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    gain = np.array([0.1, -0.2, 0.3], np.float32)
    log = [[[log_light(v, gamma) + g for v, g in zip(p, gain, strict=True)] for p in row] for row in picture.tolist()]
    light = [[sum(p) / 3 for p in row] for row in log]
    mean = sum(map(sum, light)) / (HEIGHT * WIDTH)
    red = [[p[0] - p[1] for p in row] for row in log]
    blue = [[p[2] - p[1] for p in row] for row in log]
    middles = [
        sorted(itertools.chain(*table))[HEIGHT * WIDTH // 2 - 1 : HEIGHT * WIDTH // 2 + 1] for table in (red, blue)
    ]
    expected = []
    for r in range(HEIGHT):
        for c in range(WIDTH // 2):
            for table, middle in ((light, mean), (red, sum(middles[0]) / 2), (blue, sum(middles[1]) / 2)):
                expected.append((table[r][c] + table[r][WIDTH - 1 - c]) / 2 - middle)
    features = mouth_features(picture, gamma=gamma, gain=gain)
    assert features.shape == (FEATURES,)
    np.testing.assert_allclose(features, expected, atol=2e-5)


@pytest.mark.parametrize("gain", [(0.7,) * 3, (1.2,) * 3, (0.9, 1.0, 1.1), (1.15, 1.0, 0.8)])
def test_exposure_and_colour_of_the_lamp(mouths: list[np.ndarray], gain: tuple[float, float, float]) -> None:
    for mouth in mouths:
        plain = mouth_features(mouth)
        change = mouth_features(relit(mouth, gain)) - plain
        assert np.sqrt((change**2).mean()) < 0.12 * plain.std()


def test_exposure_matters_without_the_subtraction(mouths: list[np.ndarray]) -> None:
    """Else the test above would prove nothing: the light itself changes by far more than the features."""
    for mouth in mouths:
        dark = relit(mouth, (0.7,) * 3)
        assert abs(np.log((dark / 255) ** 2.2 + 0.02).mean() - np.log((mouth / 255) ** 2.2 + 0.02).mean()) > 0.2


def test_gain_is_light_multiplied(mouths: list[np.ndarray]) -> None:
    """One gain for all channels changes nothing at all: only the mean light moves, and it is subtracted."""
    for mouth in mouths:
        same = mouth_features(mouth, gain=np.full(3, 0.4, np.float32))
        np.testing.assert_allclose(same, mouth_features(mouth), atol=1e-5)


def test_mirrored_picture_and_mesh_give_the_same_features(looked_at: LookedAts) -> None:
    for image, face in looked_at:
        mirrored = face.mesh[FLIP].copy()
        mirrored[:, 0] = image.shape[1] - 1 - mirrored[:, 0]
        plain = mouth_features(mouth_picture(image, *mouth_frame(face.mesh)))
        turned = mouth_features(mouth_picture(np.ascontiguousarray(image[:, ::-1]), *mouth_frame(mirrored)))
        assert np.abs(turned - plain).max() < 0.1 * plain.std()
        assert np.abs(turned - plain).mean() < 0.01 * plain.std()
