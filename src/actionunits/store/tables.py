"""Reading and writing the Parquet files of a store: always the same bytes out, nothing oversized in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from actionunits.atomic import write_failure, written_aside
from actionunits.errors import StoreError

_ROWS_PER_GROUP = 2**16
_MOST_ROW_BYTES = 2**14  # uncompressed; a frame's row takes about 1 KiB
_MOST_LETTERS = 10_000  # in one text
_AGAIN = "Make the store again, or copy it anew"


def write_table(path: Path, table: pa.Table) -> None:
    """Write a Parquet file, aside first, then renamed; the same rows give the same bytes.

    Raises:
        StoreError: the file cannot be written.
    """
    table = table.replace_schema_metadata(None).combine_chunks()
    repetitive = [each.name for each in table.schema if pa.types.is_string(each.type) or pa.types.is_int8(each.type)]
    with written_aside(path, StoreError) as aside:
        try:
            pq.write_table(
                table,
                aside,
                compression="zstd",
                compression_level=3,
                use_dictionary=repetitive,
                row_group_size=_ROWS_PER_GROUP,
                version="2.6",
            )
        except OSError as failure:
            raise write_failure(path, failure, StoreError) from failure


def read_table(
    path: Path, rows: int | None = None, schema: pa.Schema | None = None, columns: Sequence[str] | None = None
) -> pa.Table:
    """Read a Parquet file that may come from anywhere.

    Args:
        path: the file.
        rows: how many rows it must have; None for any number.
        schema: the exact columns it must have; None for any.
        columns: what to read of them, in this order; None for all.

    Raises:
        StoreError: missing, damaged, or other rows or columns than told.
    """
    try:
        texts = _text_columns(pq.read_schema(path))
        with pq.ParquetFile(path, read_dictionary=texts) as file:
            _check_size(path, file.metadata, rows)
            found = _plain(file.schema_arrow, texts)
            if schema is not None and found != schema:
                odd = sorted(set(found.names) ^ set(schema.names))[:5]
                reason = f"has other columns than the store's header says ({', '.join(odd) or 'other types'})"
                raise StoreError(path, reason, _AGAIN)
            table = file.read(columns=None if columns is None else list(columns))
        for name in set(texts) & set(table.column_names):
            _check_letters(path, name, table[name])
        table = table.cast(pa.schema([found.field(name) for name in table.column_names]))
        return table if columns is None else table.select(list(columns))
    except (OSError, ValueError, MemoryError, pa.ArrowException) as failure:
        raise StoreError(path, f"cannot be read as a table ({failure})", _AGAIN) from failure


def _text_columns(schema: pa.Schema) -> list[str]:
    return [each.name for each in schema if pa.types.is_string(each.type) or pa.types.is_large_string(each.type)]


def _plain(schema: pa.Schema, texts: Iterable[str]) -> pa.Schema:
    """The schema without metadata, its texts as strings: they are read as dictionaries, which cannot blow up."""
    kept = frozenset(texts)
    return pa.schema([each.with_type(pa.string()) if each.name in kept else each for each in schema])


def _check_size(path: Path, metadata: pq.FileMetaData, rows: int | None) -> None:
    if rows is not None and metadata.num_rows != rows:
        raise StoreError(path, f"has {metadata.num_rows} rows, the store's header says {rows}", _AGAIN)
    size = sum(metadata.row_group(place).total_byte_size for place in range(metadata.num_row_groups))
    if size > (metadata.num_rows + 1000) * _MOST_ROW_BYTES:
        raise StoreError(path, f"holds {size} bytes in {metadata.num_rows} rows, too many for a store", _AGAIN)


def _check_letters(path: Path, name: str, column: pa.ChunkedArray) -> None:
    for chunk in column.chunks:
        words = chunk.dictionary if pa.types.is_dictionary(chunk.type) else chunk
        if (pc.max(pc.binary_length(words)).as_py() or 0) > _MOST_LETTERS:
            raise StoreError(path, f"column {name} holds a text of more than {_MOST_LETTERS} letters", _AGAIN)
