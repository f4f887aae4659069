"""The columns of ``frames.parquet``, and the checks that every row passes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from actionunits.errors import UsageError
from actionunits.facs import AUSet, AUSetLike, column

LabelKind = Literal["occurrence", "intensity", "left", "right"]
Content = Literal["occurrence", "intensity", "sides", "landmarks", "visible", "pose", "gaze"]
CONTENTS: tuple[Content, ...] = get_args(Content)
"""Groups of columns that a store may have or lack; all others are always there."""

UNKNOWN = -1
POINTS = 68
TEXT_COLUMNS = ("subject", "sequence", "camera", "flags")
MOST_LETTERS = 200  # in a text of a frame
POSE = ("pose_pitch", "pose_yaw", "pose_roll")
GAZE = ("gaze_pitch", "gaze_yaw")

_SUFFIXES: Mapping[LabelKind, str] = MappingProxyType(
    {"occurrence": "", "intensity": "_i", "left": "_l", "right": "_r"}
)
_KINDS: Mapping[str, tuple[LabelKind, ...]] = MappingProxyType(
    {"occurrence": ("occurrence",), "intensity": ("intensity",), "sides": ("left", "right")}
)
_HIGHEST: Mapping[LabelKind, int] = MappingProxyType({"occurrence": 1, "intensity": 5, "left": 5, "right": 5})
_LANDMARKS = pa.list_(pa.field("element", pa.float32(), nullable=False), 2 * POINTS)
_VISIBLE = pa.list_(pa.field("element", pa.bool_(), nullable=False), POINTS)
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}")


def is_name(text: object) -> bool:
    """Whether a text may name a subject or a sequence: 1-100 of ``A-Z a-z 0-9 _ . -``, not starting with a dot."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


def check_name(text: object, what: str) -> None:
    """Require a name that can be a file's name on every system.

    Raises:
        UsageError: it is not such a name.
    """
    if not is_name(text):
        raise UsageError(f"{what} {text!r}", "cannot be a name in a store", "Use at most 100 of A-Z a-z 0-9 _ . -")


def label_column(au: int, kind: LabelKind) -> str:
    """The column of an AU's labels: ``label_column(1, "intensity") == "AU01_i"``.

    Raises:
        UsageError: there is no such kind of label.
    """
    if kind not in _SUFFIXES:
        raise UsageError(repr(kind), "is no kind of label", f"Use {', '.join(_SUFFIXES)}")
    return column(au) + _SUFFIXES[kind]


def label_kinds(contents: Iterable[Content]) -> tuple[LabelKind, ...]:
    """The kinds of labels that a store with these contents has."""
    kept = frozenset(contents)
    return tuple(kind for content, kinds in _KINDS.items() if content in kept for kind in kinds)


def highest_label(kind: LabelKind) -> int:
    """The largest value of a kind of label: 1 for occurrence, 5 for the others; all begin at -1, unknown."""
    return _HIGHEST[kind]


def frame_schema(aus: AUSetLike, contents: Iterable[Content] = CONTENTS) -> pa.Schema:
    """The Arrow schema of ``frames.parquet``; no column may be empty.

    ============ ================= ====================================================================
    subject      string            who is seen
    sequence     string            name of the sequence, and of its file of pictures
    frame        int32             number of the frame in its sequence, rising
    timestamp    float64           seconds
    camera       string            ``"left"``, ``"right"``, or empty
    AU01         int8              occurrence: 0, 1, or -1 for unknown
    AU01_i       int8              intensity 0-5, FACS A-E = 1-5, or -1
    AU01_l, _r   int8              intensity on the person's left and right side, or -1
    landmarks    float32[136]      x0, y0, x1, ... of the 68 points, pixels, centres at integers, or NaN
    visible      bool[68]          whether each point is seen
    pose_*       float32           pitch, yaw, roll in degrees, as :class:`actionunits.faces.face.Pose`
    gaze_*       float32           pitch and yaw of the gaze in degrees, signs as of the pose
    flags        string            remarks, joined by a vertical bar
    ============ ================= ====================================================================

    Args:
        aus: the action units that have label columns.
        contents: the groups of columns to have.

    Raises:
        UsageError: an AU is unknown or named twice, or none is named.
    """
    kept = frozenset(contents)
    names: list[tuple[str, pa.DataType]] = [
        ("subject", pa.string()),
        ("sequence", pa.string()),
        ("frame", pa.int32()),
        ("timestamp", pa.float64()),
        ("camera", pa.string()),
    ]
    names += [(label_column(au, kind), pa.int8()) for au in AUSet.parse(aus) for kind in label_kinds(kept)]
    names += [("landmarks", _LANDMARKS)] if "landmarks" in kept else []
    names += [("visible", _VISIBLE)] if "visible" in kept else []
    names += [(name, pa.float32()) for name in POSE] if "pose" in kept else []
    names += [(name, pa.float32()) for name in GAZE] if "gaze" in kept else []
    names.append(("flags", pa.string()))
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in names])


@dataclass(frozen=True, slots=True)
class FrameRow:
    """One frame and all that is known of it; what a store has no columns for is left out.

    Attributes:
        subject: who is seen.
        frame: number of the frame in its sequence.
        timestamp: seconds.
        camera: ``"left"``, ``"right"``, or empty.
        occurrence: 0 or 1 by AU; an AU that is not named is unknown.
        intensity: 0-5 by AU, likewise.
        left: intensity on the person's left side by AU, likewise.
        right: intensity on the person's right side by AU, likewise.
        landmarks: (68, 2) pixels, NaN where unknown; None for no landmarks.
        visible: (68,) bool; None for not known, which is written as not visible.
        pose: pitch, yaw, roll in degrees; None for unknown.
        gaze: pitch, yaw in degrees; None for unknown.
        flags: remarks.
    """

    subject: str
    frame: int
    timestamp: float
    camera: str = ""
    occurrence: Mapping[int, int] = field(default_factory=dict)
    intensity: Mapping[int, int] = field(default_factory=dict)
    left: Mapping[int, int] = field(default_factory=dict)
    right: Mapping[int, int] = field(default_factory=dict)
    landmarks: NDArray[Any] | None = None
    visible: NDArray[Any] | None = None
    pose: tuple[float, float, float] | None = None
    gaze: tuple[float, float] | None = None
    flags: tuple[str, ...] = ()


def frames_table(sequence: str, rows: Sequence[FrameRow], aus: AUSet, contents: Iterable[Content]) -> pa.Table:
    """The rows of one sequence as a table that follows :func:`frame_schema`.

    Raises:
        UsageError: a row labels an AU that the table has no column for, or an array has a wrong shape.
    """
    schema = frame_schema(aus, contents)
    columns: dict[str, Any] = {
        "subject": [row.subject for row in rows],
        "sequence": [sequence] * len(rows),
        "frame": [row.frame for row in rows],
        "timestamp": [row.timestamp for row in rows],
        "camera": [row.camera for row in rows],
        "flags": ["|".join(row.flags) for row in rows],
    }
    for kind in label_kinds(contents):
        values = [_labels_of(row, kind, aus) for row in rows]
        columns |= {label_column(au, kind): [each[place] for each in values] for place, au in enumerate(aus)}
    columns |= _measures(rows, frozenset(contents))
    try:
        return pa.table([pa.array(columns[each.name], each.type) for each in schema], schema=schema)
    except (pa.ArrowException, TypeError, OverflowError) as error:
        raise UsageError(f"sequence {sequence}", f"a value does not fit its column ({error})", "Correct it") from error


def _labels_of(row: FrameRow, kind: LabelKind, aus: AUSet) -> list[int]:
    labels: Mapping[int, int] = getattr(row, kind)
    foreign = sorted(set(labels) - set(aus))
    if foreign:
        raise UsageError(f"frame {row.frame}", f"labels AU {foreign[0]}, not among the store's {aus}", "Leave it out")
    return [labels.get(au, UNKNOWN) for au in aus]


def _measures(rows: Sequence[FrameRow], contents: frozenset[Content]) -> dict[str, Any]:
    """The columns that are no labels and that a store may lack."""
    columns: dict[str, Any] = {}
    if "landmarks" in contents:
        points = _stacked([row.landmarks for row in rows], np.full((POINTS, 2), np.nan, np.float32))
        columns["landmarks"] = pa.FixedSizeListArray.from_arrays(points.ravel(), type=_LANDMARKS)
    if "visible" in contents:
        seen = _stacked([row.visible for row in rows], np.zeros(POINTS, bool))
        columns["visible"] = pa.FixedSizeListArray.from_arrays(seen.ravel(), type=_VISIBLE)
    for content, names in (("pose", POSE), ("gaze", GAZE)):
        if content in contents:
            angles = [getattr(row, content) or (np.nan,) * len(names) for row in rows]
            columns |= {name: [each[place] for each in angles] for place, name in enumerate(names)}
    return columns


def _stacked(arrays: Sequence[NDArray[Any] | None], missing: NDArray[Any]) -> NDArray[Any]:
    for each in arrays:
        if each is not None and np.shape(each) != missing.shape:
            raise UsageError(f"an array of shape {np.shape(each)}", f"expected {missing.shape}", "Give 68 points")
    return np.array([missing if each is None else each for each in arrays], missing.dtype)


def check_frames(table: pa.Table, sequence: str, aus: AUSet, contents: Iterable[Content]) -> pa.Table:
    """Require the frames of one sequence, and give them the exact schema.

    Args:
        table: columns of :func:`frame_schema` in any order; only ``sequence`` may be missing.
        sequence: its name.
        aus: the store's action units.
        contents: the store's groups of columns.

    Returns:
        The same rows, one chunk a column.

    Raises:
        UsageError: columns are missing, foreign or of another type, or a value is out of range.
    """
    schema = frame_schema(aus, contents)
    about = f"sequence {sequence}"
    if "sequence" not in table.column_names:
        table = table.append_column("sequence", pa.array([sequence] * len(table), pa.string()))
    if sorted(table.column_names) != sorted(schema.names):
        odd = sorted(set(table.column_names) ^ set(schema.names))[:5]
        raise UsageError(about, f"columns are missing, foreign or doubled ({', '.join(odd)})", "See frame_schema")
    try:
        table = table.select(schema.names).cast(schema).combine_chunks()
    except (pa.ArrowException, ValueError) as error:
        raise UsageError(about, f"the columns have other types ({error})", "See frame_schema") from error
    wrong = _first_fault(table, sequence, aus, label_kinds(contents))
    if wrong:
        raise UsageError(about, wrong, "Correct the frames")
    return table


def _first_fault(table: pa.Table, sequence: str, aus: AUSet, kinds: Iterable[LabelKind]) -> str | None:
    if len(table) == 0:
        return "it has no frame"
    empty = [name for name in table.column_names if table[name].null_count]
    if empty:
        return f"column {empty[0]} has empty cells"
    if table["sequence"].unique().to_pylist() != [sequence]:
        return "its rows name another sequence"
    subjects = table["subject"].unique().to_pylist()
    if len(subjects) != 1 or not is_name(subjects[0]):
        return f"it must show one subject with a plain name, not {subjects[:2]}"
    frame, time = table["frame"].to_numpy().astype(np.int64), table["timestamp"].to_numpy()
    if frame[0] < 0 or (np.diff(frame) <= 0).any():
        return "its frame numbers do not rise"
    if not np.isfinite(time).all() or (np.diff(time) < 0).any():
        return "its times are not finite, or fall"
    if any(pc.max(pc.utf8_length(table[name])).as_py() > MOST_LETTERS for name in TEXT_COLUMNS):
        return f"a text has more than {MOST_LETTERS} letters"
    for kind in kinds:
        for name in (label_column(au, kind) for au in aus):
            values = table[name].to_numpy()
            if values.min() < UNKNOWN or values.max() > highest_label(kind):
                return f"column {name} holds a value outside -1 to {highest_label(kind)}"
    if "landmarks" in table.column_names and np.isinf(landmark_array(table)).any():
        return "a landmark is infinite"
    return None


def visible_array(table: pa.Table) -> NDArray[np.bool_]:
    """Which landmarks of a table are seen: (N, 68) bool."""
    flat = table["visible"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    seen: NDArray[np.bool_] = flat.reshape(len(table), POINTS)
    return seen


def landmark_array(table: pa.Table) -> NDArray[np.float32]:
    """The landmarks of a table: (N, 68, 2) float32."""
    flat = table["landmarks"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    points: NDArray[np.float32] = flat.reshape(len(table), POINTS, 2)
    return points
