"""What a face does at one moment: action units per side, head pose and gaze. No picture yet, no subject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from actionunits.faces.face import Pose

Levels = Mapping[int, tuple[float, float]]
"""AU number to its commanded intensity (left, right), the person's own sides, 0-5; absent AUs are 0."""

UPRIGHT = Pose(pitch=0.0, yaw=0.0, roll=0.0)


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame of a performance.

    Attributes:
        timestamp: seconds since the sequence began.
        levels: commanded intensities per AU and side.
        pose: head pose in degrees, as everywhere in this package (pitch + chin up, yaw + to the picture's right,
            roll + clockwise).
        gaze: (pitch, yaw) of the eyes relative to the head in degrees, signs as in ``pose``.
    """

    timestamp: float = 0.0
    levels: Levels = field(default_factory=dict)
    pose: Pose = UPRIGHT
    gaze: tuple[float, float] = (0.0, 0.0)
