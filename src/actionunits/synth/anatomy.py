"""Where lips and lids are on the coarse mesh, and openings that close but never cross.

The mesh has clean rings of edges around the mouth and each eye; an :class:`Opening` pairs the upper and the lower half
of such rings column by column, measures the gap between them and moves them apart or together.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from actionunits.synth.rig import LASHES, SKIN, Rig

Float32 = NDArray[np.float32]
Int = NDArray[np.int64]

LIP_STARTS = ((455, 2832), (466, 2840), (467, 2841), (509, 2875), (468, 2842), (474, 2847), (520, 2885), (537, 2900))
"""First two vertices of each ring of the lips, the outline of the red first, the side towards the teeth last."""
_VISIBLE_RINGS = 6  # those that can be seen when the lips are closed
LIP_MIDDLES = (455, 492)  # outline of the red at the midline, above and below
MOUTH_CORNERS = (2803, 425)  # left, right
LID_STARTS = ((3896, 3897), (2403, 2402), (4649, 4650), (3366, 3365))
"""The same for the left eye's lid margin: starts at the top, runs to the outer corner, front edge first."""
CHIN = (732, 747, 1899)  # the chin's lower edge at the midline
_LID_OUTER, _LID_BOTTOM, _LID_INNER = 7, 15, 22  # places in a lid ring
_LINING_FROM = 0.2  # world units from the midline
_LIP_CORNER = 11  # place in half a lip ring


LID_CLEARANCE = 1.11  # eyeball radii; the cornea reaches 1.07


@dataclass(frozen=True, eq=False)
class Opening:
    """A slit between two lips or lids, as columns of paired points.

    Attributes:
        upper: (R C, B) sparse; gives the fine points of the upper rings, ring by ring.
        lower: the same for the lower rings.
        rings: R.
        raise_upper: (n, C) how much each of ``vertices`` follows when a column's upper side moves by 1.
        drop_lower: the same for the lower side.
        vertices: (n,) coarse vertices that follow.
        share: part of a correction that the upper side takes.
    """

    upper: sp.csr_matrix
    lower: sp.csr_matrix
    rings: int
    raise_upper: Float32
    drop_lower: Float32
    vertices: Int
    share: float

    def gaps(self, points: Float32) -> Float32:
        """Return (C,) the height of the gap per column, negative where the sides cross."""
        columns = (self.rings, -1)
        above = (self.upper @ points[:, 1]).reshape(columns).min(0)
        below = (self.lower @ points[:, 1]).reshape(columns).max(0)
        return np.asarray(above - below, np.float32)

    def widen(self, points: Float32, by: Float32) -> None:
        """Move both sides of (B, 3) points apart by (C,) heights, in place; negative values close."""
        points[self.vertices, 1] += self.raise_upper @ (self.share * by) - self.drop_lower @ ((1 - self.share) * by)


@lru_cache(maxsize=2)
def mirror(rig: Rig) -> Int:
    """Return (coarse,) for every coarse vertex its partner on the other side of the face."""
    surface = rig.base[: rig.coarse]
    return np.asarray(cKDTree(surface).query(surface * (-1, 1, 1))[1], np.int64)


@lru_cache(maxsize=2)
def lip_rings(rig: Rig) -> Int:
    """Return (8, 20) the left halves of the lip rings, from the upper to the lower midline."""
    walk = _Walker(rig)
    return np.array([walk(first, second, 20) for first, second in LIP_STARTS])


@lru_cache(maxsize=4)
def lid_rings(rig: Rig, side: int) -> Int:
    """Return (4, 28) rings of the lid margin; side 0 is the person's left (x > 0)."""
    walk = _Walker(rig)
    rings = np.array([walk(first, second, 28) for first, second in LID_STARTS])
    return rings if side == 0 else mirror(rig)[rings]


@lru_cache(maxsize=2)
def canthi(rig: Rig) -> Int:
    """Return the coarse vertices of the outer and inner canthus, left then right: (2, 2)."""
    return np.array([lid_rings(rig, side)[1, [_LID_OUTER, _LID_INNER]] for side in (0, 1)])


class _Walker:
    """Walks along rings of edges: at a vertex of four edges, straight on."""

    def __init__(self, rig: Rig) -> None:
        self._next: dict[int, set[int]] = defaultdict(set)
        self._faces: dict[int, set[int]] = defaultdict(set)
        for number, quad in enumerate(rig.quads[rig.quad_part == SKIN].tolist()):
            for corner in range(4):
                here, there = quad[corner], quad[(corner + 1) % 4]
                self._next[here].add(there)
                self._next[there].add(here)
                self._faces[here].add(number)

    def __call__(self, first: int, second: int, length: int) -> list[int]:
        path = [first, second]
        while len(path) < length:
            before, here = path[-2:]
            shared = self._faces[before] & self._faces[here]
            (ahead,) = (one for one in self._next[here] if not self._faces[one] & shared)
            path.append(ahead)
        return path


@lru_cache(maxsize=2)
def mouth_opening(rig: Rig) -> Opening:
    """Return the opening between the lips, 21 columns from the right corner to the left."""
    rings, other = lip_rings(rig)[:_VISIBLE_RINGS], mirror(rig)
    upper, lower = rings[:, :_LIP_CORNER], rings[:, : _LIP_CORNER - 1 : -1]
    upper = np.concatenate([other[upper[:, :0:-1]], upper], 1)
    lower = np.concatenate([other[lower[:, :0:-1]], lower], 1)
    return _opening(rig, upper, lower, reach=(0.035, 0.10), share=0.5)


@lru_cache(maxsize=4)
def lid_opening(rig: Rig, side: int) -> Opening:
    """Return the opening between the lids of one eye, 12 columns; side 0 is the person's left."""
    rings = lid_rings(rig, side)
    upper = np.concatenate([rings[:, _LID_INNER + 1 :], rings[:, :_LID_OUTER]], 1)
    lower = rings[:, _LID_INNER - 1 : _LID_OUTER : -1]
    if side == 1:
        upper, lower = upper[:, ::-1], lower[:, ::-1]
    return _opening(rig, upper, lower, reach=(0.02, 0.06), share=0.85)


def mouth_lining(rig: Rig) -> NDArray[np.bool_]:
    """Return (B,) which coarse vertices line the inside of the cheeks, lips left out."""
    found = np.zeros(len(rig.base), bool)
    inside = rig.masks["inside-mouth"][: rig.coarse]  # the first fine vertices are the coarse ones
    found[: rig.coarse] = (inside > 0.5) & (np.abs(rig.base[: rig.coarse, 0]) > _LINING_FROM)
    found[lip_rings(rig)] = False
    found[mirror(rig)[lip_rings(rig)]] = False
    return found


class EyeContact:
    """Keeps lids and lashes of one eye outside the eyeball.

    Args:
        rig: the head.
        free: (B, 3) a head on which nothing touches; what lies nearer to its eyeballs than the clearance may stay so.
        head: (B, 3) the head whose eyeball counts.
        side: 0 is the person's left.
    """

    def __init__(self, rig: Rig, free: Float32, head: Float32, side: int) -> None:
        centre, radius = eyeball(rig, free, side)
        covered = np.zeros(rig.coarse, bool)
        covered[rig.quads[np.isin(rig.quad_part, (SKIN, LASHES))].ravel()] = True
        away = np.linalg.norm(free[: rig.coarse] - centre, axis=1) / radius
        in_front = free[: rig.coarse, 2] > centre[2]
        self._vertices = np.flatnonzero(covered & in_front & (away < 2))
        self._centre, radius = eyeball(rig, head, side)
        self._least = (np.minimum(away[self._vertices], LID_CLEARANCE) * radius).astype(np.float32)

    def settle(self, points: Float32) -> None:
        """Push what lies inside out along the eyeball's radius, in place."""
        arms = points[self._vertices] - self._centre
        away = np.sqrt(np.einsum("ij,ij->i", arms, arms))
        inside = away < self._least
        if inside.any():
            factor = self._least[inside] / np.maximum(away[inside], 1e-6)
            points[self._vertices[inside]] = self._centre + arms[inside] * factor[:, None]


def eyeball(rig: Rig, points: Float32, side: int) -> tuple[Float32, float]:
    """Return centre (3,) and radius of one eyeball of (B, 3) points."""
    ball = rig.eyeball(points, side)
    low, high = ball.min(0), ball.max(0)
    return (low + high) / 2, float(high[1] - low[1]) / 2


def canthus_distance(rig: Rig, points: Float32) -> float:
    """Return the distance between the outer canthi of (B, 3) points: what facial movements are measured against."""
    left, right = rig.subdivision[canthi(rig)[:, 0]] @ points[: rig.coarse]
    return float(np.linalg.norm(left - right))


def _opening(rig: Rig, upper: Int, lower: Int, *, reach: tuple[float, float], share: float) -> Opening:
    """Pair rings of upper (R, C) with lower (R, D) vertices, both from low to high x, at the upper ones' x."""
    base = rig.base
    fine = rig.subdivision
    padded = sp.hstack([fine, sp.csr_matrix((fine.shape[0], len(base) - rig.coarse))]).tocsr()
    rows = []
    for above, below in zip(upper, lower, strict=True):
        place = np.interp(base[above, 0], base[below, 0], np.arange(len(below)))
        low = np.clip(place.astype(int), 0, len(below) - 2)
        part = place - low
        rows.append(sp.diags(1 - part) @ padded[below[low]] + sp.diags(part) @ padded[below[low + 1]])
    contact = base[upper[len(upper) // 2]]
    vertices, on_top, near = _followers(rig, upper, lower, contact, reach)
    spread = _hats(base[vertices, 0], contact[:, 0]) * near[:, None]
    return Opening(
        upper=padded[upper.ravel()].astype(np.float32),
        lower=sp.vstack(rows).tocsr().astype(np.float32),
        rings=len(upper),
        raise_upper=(spread * on_top[:, None]).astype(np.float32),
        drop_lower=(spread * ~on_top[:, None]).astype(np.float32),
        vertices=vertices,
        share=share,
    )


def _followers(
    rig: Rig, upper: Int, lower: Int, contact: Float32, reach: tuple[float, float]
) -> tuple[Int, NDArray[np.bool_], NDArray[np.float64]]:
    """Return the skin vertices near a slit, whether each belongs to its upper side, and how closely it follows."""
    surface = rig.base[: rig.coarse]
    skin = np.zeros(rig.coarse, bool)
    skin[rig.quads[rig.quad_part == SKIN].ravel()] = True
    middle = np.interp(surface[:, 0], contact[:, 0], contact[:, 1])
    beyond = np.maximum(contact[0, 0] - surface[:, 0], 0) + np.maximum(surface[:, 0] - contact[-1, 0], 0)
    rim_y = np.concatenate([surface[upper, 1], surface[lower, 1]], 1)
    top, bottom = rim_y.max(), rim_y.min()
    away = np.maximum(surface[:, 1] - top, 0) + np.maximum(bottom - surface[:, 1], 0)
    depth = np.abs(surface[:, 2] - np.interp(surface[:, 0], contact[:, 0], contact[:, 2]))
    follow = _fade(beyond, reach[0]) * _fade(away, reach[1]) * _fade(depth, 2 * reach[1])
    follow[np.r_[upper.ravel(), lower.ravel()]] = 1
    vertices = np.flatnonzero(skin & (follow > 1e-3))
    on_top = surface[:, 1] > middle
    on_top[upper.ravel()], on_top[lower.ravel()] = True, False
    return vertices, on_top[vertices], follow[vertices]


def _fade(distance: NDArray[np.floating], reach: float) -> NDArray[np.float64]:
    rest = np.clip(1 - np.asarray(distance, float) / reach, 0, 1)
    return np.asarray(rest * rest * (3 - 2 * rest), float)


def _hats(x: Float32, knots: Float32) -> NDArray[np.float64]:
    """Return (n, C) linear interpolation weights of the knots, constant beyond the ends."""
    return np.stack([np.interp(x, knots, row) for row in np.eye(len(knots))], 1)
