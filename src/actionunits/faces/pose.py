"""Head pose from the face mesh and its canonical geometry."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from actionunits.faces.face import Pose
from actionunits.geometry import umeyama

Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class CanonicalFace:
    """The mesh of an average face that looks into the camera.

    Attributes:
        points: (468, 3); x right, y down, z away from the camera; unit: the distance between the outer eye corners.
        weights: (468,), sum 1; how rigidly a point moves with the skull (lips, jaw and brows weigh little).

    Made by ``tools/train_geometry.py canonical`` from rendered faces whose true pose is known.
    """

    points: Float64
    weights: Float64


@cache
def canonical_face() -> CanonicalFace:
    """Return the shipped canonical face."""
    with files("actionunits.faces").joinpath("canonical.npz").open("rb") as handle:
        data = np.load(handle, allow_pickle=False)
        return CanonicalFace(data["points"].astype(np.float64), data["weights"].astype(np.float64))


def frontal(mesh: NDArray[np.floating]) -> tuple[Float64, Float64]:
    """Turn a mesh to face the camera.

    Args:
        mesh: (468, 3), any unit.

    Returns:
        The mesh in the canonical face's place, size and attitude, (468, 3), and the (3, 3) rotation that takes the
        canonical face to the attitude of ``mesh``.
    """
    face = canonical_face()
    points = np.asarray(mesh, np.float64)
    scale, rotation, translation = umeyama(face.points, points, weights=face.weights)
    return (points - translation) @ rotation / scale, rotation


def pose_of_rotation(rotation: Float64) -> Pose:
    """Read a pose off a (3, 3) rotation in axes x right, y down, z away: R = Ry(-yaw) Rx(-pitch) Rz(roll)."""
    pitch = math.asin(max(-1.0, min(1.0, float(rotation[1, 2]))))
    yaw = math.atan2(-float(rotation[0, 2]), float(rotation[2, 2]))
    roll = math.atan2(float(rotation[1, 0]), float(rotation[1, 1]))
    return Pose(math.degrees(pitch), math.degrees(yaw), math.degrees(roll))


def rotation_of_pose(pose: Pose) -> Float64:
    """Return the (3, 3) rotation of a pose; the inverse of :func:`pose_of_rotation` for pitch within 90 degrees."""
    x, y, z = math.radians(-pose.pitch), math.radians(-pose.yaw), math.radians(pose.roll)
    about_x = np.array([[1, 0, 0], [0, math.cos(x), -math.sin(x)], [0, math.sin(x), math.cos(x)]])
    about_y = np.array([[math.cos(y), 0, math.sin(y)], [0, 1, 0], [-math.sin(y), 0, math.cos(y)]])
    about_z = np.array([[math.cos(z), -math.sin(z), 0], [math.sin(z), math.cos(z), 0], [0, 0, 1]])
    return np.asarray(about_y @ about_x @ about_z, np.float64)
