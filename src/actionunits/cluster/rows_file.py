"""The rows of one file as one Parquet: written piece by piece, its record in its own footer.

Because rows and record are one file, putting it in place is the one moment in which a file becomes done.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from actionunits.cluster.inputs import key_of
from actionunits.cluster.persistence import persistently
from actionunits.cluster.places import Place
from actionunits.cluster.records import Record, Value, column_of
from actionunits.facs import AUSet
from actionunits.results.schema import arrow_schema

ROWS = "rows"
_RECORD = b"actionunits.record"
_GROUP_ROWS = 16384  # as results.ParquetSink has it


def rows_name(source: str) -> str:
    """Where the rows of a source lie: ``rows/bucket=3f/<key>.parquet``, one of 256 buckets."""
    key = key_of(source)
    return f"{ROWS}/bucket={key[:2]}/{key}.parquet"


def rows_schema(aus: AUSet, sides: bool, metadata: pa.Schema) -> pa.Schema:
    """The results' columns, then the manifest's."""
    schema = arrow_schema(aus, sides=sides)
    for field in metadata:
        schema = schema.append(pa.field(field.name, field.type))
    return schema


class RowsFile:
    """Rows on their way to a Parquet; a context manager around a local file that the caller disposes of.

    Args:
        path: the file.
        schema: of :func:`rows_schema`.
        metadata: the manifest's cells, the same in every row.
    """

    def __init__(self, path: Path, schema: pa.Schema, metadata: Mapping[str, Value]) -> None:
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._schema, self._metadata = schema, metadata
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0
        self.rows = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows of the results' own columns."""
        self._waiting.append(batch)
        self._rows += batch.num_rows
        self.rows += batch.num_rows
        if self._rows >= _GROUP_ROWS:
            self._write_group()

    def finish(self, record: Record) -> None:
        """Write what waits and the record, and close."""
        self._write_group()
        self._writer.add_key_value_metadata({_RECORD: record.model_dump_json().encode()})
        self._writer.close()

    def abandon(self) -> None:
        """Close without a record."""
        if self._writer.is_open:
            try:
                self._writer.close()
            except OSError:  # a full disk refuses the footer too
                self._writer.is_open = False

    def _write_group(self) -> None:
        if not self._rows:
            return
        table = pa.Table.from_batches(self._waiting)
        table = _labelled(table, self._schema, self._metadata)
        self._waiting, self._rows = [], 0
        self._writer.write_table(table, row_group_size=_GROUP_ROWS)


def _labelled(table: pa.Table, schema: pa.Schema, metadata: Mapping[str, Value]) -> pa.Table:
    arrays: list[Any] = []
    for field in schema:
        if field.name in table.column_names:
            arrays.append(table[field.name])
        else:
            cell = column_of([metadata.get(field.name)], field.type)
            arrays.append(cell.take(pa.array([0] * table.num_rows, pa.int64())))
    return pa.table(arrays, schema=schema)


def read_record(place: Place, name: str) -> Record | None:
    """The record in the footer of a rows file; None where it is not one of ours, or damaged."""

    def footer() -> Mapping[bytes, bytes]:
        with place.system.open(place.at(name), "rb") as file:
            return pq.ParquetFile(file).metadata.metadata or {}

    try:
        return Record.model_validate_json(persistently(footer).get(_RECORD, b""))
    except (FileNotFoundError, pa.ArrowInvalid, ValidationError):
        return None


def relabelled(content: bytes, path: Path, record: Record, metadata: pa.Schema) -> None:
    """Write a rows file again with other metadata, without analysing anything.

    Args:
        content: the old file.
        path: the new one, local.
        record: of the new one, with the new metadata.
        metadata: names and types of its columns.
    """
    old = pq.ParquetFile(io.BytesIO(content))
    own = [field for field in old.schema_arrow if field.metadata is not None and b"meaning" in field.metadata]
    schema = pa.schema(own, metadata=_without_record(old.schema_arrow.metadata))
    for field in metadata:
        schema = schema.append(pa.field(field.name, field.type))
    writer = RowsFile(path, schema, {field.name: record.metadata.get(field.name) for field in metadata})
    try:
        for batch in _batches(old, [field.name for field in own]):
            writer.write(batch)
        writer.finish(record)
    finally:
        writer.abandon()


def _batches(file: pq.ParquetFile, names: list[str]) -> Iterator[pa.RecordBatch]:
    yield from file.iter_batches(batch_size=_GROUP_ROWS, columns=names)


def _without_record(metadata: Mapping[bytes, bytes] | None) -> dict[bytes, bytes]:
    return {key: value for key, value in (metadata or {}).items() if key != _RECORD and not key.startswith(b"ARROW:")}
