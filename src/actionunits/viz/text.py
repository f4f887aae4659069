"""Text as ink: small grey pictures of words, drawn once and kept, the same way on OpenCV 4 and 5.

OpenCV 5 draws a TrueType font with most of the world's letters; OpenCV 4 draws the Hershey strokes, ASCII only, which
look well only if drawn large and then reduced. Both take the call of OpenCV 4.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Ink = NDArray[np.uint8]

TRUETYPE = hasattr(cv2, "FontFace")  # OpenCV 5

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_UNIT = 30.0  # both fonts: capitals are 21 pixels high at OpenCV's scale 1, which is 0.7 of a 30 pixel letter
_ENLARGED = 1 if TRUETYPE else 4  # Hershey strokes are drawn four times too large
_NARROWED = 1.0 if TRUETYPE else 0.86  # and then made as narrow as the TrueType font
_ASCENT, _DESCENT = 0.98, 0.32  # above and below the base line, in sizes; room for accents and tails


def drawable(text: str) -> str:
    """The text with every character that cannot be drawn replaced.

    Control characters, and the bytes of a file name that are not text (Python's lone surrogates, on which OpenCV
    crashes), become ``?``. With OpenCV 4, letters lose their accents and what is not ASCII becomes ``?``.

    >>> drawable("take\\udcff 2\\n.mp4")
    'take? 2?.mp4'
    """
    return "".join(character if character.isprintable() else "?" for character in _folded(text))


def _folded(text: str) -> str:
    if TRUETYPE:
        return unicodedata.normalize("NFC", text)  # macOS writes accents as characters of their own
    bare = (c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return "".join(bare).encode("ascii", "replace").decode("ascii")


def line_height(size: int) -> int:
    """The height of the ink of a line of text, pixels; ``size`` is the letter size, pixels."""
    return round(size * _ASCENT) + round(size * _DESCENT)


def base_line(size: int) -> int:
    """How far below the top of its ink the line of text stands, pixels."""
    return round(size * _ASCENT)


@lru_cache(maxsize=1024)
def text_width(text: str, size: int, *, bold: bool = False) -> int:
    """The width of :func:`text_ink`, pixels."""
    scale, thickness = _pen(size, bold)
    (width, _), _ = cv2.getTextSize(drawable(text), _FONT, scale, thickness)
    return int(np.ceil(width * _NARROWED / _ENLARGED)) + 1


@lru_cache(maxsize=512)
def text_ink(text: str, size: int, *, bold: bool = False, strength: int = 255) -> Ink:
    """A line of text as ink.

    Args:
        text: a line; see :func:`drawable` for what is replaced.
        size: letter size, pixels; capitals are 0.7 of it.
        bold: heavier strokes.
        strength: of the ink, 0-255.

    Returns:
        (:func:`line_height`, :func:`text_width`) uint8, 0 where the ground stays; not to be written to.
    """
    height, width = line_height(size), text_width(text, size, bold=bold)
    scale, thickness = _pen(size, bold)
    wide = int(np.ceil(width * _ENLARGED / _NARROWED))
    ink = np.zeros((height * _ENLARGED, wide), np.uint8)
    origin = (0, base_line(size) * _ENLARGED)
    cv2.putText(ink, drawable(text), origin, _FONT, scale, strength, thickness, cv2.LINE_AA)
    if ink.shape != (height, width):
        ink = cv2.resize(ink, (width, height), interpolation=cv2.INTER_AREA)
    ink.setflags(write=False)
    return ink


def write(ink: Ink, text: Ink, x: int, y: int) -> None:
    """Put a line of text onto a sheet of ink, its upper left corner at (x, y); what reaches over the edge is cut."""
    height, width = ink.shape
    top, left = max(y, 0), max(x, 0)
    bottom, right = min(y + text.shape[0], height), min(x + text.shape[1], width)
    if top < bottom and left < right:
        place = ink[top:bottom, left:right]
        np.maximum(place, text[top - y : bottom - y, left - x : right - x], out=place)


@lru_cache(maxsize=64)
def shortened(text: str, size: int, room: int, *, bold: bool = False) -> str:
    """The text, or its beginning and end around ``...``, so that it is at most ``room`` pixels wide; else ``""``."""
    if text_width(text, size, bold=bold) <= room:
        return text
    for kept in range(min(len(text) - 1, 2 * room // max(size // 4, 1)), 3, -1):
        shorter = f"{text[: (kept + 1) // 2]}...{text[len(text) - kept // 2 :]}"
        if text_width(shorter, size, bold=bold) <= room:
            return shorter
    return ""


def _pen(size: int, bold: bool) -> tuple[float, int]:
    """OpenCV's scale and thickness."""
    scale = size * _ENLARGED / _UNIT
    if TRUETYPE:
        return scale, 2 if bold else 1  # OpenCV 5 reads 1 as the regular weight and more as the bold one
    return scale, max(1, round(size * _ENLARGED * (0.125 if bold else 0.085)))
