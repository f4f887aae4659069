"""From what the user typed (files, folders, patterns) to the list of media to read."""

import fnmatch
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from actionunits.errors import ActionUnitsError, MediaError
from actionunits.media.files import unreadable
from actionunits.media.signatures import Kind, kind_of_file, kind_of_suffix

_PATTERN_SIGNS = "*?["


@dataclass(frozen=True, slots=True)
class MediaInput:
    """One file to read: its path as found, and whether it is read as an image or as a video.

    Attributes:
        path: where it lies.
        kind: how it is read.
        name: what results call their source; the path where it is empty.
    """

    path: Path
    kind: Kind
    name: str = ""


@dataclass(frozen=True, slots=True)
class ExpandedInputs:
    """What was found, and what went wrong on the way.

    Attributes:
        inputs: the files, in the order of the arguments, each once.
        failures: one error for every argument, folder or file that could not be used.
    """

    inputs: tuple[MediaInput, ...]
    failures: tuple[ActionUnitsError, ...]


def expand_inputs(arguments: Sequence[str | Path]) -> ExpandedInputs:
    """Expand files, folders and patterns into media files.

    A folder stands for every file in it and below it with the suffix of a picture or video, sorted by path; hidden
    files and folders are left out, and a folder reached twice through links is read once. A pattern may hold ``*``,
    ``?``, ``[...]`` and ``**``; a file or folder whose name looks like a pattern wins. A file's content decides what it
    is, its suffix only where the content says nothing. A file that several arguments name is taken once.

    Args:
        arguments: paths and patterns.

    Returns:
        The files, and the failures: a missing file, a file that is no medium, a folder without any, a folder that
        cannot be read, a pattern that matches nothing.
    """
    inputs: dict[str, MediaInput] = {}
    failures: list[ActionUnitsError] = []
    for argument in arguments:
        path = Path(argument)
        named = _is_there(path, failures)
        if named is None:
            continue
        found = (
            _files_below(path, failures) if named and path.is_dir() else [path] if named else _matches(path, failures)
        )
        for file in found:
            identity = os.path.realpath(file)
            if identity not in inputs and (medium := _classify(file, failures, named=file == path)) is not None:
                inputs[identity] = medium
    return ExpandedInputs(tuple(inputs.values()), tuple(failures))


def _is_there(path: Path, failures: list[ActionUnitsError]) -> bool | None:
    """Whether the file or folder exists; None where that is refused."""
    try:
        return path.exists()
    except OSError as error:
        failures.append(unreadable(path, error))
        return None


def _matches(pattern: Path, failures: list[ActionUnitsError]) -> list[Path]:
    """The media a pattern matches; matched folders stand for the media below them."""
    if not any(sign in str(pattern) for sign in _PATTERN_SIGNS):
        failures.append(MediaError(pattern, "there is no such file or folder", "Check the path"))
        return []
    base = Path(pattern.anchor)
    parts = pattern.parts[1:] if pattern.anchor else pattern.parts
    while parts and (base / parts[0]).exists():  # a folder called "clips [1]" is meant literally
        base, parts = base / parts[0], parts[1:]
    files: set[Path] = set()
    visited: set[str] = set()
    for match in _expand(base, parts, failures):
        files.update(_files(match, visited, failures) if match.is_dir() else (match,))
    media = sorted(file for file in files if kind_of_suffix(file) is not None)
    if not media:
        failures.append(MediaError(pattern, "no picture or video matches this pattern", "Check the pattern"))
    return media


def _expand(base: Path, parts: Sequence[str], failures: list[ActionUnitsError]) -> Iterator[Path]:
    """The paths a pattern matches. Not by `glob`: it follows folders that link to each other on every way there is."""
    if not parts:
        yield base
    elif parts[0] == "**":
        for folder, _ in _walk(base, set(), failures):
            yield from _expand(folder, parts[1:], failures)
    elif not any(sign in parts[0] for sign in _PATTERN_SIGNS):
        if (base / parts[0]).exists():
            yield from _expand(base / parts[0], parts[1:], failures)
    elif base.is_dir():
        for name, _ in _entries(base, failures, hidden=parts[0].startswith(".")):
            if fnmatch.fnmatch(name, parts[0]):
                yield from _expand(base / name, parts[1:], failures)


def _files_below(folder: Path, failures: list[ActionUnitsError]) -> list[Path]:
    known = len(failures)
    files = sorted(path for path in _files(folder, set(), failures) if kind_of_suffix(path) is not None)
    if not files and len(failures) == known:
        failures.append(MediaError(folder, "there is no picture or video in this folder", "Check the path"))
    return files


def _files(folder: Path, visited: set[str], failures: list[ActionUnitsError]) -> Iterator[Path]:
    for place, names in _walk(folder, visited, failures):
        yield from (place / name for name in names)


def _walk(folder: Path, visited: set[str], failures: list[ActionUnitsError]) -> Iterator[tuple[Path, list[str]]]:
    """A folder and those below it that are not hidden, each with its files; ``visited`` holds the real paths seen."""
    identity = os.path.realpath(folder)
    if identity in visited or not folder.is_dir():
        return
    visited.add(identity)
    entries = _entries(folder, failures)
    yield folder, [name for name, is_folder in entries if not is_folder]
    for name, is_folder in entries:
        if is_folder:
            yield from _walk(folder / name, visited, failures)


def _entries(folder: Path, failures: list[ActionUnitsError], *, hidden: bool = False) -> list[tuple[str, bool]]:
    """What lies in a folder, sorted: names, and whether each is a folder; nothing if it cannot be read."""
    try:
        with os.scandir(folder) as scan:
            return sorted((entry.name, entry.is_dir()) for entry in scan if hidden or not entry.name.startswith("."))
    except OSError as error:
        failures.append(unreadable(folder, error))
        return []


def _classify(path: Path, failures: list[ActionUnitsError], *, named: bool) -> MediaInput | None:
    """The file as a medium; one that is none is a failure only if the caller named it."""
    try:
        kind = kind_of_file(path) if path.is_file() else None
    except OSError as error:
        failures.append(unreadable(path, error))
        return None
    if kind is not None:
        return MediaInput(path, kind)
    if named:
        failures.append(MediaError(path, "it is neither a picture nor a video", "Name a picture, a video or a folder"))
    return None
