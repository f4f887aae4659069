"""One coded sequence of a data set, as it lies on disk: labels in memory, pictures read when asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol as Interface

import numpy as np
from numpy.typing import NDArray

from actionunits.errors import UsageError
from actionunits.store.schema import POINTS, check_name

UNKNOWN = -1
NO_IMAGE = "no_image"
"""Flag of a frame that has labels but no picture."""
NO_LANDMARKS = "no_landmarks"
"""Flag of a frame that the data set's own landmarks leave out."""

Rgb = NDArray[np.uint8]


class PictureSource(Interface):
    """Where the pictures of a recording come from; can be pickled, and be called more than once."""

    def __call__(self) -> Iterator[tuple[int, Rgb | None]]:
        """Yield every frame's place in ``frames`` and its picture, in order.

        Returns:
            The place and (H, W, 3) uint8 RGB; None where the picture is missing or cannot be decoded.
        """
        ...

    def faults(self, *, every: bool) -> Iterator[tuple[str, str]]:
        """Try the pictures, and yield the file and what is wrong with it; missing ones are no fault.

        Args:
            every: decode every picture; else only what tells quickly: the first and the last, or a video's header.
        """
        ...


@dataclass(frozen=True, eq=False)
class Recording:
    """One coded sequence.

    Attributes:
        subject: who is seen, ``"F001"`` or ``"SN001"``.
        name: of the sequence, unique in its data set and fit for a store, ``"F001_T1"`` or ``"SN001_left"``.
        task: ``"T1"``, or empty where the data set has none.
        camera: ``"left"``, ``"right"`` or empty.
        fps: frames per second.
        frames: (N,) int32, the data set's own frame numbers, rising.
        timestamps: (N,) float64 seconds from the start of the recording.
        occurrence: (N,) int8 by AU: 0, 1, or -1 for unknown.
        intensity: (N,) int8 by AU: 0-5, or -1 for unknown.
        landmarks: (N, 68, 2) float32 pixels of the picture, NaN where unknown; None where the data set has none.
        flags: remarks on each frame, such as ``("no_image",)``.
        pictures: gives the pictures, see :class:`PictureSource`.
        left: (N,) int8 by AU: intensity on the person's left side, 0-5, or -1 for unknown.
        right: likewise.
        visible: (N, 68) bool, whether each landmark is seen; None for not known.
        pose: (N, 3) pitch, yaw, roll in degrees, NaN where unknown; None where the data set has none.
        gaze: (N, 2) pitch, yaw in degrees, likewise.
        dropped: how many coded frames are not among ``frames``, by the reason.
        notes: what is odd about the sequence's files and was worked around, in words.

    Raises:
        UsageError: the arrays do not belong together, or the name is none.
    """

    subject: str
    name: str
    task: str
    camera: str
    fps: float
    frames: NDArray[np.int32]
    timestamps: NDArray[np.float64]
    occurrence: Mapping[int, NDArray[np.int8]]
    intensity: Mapping[int, NDArray[np.int8]]
    landmarks: NDArray[np.float32] | None
    flags: Sequence[tuple[str, ...]]
    pictures: PictureSource
    left: Mapping[int, NDArray[np.int8]] = field(default_factory=dict)
    right: Mapping[int, NDArray[np.int8]] = field(default_factory=dict)
    visible: NDArray[np.bool_] | None = None
    pose: NDArray[np.float32] | None = None
    gaze: NDArray[np.float32] | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_name(self.subject, "subject")
        check_name(self.name, "sequence")
        count = len(self.frames)
        columns = {"timestamps": self.timestamps, "flags": self.flags}
        for kind in ("occurrence", "intensity", "left", "right"):
            columns |= {f"{kind} of AU {au}": values for au, values in getattr(self, kind).items()}
        for what, column in columns.items():
            if len(column) != count:
                raise UsageError(self.name, f"{what}: {len(column)} values for {count} frames", "Give one a frame")
        shapes = {"landmarks": (count, POINTS, 2), "visible": (count, POINTS), "pose": (count, 3), "gaze": (count, 2)}
        for what, shape in shapes.items():
            array = getattr(self, what)
            if array is not None and array.shape != shape:
                raise UsageError(self.name, f"{what} of shape {array.shape}, expected {shape}", "Use to_68 for points")
        if (np.diff(self.frames) <= 0).any():
            raise UsageError(self.name, "its frame numbers do not rise", "Sort the frames")

    def __len__(self) -> int:
        return len(self.frames)
