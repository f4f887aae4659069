"""Eyeballs: a sphere that turns with the gaze, and the picture of iris and white that lies on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from actionunits.faces.face import Pose
from actionunits.synth.camera import rotation_of
from actionunits.synth.rig import Rig
from actionunits.synth.traits import Part, Traits

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]

IRIS = 0.47  # radians from the eye's axis to the rim of the iris
OUTMOST = 1.5  # radians from the axis to the last row of the texture
ROWS, COLUMNS = 160, 256  # texture: from the axis outwards, around the axis
_RINGS, _SPOKES = 30, 44
_WHITE = np.array([0.60, 0.545, 0.51], np.float32)
_YELLOWED = np.array([0.57, 0.49, 0.36], np.float32)
_VEIN = np.array([0.48, 0.20, 0.16], np.float32)


@dataclass(frozen=True, eq=False)
class EyeLook:
    """What both eyes of a subject look like.

    Attributes:
        texture: (ROWS, COLUMNS, 3) linear albedo; rows go from the eye's axis to :data:`OUTMOST` radians off it,
            columns once around it, from the person's left over the top.
        radius: world units of the left and the right ball of the neutral head.
    """

    texture: Float32
    radius: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Eyeballs:
    """Both eyeballs of one moment, unposed.

    Attributes:
        points: (n, 3), world.
        normals: (n, 3) unit normals.
        inner: (n, 3) unit vectors in the eye's own axes: z along the gaze.
        triangles: (m, 3).
    """

    points: Float32
    normals: Float32
    inner: Float32
    triangles: Int32


def look_of_eyes(rig: Rig, traits: Traits, neutral: Float32) -> EyeLook:
    """Paint the eyes of a subject.

    Args:
        rig: the head.
        traits: iris, pupil and sclera count.
        neutral: (B, 3) the subject's neutral head, which gives the size of the balls.
    """
    left, right = (_ball(rig.eyeball(neutral, side))[1] for side in (0, 1))
    return EyeLook(texture=_paint(traits), radius=(left, right))


def turn_eyes(rig: Rig, points: Float32, look: EyeLook, gaze: tuple[float, float]) -> Eyeballs:
    """Place both eyeballs.

    Args:
        rig: the head.
        points: (B, 3) coarse head.
        look: gives the radii.
        gaze: (pitch, yaw) in degrees relative to the head.
    """
    sphere, triangles = _sphere()
    turn = rotation_of(Pose(pitch=gaze[0], yaw=gaze[1], roll=0.0))
    turned = sphere @ turn.T
    centres = [_ball(rig.eyeball(points, side))[0] for side in (0, 1)]
    placed = [turned * radius + centre for centre, radius in zip(centres, look.radius, strict=True)]
    return Eyeballs(
        points=np.concatenate(placed).astype(np.float32),
        normals=np.concatenate([turned, turned]).astype(np.float32),
        inner=np.concatenate([sphere, sphere]),
        triangles=np.concatenate([triangles, triangles + len(sphere)]),
    )


def _ball(points: Float32) -> tuple[Float32, float]:
    """Return centre and radius of an eyeball: half its height, as the cornea lengthens it to the front."""
    low, high = points.min(0), points.max(0)
    radius = float(high[1] - low[1]) / 2
    centre = (low + high) / 2
    centre[2] = low[2] + radius
    return centre.astype(np.float32), radius


@lru_cache(maxsize=1)
def _sphere() -> tuple[Float32, Int32]:
    """Return (n, 3) unit points of the front two thirds of a sphere about +z, and its (m, 3) triangles."""
    across = np.linspace(0, 2.0, _RINGS)
    around = np.linspace(0, 2 * np.pi, _SPOKES, endpoint=False)
    x = np.outer(np.sin(across), np.cos(around))
    y = np.outer(np.sin(across), np.sin(around))
    z = np.outer(np.cos(across), np.ones(_SPOKES))
    number = np.arange(_RINGS * _SPOKES).reshape(_RINGS, _SPOKES)
    inner, outer = number[:-1], number[1:]
    inner_next, outer_next = np.roll(inner, -1, 1), np.roll(outer, -1, 1)
    triangles = [np.stack([inner, outer, outer_next], -1), np.stack([inner, outer_next, inner_next], -1)]
    points = np.stack([x, y, z], -1).reshape(-1, 3).astype(np.float32)
    return points, np.concatenate([part.reshape(-1, 3) for part in triangles]).astype(np.int32)


def _paint(traits: Traits) -> Float32:
    """Paint iris, limbus and white in polar coordinates."""
    random = traits.random(Part.EYES)
    off_axis = ((np.arange(ROWS)[:, None] + 0.5) / ROWS * OUTMOST).astype(np.float32)
    outwards = off_axis / np.float32(IRIS)  # 0 at the axis, 1 at the rim of the iris
    iris = _paint_iris(random, traits, outwards)
    white = _paint_white(random, traits, off_axis)
    rim = _step(off_axis, IRIS, float(random.uniform(0.012, 0.028)))[..., None]
    return np.asarray(iris * (1 - rim) + white * rim, np.float32)


def _paint_iris(random: np.random.Generator, traits: Traits, outwards: Float32) -> Float32:
    colour = np.array(traits.iris_rgb, np.float32)
    fibres = _noise(random, (6, 110)) * 0.5 + _noise(random, (3, 48)) * 0.5
    crypts = np.maximum(_noise(random, (7, 22)) - 0.55, 0)
    pupil = traits.pupil
    place = (outwards - pupil) / (1 - pupil)  # 0 at the pupil's edge, 1 at the rim
    ruff = np.exp(-(((place - 0.28) / 0.16) ** 2))
    light = 0.72 + 0.34 * fibres + 0.30 * ruff - 0.9 * crypts * np.clip(place * 4, 0, 1)
    warm = np.array([1.35, 1.0, 0.62], np.float32) * (0.6 * colour.mean() + 0.4 * colour)
    near_pupil = np.exp(-((np.clip(place, 0, None) / float(random.uniform(0.18, 0.5))) ** 2))[..., None]
    mixed = colour * (1 - 0.6 * near_pupil) + warm * 0.6 * near_pupil
    limbus = 1 - float(random.uniform(0.5, 0.8)) * _step(outwards, float(random.uniform(0.84, 0.92)), 0.045)
    open_iris = _step(outwards, pupil, 0.035)
    return np.asarray(mixed * (np.clip(light, 0.2, 1.5) * limbus * open_iris)[..., None] + 0.002, np.float32)


def _paint_white(random: np.random.Generator, traits: Traits, off_axis: Float32) -> Float32:
    aged = traits.sclera
    base = _WHITE * (1 - 0.6 * aged) + _YELLOWED * 0.6 * aged
    outer = np.clip((off_axis - 0.6) / 0.7, 0, 1)
    threads = np.abs(_noise(random, (5, 14)) + 0.35 * (_noise(random, (22, 60)) - 0.5) - 0.5)
    veins = np.clip(1 - threads / 0.05, 0, 1) * (0.15 + 0.55 * aged)
    flush = (0.10 + 0.35 * aged) * outer
    red = np.clip((veins * outer * 0.7 + flush)[..., None], 0, 1)
    shade = (1 - 0.28 * outer)[..., None]
    return np.asarray((base * (1 - red) + _VEIN * red) * shade, np.float32)


def _step(value: Float32, at: float, width: float) -> Float32:
    return np.asarray(1 / (1 + np.exp(-np.clip((value - at) / width * 2, -30, 30))), np.float32)


def _noise(random: np.random.Generator, cells: tuple[int, int]) -> Float32:
    """Return (ROWS, COLUMNS) smooth noise, 0-1, of so many cells outwards and around, without a seam."""
    raw = random.random((cells[0] + 2, cells[1])).astype(np.float32)
    wrapped = np.concatenate([raw[:, -2:], raw, raw[:, :2]], 1)
    step = COLUMNS // cells[1] if COLUMNS % cells[1] == 0 else COLUMNS / cells[1]
    size = (round(step * (cells[1] + 4)), ROWS)
    wide = cv2.resize(wrapped, size, interpolation=cv2.INTER_CUBIC)
    start = round(2 * step)
    return np.asarray(np.clip(wide[:, start : start + COLUMNS], 0, 1), np.float32)
