"""The colour of each pixel that shows an eyeball."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from actionunits.synth.kernels import Number, inlined, kernel
from actionunits.synth.raster import corner_weights
from actionunits.synth.shading import Lamps, Lit, corner, direction, mirrored, mixed

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]


@inlined
def _bulged(
    px: Number, py: Number, pz: Number, along: Number, bulge: Number, axis: Float32
) -> tuple[Number, Number, Number]:
    """Return the cornea's normal: the part p across the axis grows, as the cornea is more curved than the ball."""
    qx, qy, qz = px * bulge, py * bulge, pz * bulge
    rest = np.sqrt(max(np.float32(1) - qx * qx - qy * qy - qz * qz, np.float32(0)))
    rest = rest if along > 0 else -rest
    return qx + rest * axis[0], qy + rest * axis[1], qz + rest * axis[2]


@inlined
def _hollow(
    lit: Lit, a: int, b: int, c: int, wa: Number, wb: Number, wc: Number, px: Number, py: Number, pz: Number
) -> Number:
    """Return by which share the iris is brighter than the ball: it lies behind the cornea and faces inwards."""
    bright = np.float32(1e-4)
    for k in range(3):
        bright += mixed(lit.light, a, b, c, wa, wb, wc, k) / np.float32(3)
    across = px * mixed(lit.flow, a, b, c, wa, wb, wc, 0) + py * mixed(lit.flow, a, b, c, wa, wb, wc, 1)
    across += pz * mixed(lit.flow, a, b, c, wa, wb, wc, 2)
    return min(max(np.float32(-1.5) * across / bright, np.float32(-0.5)), np.float32(0.6))


@kernel
def shade_eyes(
    ids: Int32,
    first: int,
    triangles: Int32,
    lit: Lit,
    lamps: Lamps,
    inner: Float32,
    axis: Float32,
    texture: Float32,
    iris: float,
    outmost: float,
    shade: Float32,
    out: Float32,
) -> None:
    """Colour the pixels that show an eyeball, in place.

    Args:
        ids: (h, w).
        first: id of the first triangle.
        triangles: (m, 3).
        lit: :class:`Lit`.
        lamps: :class:`Lamps`.
        inner: (n, 3) unit vectors in the eye's own axes.
        axis: (3,) where the eyes look, world.
        texture: (r, c, 3) rows outwards from the axis, columns around it.
        iris: radians from the axis to the rim of the iris.
        outmost: radians from the axis to the texture's last row.
        shade: (h, w) factor on all light: the lids'.
        out: (h, w, 3) linear RGB.
    """
    one = np.float32(1)
    rows, columns = texture.shape[0], texture.shape[1]
    for y in range(ids.shape[0]):
        for x in range(ids.shape[1]):
            t = ids[y, x] - first
            if t < 0 or t >= triangles.shape[0]:
                continue
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            wa, wb, wc = corner_weights(lit.screen, a, b, c, x, y)
            nx, ny, nz, vx, vy, vz = direction(lit, a, b, c, wa, wb, wc, lamps.eye)
            ex = mixed(inner, a, b, c, wa, wb, wc, 0)
            ey = mixed(inner, a, b, c, wa, wb, wc, 1)
            off_axis = math.acos(min(max(nx * axis[0] + ny * axis[1] + nz * axis[2], np.float32(-1)), one))
            row, down = corner(rows, np.float32(off_axis / outmost))
            turn = np.float32(math.atan2(ey, ex) / (2 * math.pi)) % one * columns
            left = int(turn) % columns
            right = (left + 1) % columns
            across = turn - np.float32(int(turn))
            along = nx * axis[0] + ny * axis[1] + nz * axis[2]
            px, py, pz = nx - along * axis[0], ny - along * axis[1], nz - along * axis[2]
            hollow = _hollow(lit, a, b, c, wa, wb, wc, px, py, pz) if off_axis < iris else np.float32(0)
            cornea = min(max(np.float32((iris + 0.08 - off_axis) / 0.1), np.float32(0)), one)
            qx, qy, qz = _bulged(px, py, pz, along, one + np.float32(0.5) * cornea, axis)
            dim = shade[y, x]
            red, green, blue = mirrored(
                lit, lamps, a, b, c, wa, wb, wc, qx, qy, qz, vx, vy, vz, np.float32(0.14), np.float32(0.03), dim
            )
            for k in range(3):
                matt = (texture[row, left, k] * (one - across) + texture[row, right, k] * across) * (one - down)
                matt += (texture[row + 1, left, k] * (one - across) + texture[row + 1, right, k] * across) * down
                matt *= mixed(lit.light, a, b, c, wa, wb, wc, k) * (one + hollow) * dim
                shine = red if k == 0 else green if k == 1 else blue
                out[y, x, k] = matt + shine * (np.float32(0.3) + np.float32(0.7) * dim)
