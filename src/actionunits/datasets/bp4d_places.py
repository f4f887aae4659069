"""Where the parts of a copy of BP4D or BP4D+ lie: label tables, intensities, landmarks, pictures."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from actionunits.datasets.pictures import PictureFiles, ZippedPictures, open_archive
from actionunits.datasets.recording import PictureSource
from actionunits.datasets.tree import Folder, list_folder, scan
from actionunits.errors import DatasetError
from actionunits.facs import FACS
from actionunits.media import IMAGE_SUFFIXES

SUBJECT = re.compile(r"[FM]\d{3}")
TASK = re.compile(r"T\d{1,2}")
_OCCURRENCE = re.compile(r"([FM]\d{3}_T\d{1,2})\.csv", re.IGNORECASE)
_INTENSITY = re.compile(r"([FM]\d{3}_T\d{1,2})_AU(\d{1,2})\.csv", re.IGNORECASE)
_TRACKED = re.compile(r"([FM]\d{3}_T\d{1,2})\.mat", re.IGNORECASE)
_ARCHIVE = re.compile(r"([FM]\d{3})\.zip", re.IGNORECASE)
_MEMBER = re.compile(r"(?:.*/)?(T\d{1,2})/([^/]+)")
_LANDMARK_FOLDER = "2DFeatures"  # 3DFeatures has files of the same names
_LONGEST_NUMBER = 9


@dataclass(frozen=True)
class Places:
    """The files of a copy.

    Attributes:
        occurrence: label table by sequence.
        intensity: intensity table by AU and sequence.
        tracked: landmark file by sequence.
        pictures: folders and archives with a subject's pictures, by subject.
        notes: what is odd, by file or folder.
    """

    occurrence: dict[str, Path] = field(default_factory=dict)
    intensity: dict[int, dict[str, Path]] = field(default_factory=dict)
    tracked: dict[str, Path] = field(default_factory=dict)
    pictures: dict[str, list[Path]] = field(default_factory=dict)
    notes: list[tuple[Path, str]] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class PictureList:
    """The pictures of one sequence, by number.

    Attributes:
        names: path of a file, or name of an archive's member, by number; in the order of the numbers.
        archive: the archive; None for files.
        notes: what is odd.
    """

    names: dict[int, str]
    archive: Path | None = None
    notes: tuple[str, ...] = ()

    @property
    def first(self) -> int:
        """The lowest number; 0 where there is no picture."""
        return next(iter(self.names), 0)

    @property
    def span(self) -> int:
        """How many numbers there are from the lowest to the highest."""
        return max(self.names) - self.first + 1 if self.names else 0

    def have(self, numbers: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Which of these numbers have a picture."""
        return np.array([int(number) in self.names for number in numbers], bool)

    def source(self, numbers: NDArray[np.integer]) -> PictureSource:
        """The pictures of these numbers."""
        names = [self.names.get(int(number)) for number in numbers]
        if self.archive is not None:
            return ZippedPictures(self.archive, tuple(names))
        return PictureFiles(tuple(None if name is None else Path(name) for name in names))


def find_places(root: Path) -> Places:
    """Look for the parts of BP4D or BP4D+ below a folder; only names are read.

    Raises:
        DatasetError: the folder cannot be read.
    """
    places = Places()
    for folder in scan(root, SUBJECT):
        _sort_files(folder, places)
        for name in folder.folders:
            if SUBJECT.fullmatch(name):
                places.pictures.setdefault(name, []).append(folder.path / name)
    return places


def _sort_files(folder: Folder, places: Places) -> None:
    tables, doubled = dict[str, Path](), 0
    for name in folder.files:
        path = folder.path / name
        if match := _OCCURRENCE.fullmatch(name):
            tables[match[1].upper()] = path
        elif match := _INTENSITY.fullmatch(name):
            if int(match[2]) in FACS:
                doubled += not _added(places.intensity.setdefault(int(match[2]), {}), match[1].upper(), path)
        elif match := _TRACKED.fullmatch(name):
            if folder.path.name.lower() == _LANDMARK_FOLDER.lower():
                doubled += not _added(places.tracked, match[1].upper(), path)
        elif match := _ARCHIVE.fullmatch(name):
            places.pictures.setdefault(match[1].upper(), []).append(path)
    newer = folder.path.name.upper() == "AU_OCC"
    for name, path in tables.items():
        if newer and name in places.occurrence:  # the newer packaging's own folder beats the one around it
            doubled += 1
            places.occurrence[name] = path
        else:
            doubled += not _added(places.occurrence, name, path)
    if doubled:
        other = "the others" if newer else "these"
        places.notes.append((folder.path, f"{doubled} of its files exist in another folder, too; {other} are not read"))


def _added(files: dict[str, Path], name: str, path: Path) -> bool:
    return files.setdefault(name, path) is path


def list_pictures(candidates: list[Path], task: str) -> PictureList:
    """The pictures of a subject's task: of the folder or archive that has most of them.

    Numbers are read as integers, whatever zeros the names are padded with.

    Args:
        candidates: folders and archives with this subject's pictures.
        task: ``"T1"``.

    Raises:
        DatasetError: an archive cannot be opened, and nothing else has pictures.
    """
    lists: list[PictureList] = []
    broken: list[DatasetError] = []
    for path in candidates:
        try:
            lists.append(_in_archive(path, task) if path.suffix.lower() == ".zip" else _in_folder(path / task))
        except DatasetError as error:
            broken.append(error)
    lists.sort(key=lambda one: -len(one.names))
    if not lists or not lists[0].names:
        if broken:
            raise broken[0]
        return PictureList({})
    if len(lists) > 1 and lists[1].names:
        chosen = lists[0].archive or Path(next(iter(lists[0].names.values()))).parent
        return PictureList(lists[0].names, lists[0].archive, (*lists[0].notes, f"pictures are read from {chosen}"))
    return lists[0]


def _in_folder(path: Path) -> PictureList:
    if not path.is_dir():
        return PictureList({})
    return _numbered([(name, str(path / name)) for name in list_folder(path).files], None)


def _in_archive(path: Path, task: str) -> PictureList:
    return _numbered([(name.rsplit("/", 1)[1], name) for name in _members(path).get(task, [])], path)


@lru_cache(maxsize=2)
def _members(path: Path) -> dict[str, list[str]]:
    """Names of the members by task."""
    found: dict[str, list[str]] = {}
    with open_archive(path) as archive:
        names = [member.filename for member in archive.infolist() if not member.is_dir()]
    for name in sorted(names):
        if match := _MEMBER.fullmatch(name):
            found.setdefault(match[1], []).append(name)
    return found


def _numbered(names: list[tuple[str, str]], archive: Path | None) -> PictureList:
    found: dict[int, str] = {}
    unnumbered = doubled = 0
    for name, full in names:
        stem, dot, suffix = name.rpartition(".")
        if dot + suffix.lower() not in IMAGE_SUFFIXES or name.startswith("."):
            continue
        if not stem.isdecimal() or len(stem) > _LONGEST_NUMBER:
            unnumbered += 1
        elif found.setdefault(int(stem), full) is not full:
            doubled += 1
    notes = [f"{unnumbered} pictures have no number for a name and are not read"] if unnumbered else []
    notes += [f"{doubled} pictures have the number of another one and are not read"] if doubled else []
    return PictureList(dict(sorted(found.items())), archive, tuple(notes))


def pictured_tasks(places: Places) -> dict[str, list[str]]:
    """The tasks of each subject that have a folder of pictures, as far as names of folders and archives tell."""
    tasks: dict[str, set[str]] = {}
    for subject, candidates in places.pictures.items():
        for path in candidates:
            if path.suffix.lower() == ".zip":
                try:
                    found = set(_members(path))
                except DatasetError:
                    found = set()
            else:
                found = {name for name in list_folder(path).folders if TASK.fullmatch(name)}
            tasks.setdefault(subject, set()).update(found)
    return {subject: sorted(found, key=lambda task: int(task[1:])) for subject, found in sorted(tasks.items())}
