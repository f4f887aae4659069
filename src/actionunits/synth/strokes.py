"""Hair in the picture: strands moved with the skin, lit, and drawn as thin smooth lines."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from actionunits.synth.kernels import Number, inlined, kernel
from actionunits.synth.shading import Lamps
from actionunits.synth.shadow import REACH, lit_share

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]

SLACK = 0.02  # world units by which a strand may lie below the surface and still be drawn
SOLID = 0.6  # coverage from which a strand hides what is drawn later behind it
NECK = (5.55, 6.3)  # heights between which the head's turn sets in


class Turn(NamedTuple):
    """A head pose: an axis, an angle and a point that stays.

    Attributes:
        axis: (3,) of unit length.
        angle: radians.
        pivot: (3,), world.
    """

    axis: Float32
    angle: float
    pivot: Float32


class Glow(NamedTuple):
    """The light among hair.

    Attributes:
        middle: (3,) of the posed head; hair faces away from it.
        ambient: (3,) mean irradiance / pi from all around.
        ambient_slope: (3, 3) by colour, how it grows with the direction that is faced.
        maps: (g, s, s) shadow map of each lamp.
        frames: (g, 3, 3) of the maps.
        map_middle: (3,).
    """

    middle: Float32
    ambient: Float32
    ambient_slope: Float32
    maps: Float32
    frames: Float32
    map_middle: Float32


@kernel
def move_strands(points: Float32, bind: Int32, moved: Float32, turn: Turn) -> Float32:
    """Move strands with the skin, then turn them with the head.

    Args:
        points: (s, k, 3) at the neutral upright head.
        bind: (s, k) skin vertex, or negative.
        moved: (V, 3) by how much the expression moved each skin vertex.
        turn: the head's.

    Returns:
        (s, k, 3), world.
    """
    placed = np.empty(points.shape, np.float32)
    sine, cosine = math.sin(turn.angle), 1 - math.cos(turn.angle)
    ax, ay, az = turn.axis[0], turn.axis[1], turn.axis[2]
    for s in range(points.shape[0]):
        for k in range(points.shape[1]):
            x, y, z = points[s, k, 0], points[s, k, 1], points[s, k, 2]
            part = min(max((y - NECK[0]) / (NECK[1] - NECK[0]), 0.0), 1.0)
            part = part * part * (3 - 2 * part)
            vertex = bind[s, k]
            if vertex >= 0:
                x += moved[vertex, 0]
                y += moved[vertex, 1]
                z += moved[vertex, 2]
            first, second = sine, cosine
            if part < 1:
                first, second = math.sin(turn.angle * part), 1 - math.cos(turn.angle * part)
            px, py, pz = x - turn.pivot[0], y - turn.pivot[1], z - turn.pivot[2]
            cx, cy, cz = ay * pz - az * py, az * px - ax * pz, ax * py - ay * px
            placed[s, k, 0] = x + first * cx + second * (ay * cz - az * cy)
            placed[s, k, 1] = y + first * cy + second * (az * cx - ax * cz)
            placed[s, k, 2] = z + first * cz + second * (ax * cy - ay * cx)
    return placed


@inlined
def _power(base: Number, doublings: int) -> Number:
    for _ in range(doublings):
        base = base * base
    return base


@inlined
def _strand_light(
    x: Number,
    y: Number,
    z: Number,
    tx: Number,
    ty: Number,
    tz: Number,
    shift: Number,
    colour: Float32,
    shade: Number,
    lamps: Lamps,
    glow: Glow,
    found: Float32,
) -> None:
    """Write red, green and blue of one point of a strand with tangent t (Kajiya & Kay 1989) into ``found``."""
    one = np.float32(1)
    nx, ny, nz = x - glow.middle[0], y - glow.middle[1], z - glow.middle[2]
    scale = one / np.sqrt(nx * nx + ny * ny + nz * nz + np.float32(1e-9))
    nx, ny, nz = nx * scale, ny * scale, nz * scale
    vx, vy, vz = lamps.eye[0] - x, lamps.eye[1] - y, lamps.eye[2] - z
    scale = one / np.sqrt(vx * vx + vy * vy + vz * vz)
    vx, vy, vz = vx * scale, vy * scale, vz * scale
    for k in range(3):
        around = glow.ambient[k] + nx * glow.ambient_slope[k, 0] + ny * glow.ambient_slope[k, 1]
        around = max(around + nz * glow.ambient_slope[k, 2], np.float32(0)) * shade
        found[k] = around * (colour[k] + np.float32(0.008))
    for g in range(lamps.directions.shape[0]):
        lx, ly, lz = lamps.directions[g, 0], lamps.directions[g, 1], lamps.directions[g, 2]
        facing = nx * lx + ny * ly + nz * lz
        facing = (facing + np.float32(0.35)) / np.float32(1.35)
        if facing <= 0:
            continue
        frame = glow.frames[g]
        dx, dy, dz = x - glow.map_middle[0], y - glow.map_middle[1], z - glow.map_middle[2]
        size = glow.maps.shape[1]
        pixels, half = np.float32(size / (2 * REACH)), np.float32(size / 2 - 0.5)
        across = half + pixels * (frame[0, 0] * dx + frame[0, 1] * dy + frame[0, 2] * dz)
        down = half - pixels * (frame[1, 0] * dx + frame[1, 1] * dy + frame[1, 2] * dz)
        height = frame[2, 0] * dx + frame[2, 1] * dy + frame[2, 2] * dz
        share = lit_share(glow.maps[g], across, down, height + np.float32(0.1)) * shade
        if share <= 0:
            continue
        along = tx * lx + ty * ly + tz * lz
        around = np.sqrt(max(one - along * along, np.float32(0)))
        hx, hy, hz = lx + vx, ly + vy, lz + vz
        scale = one / np.sqrt(hx * hx + hy * hy + hz * hz + np.float32(1e-9))
        half_along = (tx * hx + ty * hy + tz * hz) * scale
        first = max(one - (half_along + shift) ** 2, np.float32(0))
        second = max(one - (half_along - np.float32(0.1) + shift) ** 2, np.float32(0))
        sharp = _power(first, 6) * np.float32(0.07) * min(np.float32(3) * facing, one)
        soft = _power(second, 4) * np.float32(0.5) * min(np.float32(3) * facing, one)
        for k in range(3):
            matt = colour[k] * around * (np.float32(0.2) + np.float32(0.8) * facing)
            found[k] += lamps.colours[g, k] * share * (matt + soft * colour[k] + sharp)


@inlined
def _stroke(
    start: Float32,
    end: Float32,
    wide_start: Number,
    wide_end: Number,
    colour_start: Float32,
    colour_end: Float32,
    number: int,
    near: Float32,
    out: Float32,
) -> None:
    """Draw one straight piece, both ends as x, y and nearness; widths in pixels.

    A piece wider than a pixel is a lock: its hairs, told by the strand's number, differ in brightness.
    """
    height, width = near.shape
    dx, dy = end[0] - start[0], end[1] - start[1]
    flat = abs(dx) >= abs(dy)
    main, other = (0, 1) if flat else (1, 0)
    reach, limit, side = (dx, width, height) if flat else (dy, height, width)
    if reach < 0:
        start, end = end, start
        wide_start, wide_end = wide_end, wide_start
        colour_start, colour_end = colour_end, colour_start
        reach = -reach
    first, last = max(math.ceil(start[main]), 0), min(math.ceil(end[main]) - 1, limit - 1)
    if first > last:
        return
    inverse = np.float32(1) / reach
    tilt = np.sqrt(dx * dx + dy * dy) * inverse
    for i in range(first, last + 1):
        part = (np.float32(i) - start[main]) * inverse
        centre = start[other] + part * (end[other] - start[other])
        nearness = start[2] + part * (end[2] - start[2])
        nearness += np.float32(SLACK) * nearness * nearness
        wide = wide_start + part * (wide_end - wide_start)
        strength = min(wide, np.float32(1))
        half = np.float32(0.5) * max(wide, np.float32(1)) * tilt
        low, high = centre - half, centre + half
        for j in range(max(math.floor(low + np.float32(0.5)), 0), min(math.ceil(high - np.float32(0.5)), side - 1) + 1):
            y, x = (j, i) if flat else (i, j)
            if nearness <= near[y, x]:
                continue
            cover = min(high, j + np.float32(0.5)) - max(low, j - np.float32(0.5))
            cover *= strength
            if cover <= 0:
                continue
            hair = np.float32(1)
            if wide > np.float32(1.2):
                fibre = (number * 31 + math.floor((j - centre) / tilt + np.float32(64.5))) * 2654435761
                hair = np.float32(0.7) + np.float32(((fibre >> 9) & 1023) * (0.6 / 1023))
            for k in range(3):
                ink = colour_start[k] + part * (colour_end[k] - colour_start[k])
                out[y, x, k] += cover * (ink * hair - out[y, x, k])
            if cover > SOLID:
                near[y, x] = nearness


@kernel
def draw_strands(
    points: Float32,
    screen: Float32,
    width: Float32,
    colour: Float32,
    shade: Float32,
    focal: float,
    lamps: Lamps,
    glow: Glow,
    near: Float32,
    out: Float32,
) -> None:
    """Draw strands over the picture, in place.

    Args:
        points: (s, k, 3), world.
        screen: (s * k, 3) their screen points.
        width: (s, k), world units.
        colour: (s, 3) linear albedo.
        shade: (s, k) 0-1.
        focal: focal length in pixels.
        lamps: :class:`actionunits.synth.shading.Lamps`.
        glow: :class:`Glow`.
        near: (h, w) nearness; raised where a strand covers the pixel.
        out: (h, w, 3) linear RGB.
    """
    height, wide = near.shape
    count = points.shape[1]
    inks = np.empty((count, 3), np.float32)
    for s in range(points.shape[0]):
        shown = False
        for k in range(count):
            x, y, nearness = screen[s * count + k, 0], screen[s * count + k, 1], screen[s * count + k, 2]
            if not (-8 < x < wide + 8 and -8 < y < height + 8):
                continue
            column, row = min(max(int(x), 0), wide - 1), min(max(int(y), 0), height - 1)
            if nearness + np.float32(0.1) * nearness * nearness > near[row, column]:
                shown = True
                break
        if not shown:
            continue
        shift = np.float32(((s * 7919) % 101) / 101 - 0.5) * np.float32(0.16)
        for k in range(count):
            before, after = max(k - 1, 0), min(k + 1, count - 1)
            tx, ty = points[s, after, 0] - points[s, before, 0], points[s, after, 1] - points[s, before, 1]
            tz = points[s, after, 2] - points[s, before, 2]
            scale = np.float32(1) / np.sqrt(tx * tx + ty * ty + tz * tz + np.float32(1e-12))
            _strand_light(
                points[s, k, 0], points[s, k, 1], points[s, k, 2], tx * scale, ty * scale, tz * scale,
                shift, colour[s], shade[s, k], lamps, glow, inks[k],
            )  # fmt: skip
        for k in range(count - 1):
            start, end = screen[s * count + k], screen[s * count + k + 1]
            wide_start, wide_end = width[s, k] * focal * start[2], width[s, k + 1] * focal * end[2]
            _stroke(start, end, wide_start, wide_end, inks[k], inks[k + 1], s, near, out)
