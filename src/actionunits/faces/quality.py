"""How good is the view of a face? Sharpness, brightness, and the closed list of flags."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from actionunits.faces.face import FLAGS, Pose

LEAST_INTEROCULAR_PX = 32.0  # outer eye corners; below it lids and lips span too few pixels
LEAST_SHARPNESS = 25.0
LEAST_BRIGHTNESS = 45.0
MOST_YAW, MOST_PITCH = 35.0, 25.0  # degrees
LEAST_SURE = 0.9
_CUT_SHARE = 0.02  # of the mesh points outside the picture


def sharpness_and_brightness(crop: NDArray[np.uint8]) -> tuple[float, float]:
    """Measure a mesh crop.

    Args:
        crop: (192, 192, 3) uint8 RGB, what the mesh network saw.

    Returns:
        Variance of the Laplacian and mean grey level (0-255) of its middle half, where the face's inner features are.
        The crop has a fixed size, so the measure is relative to the face and a small face counts as blurred as it is.
    """
    quarter = crop.shape[0] // 4
    grey = cv2.cvtColor(crop[quarter:-quarter, quarter:-quarter], cv2.COLOR_RGB2GRAY)
    _, deviation = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_32F))
    return float(deviation[0, 0] ** 2), float(cv2.mean(grey)[0])


def quality_flags(
    *,
    mesh: NDArray[np.float32],
    size: tuple[int, int],
    pose: Pose,
    interocular_px: float,
    sharpness: float,
    brightness: float,
    confidence: float,
) -> tuple[str, ...]:
    """Return which of :data:`~actionunits.faces.face.FLAGS` hold, in that order.

    Args:
        mesh: (468, 3), pixels.
        size: (height, width) of the picture.
        pose: head pose, degrees.
        interocular_px: distance of the outer eye corners, pixels.
        sharpness: see :func:`sharpness_and_brightness`.
        brightness: see there.
        confidence: 0-1.
    """
    height, width = size
    x, y = mesh[:, 0], mesh[:, 1]
    outside = (x < 0) | (y < 0) | (x > width - 1) | (y > height - 1)
    raised = {
        "small": interocular_px < LEAST_INTEROCULAR_PX,
        "blurred": sharpness < LEAST_SHARPNESS,
        "dark": brightness < LEAST_BRIGHTNESS,
        "turned": abs(pose.yaw) > MOST_YAW or abs(pose.pitch) > MOST_PITCH,
        "cut": float(outside.mean()) > _CUT_SHARE,
        "low_confidence": confidence < LEAST_SURE,
    }
    return tuple(flag for flag in FLAGS if raised[flag])
