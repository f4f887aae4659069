"""What subjects wear on the body: T-shirts, V-necks, shirts with a collar, hoodies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actionunits.synth.chart import AXIS_Z
from actionunits.synth.meshes import Solid
from actionunits.synth.rig import SKIN, Rig
from actionunits.synth.solids import cut, evenly, joined, rims, roll, sheet_triangles, thick
from actionunits.synth.surface import smoothing, vertex_normals
from actionunits.synth.traits import Part, Traits

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

HEM = 2.6  # y down to which the mesh's cut-off trunk is continued
_AROUND = 120  # points along a neckline


@dataclass(frozen=True, slots=True)
class Cut:
    """How a garment is cut; heights are y of the average head.

    Attributes:
        back: y of the neckline at the nape.
        front: y at the throat, leaving out the V.
        deep: depth of the V.
        loose: how far the cloth lies off the skin.
        smooth: how often folds of the body are smoothed out.
        rib: radius across and up of the rolled neckline.
    """

    back: float
    front: float
    deep: float
    loose: float
    smooth: int
    rib: tuple[float, float]


CUTS = {
    "crew": Cut(5.80, 5.50, 0.0, 0.045, 2, (0.024, 0.050)),
    "v-neck": Cut(5.78, 5.50, 0.42, 0.045, 2, (0.022, 0.036)),
    "shirt": Cut(5.80, 5.52, 0.26, 0.055, 4, (0.020, 0.024)),
    "hoodie": Cut(5.80, 5.46, 0.0, 0.080, 8, (0.10, 0.13)),
}
_CHANCES = (0.42, 0.18, 0.22, 0.18)


def clothe(rig: Rig, traits: Traits, neutral: Float32) -> tuple[Solid, ...]:
    """Dress the body in one garment.

    Args:
        rig: the head.
        traits: who wears it.
        neutral: (B, 3) coarse neutral head.
    """
    random = np.random.default_rng(traits.random(Part.WEARING).integers(2**32))
    name = str(random.choice(list(CUTS), p=_CHANCES))
    second = np.clip(np.array(traits.clothes_rgb) * random.uniform(0.35, 1.9) + random.uniform(0, 0.06), 0.01, 0.75)
    pattern = str(random.choice(["plain", "stripes", "second"], p=[0.62, 0.18, 0.20]))
    body, neck = _body(rig, traits, neutral, CUTS[name], second if pattern == "stripes" else None)
    trim = second if pattern == "second" else 0.92 * np.array(traits.clothes_rgb)
    pieces = [body, _rib(neck, CUTS[name], trim)]
    if name == "shirt":
        pieces.append(_collar(neck, np.array(second if pattern == "second" else traits.clothes_rgb)))
    return (joined(pieces),)


def neckline(around: NDArray[np.floating], cut_: Cut) -> Float64:
    """Return the height of a garment's edge at chart places u, radians."""
    front = (1 + np.cos(around)) / 2
    v_shape = np.clip(1 - np.abs(around) / 0.62, 0, 1)
    return np.asarray(cut_.back + (cut_.front - cut_.back) * front**2.2 - cut_.deep * v_shape, np.float64)


def _body(rig: Rig, traits: Traits, neutral: Float32, cut_: Cut, stripes: Float64 | None) -> tuple[Solid, Float64]:
    """Return the garment without its collar, and the (_AROUND, 3) line of its neck."""
    skin = rig.triangles[rig.triangle_part == SKIN]
    bare = rig.fine(neutral)
    smooth = bare
    for _ in range(cut_.smooth):
        smooth = np.asarray(smoothing(rig) @ smooth, np.float32)
    normals = vertex_normals(bare, skin)
    filled = np.clip(((smooth - bare) * normals).sum(1, keepdims=True), 0, 0.1)
    padded = 0.07 * np.clip((np.abs(bare[:, :1]) - 0.8) / 0.6, 0, 1)  # shoulders turn a little with the head
    points = bare + (cut_.loose + filled + padded) * normals
    around, height = rig.chart.T
    level = neckline(around, cut_) - height
    cloth, triangles, old = cut(points, skin, level)
    neck = np.empty((0, 3), np.float32)
    hems = []
    for loop in rims(triangles):
        if (loop >= old).mean() > 0.5:
            neck = cloth[loop] if len(loop) > len(neck) else neck
        else:
            hems.append(loop)
    cloth, triangles = _lengthened(cloth, triangles, hems)
    colour = np.tile(np.array(traits.clothes_rgb, np.float32), (len(cloth), 1))
    if stripes is not None:
        share = 1 / (1 + np.exp(-6 * np.sin(cloth[:, 1] * 2 * np.pi / 0.42)))[:, None]
        colour = colour * (1 - share) + stripes * share
    closed, faces = thick(cloth, triangles, 0.02)
    return _solid(closed, faces, np.concatenate([colour, colour])), _begun_behind(evenly(neck, _AROUND, smooth=3))


def _lengthened(cloth: Float32, triangles: NDArray[np.int32], hems: list[NDArray[np.int32]]) -> tuple[
    Float32, NDArray[np.int32]
]:  # fmt: skip
    """Let cloth hang down from its lower rims to the hem."""
    points, faces = [cloth], [triangles]
    count = len(cloth)
    for loop in hems:
        hung = cloth[loop].copy()
        hung[:, [0, 2]] += 0.05 * np.sign(hung[:, [0, 2]] - (0, AXIS_Z))
        rows = np.linspace(0, 1, 9)[1:]
        lower = np.concatenate([np.c_[hung[:, 0], hung[:, 1] + (HEM - hung[:, 1]) * row, hung[:, 2]] for row in rows])
        ids = np.concatenate([loop, np.arange(count, count + len(lower))]).astype(np.int32)
        strip = ids[sheet_triangles(len(rows) + 1, len(loop), around=True)]
        points.append(lower.astype(np.float32))
        faces.append(strip[:, ::-1])
        count += len(lower)
    return np.concatenate(points), np.concatenate(faces).astype(np.int32)


def _begun_behind(line: Float64) -> Float64:
    """Return a closed line that starts at the nape and runs over the person's left side first."""
    around = np.arctan2(line[:, 0], line[:, 2] - AXIS_Z)
    line = np.roll(line, -int(np.argmax(np.abs(around))), axis=0)
    return line if line[len(line) // 4, 0] > 0 else np.roll(line[::-1], 1, axis=0)


def _rib(neck: Float64, cut_: Cut, colour: Float64) -> Solid:
    """Return the rolled edge of the neckline."""
    front = np.clip(neck[:, 2:] - AXIS_Z, 0, None)
    radius = np.array(cut_.rib) * (1 - 0.2 * front)
    points, triangles = roll(neck, radius)
    return _solid(points, triangles, np.tile(colour, (len(points), 1)))


def _collar(neck: Float64, colour: Float64) -> Solid:
    """Return a collar that stands around the neck, folds over and ends in two points beside the throat."""
    share = np.linspace(0, 1, len(neck), endpoint=False)
    whole = np.linspace(0.53, 1.47, len(neck)) % 1  # from one side of the throat around the nape to the other
    line = np.stack([np.interp(whole, share, neck[:, axis], period=1) for axis in range(3)], 1)
    along = np.gradient(line, axis=0)
    out = np.cross((0.0, 1.0, 0.0), along)
    middle = line.mean(0)
    out[:, 1] = 0
    out *= np.sign(((line - middle) * out).sum(1))[:, None]
    out /= np.linalg.norm(out, axis=1, keepdims=True) + 1e-9
    behind = np.abs(np.linspace(-1, 1, len(line)))[:, None]  # 0 nape, 1 throat
    up = np.array([0.0, 1.0, 0.0])
    tall = 0.15 - 0.05 * behind**3
    fall = 0.24 + 0.14 * behind**6
    rows = np.stack(
        [
            line,
            line + tall * up + 0.005 * out,
            line + (tall + 0.02) * up + 0.035 * out,
            line + (tall - 0.3 * fall) * up + (0.075 + 0.02 * (1 - behind)) * out,
            line + (tall - fall) * up + (0.17 + 0.05 * (1 - behind)) * out,
        ]
    )
    flat = rows.reshape(-1, 3).astype(np.float32)
    points, triangles = thick(flat, sheet_triangles(len(rows), len(line)), 0.018)
    faces = triangles if _faces_out(flat, sheet_triangles(len(rows), len(line)), middle) else triangles[:, ::-1]
    return _solid(points, faces, np.tile(colour, (len(points), 1)))


def _faces_out(points: Float32, triangles: NDArray[np.int32], middle: Float64) -> bool:
    normals = vertex_normals(points, triangles)
    return float(((points - middle) * normals)[-len(points) // 5 :].sum()) > 0


def _solid(points: Float32, triangles: NDArray[np.int32], colour: NDArray[np.floating]) -> Solid:
    return Solid(
        points=points.astype(np.float32),
        triangles=np.ascontiguousarray(triangles, np.int32),
        colour=colour.astype(np.float32),
        gloss=0.03,
        follows="body",
    )
