"""Beards: stubble, moustaches, goatees and full beards, hair by hair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actionunits.synth.meshes import Strands
from actionunits.synth.rig import Rig
from actionunits.synth.strands import Roots, Surface, colours, smoothstep, surface_of, unit
from actionunits.synth.traits import Beard, Part, Traits

Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Cut:
    """How a beard is worn: hairs, shortest and longest length in world units, width of a hair."""

    count: int
    short: float
    long: float
    width: float


_CUTS: dict[Beard, _Cut] = {
    "stubble": _Cut(4600, 0.014, 0.034, 0.0055),
    "moustache": _Cut(1500, 0.07, 0.13, 0.008),
    "goatee": _Cut(2700, 0.06, 0.24, 0.008),
    "full": _Cut(5000, 0.06, 0.42, 0.009),
}
_POINTS = 5


def grow_beard(rig: Rig, traits: Traits, neutral: NDArray[np.floating]) -> tuple[Strands, ...]:
    """Grow a beard of short hairs bound to the skin, so that it moves with jaw and lips.

    Args:
        rig: the head.
        traits: ``beard`` and ``beard_length``, hair colour, grey, curl.
        neutral: (B, 3) the subject's coarse points.

    Returns:
        One bundle with 5 points a hair, none on the red of the lips; empty for a shaved face.
    """
    if traits.beard == "none":
        return ()
    cut = _CUTS[traits.beard]
    surface = surface_of(rig, neutral)
    random = traits.random(Part.BEARD)
    density = beard_density(rig, traits, surface)
    roots = surface.scatter(density, cut.count, random)
    roots = roots[(rig.masks["lips"][roots.vertex] < 0.3) & (rig.masks["inside-mouth"][roots.vertex] < 0.1)]
    length = _lengths(roots, rig.fine_base[roots.vertex, 2], traits, cut, random)
    points = _fall(roots, length, traits, random)
    count = len(points)
    thick = cut.width * np.exp(random.normal(0, 0.15, count))
    grey = np.clip(traits.grey * (0.9 + 0.5 * np.exp(-((roots.chart[:, 0] / 0.22) ** 2))), 0, 1)
    outer = random.random(count)
    light = 0.55 + 0.45 * outer if cut.long > 0.1 else np.full(count, 0.9)
    rise = np.linspace(0.7 if cut.long > 0.1 else 1.0, 1, _POINTS)
    return (
        Strands(
            points=points.astype(np.float32),
            bind=np.repeat(roots.vertex[:, None], _POINTS, 1).astype(np.int32),
            width=(thick[:, None] * np.array([1.0, 1.0, 0.9, 0.75, 0.4])).astype(np.float32),
            colour=colours(traits.hair_rgb, grey, random, spread=0.25, hairs=2),
            shade=(light[:, None] * rise).astype(np.float32),
        ),
    )


def beard_density(rig: Rig, traits: Traits, surface: Surface) -> Float64:
    """Return (V,) how densely the beard grows at each vertex, 0-1, with the patchy edges of this person."""
    random = traits.random(Part.BEARD)
    u, v = np.abs(surface.chart[:, 0]), surface.chart[:, 1]
    wave = _waves(surface, random)
    depth = rig.fine_base[:, 2].astype(np.float64)
    chin_front = smoothstep(0.95, 1.08, depth)
    fuzz = 0.03 + 0.05 * float(random.random())
    cheek_top = np.interp(u, [0, 0.3, 0.45, 0.62, 0.8, 0.95, 1.05], [6.70, 6.68, 6.66, 6.70, 6.84, 7.12, 7.25])
    cheek_top += 0.10 * float(random.random()) - 0.07 + 0.03 * wave
    neck = np.interp(u, [0, 0.4, 0.8, 1.1], [6.06, 6.12, 6.34, 6.55]) + 0.02 * wave
    jaw = smoothstep(cheek_top + fuzz, cheek_top - fuzz, v) * smoothstep(neck - fuzz, neck + fuzz, v)
    jaw *= smoothstep(1.10, 1.02, u) * np.maximum(
        smoothstep(0.62, 0.8, depth), smoothstep(6.3, 6.5, v) * (depth > 0.45)
    )
    lip_side = np.interp(u, [0, 0.12, 0.2, 0.3], [6.70, 6.69, 6.58, 6.46])
    moustache = smoothstep(0.27, 0.20, u + 0.02 * wave) * smoothstep(lip_side - 0.02, lip_side + 0.02, v)
    moustache *= smoothstep(6.83 - 0.25 * u, 6.79 - 0.25 * u, v) * (1 - 0.35 * np.exp(-((u / 0.012) ** 2)))
    chin = smoothstep(0.25, 0.17, u + 0.03 * wave) * smoothstep(6.52, 6.44, v) * smoothstep(6.02, 6.10, v) * chin_front
    chin *= 1 - 0.55 * np.exp(-(((v - 6.46) / 0.04) ** 2)) * smoothstep(0.05, 0.10, u)
    joined = (
        smoothstep(0.16, 0.20, u) * smoothstep(0.30, 0.25, u) * smoothstep(6.25, 6.35, v) * smoothstep(6.74, 6.66, v)
    )
    patchy = np.clip(
        1 - (0.25 + 0.5 * float(random.random())) * smoothstep(0.2, 1.4, wave) * smoothstep(0.25, 0.5, u), 0, 1
    )
    front = (depth > 0.3) & (v < 7.3)
    parts: dict[Beard, Float64] = {
        "none": np.zeros(len(u)),
        "moustache": moustache,
        "goatee": np.maximum.reduce([moustache, chin, joined * float(random.random() < 0.6)]),
        "full": np.maximum(np.maximum(jaw * patchy, moustache), chin),
        "stubble": np.maximum(np.maximum(jaw * patchy * 0.9, moustache), chin),
    }
    bare = np.maximum(rig.masks["lips"], rig.masks["inside-mouth"])
    ears = smoothstep(0.2, 0.0, rig.masks["ears"])
    return np.asarray(parts[traits.beard] * front * smoothstep(0.35, 0.1, bare) * ears)


def _waves(surface: Surface, random: np.random.Generator) -> Float64:
    """Return (V,) smooth noise over the chart, mean 0 and about 1 wide."""
    u, v = surface.chart.T
    total = np.zeros(len(u))
    for frequency in (7.0, 13.0, 23.0):
        turn = random.uniform(0, 2 * np.pi, 2)
        total += np.sin(frequency * (u * np.cos(turn[0]) + v * np.sin(turn[0])) + turn[1])
    return total / 1.2


def _lengths(
    roots: Roots, depth: NDArray[np.floating], traits: Traits, cut: _Cut, random: np.random.Generator
) -> Float64:
    """Return (s,) lengths: short over the lip, where hair would hide the mouth, and on cheeks; longest at the chin."""
    u, v = np.abs(roots.chart[:, 0]), roots.chart[:, 1]
    longest = cut.short + (cut.long - cut.short) * traits.beard_length**1.5
    length = np.full(len(roots), longest)
    if traits.beard != "stubble":
        low = smoothstep(6.75, 6.25, v)
        length = cut.short + (longest - cut.short) * (0.25 + 0.75 * low) * (0.55 + 0.45 * smoothstep(0.8, 0.2, u))
        length *= 1 - 0.6 * smoothstep(1.25, 0.9, depth) * smoothstep(0.5, 0.3, u)  # shorter on the chin's underside
        over_lip = smoothstep(6.62, 6.68, v) * smoothstep(0.30, 0.24, u)
        free = (
            np.maximum(v - np.interp(u, [0, 0.1, 0.2], [6.70, 6.69, 6.62]), 0) + 0.035 + 0.25 * np.maximum(u - 0.08, 0)
        )
        length = np.where(over_lip > 0.5, np.minimum(length, free), length)
        under_lip = (v > 6.38) & (v < 6.6) & (u < 0.2)
        length = np.where(under_lip, np.minimum(length, 0.10), length)
    return np.asarray(length * np.exp(random.normal(0, 0.16, len(roots))))


def _fall(roots: Roots, length: Float64, traits: Traits, random: np.random.Generator) -> Float64:
    """Return (s, 5, 3) hairs: out of the skin, then down (over the lip down and outwards)."""
    count = len(roots)
    u = roots.chart[:, 0]
    above_lip = (roots.chart[:, 1] > 6.62) & (np.abs(u) < 0.3)
    outward = np.where(above_lip, 0.25 + 3.2 * np.abs(u), 0.25 * np.abs(u)) * np.sign(u)
    comb = -roots.up + outward[:, None] * roots.right + 0.22 * random.normal(0, 1, (count, 1)) * roots.right
    long = smoothstep(0.05, 0.2, length)[:, None]
    curl = 0.035 * (0.3 + traits.hair_curl) * random.normal(0, 1, (count, 2)) * long
    down = np.array([0.0, -1.0, 0.12])
    points = [roots.points - 0.003 * roots.normals]
    lift = 0.55 + 0.25 * random.random((count, 1))
    for step in range(1, _POINTS):
        share = (step - 0.5) / (_POINTS - 1)
        heading = (
            unit(comb) * (1 - 0.6 * share * long) + down * 0.6 * share * long + roots.normals * lift * (1 - 0.8 * share)
        )
        swing = curl[:, :1] * np.sin(5 * share) * roots.right + curl[:, 1:] * np.cos(5 * share) * roots.normals
        points.append(points[-1] + (length / (_POINTS - 1))[:, None] * unit(heading) + swing)
    return np.stack(points, 1)
