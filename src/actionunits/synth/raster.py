"""From triangles to pixels: a z-buffer rasteriser.

Screen points are x and y in pixels (centres at integers, y down) and nearness, which grows towards the viewer and is
linear across the picture: 1 / depth for a camera, the height towards the light for a shadow map.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actionunits.synth.camera import NEAREST, Camera
from actionunits.synth.kernels import Number, inlined, kernel

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]

FARTHEST = -1e9  # nearness where nothing is
NOTHING = -1  # id where nothing is


def blank(size: int) -> tuple[Float32, Int32]:
    """Return empty buffers for :func:`rasterise`: (size, size) nearness and (size, size) ids."""
    return np.full((size, size), FARTHEST, np.float32), np.full((size, size), NOTHING, np.int32)


@kernel
def rasterise(screen: Float32, triangles: Int32, first: int, two_sided: bool, near: Float32, ids: Int32) -> None:
    """Draw triangles into the buffers, in place; of equally near ones the first drawn stays.

    Args:
        screen: (n, 3) screen points.
        triangles: (m, 3) vertex numbers, counter-clockwise seen from outside.
        first: id of the first triangle; the others follow.
        two_sided: draw triangles seen from behind as well.
        near: (h, w) nearness, :data:`FARTHEST` where empty.
        ids: (h, w) triangle ids.
    """
    height, width = near.shape
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay = float(screen[a, 0]), float(screen[a, 1])
        bx, by = float(screen[b, 0]), float(screen[b, 1])
        cx, cy = float(screen[c, 0]), float(screen[c, 1])
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)  # negative when seen from outside
        if area >= 0 and not two_sided:
            continue
        if abs(area) < 1e-9:
            continue
        left = max(math.ceil(min(ax, bx, cx)), 0)
        right = min(math.floor(max(ax, bx, cx)), width - 1)
        top = max(math.ceil(min(ay, by, cy)), 0)
        bottom = min(math.floor(max(ay, by, cy)), height - 1)
        if left > right or top > bottom:
            continue
        inverse = 1.0 / area
        step_a, step_b = (by - cy) * inverse, (cy - ay) * inverse
        az, bz, cz = float(screen[a, 2]), float(screen[b, 2]), float(screen[c, 2])
        for y in range(top, bottom + 1):
            weight_a = ((bx - left) * (cy - y) - (cx - left) * (by - y)) * inverse
            weight_b = ((cx - left) * (ay - y) - (ax - left) * (cy - y)) * inverse
            for x in range(left, right + 1):
                if weight_a >= -1e-6 and weight_b >= -1e-6 and weight_a + weight_b <= 1.000001:
                    nearness = np.float32(weight_a * az + weight_b * bz + (1.0 - weight_a - weight_b) * cz)
                    if nearness > near[y, x]:
                        near[y, x] = nearness
                        ids[y, x] = first + t
                weight_a += step_a
                weight_b += step_b


@inlined
def corner_weights(screen: Float32, a: int, b: int, c: int, x: int, y: int) -> tuple[Number, Number, Number]:
    """Return the three weights, sum 1, that a pixel gives the corners of its triangle, right in perspective."""
    px, py = np.float32(x), np.float32(y)
    ax, ay = screen[a, 0] - px, screen[a, 1] - py
    bx, by = screen[b, 0] - px, screen[b, 1] - py
    cx, cy = screen[c, 0] - px, screen[c, 1] - py
    weight_a = (bx * cy - cx * by) * screen[a, 2]
    weight_b = (cx * ay - ax * cy) * screen[b, 2]
    weight_c = (ax * by - bx * ay) * screen[c, 2]
    inverse = np.float32(1) / (weight_a + weight_b + weight_c)
    return weight_a * inverse, weight_b * inverse, weight_c * inverse


@kernel
def to_screen(points: Float32, eye: Float32, axes: Float32, focal: float, middle: tuple[float, float]) -> Float32:
    """Find points in a perspective picture.

    Args:
        points: (n, 3), world.
        eye: (3,) where the camera stands.
        axes: (3, 3) rows right, up and towards the viewer.
        focal: focal length in pixels.
        middle: x and y of the picture's axis in pixels.

    Returns:
        (n, 3) screen points; nearness is 1 / depth in world units.
    """
    screen = np.empty(points.shape, np.float32)
    for i in range(points.shape[0]):
        x, y, z = points[i, 0] - eye[0], points[i, 1] - eye[1], points[i, 2] - eye[2]
        depth = max(-(axes[2, 0] * x + axes[2, 1] * y + axes[2, 2] * z), np.float32(NEAREST))
        near = np.float32(1) / depth
        screen[i, 0] = middle[0] + focal * (axes[0, 0] * x + axes[0, 1] * y + axes[0, 2] * z) * near
        screen[i, 1] = middle[1] - focal * (axes[1, 0] * x + axes[1, 1] * y + axes[1, 2] * z) * near
        screen[i, 2] = near
    return screen


@dataclass(frozen=True, eq=False)
class View:
    """A camera and a raster of ``pixels`` by ``pixels``."""

    camera: Camera
    pixels: int

    @property
    def focal(self) -> float:
        """Focal length in pixels."""
        return self.camera.focal(self.pixels)

    def screen(self, points: Float32) -> Float32:
        """Return (n, 3) screen points of (n, 3) world points."""
        back = -self.camera.view_direction
        right = np.array([1, 0, 0], np.float32)
        axes = np.stack([right, np.cross(back, right), back]).astype(np.float32)
        x, y = (self.pixels * (0.5 + share) - 0.5 for share in self.camera.offset)
        return to_screen(points, self.camera.position, axes, self.focal, (x, y))
