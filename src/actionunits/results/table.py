"""The results of an analysis in memory: rows as they are collected, and the finished table."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from actionunits.errors import ResultsError, UsageError
from actionunits.facs import AUSet, AUSetLike
from actionunits.results.conform import conform, rounded
from actionunits.results.formats import table_sink
from actionunits.results.frames import FaceResult, FrameResult
from actionunits.results.readers import read_table
from actionunits.results.schema import SIDES, arrow_schema, as_au_set, aus_of, columns, has_sides, source_text
from actionunits.results.sidecar import as_sidecar, facts_of, sidecar_path, write_sidecar

if TYPE_CHECKING:
    import pandas as pd

_FIRST_ROWS = 256
_MEASURES = tuple(each.name for each in columns(()) if each.arrow_type == pa.float32())  # 10 names
_NO_POINTS = np.full((68, 2), np.nan, np.float32)
_NO_MEASURES = (float("nan"),) * len(_MEASURES)


class RowCollector:
    """Turns frames into rows of the results table, a few microseconds a row.

    Args:
        aus: the action units of the analysis (A of them), in the order of every face's scores.
        sides: whether faces have intensities of their left and right side too.
        landmarks: whether to collect each face's landmarks beside the rows.
    """

    def __init__(self, aus: AUSetLike, *, sides: bool = False, landmarks: bool = False) -> None:
        self.aus = as_au_set(aus)
        self.sides = sides
        self._keeps_landmarks = landmarks
        self._columns = {each.name: each for each in columns(self.aus, sides=sides)}
        self._schema = arrow_schema(self.aus, sides=sides)
        self._suffixes = ("p", "r", *(SIDES if sides else ()))
        self._scores = np.empty((_FIRST_ROWS, len(self._suffixes), len(self.aus)), np.float32)
        self._occurrences = np.empty((_FIRST_ROWS, len(self.aus)), np.int8)
        self._empty()

    def __len__(self) -> int:
        """Rows collected since the last :meth:`take`."""
        return len(self._frames)

    @property
    def landmarks(self) -> NDArray[np.float32] | None:
        """Of the rows that the next :meth:`take` hands out: (N, 68, 2), pixels, NaN without a face; None where they
        are not collected.
        """
        return np.array(self._points, np.float32).reshape(-1, 68, 2) if self._keeps_landmarks else None

    def add(self, frame_result: FrameResult) -> None:
        """Append one row for each face of the frame, or one without a face.

        Raises:
            ResultsError: a face does not have one score for each action unit; nothing of the frame is appended.
        """
        for result in frame_result.faces:
            self._check(frame_result, result)
        source = source_text(frame_result.source)
        for found in frame_result.faces or (None,):
            row = len(self._frames)
            if row == len(self._scores):
                self._grow()
            self._sources.append(source)
            self._frames.append(frame_result.frame)
            self._timestamps.append(frame_result.timestamp)
            if self._keeps_landmarks:
                self._points.append(_NO_POINTS if found is None else found.face.landmarks)
            if found is None:
                self._face_ids.append(None)
                self._measures.append(_NO_MEASURES)
                self._flags.append(None)
                self._scores[row] = np.nan
                self._occurrences[row] = 0
                continue
            face, pose = found.face, found.face.pose
            self._face_ids.append(face.face_id)
            self._measures.append(
                (face.confidence, *face.box, pose.pitch, pose.yaw, pose.roll, face.interocular_px, face.sharpness)
            )
            self._flags.append("|".join(face.flags))
            self._scores[row, 0] = found.probability
            self._scores[row, 1] = found.intensity
            if found.sides is not None and self.sides:
                self._scores[row, 2:] = found.sides
            self._occurrences[row] = found.occurrence

    def take(self) -> pa.RecordBatch | None:
        """Hand out the rows collected so far, in order, and start anew; None where there are none."""
        rows = len(self)
        if not rows:
            return None
        faceless = np.array([face_id is None for face_id in self._face_ids])  # (N,)
        arrays: dict[str, pa.Array] = {
            "source": pa.array(self._sources, pa.string()),
            "frame": pa.array(self._frames, pa.int64()),
            "timestamp": rounded(np.array(self._timestamps, np.float64), self._columns["timestamp"]),
            "face_id": pa.array(self._face_ids, pa.int32()),
            "success": pa.array((~faceless).astype(np.int8)),
            "flags": pa.array(self._flags, pa.string()),
        }
        measures = np.array(self._measures, np.float64).T  # (10, N)
        for name, values in zip(_MEASURES, measures, strict=True):
            arrays[name] = rounded(values, self._columns[name])
        occurrences = np.ascontiguousarray(self._occurrences[:rows].T)  # (A, N)
        for place, name in enumerate(self.aus.columns):
            arrays[f"{name}_c"] = pa.array(occurrences[place], mask=faceless)
            for kind, suffix in enumerate(self._suffixes):
                column = f"{name}_{suffix}"
                arrays[column] = rounded(self._scores[:rows, kind, place], self._columns[column])
        self._empty()
        return pa.RecordBatch.from_arrays([arrays[name] for name in self._columns], schema=self._schema)

    def _empty(self) -> None:
        self._sources: list[str] = []
        self._frames: list[int] = []
        self._timestamps: list[float] = []
        self._face_ids: list[int | None] = []
        self._measures: list[tuple[float, ...]] = []
        self._flags: list[str | None] = []
        self._points: list[NDArray[np.float32]] = []

    def _grow(self) -> None:
        self._scores = np.concatenate([self._scores, np.empty_like(self._scores)])
        self._occurrences = np.concatenate([self._occurrences, np.empty_like(self._occurrences)])

    def _check(self, frame: FrameResult, result: FaceResult) -> None:
        shapes = dict.fromkeys(("probability", "occurrence", "intensity"), (len(self.aus),))
        for name, shape in (shapes | ({"sides": (2, len(self.aus))} if self.sides else {})).items():
            found = np.shape(getattr(result, name))
            if found != shape:
                reason = f"frame {frame.frame}: {name} of face {result.face.face_id} has shape {found}, not {shape}"
                raise ResultsError(frame.source, reason, "Collect with the action units of the estimator")


@dataclass(frozen=True, eq=False, repr=False)
class Results:
    """The table of one or more analyses, one row per frame and face; immutable. Equal if all rows are equal.

    ``results["AU12_r"]`` is a column as an array, ``len(results)`` the number of rows.

    Args:
        table: has the columns of :func:`~actionunits.results.schema.columns`; other columns are left out, numbers
            rounded to their column's decimals.
        sidecar: the fields of :class:`~actionunits.results.sidecar.Sidecar` as JSON values; empty where unknown.

    Raises:
        ResultsError: the table lacks columns (named) or holds what a column cannot.
    """

    table: pa.Table
    sidecar: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "table", conform(self.table))
        object.__setattr__(self, "sidecar", dict(self.sidecar))

    @classmethod
    def read(cls, path: str | Path) -> Results:
        """Read a .csv, .parquet or .jsonl file, and the sidecar beside it where there is one.

        Raises:
            UsageError: another suffix.
            ResultsError: a file cannot be read, lacks columns (named), or was written by a later release.
        """
        path = Path(path)
        table = read_table(path)
        return cls(table, _sidecar_beside(path))

    @classmethod
    def concat(cls, parts: Iterable[Results]) -> Results:
        """One table of several, in order. It keeps the sidecar only if all parts have the same one.

        Raises:
            ResultsError: there are no parts, or they are about different action units.
        """
        every = list(parts)
        if not every:
            raise ResultsError("concat", "there is nothing to join", "Give at least one Results")
        first = every[0]
        for part in every:
            if part.aus != first.aus:
                reason = f"cannot join results about AU {first.aus} and about AU {part.aus}"
                raise ResultsError("concat", reason, "Analyse all inputs with the same model")
            if part.columns != first.columns:
                reason = "only some of the results tell left and right apart"
                raise ResultsError("concat", reason, "Analyse all inputs with sides, or none")
        same = all(part.sidecar == first.sidecar for part in every)
        return cls(pa.concat_tables([part.table for part in every]), first.sidecar if same else {})

    @property
    def aus(self) -> AUSet:
        """The action units, in the order of the columns."""
        return aus_of(self.table.column_names)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(self.table.column_names)

    @property
    def faces(self) -> tuple[int, ...]:
        """The face ids, ascending. An id means one person within one source only."""
        return tuple(sorted(pc.unique(self.table["face_id"].drop_null()).to_pylist()))

    @property
    def duration(self) -> float:
        """Seconds from the first to the last timestamp, summed over the sources."""
        spans = self.table.group_by("source").aggregate([("timestamp", "min"), ("timestamp", "max")])
        return float(np.sum(spans["timestamp_max"].to_numpy() - spans["timestamp_min"].to_numpy()))

    def for_face(self, face_id: int) -> Results:
        """The rows of one face.

        Raises:
            UsageError: there is no such face.
        """
        rows = self.table.filter(pc.equal(self.table["face_id"], face_id))
        if not rows.num_rows:
            known = f"The faces are {', '.join(map(str, self.faces))}" if self.faces else "No frame shows a face"
            raise UsageError(repr(face_id), "no such face in these results", known)
        return Results(rows, self.sidecar)

    def to_arrow(self) -> pa.Table:
        """The Arrow table, units and meanings in its fields' metadata."""
        return self.table

    def to_pandas(self) -> pd.DataFrame:
        """The table as pandas reads it: NaN for what is missing, so whole numbers with gaps are floats."""
        frame: pd.DataFrame = self.table.to_pandas()
        return frame

    def save(self, path: str | Path) -> None:
        """Write .csv, .parquet or .jsonl, by the suffix, and the sidecar, where there is one, as ``<stem>.json``.

        Raises:
            UsageError: another suffix.
            ResultsError: a file cannot be written, or the sidecar lacks fields; an older file then stays as it was.
        """
        path = Path(path)
        sink = table_sink(path.suffix.removeprefix("."), path)
        sidecar = as_sidecar(self.sidecar) if self.sidecar else None
        with sink(path, self.aus, sides=has_sides(self.columns)) as opened:
            for batch in self.table.to_batches():
                opened.write(batch)
            if sidecar is not None:
                opened.describe(sidecar)
        if sidecar is not None:
            write_sidecar(sidecar_path(path), sidecar)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __contains__(self, column: object) -> bool:
        return column in self.columns

    def __getitem__(self, column: str) -> NDArray[Any]:
        """A column as an array of its own, (N,).

        Missing numbers are NaN, which makes ``face_id`` and ``AUxx_c`` float64; missing flags are None.

        Raises:
            UsageError: no such column; the message suggests the nearest.
        """
        if column not in self.columns:
            near = difflib.get_close_matches(str(column), self.columns, n=3)
            hint = f"The nearest are {', '.join(near)}" if near else "`.columns` lists them"
            raise UsageError(repr(column), "no such column in these results", hint)
        values = self.table[column]
        if pa.types.is_integer(values.type) and self.table.schema.field(column).nullable:
            values = values.cast(pa.float64())
        return np.array(values.to_numpy())

    def __eq__(self, other: object) -> bool:
        return bool(self.table.equals(other.table)) if isinstance(other, Results) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # equality by content

    def __repr__(self) -> str:
        return f"Results({len(self)} rows, faces {list(self.faces)}, AU {self.aus}, {self.duration:.2f} s)"


def _sidecar_beside(path: Path) -> dict[str, Any]:
    """The sidecar of a table, or nothing where the JSON file beside it is missing or something else."""
    beside = sidecar_path(path)
    if not beside.is_file():
        return {}
    try:
        facts = json.loads(beside.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(facts, dict) or "schema_version" not in facts:
        return {}
    return facts_of(as_sidecar(facts, beside))
