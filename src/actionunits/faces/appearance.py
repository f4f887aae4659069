"""What a face looks like, coarsely: enough to tell the few people of one video apart, not to know anybody again."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

_SIDE = 12
_MIDDLE = slice(32, 160)  # of the 192-pixel mesh crop: the face without its surroundings

_row, _column = np.mgrid[0:_SIDE, 0:_SIDE]
_centre = (_SIDE - 1) / 2
_ELLIPSE = ((_row - _centre) ** 2 + (_column - _centre) ** 2) <= (_SIDE / 2) ** 2  # (12, 12) bool


def appearance(crop: NDArray[np.uint8]) -> Float32:
    """Describe the face in a mesh crop (192, 192, 3) as a thumbnail free of exposure, (P, 3) float32."""
    small = cv2.resize(crop[_MIDDLE, _MIDDLE], (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    pixels = small[_ELLIPSE].astype(np.float32)  # (P, 3)
    return np.asarray(pixels / max(float(pixels.mean()), 1.0), np.float32)


def unlikeness(a: Float32, b: Float32) -> float:
    """Return the mean absolute difference of two descriptions: small for one person's views, larger for two people."""
    return float(np.abs(a - b).mean())
