"""Writing the results table to files while an analysis runs: CSV, Parquet and JSON lines, in constant memory.

Every sink writes beside the file and renames on a clean exit, so a file under its own name is always whole. The same
rows give the same bytes, in whatever batches they come.

Cells are written as they are: a source named ``=1+1.mp4`` stays so in the CSV, and a spreadsheet may take it for a
formula. A results file is data for programs, and a changed name would no longer match the file it names.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, ClassVar, Protocol, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from actionunits.atomic import write_failure, written_aside
from actionunits.errors import ResultsError
from actionunits.facs import AUSetLike
from actionunits.results.conform import conform, rounded
from actionunits.results.schema import Column, arrow_schema, columns
from actionunits.results.sidecar import Sidecar

SIDECAR_KEY = "actionunits.sidecar"
"""Where a Parquet file holds its sidecar, as JSON: ``pyarrow.parquet.read_metadata(PATH).metadata``."""

_TEXT_ROWS = 4096  # rows turned into text at once
_GROUP_ROWS = 16384  # rows in one of Parquet's row groups, about 6 MB for 23 action units


class TableSink(Protocol):
    """Takes a table piece by piece."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows that follow :func:`~actionunits.results.schema.arrow_schema`."""


class _AbandonedError(Exception):
    """Tells the writer aside that its file is not wanted."""


class FileSink(ABC):
    """A results file that grows row by row; a context manager.

    A clean exit puts the file in place. Any exception removes what was written, and keeps a file that was there before.

    Args:
        path: the file to write; its folder must exist.
        aus: the action units of the table.
        sides: whether it tells left and right apart.

    Raises:
        ResultsError: on entering or later: the file cannot be written, the disk is full, a batch does not follow the
            schema, or the sink is used outside its ``with`` block.
    """

    needs_landmarks: ClassVar[bool] = False
    """Whether rows must come with their faces' landmarks."""

    def __init__(self, path: str | Path, aus: AUSetLike, *, sides: bool = False) -> None:
        self.path = Path(path)
        self.columns = columns(aus, sides=sides)
        self.schema = arrow_schema(aus, sides=sides)
        self._shape = [(each.name, each.arrow_type) for each in self.columns]
        self._aside: AbstractContextManager[Path] | None = None
        self._file: BinaryIO | None = None

    @abstractmethod
    def _begin(self, file: BinaryIO) -> None:
        """Write what comes before the rows."""

    @abstractmethod
    def _append(self, file: BinaryIO, batch: pa.RecordBatch, landmarks: NDArray[Any] | None) -> None:
        """Write rows."""

    def describe(self, sidecar: Sidecar) -> None:  # noqa: B027  # most formats have no place for it
        """Take in how the rows were made, after the last of them; formats that can hold it write it down."""

    def _finish(self) -> None:  # noqa: B027  # text formats end with their last row
        """Write what comes after the rows."""

    def _abandon(self) -> None:  # noqa: B027  # text formats hold nothing open
        """Let go of what hangs on the file."""

    def __enter__(self) -> Self:
        self._aside = written_aside(self.path, ResultsError)
        aside = self._aside.__enter__()
        try:
            with self._failures_named():
                self._file = aside.open("wb")
                self._begin(self._file)
        except BaseException:
            self._discard()
            raise
        return self

    def write(self, batch: pa.RecordBatch, landmarks: NDArray[Any] | None = None) -> None:
        """Append rows.

        Args:
            batch: any number of rows with the columns of :func:`~actionunits.results.schema.arrow_schema`.
            landmarks: (rows, 68, 2), pixels of the picture, NaN where a row has no face; only sinks that say
                :attr:`needs_landmarks` look at it, and without it their cells stay empty.

        Raises:
            ResultsError: the rows cannot be written or have other columns, or the sink is not open.
        """
        if self._file is None:
            raise ResultsError(self.path, "the sink is not open", "Write inside its `with` block")
        if [(field.name, field.type) for field in batch.schema] != self._shape:
            reason = "the rows do not have the columns that this sink was opened for"
            raise ResultsError(self.path, reason, "Open the sink with the action units of the rows")
        with self._failures_named():
            self._append(self._file, batch, landmarks)

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if value is not None:
            self._discard()
            return
        try:
            with self._failures_named():
                self._finish()
                if self._file is not None:
                    self._file.close()
        except BaseException:
            self._discard()
            raise
        aside, self._aside, self._file = self._aside, None, None
        if aside is not None:
            aside.__exit__(None, None, None)

    def _discard(self) -> None:
        """Remove the half file. The exception under way is not shown to the writer aside: it may be about another."""
        self._abandon()
        aside, file, self._aside, self._file = self._aside, self._file, None, None
        if file is not None:
            with suppress(OSError):  # a full disk refuses the last bytes too
                file.close()
        if aside is not None:
            aside.__exit__(_AbandonedError, _AbandonedError(), None)

    @contextmanager
    def _failures_named(self) -> Iterator[None]:
        try:
            yield
        except OSError as failure:
            raise write_failure(self.path, failure, ResultsError) from failure


class CsvSink(FileSink):
    """Comma-separated values: UTF-8, a header, "." decimals, empty cells for what is missing, quotes where needed."""

    def _begin(self, file: BinaryIO) -> None:
        file.write((",".join(each.name for each in self.columns) + "\n").encode())

    def _append(self, file: BinaryIO, batch: pa.RecordBatch, landmarks: NDArray[Any] | None) -> None:
        for start in range(0, batch.num_rows, _TEXT_ROWS):
            part = batch.slice(start, _TEXT_ROWS)
            cells = [_cells(part.column(place), each, _quoted, "") for place, each in enumerate(self.columns)]
            file.write(_lines(pc.binary_join_element_wise(*cells, ",")))


class JsonLinesSink(FileSink):
    """One JSON object a line, UTF-8; every column in every object, null for what is missing, never NaN."""

    def _begin(self, file: BinaryIO) -> None:
        return

    def _append(self, file: BinaryIO, batch: pa.RecordBatch, landmarks: NDArray[Any] | None) -> None:
        for start in range(0, batch.num_rows, _TEXT_ROWS):
            part = batch.slice(start, _TEXT_ROWS)
            cells = [_cells(part.column(place), each, _json_text, "null") for place, each in enumerate(self.columns)]
            named = [
                pc.binary_join_element_wise(f'"{c.name}":', v, "") for c, v in zip(self.columns, cells, strict=True)
            ]
            body = pc.binary_join_element_wise(*named, ",")
            file.write(_lines(pc.binary_join_element_wise("{", body, "}", "")))


class ParquetSink(FileSink):
    """Apache Parquet, Snappy-compressed; units and meanings are in the fields' metadata, the sidecar in the file's.

    The moment of writing is left out of it, so that the same analysis gives the same bytes.

    Args:
        path: the file to write; its folder must exist.
        aus: the action units of the table.
        metadata: what else to keep in the file's key-value metadata.
        sides: whether it tells left and right apart.
    """

    def __init__(
        self, path: str | Path, aus: AUSetLike, metadata: Mapping[str, str] | None = None, *, sides: bool = False
    ) -> None:
        super().__init__(path, aus, sides=sides)
        self.schema = self.schema.with_metadata({**dict(metadata or {}), **self.schema.metadata})
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0

    def describe(self, sidecar: Sidecar) -> None:
        """Keep the sidecar in the file's key-value metadata, under :data:`SIDECAR_KEY`."""
        if self._writer is not None:
            self._writer.add_key_value_metadata({SIDECAR_KEY: sidecar.model_dump_json(exclude={"created"})})

    def _begin(self, file: BinaryIO) -> None:
        self._writer = pq.ParquetWriter(file, self.schema)

    def _append(self, file: BinaryIO, batch: pa.RecordBatch, landmarks: NDArray[Any] | None) -> None:
        start = 0
        while start < batch.num_rows:  # groups of one size, so that the bytes do not tell the batches
            part = batch.slice(start, _GROUP_ROWS - self._rows)
            self._waiting.append(part)
            self._rows += part.num_rows
            start += part.num_rows
            if self._rows == _GROUP_ROWS:
                self._write_group()

    def _finish(self) -> None:
        if self._rows:
            self._write_group()
        if self._writer is not None:
            self._writer.close()

    def _abandon(self) -> None:
        if self._writer is not None and self._writer.is_open:
            with suppress(OSError):
                self._writer.close()
            self._writer.is_open = False  # else it would try again when it is collected

    def _write_group(self) -> None:
        table = conform(pa.Table.from_batches(self._waiting), self.path).replace_schema_metadata(self.schema.metadata)
        self._waiting, self._rows = [], 0
        if self._writer is not None:
            self._writer.write_table(table, row_group_size=_GROUP_ROWS)


def _cells(values: pa.Array, column: Column, quote: Callable[[str], str], missing: str) -> pa.Array:
    """A column as text: (N,) strings, none of them null."""
    if column.decimals is not None:
        exact = replace(column, arrow_type=pa.float64())
        texts = rounded(values.to_numpy(zero_copy_only=False), exact).cast(pa.string())
    elif pa.types.is_string(values.type):
        encoded = values.dictionary_encode()
        texts = pa.array([quote(text) for text in encoded.dictionary.to_pylist()], pa.string()).take(encoded.indices)
    else:
        texts = values.cast(pa.string())
    return pc.fill_null(texts, missing)


def _quoted(text: str) -> str:
    """A CSV cell (RFC 4180)."""
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\r\n') else text


def _json_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _lines(rows: pa.Array) -> bytes:
    return "".join(f"{row}\n" for row in rows.to_pylist()).encode()
