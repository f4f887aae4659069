"""What is known of each file: done or failed, why, how long it took; one row of the status table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from actionunits.results.schema import source_text

State = Literal["waiting", "done", "failed"]
Fault = Literal["", "input", "worker", "storage"]
Value = str | int | float | bool | None
Count = Annotated[int, Field(ge=0)]


class Record(BaseModel):
    """One file of the corpus.

    Attributes:
        source: the file, as its rows name it: relative to the folder, or as the manifest has it.
        uri: where it was read, without a password.
        state: ``waiting``, ``done`` or ``failed``.
        reason: why it failed; empty otherwise.
        fault: whose fault that was: of the ``input``, of a lost ``worker``, of the ``storage``; empty otherwise.
        attempts: how often the last run that touched it began to analyse it.
        frames, frames_without_face, faces, rows: counts.
        duration: seconds of video, from the first to the last timestamp.
        seconds: that the analysis took.
        input_bytes: size of the file.
        input_identity: ``sha256:`` of the content, or the store's ``etag:``, or ``stamp:`` size and time.
        input_stamp: what is cheap to know of it: ``etag:``, or ``stamp:`` size and time.
        estimator, estimator_version, weights_sha256: the model.
        work_hash: SHA-256 of weights and options together.
        device: where it ran.
        worker: machine and process.
        package_version: the release that analysed it.
        warnings: what the analysis had to say, joined by `` | ``.
        finished: UTC.
        metadata: the manifest's further columns.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    source: str
    uri: str
    state: State
    reason: str = ""
    fault: Fault = ""
    attempts: Count = 0
    frames: Count = 0
    frames_without_face: Count = 0
    faces: Count = 0
    rows: Count = 0
    duration: float = 0.0
    seconds: float = 0.0
    input_bytes: Count = 0
    input_identity: str = ""
    input_stamp: str = ""
    estimator: str = ""
    estimator_version: str = ""
    weights_sha256: str = ""
    work_hash: str = ""
    device: str = ""
    worker: str = ""
    package_version: str = ""
    warnings: str = ""
    finished: datetime = Field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    metadata: Mapping[str, Value] = Field(default_factory=dict)

    def changed(self, **fields: Any) -> Record:
        """The same with other values."""
        return self.model_copy(update=fields)


_TYPES = {
    **dict.fromkeys(("attempts", "frames", "frames_without_face", "faces", "rows", "input_bytes"), pa.int64()),
    **dict.fromkeys(("duration", "seconds"), pa.float64()),
    "finished": pa.timestamp("s", tz="UTC"),
}
STATUS_COLUMNS = tuple(name for name in Record.model_fields if name != "metadata")
"""The status table's own columns; the manifest's follow."""


def as_table(records: list[Record], metadata: pa.Schema) -> pa.Table:
    """The status table: :data:`STATUS_COLUMNS`, then the metadata's columns; sorted by source.

    Args:
        records: in any order.
        metadata: names and types of the manifest's columns.
    """
    ordered = sorted(records, key=lambda record: record.source)
    columns = {
        name: pa.array([_cell(getattr(record, name)) for record in ordered], _TYPES.get(name, pa.string()))
        for name in STATUS_COLUMNS
    }
    for field in metadata:
        columns[field.name] = column_of([record.metadata.get(field.name) for record in ordered], field.type)
    return pa.table(columns)


def from_table(table: pa.Table) -> list[Record]:
    """The records that :func:`as_table` wrote."""
    found = []
    for row in table.to_pylist():
        own = {name: row[name] for name in STATUS_COLUMNS if row.get(name) is not None}
        rest = {name: plain(value) for name, value in row.items() if name not in STATUS_COLUMNS}
        found.append(Record(**own, metadata=rest))
    return found


def column_of(values: list[Value], kind: pa.DataType) -> pa.Array:
    """Metadata as a column; what an older manifest had as another type becomes empty."""
    try:
        return pa.array(values, kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        fitting: list[Value] = []
        for value in values:
            try:
                pa.scalar(value, kind)
            except (pa.ArrowInvalid, pa.ArrowTypeError):
                fitting.append(None)
            else:
                fitting.append(value)
        return pa.array(fitting, kind)


def plain(value: object) -> Value:
    """A cell as text or a number that JSON can hold."""
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _cell(value: object) -> object:
    return source_text(value) if isinstance(value, str) else value
