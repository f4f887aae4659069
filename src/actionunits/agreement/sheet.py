"""A coder's text table: any of the usual encodings and separators, read cell by cell with line numbers."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from actionunits.errors import DatasetError

MOST_BYTES = 64 * 2**20
_MOST_CELLS = 20_000_000
_HEADER_WITHIN = 100  # lines; old BORIS files begin with a page of facts
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2}(?:\.\d+)?)")
_SECONDS = re.compile(r"-?\d{1,12}(?:\.\d*)?|-?\.\d+")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table.

    Attributes:
        line: its number in the file, from 1.
        cells: its texts, white space at the ends taken off.
    """

    line: int
    cells: tuple[str, ...]

    def __getitem__(self, place: int | None) -> str:
        """The text of a column; empty where the row is short or there is no such column (None)."""
        return "" if place is None or place >= len(self.cells) else self.cells[place]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as text. Lines that begin with ``#`` (ELAN's list of media files) and empty lines are left out.

    Attributes:
        path: the file.
        rows: its rows.
    """

    path: Path
    rows: tuple[Row, ...]

    def header(self, *needed: Iterable[str]) -> int | None:
        """Where the first row is that has one name of every group (lower case); None where there is none."""
        for place, row in enumerate(self.rows[:_HEADER_WITHIN]):
            names = {cell.lower() for cell in row.cells}
            if all(names.intersection(group) for group in needed):
                return place
        return None


def read_bytes(path: Path) -> bytes:
    """A coder's file.

    Raises:
        DatasetError: missing, unreadable, empty, or too large for what a person coded.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as failure:
        reason = f"cannot be read ({failure.strerror or failure})"
        raise DatasetError(path, reason, "Check the path and its permissions") from failure
    if len(data) > MOST_BYTES:
        raise DatasetError(path, f"is larger than {MOST_BYTES >> 20} MiB", "Give the codes of one recording")
    if not data.strip():
        raise DatasetError(path, "is empty", "Export the codes again")
    return data


def read_sheet(path: Path) -> Sheet:
    """Read a text table, separated by tabs, commas or semicolons; UTF-8, or UTF-16 with its mark.

    Raises:
        DatasetError: the file cannot be read, is no text, or holds more than a person codes.
    """
    text = _decoded(path, read_bytes(path))
    lines = text.splitlines(keepends=True)
    reader = csv.reader(lines, delimiter=_separator(lines), skipinitialspace=True)
    rows: list[Row] = []
    cells = 0
    try:
        for each in reader:
            row = Row(reader.line_num, tuple(cell.strip() for cell in each))
            cells += len(row.cells)
            if cells > _MOST_CELLS:
                raise DatasetError(path, "has too many cells", "Give the codes of one recording")
            if any(row.cells) and not row.cells[0].startswith("#"):
                rows.append(row)
    except csv.Error as failure:
        reason = f"row {reader.line_num}: is not a table ({failure})"
        raise DatasetError(path, reason, "Export the codes again, as CSV or tab-delimited text") from failure
    return Sheet(path, tuple(rows))


def place_of(header: Row, names: Sequence[str]) -> int | None:
    """The column whose heading is one of ``names`` (lower case), the earliest name first; None where there is none."""
    headings = [cell.lower() for cell in header.cells]
    return next((headings.index(name) for name in names if name in headings), None)


def seconds(text: str) -> float | None:
    """A time in seconds: ``12.5``, ``12,5`` or ``00:00:12.500``; None where it is none.

    >>> seconds("00:01:02.500"), seconds("62,5"), seconds("late")
    (62.5, 62.5, None)
    """
    word = text.strip().replace(",", ".")
    clock = _CLOCK.fullmatch(word)
    if clock:
        return 3600 * int(clock[1] or 0) + 60 * int(clock[2]) + float(clock[3])
    return float(word) if _SECONDS.fullmatch(word) else None


def required_seconds(path: Path, row: Row, place: int | None, what: str) -> float:
    """The time in a cell.

    Raises:
        DatasetError: the cell holds none; the message names file, row and cell.
    """
    time = seconds(row[place])
    if time is None:
        reason = f"row {row.line}: the {what} {row[place]!r} is no time"
        raise DatasetError(path, reason, "Write seconds, or hh:mm:ss.ms")
    return time


def _decoded(path: Path, data: bytes) -> str:
    marked = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = data.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError as failure:
        raise DatasetError(path, "is not UTF-8 text", "Export or save it again as UTF-8 CSV") from failure
    if "\0" in text:
        raise DatasetError(path, "is not a text table", "Export the codes as CSV, tab-delimited text or .eaf")
    return text


def _separator(lines: Sequence[str]) -> str:
    """Tab where any line has one (no code holds a tab), else the more frequent of semicolon and comma."""
    counts = {mark: sum(map(str.count, lines, _repeated(mark))) for mark in "\t;,"}
    return "\t" if counts["\t"] else ";" if counts[";"] > counts[","] else ","


def _repeated(mark: str) -> Iterator[str]:
    while True:
        yield mark
