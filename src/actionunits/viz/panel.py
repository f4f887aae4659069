"""The panel of one face: a row for each action unit with its number, FACS name, bar and probability."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import isnan

import cv2
import numpy as np

from actionunits.facs import FACS, AUSet
from actionunits.results.frames import FaceResult
from actionunits.viz.layout import Measures, Rect
from actionunits.viz.palette import DARK, MUTED, TRACK, Colour, Picture, darken, lighten
from actionunits.viz.text import Ink, line_height, text_ink, text_width, write

LETTERS = "ABCDE"  # FACS intensities 1-5

_QUIET = 176  # ink of a row whose action unit does not occur
_SMALL = 0.86  # size of the numbers and tick letters, in letter sizes


@dataclass(frozen=True, slots=True)
class Row:
    """One action unit of one face; intensity NaN where it is unknown."""

    au: int
    probability: float
    occurs: bool
    intensity: float

    @property
    def filled(self) -> float:
        """How much of the bar is filled, 0-1: by the intensity, or by the probability where that is unknown."""
        return _or_zero(self.probability) if isnan(self.intensity) else self.intensity / 5


@dataclass(frozen=True, slots=True)
class Form:
    """How much of a face a panel tells.

    Attributes:
        rows: most rows shown; if there are more, the strongest are shown first and a last line counts the others.
        names: whether the FACS names stand beside the numbers.
    """

    rows: int
    names: bool


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the columns of a panel begin, pixels from its left edge."""

    code: int
    name: int
    bar: int
    bar_width: int
    number_end: int
    width: int


def short_name(au: int) -> str:
    """The FACS name without its second half: 6 is "Cheek raiser", not "Cheek raiser and lid compressor"."""
    return FACS[au].name.partition(" and ")[0]


def rows_of(face: FaceResult, aus: AUSet, shown: AUSet, min_intensity: float) -> tuple[Row, ...]:
    """The rows of one face in the order of ``shown``, without those below ``min_intensity``; unknown counts as 0."""
    rows = []
    for au in shown:
        place = aus.numbers.index(au)
        probability = float(face.probability[place])
        intensity = float(np.clip(face.intensity[place], 0.0, 5.0))
        if _or_zero(intensity) >= min_intensity:
            rows.append(Row(au, probability, bool(face.occurrence[place] == 1), intensity))
    return tuple(rows)


def strongest_first(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """By intensity, then by probability; equal ones keep their order."""
    return tuple(sorted(rows, key=lambda row: (-_or_zero(row.intensity), -_or_zero(row.probability))))


@lru_cache(maxsize=256)
def columns(form: Form, title: str, shown: AUSet, measures: Measures) -> Columns:
    """The columns of a panel; they depend on which AUs may be shown, not on their values, so that they stand still."""
    size, pad = measures.text, measures.pad
    codes = max(text_width(f"AU{au}", size, bold=True) for au in shown)
    names = max(text_width(short_name(au), size, bold=True) for au in shown) if form.names else 0
    numbers = text_width("0.00", _small(measures))
    bar_width = 5 * round(size * 1.2)
    name = pad + codes + pad
    bar = max(name + names + (pad if form.names else 0), pad + text_width(title, size, bold=True))
    number_end = bar + bar_width + pad + numbers
    return Columns(pad, name, bar, bar_width, number_end, number_end + pad)


def panel_size(form: Form, title: str, count: int, shown: AUSet, measures: Measures) -> tuple[int, int]:
    """Width and height, pixels, of a panel for ``count`` rows; the title and the line that counts are included."""
    lines = 1 + min(count, form.rows) + (count > form.rows)
    return columns(form, title, shown, measures).width, lines * measures.row + 2 * (measures.pad // 2)


def draw_panel(
    canvas: Picture,
    rect: Rect,
    title: str,
    colour: Colour,
    rows: tuple[Row, ...],
    form: Form,
    shown: AUSet,
    measures: Measures,
) -> None:
    """Draw a panel, in place.

    Args:
        canvas: (H, W, 3) uint8 RGB.
        rect: inside the canvas, of :func:`panel_size`.
        title: whose panel it is.
        colour: of the title and of the bars of what occurs.
        rows: all rows of the face.
        form: how much of them is told.
        shown: the AUs that may be shown, which set the columns.
        measures: sizes for this canvas.
    """
    region = canvas[rect.slices]
    at = columns(form, title, shown, measures)
    darken(region, radius=measures.pad)
    ink = np.zeros(region.shape[:2], np.uint8)
    y = measures.pad // 2
    letters = "" if all(isnan(row.intensity) for row in rows) else LETTERS
    _head(region, ink, title, letters, colour, at, y, measures)
    told = rows if len(rows) <= form.rows else strongest_first(rows)[: form.rows]
    for place, row in enumerate(told, start=1):
        _draw_row(region, ink, row, colour, at, form, y + place * measures.row, measures)
    if len(rows) > len(told):
        more = text_ink(f"+ {len(rows) - len(told)} more", measures.text, strength=_QUIET)
        write(ink, more, at.code, y + (len(told) + 1) * measures.row)
    lighten(region, ink)


def _head(
    region: Picture, ink: Ink, title: str, letters: str, colour: Colour, at: Columns, y: int, measures: Measures
) -> None:
    """The title in the face's colour, and the letters over the ticks, which bars of probability do not have."""
    word = text_ink(title, measures.text, bold=True)
    room = region[y : y + word.shape[0], at.code : min(at.code + word.shape[1], at.bar)]
    if room.size:
        cover = (word[: room.shape[0], : room.shape[1], None] / 255.0).astype(np.float32)
        room[:] = (room * (1 - cover) + np.array(colour, np.float32) * cover + 0.5).astype(np.uint8)
    small = _small(measures)
    lower = y + line_height(measures.text) - line_height(small)
    for degree, letter in enumerate(letters, start=1):
        centre = at.bar + at.bar_width * degree // 5
        write(ink, text_ink(letter, small, strength=_QUIET), centre - text_width(letter, small) // 2, lower)
    write(ink, text_ink("p", small, strength=_QUIET), at.number_end - text_width("p", small), lower)


def _draw_row(
    region: Picture, ink: Ink, row: Row, colour: Colour, at: Columns, form: Form, y: int, measures: Measures
) -> None:
    size, strength = measures.text, 255 if row.occurs else _QUIET
    write(ink, text_ink(f"AU{row.au}", size, bold=row.occurs, strength=strength), at.code, y)
    if form.names:
        write(ink, text_ink(short_name(row.au), size, bold=row.occurs, strength=strength), at.name, y)
    small = _small(measures)
    number = "-" if isnan(row.probability) else f"{row.probability:.2f}"
    left = at.number_end - text_width(number, small)
    write(ink, text_ink(number, small, strength=strength), left, y + (line_height(size) - line_height(small)) // 2)

    thick = max(3, round(size * 0.62))
    top = y + (line_height(size) - thick) // 2 + max(1, size // 16)  # on the middle of the capitals
    length = round(at.bar_width * row.filled)
    bar = region[top : top + thick, at.bar : at.bar + at.bar_width]
    bar[:] = TRACK
    bar[:, :length] = colour if row.occurs else MUTED
    tick = max(1, size // 20)
    for degree in () if isnan(row.intensity) else range(1, 6):
        end = at.bar + at.bar_width * degree // 5
        cv2.rectangle(region, (end - tick, top), (end - 1, top + thick - 1), DARK, cv2.FILLED)


def _or_zero(value: float) -> float:
    return 0.0 if isnan(value) else value


def _small(measures: Measures) -> int:
    return max(8, round(measures.text * _SMALL))
