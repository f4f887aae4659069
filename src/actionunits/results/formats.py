"""The formats of results by name: what ``--format`` understands, and what the files are called."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from actionunits.errors import UsageError
from actionunits.facs import AUSetLike
from actionunits.results.elan import ElanSink
from actionunits.results.events import EventsSink
from actionunits.results.openface import OpenFaceSink
from actionunits.results.sinks import CsvSink, FileSink, JsonLinesSink, ParquetSink

TABLE_FORMATS: Mapping[str, type[FileSink]] = MappingProxyType(
    {"csv": CsvSink, "parquet": ParquetSink, "jsonl": JsonLinesSink}
)
"""The formats that hold the whole table and are read back; the name is also the file's suffix."""

FORMATS: Mapping[str, type[FileSink]] = MappingProxyType(
    {**TABLE_FORMATS, "openface": OpenFaceSink, "elan": ElanSink, "events": EventsSink}
)
"""All formats by name."""

_ENDINGS = {"openface": "openface.csv", "elan": "eaf", "events": "events.csv"}


def file_name(stem: str, format: str) -> str:
    """What a file of this format is called.

    >>> file_name("interview", "parquet"), file_name("interview", "elan")
    ('interview.parquet', 'interview.eaf')
    """
    return f"{stem}.{_ENDINGS.get(format, format)}"


def open_sink(format: str, path: str | Path, aus: AUSetLike, *, sides: bool = False) -> FileSink:
    """The sink for a format; enter it to open the file.

    Args:
        format: one of :data:`FORMATS`, in any case.
        path: the file to write.
        aus: the action units of the table.
        sides: whether it tells left and right apart.

    Raises:
        UsageError: no such format.
    """
    return _sink_class(format, repr(format), FORMATS)(path, aus, sides=sides)


def parse_formats(text: str, subject: str) -> tuple[str, ...]:
    """Formats written as ``"csv,elan"``, each once, in order; errors name ``subject``.

    Raises:
        UsageError: none is named, or one is unknown.
    """
    names = tuple(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    if not names:
        raise UsageError(subject, "names no format", f"Choose from {', '.join(FORMATS)}")
    for name in names:
        _sink_class(name, f"{subject} {name}", FORMATS)
    return names


def table_sink(format: str, subject: object) -> type[FileSink]:
    """The class for a format that holds the whole table.

    Raises:
        UsageError: no such format; the message names ``subject``.
    """
    return _sink_class(format, subject, TABLE_FORMATS)


def _sink_class(format: str, subject: object, formats: Mapping[str, type[FileSink]]) -> type[FileSink]:
    name = format.lower()
    if name in formats:
        return formats[name]
    known = ", ".join(formats)
    near = difflib.get_close_matches(name, formats, n=1)
    hint = f"The nearest is {near[0]}; the formats are {known}" if near else f"Choose one of {known}"
    raise UsageError(subject, "not a format for results", hint)
