"""Reading results files back: CSV, Parquet and JSON lines, each to the same table."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq

from actionunits.errors import ResultsError
from actionunits.results.conform import checked_aus, conform
from actionunits.results.formats import table_sink
from actionunits.results.schema import columns, has_sides

_EMPTY = ["", "NA", "NaN", "nan"]  # what R and pandas write for a missing number


def read_table(path: Path) -> pa.Table:
    """A results file as a table that follows the schema; columns that are not ours are left out.

    Files that went through pandas or R are read too, if they kept our columns.

    Args:
        path: a file that ends in .csv, .parquet or .jsonl.

    Raises:
        UsageError: another suffix.
        ResultsError: the file cannot be read, lacks columns (named), or holds what a column cannot.
    """
    kind = path.suffix.removeprefix(".").lower()
    table_sink(kind, path)
    try:
        table = _READERS[kind](path)
    except OSError as failure:
        if failure.errno is None:  # not the system's word but Arrow's: the file is damaged
            raise _damaged(path, kind, failure) from failure
        reason = f"cannot be read ({failure.strerror or failure})"
        raise ResultsError(path, reason, "Check the path and its permissions") from failure
    except (pa.ArrowException, ValueError, csv.Error) as failure:
        raise _damaged(path, kind, failure) from failure
    return conform(table, path)


def _damaged(path: Path, kind: str, failure: Exception) -> ResultsError:
    said = (str(failure).splitlines() or [type(failure).__name__])[0]
    return ResultsError(path, f"is not a readable {kind} file ({said})", "Restore the file that actionunits wrote")


def _read_csv(path: Path) -> pa.Table:
    with path.open(encoding="utf-8-sig", newline="") as file:
        names = next(csv.reader(file), [])
    wanted = columns(checked_aus(names, path), sides=has_sides(names))
    types = {each.name: pa.string() if each.arrow_type == pa.string() else pa.float64() for each in wanted}
    convert = pyarrow.csv.ConvertOptions(
        column_types=types,  # whole numbers as float64 first: pandas writes 0.0 where a column has gaps
        include_columns=[each.name for each in wanted],
        null_values=_EMPTY,
        strings_can_be_null=False,
    )
    with path.open("rb") as file:
        parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
        return pyarrow.csv.read_csv(file, parse_options=parse, convert_options=convert)


def _read_json_lines(path: Path) -> pa.Table:
    with path.open("rb") as file:
        first = json.loads(file.readline() or b"{}")
        names = list(first) if isinstance(first, dict) else []
        wanted = columns(checked_aus(names, path), sides=has_sides(names))
        schema = pa.schema([(each.name, each.arrow_type) for each in wanted])
        file.seek(0)
        parse = pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
        return pyarrow.json.read_json(file, parse_options=parse)


def _read_parquet(path: Path) -> pa.Table:
    with path.open("rb") as file:  # a file, not a path: folders named key=value would become columns
        return pq.read_table(file)


_READERS: Mapping[str, Callable[[Path], pa.Table]] = MappingProxyType(
    {"csv": _read_csv, "parquet": _read_parquet, "jsonl": _read_json_lines}
)
