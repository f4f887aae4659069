"""A pen for the skin's relief: grooves, swellings and puckers in the chart.

Heights are in units of one full groove (:data:`GROOVE` decimetres).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from actionunits.synth.painting import Place, add_mound, curve, distance_to, mound, noise

GROOVE = 0.0135  # decimetres: depth of a groove of depth 1 on a face of average furrows
JITTER = 0.006  # chart units: how far a line strays from its usual place

_Points = Sequence[Place]


class Pen:
    """Draws relief: folds and swellings, both sides of the face unless told otherwise, each side a little its own.

    Attributes:
        height: (size, size), in grooves.
        cavity: (size, size), how deep inside a groove a place lies, 0 outside, in grooves.
    """

    def __init__(self, random: np.random.Generator, size: int, strength: float = 1.0) -> None:
        self.random = random
        self.size = size
        self.strength = strength
        self.height = np.zeros((size, size), np.float32)
        self.cavity = np.zeros((size, size), np.float32)

    def stroke(
        self,
        points: _Points,
        width: float,
        depth: float,
        *,
        rim: float = 0.3,
        over: float = 0.0,
        open_end: bool = False,
    ) -> None:
        """Draw one groove exactly where it is told.

        Args:
            points: chart places along it.
            width: sigma of its section, decimetres.
            depth: in grooves.
            rim: height of the two banks, as a share of the depth.
            over: -1 to 1, how much more the bank on the left of its way swells than the right one.
            open_end: the last point is as deep as the middle (a groove that runs into another one or the midline).
        """
        depth = depth * self.strength
        line = curve(points)
        place, beside, nearest = distance_to(line, self.size, 7 * width)
        along = np.linspace(0, 0.5 if open_end else 1, len(line))
        taper = (np.sin(np.pi * along) ** 0.8 * depth).astype(np.float32)[nearest]
        deep = np.exp(-0.5 * np.square(beside / width)) * taper
        left = np.exp(-0.5 * np.square((beside - 2.4 * width) / (1.9 * width)))
        right = np.exp(-0.5 * np.square((beside + 2.4 * width) / (1.9 * width)))
        self.height[place] += rim * taper * ((1 + over) * left + (1 - over) * right) - deep
        self.cavity[place] += deep

    def groove(
        self,
        points: _Points,
        width: float,
        depth: float,
        *,
        rim: float = 0.3,
        over: float = 0.0,
        jitter: float = JITTER,
    ) -> None:
        """Draw a groove on both sides; ``points`` are those of the person's left (u > 0)."""
        for side in (1, -1):
            stray = self.random.normal(0, jitter, 2) + self.random.normal(0, jitter / 3, (len(points), 2))
            places = [(side * (u + du), v + dv) for (u, v), (du, dv) in zip(points, stray, strict=True)]
            own = depth * self.random.uniform(0.75, 1.2)
            self.stroke(places, width * self.random.uniform(0.85, 1.2), own, rim=rim, over=side * over)

    def across(self, points: _Points, width: float, depth: float, *, jitter: float = JITTER) -> None:
        """Draw one groove across the midline; ``points`` run from the midline to the person's left."""
        places = [(-u, v) for u, v in reversed(points)] + list(points[1:])
        stray = self.random.normal(0, jitter, (len(places), 2)) + self.random.normal(0, jitter, 2)
        wavy = [(u + du, v + dv) for (u, v), (du, dv) in zip(places, stray, strict=True)]
        self.stroke(wavy, width * self.random.uniform(0.85, 1.2), depth * self.random.uniform(0.75, 1.2))

    def swell(self, place: Place, spread: Place, height: float) -> None:
        """Raise (or sink) a mound on both sides."""
        for side in (1, -1):
            own = self.strength * height * self.random.uniform(0.85, 1.15)
            add_mound(self.height, (side * place[0], place[1]), spread, own if place[0] else own / 2)

    def pucker(self, place: Place, spread: Place, height: float, cells: int) -> None:
        """Dimple the skin like orange peel."""
        grain = np.minimum(noise(self.random, cells, self.size), 0.6)
        peel = self.strength * height * grain * mound(self.size, place, spread)
        self.height += peel
        self.cavity += np.maximum(-peel, 0) * 0.8
