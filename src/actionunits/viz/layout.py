"""Where things go on a picture: rectangles, sizes that grow with the picture, and the least harmful free place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actionunits.viz.text import line_height

Float64 = NDArray[np.float64]


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

    def within(self, other: Rect) -> Rect:
        """The part of it that lies in ``other``; width or height is 0 when none does."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        return Rect(x, y, max(min(self.right, other.right) - x, 0), max(min(self.bottom, other.bottom) - y, 0))

    def pushed_into(self, other: Rect) -> Rect:
        """Moved the shortest way so that it lies in ``other``, or begins where ``other`` begins if it is larger."""
        x = max(min(self.x, other.right - self.w), other.x)
        return Rect(x, max(min(self.y, other.bottom - self.h), other.y), self.w, self.h)

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
        stroke: width of a face's box.
    """

    frame: Rect
    text: int
    row: int
    pad: int
    stroke: int

    @classmethod
    def of(cls, height: int, width: int) -> Measures:
        """The sizes for a picture of ``height`` x ``width`` pixels."""
        shorter = min(height, width)
        text = max(9, round(shorter * 0.028))
        return cls(
            frame=Rect(0, 0, width, height),
            text=text,
            row=line_height(text) + max(1, round(text * 0.1)),
            pad=max(3, round(text * 0.5)),
            stroke=1 if shorter < 120 else max(2, round(shorter / 240)),
        )


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A rectangle that is better left uncovered; ``weight`` says how much worse than nothing covering it is."""

    rect: Rect
    weight: float


def least_harm(
    candidates: Sequence[Rect], dislike: Sequence[float], obstacles: Sequence[Obstacle]
) -> tuple[Rect, float, float]:
    """The candidate that covers least.

    The harm of a place is the sum over the obstacles of weight x shared area / the smaller of both areas.

    Args:
        candidates: places, at least one, all of one size.
        dislike: what to add to each place's harm when comparing, as many.
        obstacles: may be none.

    Returns:
        The first best place, its harm, and its harm plus dislike.
    """
    places = _corners(candidates)  # (C, 4)
    harm = np.zeros(len(places))
    if obstacles:
        taken = _corners([obstacle.rect for obstacle in obstacles])  # (K, 4)
        shared = np.minimum(places[:, None, 2:], taken[None, :, 2:]) - np.maximum(places[:, None, :2], taken[None, :, :2])
        shared = np.clip(shared, 0, None).prod(axis=2)  # (C, K)
        smaller = np.minimum(_area(places)[:, None], _area(taken)[None, :])
        harm = shared / np.maximum(smaller, 1) @ np.array([obstacle.weight for obstacle in obstacles])
    total = harm + np.asarray(dislike)
    best = int(np.argmin(total))
    return candidates[best], float(harm[best]), float(total[best])


def docked(width: int, height: int, room: Rect) -> tuple[list[Rect], list[float]]:
    """Places along the edges of ``room`` for something of that size, the customary ones first, and their dislike."""
    left, centre, right = room.x, room.x + (room.w - width) // 2, room.right - width
    top, middle, bottom = room.y, room.y + (room.h - height) // 2, room.bottom - height
    corners = [(right, top), (left, top), (right, bottom), (left, bottom)]
    sides = [(right, middle), (left, middle), (centre, bottom), (centre, top)]
    places = [Rect(x, y, width, height) for x, y in corners + sides]
    return places, [0.02 * order for order in range(len(places))]


def beside(width: int, height: int, face: Rect, gap: int, room: Rect) -> tuple[list[Rect], list[float]]:
    """Places around a face for something of that size, then a grid over ``room``; farther ones are disliked more."""
    columns = (face.x, face.x + (face.w - width) // 2, face.right - width)
    rows = (face.y, face.y + (face.h - height) // 2, face.bottom - height)
    around = [(face.right + gap, y) for y in rows] + [(face.x - gap - width, y) for y in rows]
    around += [(x, face.bottom + gap) for x in columns] + [(x, face.y - gap - height) for x in columns]
    grid_x = np.linspace(room.x, max(room.right - width, room.x), 7).round().astype(int).tolist()
    grid_y = np.linspace(room.y, max(room.bottom - height, room.y), 7).round().astype(int).tolist()
    around += [(x, y) for y in grid_y for x in grid_x]
    places = [Rect(x, y, width, height).pushed_into(room) for x, y in around]
    unit = max(min(room.w, room.h), 1)
    return places, [_gap(place, face) / unit + 0.004 * (order >= 3) for order, place in enumerate(places)]


def _gap(one: Rect, other: Rect) -> float:
    """The distance between two rectangles, pixels; 0 when they touch."""
    across = max(one.x - other.right, other.x - one.right, 0)
    down = max(one.y - other.bottom, other.y - one.bottom, 0)
    return float(np.hypot(across, down))


def _corners(rects: Sequence[Rect]) -> Float64:
    """(N, 4): x, y, right, bottom."""
    return np.array([(rect.x, rect.y, rect.right, rect.bottom) for rect in rects], np.float64)


def _area(corners: Float64) -> Float64:
    area: Float64 = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    return area
