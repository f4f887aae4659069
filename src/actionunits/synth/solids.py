"""Pieces from which worn things are built: cut meshes, closed sheets, rolls along a rim."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from actionunits.synth.meshes import Solid
from actionunits.synth.surface import vertex_normals

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]


def cut(columns: Float32, triangles: Int32, level: NDArray[np.floating]) -> tuple[Float32, Int32, int]:
    """Keep the part of a mesh where a field is positive; triangles that the border crosses are cut in two.

    Args:
        columns: (n, k) what each vertex has: its place and anything else that is to be interpolated.
        triangles: (m, 3).
        level: (n,) the field.

    Returns:
        (p, k) columns of the kept and of the new vertices, (q, 3) triangles, and how many vertices are old; the rest
        lie on the border.
    """
    inside = level > 0
    count = inside[triangles].sum(1)
    whole = triangles[count == 3]
    one = _turned(triangles[count == 1], inside, True)
    two = _turned(triangles[count == 2], inside, False)
    edges = np.concatenate([one[:, [0, 1]], one[:, [0, 2]], two[:, [0, 1]], two[:, [0, 2]]])
    unique, place = np.unique(np.sort(edges, 1), axis=0, return_inverse=True)
    start, end = unique[:, 0], unique[:, 1]
    share = (level[start] / (level[start] - level[end]))[:, None]
    border = columns[start] * (1 - share) + columns[end] * share
    new = len(columns) + place.ravel()
    first, second, third, fourth = np.split(new, np.cumsum([len(one), len(one), len(two)]))
    kept = np.concatenate(
        [
            whole,
            np.stack([one[:, 0], first, second], 1),
            np.stack([two[:, 1], two[:, 2], fourth], 1),
            np.stack([two[:, 1], fourth, third], 1),
        ]
    )
    used, renumbered = np.unique(kept, return_inverse=True)
    both = np.concatenate([columns, border]).astype(np.float32)
    return both[used], renumbered.reshape(-1, 3).astype(np.int32), int((used < len(columns)).sum())


def _turned(triangles: Int32, inside: NDArray[np.bool_], side: bool) -> Int32:
    """Return triangles that start at their only vertex on one side."""
    first = np.argmax(inside[triangles] == side, axis=1)
    return np.asarray(np.take_along_axis(triangles, (first[:, None] + np.arange(3)) % 3, axis=1), np.int32)


def rims(triangles: Int32) -> list[Int32]:
    """Return the closed border lines of a mesh as vertices in order, the mesh to their left seen from outside."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]).astype(np.int64)
    size = int(triangles.max()) + 1
    lone = edges[~np.isin(edges[:, 0] * size + edges[:, 1], edges[:, 1] * size + edges[:, 0])]
    following = {int(start): int(end) for start, end in lone}
    loops = []
    while following:
        vertex, after = following.popitem()
        loop = [vertex]
        while after in following:
            loop.append(after)
            after = following.pop(after)
        loops.append(np.array(loop, np.int32))
    return loops


def sheet_triangles(rows: int, columns: int, *, around: bool = False) -> Int32:
    """Return the triangles of a grid of points in row order.

    They face outwards where columns run to the left (seen from outside) and rows run down, or right and up.

    Args:
        rows: how many.
        columns: how many in a row.
        around: the last column joins the first.
    """
    row, column = np.meshgrid(np.arange(rows - 1), np.arange(columns if around else columns - 1), indexing="ij")
    beside = (column + 1) % columns
    a, b = (row * columns + column).ravel(), (row * columns + beside).ravel()
    c, d = ((row + 1) * columns + beside).ravel(), ((row + 1) * columns + column).ravel()
    return np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)


def thick(points: Float32, triangles: Int32, thickness: float) -> tuple[Float32, Int32]:
    """Return (2n, 3) points and triangles of a closed body with a surface as its outside.

    Args:
        points: (n, 3).
        triangles: (m, 3).
        thickness: by how much the inside lies behind the surface.
    """
    points = np.ascontiguousarray(points, np.float32)
    inner = points - thickness * vertex_normals(points, triangles)
    count = len(points)
    sides = []
    for loop in rims(triangles):
        after = np.roll(loop, -1)
        sides.append(np.stack([after, loop, loop + count], 1))
        sides.append(np.stack([after, loop + count, after + count], 1))
    faces = np.concatenate([triangles, triangles[:, ::-1] + count, *sides])
    return np.concatenate([points, inner]).astype(np.float32), faces.astype(np.int32)


def roll(path: NDArray[np.floating], radius: ArrayLike, sides: int = 10) -> tuple[Float32, Int32]:
    """Return a closed roll about a closed line.

    Args:
        path: (n, 3) the line, counter-clockwise seen from above.
        radius: of the roll, one number or (n,), or (n, 2) radius across and along the vertical.
        sides: points around the roll.

    Returns:
        (n * sides, 3) points and their triangles.
    """
    along = np.roll(path, -1, 0) - np.roll(path, 1, 0)
    out = np.cross(along, (0.0, 1.0, 0.0))
    out /= np.linalg.norm(out, axis=1, keepdims=True) + 1e-9
    up = np.cross(out, along)
    up /= np.linalg.norm(up, axis=1, keepdims=True) + 1e-9
    size = np.asarray(radius, float)
    across, tall = np.broadcast_to(size.reshape(-1, 1) if size.ndim < 2 else size, (len(path), 2)).T
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    rings = (
        path[None]
        + (np.cos(angle)[:, None] * across)[:, :, None] * out[None]
        + (np.sin(angle)[:, None] * tall)[:, :, None] * up[None]
    )  # (sides, n, 3)
    triangles = sheet_triangles(sides + 1, len(path), around=True) % (sides * len(path))
    return rings.reshape(-1, 3).astype(np.float32), outward(rings.reshape(-1, 3), triangles)


def evenly(path: NDArray[np.floating], count: int, smooth: int = 0) -> NDArray[np.float64]:
    """Return (count, 3) points evenly along a closed line, smoothed over some neighbours."""
    closed = np.concatenate([path, path[:1]]).astype(np.float64)
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    at = np.linspace(0, length[-1], count, endpoint=False)
    even = np.stack([np.interp(at, length, closed[:, axis]) for axis in range(3)], 1)
    for _ in range(smooth):
        even = (np.roll(even, 1, 0) + 2 * even + np.roll(even, -1, 0)) / 4
    return even


def volume(points: NDArray[np.floating], triangles: Int32) -> float:
    """Return the volume of a closed mesh; negative where its triangles face inwards."""
    corners = points[triangles].astype(np.float64) - points.mean(0)
    return float(np.linalg.det(corners).sum() / 6)


def outward(points: NDArray[np.floating], triangles: Int32) -> Int32:
    """Return the triangles of a closed mesh so that they face outwards."""
    return np.ascontiguousarray(triangles if volume(points, triangles) > 0 else triangles[:, ::-1])


def ball(centre: ArrayLike, radius: float, rows: int = 10) -> tuple[Float32, Int32]:
    """Return the points and triangles of a sphere."""
    columns = 2 * rows
    down = np.linspace(0, np.pi, rows + 2)[1:-1, None]
    turn = np.linspace(0, 2 * np.pi, columns, endpoint=False)[None]
    rings = np.stack([np.sin(down) * np.sin(turn), np.cos(down) + 0 * turn, np.sin(down) * np.cos(turn)], 2)
    points = np.concatenate([rings.reshape(-1, 3), [(0.0, 1.0, 0.0), (0.0, -1.0, 0.0)]])
    faces = [sheet_triangles(rows, columns, around=True)]
    first = np.arange(columns)
    after, top = (first + 1) % columns, rows * columns
    faces.append(np.stack([after, first, np.full(columns, top)], 1))
    faces.append(np.stack([first + top - columns, after + top - columns, np.full(columns, top + 1)], 1))
    placed = np.asarray(centre) + radius * points
    return placed.astype(np.float32), outward(placed, np.concatenate(faces).astype(np.int32))


def joined(solids: list[Solid]) -> Solid:
    """Return one solid made of several; finish and what it follows are the first one's."""
    counts = np.cumsum([0, *(len(one.points) for one in solids)])
    return Solid(
        points=np.concatenate([one.points for one in solids]),
        triangles=np.concatenate([one.triangles + first for one, first in zip(solids, counts, strict=False)]).astype(
            np.int32
        ),
        colour=np.concatenate([one.colour for one in solids]).astype(np.float32),
        gloss=solids[0].gloss,
        opacity=solids[0].opacity,
        follows=solids[0].follows,
    )
