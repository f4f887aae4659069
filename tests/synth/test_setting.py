"""Settings: light of unit strength, cameras within their ranges, the same generator giving the same setting."""

import math

import numpy as np
import pytest

from actionunits.errors import UsageError
from actionunits.synth.background import STUDIO_SCENES
from actionunits.synth.setting import CLOSEST, HIDDEN_SHARE, Setting, blackbody, draw_light, draw_setting

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def settings(wild: float, count: int) -> list[Setting]:
    random = np.random.default_rng(7)
    return [draw_setting(random, wild) for _ in range(count)]


WILD = settings(1, 600)
STUDIO = settings(0, 60)


def test_blackbody_is_warm_below_and_cool_above() -> None:
    ratio = [float(np.divide(*blackbody(kelvin)[[0, 2]])) for kelvin in (2700, 4000, 5500, 6500, 7500)]
    assert ratio == sorted(ratio, reverse=True)
    assert ratio[0] > 4
    assert ratio[-1] < 0.9


@pytest.mark.parametrize("kelvin", [1700, 2221, 2223, 3999, 4001, 6504, 10000])
def test_blackbody_has_luminance_one(kelvin: float) -> None:
    assert blackbody(kelvin) @ LUMINANCE == pytest.approx(1, abs=1e-5)
    assert blackbody(kelvin).min() >= 0


def test_blackbody_at_daylight_is_nearly_white() -> None:
    np.testing.assert_allclose(blackbody(6500), 1, atol=0.06)  # D65 lies just beside the Planckian locus


@pytest.mark.parametrize("kelvin", [1000, 30000])
def test_blackbody_outside_its_fit(kelvin: float) -> None:
    with pytest.raises(UsageError, match="kelvin"):
        blackbody(kelvin)


@pytest.mark.parametrize("drawn", [WILD, STUDIO], ids=["wild", "studio"])
def test_lights(drawn: list[Setting]) -> None:
    for setting in drawn:
        light = setting.light
        assert light.directions.dtype == light.colours.dtype == np.float32
        assert light.directions.shape == light.colours.shape == (len(light.key), 3)
        np.testing.assert_allclose(np.linalg.norm(light.directions, axis=1), 1, atol=1e-5)
        assert light.colours.min() >= 0
        assert 8 <= (~light.key).sum() <= 12
        assert 3 <= light.key.sum() <= 15


def test_light_on_a_face_has_strength_one() -> None:
    """Averaged over directions drawn at random within 70 degrees of the viewer, whatever the rig."""
    random = np.random.default_rng(0)
    normals = random.normal(size=(4000, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    normals = normals[normals[:, 2] > math.cos(math.radians(70))]
    for setting in WILD[:100]:
        received = np.maximum(normals @ setting.light.directions.T, 0) @ setting.light.colours
        assert (received @ LUMINANCE).mean() == pytest.approx(1, abs=0.06)
        mean = received.mean(0)
        assert 0.6 < mean[0] / mean[2] < 1.9  # white-balanced, not perfectly


def test_studio_light_is_even_and_wild_light_is_not_always() -> None:
    def unevenness(setting: Setting) -> float:
        sides = np.array([[0.8, 0, 0.6], [-0.8, 0, 0.6]])
        left, right = np.maximum(sides @ setting.light.directions.T, 0) @ setting.light.colours @ LUMINANCE
        return abs(math.log(left / right))

    assert max(map(unevenness, STUDIO)) < 0.7
    assert np.mean([unevenness(one) > 1 for one in WILD]) > 0.15


def test_cameras_stay_in_range() -> None:
    for setting in WILD:
        camera = setting.camera
        assert 11.9 <= camera.view <= 50.1
        assert 0.45 <= camera.face_share <= 0.85
        assert camera.distance >= CLOSEST - 1e-6
        assert max(map(abs, camera.offset)) <= 0.28
        assert abs(camera.elevation) <= 18
    assert np.std([one.camera.elevation for one in WILD]) > 2 * np.std([one.camera.elevation for one in STUDIO])


def test_occluders_are_rare_and_never_in_the_studio() -> None:
    assert all(one.occluder is None for one in STUDIO)
    hidden = [one.occluder for one in WILD if one.occluder]
    assert len(hidden) / len(WILD) == pytest.approx(HIDDEN_SHARE, abs=0.03)
    assert {one.kind for one in hidden} == {"hand", "microphone"}


def test_studio_walls_are_plain() -> None:
    assert {one.backdrop.scene for one in STUDIO} <= set(STUDIO_SCENES)
    assert len({one.backdrop.scene for one in WILD}) > 5


def test_same_generator_same_setting() -> None:
    first, second = (draw_setting(np.random.default_rng(5)) for _ in range(2))
    assert (first.camera, first.backdrop, first.occluder, first.sensor) == (
        second.camera, second.backdrop, second.occluder, second.sensor,
    )  # fmt: skip
    np.testing.assert_array_equal(first.light.directions, second.light.directions)
    np.testing.assert_array_equal(first.light.colours, second.light.colours)
    np.testing.assert_array_equal(first.background(32), second.background(32))
    assert draw_setting(np.random.default_rng(6)).camera != first.camera


def test_background_has_the_strength_of_the_setting() -> None:
    setting = WILD[0]
    twice = Setting(
        setting.camera, setting.light, type(setting.backdrop)("plain", 3, 2.0), setting.occluder, setting.sensor
    )
    once = Setting(
        setting.camera, setting.light, type(setting.backdrop)("plain", 3, 1.0), setting.occluder, setting.sensor
    )
    np.testing.assert_allclose(twice.background(24), 2 * once.background(24), rtol=1e-5)


def test_one_light_does_not_depend_on_others() -> None:
    lights = [draw_light(np.random.default_rng(seed)) for seed in (1, 2)]
    assert lights[0].colours.shape != lights[1].colours.shape or not np.allclose(lights[0].colours, lights[1].colours)


@pytest.mark.parametrize("wild", [-0.1, 1.5])
def test_wild_is_a_share(wild: float) -> None:
    with pytest.raises(UsageError, match="wild"):
        draw_setting(np.random.default_rng(0), wild)
