"""Plain charts drawn with OpenCV alone: points, lines and bars on axes, and heat maps; the same bytes on every run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, log10

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from actionunits.viz.palette import Colour, Picture
from actionunits.viz.text import Ink, base_line, line_height, shortened, text_ink, text_width

BLUE: Colour = (0, 114, 178)  # Okabe & Ito's, for a white ground
RED: Colour = (213, 94, 0)
GREEN: Colour = (0, 158, 115)
GREY: Colour = (120, 124, 130)
INK: Colour = (30, 32, 36)
_GRID: Colour = (226, 228, 231)
_UNKNOWN: Colour = (214, 214, 214)
_WHITE: Colour = (255, 255, 255)
SERIES = (BLUE, RED, GREEN, GREY)

_TEXT, _SMALL, _TITLE = 19, 16, 23  # letter sizes, pixels
_PAD = 12
_SHARP = 3  # binary digits after the point in the coordinates that OpenCV draws at
_POINT_OPACITY = 0.35
_DARK_GROUND = 115  # grey value below which white text reads better than dark text


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis.

    Attributes:
        low: value at its beginning.
        high: value at its end, above ``low``.
        label: what is measured, with its unit.
        ticks: values that get a line and a text.
    """

    low: float
    high: float
    label: str
    ticks: tuple[tuple[float, str], ...]

    @classmethod
    def over(cls, low: float, high: float, label: str, *, most: int = 7) -> Axis:
        """An axis from ``low`` to ``high`` with round ticks, at most about ``most``."""
        values = round_ticks(low, high, most)
        decimals = max(0, -floor(log10(values[1] - values[0]) + 1e-9)) if len(values) > 1 else 0
        return cls(low, high, label, tuple((value, f"{value:.{decimals}f}") for value in values))


def round_ticks(low: float, high: float, most: int = 7) -> tuple[float, ...]:
    """Round values (steps of 1, 2 or 5 times a power of ten) from ``low`` to ``high``, at most about ``most``.

    >>> round_ticks(0, 1, 6)
    (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    """
    rough = (high - low) / max(most - 1, 1)
    power = 10.0 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return tuple(round(place * step, 12) + 0.0 for place in range(first, last + 1))


class Chart:
    """Axes with a title; drawn on from back to front.

    Args:
        x: the horizontal axis.
        y: the vertical axis.
        title: over the plot.
        note: one line under the title, smaller.
        size: width and height, pixels.
        right: room for texts on the plot's right, pixels.
        keys: a text by colour, shown as a legend under the note.
    """

    def __init__(
        self,
        x: Axis,
        y: Axis,
        title: str,
        note: str = "",
        *,
        size: tuple[int, int] = (960, 640),
        right: int = 2 * _PAD,
        keys: Sequence[tuple[str, Colour]] = (),
    ) -> None:
        self.canvas: Picture = np.full((size[1], size[0], 3), 255, np.uint8)
        self.x, self.y = x, y
        lines = (
            line_height(_TITLE) + (line_height(_SMALL) + 4 if note else 0) + (line_height(_SMALL) + 8 if keys else 0)
        )
        numbers = max((text_width(text, _SMALL) for _, text in y.ticks), default=0)
        self.left = _PAD + line_height(_TEXT) + 6 + numbers + 8
        self.top = _PAD + lines + _PAD
        self.right = size[0] - right
        self.bottom = size[1] - _PAD - line_height(_TEXT) - 6 - line_height(_SMALL) - 8
        write_text(self.canvas, shortened(title, _TITLE, size[0] - 2 * _PAD, bold=True), _PAD, _PAD, _TITLE, bold=True)
        if note:
            fitting = shortened(note, _SMALL, size[0] - 2 * _PAD)
            write_text(self.canvas, fitting, _PAD, _PAD + line_height(_TITLE) + 4, _SMALL, GREY)
        if keys:
            self._keys(keys)
        self._grid()

    def pixel(self, x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where values stand in the picture, pixels."""
        across = (np.asarray(x, np.float64) - self.x.low) / (self.x.high - self.x.low)
        up = (np.asarray(y, np.float64) - self.y.low) / (self.y.high - self.y.low)
        return self.left + across * (self.right - self.left), self.bottom - up * (self.bottom - self.top)

    def points(self, x: ArrayLike, y: ArrayLike, colour: Colour = BLUE, *, radius: int = 4) -> None:
        """Translucent discs, so that many on one place are darker than few; what lies off the axes is left out."""
        across, down = self.pixel(x, y)
        height, width = self.canvas.shape[:2]
        inside = (across >= 0) & (across <= width - 1) & (down >= 0) & (down <= height - 1)
        counts = np.zeros((height, width), np.float32)
        np.add.at(counts, (np.rint(down[inside]).astype(int), np.rint(across[inside]).astype(int)), 1)
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)).astype(np.float32)
        layers = cv2.filter2D(counts, -1, disc, borderType=cv2.BORDER_CONSTANT)
        cover = 1 - (1 - _POINT_OPACITY) ** np.rint(layers)
        self.canvas[:] = _blended(self.canvas, colour, cover[..., None])

    def line(self, x: ArrayLike, y: ArrayLike, colour: Colour = INK, *, width: int = 2, dashed: bool = False) -> None:
        """A line through points, (n,) each."""
        across, down = self.pixel(x, y)
        points = np.rint(np.stack([across, down], axis=1) * 2**_SHARP).astype(np.int32)  # (n, 2)
        for begin, end in pairwise(points):
            for first, last in _dashes(begin, end) if dashed else [(begin, end)]:
                cv2.line(self.canvas, _pair(first), _pair(last), colour, width, cv2.LINE_AA, _SHARP)

    def bar(self, x: float, y: float, width: float, colour: Colour = BLUE) -> None:
        """A bar from 0 to ``y``, ``width`` wide on the horizontal axis, its middle at ``x``."""
        (left, right), (top, base) = self.pixel([x - width / 2, x + width / 2], [y, 0])
        first, last = sorted((round(top), round(base)))
        self.canvas[first:last, round(left) : round(right)] = colour

    def text(
        self, words: str, x: float, y: float, colour: Colour = INK, *, size: int = _SMALL, across: float = 0.5
    ) -> None:
        """A text whose place ``across`` (0 its left end, 1 its right end) stands at ``x``, its foot just over ``y``."""
        left, foot = self.pixel(x, y)
        at = round(float(left) - across * text_width(words, size))
        write_text(self.canvas, words, at, round(float(foot)) - line_height(size), size, colour)

    def margin_texts(self, texts: Sequence[tuple[str, float, Colour]]) -> None:
        """Texts to the right of the plot, each at the height of its value, moved down where two would touch."""
        free = 0
        for words, value, colour in sorted(texts, key=lambda each: -each[1]):
            middle = round(float(self.pixel(self.x.high, value)[1]))
            top = max(middle - line_height(_SMALL) // 2, free)
            write_text(self.canvas, words, self.right + 8, top, _SMALL, colour)
            free = top + line_height(_SMALL)

    def _grid(self) -> None:
        for value, words in self.y.ticks:
            at = round(float(self.pixel(self.x.low, value)[1]))
            self.canvas[at, self.left : self.right] = _GRID
            left = self.left - 8 - text_width(words, _SMALL)
            write_text(self.canvas, words, left, at - line_height(_SMALL) // 2, _SMALL)
        for value, words in self.x.ticks:
            at = round(float(self.pixel(value, self.y.low)[0]))
            self.canvas[self.bottom : self.bottom + 5, at] = INK
            write_text(self.canvas, words, at - text_width(words, _SMALL) // 2, self.bottom + 7, _SMALL)
        self.canvas[self.bottom, self.left : self.right] = INK
        self.canvas[self.top : self.bottom, self.left] = INK
        middle = (self.left + self.right - text_width(self.x.label, _TEXT)) // 2
        write_text(self.canvas, self.x.label, middle, self.canvas.shape[0] - _PAD - line_height(_TEXT), _TEXT)
        sideways = np.rot90(text_ink(self.y.label, _TEXT)) if self.y.label else np.zeros((0, 0), np.uint8)
        _lay(self.canvas, sideways, _PAD, (self.top + self.bottom - sideways.shape[0]) // 2, INK)

    def _keys(self, keys: Sequence[tuple[str, Colour]]) -> None:
        left, top = _PAD, self.top - _PAD - line_height(_SMALL)
        for words, colour in keys:
            self.canvas[top + 4 : top + 16, left : left + 12] = colour
            write_text(self.canvas, words, left + 18, top, _SMALL)
            left += 18 + text_width(words, _SMALL) + 24


def bar_chart(
    names: Sequence[str],
    series: Mapping[str, Sequence[float]],
    title: str,
    label: str,
    *,
    groups: str = "action unit",
    note: str = "",
    high: float | None = None,
    decimals: int = 2,
) -> Picture:
    """Bars side by side, one group a name, with the value over each; an unknown value (NaN) has none.

    Args:
        names: under the groups; n of them.
        series: n values from 0 up, by what they are; at most four series.
        title: over the chart.
        label: of the vertical axis.
        groups: label of the horizontal axis.
        note: under the title.
        high: end of the vertical axis; None for what the values need.
        decimals: of the values over the bars.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    values = np.array(list(series.values()), np.float64).reshape(len(series), len(names))
    top = high if high is not None else 1.08 * (float(np.nanmax(values, initial=0.0)) or 1.0)
    ticks = tuple((place + 0.5, name) for place, name in enumerate(names))
    keys = list(zip(series, SERIES, strict=False)) if len(series) > 1 else []
    room = max(
        text_width(f"{top:.{decimals}f}", _SMALL) * len(series) + 10, *(text_width(name, _SMALL) + 8 for name in names)
    )
    size = (max(640, 120 + round(room * 1.1) * len(names)), 520)
    chart = Chart(Axis(0, len(names), groups, ticks), Axis.over(0, top, label), title, note, size=size, keys=keys)
    wide = 0.8 / len(series)
    for place, (row, colour) in enumerate(zip(values, SERIES, strict=False)):
        for group, value in enumerate(row):
            x = group + 0.1 + wide * (place + 0.5)
            if np.isfinite(value):
                chart.bar(x, value, wide * 0.94, colour)
                chart.text(f"{value:.{decimals}f}", x, value)
    return chart.canvas


def heat_map(
    values: ArrayLike, names: Sequence[str], title: str, *, note: str = "", decimals: int = 2, limit: float = 1.0
) -> Picture:
    """A square matrix of values from -1 (blue) over 0 (white) to 1 (red), with the numbers in the cells.

    Args:
        values: (n, n); NaN is unknown and drawn grey.
        names: of rows and columns.
        title: over the map.
        note: under the title.
        decimals: of the numbers.
        limit: value of the full colours, in place of 1; above 0.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    matrix = np.asarray(values, np.float64)
    cell = max(text_width(f"-0.{'0' * decimals}", _SMALL) + 10, *(text_width(name, _SMALL) + 8 for name in names))
    left = _PAD + max(text_width(name, _SMALL) for name in names) + 10
    top = _PAD + line_height(_TITLE) + 8 + (line_height(_SMALL) + 4 if note else 0) + line_height(_SMALL) + 8
    scale = 3 * _PAD + 22 + text_width("-1.0" if limit >= 1 else "-0.000", _SMALL)
    width = max(left + cell * len(names) + scale + _PAD, text_width(title, _TITLE, bold=True) + 2 * _PAD)
    canvas: Picture = np.full((top + cell * len(names) + 2 * _PAD, width, 3), 255, np.uint8)
    write_text(canvas, title, _PAD, _PAD, _TITLE, bold=True)
    if note:
        fitting = shortened(note, _SMALL, width - 2 * _PAD)
        write_text(canvas, fitting, _PAD, _PAD + line_height(_TITLE) + 4, _SMALL, GREY)
    for place, name in enumerate(names):
        middle = left + cell * place + cell // 2
        write_text(canvas, name, middle - text_width(name, _SMALL) // 2, top - line_height(_SMALL) - 4, _SMALL)
        high = top + cell * place + (cell - line_height(_SMALL)) // 2
        write_text(canvas, name, left - 8 - text_width(name, _SMALL), high, _SMALL)
    for row, column in np.ndindex(matrix.shape):
        value = float(matrix[row, column])
        ground = _diverging(value / limit)
        x, y = left + cell * column, top + cell * row
        canvas[y : y + cell - 1, x : x + cell - 1] = ground
        words = f"{value:.{decimals}f}" if np.isfinite(value) else "-"
        colour = INK if np.dot(ground, (0.299, 0.587, 0.114)) > _DARK_GROUND else _WHITE
        at = (x + (cell - text_width(words, _SMALL)) // 2, y + (cell - line_height(_SMALL)) // 2)
        write_text(canvas, words, *at, _SMALL, colour)
    _scale(canvas, left + cell * len(names) + 2 * _PAD, top, cell * len(names) - 1, limit)
    return canvas


def write_text(
    canvas: Picture, words: str, x: int, y: int, size: int = _TEXT, colour: Colour = INK, *, bold: bool = False
) -> None:
    """Write a line of text, its upper left corner at (x, y), in place; what reaches over the edge is cut."""
    if words:
        _lay(canvas, text_ink(words, size, bold=bold), x, y, colour)


def _lay(canvas: Picture, ink: Ink, x: int, y: int, colour: Colour) -> None:
    top, left = max(y, 0), max(x, 0)
    bottom, right = min(y + ink.shape[0], canvas.shape[0]), min(x + ink.shape[1], canvas.shape[1])
    if top < bottom and left < right:
        cover = ink[top - y : bottom - y, left - x : right - x, None].astype(np.float32) / 255
        canvas[top:bottom, left:right] = _blended(canvas[top:bottom, left:right], colour, cover)


def _blended(ground: Picture, colour: Colour, cover: NDArray[np.floating]) -> Picture:
    mixed: Picture = (ground * (1 - cover) + np.array(colour, np.float32) * cover + 0.5).astype(np.uint8)
    return mixed


def _diverging(value: float) -> Colour:
    if not np.isfinite(value):
        return _UNKNOWN
    end = np.array(RED if value > 0 else BLUE, np.float64)
    part = min(abs(value), 1.0)
    red, green, blue = (round(each) for each in 255 * (1 - part) + end * part)
    return red, green, blue


def _scale(canvas: Picture, x: int, y: int, height: int, limit: float) -> None:
    """The colours and their values, from the limit at the top to minus the limit at the foot."""
    for step in range(height):
        canvas[y + step, x : x + 22] = _diverging(1 - 2 * step / max(height - 1, 1))
    for value in (1.0, 0.5, 0.0, -0.5, -1.0):
        middle = y + round((1 - value) / 2 * (height - 1))
        words = f"{value * limit:.1f}" if limit >= 1 else f"{value * limit:.2g}"
        write_text(canvas, words, x + 28, middle - base_line(_SMALL) // 2, _SMALL)


def _dashes(begin: NDArray[np.int32], end: NDArray[np.int32]) -> list[tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """A line from ``begin`` to ``end`` cut into dashes of eight pixels and gaps of six."""
    length = float(np.hypot(*(end - begin))) / 2**_SHARP
    starts = np.arange(0, length, 14.0)
    return [
        (
            np.rint(begin + (end - begin) * (start / length)).astype(np.int32),
            np.rint(begin + (end - begin) * (min(start + 8.0, length) / length)).astype(np.int32),
        )
        for start in starts
    ]


def _pair(point: NDArray[np.int32]) -> tuple[int, int]:
    return int(point[0]), int(point[1])
