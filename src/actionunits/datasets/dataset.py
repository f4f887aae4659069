"""What every reader offers, and how it puts a recording together."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from actionunits.datasets.frame_policy import kept_frames
from actionunits.datasets.protocol import Kind, Protocol
from actionunits.datasets.recording import NO_IMAGE, NO_LANDMARKS, PictureSource, Recording
from actionunits.errors import UsageError
from actionunits.facs import AUSet
from actionunits.store import StoreSettings

Severity = Literal["error", "odd", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a look at a data set brought up.

    Attributes:
        severity: ``error`` stops the sequence it is about, ``odd`` is worked around, ``note`` is for information.
        subject: the file, folder or sequence.
        text: what was found, in words.
    """

    severity: Severity
    subject: str
    text: str


class Dataset(ABC):
    """A copy of a data set on disk. Opening it reads names of files only; labels are read recording by recording.

    Args:
        folder: where it lies, or the file of a manifest.
        protocol: how labels and frames are taken.
        aus: the action units that its recordings have.
    """

    name: ClassVar[Kind]

    def __init__(self, folder: Path, protocol: Protocol, aus: AUSet) -> None:
        self.folder, self.protocol, self.aus = folder, protocol, aus

    @abstractmethod
    def sequences(self) -> tuple[str, ...]:
        """Names of the recordings, sorted."""

    @abstractmethod
    def subjects(self) -> tuple[str, ...]:
        """Names of the people, sorted."""

    @abstractmethod
    def recording(self, name: str) -> Recording:
        """Read one recording's labels and landmarks.

        Raises:
            UsageError: there is no recording of this name.
            DatasetError: one of its files is missing or malformed; the message names it.
        """

    @abstractmethod
    def findings(self) -> list[Finding]:
        """What the names of files and folders alone tell: missing and surplus ones."""

    def recordings(self) -> Iterator[Recording]:
        """Read all recordings in the order of `sequences`; errors as in `recording`."""
        return map(self.recording, self.sequences())

    def settings(self) -> StoreSettings:
        """What a store of the data set says of itself, but for its pictures and landmarks."""
        facts = {"frame_policy": self.protocol.frame_policy, "occurs_from": self.protocol.occurs_from}
        return StoreSettings(
            dataset=self.name, protocol=facts, aus=tuple(self.aus), contents=("occurrence", "intensity")
        )

    def subjects_table(self) -> pa.Table:
        """What is known of the people: column ``subject``, a row each, and whatever else."""
        return pa.table({"subject": list(self.subjects())})

    def sequences_table(self) -> pa.Table:
        """What is known of the sequences and not of their recordings: column ``sequence``, and whatever else."""
        return pa.table({"sequence": list(self.sequences())})

    def _require(self, name: str) -> None:
        if name not in self.sequences():
            raise UsageError(name, f"there is no such sequence in {self.folder}", "See sequences()")


@dataclass(frozen=True, eq=False)
class Coded:
    """All coded frames of a sequence, before the protocol's frame policy; the fields are those of `Recording`.

    Attributes:
        pictured: (N,) bool, whether each frame has a picture.
        tracked: (N,) bool, whether the data set has landmarks of each frame, if only of another camera; None where it
            has none of the sequence.
        pictures: makes the source for the frames at these (K,) places.
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
    pictured: NDArray[np.bool_]
    tracked: NDArray[np.bool_] | None
    pictures: Callable[[NDArray[np.intp]], PictureSource]
    notes: tuple[str, ...] = ()


def as_recording(coded: Coded, kind: Kind, protocol: Protocol) -> Recording:
    """Take the frames that the protocol wants, count the others, and flag what is missing.

    Raises:
        DatasetError: the policy needs landmarks and there are none.
    """
    kept = kept_frames(kind, protocol.frame_policy, coded.name, coded.frames, coded.tracked)
    places = np.flatnonzero(kept)
    lost = len(kept) - len(places)
    tracked = np.ones(len(kept), bool)
    if coded.landmarks is not None and coded.tracked is not None:
        tracked = coded.tracked
    flags = [
        (() if coded.pictured[place] else (NO_IMAGE,)) + (() if tracked[place] else (NO_LANDMARKS,)) for place in places
    ]
    return Recording(
        subject=coded.subject,
        name=coded.name,
        task=coded.task,
        camera=coded.camera,
        fps=coded.fps,
        frames=coded.frames[places],
        timestamps=coded.timestamps[places],
        occurrence={au: values[places] for au, values in coded.occurrence.items()},
        intensity={au: values[places] for au, values in coded.intensity.items()},
        landmarks=None if coded.landmarks is None else coded.landmarks[places],
        flags=flags,
        pictures=coded.pictures(places),
        dropped={protocol.frame_policy: lost} if lost else {},
        notes=coded.notes,
    )
