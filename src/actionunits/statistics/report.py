"""Statistics as text, as tables on disk, and as plots."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actionunits.facs import FACS, AUSet, column
from actionunits.statistics.describe import StoreStatistics
from actionunits.viz.charts import bar_chart, heat_map
from actionunits.viz.palette import Picture
from actionunits.viz.tables import aligned, csv_text, save_folder

_RATES = ("au", "name", "positive", "negative", "unknown", "rate", "subjects", "always_positive_f1")
_SEGMENTS = (
    "au", "name", "segments", "cut", "mean_frames", "median_frames", "longest_frames", "mean_seconds", "median_seconds",
    "longest_seconds",
)  # fmt: skip
_LEVELS = ("au", "name", "unknown", "0", "1", "2", "3", "4", "5")
_WORDS = ("au", "name")  # columns that hold no numbers


def rate_rows(statistics: StoreStatistics) -> list[dict[str, str]]:
    """One row an action unit, every number as text; what is not defined is empty."""
    rates = statistics.rates
    columns = (rates.positive, rates.negative, rates.unknown, rates.rate, rates.subjects, rates.always_positive_f1)
    return _rows(statistics.aus, _RATES, columns)


def segment_rows(statistics: StoreStatistics) -> list[dict[str, str]]:
    """One row an action unit: how many segments and how long."""
    found = list(statistics.segments.values())
    counts = [np.array([len(each) for each in found]), np.array([int(each.cut.sum()) for each in found])]
    columns = [
        np.array([_of(how, getattr(each, what)) for each in found])
        for what in ("frames", "seconds")
        for how in (np.mean, np.median, np.max)
    ]
    return _rows(statistics.aus, _SEGMENTS, [*counts, *columns])


def level_rows(statistics: StoreStatistics) -> list[dict[str, str]]:
    """One row an action unit with intensities: frames by intensity."""
    return _rows(statistics.level_aus, _LEVELS, list(statistics.levels.T))


def summary_lines(statistics: StoreStatistics) -> list[str]:
    """The statistics for a terminal."""
    header = statistics.header
    counts = header.counts
    lines = [
        f"{header.dataset}: {counts.subjects} subjects, {counts.sequences} sequences, {counts.frames} frames",
        *[f"{name}: {value}" for name, value in header.protocol.items()],
        "",
        *aligned(_table(rate_rows(statistics)), _WORDS),
        "",
        *aligned(_table(segment_rows(statistics)), _WORDS),
        "",
        "strongest relations (Pearson's r of occurrence):",
    ]
    return lines + [f"  {first} {second}  {value:+.2f}" for value, first, second in _strongest(statistics)]


def save(statistics: StoreStatistics, folder: str | Path) -> list[Path]:
    """Write the tables as CSV, the facts as JSON, and the plots.

    Args:
        statistics: what to write.
        folder: where; made if it is missing. Files of the same names are replaced.

    Returns:
        The files, in order of writing.

    Raises:
        ResultsError: a table cannot be written.
        MediaError: a plot cannot be written.
    """
    texts = {
        "base_rates.csv": csv_text(rate_rows(statistics), _RATES),
        "segments.csv": csv_text(segment_rows(statistics), _SEGMENTS),
        "relations.csv": _matrix_text(statistics.aus, statistics.relations),
        "statistics.json": json.dumps(_facts(statistics), indent=2, ensure_ascii=False) + "\n",
    }
    if len(statistics.level_aus):
        texts["levels.csv"] = csv_text(level_rows(statistics), _LEVELS)
        texts["level_relations.csv"] = _matrix_text(statistics.level_aus, statistics.level_relations)
    return save_folder(Path(folder), texts, plots(statistics))


def plots(statistics: StoreStatistics) -> dict[str, Picture]:
    """The plots by file name, each (H, W, 3) uint8 RGB."""
    counts = statistics.header.counts
    note = f"{statistics.header.dataset}: {counts.subjects} subjects, {counts.frames:,} frames"
    names = [str(au) for au in statistics.aus]
    found = list(statistics.segments.values())
    durations = [_of(np.mean, each.seconds) for each in found]
    pictures = {
        "base_rates.png": bar_chart(
            names, {"rate": statistics.rates.rate.tolist()}, "Base rates of the AUs", "share of known frames", note=note
        ),
        "relations.png": heat_map(statistics.relations, names, "Pearson's r of occurrence", note=note),
        "durations.png": bar_chart(
            names, {"mean": durations}, "Mean duration of the AUs", "seconds from onset to offset", note=note
        ),
        "segments.png": bar_chart(
            names, {"segments": [len(each) for each in found]}, "Segments of the AUs", "segments", note=note, decimals=0
        ),
    }
    if len(statistics.level_aus):
        graded = [str(au) for au in statistics.level_aus]
        pictures["level_relations.png"] = heat_map(
            statistics.level_relations, graded, "Pearson's r of intensity", note=note
        )
    return pictures


def _facts(statistics: StoreStatistics) -> dict[str, object]:
    header = statistics.header
    kept = header.model_dump(mode="json", include={"dataset", "protocol", "crop", "crop_hash", "counts", "made_by"})
    return {**kept, "aus": list(statistics.aus), "frames_sha256": header.frames_sha256}


def _rows(aus: AUSet, names: Sequence[str], columns: Sequence[NDArray[Any]]) -> list[dict[str, str]]:
    rows = []
    for place, au in enumerate(aus):
        numbers = [_number(column_[place]) for column_ in columns]
        rows.append(dict(zip(names, (column(au), FACS[au].name, *numbers), strict=True)))
    return rows


def _matrix_text(aus: AUSet, matrix: NDArray[np.float64]) -> str:
    names = aus.columns
    rows = [
        {"au": name, **{other: _number(value) for other, value in zip(names, row, strict=True)}}
        for name, row in zip(names, matrix, strict=True)
    ]
    return csv_text(rows, ("au", *names))


def _strongest(statistics: StoreStatistics, most: int = 5) -> list[tuple[float, str, str]]:
    names, matrix = statistics.aus.columns, statistics.relations
    pairs = [
        (float(matrix[i, j]), names[i], names[j])
        for i in range(len(names))
        for j in range(i + 1, len(names))
        if np.isfinite(matrix[i, j])
    ]
    return sorted(pairs, key=lambda pair: (-abs(pair[0]), pair[1], pair[2]))[:most]


def _of(how: Callable[[NDArray[Any]], Any], values: NDArray[Any]) -> float:
    """A number that sums values up; NaN without any."""
    return float(how(values)) if len(values) else float("nan")


def _number(value: Any) -> str:
    if isinstance(value, np.integer):
        return str(value)
    return f"{value + 0.0:.6f}" if np.isfinite(value) else ""


def _short(text: str) -> str:
    return f"{float(text):.2f}" if "." in text else text or "-"


def _table(rows: Sequence[Mapping[str, str]]) -> list[list[str]]:
    """Rows for a terminal: the headings first, numbers shortened."""
    body = [[cell if name in _WORDS else _short(cell) for name, cell in row.items()] for row in rows]
    return [[name.replace("_", " ") for name in rows[0]], *body]
