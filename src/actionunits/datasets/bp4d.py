"""BP4D (Zhang et al. 2014) and BP4D+ (Zhang et al. 2016): a table of codes and numbered pictures for each task.

The facts of the layouts are those of the toolkit's protocol: tables are read by the text of their header and never by
position, 9 is "unknown", pictures are found by their number and never by their name. In BP4D, a frame's number is its
picture's. In BP4D+, frames count from 1 and pictures from 0, so that frame f is the f-th picture.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from actionunits.datasets.bp4d_places import PictureList, find_places, list_pictures, pictured_tasks
from actionunits.datasets.dataset import Coded, Dataset, Finding, as_recording
from actionunits.datasets.folds import published_subjects
from actionunits.datasets.mat import read_tracked
from actionunits.datasets.protocol import Kind, Protocol
from actionunits.datasets.recording import Recording
from actionunits.datasets.tables import CodeTable, as_labels, matched, read_codes
from actionunits.errors import DatasetError
from actionunits.facs import BP4D_12, BP4D_INTENSITY_5

FRAMES_PER_SECOND = 25.0


class Bp4d(Dataset):
    """A copy of BP4D, of the FERA 2015 or the newer packaging.

    Timestamps are the frame's number / 25: seconds since picture 0 of the task.

    Args:
        folder: any folder above label tables and pictures.
        protocol: how labels and frames are taken.

    Raises:
        DatasetError: the folder cannot be read, or has no label tables or no pictures below it.
    """

    name: ClassVar[Kind] = "bp4d"
    tasks: ClassVar[tuple[str, ...]] = tuple(f"T{number}" for number in range(1, 9))
    """The tasks with labels."""

    def __init__(self, folder: Path, protocol: Protocol) -> None:
        super().__init__(folder, protocol, protocol.au_set(BP4D_12))
        self._places = find_places(folder)
        if not self._places.occurrence:
            reason = "no label table such as AUCoding/AU_OCC/F001_T1.csv lies below it"
            raise DatasetError(folder, reason, "Name the folder that holds AUCoding")
        if not self._places.pictures:
            reason = "no folder or archive of a subject's pictures, such as F001, lies below it"
            raise DatasetError(folder, reason, "Name the folder that holds both AUCoding and the pictures")
        self._scored = BP4D_INTENSITY_5 & self.aus if self._places.intensity else BP4D_INTENSITY_5 & ()
        self._names = tuple(sorted(self._places.occurrence))
        lacking = [name for name in self._names if name not in self._places.tracked]
        if lacking and protocol.frame_policy == "drop_missing_landmarks":
            reason = f"there is no landmark file of {_some(lacking)}, which the frame policy needs"
            raise DatasetError(folder, reason, "Copy 2DFeatures, or use frame_policy=all")

    def sequences(self) -> tuple[str, ...]:
        """Names of the recordings, sorted: those with a label table."""
        return self._names

    def subjects(self) -> tuple[str, ...]:
        """Names of the people, sorted."""
        return tuple(sorted({name.split("_")[0] for name in self._names}))

    def recording(self, name: str) -> Recording:
        """Read one recording's labels and landmarks; see :meth:`Dataset.recording`."""
        self._require(name)
        subject, task = name.split("_")
        table = read_codes(self._places.occurrence[name], header=True)
        occurrence = {au: as_labels(table.column(str(au)), 1, table.path) for au in self.aus}
        found = list_pictures(self._places.pictures.get(subject, []), task)
        notes = list(found.notes)
        intensity = {au: self._intensity(au, name, table, notes) for au in self._scored}
        numbers = self._picture_numbers(table, found, notes)
        landmarks = self._landmarks(name, table, found, notes)
        tracked = None if landmarks is None else np.asarray(~np.isnan(landmarks).all(axis=(1, 2)))
        coded = Coded(
            subject=subject,
            name=name,
            task=task,
            camera="",
            fps=FRAMES_PER_SECOND,
            frames=table.frames,
            timestamps=self._seconds(table.frames),
            occurrence=occurrence,
            intensity=intensity,
            landmarks=landmarks,
            pictured=found.have(numbers),
            tracked=tracked,
            pictures=lambda places: found.source(numbers[places]),
            notes=tuple(notes),
        )
        return as_recording(coded, self.name, self.protocol)

    def findings(self) -> list[Finding]:
        """What the names of files and folders alone tell: missing and surplus ones."""
        known = published_subjects(self.name)
        found = [Finding("odd", str(path), text) for path, text in self._places.notes]
        present = set(self.subjects())
        found += [Finding("odd", subject, f"is no subject of {self.name}") for subject in sorted(present - set(known))]
        for subject in sorted(present):
            lacking = [task for task in self.tasks if f"{subject}_{task}" not in self._places.occurrence]
            if lacking:
                found.append(Finding("odd", subject, f"has no label table of {', '.join(lacking)}"))
        tasks = pictured_tasks(self._places)
        for name in self._names:
            subject, task = name.split("_")
            if task not in self.tasks:
                found.append(Finding("odd", name, f"has labels, which {self.name} does not have of {task}"))
        for subject, own in tasks.items():
            bare = [task for task in own if task in self.tasks and f"{subject}_{task}" not in self._places.occurrence]
            if bare:
                found.append(Finding("odd", subject, f"has pictures but no labels of {', '.join(bare)}"))
        return found + self._incomplete_parts()

    def _incomplete_parts(self) -> list[Finding]:
        found = []
        parts = {f"intensity table of AU {au}": self._places.intensity.get(au, {}) for au in BP4D_INTENSITY_5}
        parts["landmark file in 2DFeatures"] = self._places.tracked
        for what, files in parts.items():
            lacking = [name for name in self._names if name not in files]
            if len(lacking) == len(self._names):
                found.append(Finding("note", str(self.folder), f"there is no {what}"))
            elif lacking:
                found.append(Finding("odd", what, f"is missing for {_some(lacking)}"))
        return found

    def _intensity(self, au: int, name: str, table: CodeTable, notes: list[str]) -> NDArray[np.int8]:
        path = self._places.intensity.get(au, {}).get(name)
        if path is None:
            return np.full(len(table.frames), -1, np.int8)
        scores = read_codes(path, header=False)
        if scores.codes.shape[1] != 1:
            raise DatasetError(path, f"it has {scores.codes.shape[1] + 1} columns, expected 2", "Copy the file again")
        if not np.array_equal(scores.frames, table.frames):
            counts = f"{len(scores.frames)} frames, the label table {len(table.frames)}"
            notes.append(f"{path.name} has {counts}, and other numbers: matched by number")
        return matched(table.frames, scores, as_labels(scores.codes[:, 0], 5, path))

    def _seconds(self, frames: NDArray[np.int32]) -> NDArray[np.float64]:
        return frames / FRAMES_PER_SECOND

    def _picture_numbers(self, table: CodeTable, found: PictureList, notes: list[str]) -> NDArray[np.int32]:
        """The number of each frame's picture."""
        return table.frames

    def _tracked_places(self, table: CodeTable, found: PictureList, count: int) -> NDArray[np.int32] | None:
        """Where each frame's points stand among ``count`` entries; None where nothing tells."""
        if found.span == count:
            return table.frames - found.first
        return np.arange(count, dtype=np.int32) if count == len(table.frames) else None

    def _landmarks(
        self, name: str, table: CodeTable, found: PictureList, notes: list[str]
    ) -> NDArray[np.float32] | None:
        path = self._places.tracked.get(name)
        if path is None:
            return None
        points = read_tracked(path)
        places = self._tracked_places(table, found, len(points))
        if places is None:
            reason = f"{path.name} has {len(points)} entries, which fit neither the {found.span} pictures"
            notes.append(f"{reason} nor the {len(table.frames)} coded frames: not used")
            return None
        inside = (places >= 0) & (places < len(points))
        if not inside.all():
            notes.append(f"{path.name} has no entry for {int((~inside).sum())} coded frames")
        landmarks = np.full((len(places), 68, 2), np.nan, np.float32)
        landmarks[inside] = points[places[inside]]
        return landmarks


class Bp4dPlus(Bp4d):
    """A copy of BP4D+, its pictures in folders or in an archive a subject.

    Timestamps are (frame - 1) / 25. Arguments and errors as of :class:`Bp4d`.
    """

    name: ClassVar[Kind] = "bp4d+"
    tasks: ClassVar[tuple[str, ...]] = ("T1", "T6", "T7", "T8")

    def _seconds(self, frames: NDArray[np.int32]) -> NDArray[np.float64]:
        return (frames - 1) / FRAMES_PER_SECOND

    def _picture_numbers(self, table: CodeTable, found: PictureList, notes: list[str]) -> NDArray[np.int32]:
        if table.frames[0] < 1:
            raise DatasetError(table.path, "it has a frame 0, BP4D+ counts from 1", "Copy the file again")
        if found.names and found.first > 1:
            notes.append(f"the first picture is number {found.first}, not 0: taken for frame 1")
        lacking = found.span - len(found.names)
        if lacking:
            notes.append(f"{lacking} pictures between the first and the last are missing")
        surplus = int(table.frames[-1]) - found.span
        if found.names and surplus > 0:
            notes.append(f"labels go {surplus} frames beyond the {found.span} pictures")
        if len(table.frames) != table.frames[-1] - table.frames[0] + 1:
            notes.append("the coded frames are not contiguous")
        return table.frames - 1 + found.first

    def _tracked_places(self, table: CodeTable, found: PictureList, count: int) -> NDArray[np.int32] | None:
        return table.frames - 1


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
