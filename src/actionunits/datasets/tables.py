"""Reading tables of integer codes, one row a frame, with the frame number in the first column."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from actionunits.errors import DatasetError

MOST_BYTES = 1 << 26
_LARGEST_FRAME = 2**31 - 1
_LONGEST_CELL = 12  # of an integer


@dataclass(frozen=True, eq=False)
class CodeTable:
    """A table of codes.

    Attributes:
        path: its file.
        head: titles of the columns after the first; empty for a file without a header.
        frames: (N,) int32, rising.
        codes: (N, C) int64.
    """

    path: Path
    head: tuple[str, ...]
    frames: NDArray[np.int32]
    codes: NDArray[np.int64]

    def column(self, title: str) -> NDArray[np.int64]:
        """The (N,) codes under a title.

        Raises:
            DatasetError: there is no such column, or more than one.
        """
        if self.head.count(title) != 1:
            many = "more than one column" if title in self.head else "no column"
            raise DatasetError(self.path, f"it has {many} {title!r} in its header", "Copy the file again")
        return self.codes[:, self.head.index(title)]


def read_codes(path: Path, *, header: bool) -> CodeTable:
    """Read a comma-separated table of integers.

    Args:
        path: the file.
        header: whether the first row has titles.

    Raises:
        DatasetError: it is unreadable, empty or too large; a row has too few or too many cells; a cell is no integer;
            the frame numbers do not rise.
    """
    rows = _rows(path)
    head: tuple[str, ...] = ()
    if header:
        if rows and rows[0][1][0] not in ("", "0") and rows[0][1][0].isdigit():
            raise DatasetError(path, "its first row is no header but a frame", "Copy the file again")
        head = tuple(cell.removeprefix("+") for cell in rows[0][1][1:]) if rows else ()
        rows = rows[1:]
    if not rows:
        raise DatasetError(path, "it has no rows", "Copy the file again")
    width = 1 + len(head) if header else len(rows[0][1])
    cells = []
    for line, row in rows:
        if len(row) != width or width < 2:
            reason = f"line {line} has {len(row)} cells, expected {max(width, 2)}"
            raise DatasetError(path, reason, "Copy the file again")
        try:
            cells.append([_integer(cell) for cell in row])
        except ValueError as error:
            raise DatasetError(path, f"line {line}: {error}", "Copy the file again") from error
    table = np.array(cells, np.int64)
    falling = np.flatnonzero(np.diff(table[:, 0]) <= 0)
    if len(falling):
        line = rows[falling[0] + 1][0]
        raise DatasetError(path, f"line {line}: the frame numbers do not rise", "Copy the file again")
    if table[0, 0] < 0 or table[-1, 0] > _LARGEST_FRAME:
        raise DatasetError(path, "a frame number is out of range", "Copy the file again")
    return CodeTable(path, head, table[:, 0].astype(np.int32), table[:, 1:])


def as_labels(codes: NDArray[np.int64], highest: int, path: Path, unknown: tuple[int, ...] = (9,)) -> NDArray[np.int8]:
    """Turn codes into labels: those that mean "unknown" become -1, never 0 or 1.

    Args:
        codes: (N,) 0 to ``highest`` or one of ``unknown``.
        highest: 1 for occurrence, 5 for intensity.
        path: for messages.
        unknown: codes of what could not be coded.

    Raises:
        DatasetError: a code is none of these.
    """
    hidden = np.isin(codes, unknown)
    odd = codes[~hidden & ((codes < 0) | (codes > highest))]
    if len(odd):
        raise DatasetError(path, f"code {odd[0]} is not 0 to {highest}", "Copy the file again")
    return np.where(hidden, -1, codes).astype(np.int8)


def matched(frames: NDArray[np.int32], table: CodeTable, labels: NDArray[np.int8]) -> NDArray[np.int8]:
    """The labels of a table at these frames, by frame number; -1 where it has no row."""
    places = np.searchsorted(table.frames, frames)
    inside = np.minimum(places, len(table.frames) - 1)
    return np.where(table.frames[inside] == frames, labels[inside], -1).astype(np.int8)


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Line numbers and stripped cells of the rows that are not blank."""
    text = _text(path)
    lines = csv.reader(text.splitlines())
    rows = []
    try:
        for row in lines:
            cells = [cell.strip() for cell in row]
            if any(cells):
                rows.append((lines.line_num, cells))
    except csv.Error as error:
        raise DatasetError(path, f"line {lines.line_num}: {error}", "Copy the file again") from error
    return rows


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise DatasetError(path, f"it is larger than {MOST_BYTES >> 20} MiB", "Check that it is a table of labels")
        return data.decode("utf-8-sig")
    except OSError as error:
        raise DatasetError(path, f"it cannot be read ({error.strerror or error})", "Check the copy") from error
    except UnicodeDecodeError as error:
        raise DatasetError(path, "it is no text", "Copy the file again") from error


def _integer(cell: str) -> int:
    if len(cell) > _LONGEST_CELL or not cell.removeprefix("-").isdecimal():
        raise ValueError(f"{cell[:20]!r} is no integer")
    return int(cell)
