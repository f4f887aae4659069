"""Where the parts of a copy of DISFA lie: label files, videos of both cameras, landmark files."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from actionunits.datasets.tree import list_folder, scan

SUBJECT = re.compile(r"SN\d{3}", re.IGNORECASE)
LANDMARK_FOLDERS = ("tmp_frame_lm", "frame_lm")
_LABELS = re.compile(r"(SN\d{3})_au(\d{1,2})\.txt", re.IGNORECASE)
_VIDEO = re.compile(r"(Left|Right)Video(SN\d{3})(?:_comp)?\.(?:avi|mp4|mov|mkv|wmv|mpg|mpeg)", re.IGNORECASE)
_FROM_0 = re.compile(r"SN\d{3}_(\d{4,5})_lm\.mat", re.IGNORECASE)
_FROM_1 = re.compile(r"l(\d{4,6})_lm\.mat", re.IGNORECASE)


@dataclass(frozen=True)
class Places:
    """The files of a copy.

    Attributes:
        labels: label file by subject and AU.
        videos: by camera and subject.
        landmarks: folder of the landmark files by subject.
        notes: what is odd, by file or folder.
    """

    labels: dict[str, dict[int, Path]] = field(default_factory=dict)
    videos: dict[str, dict[str, Path]] = field(default_factory=lambda: {"left": {}, "right": {}})
    landmarks: dict[str, Path] = field(default_factory=dict)
    notes: list[tuple[Path, str]] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class LandmarkFiles:
    """The landmark files of one subject.

    Attributes:
        paths: file by label frame, which counts from 1.
        notes: what is odd.
    """

    paths: dict[int, Path]
    notes: tuple[str, ...] = ()


def find_places(root: Path) -> Places:
    """Look for the parts of DISFA below a folder; only names are read.

    Raises:
        DatasetError: the folder cannot be read.
    """
    places = Places()
    for folder in scan(root, SUBJECT):
        for name in folder.files:
            if match := _VIDEO.fullmatch(name):
                videos = places.videos[match[1].lower()]
                if videos.setdefault(match[2].upper(), folder.path / name) != folder.path / name:
                    places.notes.append((folder.path / name, "is a second video of its subject and is not read"))
        for name in folder.folders:
            if SUBJECT.fullmatch(name):
                _sort_subject(folder.path / name, places)
    return places


def _sort_subject(path: Path, places: Places) -> None:
    inside = list_folder(path)
    for name in inside.files:
        if match := _LABELS.fullmatch(name):
            labels = places.labels.setdefault(match[1].upper(), {})
            if labels.setdefault(int(match[2]), path / name) != path / name:
                places.notes.append((path / name, "is a second label file of its AU and is not read"))
    for name in inside.folders:
        if name.lower() in LANDMARK_FOLDERS:
            places.landmarks.setdefault(path.name.upper(), path / name)


def landmark_files(folder: Path, count: int) -> LandmarkFiles:
    """Which landmark file belongs to which label frame.

    ``SN001_0000_lm.mat`` counts from 0 and ``l00001_lm.mat`` from 1. Some folders have one file more than there are
    labels; then the first is not used.

    Args:
        folder: of one subject.
        count: of label lines.

    Raises:
        DatasetError: the folder cannot be read.
    """
    by_pattern: list[dict[int, str]] = [{}, {}]
    for name in list_folder(folder).files:
        for found, pattern in zip(by_pattern, (_FROM_0, _FROM_1), strict=True):
            if match := pattern.fullmatch(name):
                found[int(match[1])] = name
    notes = []
    first = 0 if len(by_pattern[0]) >= len(by_pattern[1]) else 1
    if by_pattern[0] and by_pattern[1]:
        notes.append(f"landmark files have names of two patterns: {len(by_pattern[1 - first])} are not read")
    numbered = by_pattern[first]
    surplus = max(numbered, default=0) - first + 1 - count
    if surplus == 1:
        first += 1
        notes.append("there is one landmark file more than labels: the first is not used")
    elif surplus > 1:
        notes.append(f"there are {surplus} landmark files more than labels: the last ones are not used")
    paths = {number - first + 1: folder / name for number, name in numbered.items()}
    return LandmarkFiles({frame: path for frame, path in sorted(paths.items()) if 1 <= frame <= count}, tuple(notes))
