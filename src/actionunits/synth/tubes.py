"""Shapes that worn and held things are made of, and how far a surface reaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actionunits.synth.raster import blank, rasterise

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]
Mesh = tuple[Float32, Int32]

_CELLS = 256  # of a reach, each way


@dataclass(frozen=True, eq=False)
class Reach:
    """How far a surface reaches along one axis, seen over the two others.

    Attributes:
        low: (2,) where the map begins, world units.
        step: world units per cell.
        height: (256, 256), rows along the second axis; very low where nothing is.
    """

    low: Float64
    step: float
    height: Float32

    def at(self, places: NDArray[np.floating]) -> Float64:
        """Return (n,) the reach at (n, 2) places; outside the map that of its rim."""
        cells = np.clip(np.round((places - self.low) / self.step).astype(int), 0, _CELLS - 1)
        return np.asarray(self.height[cells[:, 1], cells[:, 0]], np.float64)


def reach_of(
    points: Float32, triangles: Int32, axes: tuple[int, int, int], low: tuple[float, float], span: float
) -> Reach:
    """Measure a surface.

    Args:
        points: (n, 3), world.
        triangles: (m, 3).
        axes: the two axes of the map and the one along which the surface reaches.
        low: where the map begins.
        span: world units that the map covers both ways.
    """
    step = span / (_CELLS - 1)
    screen = np.ascontiguousarray(points[:, list(axes)], np.float32)
    screen[:, :2] = (screen[:, :2] - np.array(low, np.float32)) / np.float32(step)
    height, ids = blank(_CELLS)
    rasterise(screen, triangles, 0, True, height, ids)
    return Reach(np.array(low, np.float64), step, height)


def join(meshes: Sequence[Mesh]) -> Mesh:
    """Return several meshes as one."""
    firsts = np.cumsum([0, *(len(points) for points, _ in meshes)])
    triangles = [part + first for (_, part), first in zip(meshes, firsts, strict=False)]
    return np.concatenate([points for points, _ in meshes]), np.concatenate(triangles).astype(np.int32)


def mirror(mesh: Mesh, middle: float) -> Mesh:
    """Return a mesh with left and right exchanged about x = middle."""
    points, triangles = mesh
    flipped = points * np.array([-1, 1, 1], np.float32) + np.array([2 * middle, 0, 0], np.float32)
    return flipped.astype(np.float32), np.ascontiguousarray(triangles[:, ::-1])


def volume(mesh: Mesh) -> float:
    """Return what a closed mesh encloses; negative if its triangles look inwards."""
    corners = mesh[0][mesh[1]].astype(np.float64)
    return float(np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6)


def tube(
    path: NDArray[np.floating],
    across: NDArray[np.floating] | float,
    deep: NDArray[np.floating] | float,
    up: tuple[float, float, float],
    *,
    closed: bool = False,
    corners: float = 2.0,
    around: int = 10,
) -> Mesh:
    """Return a closed tube along a curve.

    Args:
        path: (n, 3) the curve.
        across: (n,) or one half width, at right angles to the curve and to ``up``.
        deep: (n,) or one half width along ``up``.
        up: a direction that the curve never runs in.
        closed: whether the curve ends where it begins.
        corners: 2 is an ellipse, more is nearer to a rectangle.
        around: points of the section.
    """
    path = np.asarray(path, np.float64)
    count = len(path)
    ahead = np.roll(path, -1, 0) - np.roll(path, 1, 0) if closed else np.gradient(path, axis=0)
    ahead = _unit(ahead)
    side = _unit(np.cross(ahead, np.array(up, np.float64)))
    top = np.cross(side, ahead)
    angle = np.arange(around) * 2 * np.pi / around
    section = np.stack([np.cos(angle), np.sin(angle)])
    section = np.sign(section) * np.abs(section) ** (2 / corners)
    wide = np.broadcast_to(across, count)[:, None, None] * side[:, None] * section[0][:, None]
    high = np.broadcast_to(deep, count)[:, None, None] * top[:, None] * section[1][:, None]
    rings = (path[:, None] + wide + high).reshape(-1, 3)
    ring = np.arange(count if closed else count - 1)[:, None] * around
    next_ring = (ring + around) % (count * around)
    here = np.arange(around)
    after = (here + 1) % around
    quads = np.stack(np.broadcast_arrays(ring + here, next_ring + here, next_ring + after, ring + after), -1)
    quads = quads.reshape(-1, 4)
    triangles = [quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]
    if not closed:
        last = (count - 1) * around
        triangles.append(np.stack([np.full(around, len(rings)), here, after], 1))
        triangles.append(np.stack([np.full(around, len(rings) + 1), last + after, last + here], 1))
        rings = np.concatenate([rings, path[[0, -1]]])
    return rings.astype(np.float32), np.concatenate(triangles).astype(np.int32)


def capsule(start: NDArray[np.floating], end: NDArray[np.floating], radii: tuple[float, float], around: int) -> Mesh:
    """Return a straight tube with round ends.

    Args:
        start: (3,) middle of the first round end.
        end: (3,) of the other.
        radii: at the two ends.
        around: points of the section.
    """
    start, end = np.asarray(start, np.float64), np.asarray(end, np.float64)
    ahead = _unit((end - start)[None])[0]
    turn = np.linspace(0.12, np.pi / 2, 7)
    along = np.concatenate([-radii[0] * np.cos(turn), np.linalg.norm(end - start) + radii[1] * np.cos(turn[::-1])])
    radius = np.concatenate([radii[0] * np.sin(turn), radii[1] * np.sin(turn[::-1])])
    up = np.eye(3)[int(np.abs(ahead).argmin())]
    return tube(start + along[:, None] * ahead, radius, radius, (up[0], up[1], up[2]), around=around)


def dome(outline: NDArray[np.floating], bulge: float, rings: int = 4) -> Mesh:
    """Return an open disc over an outline, bulging along z.

    Args:
        outline: (n, 3), counter-clockwise seen from +z.
        bulge: height of the middle.
        rings: how many from rim to middle.
    """
    outline = np.asarray(outline, np.float64)
    middle, count = outline.mean(0), len(outline)
    shares = np.linspace(1, 0, rings + 1)[:-1]
    points = np.concatenate([middle + share * (outline - middle) for share in shares] + [middle[None]])
    points[:, 2] += bulge * (1 - np.append(np.repeat(shares, count), 0) ** 2)
    here = np.arange(count)
    after = (here + 1) % count
    triangles = []
    for ring in range(rings - 1):
        first, inner = ring * count, (ring + 1) * count
        triangles += [
            np.stack([first + here, first + after, inner + after], 1),
            np.stack([first + here, inner + after, inner + here], 1),
        ]
    last = (rings - 1) * count
    triangles.append(np.stack([last + here, last + after, np.full(count, len(points) - 1)], 1))
    return points.astype(np.float32), np.concatenate(triangles).astype(np.int32)


def surface_of(field: Float32, low: NDArray[np.floating], step: float) -> Mesh:
    """Return the smooth surface where a field is zero, by surface nets (Gibson 1998).

    Args:
        field: (i, j, k) values on a grid, negative inside and positive on the grid's own surface.
        low: (3,) the grid's first corner.
        step: world units between values.
    """
    cells = tuple(size - 1 for size in field.shape)
    total, crossings = np.zeros((*cells, 3), np.float32), np.zeros(cells, np.float32)
    inside = field < 0
    for axis in range(3):
        first, second = np.take(field, range(cells[axis]), axis), np.take(field, range(1, cells[axis] + 1), axis)
        change = (first < 0) != (second < 0)
        share = np.where(change, first / np.where(change, first - second, 1), 0).astype(np.float32)
        others = [other for other in range(3) if other != axis]
        for shift in ((0, 0), (0, 1), (1, 0), (1, 1)):
            part = [slice(None)] * 3
            for other, by in zip(others, shift, strict=True):
                part[other] = slice(by, by + cells[other])
            hit = change[tuple(part)]
            crossings += hit
            total[..., axis] += share[tuple(part)]
            for other, by in zip(others, shift, strict=True):
                total[..., other] += by * hit
    active = crossings > 0
    number = np.full(cells, -1, np.int32)
    number[active] = np.arange(int(active.sum()), dtype=np.int32)
    points = np.argwhere(active) + total[active] / crossings[active][:, None]
    triangles = np.concatenate([_facets(inside, number, axis) for axis in range(3)])
    return (points * step + low).astype(np.float32), triangles.astype(np.int32)


def _facets(inside: NDArray[np.bool_], number: Int32, axis: int) -> Int32:
    """Return the triangles across all grid edges along one axis that the surface crosses."""
    second, third = (axis + 1) % 3, (axis + 2) % 3
    turned, cells = np.transpose(inside, (axis, second, third)), np.transpose(number, (axis, second, third))
    edge = turned[:-1, 1:-1, 1:-1] != turned[1:, 1:-1, 1:-1]
    a, b, c = np.nonzero(edge)
    quads = np.stack([cells[a, b, c], cells[a, b + 1, c], cells[a, b + 1, c + 1], cells[a, b, c + 1]], 1)
    leaving = turned[a, b + 1, c + 1]
    quads[~leaving] = quads[~leaving][:, ::-1]
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def evenly(path: NDArray[np.floating], count: int, *, closed: bool = False) -> Float64:
    """Return (count, 3 or 2) points at equal distances along a curve through ``path``."""
    path = np.asarray(path, np.float64)
    if closed:
        path = np.concatenate([path, path[:1]])
    length = np.append(0, np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1)))
    places = np.linspace(0, length[-1], count, endpoint=not closed)
    return np.stack([np.interp(places, length, axis) for axis in path.T], 1)


def _unit(vectors: Float64) -> Float64:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12))
