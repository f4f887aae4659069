"""Where things go on a picture: rectangles, sizes that grow with the picture, and the least harmful free place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actionunits.viz.text import line_height

Float64 = NDArray[np.float64]

_TOUCHING = 0.15


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle of whole pixels: ``x`` to ``right`` and ``y`` to ``bottom``, the ends not included."""

    x: int
    y: int
    w: int
    h: int

    @property
    def right(self) -> int:
        """First column after it."""
        return self.x + self.w

    @property
    def bottom(self) -> int:
        """First row after it."""
        return self.y + self.h

    @property
    def slices(self) -> tuple[slice, slice]:
        """Its rows and columns, to index a picture that it lies in."""
        return slice(self.y, self.bottom), slice(self.x, self.right)

    def grown(self, margin: int) -> Rect:
        """Larger by ``margin`` on every side, or smaller if that is negative; never below nothing."""
        return Rect(self.x - margin, self.y - margin, max(self.w + 2 * margin, 0), max(self.h + 2 * margin, 0))

    def within(self, other: Rect) -> Rect:
        """The part of it that lies in ``other``; width or height is 0 when none does."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        return Rect(x, y, max(min(self.right, other.right) - x, 0), max(min(self.bottom, other.bottom) - y, 0))

    def touches(self, other: Rect) -> bool:
        """Whether they share a pixel."""
        shared = self.within(other)
        return shared.w > 0 and shared.h > 0

    def __bool__(self) -> bool:
        return self.w > 0 and self.h > 0


@dataclass(frozen=True, slots=True)
class Measures:
    """Sizes for one picture, in its pixels; all grow with its shorter side.

    Attributes:
        frame: the whole picture.
        text: letter size.
        row: height of a row of a panel.
        pad: space between things.
    """

    frame: Rect
    text: int
    row: int
    pad: int

    @classmethod
    def of(cls, height: int, width: int) -> Measures:
        """The sizes for a picture of ``height`` x ``width`` pixels."""
        shorter = min(height, width)
        text = max(9, round(shorter * 0.027))
        return cls(
            frame=Rect(0, 0, width, height),
            text=text,
            row=line_height(text),
            pad=max(3, round(text * 0.5)),
        )

    def small(self, width: int) -> Measures:
        """The sizes for what belongs to a face that is ``width`` pixels wide: smaller ones on a small face."""
        text = min(self.text, max(9, round(self.text * 0.6), round(width * 0.12)))
        return Measures(self.frame, text, line_height(text), max(3, round(text * 0.5)))

    def stroke(self, width: int) -> int:
        """The width of the lines of a face's box, pixels; ``width`` is the face's."""
        shorter = min(self.frame.w, self.frame.h)
        return 1 if min(shorter, 2 * width) < 120 else max(2, round(min(shorter, 3 * width) / 280))


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A rectangle that is better left uncovered; ``weight`` says how much worse than nothing covering it is."""

    rect: Rect
    weight: float


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Where something of one size could go.

    Attributes:
        corners: (C, 2) float64, x and y of the upper left corner, whole pixels.
        dislike: (C,) float64, what to add to each place's harm when comparing.
        width: pixels.
        height: pixels.
    """

    corners: Float64
    dislike: Float64
    width: int
    height: int


def least_harm(places: Places, obstacles: Sequence[Obstacle]) -> tuple[Rect, float]:
    """The place that covers least.

    The harm of a place is the sum over the obstacles it touches of weight x (0.15 + shared area / the smaller of both
    areas): touching at all is bad, and covering more is worse.

    Args:
        places: at least one.
        obstacles: may be none.

    Returns:
        The first best place, and its harm plus dislike.
    """
    total = places.dislike
    if obstacles:
        size = np.array([places.width, places.height], np.float64)
        taken = np.array([(one.rect.x, one.rect.y, one.rect.right, one.rect.bottom) for one in obstacles], np.float64)
        low, high = taken[:, :2], taken[:, 2:]  # (K, 2)
        first = np.maximum(places.corners[:, None], low)  # (C, K, 2)
        last = np.minimum(places.corners[:, None] + size, high)
        shared = np.maximum(last - first, 0).prod(axis=2)  # (C, K)
        smaller = np.minimum((high - low).prod(axis=1), size.prod())  # (K,)
        covered = shared / np.maximum(smaller, 1) + _TOUCHING * (shared > 0)
        total = total + covered @ np.array([one.weight for one in obstacles])
    best = int(np.argmin(total))
    x, y = places.corners[best].astype(int).tolist()
    return Rect(x, y, places.width, places.height), float(total[best])


def at_levels(width: int, height: int, columns: Sequence[int], levels: Sequence[int], room: Rect) -> Places:
    """Places at each of the ``columns`` of each of the ``levels``, earlier ones preferred, pushed into ``room``."""
    corners = _pushed([(x, y) for y in levels for x in columns], width, height, room)
    return Places(corners, 0.01 * np.arange(len(corners), dtype=np.float64), width, height)


def docked(width: int, height: int, room: Rect) -> Places:
    """Places along the edges of ``room``, the customary ones first and preferred."""
    left, centre, right = room.x, room.x + (room.w - width) // 2, room.right - width
    top, middle, bottom = room.y, room.y + (room.h - height) // 2, room.bottom - height
    corners = [(right, top), (left, top), (right, bottom), (left, bottom)]
    sides = [(right, middle), (left, middle), (centre, bottom), (centre, top)]
    return Places(np.array(corners + sides, np.float64), 0.02 * np.arange(8, dtype=np.float64), width, height)


def beside(width: int, height: int, face: Rect, gap: int, room: Rect) -> Places:
    """Places around a face, then a grid over ``room``; the farther from the face, the less liked."""
    columns = (face.x, face.x + (face.w - width) // 2, face.right - width)
    middle = face.y + (face.h - height) // 2
    rows = (face.y, middle, face.bottom - height, face.y - height // 2, face.bottom - height // 2)
    around = [(face.right + gap, y) for y in rows] + [(face.x - gap - width, y) for y in rows]
    around += [(x, face.bottom + gap) for x in columns] + [(x, face.y - gap - height) for x in columns]
    grid_x = np.linspace(room.x, max(room.right - width, room.x), 7).round().tolist()
    grid_y = np.linspace(room.y, max(room.bottom - height, room.y), 7).round().tolist()
    corners = _pushed([*around, *((x, y) for y in grid_y for x in grid_x)], width, height, room)
    before = np.array([face.x, face.y]) - corners - np.array([width, height])  # (C, 2), from its end to the face
    after = corners - np.array([face.right, face.bottom])
    distance = np.linalg.norm(np.maximum(np.maximum(before, after), 0), axis=1)
    later = 0.004 * (np.arange(len(corners)) >= len(rows))
    return Places(corners, distance / max(min(room.w, room.h), 1) + later, width, height)


def _pushed(corners: Sequence[tuple[float, float]], width: int, height: int, room: Rect) -> Float64:
    """Corners moved so that the thing lies in ``room``, or begins where ``room`` begins if it is larger, (C, 2)."""
    highest = np.array([room.right - width, room.bottom - height], np.float64)
    pushed: Float64 = np.maximum(np.minimum(np.array(corners, np.float64), highest), (room.x, room.y))
    return pushed
