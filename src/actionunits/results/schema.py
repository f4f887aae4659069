"""The columns of a results table: one row per frame and face, every number with its unit (DESIGN, section 5)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from actionunits.faces.face import FLAGS
from actionunits.facs import FACS, AUSet, AUSetLike, column

SCHEMA_VERSION = 1
VERSION_KEY = b"actionunits.schema_version"
"""Where the schema's metadata, and with it every Parquet file, states :data:`SCHEMA_VERSION`."""

SUFFIXES = ("p", "c", "r")
"""What is said of each action unit: probability, occurrence, intensity."""

SIDES = ("left", "right")
"""What is said of it besides where asked: intensity on the person's own left and right side."""

REQUIRED = ("source", "frame", "timestamp", "success")
"""The columns that every row fills; all others are empty where the frame shows no face."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table.

    Attributes:
        name: the heading.
        arrow_type: its type in Arrow and Parquet.
        unit: unit or range, ``"px"``, ``"0-1"``; empty where there is none.
        meaning: what it says, in one clause.
        decimals: to how many decimals the numbers are rounded, in every format; None where the column has no fractions.
    """

    name: str
    arrow_type: pa.DataType
    unit: str
    meaning: str
    decimals: int | None = None

    @property
    def nullable(self) -> bool:
        """Whether rows may leave it empty."""
        return self.name not in REQUIRED


_REAL = pa.float32()
_TYPE_NAMES = {pa.float32(): "float32", pa.float64(): "float64"}  # Arrow says float and double

_BASE = (
    Column("source", pa.string(), "", "the picture, video or camera, as the caller named it"),
    Column("frame", pa.int64(), "", "place of the frame in the source, from 0, counting every decoded frame"),
    Column("timestamp", pa.float64(), "s", "the container's presentation time; 0 for a picture", 6),
    Column("face_id", pa.int32(), "", "stays with the person through a source; 0, 1, 2 ... by first appearance"),
    Column("success", pa.int8(), "0/1", "1 where the row holds a face, 0 where the frame shows none"),
    Column("confidence", _REAL, "0-1", "the mesh network's belief that it looks at a face", 4),
    Column("face_x", _REAL, "px", "left edge of the face in the picture", 2),
    Column("face_y", _REAL, "px", "top edge of the face in the picture", 2),
    Column("face_w", _REAL, "px", "width of the face", 2),
    Column("face_h", _REAL, "px", "height of the face", 2),
    Column("pose_pitch", _REAL, "degrees", "head pose, positive chin up", 2),
    Column("pose_yaw", _REAL, "degrees", "head pose, positive turned to the picture's right (the person's left)", 2),
    Column("pose_roll", _REAL, "degrees", "head pose, positive tilted clockwise", 2),
    Column("interocular_px", _REAL, "px", "distance between the outer eye corners", 2),
    Column("sharpness", _REAL, "grey levels²", "variance of the Laplacian over the middle of the face", 2),
    Column("flags", pa.string(), "", f"reasons to drop the row, joined with a vertical bar: {', '.join(FLAGS)}"),
)


def columns(aus: AUSetLike, *, sides: bool = False) -> tuple[Column, ...]:
    """All columns of a table about these action units (A of them), in order: 16 + 3 A, or 16 + 5 A.

    Args:
        aus: the action units.
        sides: whether the table tells left and right apart.

    Raises:
        UsageError: an action unit is unknown or named twice.

    >>> [column.name for column in columns("12")][-3:]
    ['AU12_p', 'AU12_c', 'AU12_r']
    """
    units = (_au_columns(column(au), f"AU{au} ({FACS[au].name})", sides) for au in as_au_set(aus))
    return _BASE + tuple(each for unit in units for each in unit)


def arrow_schema(aus: AUSetLike, *, sides: bool = False) -> pa.Schema:
    """The table's Arrow schema; fields carry ``unit`` and ``meaning``, the schema its version, as metadata.

    Args:
        aus: the action units.
        sides: whether the table tells left and right apart.

    Raises:
        UsageError: an action unit is unknown or named twice.
    """
    fields = [
        pa.field(each.name, each.arrow_type, each.nullable, {"unit": each.unit, "meaning": each.meaning})
        for each in columns(aus, sides=sides)
    ]
    return pa.schema(fields, metadata={VERSION_KEY: str(SCHEMA_VERSION).encode()})


def as_au_set(aus: AUSetLike) -> AUSet:
    """The set meant; unlike :meth:`~actionunits.facs.AUSet.parse` it lets an empty one pass."""
    if isinstance(aus, Iterable) and not isinstance(aus, str):
        return AUSet(tuple(aus))  # type: ignore[arg-type]  # AUSet reads numbers in any spelling
    return AUSet.parse(aus)


def aus_of(names: Iterable[str]) -> AUSet:
    """The action units that column names speak of, in order of first mention.

    Raises:
        UsageError: FACS has no such action unit.

    >>> aus_of(["frame", "AU12_p", "AU12_c", "AU01_p"])
    AUSet.parse('12,1')
    """
    found = (re.fullmatch(r"AU(\d{2})_[pcr]", name) for name in names)
    return AUSet(tuple(dict.fromkeys(int(match[1]) for match in found if match)))


def has_sides(names: Iterable[str]) -> bool:
    """Whether a table with these columns tells left and right apart.

    >>> has_sides(["AU12_r"]), has_sides(["AU12_r", "AU12_left"])
    (False, True)
    """
    return any(re.fullmatch(r"AU\d{2}_(left|right)", name) for name in names)


def source_text(name: str) -> str:
    r"""A file's name as valid Unicode: bytes that are not UTF-8 (surrogates in Python) become ``\udcXX``."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def markdown_table() -> str:
    """The columns as a Markdown table, for the README; ``AUxx`` stands for every action unit."""
    lines = ["| column | unit | type | decimals | meaning |", "|---|---|---|---|---|"]
    for each in _BASE + _au_columns("AUxx", "the action unit", sides=True):
        decimals = "" if each.decimals is None else each.decimals
        kind = _TYPE_NAMES.get(each.arrow_type, str(each.arrow_type))
        lines.append(f"| `{each.name}` | {each.unit} | {kind} | {decimals} | {each.meaning} |")
    return "\n".join(lines) + "\n"


def _au_columns(name: str, meaning: str, sides: bool) -> tuple[Column, ...]:
    of_sides = tuple(
        Column(f"{name}_{side}", _REAL, "0-5", f"intensity of {meaning} on the person's {side} side; with --sides", 3)
        for side in SIDES
    )
    return (
        Column(f"{name}_p", _REAL, "0-1", f"probability that {meaning} is shown", 4),
        Column(f"{name}_c", pa.int8(), "0/1", f"occurrence: the probability of {meaning} reached the threshold"),
        Column(f"{name}_r", _REAL, "0-5", f"intensity of {meaning}; FACS A-E = 1-5", 3),
        *(of_sides if sides else ()),
    )
