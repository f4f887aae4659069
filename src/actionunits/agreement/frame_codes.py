"""Reading codes of single frames: a row a frame, a column an action unit, in CSV or Parquet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from actionunits.agreement.codes import FrameCodes, listed
from actionunits.agreement.sheet import MOST_BYTES, Row, Sheet, place_of, seconds
from actionunits.agreement.words import LETTERS, NOT_CODED, read_code, read_level
from actionunits.errors import DatasetError
from actionunits.facs import FACS, column

TIME_NAMES = ("timestamp", "time", "time (s)", "time_s", "time [s]", "seconds", "second", "sec", "t", "pts")
FRAME_NAMES = ("frame", "frames", "frame number", "frame_number", "framenumber", "frame no", "frame_no", "frame id")
_ABOUT = frozenset({*TIME_NAMES, *FRAME_NAMES, "subject", "sequence", "source", "camera", "flags", "face_id"})
_MOST_TABLE_BYTES = 2**30  # of a Parquet file, uncompressed


def read_frame_sheet(sheet: Sheet, header: int) -> FrameCodes:
    """Frame codes from a text table.

    Args:
        sheet: the table.
        header: which row has the headings.

    Raises:
        DatasetError: no column names an action unit, a cell is no code, or the rows are not in order; the message
            names file, row and column.
    """
    head, rows = sheet.rows[header], sheet.rows[header + 1 :]
    columns = [[row[place] for row in rows] for place in range(len(head.cells))]
    return _frame_codes(sheet.path, head.cells, columns, [row.line for row in rows])


def read_frame_parquet(path: Path) -> FrameCodes:
    """Frame codes from a Parquet file; errors as of :func:`read_frame_sheet`, rows counted from 1."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DatasetError(path, f"is larger than {MOST_BYTES >> 20} MiB", "Give the codes of one recording")
        with pq.ParquetFile(path) as file:
            groups = range(file.metadata.num_row_groups)
            if sum(file.metadata.row_group(each).total_byte_size for each in groups) > _MOST_TABLE_BYTES:
                raise DatasetError(path, "unpacks to more than a person codes", "Give the codes of one recording")
            table = file.read()
    except OSError as failure:
        reason = f"cannot be read ({failure.strerror or failure})"
        raise DatasetError(path, reason, "Check the path and its permissions") from failure
    except (pa.ArrowException, ValueError) as failure:
        reason = f"is not a readable Parquet file ({str(failure).splitlines()[0]})"
        raise DatasetError(path, reason, "Write the file again") from failure
    columns = [["" if cell is None else str(cell) for cell in values.to_pylist()] for values in table.columns]
    return _frame_codes(path, tuple(table.column_names), columns, list(range(1, len(table) + 1)))


def _frame_codes(
    path: Path, names: Sequence[str], columns: Sequence[Sequence[str]], lines: Sequence[int]
) -> FrameCodes:
    head = Row(0, tuple(name.strip() for name in names))
    time, frame = place_of(head, TIME_NAMES), place_of(head, FRAME_NAMES)
    if time is None and frame is None:
        step = f"Name one of them {TIME_NAMES[0]} (seconds) or {FRAME_NAMES[0]}"
        raise DatasetError(path, f"no column holds times or frame numbers ({listed(head.cells)})", step)
    if not lines:
        raise DatasetError(path, "has headings and no row", "Export the codes again")
    occurrence: dict[int, NDArray[np.int8]] = {}
    level: dict[int, NDArray[np.int8]] = {}
    strange = []
    for name, cells in zip(head.cells, columns, strict=True):
        code = read_code(name)
        if code is None or code.number not in FACS or code.level != NOT_CODED:
            strange += [name] if name and name.lower() not in _ABOUT else []
            continue
        values, graded = _levels(path, name, cells, lines)
        shown = np.minimum(values, 1).astype(np.int8)
        occurrence[code.number] = np.maximum(occurrence.get(code.number, shown), shown)  # left and right: either
        if graded:
            level[code.number] = np.maximum(level.get(code.number, values), values)
    if not occurrence:
        step = f"Name the columns {column(12)}, 12 or the like, with 0/1, 0-5 or A-E"
        raise DatasetError(path, f"no column names an action unit ({listed(head.cells)})", step)
    remarks = (f"columns that name no action unit were left out: {listed(strange)}",) if strange else ()
    if time is not None:
        times = _rising(path, head.cells[time], columns[time], lines)
        return FrameCodes(path, "frame codes by time", times, None, occurrence, level, remarks)
    numbers = _rising(path, head.cells[frame or 0], columns[frame or 0], lines)
    if not np.array_equal(numbers, np.rint(numbers)):
        reason = f"column {head.cells[frame or 0]} holds frame numbers that are not whole"
        raise DatasetError(path, reason, f"Name the column {TIME_NAMES[0]} if it holds seconds")
    return FrameCodes(path, "frame codes by number", None, numbers.astype(np.int64), occurrence, level, remarks)


def _levels(path: Path, name: str, cells: Sequence[str], lines: Sequence[int]) -> tuple[NDArray[np.int8], bool]:
    """A column's codes, (n,) of -1 to 5, and whether they are levels: a letter or a number above 1 shows it."""
    known: Mapping[str, int | None] = {cell: read_level(cell) for cell in set(cells)}
    wrong = next((place for place, cell in enumerate(cells) if known[cell] is None), None)
    if wrong is not None:
        reason = f"row {lines[wrong]}, column {name}: {cells[wrong]!r} is no code"
        raise DatasetError(path, reason, "Write 0 or 1, 0-5 or A-E, and 9 or nothing for not coded")
    values = np.array([known[cell] for cell in cells], np.int8)
    return values, bool(values.max() > 1 or any(cell.upper() in LETTERS for cell in known if cell.isalpha()))


def _rising(path: Path, name: str, cells: Sequence[str], lines: Sequence[int]) -> NDArray[np.float64]:
    """A column of times or frame numbers, (n,) float64, each above the one before."""
    values = [seconds(cell) for cell in cells]
    for place, value in enumerate(values):
        if value is None or (place and value <= (values[place - 1] or 0.0)):
            why = "is no number" if value is None else f"does not come after {cells[place - 1]!r}"
            step = "Give one row a frame, in order, of one recording and one person"
            raise DatasetError(path, f"row {lines[place]}, column {name}: {cells[place]!r} {why}", step)
    return np.array(values, np.float64)
