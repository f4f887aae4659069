"""Sheets of maps: the crop of each face, and beside it the same crop with the map of each action unit on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from actionunits.facs import column
from actionunits.viz.charts import BLUE, GREY, INK, RED, write_text
from actionunits.viz.palette import DARK, PALE, Colour, Picture
from actionunits.viz.panel import short_name
from actionunits.viz.text import line_height, shortened

Float32 = NDArray[np.float32]

TILE = 208
"""Side of a crop on the sheet, pixels."""

_GAP, _PAD = 12, 16
_ACROSS = 7  # tiles side by side
_TITLE, _TEXT, _SMALL = 23, 17, 15  # letter sizes, pixels
_HALF = 0.5  # of the highest value: the line around what matters most
_FADED = 0.55  # of the crop's colour is left under a map
_WARM: tuple[Colour, ...] = ((255, 240, 170), (246, 180, 50), (213, 94, 0), (140, 20, 10))  # from low to high
_OPACITY, _FULL = 0.75, 0.6  # of the map, and the value from which it has all of it


@dataclass(frozen=True, eq=False)
class FaceRow:
    """One face on a sheet.

    Attributes:
        name: of the face.
        crop: (S, S, 3) uint8 RGB.
        maps: (A, H, W) float32, 0 to 1, or where ``signed`` -1 to 1, over the same square.
        aus: A action units.
        notes: what is said of each under its name, A texts.
        bold: whether each is found.
        signed: the maps say something below 0 too.
        regions: (A, R, H, W) bool, each to be framed on its AU's map; None for none.
    """

    name: str
    crop: Picture
    maps: Float32
    aus: tuple[int, ...]
    notes: tuple[str, ...]
    bold: tuple[bool, ...]
    signed: bool = False
    regions: NDArray[np.bool_] | None = None


def map_sheet(faces: Sequence[FaceRow], title: str, note: str) -> Picture:
    """A sheet, one block a face; (H, W, 3) uint8 RGB.

    Args:
        faces: with the same action units.
        title: over the sheet.
        note: under the title, smaller.
    """
    captions = line_height(_TEXT) + line_height(_SMALL) + 6
    across = min(_ACROSS, 1 + len(faces[0].aus))
    lines = -(-len(faces[0].aus) // (across - 1))
    block = line_height(_TEXT) + 6 + lines * (TILE + captions + _GAP)
    top = _PAD + line_height(_TITLE) + line_height(_SMALL) + 14
    width = max(2 * _PAD + across * TILE + (across - 1) * _GAP, 560)
    canvas: Picture = np.full((top + len(faces) * (block + _GAP) + _PAD, width, 3), 255, np.uint8)
    write_text(canvas, shortened(title, _TITLE, width - 2 * _PAD, bold=True), _PAD, _PAD, _TITLE, bold=True)
    fitting = shortened(note, _SMALL, width - 2 * _PAD)
    write_text(canvas, fitting, _PAD, _PAD + line_height(_TITLE) + 4, _SMALL, GREY)
    for place, face in enumerate(faces):
        y = top + place * (block + _GAP)
        write_text(canvas, shortened(face.name, _TEXT, width - 2 * _PAD, bold=True), _PAD, y, _TEXT, bold=True)
        y += line_height(_TEXT) + 6
        _lay(canvas, _resized(face.crop), _PAD, y)
        write_text(canvas, "the crop", _PAD, y + TILE + 3, _TEXT, GREY)
        for number, au in enumerate(face.aus):
            row, seat = divmod(number, across - 1)
            x, high = _PAD + (seat + 1) * (TILE + _GAP), y + row * (TILE + captions + _GAP)
            _lay(canvas, _tile(face, number), x, high)
            name = shortened(f"{column(au)} {short_name(au)}", _TEXT, TILE, bold=True)
            colour = INK if face.bold[number] else GREY
            write_text(canvas, name, x, high + TILE + 3, _TEXT, colour, bold=face.bold[number])
            under = high + TILE + 3 + line_height(_TEXT)
            write_text(canvas, shortened(face.notes[number], _SMALL, TILE), x, under, _SMALL, colour)
    return canvas


def overlaid(crop: Picture, values: Float32) -> Picture:
    """A map over its crop: the crop fades to grey, the map is laid on in yellow to dark red, more opaque where higher.

    A line runs around what is above half of 1.

    Args:
        crop: (S, S, 3) uint8 RGB.
        values: (H, W) float32, 0 to 1.

    Returns:
        (TILE, TILE, 3) uint8 RGB.
    """
    level = np.clip(cv2.resize(values, (TILE, TILE), interpolation=cv2.INTER_LINEAR), 0, 1)
    drawn = _covered(crop, level, _warm(level))
    _frame(drawn, level > _HALF)
    return drawn


def overlaid_signed(crop: Picture, values: Float32) -> Picture:
    """The same for a map from -1 to 1: red where it is above 0, blue where it is below, without a line."""
    level = np.clip(cv2.resize(values, (TILE, TILE), interpolation=cv2.INTER_LINEAR), -1, 1)
    colours = np.where((level > 0)[..., None], np.asarray(RED, np.float32), np.asarray(BLUE, np.float32))
    return _covered(crop, np.abs(level), colours)


def _tile(face: FaceRow, number: int) -> Picture:
    """The map of one action unit on its crop."""
    drawn = (overlaid_signed if face.signed else overlaid)(face.crop, face.maps[number])
    for region in () if face.regions is None else face.regions[number]:
        inside = cv2.resize(region.astype(np.uint8), (TILE, TILE), interpolation=cv2.INTER_NEAREST)
        _frame(drawn, inside > 0)
    return drawn


def _covered(crop: Picture, level: Float32, colours: Float32) -> Picture:
    """A crop under colours, (TILE, TILE, 3), that cover it the more the higher the level is."""
    picture = _resized(crop).astype(np.float32)
    grey = picture.mean(axis=2, keepdims=True)
    ground = _FADED * picture + (1 - _FADED) * grey
    cover = (_OPACITY * np.minimum(level / _FULL, 1))[..., None]
    covered: Picture = (ground * (1 - cover) + colours * cover + 0.5).astype(np.uint8)
    return covered


def _frame(drawn: Picture, inside: NDArray[np.bool_]) -> None:
    """A line around some places, in place."""
    contours, _ = cv2.findContours(inside.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(drawn, contours, -1, DARK, 3, cv2.LINE_AA)
    cv2.drawContours(drawn, contours, -1, PALE, 1, cv2.LINE_AA)


def _warm(level: Float32) -> Float32:
    """The colour of each value, (H, W) to (H, W, 3)."""
    stops = np.linspace(0, 1, len(_WARM))
    return np.stack([np.interp(level, stops, channel) for channel in zip(*_WARM, strict=True)], axis=-1).astype(
        np.float32
    )


def _resized(crop: Picture) -> Picture:
    shrinks = crop.shape[0] > TILE
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(crop, (TILE, TILE), interpolation=how), np.uint8)


def _lay(canvas: Picture, tile: Picture, x: int, y: int) -> None:
    canvas[y : y + TILE, x : x + TILE] = tile
