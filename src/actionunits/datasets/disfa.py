"""DISFA (Mavadati et al. 2013): a video of each camera, and a file of intensities for each subject and action unit.

A label file's lines are ``frame,intensity``; frame f, counted from 1, is the video's frame f - 1, counted from 0. The
number of frames is that of the label lines, whatever the video has.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from actionunits.datasets.dataset import Coded, Dataset, Finding, as_recording
from actionunits.datasets.disfa_places import find_places, landmark_files
from actionunits.datasets.folds import published_subjects
from actionunits.datasets.mat import read_points
from actionunits.datasets.pictures import VideoFrames
from actionunits.datasets.protocol import Kind, Protocol
from actionunits.datasets.recording import Recording
from actionunits.datasets.tables import as_labels, matched, read_codes
from actionunits.errors import DatasetError, UsageError
from actionunits.facs import DISFA_12
from actionunits.store import StoreSettings

FRAMES_PER_SECOND = 20.0


class Disfa(Dataset):
    """A copy of DISFA.

    Recordings are named ``SN001_left`` and ``SN001_right``. The landmarks are those of the left camera's video; the
    right camera's recordings have none.

    Args:
        folder: any folder above ActionUnit_Labels and the videos.
        protocol: how labels and frames are taken.

    Raises:
        UsageError: an action unit that DISFA does not code.
        DatasetError: the folder cannot be read, or has no labels, or no video of a wanted camera.
    """

    name: ClassVar[Kind] = "disfa"

    def __init__(self, folder: Path, protocol: Protocol) -> None:
        super().__init__(folder, protocol, protocol.au_set(DISFA_12))
        foreign = self.aus - DISFA_12
        if foreign:
            raise UsageError(f"aus={self.aus}", f"DISFA does not code {foreign}", f"Choose among {DISFA_12}")
        self._places = find_places(folder)
        if not self._places.labels:
            reason = "no label file such as ActionUnit_Labels/SN001/SN001_au1.txt lies below it"
            raise DatasetError(folder, reason, "Name the folder that holds ActionUnit_Labels")
        self._cameras = ("left", "right") if protocol.cameras == "both" else (protocol.cameras,)
        for camera in self._cameras:
            if not self._places.videos[camera]:
                wanted = f"Video_{camera.title()}Camera/{camera.title()}VideoSN001_comp.avi"
                raise DatasetError(folder, f"no video such as {wanted} lies below it", "Name the folder that holds it")
        self._subjects = tuple(sorted(self._places.labels))
        lacking = [subject for subject in self._subjects if subject not in self._places.landmarks]
        if lacking and protocol.frame_policy == "drop_missing_landmarks":
            reason = f"there are no landmarks of {lacking[0]}, which the frame policy needs"
            raise DatasetError(folder, reason, "Copy Landmark_Points, or use frame_policy=all")

    def settings(self) -> StoreSettings:
        """What a store says of itself: also, of which cameras it is."""
        plain = super().settings()
        return plain.model_copy(update={"protocol": {**plain.protocol, "cameras": self.protocol.cameras}})

    def sequences(self) -> tuple[str, ...]:
        """Names of the recordings, sorted: a subject and camera each, for all subjects with labels."""
        return tuple(f"{subject}_{camera}" for subject in self._subjects for camera in self._cameras)

    def subjects(self) -> tuple[str, ...]:
        """Names of the people, sorted."""
        return self._subjects

    def recording(self, name: str) -> Recording:
        """Read one recording's labels and landmarks; see :meth:`Dataset.recording`."""
        self._require(name)
        subject, camera = name.split("_")
        frames, intensity, notes = self._labels(subject)
        tracked, landmarks = self._landmarks(subject, camera, frames, notes)
        video = self._places.videos[camera].get(subject)
        if video is None:
            notes.append(f"there is no video of the {camera} camera")
        coded = Coded(
            subject=subject,
            name=name,
            task="",
            camera=camera,
            fps=FRAMES_PER_SECOND,
            frames=frames,
            timestamps=(frames - 1) / FRAMES_PER_SECOND,
            occurrence={au: occurs(levels, self.protocol.occurs_from) for au, levels in intensity.items()},
            intensity=intensity,
            landmarks=landmarks,
            pictured=np.full(len(frames), video is not None),
            tracked=tracked,
            pictures=lambda places: VideoFrames(video, tuple((frames[places] - 1).tolist())),
            notes=tuple(notes),
        )
        return as_recording(coded, self.name, self.protocol)

    def findings(self) -> list[Finding]:
        """What the names of files and folders alone tell: missing and surplus ones."""
        known = set(published_subjects(self.name))
        found = [Finding("odd", str(path), text) for path, text in self._places.notes]
        found += [
            Finding("odd", subject, "is no subject of DISFA") for subject in self._subjects if subject not in known
        ]
        for subject in self._subjects:
            lacking = [str(au) for au in DISFA_12 if au not in self._places.labels[subject]]
            if lacking:
                found.append(Finding("odd", subject, f"has no label file of AU {', '.join(lacking)}"))
        parts = {f"video of the {camera} camera": files for camera, files in self._places.videos.items()}
        parts["landmarks"] = self._places.landmarks
        for what, files in parts.items():
            without = [subject for subject in self._subjects if subject not in files]
            if len(without) == len(self._subjects):
                found.append(Finding("note", str(self.folder), f"there are no files of: {what}"))
            else:
                found += [Finding("odd", subject, f"has labels but no {what}") for subject in without]
            found += [
                Finding("odd", subject, f"has {what} but no labels")
                for subject in sorted(set(files) - set(self._subjects))
            ]
        return found

    def _labels(self, subject: str) -> tuple[NDArray[np.int32], dict[int, NDArray[np.int8]], list[str]]:
        """Frame numbers, intensity by AU, and remarks."""
        files = self._places.labels[subject]
        tables = {au: read_codes(files[au], header=False) for au in self.aus if au in files}
        if not tables:
            raise DatasetError(subject, f"has no label file of any of AU {self.aus}", "Copy ActionUnit_Labels again")
        for table in tables.values():
            if table.codes.shape[1] != 1:
                reason = f"it has {table.codes.shape[1] + 1} columns, expected 2"
                raise DatasetError(table.path, reason, "Copy the file again")
            if table.frames[0] < 1:
                raise DatasetError(table.path, "it has a frame 0, DISFA counts from 1", "Copy the file again")
        frames = np.unique(np.concatenate([table.frames for table in tables.values()])).astype(np.int32)
        notes = [
            f"{table.path.name} has {len(table.frames)} of {len(frames)} frames: the others are unknown"
            for table in tables.values()
            if len(table.frames) != len(frames)
        ]
        notes += [f"AU {au} has no label file: unknown" for au in self.aus if au not in tables]
        unknown = np.full(len(frames), -1, np.int8)
        levels = {
            au: matched(frames, tables[au], as_labels(tables[au].codes[:, 0], 5, tables[au].path))
            if au in tables
            else unknown
            for au in self.aus
        }
        return frames, levels, notes

    def _landmarks(
        self, subject: str, camera: str, frames: NDArray[np.int32], notes: list[str]
    ) -> tuple[NDArray[np.bool_] | None, NDArray[np.float32] | None]:
        """Which frames have landmarks, and the landmarks if they are this camera's."""
        folder = self._places.landmarks.get(subject)
        if folder is None or (camera == "right" and self.protocol.frame_policy != "drop_missing_landmarks"):
            return None, None
        files = landmark_files(folder, int(frames[-1]))
        notes += files.notes
        landmarks = np.full((len(frames), 68, 2), np.nan, np.float32)
        tracked = np.zeros(len(frames), bool)
        broken = []
        for place, frame in enumerate(frames.tolist()):
            if frame not in files.paths:
                continue
            try:
                landmarks[place] = read_points(files.paths[frame])
                tracked[place] = True
            except DatasetError as error:
                broken.append(str(error))
        if broken:
            notes.append(f"{len(broken)} landmark files cannot be read and count as missing: {broken[0]}")
        return tracked, landmarks if camera == "left" else None


def occurs(intensity: NDArray[np.int8], lowest: int) -> NDArray[np.int8]:
    """Occurrence from intensity: 1 from ``lowest`` on, 0 below, -1 where unknown.

    Args:
        intensity: (N,) 0-5 or -1.
        lowest: 1-5.
    """
    return np.where(intensity < 0, -1, intensity >= lowest).astype(np.int8)
