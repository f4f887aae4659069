"""The chart in which skin is painted: the head unrolled about a vertical axis.

A point of the average head at (x, y, z) has u = atan2(x, z - 0.2) and v = y; the person's left side has u > 0. Every
subject uses the same chart, so that a wrinkle painted at the mouth's corner is at everybody's mouth corner.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

SIZE = 1024  # pixels, square
U_LOW, U_HIGH = -1.75, 1.75
V_LOW, V_HIGH = 5.5, 8.55
AXIS_Z = 0.2

Float32 = NDArray[np.float32]


def chart_of(points: NDArray[np.floating]) -> Float32:
    """Return (n, 2) chart places u, v of (n, 3) points of the average head."""
    return np.stack([np.arctan2(points[:, 0], points[:, 2] - AXIS_Z), points[:, 1]], 1).astype(np.float32)


def to_pixels(u: ArrayLike, v: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x and y in texture pixels (centres at integers, y down)."""
    x = (np.asarray(u, float) - U_LOW) / (U_HIGH - U_LOW) * SIZE - 0.5
    y = (V_HIGH - np.asarray(v, float)) / (V_HIGH - V_LOW) * SIZE - 0.5
    return x, y


def grid() -> tuple[Float32, Float32]:
    """Return u and v of every texture pixel, (SIZE, SIZE) each."""
    middle = (np.arange(SIZE) + 0.5) / SIZE
    u, v = np.meshgrid(U_LOW + middle * (U_HIGH - U_LOW), V_HIGH - middle * (V_HIGH - V_LOW))
    return u.astype(np.float32), v.astype(np.float32)
