"""The sensor: each of its faults does what its name says, and a usable picture comes out of any light."""

from dataclasses import fields, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from actionunits.errors import UsageError
from actionunits.synth.sensor import (
    CRF_RANGE,
    CURVES,
    TARGET,
    Sensor,
    as_video,
    auto_exposure,
    develop,
    draw_sensor,
    encode_jpeg,
    motion_kernel,
    tone_table,
)

PLAIN = Sensor()
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def linear_of(rgb: np.ndarray) -> np.ndarray:
    share = rgb.astype(np.float64) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4).astype(np.float32)


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    path = Path(__file__).parents[1] / "data" / "face0.jpg"
    return linear_of(cv2.resize(cv2.imread(str(path))[..., ::-1], (256, 256), interpolation=cv2.INTER_AREA))


def developed(light: np.ndarray, sensor: Sensor = PLAIN, seed: int = 0, **more: object) -> np.ndarray:
    return develop(light, sensor, np.random.default_rng(seed), **more)  # type: ignore[arg-type]


def grain(sensor: Sensor, level: float = 0.2, target: float | None = None) -> float:
    flat = np.full((128, 128, 3), level, np.float32)
    return float(developed(flat, sensor, target=target).astype(np.float64).std())


def sharpness(picture: np.ndarray) -> float:
    return float(cv2.Laplacian(picture[..., 1].astype(np.float64), cv2.CV_64F).var())


def test_plain_sensor_is_the_srgb_standard() -> None:
    """Against the formula of IEC 61966-2-1, below the shoulder."""
    ramp = np.repeat(np.linspace(0, 0.75, 256, dtype=np.float32)[None, :, None], 3, 2).repeat(8, 0)
    median = float(np.median(ramp[2:-2, 85:-85]))
    picture = developed(ramp, target=median)  # auto exposure has nothing to do
    expected = np.where(ramp <= 0.0031308, 12.92 * ramp, 1.055 * np.maximum(ramp, 1e-9) ** (1 / 2.4) - 0.055) * 255
    assert np.abs(picture - expected).max() < 0.8


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("contrast", [-0.5, 0, 0.5])
def test_tone_curves_never_fall(curve: str, contrast: float) -> None:
    table = tone_table(Sensor(curve=curve, contrast=contrast))  # type: ignore[arg-type]
    assert np.diff(table).min() >= -1e-4
    assert 0 <= table[0] < 30
    assert 225 < table[-1] <= 255


def test_exposure_brightens(face: np.ndarray) -> None:
    means = [developed(face, Sensor(exposure=stops)).mean() for stops in (-2, -1, 0, 1, 2)]
    assert means == sorted(means)
    assert means[-1] - means[0] > 60


@pytest.mark.parametrize("gain", [0.02, 0.3, 1, 5, 40])
def test_auto_exposure_comes_near_the_target(face: np.ndarray, gain: float) -> None:
    middle = slice(80, 200), slice(80, 180)
    for target in (0.09, 0.35):
        metered = gain * float(np.median(face[middle] @ LUMINANCE))
        picture = linear_of(developed(face * np.float32(gain), metered=metered, target=target))
        assert 0.5 < np.median(picture[middle] @ LUMINANCE) / target < 2


def test_what_is_metered_sets_the_exposure() -> None:
    assert auto_exposure(0.05) > 1 > auto_exposure(0.8)
    light = np.full((64, 64, 3), 0.3, np.float32)
    brighter = light.copy()
    brighter[20:44, 20:44] = 0.9  # in the middle
    kept = [developed(picture, metered=0.3)[0, 0, 0] for picture in (light, brighter)]
    assert kept[0] == kept[1]
    assert developed(brighter)[0, 0, 0] < kept[0]


@pytest.mark.parametrize("level", [0, 1e-7, 1e-3, 0.2, 1, 100, 1e5])
def test_output_is_neither_black_nor_white(level: float, face: np.ndarray) -> None:
    picture = developed(face * np.float32(level), Sensor(shot=0.001, read=0.002))
    assert picture.dtype == np.uint8
    assert (picture < 250).mean() > 0.1
    if level >= 1e-3:
        assert (picture > 5).mean() > 0.1


def test_noise_grows_with_gain_and_strength() -> None:
    noisy = Sensor(shot=0.001, read=0.002)
    by_light = [grain(noisy, level, TARGET) for level in (1.0, 0.2, 0.04)]  # darker light needs more gain
    assert by_light == sorted(by_light)
    by_strength = [grain(Sensor(shot=shot, read=shot)) for shot in (0.0, 0.001, 0.004)]
    assert by_strength[0] == 0
    assert by_strength == sorted(by_strength)


def test_defocus_and_sharpening(face: np.ndarray) -> None:
    soft = [sharpness(developed(face, Sensor(defocus=sigma))) for sigma in (0, 0.6, 1.2, 2.4)]
    assert soft == sorted(soft, reverse=True)
    assert sharpness(developed(face, Sensor(sharpening=1))) > 1.5 * soft[0]


def test_motion_blur_has_a_direction() -> None:
    spots = np.random.default_rng(0).random((256, 256, 3), np.float32)

    def contrast(angle: float) -> np.ndarray:
        picture = developed(spots, Sensor(motion=8, motion_angle=angle))[..., 1].astype(np.float64)
        return np.array([np.abs(np.diff(picture, axis=axis)).mean() for axis in (1, 0)])  # along x, along y

    along_x, along_y = contrast(0)
    assert along_y > 3 * along_x
    along_x, along_y = contrast(90)
    assert along_x > 3 * along_y


@pytest.mark.parametrize(("length", "angle"), [(2, 0), (5.5, 30), (9, 90), (7, 170)])
def test_motion_kernel(length: float, angle: float) -> None:
    kernel = motion_kernel(length, angle).astype(np.float64)
    assert kernel.sum() == pytest.approx(1, abs=1e-5)
    y, x = np.mgrid[: len(kernel), : len(kernel)] - (len(kernel) - 1) / 2
    assert (kernel * x).sum() == pytest.approx(0, abs=1e-4)
    assert (kernel * y).sum() == pytest.approx(0, abs=1e-4)
    along = x * np.cos(np.radians(angle)) + y * np.sin(np.radians(angle))
    spread = (kernel * along**2).sum()  # of an even line, and of sharing its points between pixels
    assert np.sqrt(spread) == pytest.approx(np.sqrt(length**2 / 12 + 1 / 6), rel=0.08)


def test_aberration_parts_colours_at_the_edge_only() -> None:
    lines = np.zeros((256, 256, 3), np.float32)
    lines[:, [20, 128, 236]] = 1
    picture = developed(lines + np.float32(0.05), Sensor(aberration=1.5)).astype(np.float64)[128]

    def place(column: int, channel: int) -> float:
        near = np.arange(column - 5, column + 6)
        light = picture[near, channel] - picture[near, channel].min()
        return float((near * light).sum() / light.sum())

    assert place(236, 0) - place(236, 2) > 1
    assert place(20, 2) - place(20, 0) > 1
    assert abs(place(128, 0) - place(128, 2)) < 0.1


def test_colours(face: np.ndarray) -> None:
    grey = developed(face, Sensor(saturation=0)).astype(int)
    assert np.ptp(grey, axis=2).max() <= 1
    plain, warm = (developed(face, one).mean((0, 1)) for one in (PLAIN, Sensor(cast=(1.15, 1, 0.85))))
    assert warm[0] > plain[0] + 3
    assert warm[2] < plain[2] - 3


def test_vignetting_darkens_corners_only() -> None:
    picture = developed(np.full((64, 64, 3), 0.2, np.float32), Sensor(vignetting=0.5))
    assert picture[0, 0, 0] < picture[32, 32, 0] - 20
    assert picture[32, 32, 0] == pytest.approx(developed(np.full((64, 64, 3), 0.2, np.float32))[32, 32, 0], abs=1)


def test_all_three_colours_see_the_whole_range(face: np.ndarray) -> None:
    for curve in CURVES:
        picture = developed(face, Sensor(curve=curve, exposure=2))
        assert picture.reshape(-1, 3).max(0).min() > 200


def test_supersampled_light_is_reduced(face: np.ndarray) -> None:
    double = face.repeat(2, 0).repeat(2, 1)
    assert np.abs(developed(double, size=256).astype(int) - developed(face).astype(int)).max() <= 1
    assert developed(face, size=100).shape == (100, 100, 3)
    assert developed(face[:, :128], size=64).shape == (64, 32, 3)


def test_same_state_same_bytes(face: np.ndarray) -> None:
    sensor = replace(draw_sensor(np.random.default_rng(1)), shot=0.001, motion=3.0, video=28)
    first, second = (developed(face, sensor, seed=9) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert encode_jpeg(first, sensor) == encode_jpeg(second, sensor)
    assert not np.array_equal(first, developed(face, sensor, seed=10))


def test_light_is_left_alone(face: np.ndarray) -> None:
    before = face.copy()
    developed(face, Sensor(vignetting=0.4, shot=0.01, aberration=1, sharpening=1))
    np.testing.assert_array_equal(face, before)


def test_jpeg_quality_orders_sizes(face: np.ndarray) -> None:
    picture = developed(face)
    sizes = [len(encode_jpeg(picture, Sensor(jpeg=quality))) for quality in (40, 60, 80, 97)]
    assert sizes == sorted(sizes)
    code = np.frombuffer(encode_jpeg(picture, Sensor(jpeg=97)), np.uint8)
    back = cv2.imdecode(code, cv2.IMREAD_COLOR)[..., ::-1]
    assert np.abs(back.astype(int) - picture.astype(int)).mean() < 3  # and the colours are not swapped


def test_video_loses_more_with_a_higher_factor(face: np.ndarray) -> None:
    picture = developed(face).astype(np.uint8)
    losses = [np.square(as_video(picture, crf).astype(float) - picture).mean() for crf in (CRF_RANGE[0], 29, 35)]
    assert losses == sorted(losses)
    assert 0 < losses[0] < 60
    assert as_video(picture, 29).shape == picture.shape


def test_drawn_sensors_stay_in_range() -> None:
    random = np.random.default_rng(0)
    wild = [draw_sensor(random) for _ in range(500)]
    studio = [draw_sensor(random, 0) for _ in range(100)]
    for one in wild + studio:
        assert 40 <= one.jpeg <= 97
        assert one.video is None or CRF_RANGE[0] <= one.video <= CRF_RANGE[1]
        assert 0 <= one.vignetting <= 0.5
        assert 0 <= one.sharpening <= 1.5
        assert abs(one.contrast) <= 0.5
        assert np.dot(one.cast, LUMINANCE) == pytest.approx(1, abs=1e-6)
    assert all(one.video is None and one.motion == 0 and one.saturation > 0 for one in studio)
    assert 0.2 < np.mean([one.video is not None for one in wild]) < 0.5
    for name in ("exposure", "shot", "defocus"):
        assert np.std([getattr(one, name) for one in wild]) > np.std([getattr(one, name) for one in studio])
    assert {field.name for field in fields(Sensor) if len({getattr(one, field.name) for one in wild}) < 2} == set()


def test_wrong_shape() -> None:
    with pytest.raises(UsageError, match="not a picture"):
        developed(np.zeros((8, 8), np.float32))
