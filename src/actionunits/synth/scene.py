"""The things of one picture, in their places: the face as it moves, eyes, what is worn; posed, not yet lit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from actionunits.faces.face import Pose
from actionunits.synth.camera import PIVOT, pose_points, rotation_of
from actionunits.synth.eyes import turn_eyes
from actionunits.synth.meshes import Solid
from actionunits.synth.performance import Moment
from actionunits.synth.rig import Rig
from actionunits.synth.strokes import NECK, Turn
from actionunits.synth.subject import Subject
from actionunits.synth.surface import skin_triangles, vertex_normals

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]

LID_SHARE = 0.55  # how far the lids follow the eyes up and down
LOOK_RANGE = 35.0  # degrees of gaze that the rig's lid targets stand for


@dataclass(frozen=True, eq=False)
class Placed:
    """A solid in its place; ``points`` and ``normals`` are posed, (n, 3)."""

    solid: Solid
    points: Float32
    normals: Float32


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything posed, in world units.

    Attributes:
        skin: (V, 3) fine vertices: skin, teeth, tongue.
        normals: (V, 3).
        unposed: (V, 3) the same, head upright.
        moved: (V, 3) by how much the expression moved each vertex of the upright head.
        eyes: (e, 3).
        eye_normals: (e, 3).
        eye_inner: (e, 3) unit vectors in the eyes' own axes.
        eye_triangles: (m, 3).
        eye_axis: (3,) where the eyes look.
        solids: things worn and held.
        turn: the head's.
        forward: (3,) where the head faces.
    """

    skin: Float32
    normals: Float32
    unposed: Float32
    moved: Float32
    eyes: Float32
    eye_normals: Float32
    eye_inner: Float32
    eye_triangles: Int32
    eye_axis: Float32
    solids: tuple[Placed, ...]
    turn: Turn
    forward: Float32


def place(subject: Subject, moment: Moment, held: tuple[Solid, ...] = ()) -> Scene:
    """Put a subject into the pose, gaze and expression of a moment.

    Args:
        subject: the person.
        moment: what the face does.
        held: further things than those worn.
    """
    rig = subject.rig
    coarse = subject.expressions.deform(moment.levels).astype(np.float32)
    _follow_gaze(rig, coarse, moment.gaze[0])
    unposed = rig.fine(coarse)
    weights = head_weight(rig.chart[:, 1])
    skin = pose_points(unposed, weights, moment.pose)
    normals = vertex_normals(skin, _surfaces(rig))
    rotation = rotation_of(moment.pose)
    eyes = turn_eyes(rig, coarse, subject.eyes, moment.gaze)
    gaze = rotation_of(Pose(pitch=moment.gaze[0], yaw=moment.gaze[1], roll=0.0))
    return Scene(
        skin=skin,
        normals=normals,
        unposed=unposed,
        moved=unposed - rig.fine(subject.neutral),
        eyes=pose_points(eyes.points, 1.0, moment.pose),
        eye_normals=np.ascontiguousarray(eyes.normals @ rotation.T),
        eye_inner=eyes.inner,
        eye_triangles=eyes.triangles,
        eye_axis=np.asarray(rotation @ gaze[:, 2], np.float32),
        solids=tuple(_placed(solid, moment.pose) for solid in (*subject.solids, *held)),
        turn=turn_of(moment.pose),
        forward=np.ascontiguousarray(rotation[:, 2]),
    )


def head_weight(height: Float32) -> Float32:
    """Return how far points of an upright person turn with the head, 0-1, by their height."""
    part = np.clip((height - NECK[0]) / (NECK[1] - NECK[0]), 0, 1)
    return np.asarray(part * part * (3 - 2 * part), np.float32)


def turn_of(pose: Pose) -> Turn:
    """Return a head pose as axis and angle."""
    turn = cv2.Rodrigues(rotation_of(pose).astype(np.float64))[0].ravel()
    angle = float(np.linalg.norm(turn))
    axis = turn / angle if angle > 1e-9 else np.array([0.0, 1.0, 0.0])
    return Turn(axis.astype(np.float32), angle, np.array(PIVOT, np.float32))


@lru_cache(maxsize=2)
def _surfaces(rig: Rig) -> Int32:
    """Return all fine triangles, skin first."""
    others = rig.triangles[rig.triangle_part != 0]
    return np.ascontiguousarray(np.concatenate([skin_triangles(rig), others]))


def _follow_gaze(rig: Rig, coarse: Float32, pitch: float) -> None:
    """Let the upper lids follow eyes that look up or down, in place."""
    name = "unit/eyeLookUp" if pitch > 0 else "unit/eyeLookDown"
    weight = LID_SHARE * min(abs(pitch) / LOOK_RANGE, 1.0)
    for side in ("Left", "Right"):
        if weight > 0:
            rig.add_target(coarse, name + side, weight)


def _placed(solid: Solid, pose: Pose) -> Placed:
    points = np.ascontiguousarray(solid.points, np.float32)
    if solid.follows == "head":
        points = pose_points(points, 1.0, pose)
    return Placed(solid, points, vertex_normals(points, solid.triangles))
