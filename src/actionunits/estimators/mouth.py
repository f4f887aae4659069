"""The mouth as a small upright picture: what the mesh cannot tell, whether the lips are parted."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

HEIGHT, WIDTH = 24, 32
CHANNELS = 3  # light, log red/green, log blue/green
FEATURES = HEIGHT * (WIDTH // 2) * CHANNELS
_FINER = 3
_CORNERS = (61, 291)  # mesh points
_UPPER_EDGE = (37, 0, 267)
_LOWER_EDGE = (84, 17, 314)
_REACH_X, _REACH_Y = 0.95, 1.4  # half sizes in half lip widths and half lip heights
_LEAST_HEIGHT = 0.2  # of the width: pressed lips are not blown up further


def mouth_frame(mesh: NDArray[np.floating]) -> tuple[Float64, Float64, Float64]:
    """Return centre, half-width and half-height vectors of the lips, each (2,), in pixels, from a (468, 3) mesh."""
    points = np.asarray(mesh, np.float64)[:, :2]
    right, left = points[_CORNERS[0]], points[_CORNERS[1]]
    upper, lower = points[list(_UPPER_EDGE)].mean(0), points[list(_LOWER_EDGE)].mean(0)
    across, down = (left - right) / 2, (lower - upper) / 2
    if np.hypot(*down) < _LEAST_HEIGHT * np.hypot(*across):
        down = np.array([-across[1], across[0]]) * _LEAST_HEIGHT
    return (upper + lower) / 2, across, down


def mouth_picture(
    image: NDArray[np.uint8], centre: Float64, across: Float64, down: Float64, *, blur: float = 0.0
) -> NDArray[np.uint8]:
    """Cut the mouth out of ``image``, upright, (HEIGHT, WIDTH, 3); ``blur``: sigma in thirds of an output pixel."""
    a, d = _REACH_X * across, _REACH_Y * down
    source = np.array([centre - a - d, centre + a - d, centre - a + d], np.float32)
    width, height = WIDTH * _FINER, HEIGHT * _FINER
    target = np.array([[1, 1], [width - 2, 1], [1, height - 2]], np.float32)
    matrix = cv2.getAffineTransform(source, target)
    fine = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    if blur > 0:
        fine = cv2.GaussianBlur(fine, (0, 0), blur)
    return np.asarray(cv2.resize(fine, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


@lru_cache(maxsize=4)
def _log_light(gamma: float) -> Float32:
    """(256,) the log of the light behind each pixel value."""
    return np.asarray(np.log((np.arange(256) / 255) ** gamma + 0.02), np.float32)


def mouth_features(picture: NDArray[np.uint8], *, gamma: float = 2.2, gain: Float32 | None = None) -> Float32:
    """Describe a mouth picture free of exposure and skin colour, left and right averaged.

    Args:
        picture: (HEIGHT, WIDTH, 3) uint8 RGB.
        gamma: exponent from pixel values to light.
        gain: (3,) added to the log of each channel.

    Returns:
        (FEATURES,) float32: rows x half the columns x (log light less its mean, log red/green and log blue/green less
        their medians).
    """
    log = _log_light(float(gamma))[picture]
    if gain is not None:
        log = log + gain
    light = log.mean(-1)
    channels = np.stack([light - light.mean(), log[..., 0] - log[..., 1], log[..., 2] - log[..., 1]], axis=-1)
    channels[..., 1:] -= np.median(channels[..., 1:], axis=(0, 1))
    half = WIDTH // 2
    return np.asarray(((channels + channels[:, ::-1]) / 2)[:, :half].ravel(), np.float32)
