"""The camera of a sequence: where points of the world land in the picture, and how a head pose turns them.

World: decimetres, x to the picture's right, y up, z to the viewer. The poses of :mod:`actionunits.faces.pose` live in
axes x right, y down, z away; the two differ by a half turn about x.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from actionunits.errors import UsageError
from actionunits.faces.face import Pose
from actionunits.faces.pose import pose_of_rotation, rotation_of_pose

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

HEAD_HEIGHT = 2.3  # chin to crown of the average subject, world units
TARGET = (0.0, 7.15, 0.4)  # what the camera looks at: the middle of the head, nearly
PIVOT = (0.0, 6.15, 0.05)  # what the head turns about: the top of the neck
NEAREST = 0.05  # world units; points nearer than this, or behind the camera, are held there

_HALF_TURN = np.diag([1.0, -1.0, -1.0])  # world axes to those of faces.pose, and back


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera; it looks at :data:`TARGET` and stays still.

    Attributes:
        view: vertical field of view in degrees: about 12 (long lens) to 50 (phone).
        face_share: share of the picture's height that an upright head takes from chin to crown, 0.45-0.85.
        offset: (x, y), where :data:`TARGET` lies right of and below the picture's middle, as shares of the picture;
            the picture is then a crop of a wider one, so that perspective does not change.
        elevation: degrees by which the camera stands above the face, always looking at it; negative is below.

    Raises:
        UsageError: a field of view or a share that no camera can have.
    """

    view: float = 25.0
    face_share: float = 0.65
    offset: tuple[float, float] = (0.0, 0.0)
    elevation: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.view <= 120:
            raise UsageError(f"view={self.view}", "is not a field of view", "Use 1 to 120 degrees")
        if not 0 < self.face_share <= 2:
            raise UsageError(f"face_share={self.face_share}", "is not a share of the picture", "Use 0.45 to 0.85")
        if not -80 <= self.elevation <= 80:
            raise UsageError(f"elevation={self.elevation}", "is too steep to see a face", "Use -80 to 80 degrees")

    @property
    def distance(self) -> float:
        """World units from the eye point to :data:`TARGET`: what makes the head as large as ``face_share`` says."""
        return HEAD_HEIGHT / (2 * self.face_share * math.tan(math.radians(self.view) / 2))

    @property
    def view_direction(self) -> Float32:
        """(3,) unit vector, the way the camera looks."""
        return np.asarray(-self._axes()[2], np.float32)

    @property
    def position(self) -> Float32:
        """(3,) the eye point."""
        return np.asarray(self._eye(), np.float32)

    def focal(self, size: int) -> float:
        """Return the focal length in pixels of a picture ``size`` pixels high."""
        return size / (2 * math.tan(math.radians(self.view) / 2))

    def project(self, points: NDArray[np.floating], size: int) -> Float32:
        """Find points in the picture.

        Args:
            points: (n, 3), world.
            size: height and width of the picture in pixels.

        Returns:
            (n, 3): x and y in pixels (pixel centres at integers, y down) and the depth along the view axis in world
            units, smaller is nearer and at least :data:`NEAREST`.
        """
        seen = (np.asarray(points, np.float64) - self._eye()) @ self._axes().T  # (n, 3) x right, y up, z to the viewer
        depth = np.maximum(-seen[:, 2], NEAREST)
        scale = self.focal(size) / depth
        found = np.empty(seen.shape, np.float32)
        found[:, 0] = size * (0.5 + self.offset[0]) - 0.5 + seen[:, 0] * scale
        found[:, 1] = size * (0.5 + self.offset[1]) - 0.5 - seen[:, 1] * scale
        found[:, 2] = depth
        return found

    def _axes(self) -> Float64:
        """Return (3, 3), one axis a row: right, up, and towards the viewer."""
        sine, cosine = math.sin(math.radians(self.elevation)), math.cos(math.radians(self.elevation))
        return np.array([[1.0, 0.0, 0.0], [0.0, cosine, -sine], [0.0, sine, cosine]])

    def _eye(self) -> Float64:
        return np.asarray(np.array(TARGET) + self.distance * self._axes()[2], np.float64)


def rotation_of(pose: Pose) -> Float32:
    """Return the (3, 3) rotation that takes the upright head's points to those of a pose: ``points @ rotation.T``."""
    return np.asarray(_HALF_TURN @ rotation_of_pose(pose) @ _HALF_TURN, np.float32)


def pose_points(points: NDArray[np.floating], weights: NDArray[np.floating] | float, pose: Pose) -> Float32:
    """Turn the head, and the neck below it part of the way.

    A point of weight 0.5 turns by half the angle about the same axis, so that the neck twists and does not pinch.

    Args:
        points: (n, 3), world, of the upright head.
        weights: (n,) or one number, 0 (shoulders: stays) to 1 (head: turns fully).
        pose: head pose.

    Returns:
        (n, 3), world.
    """
    rest = np.asarray(points, np.float32)
    turn = cv2.Rodrigues(rotation_of(pose).astype(np.float64))[0].ravel()  # axis times angle
    angle = float(np.linalg.norm(turn))
    if angle < 1e-9:
        return rest.copy()
    x, y, z = turn / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]], np.float32)
    once = (rest - np.array(PIVOT, np.float32)) @ cross.T
    part = np.asarray(weights, np.float32)[..., None] * np.float32(angle)
    return np.asarray(rest + np.sin(part) * once + (1 - np.cos(part)) * (once @ cross.T), np.float32)


def pose_in_camera(pose: Pose, camera: Camera) -> Pose:
    """Return the head pose that a viewer of the picture measures: a camera above the face sees the chin lower."""
    axes = camera._axes()
    return pose_of_rotation(_HALF_TURN @ axes @ rotation_of(pose).astype(np.float64) @ _HALF_TURN)
