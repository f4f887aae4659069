"""What hides a part of a face: a hand that touches it, a microphone before the lips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actionunits.synth.complexion import base_colour
from actionunits.synth.meshes import Solid
from actionunits.synth.rig import Rig
from actionunits.synth.setting import Occluder
from actionunits.synth.surface import skin_triangles
from actionunits.synth.traits import Traits
from actionunits.synth.tubes import Mesh, Reach, capsule, join, mirror, reach_of, surface_of, tube

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

TOUCH = 0.012  # world units between hand and skin where they are nearest
_STEP = 0.024  # of the grid that a hand is modelled on
_LOW, _HIGH = (-0.66, -1.42, -0.80), (1.0, 1.24, 0.40)  # of that grid
_ARM = 5.0  # length of a sleeve or a boom: out of every picture

_KNUCKLES = np.array([(0.30, -0.02, 0.0), (0.10, 0.03, 0.03), (-0.105, 0.0, 0.025), (-0.285, -0.10, -0.01)])
_BONES = np.array([(0.43, 0.26, 0.20), (0.47, 0.30, 0.21), (0.43, 0.28, 0.20), (0.33, 0.20, 0.18)])
_RADII = 1.08 * np.array([(0.098, 0.088, 0.080, 0.066), (0.100, 0.090, 0.082, 0.067), (0.095, 0.085, 0.077, 0.063),
                   (0.082, 0.073, 0.067, 0.056)])  # fmt: skip
_FLESH_RED = np.array([1.03, 0.86, 0.84])


@dataclass(frozen=True, eq=False)
class _Finger:
    """Joints (4, 3) from knuckle to tip, radii (4,) there, and the way its back faces at the tip (3,)."""

    joints: Float64
    radii: Float64
    back: Float64


def hold_occluder(occluder: Occluder | None, traits: Traits, rig: Rig, neutral: Float32) -> tuple[Solid, ...]:
    """Return the things before a face: the hand and its sleeve, or the microphone; nothing without an occluder.

    Args:
        occluder: what and where.
        traits: whose face and hand it is.
        rig: the head.
        neutral: (B, 3) coarse neutral head.
    """
    if occluder is None:
        return ()
    front = reach_of(rig.fine(neutral), skin_triangles(rig), (0, 1, 2), (-1.3, 5.5), 2.6)
    random = np.random.default_rng(occluder.seed)
    if occluder.kind == "microphone":
        return _microphone(occluder, front, random)
    return _hand(occluder, traits, front, random)


def _solid(mesh: Mesh, colour: NDArray[np.floating], gloss: float) -> Solid:
    points, triangles = mesh
    return Solid(points, triangles, np.broadcast_to(colour, points.shape).astype(np.float32), gloss)


def _microphone(occluder: Occluder, front: Reach, random: np.random.Generator) -> tuple[Solid, ...]:
    radius = random.uniform(0.25, 0.31) * occluder.scale
    tall = random.uniform(1.0, 1.3)
    place = np.array(occluder.place)
    angle = np.radians(occluder.angle)
    away = np.array([np.sin(angle), -np.cos(angle), random.uniform(0.15, 0.6)])
    away /= np.linalg.norm(away)
    around = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    rim = np.stack([np.cos(around), np.sin(around)], 1)
    cover = np.concatenate([place + share * tall * radius * rim for share in (0, 0.5, 1)])
    middle = np.array([*place, front.at(cover).max() + tall * radius + random.uniform(0.12, 0.4)])
    foam = random.random() < 0.5
    turn = np.linspace(0.05, np.pi - 0.05, 26)
    path = middle - np.cos(turn)[:, None] * radius * tall * away
    wide = radius * np.sin(turn)
    side = (1.0, 0.0, 0.0) if abs(away[0]) < 0.8 else (0.0, 0.0, 1.0)
    ball = tube(path, wide, wide, side, around=36)
    grain = 1 + random.uniform(-0.12, 0.12, (len(ball[0]), 1))
    colour = random.uniform(0.008, 0.03) if foam else random.uniform(0.12, 0.4)
    if foam and random.random() < 0.2:
        head = _solid(ball, grain * random.uniform(0.02, 0.5, 3), 0.05)
    else:
        head = _solid(ball, grain * np.full(3, colour), 0.05 if foam else 0.55)
    neck, end = middle + 0.8 * radius * tall * away, middle + (radius * tall + 1.5 * occluder.scale) * away
    collar = middle + (radius * tall + 0.12) * away
    ring = tube(np.linspace(neck, collar, 4), radius * np.array([0.5, 0.56, 0.56, 0.5]), 0.52 * radius, side, around=28)
    grip = tube(
        np.linspace(collar, end, 8),
        np.linspace(0.46, 0.32, 8) * radius,
        np.linspace(0.46, 0.32, 8) * radius,
        side,
        around=28,
    )
    boom = capsule(end, end + _ARM * away, (0.06, 0.06), 16)
    return (
        head,
        _solid(ring, np.full(3, random.uniform(0.1, 0.5)), 0.7),
        _solid(join([grip, boom]), np.full(3, random.uniform(0.008, 0.04)), 0.4),
    )


def _hand(occluder: Occluder, traits: Traits, front: Reach, random: np.random.Generator) -> tuple[Solid, ...]:
    side = np.sign(occluder.angle or occluder.place[0] or 1.0)
    points_out = random.random() < 0.35
    fingers, thumb = _pose_fingers(random, points_out), _pose_thumb(random, points_out)
    points, triangles = surface_of(_hand_field(fingers, thumb), np.array(_LOW), _STEP)
    colour = _colour_hand(points, [*fingers, thumb], traits, random)
    lead = _lead(fingers[0 if points_out else 1], random)
    turn, away = _turn_hand(occluder, front, random)
    if side < 0:
        points, triangles = mirror((points, triangles), 0.0)
    flip = np.array([side, 1.0, 1.0])
    scale = occluder.scale * (0.9 + 0.08 * traits.male)
    placed = (points - lead * flip) * scale @ turn.T + np.array([*occluder.place, 0.0])
    cuff = (np.array([0.0, -1.08, 0.0]) - lead * flip) * scale @ turn.T + np.array([*occluder.place, 0.0])
    near = (np.abs(placed[:, :2] - (0.0, 6.8)) < 1.3).all(1)
    forward = (front.at(placed[near, :2]) - placed[near, 2]).max() + TOUCH
    lift = np.array([0.0, 0.0, forward])
    along = np.linspace(0, 1, 12)
    path = cuff + lift + (along * _ARM)[:, None] * away
    wide = scale * np.interp(along, [0, 0.03, 0.4, 1], [0.265, 0.29, 0.42, 0.55])
    sleeve = tube(path, wide, 0.88 * wide, (0.0, 0.0, 1.0), around=24)
    cloth = np.array(traits.clothes_rgb)
    return (
        _solid(((placed + lift).astype(np.float32), triangles), colour, 0.3),
        _solid(sleeve, cloth, 0.05),
    )


def _lead(finger: _Finger, random: np.random.Generator) -> Float64:
    """Return the point of a finger that lies on the occluder's place: from its tip to its middle."""
    share = random.uniform(0.0, 0.9)
    return np.asarray(finger.joints[3] + share * (finger.joints[1] - finger.joints[3]))


def _pose_fingers(random: np.random.Generator, points_out: bool) -> list[_Finger]:
    """Return index, middle, ring and little finger; with ``points_out`` only the index is stretched."""
    bend = random.uniform((6, 12, 6), (24, 34, 16))
    spread = random.uniform(0.0, 5.0)
    fingers = []
    for which in range(4):
        flex = bend + random.normal(0, 3, 3) + which * random.uniform(0, 2)
        if points_out and which:
            flex = np.array([62.0, 85.0, 50.0]) + random.normal(0, 4, 3)
        fan = np.radians(spread * (1.2 - which) + random.normal(0, 0.8))
        joints, angle = [_KNUCKLES[which]], 0.0
        for bone, turn in zip(_BONES[which], np.radians(flex), strict=True):
            angle += turn
            joints.append(
                joints[-1] + bone * np.array([np.sin(fan) * np.cos(angle), np.cos(fan) * np.cos(angle), -np.sin(angle)])
            )
        back = np.array([0.0, np.sin(angle), np.cos(angle)])
        fingers.append(_Finger(np.array(joints), _RADII[which], back))
    return fingers


def _pose_thumb(random: np.random.Generator, points_out: bool) -> _Finger:
    out = np.radians(random.uniform(8, 28) if points_out else random.uniform(14, 40))
    ahead = np.array([np.sin(out), np.cos(out), -0.12 if not points_out else -0.45])
    ahead /= np.linalg.norm(ahead)
    bent = ahead + np.array([-0.25, 0.1, -0.1])
    bent /= np.linalg.norm(bent)
    root = np.array([0.17, -0.78, -0.05])
    joints = [root, root + 0.44 * ahead + np.array([0.08, 0, -0.02])]
    joints += [joints[1] + 0.30 * ahead, joints[1] + 0.30 * ahead + 0.24 * bent]
    back = np.array([0.75, 0.0, 0.66])
    back -= bent * (back @ bent)
    return _Finger(np.array(joints), np.array([0.15, 0.115, 0.095, 0.078]), back / np.linalg.norm(back))


def _hand_field(fingers: list[_Finger], thumb: _Finger) -> Float32:
    """Return how far from the hand's surface each grid point lies, negative inside."""
    axes = [np.arange(low, high, _STEP, dtype=np.float32) for low, high in zip(_LOW, _HIGH, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1)
    wrist = np.array([0.0, -0.92, 0.0])
    palm = _cone(grid, wrist, np.array([0.0, -1.6, 0.0]), 0.19, 0.20)
    for which, finger in enumerate(fingers):
        start = wrist + np.array([0.12 - 0.08 * which, 0.06, -0.01])
        palm = _blend(palm, _cone(grid, start, finger.joints[0] - (0, 0.03, 0.02), 0.13, 0.105), 0.08)
    whole = _blend(palm, _chain(grid, thumb), 0.08)
    separate = np.full(whole.shape, np.inf, np.float32)
    for finger in fingers:
        separate = _blend(separate, _chain(grid, finger), 0.012)
    field = np.full(np.array(whole.shape), np.float32(_STEP))  # closed where the sleeve hides the grid's end
    field[1:-1, 1:-1, 1:-1] = _blend(whole, separate, 0.05)[1:-1, 1:-1, 1:-1]
    return field


def _chain(grid: Float32, finger: _Finger) -> Float32:
    field = np.full(grid.shape[:3], np.inf, np.float32)
    for bone in range(3):
        ends, radii = finger.joints[bone : bone + 2], finger.radii[bone : bone + 2]
        field = _blend(field, _cone(grid, ends[0], ends[1], float(radii[0]), float(radii[1])), 0.02)
    return field


def _cone(grid: Float32, start: Float64, end: Float64, first: float, last: float) -> Float32:
    """Return the distance to a bone whose radius goes from ``first`` to ``last``."""
    bone = (end - start).astype(np.float32)
    offset = grid - start.astype(np.float32)
    share = np.clip(offset @ bone / (bone @ bone), 0, 1)
    offset -= share[..., None] * bone
    return np.asarray(
        np.sqrt(np.einsum("ijkc,ijkc->ijk", offset, offset)) - (first + (last - first) * share), np.float32
    )


def _blend(one: Float32, other: Float32, width: float) -> Float32:
    """Return the union of two fields with a fillet of a width."""
    gap = np.maximum(width - np.abs(one - other), 0) if np.isfinite(one).all() else np.float32(0)
    return np.asarray(np.minimum(one, other) - gap * gap / np.float32(4 * width), np.float32)


def _colour_hand(
    points: Float32, fingers: list[_Finger], traits: Traits, random: np.random.Generator
) -> NDArray[np.float64]:
    """Return (n, 3): skin, redder over knuckles and tips, with lighter nails."""
    base = base_colour(traits) * random.uniform(0.92, 1.04)
    colour = np.tile(base, (len(points), 1))
    nail = base * 0.6 + np.array([0.30, 0.20, 0.18]) * (0.5 + base.mean())
    for finger in fingers:
        for joint, size in zip(finger.joints, (0.09, 0.06, 0.05, 0.09), strict=True):
            weight = 0.6 * np.exp(-0.5 * ((points - joint - 0.06 * finger.back) ** 2).sum(1) / size**2)
            colour *= 1 - weight[:, None] * (1 - _FLESH_RED)
        tip, ahead = finger.joints[3], finger.joints[3] - finger.joints[2]
        length = np.linalg.norm(ahead)
        away = points - tip
        along, up = away @ (ahead / length), away @ finger.back
        aside = np.linalg.norm(away - along[:, None] * ahead / length - up[:, None] * finger.back, axis=1)
        radius = finger.radii[3]
        inside = ((along + 0.1 * radius) / (0.95 * radius)) ** 4 + (aside / (0.78 * radius)) ** 4
        weight = np.clip(2.5 * (1 - inside), 0, 1) * (up > 0.2 * radius)
        colour += weight[:, None] * (nail - colour)
    return np.clip(colour, 0, 0.97)


def _turn_hand(occluder: Occluder, front: Reach, random: np.random.Generator) -> tuple[Float64, Float64]:
    """Return the hand's rotation (3, 3) and the way the arm leads away (3,)."""
    side = np.sign(occluder.angle or occluder.place[0] or 1.0)
    high = np.clip((occluder.place[1] - 6.9) / 0.6, 0, 1)
    lean = side * np.radians(max(abs(occluder.angle), 72 * high))
    tilt = np.radians(random.uniform(8, 24))
    flat = np.array([[np.cos(lean), -np.sin(lean), 0], [np.sin(lean), np.cos(lean), 0], [0, 0, 1]])
    nod = np.array([[1, 0, 0], [0, np.cos(tilt), np.sin(tilt)], [0, -np.sin(tilt), np.cos(tilt)]])
    spot = np.array(occluder.place)
    reach = front.at(np.clip(spot + np.array([(-0.2, 0), (0.2, 0)]), -1.3, 8.1))
    steep = np.arctan(np.clip((reach[0] - reach[1]) / 0.4, -1, 1)) * 0.7
    yaw = np.array([[np.cos(steep), 0, np.sin(steep)], [0, 1, 0], [-np.sin(steep), 0, np.cos(steep)]])
    away = np.array([np.sin(lean), -np.cos(lean), random.uniform(0.15, 0.4)])
    return yaw @ flat @ nod, away / np.linalg.norm(away)
