"""Wrinkles that come and go with the action units: what each adds to the relief of one person's skin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actionunits.synth.action_units import weight_of_level
from actionunits.synth.brows import brow_line
from actionunits.synth.creases import DRAWINGS, JOINT, Habits
from actionunits.synth.manners import AVERAGE, Manner
from actionunits.synth.painting import Float32, axes, slope_of, smoothstep
from actionunits.synth.pen import GROOVE, Pen
from actionunits.synth.performance import Levels
from actionunits.synth.traits import Part, Traits

SIZE = 512  # pixels; half the side of the skin chart
SEAM = 0.035  # chart units: left and right halves run into each other over |u| < SEAM
_SHADE = 0.26  # how fast a cavity darkens with its depth in grooves
_SAME_AS = {45: 43, 46: 43}
_EAGER = {6: 1.6, 7: 2.0, 14: 0.5, 15: 1.0, 17: 0.5, 18: 1.0, 20: 1.0, 23: 1.8, 24: 1.6, 28: 1.0}
"""Power of the strength by which an AU's wrinkles deepen; 0 where none is given: the others are deep enough."""
_ZERO = (0.0, 0.0)


@dataclass(frozen=True, eq=False)
class _Patch:
    """The relief of one action unit on one side, cut out of the chart."""

    rows: slice
    columns: slice
    slope: NDArray[np.float16]
    cavity: NDArray[np.float16]


@dataclass(frozen=True, eq=False)
class WrinkleMaps:
    """One person's wrinkles; all zero at rest (lines that stay at rest belong to the skin)."""

    _patches: dict[int, tuple[_Patch, _Patch]]

    @property
    def nbytes(self) -> int:
        """How much memory the maps hold."""
        return sum(patch.slope.nbytes + patch.cavity.nbytes for pair in self._patches.values() for patch in pair)

    def slope(self, levels: Levels) -> Float32:
        """Return the slope of the relief that action units add.

        Args:
            levels: intensity 0-5 of each action unit, (left, right); units without wrinkles are passed over.

        Returns:
            (512, 512, 2), dh/du and dh/dv in decimetres per chart unit.
        """
        slope = np.zeros((SIZE, SIZE, 2), np.float32)
        for patch, weight in self._active(levels):
            slope[patch.rows, patch.columns] += patch.slope.astype(np.float32) * np.float32(weight)
        return slope

    def openness(self, levels: Levels) -> Float32:
        """Return (512, 512), the share of the light from all round that reaches the skin: 1, less inside furrows."""
        depth = np.zeros((SIZE, SIZE), np.float32)
        for patch, weight in self._active(levels):
            depth[patch.rows, patch.columns] += patch.cavity.astype(np.float32) * np.float32(weight)
        return np.asarray(1 / (1 + np.float32(_SHADE) * depth), np.float32)

    def _active(self, levels: Levels) -> list[tuple[_Patch, float]]:
        sides: dict[int, tuple[float, float]] = {}
        for unit, both in levels.items():
            unit = _SAME_AS.get(unit, unit)
            before = sides.get(unit, _ZERO)
            left, right = (max(old, weight_of_level(new)) for old, new in zip(before, both, strict=True))
            sides[unit] = (left, right)
        inner, outer = sides.get(1, _ZERO), sides.get(2, _ZERO)
        sides[JOINT] = (min(inner[0], outer[0]), min(inner[1], outer[1]))
        return [
            (patch, weight)
            for unit, weights in sides.items()
            for patch, weight in zip(self._patches.get(unit, ()), weights, strict=False)
            if weight > 0
        ]


def habits_of(traits: Traits) -> Habits:
    """Return what all wrinkles of a subject have in common, at rest and in action."""
    head = brow_line(traits)[0]
    return Habits(traits.random(Part.WRINKLES), (float(head[0]), float(head[1])))


def draw_wrinkles(traits: Traits, *, strength: float = 1.0, manner: Manner = AVERAGE) -> WrinkleMaps:
    """Draw a subject's wrinkles; depth grows with ``traits.furrows`` and, for subtle AUs, with the strength of
    expressions that :class:`~actionunits.synth.action_units.Expressions` has too; some furrow more than others where
    the manner says so.
    """
    habits = habits_of(traits)
    random = traits.random(Part.WRINKLES)
    streams = random.spawn(len(DRAWINGS))
    patches = {}
    for (unit, draw), stream in zip(DRAWINGS.items(), streams, strict=True):
        depth = traits.furrows * strength ** _EAGER.get(unit, 0.0) * manner.furrows.get(unit, 1.0)
        pen = Pen(stream, SIZE, strength=depth * float(np.exp(stream.normal(0, 0.15))))
        draw(pen, habits)
        patches[unit] = _halves(pen)
    return WrinkleMaps(patches)


def _halves(pen: Pen) -> tuple[_Patch, _Patch]:
    left = smoothstep(-SEAM, SEAM, axes(SIZE)[0])
    return _cut(pen, left), _cut(pen, 1 - left)


def _cut(pen: Pen, share: Float32) -> _Patch:
    drawn = np.abs(pen.height) > 1e-4
    drawn &= share > 0
    rows, columns = _extent(drawn.max(axis=1)), _extent(drawn.max(axis=0))
    height = pen.height[rows, columns] * share[columns]
    cavity = pen.cavity[rows, columns] * share[columns]
    slope = slope_of(height, SIZE) * np.float32(GROOVE)
    return _Patch(rows, columns, slope.astype(np.float16), cavity.astype(np.float16))


def _extent(used: NDArray[np.bool_]) -> slice:
    places = np.flatnonzero(used)
    return slice(max(int(places[0]) - 1, 0), min(int(places[-1]) + 2, SIZE))
