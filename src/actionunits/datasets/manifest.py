"""Anybody's own data: a table with a row for each picture or video frame, a subject, and columns of action units.

Columns: ``image`` or ``video`` (a path, from the table's folder), ``subject``, and ``AU12`` or ``AU12_c`` (occurrence:
0, 1) or ``AU12_i`` (intensity: 0-5); -1, 9 and an empty cell are "unknown". Optional: ``sequence``, ``frame`` (for
videos required: the frame's place, counted from 0), ``timestamp`` (seconds), ``task``, ``camera``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from actionunits.datasets.dataset import Coded, Dataset, Finding, as_recording
from actionunits.datasets.disfa import occurs
from actionunits.datasets.manifest_rows import Rows, read_rows
from actionunits.datasets.pictures import PictureFiles, VideoFrames
from actionunits.datasets.protocol import Kind, Protocol
from actionunits.datasets.recording import PictureSource, Recording
from actionunits.errors import DatasetError, MediaError, UsageError
from actionunits.media import VideoReader
from actionunits.store.schema import is_name

FRAMES_PER_SECOND = 25.0
"""Of pictures, and of videos that state no rate, where the manifest has no timestamps."""

Medium = Literal["image", "video"]


@dataclass(frozen=True, eq=False)
class _Group:
    """The rows of one sequence, in the order of its frames."""

    name: str
    medium: Medium
    rows: tuple[int, ...]
    frames: tuple[int, ...]


class Manifest(Dataset):
    """A manifest and the files that it names.

    Rows with the same ``sequence``, or else of the same video, or else of the same subject and folder, are a recording.
    Without a column ``frame``, pictures are numbered in the order of their rows. An AU with intensities only occurs
    from the protocol's ``occurs_from`` on.

    Args:
        path: of the table; CSV, TSV or Parquet.
        protocol: how labels and frames are taken; landmarks and JAA-Net's lists it cannot ask for.

    Raises:
        UsageError: the protocol asks for what a manifest does not have.
        DatasetError: the table cannot be read, or a row contradicts another.
    """

    name: ClassVar[Kind] = "manifest"

    def __init__(self, path: Path, protocol: Protocol) -> None:
        if protocol.frame_policy != "all":
            reason = "a manifest has neither landmarks nor lists"
            raise UsageError(f"frame_policy={protocol.frame_policy}", reason, "Use all")
        self._rows = read_rows(path)
        super().__init__(path, protocol, protocol.au_set(self._rows.aus))
        foreign = self.aus - self._rows.aus
        if foreign:
            raise DatasetError(path, f"it has no column of AU {foreign}", "Ask for AUs that it labels")
        self._groups = _grouped(self._rows)

    def sequences(self) -> tuple[str, ...]:
        """Names of the recordings, sorted."""
        return tuple(sorted(self._groups))

    def subjects(self) -> tuple[str, ...]:
        """Names of the people, sorted."""
        return tuple(sorted(set(self._rows.cells["subject"])))

    def recording(self, name: str) -> Recording:
        """Read one recording; see :meth:`Dataset.recording`."""
        self._require(name)
        group = self._groups[name]
        frames, notes = np.array(group.frames, np.int32), list[str]()
        intensity = {au: self._column(self._rows.intensity[au], group) for au in self.aus if au in self._rows.intensity}
        occurrence = {}
        for au in self.aus:
            coded = self._rows.occurrence.get(au)
            lowest = self.protocol.occurs_from
            occurrence[au] = occurs(intensity[au], lowest) if coded is None else self._column(coded, group)
        unknown = np.full(len(frames), -1, np.int8)
        paths = [self._path(group.medium, row) for row in group.rows]
        fps = self._rate(paths[0], notes) if group.medium == "video" else FRAMES_PER_SECOND
        there = {path: path.is_file() for path in set(paths)}

        def pictures(places: NDArray[np.intp]) -> PictureSource:
            if group.medium == "video":
                return VideoFrames(paths[0] if there[paths[0]] else None, tuple(frames[places].tolist()))
            return PictureFiles(tuple(paths[place] if there[paths[place]] else None for place in places))

        coded_frames = Coded(
            subject=self._cell("subject", group.rows[0]),
            name=name,
            task=self._cell("task", group.rows[0]),
            camera=self._cell("camera", group.rows[0]),
            fps=fps,
            frames=frames,
            timestamps=self._seconds(group, fps),
            occurrence=occurrence,
            intensity={au: intensity.get(au, unknown) for au in self.aus} if self._rows.intensity else {},
            landmarks=None,
            pictured=np.array([there[path] for path in paths], bool),
            tracked=None,
            pictures=pictures,
            notes=tuple(notes),
        )
        return as_recording(coded_frames, self.name, self.protocol)

    def findings(self) -> list[Finding]:
        """What the table alone tells."""
        found = []
        if self._rows.ignored:
            listed = ", ".join(self._rows.ignored[:10])
            found.append(Finding("note", str(self.folder), f"columns that are not read: {listed}"))
        if "timestamp" not in self._rows.cells:
            text = f"it has no timestamps: frame / {FRAMES_PER_SECOND:g}, or the video's stated rate, is used"
            found.append(Finding("note", str(self.folder), text))
        return found

    def _cell(self, meaning: str, row: int) -> str:
        column = self._rows.cells.get(meaning)
        return "" if column is None else column[row]

    def _path(self, medium: Medium, row: int) -> Path:
        return self.folder.parent / self._rows.cells[medium][row]

    def _column(self, title: str, group: _Group) -> NDArray[np.int8]:
        labels = self._rows.labels[title]
        return np.array([labels[row] for row in group.rows], np.int8)

    def _rate(self, path: Path, notes: list[str]) -> float:
        try:
            rate = _stated_rate(path)
        except MediaError as error:
            notes.append(f"{path}: {error.reason}")
            rate = None
        return rate or FRAMES_PER_SECOND

    def _seconds(self, group: _Group, fps: float) -> NDArray[np.float64]:
        texts = [self._cell("timestamp", row) for row in group.rows]
        if not any(texts):
            return np.array(group.frames) / fps
        seconds = np.full(len(texts), np.nan)
        for place, (row, text) in enumerate(zip(group.rows, texts, strict=True)):
            try:
                seconds[place] = float(text)
            except ValueError:
                seconds[place] = np.nan
            fell = place > 0 and seconds[place] < seconds[place - 1]
            if not np.isfinite(seconds[place]) or fell:
                reason = f"{self._rows.line(row)}: timestamp {text[:20]!r} is no time, or falls"
                raise DatasetError(self.folder, reason, "Give seconds that rise with the frames")
        return seconds


@lru_cache(maxsize=64)
def _stated_rate(path: Path) -> float | None:
    with VideoReader(path) as reader:
        return reader.average_rate


def _grouped(rows: Rows) -> dict[str, _Group]:
    """The recordings by name."""
    keys: dict[tuple[str, ...], list[int]] = {}
    for row in range(len(rows)):
        keys.setdefault(_key(rows, row), []).append(row)
    groups: dict[str, _Group] = {}
    owners: dict[str, str] = {}
    for (medium, subject, *_), members in keys.items():
        name = _name(rows, members[0], groups)
        if owners.setdefault(name, subject) != subject or name in groups:
            reason = f"{rows.line(members[0])}: sequence {name} has two subjects, or both pictures and video"
            raise DatasetError(rows.path, reason, "Give each subject's sequences their own names")
        groups[name] = _ordered(rows, name, "video" if medium == "video" else "image", members)
    return groups


def _key(rows: Rows, row: int) -> tuple[str, ...]:
    """What tells recordings apart: medium, subject, camera, and sequence, video or folder."""
    paths = {medium: rows.cells[medium][row] for medium in ("image", "video") if medium in rows.cells}
    given = [medium for medium, path in paths.items() if path]
    if len(given) != 1:
        reason = f"{rows.line(row)} names {'both an image and a video' if given else 'neither image nor video'}"
        raise DatasetError(rows.path, reason, "Name one of them in each row")
    subject = rows.cells["subject"][row]
    if not is_name(subject):
        reason = f"{rows.line(row)}: {subject!r} cannot be a subject's name"
        raise DatasetError(rows.path, reason, "Use at most 100 of A-Z a-z 0-9 _ . -")
    medium = given[0]
    path = Path(paths[medium])
    sequence = rows.cells["sequence"][row] if "sequence" in rows.cells else ""
    return medium, subject, sequence, str(path if medium == "video" else ("" if sequence else path.parent))


def _name(rows: Rows, row: int, taken: dict[str, _Group]) -> str:
    sequence = rows.cells["sequence"][row] if "sequence" in rows.cells else ""
    if sequence:
        if not is_name(sequence):
            reason = f"{rows.line(row)}: {sequence!r} cannot be a sequence's name"
            raise DatasetError(rows.path, reason, "Use at most 100 of A-Z a-z 0-9 _ . -")
        return sequence
    subject = rows.cells["subject"][row]
    video = rows.cells["video"][row] if "video" in rows.cells else ""
    last = Path(video).stem if video else Path(rows.cells["image"][row]).parent.name
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", last).strip(".-")
    base = (subject if plain in ("", subject) else f"{subject}_{plain}")[:90]
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    return name


def _ordered(rows: Rows, name: str, medium: Medium, members: Sequence[int]) -> _Group:
    numbered = "frame" in rows.cells and any(rows.cells["frame"][row] for row in members)
    if not numbered:
        if medium == "video":
            reason = f"{rows.line(members[0])}: a video's rows need the frame's place"
            raise DatasetError(rows.path, reason, "Add a column frame, counted from 0")
        return _Group(name, medium, tuple(members), tuple(range(len(members))))
    frames: dict[int, int] = {}
    for row in members:
        text = rows.cells["frame"][row]
        if not text.isdecimal() or len(text) > 9:
            raise DatasetError(rows.path, f"{rows.line(row)}: frame {text[:20]!r} is no number from 0", "Correct it")
        if frames.setdefault(int(text), row) != row:
            reason = f"{rows.line(row)}: frame {text} of {name} is named twice"
            raise DatasetError(rows.path, reason, "Name each frame of a sequence once")
    order = sorted(frames)
    return _Group(name, medium, tuple(frames[frame] for frame in order), tuple(order))
