"""Where the face is in every frame of a recording: the mesh says so, or the data set's own landmarks."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from actionunits.datasets import Recording
from actionunits.errors import DatasetError, UsageError
from actionunits.faces import FaceFinder, FaceTracker, describe
from actionunits.geometry import JAW, CropRecipe

Image = NDArray[np.uint8]


class Located(NamedTuple):
    """A face in one frame.

    Attributes:
        landmarks: (68, 2) pixels of the picture, NaN where unknown.
        pose: pitch, yaw, roll in degrees; None for unknown.
        flags: remarks on the view, from :data:`actionunits.faces.FLAGS`.
    """

    landmarks: NDArray[Any]
    pose: tuple[float, float, float] | None = None
    flags: tuple[str, ...] = ()


class Locator(Protocol):
    """Finds the face of a recording, frame after frame."""

    def locate(self, place: int, picture: Image) -> Located | None:
        """Find the face.

        Args:
            place: of the frame in the recording, rising from call to call.
            picture: (H, W, 3) uint8 RGB.

        Returns:
            None for no face.
        """
        ...


class MeshLocator:
    """Follows the largest face through a recording with the mesh; the detector looks where there is none to follow.

    Args:
        recording: whose pictures are shown; without a frame rate they are taken for unrelated ones, and so is a
            picture of another size than the one before.
        finder: the networks.
    """

    def __init__(self, recording: Recording, finder: FaceFinder) -> None:
        self._timestamps = recording.timestamps
        self._unrelated = not recording.fps > 0
        self._tracker = FaceTracker(finder, max_faces=1)
        self._shape: tuple[int, ...] = ()

    def locate(self, place: int, picture: Image) -> Located | None:
        """Find the face; see :class:`Locator`."""
        if self._unrelated or picture.shape != self._shape:
            self._tracker.reset()
        self._shape = picture.shape
        tracked = self._tracker.track(picture, float(self._timestamps[place]))
        if not tracked:
            return None
        face = describe(*tracked[0], picture)
        return Located(face.landmarks, (face.pose.pitch, face.pose.yaw, face.pose.roll), face.flags)


class DatasetLocator:
    """Takes the landmarks that the data set has.

    Args:
        recording: whose landmarks to take.

    Raises:
        DatasetError: it has none.
    """

    def __init__(self, recording: Recording) -> None:
        if recording.landmarks is None:
            raise DatasetError(
                recording.name, "the data set has no landmarks of it", "Copy them, or use --landmarks mesh"
            )
        self._landmarks = recording.landmarks

    def locate(self, place: int, picture: Image) -> Located | None:
        """Look the face up; see :class:`Locator`."""
        points = self._landmarks[place]  # (68, 2)
        return Located(points) if np.isfinite(points).any() else None


def require_outline(recording: Recording, recipe: CropRecipe) -> None:
    """Refuse crops that need the outline of the face where the data set's landmarks have no jaw.

    Raises:
        UsageError: so it is.
    """
    points = recording.landmarks
    if points is None or not (recipe.kind in ("box", "margins") or recipe.mask is not None):
        return
    if np.isfinite(points).any() and not np.isfinite(points[:, list(JAW)]).any():
        raise UsageError(
            f"crop {recipe.id}",
            "needs the outline of the face, and the data set's landmarks have no jaw",
            "Use --landmarks mesh, or another crop",
        )
