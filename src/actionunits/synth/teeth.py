"""Teeth: the colour of enamel, gums and tongue, and the lines between one tooth and the next.

The rig's teeth are two smooth bands, too coarse for single teeth; those are drawn pixel by pixel from where a pixel
lies along the dental arch and how far from the biting edge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actionunits.synth.kernels import kernel
from actionunits.synth.raster import corner_weights
from actionunits.synth.rig import LOWER_TEETH, TONGUE, UPPER_TEETH, Rig
from actionunits.synth.traits import Part, Traits

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]

GUM = (0.42, 0.15, 0.14)
TONGUE_RGB = (0.42, 0.15, 0.13)
UPPER_WIDTHS = (0.086, 0.066, 0.074, 0.068, 0.068, 0.095, 0.095, 0.2)  # one side, from the middle
LOWER_WIDTHS = (0.054, 0.059, 0.068, 0.070, 0.072, 0.105, 0.105, 0.2)
GLOW = (1.5, 1.25, 1.15)  # by how much light inside enamel, and from the lips, brightens it; red, green, blue
_CROWN = (0.118, 0.098)  # height of the enamel in the upper and the lower row
_EDGES = ((6.632, 1.47, 0.22), (6.566, 1.45, 0.245))  # biting edge: y at z, and its slope towards the back
_ARCH_BACK, _ARCH_HALF, _ARCH_DEPTH = 0.93, 0.305, 0.57


@dataclass(frozen=True, eq=False)
class ToothLook:
    """What is seen between the lips; r rows (upper, lower), t teeth on each side of a row.

    Attributes:
        colour: (V, 3) linear albedo of enamel and tongue at the fine vertices; used inside the mouth only.
        row: (V,) 0 upper teeth, 1 lower teeth, -1 neither.
        place: (V, 2) length along the arch from the middle (the person's left is positive), and height from the
            biting edge towards the root, world units.
        ends: (r, t) where each tooth ends, length along the arch.
        bright: (r, 2, t) brightness of each tooth about 1; sides left, right.
        crown: (r,) height of the enamel.
        gap: (2,) width of the gap between the upper front teeth and of all others, world units.
        gum: (3,) albedo of the gums over that of the enamel.
    """

    colour: Float32
    row: Int32
    place: Float32
    ends: Float32
    bright: Float32
    crown: Float32
    gap: Float32
    gum: Float32

    def lines(self) -> tuple[Int32, Float32, Float32, Float32, Float32, Float32, Float32]:
        """Return what :func:`part_teeth` needs, in its order."""
        return self.row, self.place, self.ends, self.bright, self.crown, self.gap, self.gum


def look_of_teeth(rig: Rig, traits: Traits) -> ToothLook:
    """Colour teeth, gums and tongue.

    Args:
        rig: the head.
        traits: whose enamel and gaps.
    """
    random = traits.random(Part.TEETH)
    row = np.full(len(rig.chart), -1, np.int32)
    row[rig.vertex_part == UPPER_TEETH] = 0
    row[rig.vertex_part == LOWER_TEETH] = 1
    colour = np.zeros((len(row), 3), np.float32)
    colour[row >= 0] = traits.tooth_rgb
    colour[rig.vertex_part == TONGUE] = TONGUE_RGB
    widths = np.array([UPPER_WIDTHS, LOWER_WIDTHS]) * random.normal(1, 0.03, (2, len(UPPER_WIDTHS)))
    bright = random.normal(1, 0.025, (2, 2, len(UPPER_WIDTHS)))
    bright[:, :, 2] -= 0.05  # canines are darker
    wide_front = 0.035 * traits.tooth_gap**2
    return ToothLook(
        colour=colour,
        row=row,
        place=_places(rig, row),
        ends=np.cumsum(widths, 1).astype(np.float32),
        bright=np.clip(bright, 0.85, 1.06).astype(np.float32),
        crown=np.array(_CROWN, np.float32),
        gap=np.array([0.004 + wide_front, 0.004 + 0.006 * traits.tooth_gap], np.float32),
        gum=(np.array(GUM) / np.array(traits.tooth_rgb)).astype(np.float32),
    )


def _places(rig: Rig, row: Int32) -> Float32:
    """Return (V, 2) length along the arch and height from the biting edge."""
    place = np.zeros((len(row), 2), np.float32)
    turns = np.linspace(0, np.pi, 400)
    steps = np.hypot(_ARCH_HALF * np.cos(turns), _ARCH_DEPTH * np.sin(turns)) * (turns[1] - turns[0])
    lengths = np.concatenate([[0], np.cumsum((steps[1:] + steps[:-1]) / 2)])
    for number, (height, front, slope) in enumerate(_EDGES):
        here = row == number
        x, y, z = rig.fine_base[here].T
        turn = np.arctan2(np.abs(x) / _ARCH_HALF, (z - _ARCH_BACK) / _ARCH_DEPTH)
        edge = height + (front - z) * slope
        place[here, 0] = np.sign(x) * np.interp(turn, turns, lengths)
        place[here, 1] = (y - edge) if number == 0 else (edge - y)
    return place


@kernel
def part_teeth(
    ids: Int32,
    first: int,
    triangles: Int32,
    screen: Float32,
    row: Int32,
    place: Float32,
    ends: Float32,
    bright: Float32,
    crown: Float32,
    gap: Float32,
    gum: Float32,
    unit: float,
    out: Float32,
) -> None:
    """Darken the gaps between teeth and redden the gums of bands of enamel that have been shaded, in place.

    Args:
        ids: (h, w) triangle ids.
        first: id of the first triangle.
        triangles: (m, 3) teeth and tongue.
        screen: (V, 3) screen points.
        row, place, ends, bright, crown, gap, gum: of :class:`ToothLook`.
        unit: pixels per world unit.
        out: (h, w, 3) linear RGB.
    """
    pixel = 1.0 / unit
    for y in range(ids.shape[0]):
        for x in range(ids.shape[1]):
            t = ids[y, x] - first
            if t < 0 or t >= triangles.shape[0]:
                continue
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            r = row[a]
            if r < 0:
                continue
            wa, wb, wc = corner_weights(screen, a, b, c, x, y)
            along = wa * place[a, 0] + wb * place[b, 0] + wc * place[c, 0]
            height = wa * place[a, 1] + wb * place[b, 1] + wc * place[c, 1]
            side = 0 if along >= 0 else 1
            far = abs(along)
            tooth = 0
            while tooth < ends.shape[1] - 1 and far > ends[r, tooth]:
                tooth += 1
            low = 0.0 if tooth == 0 else ends[r, tooth - 1]
            high = ends[r, tooth]
            to_low, to_high = far - low, abs(high - far)
            nearest = min(to_low, to_high)
            wide = gap[0] if r == 0 and tooth == 0 and to_low < to_high else gap[1]
            gum_line = crown[r] * (1 - 0.22 * (1 - min(nearest / (0.5 * (high - low)), 1.0)) ** 2)
            reddened = min(max((height - gum_line) / (0.012 + pixel) + 0.5, 0.0), 1.0)
            wide += 0.008 * math.exp(-max(height, 0.0) / 0.012)  # corners of the biting edge are round
            depth = 0.7 * min(1.0, wide / pixel)
            dark = depth * min(max((0.5 * max(wide, pixel) - nearest) / (0.006 + 0.5 * pixel) + 0.5, 0.0), 1.0)
            shade = bright[r, side, tooth] * (1 - 0.18 * math.exp(-nearest / 0.010))
            enamel = (1 - dark * (1 - 0.6 * reddened)) * (shade * (1 - reddened) + reddened)
            for k in range(3):
                out[y, x, k] *= np.float32((1 + GLOW[k] * (1 - reddened)) * enamel * (1 - reddened * (1 - gum[k])))
