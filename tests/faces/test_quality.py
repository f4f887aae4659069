import cv2
import numpy as np
import pytest

from actionunits.faces import FLAGS, FaceTracker, Pose
from actionunits.faces.quality import quality_flags, sharpness_and_brightness

GOOD = {
    "mesh": np.full((468, 3), 100, np.float32),
    "size": (200, 200),
    "pose": Pose(0, 0, 0),
    "interocular_px": 90.0,
    "sharpness": 300.0,
    "brightness": 120.0,
    "confidence": 1.0,
}


def test_a_good_view_has_no_flag():
    assert quality_flags(**GOOD) == ()


@pytest.mark.parametrize(
    ("flag", "change"),
    [
        ("small", {"interocular_px": 20.0}),
        ("blurred", {"sharpness": 3.0}),
        ("dark", {"brightness": 20.0}),
        ("turned", {"pose": Pose(0, 50, 0)}),
        ("turned", {"pose": Pose(0, -50, 0)}),
        ("turned", {"pose": Pose(-30, 0, 0)}),
        ("cut", {"size": (90, 200)}),
        ("low_confidence", {"confidence": 0.6}),
    ],
)
def test_each_fault_raises_its_flag_alone(flag, change):
    assert quality_flags(**(GOOD | change)) == (flag,)


def test_flags_come_in_the_order_of_the_closed_list():
    every = {
        "interocular_px": 2.0,
        "sharpness": 0.0,
        "brightness": 0.0,
        "pose": Pose(0, 90, 0),
        "size": (5, 5),
        "confidence": 0.5,
    }
    assert quality_flags(**(GOOD | every)) == FLAGS


def test_roll_alone_is_not_turned():
    assert quality_flags(**(GOOD | {"pose": Pose(0, 0, 80)})) == ()


def test_sharpness_is_the_variance_of_the_laplacian():
    crop = np.random.default_rng(0).integers(0, 256, (192, 192, 3), np.uint8)
    grey = cv2.cvtColor(crop[48:144, 48:144], cv2.COLOR_RGB2GRAY).astype(np.float64)
    padded = np.pad(grey, 1, mode="reflect")
    slow = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:] - 4 * grey
    sharpness, brightness = sharpness_and_brightness(crop)
    assert sharpness == pytest.approx(slow.var(), rel=1e-5)
    assert brightness == pytest.approx(grey.mean(), rel=1e-6)


def test_blur_dark_and_distance_are_seen_in_pictures(finder, rendered):
    tracker = FaceTracker(finder)

    def flags(picture):
        tracker.reset()
        (face,) = tracker.update(picture, 0.0)
        return face

    plain = flags(rendered[3])
    assert plain.flags == ()
    blurred = flags(cv2.GaussianBlur(rendered[3], (0, 0), 6))
    assert "blurred" in blurred.flags
    assert blurred.sharpness < plain.sharpness
    assert "dark" in flags((rendered[3] * 0.25).astype(np.uint8)).flags
    tiny = np.full((384, 384, 3), 120, np.uint8)
    tiny[160:224, 160:224] = cv2.resize(rendered[3], (64, 64), interpolation=cv2.INTER_AREA)
    assert "small" in flags(tiny).flags
    assert "cut" in flags(np.ascontiguousarray(rendered[3][:, 150:])).flags
