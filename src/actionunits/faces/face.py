"""One face in one frame: what the faces package hands on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from actionunits.geometry import mesh_to_68

Float32 = NDArray[np.float32]

FLAGS = ("small", "blurred", "dark", "turned", "cut", "low_confidence")  # the closed list, in the order it is written


@dataclass(frozen=True)
class Pose:
    """Head pose in degrees, seen by the viewer of the picture; 0, 0, 0 looks into the camera.

    Attributes:
        pitch: positive chin up.
        yaw: positive turned to the picture's right (the person's left).
        roll: positive tilted clockwise.
    """

    pitch: float
    yaw: float
    roll: float


@dataclass(frozen=True)
class Face:
    """One face in one frame.

    Attributes:
        face_id: stays with the person through a video; 0, 1, 2 ... in order of first appearance.
        confidence: 0-1, the mesh network's belief that it looks at a face.
        box: (x, y, width, height) of the mesh in pixels of the picture; may reach outside it.
        mesh: (468, 3) float32, x and y in pixels of the picture (pixel centres at integers), z in the same unit.
        frontal: (468, 3) float64, the mesh turned to face the camera, in the canonical face's place, size and attitude
            (:func:`actionunits.faces.pose.frontal`).
        pose: head pose.
        interocular_px: distance between the outer eye corners, pixels of the picture.
        sharpness: variance of the Laplacian over the middle of the face at the mesh network's scale (8-bit grey).
        brightness: mean grey level there, 0-255.
        flags: subset of :data:`FLAGS`, in that order.
    """

    face_id: int
    confidence: float
    box: tuple[float, float, float, float]
    mesh: Float32
    frontal: NDArray[np.float64]
    pose: Pose
    interocular_px: float
    sharpness: float
    brightness: float
    flags: tuple[str, ...]

    @cached_property
    def landmarks(self) -> Float32:
        """The 68 iBUG landmarks, (68, 2), pixels of the picture."""
        return mesh_to_68(self.mesh)[:, :2]

    def without_mesh(self) -> Face:
        """The same without its mesh, for keeping many; it still knows its :attr:`landmarks`."""
        bare = replace(self, mesh=self.mesh[:0].copy(), frontal=self.frontal[:0].copy())
        bare.__dict__["landmarks"] = self.landmarks  # where cached_property keeps them
        return bare
