"""A manifest as rows: which column means what, and each cell as text, number or label."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from actionunits.errors import DatasetError
from actionunits.facs import FACS, AUSet

MOST_BYTES = 1 << 30
TABLE_SUFFIXES = (".csv", ".tsv", ".parquet")
_NAMES = {
    "image": ("image", "image_path", "picture", "file", "path", "filename"),
    "video": ("video", "video_path"),
    "subject": ("subject", "subject_id", "person", "participant"),
    "sequence": ("sequence", "clip"),
    "frame": ("frame", "frame_number"),
    "timestamp": ("timestamp", "seconds"),
    "task": ("task",),
    "camera": ("camera",),
}
_AU = re.compile(r"AU_?0*(\d{1,2})(_c|_i|_intensity)?", re.IGNORECASE)
_UNKNOWN = frozenset({"", "nan", "na", "n/a", "none", "null", "-1", "9", "?"})
_UNTOLD = frozenset({"", "nan", "none", "null"})


@dataclass(frozen=True, eq=False)
class Rows:
    """The cells of a manifest.

    Attributes:
        path: of the manifest.
        cells: the columns' stripped text, by their meaning: ``image``, ``video``, ``subject``, ``sequence``, ``frame``,
            ``timestamp``, ``task``, ``camera``; absent where the manifest has no such column.
        occurrence: titles of the columns of occurrence by AU.
        intensity: titles of the columns of intensity by AU.
        labels: the labels of each of those columns, by title: -1 for unknown.
        ignored: titles of columns that mean nothing to us.
    """

    path: Path
    cells: dict[str, list[str]]
    occurrence: dict[int, str]
    intensity: dict[int, str]
    labels: dict[str, list[int]]
    ignored: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.cells["subject"])

    @property
    def aus(self) -> AUSet:
        """The action units with a column, by number."""
        return AUSet(tuple(sorted({*self.occurrence, *self.intensity})))

    def line(self, row: int) -> str:
        """How to name a row in a message."""
        return f"row {row + 1}" if self.path.suffix.lower() == ".parquet" else f"line {row + 2}"


def read_rows(path: Path) -> Rows:
    """Read a CSV, TSV or Parquet table.

    Raises:
        DatasetError: it cannot be read; a column is missing or named twice; a label is none.
    """
    table = _table(path)
    if table.num_rows == 0:
        raise DatasetError(path, "it has no rows", "Write one row a picture or video frame")
    cells: dict[str, list[str]] = {}
    occurrence: dict[int, str] = {}
    intensity: dict[int, str] = {}
    ignored = []
    for title in table.column_names:
        meaning = next((each for each, names in _NAMES.items() if title.strip().lower() in names), None)
        match = _AU.fullmatch(title.strip())
        if meaning is not None:
            if meaning in cells:
                raise DatasetError(path, f"two columns name the {meaning}", f"Keep one called {meaning}")
            cells[meaning] = [_text(value) for value in table[title].to_pylist()]
        elif match and int(match[1]) in FACS:
            scored = (match[2] or "").lower() in ("_i", "_intensity")
            columns = intensity if scored else occurrence
            if columns.setdefault(int(match[1]), title) != title:
                raise DatasetError(path, f"two columns label AU {match[1]}: {title} is one", "Keep one")
        else:
            ignored.append(title)
    _require(path, cells, bool(occurrence or intensity))
    labels: dict[str, list[int]] = {}
    rows = Rows(path, cells, occurrence, intensity, labels, tuple(ignored))
    for columns, highest in ((occurrence, 1), (intensity, 5)):
        for au, title in columns.items():
            labels[title] = _labels(rows, table[title].to_pylist(), title, au, highest)
    return rows


def _require(path: Path, cells: dict[str, list[str]], labelled: bool) -> None:
    if "image" not in cells and "video" not in cells:
        raise DatasetError(path, "it has no column image or video", "Add one with the files' paths")
    if "subject" not in cells:
        raise DatasetError(path, "it has no column subject", "Add one that says who is seen: splits are by subject")
    if not labelled:
        raise DatasetError(path, "it has no column of labels", "Add columns such as AU12 (0/1) or AU12_i (0-5)")


def _labels(rows: Rows, values: list[Any], title: str, au: int, highest: int) -> list[int]:
    labels = []
    for row, value in enumerate(values):
        text = _text(value)
        if text.lower() in _UNKNOWN:
            labels.append(-1)
            continue
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not (number.is_integer() and 0 <= number <= highest):
            hint = (
                f"Call the column AU{au:02d}_i if it holds intensities" if highest == 1 else "Use 0-5, empty: unknown"
            )
            reason = f"{rows.line(row)}: {title} is {text[:20]!r}, not 0 to {highest}"
            raise DatasetError(rows.path, reason, hint)
        labels.append(int(number))
    return labels


def _table(path: Path) -> pa.Table:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DatasetError(path, f"it is larger than {MOST_BYTES >> 30} GiB", "Split it by subject")
        if path.suffix.lower() == ".parquet":
            table = pq.read_table(path)
        else:
            table = _csv(path, "\t" if path.suffix.lower() == ".tsv" else ",")
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DatasetError(path, f"it cannot be read ({error})", "Save it as CSV or Parquet again") from error
    twice = sorted({title for title in table.column_names if table.column_names.count(title) > 1})
    if twice:
        raise DatasetError(path, f"two columns are called {twice[0]!r}", "Give each its own name")
    return table


def _csv(path: Path, delimiter: str) -> pa.Table:
    parsing = pa_csv.ParseOptions(delimiter=delimiter)
    with pa_csv.open_csv(path, parse_options=parsing) as first:
        names = first.schema.names
    kinds = dict.fromkeys(names, pa.string())  # else 001 would become 1
    return pa_csv.read_csv(path, parse_options=parsing, convert_options=pa_csv.ConvertOptions(column_types=kinds))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value).strip()
    return "" if text.lower() in _UNTOLD else text
