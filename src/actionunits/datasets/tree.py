"""Finding the parts of a data set below a folder, whatever its copies call the folders in between."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from actionunits.errors import DatasetError

DEPTH = 4  # levels below the named folder; none of the data sets keeps what we look for deeper
MOST_FOLDERS = 2000


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder's names, sorted."""

    path: Path
    folders: tuple[str, ...]
    files: tuple[str, ...]


def list_folder(path: Path) -> Folder:
    """Read the names in a folder.

    Raises:
        DatasetError: it is missing, no folder, or may not be read.
    """
    folders: list[str] = []
    files: list[str] = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                (folders if entry.is_dir() else files).append(entry.name)
    except OSError as error:
        raise DatasetError(path, f"the folder cannot be read ({error.strerror or error})", "Check the path") from error
    return Folder(path, tuple(sorted(folders)), tuple(sorted(files)))


def scan(root: Path, closed: re.Pattern[str]) -> list[Folder]:
    """List a folder and the folders below it, nearest first, without entering those whose name is ``closed``.

    Args:
        root: where to begin.
        closed: the whole name of folders that are not entered, such as a subject's.

    Raises:
        DatasetError: the root cannot be read, or there are more folders than a data set has.
    """
    found, level = [], [root]
    for _ in range(DEPTH + 1):
        below = []
        for path in level:
            try:
                folder = list_folder(path)
            except DatasetError:
                if path == root:
                    raise
                continue  # a folder that may not be read holds nothing for us
            found.append(folder)
            below += [path / name for name in folder.folders if not closed.fullmatch(name) and name[0] != "."]
            if len(found) + len(below) > MOST_FOLDERS:
                raise DatasetError(root, f"there are more than {MOST_FOLDERS} folders below it", "Name the data set's")
        level = below
    return found
