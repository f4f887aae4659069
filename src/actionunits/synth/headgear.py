"""What subjects wear on the head: a baseball cap, a beanie, a headscarf."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, maximum_filter
from scipy.spatial import cKDTree

from actionunits.synth.landmarks import landmark_vertices
from actionunits.synth.meshes import Solid
from actionunits.synth.rig import SKIN, Rig
from actionunits.synth.solids import ball, cut, evenly, joined, outward, rims, roll, sheet_triangles, thick
from actionunits.synth.traits import Part, Traits

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]

RIM_AROUND, RIM_HEIGHT = (0.0, 0.9, 1.3, 2.0, 3.2), (7.71, 7.56, 7.42, 7.16, 7.01)
"""Where the rim of a cap runs: y at angles around the head, a little below where hair is pressed flat."""

ABOVE_BROWS = 0.17  # world units between brows and rim
_COLOURS = (
    (0.02, 0.025, 0.05), (0.015, 0.015, 0.015), (0.30, 0.02, 0.025), (0.05, 0.12, 0.30), (0.45, 0.44, 0.42),
    (0.10, 0.14, 0.06), (0.32, 0.22, 0.12), (0.20, 0.20, 0.21), (0.42, 0.25, 0.30), (0.04, 0.16, 0.15),
)  # fmt: skip
_COLUMNS = 120
_CENTRE = np.array([0.0, 7.1, 0.15], np.float32)
_FULL = ("medium", "bob", "long", "curly", "tied")
_FULL_HAIR = np.float32(0.05)  # how much further off the scalp a cap lies over these
_EQUATOR = 7.25  # y above which a hood closes over the head like a dome


def cover_head(rig: Rig, traits: Traits, neutral: Float32) -> tuple[Solid, ...]:
    """Put on the headgear of the traits.

    Args:
        rig: the head.
        traits: who wears it.
        neutral: (B, 3) coarse neutral head.
    """
    if traits.cap == "none":
        return ()
    random = np.random.default_rng(traits.random(Part.WEARING).integers(2**32) + 1)
    points = rig.fine(neutral)
    colours = np.array(_COLOURS)[random.permutation(len(_COLOURS))[:2]] * random.uniform(0.8, 1.25, (2, 1))
    if traits.cap == "scarf":
        return (_scarf(rig, traits, points, colours[0]),)
    scalp = points[(rig.vertex_part == SKIN) & (rig.masks["ears"] < 0.05) & (rig.chart[:, 1] > 6.75)]
    brows = points[landmark_vertices(rig, traits)[17:27], 1].max()
    lift = float(np.clip(brows + ABOVE_BROWS - RIM_HEIGHT[0], 0, 0.3))
    scalp = (
        scalp
        + _FULL_HAIR * (traits.hair in _FULL) * (scalp - _CENTRE) / np.linalg.norm(scalp - _CENTRE, axis=1)[:, None]
    )
    if traits.cap == "baseball":
        return (_baseball(scalp, lift, colours, random),)
    return (_beanie(scalp, lift, colours, random),)


def rim_height(around: NDArray[np.floating], lift: float = 0.0) -> Float64:
    """Return y of the rim at angles around the head, radians; ``lift`` raises it at the forehead."""
    away = np.abs((np.asarray(around) + np.pi) % (2 * np.pi) - np.pi)
    return np.asarray(np.interp(away, RIM_AROUND, RIM_HEIGHT) + lift * np.clip(1 - away / 1.5, 0, 1), np.float64)


def _turns() -> Float64:
    return np.linspace(-np.pi, np.pi, _COLUMNS, endpoint=False)


def _dome(scalp: Float32, bottom: Float64, rows: int) -> tuple[Float64, Float64]:
    """Return (rows, columns, 3) points on a smooth head from the crown to a rim, and their unit directions outwards.

    Args:
        scalp: (n, 3).
        bottom: (columns,) y of the rim.
        rows: how many.
    """
    offset = scalp - _CENTRE
    radius = np.linalg.norm(offset, axis=1)
    turn = np.arctan2(offset[:, 0], offset[:, 2])
    up = np.arcsin(np.clip(offset[:, 1] / radius, -1, 1))
    grid_turn, grid_up = np.meshgrid(_turns(), np.linspace(np.pi / 2, -0.35, 48))
    unit = _direction(grid_turn, grid_up)
    apart, nearest = cKDTree(_direction(turn, up)).query(unit, k=24)
    weight = np.exp(-(apart**2) / 0.008)
    size = (weight * radius[nearest]).sum(-1) / weight.sum(-1)
    size = gaussian_filter(size, (1.5, 2.5), mode=("nearest", "wrap"))
    low = np.zeros(_COLUMNS)
    for _ in range(12):
        low = np.arcsin(np.clip((bottom - _CENTRE[1]) / _at(size, low[None])[0], -0.34, 0.95))
    share = np.linspace(0, 1, rows)[:, None]
    ups = np.pi / 2 * (1 - share) + low * share
    reach = _at(size, ups)
    direction = _direction(np.broadcast_to(_turns(), ups.shape), ups)
    return _CENTRE + reach[..., None] * direction, direction


def _at(size: Float64, ups: Float64) -> Float64:
    """Return the head's radius, (rows, columns), at angles above the horizon."""
    cell = np.clip((np.pi / 2 - ups) / (np.pi / 2 + 0.35) * (len(size) - 1), 0, len(size) - 1.001)
    floor = cell.astype(int)
    column = np.broadcast_to(np.arange(_COLUMNS), cell.shape)
    return np.asarray(size[floor, column] * (1 - cell + floor) + size[floor + 1, column] * (cell - floor), np.float64)


def _direction(turn: NDArray[np.floating], up: NDArray[np.floating]) -> Float64:
    return np.stack([np.cos(up) * np.sin(turn), np.sin(up), np.cos(up) * np.cos(turn)], -1).astype(np.float64)


def _closed(grid: Float64, colour: NDArray[np.floating], thickness: float = 0.03) -> Solid:
    """Return a solid whose outside is a grid that runs around the head, crown first."""
    flat = grid.reshape(-1, 3).astype(np.float32)
    triangles = sheet_triangles(len(grid), grid.shape[1], around=True)
    points, faces = thick(flat, _facing(flat, triangles), thickness)
    return _solid(points, faces, np.broadcast_to(colour, grid.shape).reshape(-1, 3))


def _facing(points: Float32, triangles: Int32) -> Int32:
    """Return triangles turned so that they face away from the points' middle."""
    corners = points[triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    away = float((normal * (corners.mean(1) - points.mean(0))).sum())
    return triangles if away > 0 else np.ascontiguousarray(triangles[:, ::-1])


def _solid(points: Float32, triangles: Int32, colour: NDArray[np.floating]) -> Solid:
    """Return cloth; colours of one side serve both."""
    both = np.concatenate([colour, colour])[: len(points)] if len(colour) < len(points) else colour
    return Solid(points, outward(points, triangles), np.clip(both, 0.005, 0.8).astype(np.float32), gloss=0.04)


def _baseball(scalp: Float32, lift: float, colours: Float64, random: np.random.Generator) -> Solid:
    """Return a cap of six panels with a brim."""
    rows = 22
    grid, direction = _dome(scalp, rim_height(_turns(), lift), rows)
    share = np.linspace(0, 1, rows)[:, None]
    front = np.clip(np.cos(_turns()), 0, 1)[None]
    grid = grid + (0.075 + 0.05 * front * np.sin(np.pi * share) ** 2)[..., None] * direction
    colour = np.broadcast_to(colours[0], grid.shape).copy()
    colour[:, :: _COLUMNS // 6] *= 0.72
    button, button_faces = ball(grid[0, 0] + (0, 0.005, 0), 0.035, 6)
    plate = _brim(grid[-1], lift, colours[1] if random.random() < 0.35 else colours[0])
    return joined([_closed(grid, colour), _solid(button, button_faces, np.tile(colours[0], (len(button), 1))), plate])


def _brim(rim: Float64, lift: float, colour: Float64) -> Solid:
    """Return the plate that starts at the front of a rim of (columns, 3) points and ends before the forehead."""
    half = 0.95
    turn = np.linspace(-half, half, 41)
    base = np.stack([np.interp(turn, _turns(), rim[:, axis]) for axis in range(3)], 1)
    reach = 0.72 * (1 - np.abs(turn / half) ** 3) + 0.01
    out = np.linspace(-0.04, 1, 10)[:, None]
    side = (base[:, 0] / np.abs(base[:, 0]).max()) ** 2
    x = base[:, 0] * (1 - 0.12 * out.clip(0) ** 2)
    y = base[:, 1] + 0.02 + (0.03 + 0.06 * (1 - side)) * out.clip(0) * (1.3 - 0.6 * out)
    z = base[:, 2] + reach * out
    flat = np.stack([x, y, z], 2).reshape(-1, 3).astype(np.float32)
    triangles = sheet_triangles(len(out), len(turn))
    points, faces = thick(flat, triangles, 0.025)
    return _solid(points, faces, np.tile(colour, (len(flat), 1)))


def _beanie(scalp: Float32, lift: float, colours: Float64, random: np.random.Generator) -> Solid:
    """Return a knitted cap with a turned-up cuff, some with a bobble."""
    rows = 30
    grid, direction = _dome(scalp, rim_height(_turns(), lift), rows)
    share = np.linspace(0, 1, rows)[:, None]
    cuff = 1 / (1 + np.exp(-(share - 0.72) * 70))
    rib = 0.006 * np.cos(_turns() * _COLUMNS / 4)[None]
    slouch = random.uniform(0.02, 0.2) * (1 - share) ** 1.5
    grid = grid + (0.075 + 0.045 * cuff + rib)[..., None] * direction + slouch[..., None] * (0, 1, -0.35)
    second = colours[1] if random.random() < 0.4 else 0.9 * colours[0]
    colour = colours[0] * (1 - cuff[..., None]) + second * cuff[..., None]
    shaded = colour * (1 + 14 * rib[..., None])
    pieces = [_closed(grid, shaded, 0.04)]
    if random.random() < 0.3:
        points, faces = ball(grid[0, 0] + (0, 0.1, 0), 0.17, 12)
        woolly = (points + random.normal(0, 0.008, points.shape)).astype(np.float32)
        pieces.append(_solid(woolly, faces, np.tile(second, (len(points), 1))))
    return joined(pieces)


def _scarf(rig: Rig, traits: Traits, points: Float32, colour: Float64) -> Solid:
    """Return a headscarf that leaves the face open."""
    chin = float(points[landmark_vertices(rig, traits)[8], 1])
    skin = points[(rig.vertex_part == SKIN) & (rig.chart[:, 1] > 5.5) & (rig.masks["inside-mouth"] < 0.1)]
    grid = _hood(skin, chin)
    flat = grid.reshape(-1, 3).astype(np.float32)
    triangles = _facing(flat, sheet_triangles(len(grid), _COLUMNS, around=True))
    middle, tall = (7.78 + chin - 0.05) / 2, (7.78 - chin + 0.05) / 2
    turn = np.arctan2(flat[:, 0], flat[:, 2] - 0.2)
    level = np.hypot(turn / 1.0, (flat[:, 1] - middle) / tall) - 1
    field = np.where(flat[:, 2] > 0.2, level, 1.0)
    near = np.clip(1 - field / np.interp(flat[:, 1], (7.2, 7.5), (0.28, 0.45)), 0, 1)[:, None]  # ears stay covered
    on_skin = skin[cKDTree(skin).query(flat)[1]]
    away = flat - (0.0, 7.0, 0.2)
    snug = on_skin + 0.055 * away / np.linalg.norm(away, axis=1, keepdims=True)
    draped = (flat * (1 - near) + snug * near).astype(np.float32)
    cloth, faces, old = cut(draped, triangles, field)
    body, body_faces = thick(cloth, faces, 0.03)
    pieces = [_solid(body, body_faces, np.tile(colour, (len(cloth), 1)))]
    openings = [loop for loop in rims(faces) if (loop >= old).mean() > 0.5]
    edge = evenly(cloth[max(openings, key=len)], 90, smooth=2)
    hem, hem_faces = roll(edge, 0.02, 8)
    pieces.append(_solid(hem, hem_faces, np.tile(0.9 * colour, (len(hem), 1))))
    return joined(pieces)


def _hood(skin: Float32, chin: float) -> Float64:
    """Return (rows, columns, 3) points of cloth about head and neck, crown first."""
    turns = _turns()
    heights = np.linspace(_EQUATOR, 5.35, 40)
    where = np.arctan2(skin[:, 0], skin[:, 2] - 0.15)
    reach = np.hypot(skin[:, 0], skin[:, 2] - 0.15)
    tube = np.zeros((len(heights), _COLUMNS))
    column = np.round((where + np.pi) / (2 * np.pi) * _COLUMNS).astype(int) % _COLUMNS
    row = np.round((_EQUATOR - skin[:, 1]) / (heights[0] - heights[1])).astype(int)
    inside = (row >= 0) & (row < len(heights))
    np.maximum.at(tube, (row[inside], column[inside]), np.minimum(reach[inside], 0.95))
    tube = maximum_filter(tube, (4, 5), mode=("nearest", "wrap"))
    tube = gaussian_filter(tube, (2.5, 3.0), mode=("nearest", "wrap")) + 0.05
    below = np.clip((chin - heights) / 0.5, 0, 1)[:, None]
    folds = 0.018 * np.sin(heights[:, None] * 16 + 1.5 * np.cos(turns)[None]) * below
    tube = np.maximum(tube, 0.60 * below) + folds
    lower = np.stack(
        [tube * np.sin(turns), np.broadcast_to(heights[:, None], tube.shape), 0.15 + tube * np.cos(turns)], 2
    )
    top = skin[skin[:, 1] > _EQUATOR - 0.3]
    upper, direction = _dome(top, np.full(_COLUMNS, _EQUATOR + 0.02), 26)
    upper = upper + 0.06 * direction
    blend = np.linspace(0, 1, len(upper))[:, None] ** 4
    upper[..., 0] += blend * (lower[0, :, 0] - upper[-1, :, 0])
    upper[..., 2] += blend * (lower[0, :, 2] - upper[-1, :, 2])
    return np.concatenate([upper, lower[1:]])
