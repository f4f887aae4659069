"""How much light reaches each point: shadow maps, ambient occlusion, irradiance and its spread below the skin."""

from __future__ import annotations

import math

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from actionunits.synth.camera import TARGET
from actionunits.synth.kernels import Number, inlined, kernel
from actionunits.synth.raster import FARTHEST, rasterise

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]

REACH = 1.9  # world units from the head's middle to the edge of a shadow map
BIAS = 0.04  # world units by which a point must lie behind another to be in its shadow
LIFT = 0.015  # world units by which points are lifted off their surface before they are looked up
SPREAD = ((0, 1, 2), (0, 1), (0,), (0,))  # colours that each pass of the blur spreads: red travels farthest in skin


def light_frames(directions: Float32) -> Float32:
    """Return (l, 3, 3): for each light its rows right, up and towards the light, of unit length."""
    towards = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    helper = np.where(np.abs(towards[:, 1:2]) < 0.95, [[0.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])
    right = np.cross(helper, towards)
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    return np.stack([right, np.cross(towards, right), towards], 1).astype(np.float32)


@kernel
def _seen_by_light(points: Float32, frame: Float32, middle: Float32, size: int) -> Float32:
    """Return (n, 3) points in the pixels of a shadow map, nearness as the height towards the light."""
    seen = np.empty(points.shape, np.float32)
    scale = np.float32(size / (2 * REACH))
    half = np.float32(size / 2 - 0.5)
    for i in range(points.shape[0]):
        x, y, z = points[i, 0] - middle[0], points[i, 1] - middle[1], points[i, 2] - middle[2]
        seen[i, 0] = half + scale * (frame[0, 0] * x + frame[0, 1] * y + frame[0, 2] * z)
        seen[i, 1] = half - scale * (frame[1, 0] * x + frame[1, 1] * y + frame[1, 2] * z)
        seen[i, 2] = frame[2, 0] * x + frame[2, 1] * y + frame[2, 2] * z
    return seen


@kernel
def draw_shadow_maps(
    points: Float32, triangles: Int32, thin: Int32, hairs: Float32, frames: Float32, middle: Float32, size: int
) -> Float32:
    """Draw what each light sees.

    Args:
        points: (n, 3) vertices of everything that casts a shadow, world.
        triangles: (m, 3) of closed things: only sides that face the light are drawn.
        thin: (k, 3) triangles of thin things, drawn from both sides.
        hairs: (h, 3) points of hair, one pixel each.
        frames: (l, 3, 3), :func:`light_frames`.
        middle: (3,) what the maps are centred on.
        size: pixels.

    Returns:
        (l, size, size) height towards the light of the first thing it meets.
    """
    maps = np.full((frames.shape[0], size, size), FARTHEST, np.float32)
    ids = np.empty((size, size), np.int32)
    for light in range(frames.shape[0]):
        seen = _seen_by_light(points, frames[light], middle, size)
        rasterise(seen, triangles, 0, False, maps[light], ids)
        rasterise(seen, thin, 0, True, maps[light], ids)
        strewn = _seen_by_light(hairs, frames[light], middle, size)
        for i in range(strewn.shape[0]):
            x, y = int(strewn[i, 0] + 0.5), int(strewn[i, 1] + 0.5)
            if 0 <= x < size and 0 <= y < size and strewn[i, 2] > maps[light, y, x]:
                maps[light, y, x] = strewn[i, 2]
    return maps


@inlined
def lit_share(depth: Float32, x: Number, y: Number, height: Number) -> Number:
    """Return the share, 0-1, of the four pixels around a place in a shadow map that lie below a height."""
    size = depth.shape[0]
    left, top = math.floor(x), math.floor(y)
    if left < 0 or top < 0 or left >= size - 1 or top >= size - 1:
        return np.float32(1)
    across, down = np.float32(x - left), np.float32(y - top)
    one = np.float32(1)
    zero = np.float32(0)
    upper = (one if depth[top, left] <= height else zero) * (one - across)
    upper += (one if depth[top, left + 1] <= height else zero) * across
    lower = (one if depth[top + 1, left] <= height else zero) * (one - across)
    lower += (one if depth[top + 1, left + 1] <= height else zero) * across
    return upper * (one - down) + lower * down


@kernel
def visibility(points: Float32, normals: Float32, maps: Float32, frames: Float32, middle: Float32) -> Float32:
    """Return (n, l) the share of each light that reaches each point, 0-1.

    Args:
        points: (n, 3), world.
        normals: (n, 3) unit normals.
        maps: (l, s, s), :func:`draw_shadow_maps`.
        frames: (l, 3, 3), :func:`light_frames`.
        middle: (3,) as given to :func:`draw_shadow_maps`.
    """
    reached = np.empty((points.shape[0], frames.shape[0]), np.float32)
    lifted = points + np.float32(LIFT) * normals
    for light in range(frames.shape[0]):
        seen = _seen_by_light(lifted, frames[light], middle, maps.shape[1])
        for i in range(points.shape[0]):
            reached[i, light] = lit_share(maps[light], seen[i, 0], seen[i, 1], seen[i, 2] + np.float32(BIAS))
    return reached


@kernel
def add_light(
    normals: Float32,
    reached: Float32,
    directions: Float32,
    colours: Float32,
    wrap: float,
    light: Float32,
    flow: Float32,
) -> None:
    """Add the light that arrives at a surface, in place.

    Args:
        normals: (n, 3) unit normals.
        reached: (n, l), :func:`visibility`.
        directions: (l, 3) unit vectors towards the lights.
        colours: (l, 3) linear RGB of each light.
        wrap: how far light reaches around the edge of shade: 0 for hard matter, 0.1-0.3 for skin.
        light: (n, 3) irradiance / pi: what a white matt surface gives back.
        flow: (n, 3) the sum of directions towards the lights, weighted by what arrives in luminance.
    """
    for i in range(normals.shape[0]):
        for k in range(directions.shape[0]):
            cosine = (
                normals[i, 0] * directions[k, 0] + normals[i, 1] * directions[k, 1] + normals[i, 2] * directions[k, 2]
            )
            amount = np.float32((cosine + wrap) / (1 + wrap)) * reached[i, k]
            if amount <= 0:
                continue
            light[i, 0] += amount * colours[k, 0]
            light[i, 1] += amount * colours[k, 1]
            light[i, 2] += amount * colours[k, 2]
            weight = reached[i, k] * (
                np.float32(0.3) * colours[k, 0] + np.float32(0.59) * colours[k, 1] + np.float32(0.11) * colours[k, 2]
            )
            flow[i, 0] += weight * directions[k, 0]
            flow[i, 1] += weight * directions[k, 1]
            flow[i, 2] += weight * directions[k, 2]


def spread_in_skin(light: Float32, smoothing: sp.csr_matrix) -> None:
    """Blur irradiance over the mesh in place, red the most: light that entered the skin leaves it nearby.

    Args:
        light: (V, 3).
        smoothing: (V, V) one step of the blur.
    """
    for colours in SPREAD:
        for colour in colours:
            light[:, colour] = smoothing @ np.ascontiguousarray(light[:, colour])


def shadow_middle() -> Float32:
    """Return the (3,) point on which shadow maps are centred."""
    return np.array(TARGET, np.float32)
