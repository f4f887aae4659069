"""Glasses: a frame that sits on the subject's nose and ears, and its lenses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actionunits.synth.meshes import Solid
from actionunits.synth.rig import Rig
from actionunits.synth.surface import skin_triangles
from actionunits.synth.traits import Glasses, Part, Rgb, Traits
from actionunits.synth.tubes import Mesh, Reach, dome, evenly, join, mirror, reach_of, tube

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

CLEARANCE = 0.05  # world units between a frame's middle line and the skin
OUTLINE = 56  # points of a rim
_BULGE = 0.03  # of a lens, world units
_WRAP = 0.22  # how fast the front bends back, per world unit squared

_PLASTICS: tuple[Rgb, ...] = (
    (0.012, 0.012, 0.013), (0.014, 0.013, 0.012), (0.05, 0.022, 0.01), (0.11, 0.05, 0.02), (0.20, 0.01, 0.015),
    (0.01, 0.025, 0.12), (0.12, 0.12, 0.13), (0.45, 0.33, 0.26),
)  # fmt: skip
_METALS: tuple[Rgb, ...] = (
    (0.62, 0.44, 0.20), (0.60, 0.60, 0.60), (0.02, 0.02, 0.022), (0.18, 0.18, 0.19), (0.60, 0.36, 0.28),
)  # fmt: skip
_TINTS: tuple[Rgb, ...] = ((0.008, 0.008, 0.01), (0.022, 0.011, 0.006), (0.008, 0.014, 0.009))


@dataclass(frozen=True, slots=True)
class _Outline:
    """A shape of lens: half width and height, how square, narrower below, raised outer corner."""

    wide: float
    high: float
    corners: float
    taper: float
    lift: float


_OUTLINES: dict[str, _Outline] = {
    "round": _Outline(0.225, 0.215, 2.0, 0.0, 0.0),
    "panto": _Outline(0.240, 0.210, 2.5, 0.10, 0.0),
    "rectangular": _Outline(0.265, 0.165, 4.5, 0.04, 0.0),
    "aviator": _Outline(0.275, 0.245, 2.7, 0.16, 0.0),
    "cat-eye": _Outline(0.260, 0.180, 2.8, 0.08, 0.055),
    "wayfarer": _Outline(0.265, 0.200, 3.2, 0.11, 0.015),
}
_CHOICES: dict[Glasses, tuple[str, ...]] = {
    "thin": ("round", "panto", "rectangular", "aviator"),
    "full": ("round", "panto", "rectangular", "cat-eye", "wayfarer", "wayfarer"),
    "rimless": ("rectangular", "panto"),
    "sun": ("aviator", "wayfarer", "cat-eye", "round"),
}


@dataclass(frozen=True, slots=True)
class _Design:
    """One pair of glasses: shape, frame half width and depth, colours, lenses."""

    outline: _Outline
    metal: bool
    across: float
    deep: float
    colour: Rgb
    lens: Rgb
    opacity: float
    shine: float


@dataclass(frozen=True, eq=False)
class _Seat:
    """Where the glasses sit: middle x of the face, (2,) left lens centre, height of the ears, the skin's reaches."""

    middle: float
    centre: Float64
    ear: Float64
    front: Reach
    side: Reach


def put_on_glasses(rig: Rig, traits: Traits, neutral: Float32) -> tuple[Solid, ...]:
    """Return the subject's glasses: the frame, then the left and the right lens; nothing if none are worn.

    Args:
        rig: the head.
        traits: who wears them.
        neutral: (B, 3) coarse neutral head.
    """
    if traits.glasses == "none":
        return ()
    design = _draw_design(traits)
    seat = _find_seat(rig, neutral)
    rim = _rim(design, seat)
    lens = dome(rim, _BULGE)
    half = [_temple(design, seat, rim)]
    if traits.glasses != "rimless":
        half.append(tube(rim, design.across, design.deep, (0, 0, 1), closed=True, corners=2.0 if design.metal else 3.2))
    if design.metal:
        half.append(_pad(seat, rim))
    frame = join([_bridge(design, seat, rim), *_both(half, seat)])
    solids = [_solid(frame, design.colour, 0.75 if design.metal else 0.6, 1.0)]
    solids += [_solid(mesh, design.lens, design.shine, design.opacity) for mesh in _both([lens], seat)]
    if traits.glasses == "rimless":
        edge = tube(rim, 0.006, 0.009, (0, 0, 1), closed=True, around=6)
        solids += [_solid(mesh, (0.35, 0.38, 0.38), 0.8, 0.4) for mesh in _both([edge], seat)]
    return tuple(solids)


def _both(meshes: list[Mesh], seat: _Seat) -> list[Mesh]:
    return [*meshes, *(mirror(mesh, seat.middle) for mesh in meshes)]


def _solid(mesh: Mesh, colour: Rgb, gloss: float, opacity: float) -> Solid:
    points, triangles = mesh
    return Solid(points, triangles, np.tile(np.array(colour, np.float32), (len(points), 1)), gloss, opacity)


def _draw_design(traits: Traits) -> _Design:
    random = traits.random(Part.WEARING)
    shapes = _CHOICES[traits.glasses]
    outline = _OUTLINES[shapes[int(random.integers(len(shapes)))]]
    size = random.uniform(0.95, 1.07) * (1.06 if traits.glasses == "sun" else 1.0)
    outline = _Outline(outline.wide * size, outline.high * size, outline.corners, outline.taper, outline.lift)
    metal = traits.glasses in ("thin", "rimless") or (traits.glasses == "sun" and outline.taper > 0.15)
    colours = _METALS if metal else _PLASTICS
    colour = np.array(colours[int(random.integers(len(colours)))]) * random.uniform(0.8, 1.2)
    across = random.uniform(0.010, 0.014) if metal else random.uniform(0.022, 0.036)
    sun = traits.glasses == "sun"
    lens = _TINTS[int(random.integers(len(_TINTS)))] if sun else (0.20, 0.22, 0.23)
    opacity = random.uniform(0.8, 0.93) if sun else random.uniform(0.05, 0.12)
    shine = 0.9 if sun else random.uniform(0.15, 0.9)  # most lenses are coated
    rgb = (float(colour[0]), float(colour[1]), float(colour[2]))
    return _Design(outline, metal, float(across), 0.011 if metal else 0.026, rgb, lens, float(opacity), float(shine))


def _find_seat(rig: Rig, neutral: Float32) -> _Seat:
    fine = rig.fine(neutral)
    skin = skin_triangles(rig)
    left, right = rig.eyeball(neutral, 0).mean(0), rig.eyeball(neutral, 1).mean(0)
    middle = float(left[0] + right[0]) / 2
    centre = np.array([middle + (left[0] - right[0]) / 2 + 0.03, (left[1] + right[1]) / 2 - 0.03])
    head = skin[rig.masks["ears"][skin].max(1) < 0.2]
    ears = fine[rig.masks["ears"] > 0.5]
    top = ears[ears[:, 1] > ears[:, 1].max() - 0.04].mean(0)
    both = fine * np.array([-1, 1, 1], np.float32) + np.array([2 * middle, 0, 0], np.float32)
    sides = [reach_of(points, head, (2, 1, 0), (-0.4, 6.5), 2.2) for points in (fine, both)]
    fronts = [reach_of(points, skin, (0, 1, 2), (-1.1, 6.2), 2.2) for points in (fine, both)]
    return _Seat(middle, centre, np.array([ears[:, 1].max(), top[2]]), _widest(fronts), _widest(sides))


def _widest(reaches: list[Reach]) -> Reach:
    first, second = reaches
    return Reach(first.low, first.step, np.maximum(first.height, second.height))


def _rim(design: _Design, seat: _Seat) -> Float64:
    """Return (OUTLINE, 3) the middle line of the left rim, counter-clockwise from the front."""
    shape = design.outline
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    round_ = np.stack([np.cos(angle), np.sin(angle)], 1)
    unit = np.sign(round_) * np.abs(round_) ** (2 / shape.corners)
    across = unit[:, 0] * (1 + shape.taper * unit[:, 1])
    up = unit[:, 1] + shape.lift / shape.high * np.clip(across, 0, None) ** 2 * np.clip(unit[:, 1] + 0.4, 0, None)
    flat = seat.centre + np.stack([shape.wide * across, shape.high * up], 1)
    flat = evenly(flat, OUTLINE, closed=True)
    room = CLEARANCE + design.deep
    bent = _WRAP * (flat[:, 0] - seat.middle) ** 2
    nose = (flat[:, 0] < seat.middle + 0.20) & (flat[:, 1] < seat.centre[1] + 0.05)
    behind = seat.front.at(flat) + bent
    lens = seat.centre + (flat[:, None] - seat.centre).reshape(-1, 1, 2) * np.linspace(0.3, 1, 6)[:, None]
    inner = lens[~nose].reshape(-1, 2)
    plane = max(float(behind[~nose].max()), float(seat.front.at(inner).max())) + room
    flat = _clear_nose(flat, plane - bent - room, seat)
    depth = plane - _WRAP * (flat[:, 0] - seat.middle) ** 2
    return np.column_stack([flat, depth])


def _clear_nose(flat: Float64, limit: Float64, seat: _Seat) -> Float64:
    """Move the inner points of an outline outwards until the skin behind them is below the limit."""
    shift = np.zeros(len(flat))
    inner = flat[:, 0] < seat.centre[0]
    for _ in range(30):
        moved = flat + np.column_stack([shift, 0 * shift])
        shift += 0.008 * (inner & (seat.front.at(moved) > limit))
    smooth = np.maximum.reduce([np.roll(shift, k) for k in (-1, 0, 1)])
    for _ in range(4):
        smooth = np.maximum(shift, (np.roll(smooth, 1) + 2 * smooth + np.roll(smooth, -1)) / 4)
    return np.asarray(flat + np.column_stack([smooth, 0 * smooth]))


def _bridge(design: _Design, seat: _Seat, rim: Float64) -> Mesh:
    """Return the arch over the nose, from rim to rim."""
    height = seat.centre[1] + (0.45 if design.metal else 0.38) * design.outline.high
    inner = rim[rim[:, 0] < seat.centre[0]]
    start = inner[np.abs(inner[:, 1] - height).argmin()]
    half = start[0] - seat.middle + 0.004
    share = np.linspace(-1, 1, 17)
    path = np.column_stack([seat.middle + half * share, start[1] + 0.035 * (1 - share**2), np.full(17, start[2])])
    need = seat.front.at(path[:, :2]).max() + 0.03 + design.deep
    path[:, 2] += max(need - start[2], 0.01) * (1 - share**4)
    wide = 0.013 if design.metal else 0.9 * design.across
    return tube(path, wide, design.deep, (0, 0, 1), corners=2.0 if design.metal else 3.0)


def _temple(design: _Design, seat: _Seat, rim: Float64) -> Mesh:
    """Return the left side piece: from the rim's outer corner back over the ear."""
    upper = rim[rim[:, 1] > seat.centre[1] + 0.3 * design.outline.high]
    hinge = upper[upper[:, 0].argmax()]
    room = CLEARANCE - 0.015 + design.deep / 2
    start = hinge + np.array([0.02, 0, -0.02])
    end_y, end_z = seat.ear[0] + 0.02, seat.ear[1] - 0.08
    along = np.linspace(0, 1, 24)
    height, depth = start[1] + (end_y - start[1]) * along, start[2] + (end_z - start[2]) * along
    need = seat.side.at(np.column_stack([depth, height])) + room
    start[0] = max(start[0], float(need[0]))
    slope = float(((need[1:] - start[0]) / along[1:]).max())
    side = start[0] + max(slope, 0.0) * along
    drop = np.linspace(0, 1, 8)[1:]
    tip = np.column_stack([np.full(7, side[-1]) - 0.03 * drop, end_y - 0.22 * drop**2, end_z - 0.22 * drop])
    path = np.concatenate([[hinge], np.column_stack([side, height, depth]), tip])
    path = evenly(path, 40)
    bar = 0.016 if design.metal else design.across * 1.15
    return tube(path, bar, 0.010 if design.metal else 0.016, (1, 0, 0), corners=3.0)


def _pad(seat: _Seat, rim: Float64) -> Mesh:
    """Return the left nose pad of a metal frame, beside the nose behind the rim."""
    inner = rim[(rim[:, 0] < seat.centre[0]) & (rim[:, 1] < seat.centre[1])]
    place = inner[inner[:, 0].argmin()]
    return tube(np.stack([place, place - [0.02, 0.0, 0.035]]), 0.006, 0.006, (0, 1, 0), around=6)
