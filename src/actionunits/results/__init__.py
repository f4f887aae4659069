"""The results of an analysis: one table, one row per frame and face, the same in memory and in every file format."""

from actionunits.results.baseline import Baseline
from actionunits.results.episodes import Episode, EpisodeFinder, find_episodes
from actionunits.results.formats import FORMATS, TABLE_FORMATS, file_name, open_sink, parse_formats
from actionunits.results.frames import FaceResult, FrameResult
from actionunits.results.schema import SCHEMA_VERSION, Column, arrow_schema, columns, markdown_table
from actionunits.results.sidecar import Sidecar, read_sidecar, sha256_of, sidecar_path, write_sidecar
from actionunits.results.sinks import CsvSink, FileSink, JsonLinesSink, ParquetSink, TableSink
from actionunits.results.table import Results, RowCollector

__all__ = [
    "FORMATS",
    "SCHEMA_VERSION",
    "TABLE_FORMATS",
    "Baseline",
    "Column",
    "CsvSink",
    "Episode",
    "EpisodeFinder",
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
    "file_name",
    "find_episodes",
    "markdown_table",
    "open_sink",
    "parse_formats",
    "read_sidecar",
    "sha256_of",
    "sidecar_path",
    "write_sidecar",
]
