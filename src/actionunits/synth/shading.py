"""The colour of each pixel: what the surface under it sends to the camera.

Irradiance comes per vertex (:mod:`actionunits.synth.shadow`); here it is bent by the fine relief, coloured by the
texture, and joined by mirror-like reflections (GGX; Walter et al. 2007) of the lamps and of the surroundings.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from actionunits.synth.kernels import Number, inlined, kernel
from actionunits.synth.raster import corner_weights

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]

MOST_SHINE = 5.0  # reflected light that a lamp of intensity 1 can give at most


class Lit(NamedTuple):
    """Vertices and what arrives at them; n vertices, g lamps.

    Attributes:
        screen: (n, 3) screen points.
        points: (n, 3), world.
        normals: (n, 3).
        light: (n, 3) irradiance / pi.
        flow: (n, 3) direction and luminance of what arrives.
        reached: (n, g) share of each lamp that arrives.
    """

    screen: Float32
    points: Float32
    normals: Float32
    light: Float32
    flow: Float32
    reached: Float32


class Lamps(NamedTuple):
    """What surfaces mirror.

    Attributes:
        directions: (g, 3) unit vectors towards the lamps.
        colours: (g, 3).
        widths: (g,) radius of each lamp in radians.
        surroundings: (3,) mean colour of everything else.
        eye: (3,) the camera.
    """

    directions: Float32
    colours: Float32
    widths: Float32
    surroundings: Float32
    eye: Float32


@inlined
def corner(size: int, share: Number) -> tuple[int, Number]:
    """Return the lower of two neighbouring texels and the weight of the upper one."""
    place = min(max(share * np.float32(size) - np.float32(0.5), np.float32(0)), np.float32(size - 1.001))
    low = int(place)
    return low, place - np.float32(low)


@inlined
def mixed(values: Float32, a: int, b: int, c: int, wa: Number, wb: Number, wc: Number, k: int) -> Number:
    """Return column k of what a place in a triangle has, from its corners."""
    return wa * values[a, k] + wb * values[b, k] + wc * values[c, k]


@inlined
def direction(
    lit: Lit, a: int, b: int, c: int, wa: Number, wb: Number, wc: Number, eye: Float32
) -> tuple[Number, Number, Number, Number, Number, Number]:
    """Return the unit normal (3) and the unit vector to the eye (3) of a place in a triangle."""
    nx = mixed(lit.normals, a, b, c, wa, wb, wc, 0)
    ny = mixed(lit.normals, a, b, c, wa, wb, wc, 1)
    nz = mixed(lit.normals, a, b, c, wa, wb, wc, 2)
    scale = np.float32(1) / np.sqrt(nx * nx + ny * ny + nz * nz + np.float32(1e-12))
    vx = eye[0] - mixed(lit.points, a, b, c, wa, wb, wc, 0)
    vy = eye[1] - mixed(lit.points, a, b, c, wa, wb, wc, 1)
    vz = eye[2] - mixed(lit.points, a, b, c, wa, wb, wc, 2)
    near = np.float32(1) / np.sqrt(vx * vx + vy * vy + vz * vz)
    return nx * scale, ny * scale, nz * scale, vx * near, vy * near, vz * near


@kernel
def mirrored(
    lit: Lit,
    lamps: Lamps,
    a: int,
    b: int,
    c: int,
    wa: Number,
    wb: Number,
    wc: Number,
    nx: Number,
    ny: Number,
    nz: Number,
    vx: Number,
    vy: Number,
    vz: Number,
    rough: Number,
    mirror: Number,
    open_sky: Number,
) -> tuple[Number, Number, Number]:
    """Return red, green and blue that the surface mirrors towards the viewer v.

    ``mirror`` is Fresnel's F0, ``open_sky`` the share of the surroundings that is not hidden.
    """
    one = np.float32(1)
    facing = max(nx * vx + ny * vy + nz * vz, np.float32(0.02))
    red = green = blue = np.float32(0)
    for g in range(lamps.directions.shape[0]):
        lx, ly, lz = lamps.directions[g, 0], lamps.directions[g, 1], lamps.directions[g, 2]
        cosine = nx * lx + ny * ly + nz * lz
        if cosine <= 0:
            continue
        share = wa * lit.reached[a, g] + wb * lit.reached[b, g] + wc * lit.reached[c, g]
        if share <= 0:
            continue
        hx, hy, hz = vx + lx, vy + ly, vz + lz
        scale = one / np.sqrt(hx * hx + hy * hy + hz * hz + np.float32(1e-9))
        across = max((nx * hx + ny * hy + nz * hz) * scale, np.float32(0))
        seen = max((vx * hx + vy * hy + vz * hz) * scale, np.float32(0))
        width = rough * rough + np.float32(0.3) * lamps.widths[g]
        squared = width * width
        bell = across * across * (squared - one) + one
        hidden = np.float32(0.5) * rough + np.float32(0.2)
        shadowed = np.float32(4) * (facing * (one - hidden) + hidden) * (cosine * (one - hidden) + hidden)
        glance = one - seen
        fresnel = mirror + (one - mirror) * glance * glance * glance * glance * glance
        density = squared / (bell * bell)  # pi times GGX, its lobe widened by the lamp's size
        amount = min(density / shadowed * fresnel * cosine, np.float32(MOST_SHINE)) * share
        red += amount * lamps.colours[g, 0]
        green += amount * lamps.colours[g, 1]
        blue += amount * lamps.colours[g, 2]
    glance = one - facing
    around = (
        mirror
        + max(np.float32(0.6) * (one - rough) * (one - rough) - mirror, np.float32(0))
        * glance
        * glance
        * glance
        * glance
        * glance
    ) * open_sky
    return (
        red + around * lamps.surroundings[0],
        green + around * lamps.surroundings[1],
        blue + around * lamps.surroundings[2],
    )


@kernel
def shade_coloured(
    ids: Int32,
    first: int,
    triangles: Int32,
    lit: Lit,
    lamps: Lamps,
    colour: Float32,
    rough: Number,
    mirror: Number,
    shade: Float32,
    out: Float32,
) -> None:
    """Colour the pixels that show something plain: teeth, tongue, glasses, clothes.

    Args:
        ids: (h, w).
        first: id of the first triangle.
        triangles: (m, 3).
        lit: :class:`Lit`.
        lamps: :class:`Lamps`.
        colour: (n, 3) linear albedo.
        rough: 0-1.
        mirror: Fresnel's F0.
        shade: (h, w) factor on all light.
        out: (h, w, 3) linear RGB.
    """
    one = np.float32(1)
    for y in range(ids.shape[0]):
        for x in range(ids.shape[1]):
            t = ids[y, x] - first
            if t < 0 or t >= triangles.shape[0]:
                continue
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            wa, wb, wc = corner_weights(lit.screen, a, b, c, x, y)
            nx, ny, nz, vx, vy, vz = direction(lit, a, b, c, wa, wb, wc, lamps.eye)
            if nx * vx + ny * vy + nz * vz < 0:
                nx = -nx
                ny = -ny
                nz = -nz
            dim = shade[y, x]
            bright = mixed(lit.light, a, b, c, wa, wb, wc, 0) + mixed(lit.light, a, b, c, wa, wb, wc, 1)
            bright += mixed(lit.light, a, b, c, wa, wb, wc, 2)
            open_sky = min(bright / (np.float32(1.2) * lamps.surroundings.sum() + np.float32(1e-4)), one)
            red, green, blue = mirrored(
                lit, lamps, a, b, c, wa, wb, wc, nx, ny, nz, vx, vy, vz, rough, mirror, open_sky
            )
            for k in range(3):
                matt = mixed(colour, a, b, c, wa, wb, wc, k) * mixed(lit.light, a, b, c, wa, wb, wc, k)
                out[y, x, k] = dim * (matt + (red if k == 0 else green if k == 1 else blue))


@kernel
def shade_lenses(
    ids: Int32,
    triangles: Int32,
    lit: Lit,
    lamps: Lamps,
    colour: Float32,
    opacity: Number,
    mirror: Number,
    out: Float32,
) -> None:
    """Lay something see-through over the picture, in place; arguments as :func:`shade_coloured`."""
    one = np.float32(1)
    for y in range(ids.shape[0]):
        for x in range(ids.shape[1]):
            t = ids[y, x]
            if t < 0:
                continue
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            wa, wb, wc = corner_weights(lit.screen, a, b, c, x, y)
            nx, ny, nz, vx, vy, vz = direction(lit, a, b, c, wa, wb, wc, lamps.eye)
            if nx * vx + ny * vy + nz * vz < 0:
                nx = -nx
                ny = -ny
                nz = -nz
            red, green, blue = mirrored(
                lit, lamps, a, b, c, wa, wb, wc, nx, ny, nz, vx, vy, vz, np.float32(0.12), mirror, one
            )
            for k in range(3):
                matt = mixed(colour, a, b, c, wa, wb, wc, k) * mixed(lit.light, a, b, c, wa, wb, wc, k)
                shine = red if k == 0 else green if k == 1 else blue
                out[y, x, k] = out[y, x, k] * (one - opacity) + matt * opacity + shine


@kernel
def _shade_run(
    ids: Int32, shade: Float32, start: int, stop: int, first: int, last: int, reach: float, strength: float
) -> None:
    """Darken one row or column after each rim that is met on the way from start to stop."""
    run = 0
    fade = math.exp(-1 / reach)
    dark = 0.0
    for place in range(start, stop + 1):
        if first <= ids[place] < last:
            dark = strength * math.exp(-0.5 / reach) if run == 0 else dark * fade
            shade[place] *= np.float32(1 - dark)
            run += 1
        else:
            run = 0


@kernel
def rim_shade(ids: Int32, first: int, last: int, above: float, below: float, strength: float) -> Float32:
    """Return (h, w) how much light lids or lips leave to what lies between them: darker near the upper rim.

    Args:
        ids: (h, w).
        first: first id of what lies between.
        last: its last id, exclusive.
        above: pixels below the upper rim where the shade has fallen to 1 / e.
        below: the same above the lower rim, where it is weaker.
        strength: 0-1, the shade at the upper rim.
    """
    height, width = ids.shape
    shade = np.ones((height, width), np.float32)
    top, bottom, left, right = height, -1, width, -1
    for y in range(height):
        for x in range(width):
            if first <= ids[y, x] < last:
                top, bottom, left, right = min(top, y), max(bottom, y), min(left, x), max(right, x)
    for x in range(left, right + 1):
        _shade_run(ids[:, x], shade[:, x], top, bottom, first, last, above, strength)
        _shade_run(
            ids[::-1, x], shade[::-1, x], height - 1 - bottom, height - 1 - top, first, last, below, 0.45 * strength
        )
    for y in range(top, bottom + 1):
        _shade_run(ids[y], shade[y], left, right, first, last, below, 0.4 * strength)
        _shade_run(
            ids[y, ::-1], shade[y, ::-1], width - 1 - right, width - 1 - left, first, last, below, 0.4 * strength
        )
    return shade
