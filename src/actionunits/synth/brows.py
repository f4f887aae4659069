"""Eyebrows and eyelashes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from actionunits.synth.meshes import Strands
from actionunits.synth.rig import LASHES, Rig
from actionunits.synth.strands import Roots, Surface, colours, smoothstep, surface_of
from actionunits.synth.traits import Part, Rgb, Traits

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]

_LINE = np.array([(0.088, 7.432), (0.17, 7.462), (0.275, 7.488), (0.36, 7.468), (0.435, 7.410)])
_LINE_POINTS = 25
_HEIGHT, _SLANT, _DISTANCE, _ARCH = 0.045, 0.03, 0.035, 0.024  # chart units at trait value 1
_BROW_WIDTH, _LASH_WIDTH = 0.0055, 0.0055


def brow_line(traits: Traits) -> Float32:
    """Return the middle line of the person's left brow at rest.

    Args:
        traits: ``rest.brow_height``, ``brow_slant``, ``brow_distance`` and ``brow_arch`` move it; where the arch peaks
            and how far the tail reaches differs from person to person besides.

    Returns:
        (25, 2) chart u, v; the inner end first, evenly spaced. The right brow has -u.
    """
    random = traits.random(Part.BROWS)
    peak, tail, drop = random.uniform(0.5, 0.72), random.normal(0, 0.014), random.normal(0, 0.010)
    knots = np.linspace(0, 1, len(_LINE))
    along = np.linspace(0, 1, 101)
    u, v = CubicSpline(knots, _LINE)(along).T
    rest = traits.rest
    bump = np.exp(-(((along - peak) / 0.24) ** 2)) - 0.35
    v = v + rest.brow_height * _HEIGHT + rest.brow_slant * _SLANT * (1 - 2 * along) + traits.brow_arch * _ARCH * bump
    v = v + drop * along**3
    u = u + rest.brow_distance * _DISTANCE * (1 - along) ** 1.5 + tail * along**2
    walked = np.concatenate([[0], np.cumsum(np.hypot(np.diff(u), np.diff(v)))])
    even = np.linspace(0, walked[-1], _LINE_POINTS)
    return np.stack([np.interp(even, walked, u), np.interp(even, walked, v)], 1).astype(np.float32)


def grow_brows(rig: Rig, traits: Traits, neutral: NDArray[np.floating]) -> tuple[Strands, ...]:
    """Grow both brows: hairs that lie close to the skin, rising at the inner end and turning outwards along the line.

    Args:
        rig: the head.
        traits: thickness, density, age, hair colour, grey; the line of :func:`brow_line`.
        neutral: (B, 3) the subject's coarse points.

    Returns:
        One bundle: both brows, 4 points a hair, bound to the skin.
    """
    surface = surface_of(rig, neutral)
    random = traits.random(Part.BROWS)
    random.random(16)  # the first draws are the line's
    bushy = float(smoothstep(50, 75, traits.age)) * traits.male * random.uniform(0.2, 1)
    tidy = float(np.clip(1.15 - 0.5 * traits.brow_thickness, 0.15, 0.85)) * (1 - traits.male * 0.6)
    hairs = [_brow(surface, traits, side, bushy, tidy, random) for side in (1, -1)]
    points, bind, width, across = (np.concatenate(parts) for parts in zip(*hairs, strict=True))
    grey = np.full(len(points), 0.6 * traits.grey**1.5)  # brows turn grey later than the scalp
    shade = (0.72 + 0.28 * random.random(len(points)) * (1 - 0.4 * np.abs(across)))[:, None]
    return (
        Strands(
            points=points.astype(np.float32),
            bind=np.repeat(bind[:, None], 4, 1).astype(np.int32),
            width=width.astype(np.float32),
            colour=0.8 * colours(_brow_colour(traits), grey, random, spread=0.16, hairs=4),
            shade=(shade * np.linspace(0.85, 1, 4)).astype(np.float32),
        ),
    )


def _brow(
    surface: Surface, traits: Traits, side: int, bushy: float, tidy: float, random: np.random.Generator
) -> tuple[Float64, Int32, Float64, Float64]:
    """Return points (s, 4, 3), bind (s,), width (s, 4) and the place across the brow (s,), -1 to 1."""
    count = int(
        np.clip(310 * traits.brow_density * (0.45 + 0.55 * traits.brow_thickness) * (1 + 0.25 * bushy), 140, 480)
    )
    along = _spread_along(traits, count, random)
    across = np.clip(random.normal(0, 0.52, count), -1.15, 1.15)
    stray = random.random(count) < 0.05 + 0.05 * bushy - 0.04 * tidy
    across[stray] *= 1.3
    line = brow_line(traits).astype(np.float64)
    knots = np.linspace(0, 1, len(line))
    middle = np.stack([np.interp(along, knots, line[:, axis]) for axis in (0, 1)], 1)
    tangent = np.stack([np.interp(along, knots, np.gradient(line[:, axis])) for axis in (0, 1)], 1)
    half = (
        0.037
        * traits.brow_thickness
        * np.interp(along, [0, 0.08, 0.3, 0.62, 0.85, 1], [0.55, 0.9, 1.0, 0.8, 0.45, 0.18])
    )
    places = middle + np.stack([np.zeros(count), across * half + random.normal(0, 0.003)], 1)
    roots = surface.locate(places * (side, 1))
    slope = np.arctan2(tangent[:, 1], tangent[:, 0] * 1.3)  # one unit of u is about 1.3 long at the brows
    angle = (
        slope
        + _turn(along, across) * (1 + 0.25 * (1 - tidy) * random.normal(0, 1))
        + random.normal(0, 0.10 + 0.16 * (1 - tidy) + 0.25 * bushy, count)
    )
    length = np.interp(along, [0, 0.15, 0.5, 0.8, 1], [0.62, 0.85, 1.0, 0.85, 0.6]) * (
        0.062 + 0.016 * traits.brow_thickness
    )
    length *= np.exp(random.normal(0, 0.18, count)) * (1 + 0.35 * bushy * random.random(count))
    points = _lay(
        roots, angle, length, side, 0.007 + 0.020 * random.random(count) * (1 + bushy) * (1.2 - 0.5 * tidy), random
    )
    thick = _BROW_WIDTH * (0.85 + 0.3 * traits.brow_thickness) * np.exp(random.normal(0, 0.12, count))
    thick *= 0.75 + 0.25 * smoothstep(0, 0.15, along)
    return points, roots.vertex, thick[:, None] * np.array([1.0, 1.0, 0.8, 0.4]), across


def _spread_along(traits: Traits, count: int, random: np.random.Generator) -> Float64:
    """Return (count,) places along the brow: sparser at both ends, the tail thin in some people."""
    tail = 0.35 + 0.5 * float(random.random())
    knots = np.linspace(0, 1, 41)
    density = np.interp(knots, [0, 0.1, 0.3, 0.7, 1], [0.35, 0.85, 1.1, 0.95, tail])
    patches = np.interp(knots, np.linspace(0, 1, 9), random.normal(0, 0.14, 9))
    total = np.cumsum(np.maximum(density * (1 + patches * (1.4 - traits.brow_density)), 0.05))
    return np.asarray(np.interp((np.arange(count) + random.random(count)) / count * total[-1], total, knots))


def _turn(along: Float64, across: Float64) -> Float64:
    """Return the angle of each hair against the line, radians, towards the forehead."""
    inner = 1.25 - 0.35 * across
    body = 0.38 - 0.55 * across
    tail = 0.02 - 0.25 * across
    to_body, to_tail = smoothstep(0.02, 0.38, along), smoothstep(0.5, 0.95, along)
    return np.asarray(inner + (body - inner) * to_body + (tail - body) * to_tail)


def _lay(
    roots: Roots, angle: Float64, length: Float64, side: int, lift: Float64, random: np.random.Generator
) -> Float64:
    """Return (s, 4, 3) hairs that leave the skin at their root and lie along it, bending outwards to the tip."""
    bend = random.normal(-0.30, 0.15, len(angle))
    points = [roots.points - 0.003 * roots.normals]
    for share in (1 / 6, 0.5, 5 / 6):
        turned = angle + bend * share
        forward = np.cos(turned)[:, None] * side * roots.right + np.sin(turned)[:, None] * roots.up
        points.append(points[-1] + (length / 3)[:, None] * forward)
    rise = np.array([0.0, 0.55, 0.85, 1.0])
    return np.asarray(np.stack(points, 1) + lift[:, None, None] * rise[:, None] * roots.normals[:, None])


def _brow_colour(traits: Traits) -> Rgb:
    red, green, blue = (0.75 * value for value in traits.hair_rgb)
    return red, green, blue


def grow_lashes(rig: Rig, traits: Traits, neutral: NDArray[np.floating]) -> tuple[Strands, ...]:
    """Grow the lashes of all four lids along the rig's lash polygons, so that they follow every move of the lids.

    Args:
        rig: the head.
        traits: ``lashes``, ``makeup.mascara``, hair colour.
        neutral: (B, 3) the subject's coarse points.

    Returns:
        One bundle: upper lids then lower lids, 5 points a lash, each bound to the lash mesh.
    """
    fine = rig.fine(np.asarray(neutral, np.float32)).astype(np.float64)
    random = traits.random(Part.LASHES)
    mascara = traits.makeup.mascara
    bundles = []
    for grid in _lash_grids(rig):
        upper = bool(rig.base[grid[-1], 1].mean() > rig.base[grid[0], 1].mean())
        count = int((84 if upper else 54) * np.clip(0.55 + 0.45 * traits.lashes, 0.6, 1.1))
        length = (1.0 if upper else 0.75) * (0.72 + 0.30 * traits.lashes) * (1 + 0.12 * mascara)
        points, bind = _lashes(fine, grid, count, length, random)
        thick = _LASH_WIDTH * (0.8 + 0.25 * traits.lashes + 0.5 * mascara) * (1.0 if upper else 0.62)
        bundles.append((points, bind, np.tile(thick * np.array([1.0, 1.0, 0.85, 0.6, 0.3]), (count, 1))))
    points, bind, width = (np.concatenate(parts) for parts in zip(*bundles, strict=True))
    black = np.array([0.010, 0.008, 0.007])
    own = 0.5 * np.array(traits.hair_rgb) * (1 - 0.5 * traits.grey)
    rgb = tuple(float(value) for value in own * (1 - mascara) * 0.8 + black * (0.2 + 0.8 * mascara))
    return (
        Strands(
            points=points.astype(np.float32),
            bind=bind.astype(np.int32),
            width=width.astype(np.float32),
            colour=colours(
                (rgb[0], rgb[1], rgb[2]), np.full(len(points), 0.1 * traits.grey * (1 - mascara)), random, hairs=3
            ),
            shade=np.full(bind.shape, 0.9, np.float32),
        ),
    )


def _lashes(
    fine: Float64, grid: Int32, count: int, length: float, random: np.random.Generator
) -> tuple[Float64, Int32]:
    """Return lashes (count, 5, 3) between the columns of a lash grid (5, n) and the vertices they follow (count, 5)."""
    columns = grid.shape[1]
    column = (np.arange(count) + random.uniform(0.1, 0.9, count)) / count * (columns - 1)
    clump = np.round(column * 2) / 2  # tips lean together in little groups
    base = _across(fine[grid], column)
    lean = _across(
        fine[grid], np.clip(column + 0.45 * (clump - column) + random.normal(0, 0.12, count), 0, columns - 1)
    )
    share = np.linspace(0, 1, len(grid))[:, None]
    path = base + (lean - base) * share
    size = length * np.exp(random.normal(0, 0.13, count)) * (0.72 + 0.28 * np.sin(np.pi * column / (columns - 1)))
    points = path[:, :1] + (path - path[:, :1]) * size[:, None, None]
    return points, grid[:, np.round(column).astype(int)].T


def _across(rows: Float64, column: Float64) -> Float64:
    """Return (s, 5, 3): the curve at each fractional column of (5, n, 3) rows."""
    low = np.minimum(column.astype(int), rows.shape[1] - 2)
    part = (column - low)[:, None, None]
    return np.asarray(rows[:, low].swapaxes(0, 1) * (1 - part) + rows[:, low + 1].swapaxes(0, 1) * part)


def _lash_grids(rig: Rig) -> list[Int32]:
    """Return the four lash strips as (5, n) vertices, the lid's edge first, columns along the lid."""
    quads = rig.quads[rig.quad_part == LASHES]
    left = {int(vertex) for vertex in quads.ravel()}
    grids = []
    while left:
        strip = quads[np.isin(quads, list(left)).all(1)]
        strip = strip[_connected(strip)]
        left -= {int(vertex) for vertex in strip.ravel()}
        grids.append(_as_grid(rig, strip))
    return sorted(grids, key=lambda grid: float(rig.base[grid[0], 1].mean() - rig.base[grid[-1], 1].mean()))


def _connected(quads: Int32) -> NDArray[np.bool_]:
    """Return which quads hang together with the first."""
    vertices = set(quads[0].tolist())
    inside = np.zeros(len(quads), bool)
    while True:
        touching = np.asarray(np.isin(quads, list(vertices)).any(1), bool)
        if (touching == inside).all():
            return inside
        inside = touching
        vertices = set(quads[inside].ravel().tolist())


def _as_grid(rig: Rig, quads: Int32) -> Int32:
    """Lay out a strip of quads as a grid by the steps from two neighbouring corners."""
    vertices, uses = np.unique(quads, return_counts=True)
    corners = vertices[uses == 1]
    steps = {int(corner): _steps(quads, vertices, int(corner)) for corner in corners}
    first = int(corners[0])
    order = np.argsort(steps[first][np.searchsorted(vertices, corners)])
    second = int(corners[order[1]])  # the corner at the other end of a short side
    rows = int(steps[first][np.searchsorted(vertices, second)])
    row = (steps[first] - steps[second] + rows) // 2
    column = (steps[first] + steps[second] - rows) // 2
    grid = np.zeros((rows + 1, int(column.max()) + 1), np.int32)
    grid[row, column] = vertices
    centre = rig.eyeball(rig.base, 0 if rig.base[vertices, 0].mean() > 0 else 1).mean(0)
    reach = np.linalg.norm(rig.base[grid[[0, -1]]] - centre, axis=-1).mean(1)
    return grid if reach[0] < reach[1] else grid[::-1].copy()


def _steps(quads: Int32, vertices: Int32, start: int) -> NDArray[np.int64]:
    """Return how many edges lie between the start and each of the vertices."""
    sides = np.searchsorted(vertices, np.stack([quads, np.roll(quads, -1, 1)], -1).reshape(-1, 2))
    steps = np.full(len(vertices), len(vertices), np.int64)
    steps[np.searchsorted(vertices, start)] = 0
    while True:
        before = steps.copy()
        for one, other in (sides.T, sides.T[::-1]):
            np.minimum.at(steps, one, before[other] + 1)
        if (steps == before).all():
            return steps
