"""Colours that colour-blind readers can tell apart, and the few ways in which this package lays one over a picture.

The hues are those of Okabe & Ito, "Color Universal Design" (2008). Nothing is said by hue alone: an action unit that
occurs is also brighter and bolder than one that does not, and a face's colour goes with its number.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]  # red, green, blue, 0-255

SKY_BLUE: Colour = (86, 180, 233)
ORANGE: Colour = (230, 159, 0)
BLUISH_GREEN: Colour = (0, 178, 132)  # lighter than the original 0, 158, 115: it must carry dark text
YELLOW: Colour = (240, 228, 66)
REDDISH_PURPLE: Colour = (222, 140, 182)  # lighter, for the same reason
VERMILLION: Colour = (240, 120, 30)  # lighter, for the same reason

FACE_COLOURS = (SKY_BLUE, ORANGE, BLUISH_GREEN, YELLOW, REDDISH_PURPLE, VERMILLION)

DARK: Colour = (18, 20, 24)  # halos, and text on a face's colour
PALE: Colour = (244, 246, 248)  # lines on the face
MUTED: Colour = (150, 154, 160)  # the bar of an action unit that does not occur
TRACK: Colour = (62, 66, 72)  # the empty part of a bar

_BACKING_OPACITY = 0.74  # white text keeps a contrast above 7:1 over a white picture
_BACKING_GREY = 18


def face_colour(face_id: int) -> Colour:
    """The colour of a person, the same in every frame; it comes round again after six."""
    return FACE_COLOURS[face_id % len(FACE_COLOURS)]


def darken(region: Picture, *, radius: int = 0) -> None:
    """Lay the dark, translucent backing of text over a part of a picture, in place.

    Args:
        region: (h, w, 3) uint8 view of the picture.
        radius: of the rounded corners, pixels; 0 for sharp ones.
    """
    height, width = region.shape[:2]
    if not height or not width:
        return
    radius = min(radius, height // 2, width // 2)
    corners = [(rows, columns) for rows in _ends(radius) for columns in _ends(radius)] if radius else []
    before = [region[corner].copy() for corner in corners]
    region[:] = cv2.convertScaleAbs(region, alpha=1 - _BACKING_OPACITY, beta=_BACKING_OPACITY * _BACKING_GREY)
    cover = _corner(radius)  # (r, r, 1), of the upper left corner
    for (rows, columns), patch in zip(corners, before, strict=True):
        own = cover[:: 1 if rows.start == 0 else -1, :: 1 if columns.start == 0 else -1]
        region[rows, columns] = (region[rows, columns] * own + patch * (1 - own) + 0.5).astype(np.uint8)


def lighten(region: Picture, ink: Picture) -> None:
    """Write white ink on a part of a picture, in place.

    Args:
        region: (h, w, 3) uint8 view of the picture.
        ink: (h, w) uint8, 0 leaves the picture as it is, 255 is white.
    """
    if region.size:
        region[:] = ~cv2.multiply(~region, cv2.merge([~ink] * 3), scale=1 / 255)


def stain(region: Picture, ink: Picture) -> None:
    """Write black ink on a part of a picture, in place; shapes as in :func:`lighten`."""
    if region.size:
        region[:] = cv2.multiply(region, cv2.merge([~ink] * 3), scale=1 / 255)


def _ends(radius: int) -> tuple[slice, slice]:
    return slice(0, radius), slice(-radius, None)


@lru_cache(maxsize=64)
def _corner(radius: int) -> NDArray[np.float32]:
    """How much of each pixel a quarter disc covers, (r, r, 1), 0-1; its centre is the lower right corner."""
    offset = radius - 0.5 - np.arange(radius, dtype=np.float32)
    distance = np.hypot(offset[:, None], offset[None, :])
    cover: NDArray[np.float32] = np.clip(radius + 0.5 - distance, 0, 1).astype(np.float32)[..., None]
    return cover
