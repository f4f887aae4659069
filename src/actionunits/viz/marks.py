"""What is drawn on the face itself: contours or points, the box, and the tag that says who it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from actionunits.geometry.landmarks import MESH_CONTOURS
from actionunits.viz.layout import Measures, Rect
from actionunits.viz.palette import DARK, PALE, Colour, Picture, darken, lighten, stain
from actionunits.viz.text import line_height, text_ink, text_width

_SHIFT = 3  # OpenCV takes points in eighths of a pixel
_FAR = 1 << 15  # pixels; farther points are drawn as if they were here, since OpenCV counts in 32 bits
_SHADOWED = 100  # pixels: on a narrower face the shadows of the lines would run together


@dataclass(frozen=True, slots=True)
class Tag:
    """A line of words on plates; a plate without colour is dark and translucent."""

    plates: tuple[tuple[str, Colour | None], ...]

    def width(self, measures: Measures) -> int:
        """Of all plates together, pixels."""
        return sum(_plate_width(text, measures) for text, _ in self.plates)

    @staticmethod
    def height(measures: Measures) -> int:
        """Of the plates, pixels."""
        return measures.row + 2 * (measures.pad // 4)


def draw_contours(canvas: Picture, mesh: NDArray[np.float32], width: float, measures: Measures) -> None:
    """Join the points of a mesh to the outlines of face, brows, eyes and lips, in place.

    Args:
        canvas: (H, W, 3) uint8 RGB.
        mesh: (468, 2 or 3), pixels of the canvas.
        width: of the face, pixels of the canvas, which sets that of the lines.
        measures: sizes for this canvas.
    """
    edges = mesh[:, :2][_contours()]  # (E, 2, 2)
    lines = _fixed_point(edges[np.isfinite(edges).all(axis=(1, 2))])
    stroke = max(1, round(min(measures.frame.w, measures.frame.h, 2.5 * width) / 600))
    if width >= _SHADOWED:
        shadow = lines + round(0.6 * stroke * (1 << _SHIFT))  # keeps the lines visible on light skin
        cv2.polylines(canvas, list(shadow), False, DARK, stroke, cv2.LINE_AA, _SHIFT)
    cv2.polylines(canvas, list(lines), False, PALE, stroke, cv2.LINE_AA, _SHIFT)


def draw_points(canvas: Picture, points: NDArray[np.float32], width: float) -> None:
    """Draw points as pale dots with a dark rim, in place.

    Args:
        canvas: (H, W, 3) uint8 RGB.
        points: (N, 2), pixels of the canvas; points that are not numbers are left out.
        width: of the face, pixels, which sets the size of the dots.
    """
    radius = max(1.0, width * 0.009)
    rim = radius + max(1.0, radius * 0.4)
    known = points[np.isfinite(points).all(axis=1)]
    centres: list[list[int]] = _fixed_point(known).tolist()
    for colour, size in ((DARK, rim), (PALE, radius)):
        for x, y in centres:
            cv2.circle(canvas, (x, y), round(size * (1 << _SHIFT)), colour, cv2.FILLED, cv2.LINE_AA, _SHIFT)


def draw_box(canvas: Picture, box: Rect, colour: Colour, stroke: int) -> None:
    """Draw the outline of a face's box with rounded corners and a dark rim, in place.

    Args:
        canvas: (H, W, 3) uint8 RGB.
        box: may reach outside the canvas; the line runs around it.
        colour: of the line; the middle of each side has exactly this colour.
        stroke: width of the line, pixels.
    """
    around = box.grown((stroke + 1) // 2)
    left, top, right, bottom = around.x, around.y, around.right - 1, around.bottom - 1
    radius = min(round(0.07 * min(box.w, box.h)), 8 * stroke) if min(box.w, box.h) > 8 * stroke else 0
    sides = (
        ((left + radius, top), (right - radius, top)),
        ((left + radius, bottom), (right - radius, bottom)),
        ((left, top + radius), (left, bottom - radius)),
        ((right, top + radius), (right, bottom - radius)),
    )
    corners = (
        ((left + radius, top + radius), 180),
        ((right - radius, top + radius), 270),
        ((right - radius, bottom - radius), 0),
        ((left + radius, bottom - radius), 90),
    )
    for ink, thickness in ((DARK, stroke + 2), (colour, stroke)):
        for centre, start in corners if radius else ():
            cv2.ellipse(canvas, centre, (radius, radius), 0, start, start + 90, ink, thickness, cv2.LINE_AA)
        for one, other in sides:
            cv2.line(canvas, one, other, ink, thickness, cv2.LINE_8)


def draw_tag(canvas: Picture, tag: Tag, x: int, y: int, measures: Measures) -> None:
    """Draw a tag with its upper left corner at (x, y), in place; what reaches over the edge is cut.

    Args:
        canvas: (H, W, 3) uint8 RGB.
        tag: what to write.
        x: left edge, pixels.
        y: upper edge, pixels.
        measures: sizes for this canvas.
    """
    height = Tag.height(measures)
    for text, colour in tag.plates:
        whole = Rect(x, y, _plate_width(text, measures), height)
        x = whole.right
        seen = whole.within(measures.frame)
        if not seen:
            continue
        ink = np.zeros((height, whole.w), np.uint8)
        word = text_ink(text, measures.text, bold=colour is not None)
        top = (height - line_height(measures.text)) // 2
        ink[top : top + word.shape[0], measures.pad : measures.pad + word.shape[1]] = word
        ink = ink[seen.y - whole.y : seen.bottom - whole.y, seen.x - whole.x : seen.right - whole.x]
        region = canvas[seen.slices]
        if colour is None:
            darken(region)
            lighten(region, ink)
        else:
            region[:] = colour
            stain(region, ink)


def _plate_width(text: str, measures: Measures) -> int:
    return max(text_width(text, measures.text), text_width(text, measures.text, bold=True)) + 2 * measures.pad


def _fixed_point(points: NDArray[np.float32]) -> NDArray[np.int32]:
    """Points in eighths of a pixel, int32 of the same shape."""
    return (points.clip(-_FAR, _FAR) * (1 << _SHIFT)).round().astype(np.int32)


@lru_cache(maxsize=1)
def _contours() -> NDArray[np.intp]:
    """All contours as pairs of mesh points, (E, 2)."""
    return np.array([edge for edges in MESH_CONTOURS.values() for edge in edges], np.intp)
