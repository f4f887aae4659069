"""Making any Arrow table follow the schema, so that equal results are equal tables in memory and in every format."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from actionunits.errors import ActionUnitsError, ResultsError
from actionunits.facs import AUSet
from actionunits.results.schema import (
    REQUIRED,
    SCHEMA_VERSION,
    VERSION_KEY,
    Column,
    arrow_schema,
    aus_of,
    columns,
    has_sides,
)

_LISTED = 8  # column names that an error spells out


def conform(table: pa.Table, subject: object = "table") -> pa.Table:
    """The table with the schema's columns, order, types and rounding; other columns are left out.

    Numbers are rounded to their column's decimals, NaN and infinities become null, and ``flags`` is "" where there is a
    face and null where there is none (a CSV cannot tell the two apart).

    Args:
        table: anything with the schema's columns; the action units are those its column names speak of.
        subject: what an error names, such as the file the table came from.

    Raises:
        ResultsError: a column is missing or twice there, holds what its type cannot, or a required cell is empty.
    """
    aus = checked_aus(table.column_names, subject)
    _check_version(table.schema, subject)
    sides = has_sides(table.column_names)
    arrays = {each.name: _conformed(table.column(each.name), each, subject) for each in columns(aus, sides=sides)}
    for name in REQUIRED:
        if arrays[name].null_count:
            row = int(np.flatnonzero(np.asarray(arrays[name].is_null()))[0])
            raise ResultsError(subject, f"row {row} (from 0) has no {name}", "Restore the column or drop the row")
    arrays["flags"] = pc.if_else(pc.is_valid(arrays["face_id"]), pc.fill_null(arrays["flags"], ""), None)
    return pa.table(list(arrays.values()), schema=arrow_schema(aus, sides=sides))


def checked_aus(names: list[str], subject: object) -> AUSet:
    """The action units of a table with these columns.

    Raises:
        ResultsError: not a results table: it names the missing columns, or those that are there twice.
    """
    try:
        aus = aus_of(names)
    except ActionUnitsError as error:
        raise ResultsError(subject, f"is not a results table ({error.subject}: {error.reason})", _SAVE) from error
    wanted = [each.name for each in columns(aus, sides=has_sides(names))]
    missing = [name for name in wanted if name not in set(names)]
    if missing:
        raise ResultsError(subject, f"is not a results table: it lacks {_listed(missing)}", _SAVE)
    repeated = [name for name in wanted if names.count(name) > 1]
    if repeated:
        raise ResultsError(subject, f"has two columns named {_listed(repeated)}", "Keep one of them")
    return aus


def rounded(values: NDArray[Any], column: Column) -> pa.Array:
    """Numbers as the column's Arrow array: rounded to its decimals; NaN and infinities become null, -0 becomes 0.

    Args:
        values: (N,), any floating type.
        column: one with ``decimals``.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        numbers = np.round(values.astype(np.float64), column.decimals or 0) + 0.0  # + 0.0 makes -0 a 0
        typed = numbers.astype(column.arrow_type.to_pandas_dtype())  # (N,)
    return pa.array(typed, column.arrow_type, mask=~np.isfinite(typed))


_SAVE = "Give a file that actionunits wrote, or add the columns"


def _conformed(values: pa.ChunkedArray, column: Column, subject: object) -> pa.Array:
    array = values.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # what older and newer pyarrow give back differs
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    try:
        if column.decimals is not None:
            if not pa.types.is_floating(array.type):
                array = array.cast(pa.float64())
            return rounded(array.to_numpy(zero_copy_only=False), column)
        if pa.types.is_floating(array.type):  # a table that went through pandas: 0.0 and NaN for 0 and missing
            array = pc.if_else(pc.is_finite(array), array, None)
        return array.cast(column.arrow_type)
    except pa.ArrowException as error:
        reason = f"column {column.name} does not hold {column.arrow_type} values ({str(error).splitlines()[0]})"
        raise ResultsError(subject, reason, "Undo the change to this column") from error


def _check_version(schema: pa.Schema, subject: object) -> None:
    stated = (schema.metadata or {}).get(VERSION_KEY, b"").decode("utf-8", "replace")
    if stated.isdigit() and int(stated) > SCHEMA_VERSION:
        raise newer_version(subject, stated)


def newer_version(subject: object, version: object) -> ResultsError:
    """The error for a file that a later release wrote."""
    reason = f"follows version {version} of the schema, and this release knows versions up to {SCHEMA_VERSION}"
    return ResultsError(subject, reason, "Upgrade with `pip install --upgrade actionunits`")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
