"""The colour of each pixel that shows skin: textures, relief, sheen."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from actionunits.synth.kernels import Number, inlined, kernel
from actionunits.synth.raster import corner_weights
from actionunits.synth.shading import Lamps, Lit, corner, direction, mirrored, mixed

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]

STEEPEST = 1.1  # slope that relief is held to
_RED_SOFTNESS = 0.8  # share of the relief's contrast that is left in red, which travels farthest in skin


class Relief(NamedTuple):
    """Textures of the skin in the chart, and where each vertex lies in it; sides of the textures may differ.

    Attributes:
        albedo: (s, s, 3).
        slope: (s, s, 2) of the height along u and v.
        gloss: (s, s).
        folds: (r, r, 3) slope that the expression adds, and the share of light that its furrows leave.
        places: (n, 2) x and y as shares of a texture's side.
        gradients: (n, 6) world gradients of u and v.
        tint: (n, 3).
        lips: (n,) 0-1.
        inside: (n,) 0-1, the lining of the mouth.
    """

    albedo: Float32
    slope: Float32
    gloss: Float32
    folds: Float32
    places: Float32
    gradients: Float32
    tint: Float32
    lips: Float32
    inside: Float32


@inlined
def _place(relief: Relief, a: int, b: int, c: int, wa: Number, wb: Number, wc: Number) -> tuple[Number, Number]:
    """Return where a place in a triangle lies in the textures, as shares of their sides."""
    ua, ub, uc = relief.places[a, 0], relief.places[b, 0], relief.places[c, 0]
    if abs(ua - ub) > 0.6 or abs(ua - uc) > 0.6:  # across the seam at the back of the head
        ub = ua
        uc = ua
    return wa * ua + wb * ub + wc * uc, mixed(relief.places, a, b, c, wa, wb, wc, 1)


@inlined
def _slopes(
    relief: Relief, sx: Number, sy: Number, left: int, top: int, across: Number, down: Number
) -> tuple[Number, Number, Number]:
    """Return the height's slope along u and along v, and the share of light that the expression's folds leave."""
    one = np.float32(1)
    along_u = (relief.slope[top, left, 0] * (one - across) + relief.slope[top, left + 1, 0] * across) * (one - down)
    along_u += (relief.slope[top + 1, left, 0] * (one - across) + relief.slope[top + 1, left + 1, 0] * across) * down
    along_v = (relief.slope[top, left, 1] * (one - across) + relief.slope[top, left + 1, 1] * across) * (one - down)
    along_v += (relief.slope[top + 1, left, 1] * (one - across) + relief.slope[top + 1, left + 1, 1] * across) * down
    x, fx = corner(relief.folds.shape[1], sx)
    y, fy = corner(relief.folds.shape[0], sy)
    along_u += (relief.folds[y, x, 0] * (one - fx) + relief.folds[y, x + 1, 0] * fx) * (one - fy)
    along_u += (relief.folds[y + 1, x, 0] * (one - fx) + relief.folds[y + 1, x + 1, 0] * fx) * fy
    along_v += (relief.folds[y, x, 1] * (one - fx) + relief.folds[y, x + 1, 1] * fx) * (one - fy)
    along_v += (relief.folds[y + 1, x, 1] * (one - fx) + relief.folds[y + 1, x + 1, 1] * fx) * fy
    open_share = (relief.folds[y, x, 2] * (one - fx) + relief.folds[y, x + 1, 2] * fx) * (one - fy)
    open_share += (relief.folds[y + 1, x, 2] * (one - fx) + relief.folds[y + 1, x + 1, 2] * fx) * fy
    return along_u, along_v, open_share


@inlined
def _downhill(
    relief: Relief, a: int, b: int, c: int, wa: Number, wb: Number, wc: Number, along_u: Number, along_v: Number
) -> tuple[Number, Number, Number]:
    """Return what relief of a slope takes off the unit normal, at most :data:`STEEPEST` long."""
    gx = along_u * mixed(relief.gradients, a, b, c, wa, wb, wc, 0)
    gy = along_u * mixed(relief.gradients, a, b, c, wa, wb, wc, 1)
    gz = along_u * mixed(relief.gradients, a, b, c, wa, wb, wc, 2)
    gx += along_v * mixed(relief.gradients, a, b, c, wa, wb, wc, 3)
    gy += along_v * mixed(relief.gradients, a, b, c, wa, wb, wc, 4)
    gz += along_v * mixed(relief.gradients, a, b, c, wa, wb, wc, 5)
    steep = np.sqrt(gx * gx + gy * gy + gz * gz)
    held = np.float32(1) if steep < STEEPEST else np.float32(STEEPEST) / steep
    return gx * held, gy * held, gz * held


@inlined
def _bent_light(
    lit: Lit, a: int, b: int, c: int, wa: Number, wb: Number, wc: Number, mx: Number, my: Number, mz: Number
) -> tuple[Number, Number, Number, Number]:
    """Return red, green and blue that arrive when the normal moves by m, and the luminance before."""
    one = np.float32(1)
    red = mixed(lit.light, a, b, c, wa, wb, wc, 0)
    green = mixed(lit.light, a, b, c, wa, wb, wc, 1)
    blue = mixed(lit.light, a, b, c, wa, wb, wc, 2)
    bright = np.float32(0.3) * red + np.float32(0.59) * green + np.float32(0.11) * blue + np.float32(1e-4)
    bend = mx * mixed(lit.flow, a, b, c, wa, wb, wc, 0)
    bend += my * mixed(lit.flow, a, b, c, wa, wb, wc, 1)
    bend += mz * mixed(lit.flow, a, b, c, wa, wb, wc, 2)
    bend = min(max(bend / bright, np.float32(-0.6)), np.float32(0.8))
    return red * (one + bend * np.float32(_RED_SOFTNESS)), green * (one + bend), blue * (one + bend), bright


@kernel
def shade_skin(
    ids: Int32,
    triangles: Int32,
    lit: Lit,
    lamps: Lamps,
    relief: Relief,
    rough: Number,
    mirror: Number,
    out: Float32,
) -> None:
    """Colour the pixels that show skin, in place.

    Args:
        ids: (h, w); the skin's triangles are 0 to m - 1.
        triangles: (m, 3).
        lit: :class:`Lit`.
        lamps: :class:`Lamps`.
        relief: :class:`Relief`.
        rough: 0-1, of the skin's sheen; lips are smoother.
        mirror: Fresnel's F0.
        out: (h, w, 3) linear RGB.
    """
    one = np.float32(1)
    sky = np.float32(0.4) * lamps.surroundings.sum() + np.float32(1e-4)
    for y in range(ids.shape[0]):
        for x in range(ids.shape[1]):
            t = ids[y, x]
            if t < 0 or t >= triangles.shape[0]:
                continue
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            wa, wb, wc = corner_weights(lit.screen, a, b, c, x, y)
            bx, by, bz, vx, vy, vz = direction(lit, a, b, c, wa, wb, wc, lamps.eye)
            sx, sy = _place(relief, a, b, c, wa, wb, wc)
            left, across = corner(relief.albedo.shape[1], sx)
            top, down = corner(relief.albedo.shape[0], sy)
            along_u, along_v, furrow = _slopes(relief, sx, sy, left, top, across, down)
            gx, gy, gz = _downhill(relief, a, b, c, wa, wb, wc, along_u, along_v)
            nx, ny, nz = bx - gx, by - gy, bz - gz
            scale = one / np.sqrt(nx * nx + ny * ny + nz * nz + np.float32(1e-12))
            nx, ny, nz = nx * scale, ny * scale, nz * scale
            red, green, blue, bright = _bent_light(lit, a, b, c, wa, wb, wc, nx - bx, ny - by, nz - bz)
            w00, w01 = (one - across) * (one - down), across * (one - down)
            w10, w11 = (one - across) * down, across * down
            gloss = relief.gloss[top, left] * w00 + relief.gloss[top, left + 1] * w01
            gloss += relief.gloss[top + 1, left] * w10 + relief.gloss[top + 1, left + 1] * w11
            lips = wa * relief.lips[a] + wb * relief.lips[b] + wc * relief.lips[c]
            inner = wa * relief.inside[a] + wb * relief.inside[b] + wc * relief.inside[c]
            sheen = mirror * gloss * furrow * (one + np.float32(0.35) * lips) * (one - np.float32(0.5) * inner)
            smooth = rough * (one - np.float32(0.2) * lips)
            shine = mirrored(
                lit, lamps, a, b, c, wa, wb, wc, nx, ny, nz, vx, vy, vz, smooth, sheen, min(bright / sky, one)
            )
            arrives = (red * (np.float32(0.3) + np.float32(0.7) * furrow), green * furrow, blue * furrow)
            for k in range(3):
                matt = relief.albedo[top, left, k] * w00 + relief.albedo[top, left + 1, k] * w01
                matt += relief.albedo[top + 1, left, k] * w10 + relief.albedo[top + 1, left + 1, k] * w11
                out[y, x, k] = matt * mixed(relief.tint, a, b, c, wa, wb, wc, k) * arrives[k] + shine[k]
