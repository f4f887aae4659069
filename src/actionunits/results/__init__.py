"""The results of an analysis: one table, one row per frame and face, the same in memory and in every file format."""

from actionunits.results.baseline import Baseline
from actionunits.results.frames import FaceResult, FrameResult
from actionunits.results.schema import SCHEMA_VERSION, Column, arrow_schema, columns, markdown_table
from actionunits.results.sidecar import Sidecar, read_sidecar, sha256_of, sidecar_path, write_sidecar
from actionunits.results.sinks import (
    TABLE_FORMATS,
    CsvSink,
    FileSink,
    JsonLinesSink,
    ParquetSink,
    TableSink,
    open_sink,
)
from actionunits.results.table import Results, RowCollector

__all__ = [
    "SCHEMA_VERSION",
    "TABLE_FORMATS",
    "Baseline",
    "Column",
    "CsvSink",
    "FaceResult",
    "FileSink",
    "FrameResult",
    "JsonLinesSink",
    "ParquetSink",
    "Results",
    "RowCollector",
    "Sidecar",
    "TableSink",
    "arrow_schema",
    "columns",
    "markdown_table",
    "open_sink",
    "read_sidecar",
    "sha256_of",
    "sidecar_path",
    "write_sidecar",
]
