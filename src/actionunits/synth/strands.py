"""What every kind of hair needs: places on the subject's skin, distance to the head, colours, light among strands."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from actionunits.synth.rig import SKIN, Rig
from actionunits.synth.traits import Rgb

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]
Bool = NDArray[np.bool_]

GREY = (0.42, 0.41, 0.40)  # linear RGB of a grey hair
_NEAR = 0.16  # within this, distance to the head is measured along the normal


def unit(vectors: ArrayLike) -> Float64:
    """Return (..., 3) vectors at length 1; those of no length stay 0."""
    given = np.asarray(vectors, np.float64)
    length = np.sqrt(np.einsum("...i,...i->...", given, given))
    return np.asarray(given / np.maximum(length, 1e-9)[..., None])


def smoothstep(low: ArrayLike, high: ArrayLike, value: ArrayLike) -> Float64:
    """Return 0 below ``low``, 1 above ``high``, smooth between; falling where ``low`` is above ``high``."""
    start, end = np.asarray(low, np.float64), np.asarray(high, np.float64)
    part = np.clip((np.asarray(value, np.float64) - start) / (end - start), 0, 1)
    return np.asarray(part * part * (3 - 2 * part))


@dataclass(frozen=True, eq=False)
class Roots:
    """Places on the skin.

    Attributes:
        points: (s, 3) world.
        normals: (s, 3) outward.
        right: (s, 3) unit tangent towards growing u (the person's left).
        up: (s, 3) unit tangent towards growing v, square to ``right``.
        chart: (s, 2) u, v.
        vertex: (s,) the nearest fine vertex.
    """

    points: Float64
    normals: Float64
    right: Float64
    up: Float64
    chart: Float64
    vertex: Int32

    def __getitem__(self, which: NDArray[np.generic]) -> Roots:
        """Return some of the places."""
        return Roots(*(getattr(self, name)[which] for name in ("points", "normals", "right", "up", "chart", "vertex")))

    def __len__(self) -> int:
        return len(self.points)


@dataclass(frozen=True, eq=False)
class Surface:
    """The skin of one subject.

    Attributes:
        points: (V, 3) fine points.
        triangles: (T, 3) of the skin alone.
        chart: (V, 2).
    """

    points: Float64
    triangles: Int32
    chart: Float64

    @cached_property
    def _cross(self) -> Float64:
        first, second, third = (self.points[self.triangles[:, corner]] for corner in range(3))
        return np.cross(second - first, third - first)

    @cached_property
    def area(self) -> Float64:
        """(T,) of each triangle."""
        return np.asarray(np.linalg.norm(self._cross, axis=1) / 2)

    @cached_property
    def normals(self) -> Float64:
        """(V, 3) outward."""
        total = np.stack(
            [
                np.bincount(self.triangles.ravel(), np.repeat(self._cross[:, axis], 3), len(self.points))
                for axis in range(3)
            ],
            1,
        )
        return unit(total)

    def scatter(self, weight: NDArray[np.floating], count: int, random: np.random.Generator) -> Roots:
        """Spread places over the skin, evenly by area.

        Args:
            weight: (V,) not negative; density relative to the area.
            count: how many.
            random: only source of chance.
        """
        share = self.area * weight[self.triangles].mean(1)
        total = np.cumsum(share)
        if total[-1] <= 0:
            return self._roots(np.zeros(0, np.int64), np.zeros((0, 3)))
        picks = (np.arange(count) + random.random(count)) / count * total[-1]
        triangle = np.minimum(np.searchsorted(total, picks), len(share) - 1)
        along, across = np.sqrt(random.random(count)), random.random(count)
        return self._roots(triangle, np.stack([1 - along, along * (1 - across), along * across], 1))

    def locate(self, places: NDArray[np.floating]) -> Roots:
        """Find chart places on the front of the head (where skin lies over skin, the outermost).

        Args:
            places: (n, 2) u, v.
        """
        front, tree = self._front
        candidates = front[tree.query(places, k=12)[1]]  # (n, 12)
        corners = self.chart[self.triangles[candidates]]  # (n, 12, 3, 2)
        edge1, edge2 = corners[:, :, 1] - corners[:, :, 0], corners[:, :, 2] - corners[:, :, 0]
        offset = places[:, None] - corners[:, :, 0]
        size = edge1[..., 0] * edge2[..., 1] - edge1[..., 1] * edge2[..., 0]
        size = np.where(np.abs(size) < 1e-12, 1e-12, size)
        second = (offset[..., 0] * edge2[..., 1] - offset[..., 1] * edge2[..., 0]) / size
        third = (edge1[..., 0] * offset[..., 1] - edge1[..., 1] * offset[..., 0]) / size
        weights = np.stack([1 - second - third, second, third], -1)  # (n, 12, 3)
        inside = np.minimum(weights.min(-1), 0)
        depth = self.points[self.triangles[candidates], 2].mean(-1)
        best = np.argmax(inside + 1e-3 * depth, 1)
        rows = np.arange(len(places))
        chosen = np.clip(weights[rows, best], 0, 1)
        return self._roots(candidates[rows, best], chosen / chosen.sum(1, keepdims=True))

    @cached_property
    def _front(self) -> tuple[NDArray[np.int64], cKDTree]:
        corners = self.chart[self.triangles]
        middle = corners.mean(1)
        edge1, edge2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        turned = edge1[:, 0] * edge2[:, 1] > edge1[:, 1] * edge2[:, 0]
        front = np.flatnonzero(turned & (np.abs(middle[:, 0]) < 1.7) & (np.ptp(corners[:, :, 0], axis=1) < 1))
        return front, cKDTree(middle[front])

    def _roots(self, triangle: NDArray[np.integer], weights: Float64) -> Roots:
        corner = self.triangles[triangle]  # (s, 3)
        place = self.points[corner]
        normal = unit(np.einsum("sk,ski->si", weights, self.normals[corner]))
        chart = self.chart[corner].copy()
        chart[..., 0] = chart[:, :1, 0] + (chart[..., 0] - chart[:, :1, 0] + np.pi) % (2 * np.pi) - np.pi
        up = _gradient(place, chart[..., 1])
        up = unit(up - np.einsum("si,si->s", up, normal)[:, None] * normal)
        right = np.cross(up, normal)
        return Roots(
            points=np.einsum("sk,ski->si", weights, place),
            normals=normal,
            right=right,
            up=up,
            chart=np.einsum("sk,ski->si", weights, chart),
            vertex=corner[np.arange(len(corner)), weights.argmax(1)].astype(np.int32),
        )


def _gradient(place: Float64, value: Float64) -> Float64:
    """Return the (s, 3) gradient of a value given at the corners of triangles."""
    edge1, edge2 = place[:, 1] - place[:, 0], place[:, 2] - place[:, 0]
    normal = np.cross(edge1, edge2)
    square = np.maximum(np.einsum("si,si->s", normal, normal), 1e-18)[:, None]
    rise1, rise2 = (value[:, 1] - value[:, 0])[:, None], (value[:, 2] - value[:, 0])[:, None]
    return np.asarray((rise1 * np.cross(edge2, normal) + rise2 * np.cross(normal, edge1)) / square)


def surface_of(rig: Rig, neutral: NDArray[np.floating]) -> Surface:
    """Return the skin of a subject with (B, 3) coarse points."""
    return Surface(
        points=rig.fine(np.asarray(neutral, np.float32)).astype(np.float64),
        triangles=rig.triangles[rig.triangle_part == SKIN],
        chart=rig.chart.astype(np.float64),
    )


@dataclass(frozen=True, eq=False)
class HeadField:
    """Signed distance to the head on a grid, for collisions.

    Attributes:
        low: (3,) the grid's first node.
        step: world units between nodes.
        distance: (nx, ny, nz), negative inside.
    """

    low: Float64
    step: float
    distance: Float64

    def away(self, points: Float64) -> tuple[Float64, Float64]:
        """Return the distance to the head, (n,), and the outward direction, (n, 3), at (n, 3) points."""
        place = np.clip((points - self.low) / self.step, 0, np.array(self.distance.shape) - 1.001)
        cell = place.astype(np.int64)
        part = place - cell
        _, ny, nz = self.distance.shape
        base = (cell[:, 0] * ny + cell[:, 1]) * nz + cell[:, 2]
        flat = self.distance.ravel()
        low = [flat[base + corner] for corner in (0, 1, nz, nz + 1)]
        high = [flat[base + ny * nz + corner] for corner in (0, 1, nz, nz + 1)]
        px, py, pz = part.T
        sides = [first + (second - first) * px for first, second in zip(low, high, strict=True)]
        front = sides[0] + (sides[1] - sides[0]) * pz
        back = sides[2] + (sides[3] - sides[2]) * pz
        slope_x = _bilinear([second - first for first, second in zip(low, high, strict=True)], py, pz)
        slope_z = (sides[1] - sides[0]) * (1 - py) + (sides[3] - sides[2]) * py
        return front + (back - front) * py, unit(np.stack([slope_x, back - front, slope_z], 1))

    def push_out(self, points: Float64, clearance: ArrayLike) -> Float64:
        """Return (n, 3) points moved so that they lie at least ``clearance`` off the head."""
        distance, outward = self.away(points)
        return points + np.maximum(np.asarray(clearance) - distance, 0)[:, None] * outward


def _bilinear(corners: list[Float64], along: Float64, across: Float64) -> Float64:
    front = corners[0] + (corners[1] - corners[0]) * across
    back = corners[2] + (corners[3] - corners[2]) * across
    return front + (back - front) * along


def head_field(surface: Surface, solid: Bool, step: float = 0.07) -> HeadField:
    """Measure the distance to the skin on a grid about head and shoulders.

    Args:
        surface: the skin.
        solid: (V,) which vertices count (no mouth cavity; ears or not).
        step: world units between nodes.
    """
    low, high = np.array([-1.75, 4.7, -1.5]), np.array([1.75, 9.2, 2.3])
    size = np.ceil((high - low) / step).astype(int) + 1
    points, normals = surface.points[solid], surface.normals[solid]
    cell = np.round((points - low) / step).astype(int)
    within = ((cell >= 0) & (cell < size)).all(1)
    flat = np.ravel_multi_index(tuple(cell[within].T), tuple(size))
    count = np.bincount(flat, minlength=size.prod())
    seed = np.stack(
        [np.bincount(flat, part, size.prod()) for part in np.concatenate([points, normals], 1)[within].T], 1
    ) / np.maximum(count, 1).reshape(-1, 1)
    nearest = ndimage.distance_transform_edt((count == 0).reshape(size), return_distances=False, return_indices=True)
    seed = seed[np.ravel_multi_index(tuple(nearest.reshape(3, -1)), tuple(size))]
    node = np.stack(
        np.meshgrid(*(np.arange(n) * step + start for n, start in zip(size, low, strict=True)), indexing="ij")
    )
    offset = node.reshape(3, -1).T - seed[:, :3]
    along = np.einsum("ni,ni->n", offset, unit(seed[:, 3:]))
    straight = np.linalg.norm(offset, axis=1)
    distance = np.where(straight < _NEAR, along, np.where(along >= 0, np.maximum(along, straight), -straight))
    smooth = ndimage.gaussian_filter(distance.reshape(size), 0.6)
    return HeadField(low=low, step=step, distance=smooth)


def colours(
    rgb: Rgb, grey: NDArray[np.floating], random: np.random.Generator, *, spread: float = 0.2, hairs: int = 1
) -> Float32:
    """Return (s, 3) colours of strands: the hair's own with variation, some of them grey.

    Args:
        rgb: linear RGB of the hair.
        grey: (s,) chance that a hair is grey, 0-1.
        random: source of chance.
        spread: standard deviation of log brightness.
        hairs: how many hairs a strand stands for; a lock of many is grey in part.
    """
    count = len(grey)
    bright = np.exp(random.normal(0, spread, (count, 1)))
    warm = random.normal(0, 0.08, (count, 1)) * np.array([1.0, 0.0, -1.0])
    own = np.array(rgb) * bright * np.exp(warm)
    faded = np.array(GREY) * np.exp(random.normal(0, 0.18, (count, 1)))
    lost = random.binomial(hairs, grey)[:, None] / hairs * random.uniform(0.75, 1, (count, 1))
    mixed = own + (faded - own) * lost
    return np.asarray(np.clip(mixed, 0.002, 0.9), np.float32)


def resample(curves: Float64, keep: NDArray[np.floating], points: int) -> Float64:
    """Cut curves and lay points evenly along what is left.

    Args:
        curves: (s, k, 3).
        keep: (s,) share of each curve kept, from the root, 0-1.
        points: how many points each gets.

    Returns:
        (s, points, 3).
    """
    place = np.linspace(0, 1, points)[None] * (keep[:, None] * (curves.shape[1] - 1))
    low = np.minimum(place.astype(int), curves.shape[1] - 2)
    part = (place - low)[..., None]
    rows = np.arange(len(curves))[:, None]
    return np.asarray(curves[rows, low] * (1 - part) + curves[rows, low + 1] * part)


def light_within(curves: Float64, width: Float64, centre: NDArray[np.floating], *, strength: float) -> Float32:
    """Return (s, k) how much light reaches each point: strands further out and above take their share.

    Args:
        curves: (s, k, 3).
        width: (s, k).
        centre: (3,) of the head; "outside" is away from it and up.
        strength: how dark the inside gets.
    """
    step = 0.1
    flat = curves.reshape(-1, 3)
    low = flat.min(0) - 8 * step
    size = np.ceil((flat.max(0) - low) / step).astype(int) + 9
    length = np.linalg.norm(np.diff(curves, axis=1), axis=-1)
    cover = (np.concatenate([length, length[:, -1:]], 1) * width).ravel()
    cell = np.round((flat - low) / step).astype(int)
    dense = np.bincount(np.ravel_multi_index(tuple(cell.T), tuple(size)), cover, size.prod()).reshape(size)
    dense = ndimage.uniform_filter(dense, 3) / step**2
    outward = unit(unit(flat - centre) + np.array([0.0, 0.7, 0.1]))
    over = np.zeros(len(flat))
    for ahead in (0.12, 0.22, 0.34, 0.48):
        place = np.round((flat + ahead * outward - low) / step).astype(int)
        over += dense[tuple(np.clip(place, 0, size - 1).T)]
    return np.exp(-strength * over).reshape(curves.shape[:2]).astype(np.float32)
