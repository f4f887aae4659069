"""What makes one hair style differ from another: numbers per family, and where they sit on one subject's head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from actionunits.synth.scalp import hairline
from actionunits.synth.strands import Float64, Surface, smoothstep
from actionunits.synth.traits import Hair, Traits

Flow = Literal["whorl", "back", "parted"]  # away from the crown, away from the face, away from the parting

_CAP_AROUND, _CAP_EDGE = (0.0, 0.9, 1.3, 2.0, 3.2), (7.75, 7.60, 7.46, 7.20, 7.05)


@dataclass(frozen=True, slots=True)
class Style:
    """One family of hair; lengths in world units.

    Attributes:
        count: strands.
        points: points per strand.
        short: length at ``hair_length`` 0.
        long: length at ``hair_length`` 1.
        sides: length of the sides and the back of the head as a share of the top's.
        volume: thickness of the layer of hair on the head.
        lift: how steeply hair leaves the skin, 0 (flat) to 2.
        fall: length after which gravity alone leads a strand.
        stiff: 0-1, how slowly a strand turns.
        curl: radius of the curls at ``hair_curl`` 1.
        turns: curls per world unit.
        width: of one strand, which stands for a lock.
        level: where hair is cut at ``hair_length`` 1 and 0, from the chest (0) over the chin (1) to the brows (2); None
            where it is as long as it grows.
    """

    count: int
    points: int
    short: float
    long: float
    sides: float
    volume: float
    lift: float
    fall: float
    stiff: float
    curl: float
    turns: float
    width: float
    level: tuple[float, float] | None = None


STYLES: dict[Hair, Style] = {
    "balding": Style(6000, 6, 0.06, 0.22, 0.9, 0.05, 0.5, 0.30, 0.5, 0.010, 4.0, 0.016),
    "buzz": Style(9500, 4, 0.04, 0.11, 0.75, 0.03, 0.7, 1.00, 0.7, 0.006, 8.0, 0.018),
    "short": Style(9000, 8, 0.16, 0.44, 0.45, 0.13, 0.9, 0.45, 0.55, 0.022, 3.5, 0.019),
    "medium": Style(8000, 12, 0.55, 1.05, 0.75, 0.16, 0.9, 0.55, 0.55, 0.045, 2.6, 0.021, (1.05, 1.5)),
    "bob": Style(8000, 13, 1.9, 2.2, 1.0, 0.16, 0.8, 0.60, 0.5, 0.045, 1.8, 0.022, (0.85, 1.35)),
    "long": Style(8000, 14, 3.0, 3.9, 1.0, 0.16, 0.8, 0.60, 0.5, 0.060, 1.4, 0.023, (0.0, 0.75)),
    "tied": Style(7500, 12, 1.0, 1.0, 1.0, 0.06, 0.4, 9.00, 0.45, 0.012, 1.5, 0.020),
    "afro": Style(8500, 9, 0.22, 0.75, 0.9, 0.0, 0.0, 9.00, 0.9, 0.045, 5.0, 0.021),
    "curly": Style(7000, 14, 0.55, 1.25, 0.85, 0.28, 1.2, 0.50, 0.6, 0.085, 2.6, 0.024, (0.7, 1.5)),
}


@dataclass(frozen=True)
class Marks:
    """Heights and widths of one subject's head, world units.

    Attributes:
        front: y of the hairline over the nose.
        brow: y of the brows' upper edge.
        eye: y of the upper lid's crease.
        chin: y of the chin.
        half: half the width of the face.
        centre: (3,) middle of the skull.
    """

    front: float
    brow: float
    eye: float
    chin: float
    half: float
    centre: Float64

    def level(self, share: float) -> float:
        """Return y of a share of the way from the chest (0) over the chin (1) to the brows (2)."""
        return float(np.interp(share, [0, 1, 2], [self.chin - 1.05, self.chin, self.brow]))


def marks_of(surface: Surface, traits: Traits) -> Marks:
    """Measure a subject's head."""
    front = min(float(hairline(np.zeros(1), traits)[0]), 8.1)
    heights = surface.locate(np.array([(0.0, front), (0.25, 7.52), (0.25, 7.37), (0.0, 6.17)])).points[:, 1]
    u, v = np.abs(surface.chart[:, 0]), surface.chart[:, 1]
    used = np.zeros(len(u), bool)
    used[surface.triangles] = True
    face = used & (u < 0.95) & (v > 6.7) & (v < 7.5)
    skull = used & (v > 7.3)
    return Marks(
        front=float(heights[0]),
        brow=float(heights[1]),
        eye=float(heights[2]),
        chin=float(heights[3]),
        half=float(np.abs(surface.points[face, 0]).max()),
        centre=(surface.points[skull].max(0) + surface.points[skull].min(0)) / 2,
    )


def flow_of(traits: Traits) -> Flow:
    """Return how hair is combed where the traits leave it open."""
    if traits.parting != "none":
        return "parted"
    if traits.hair in ("tied", "long", "bob") or (traits.hair == "medium" and traits.fringe == "none"):
        return "back"
    return "whorl"


def parting_place(traits: Traits) -> float:
    """Return x of the parting; the person's left is positive."""
    return {"none": 0.0, "left": 0.30, "right": -0.30, "middle": 0.0}[traits.parting]


def under_cap(points: Float64) -> Float64:
    """Return (n,) 1 where (n, 3) points are above the rim of a cap, 0 below, smooth between."""
    around = np.abs(np.arctan2(points[:, 0], points[:, 2] - 0.2))
    rim = np.interp(around, _CAP_AROUND, _CAP_EDGE)
    return smoothstep(-0.05, 0.05, points[:, 1] - rim)
