"""The colour of bare skin: melanin and blood spread over the face, spots, and shadows about the eyes.

Albedo is the tone's base colour, darkened where there is more of the two pigments than on the average of that face and
lightened where there is less, channel by channel as they absorb.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from actionunits.synth.chart import SIZE
from actionunits.synth.painting import Float32, add_mound, fractal, mound, to_texels
from actionunits.synth.traits import Traits

MELANIN = np.array([0.42, 0.85, 1.10], np.float32)  # absorption of red, green, blue
BLOOD = np.array([0.10, 0.85, 0.66], np.float32)

_ANCHORS = np.array(
    [
        [0.690, 0.480, 0.385],
        [0.620, 0.405, 0.300],
        [0.530, 0.325, 0.225],
        [0.410, 0.232, 0.148],
        [0.275, 0.146, 0.088],
        [0.150, 0.074, 0.043],
        [0.078, 0.037, 0.0205],
    ]
)
_UNDERTONE = np.array([-0.01, 0.022, -0.09])


class Pigments(NamedTuple):
    """Maps of what colours the skin, (SIZE, SIZE) each; 0 is the face's average."""

    melanin: Float32
    blood: Float32


def base_colour(traits: Traits) -> NDArray[np.float64]:
    """Return (3,) linear RGB of a subject's average skin, by ``tone`` and ``undertone``."""
    place = np.arange(len(_ANCHORS))
    logs = np.log(_ANCHORS)
    tone = np.array([np.interp(traits.tone, place, channel) for channel in logs.T])
    return np.asarray(np.exp(tone + traits.undertone * _UNDERTONE))


def darkness(traits: Traits) -> float:
    """Return 0 (lightest) to 1 (darkest skin)."""
    return float(np.clip(traits.tone / 6, 0, 1))


def spread_pigments(traits: Traits, random: np.random.Generator) -> Pigments:
    """Return the maps of melanin and blood of a subject's bare skin."""
    dark, uneven = darkness(traits), 0.6 + 0.9 * traits.blemishes
    melanin = fractal(random, 6, 5, SIZE)
    melanin *= np.float32(0.055 * uneven * (1 + 0.8 * dark))
    _darken_regions(melanin, traits, random)
    patches = fractal(random, 14, 5, SIZE, 0.7)
    blood = _flush(traits, random)
    blood *= 1 + 0.25 * patches
    blood += np.float32(0.065 * uneven) * np.clip(fractal(random, 44, 3, SIZE), -1.5, 2.5)
    blood *= np.float32(1 - 0.55 * dark)
    melanin += _spots(traits, random)
    blood += _pimples(traits, random)
    bare = 1 - 0.75 * traits.makeup.foundation
    fine = fractal(random, 170, 2, SIZE, 0.8)
    melanin *= np.float32(bare)
    blood *= np.float32(bare)
    melanin += np.float32(0.022) * fine
    return Pigments(melanin, blood)


def colour_skin(base: NDArray[np.floating], pigments: Pigments) -> Float32:
    """Return (SIZE, SIZE, 3) linear albedo, below 0.97."""
    albedo = np.empty((SIZE, SIZE, 3), np.float32)
    for channel in range(3):
        absorbed = pigments.melanin * -MELANIN[channel]
        absorbed -= pigments.blood * BLOOD[channel]
        np.exp(absorbed, out=absorbed)
        np.multiply(absorbed, np.float32(base[channel]), out=albedo[..., channel])
    return np.minimum(albedo, np.float32(0.97), out=albedo)


def _darken_regions(melanin: Float32, traits: Traits, random: np.random.Generator) -> None:
    dark = darkness(traits)
    shadow = random.uniform(0.05, 0.30) + 0.12 * np.clip((traits.age - 30) / 40, 0, 1)
    around_mouth = random.uniform(0, 0.35) * dark
    temples = random.uniform(-0.05, 0.2) * (0.3 + dark)
    for side in (1, -1):
        add_mound(melanin, (side * 0.235, 7.19), (0.08, 0.032), shadow)
        add_mound(melanin, (side * 0.155, 7.235), (0.03, 0.03), 0.8 * shadow)
        add_mound(melanin, (side * 0.255, 7.375), (0.09, 0.026), 0.9 * shadow)
        add_mound(melanin, (side * 0.26, 6.60), (0.07, 0.10), around_mouth)
        add_mound(melanin, (side * 0.62, 7.55), (0.2, 0.25), temples)
        add_mound(melanin, (side * 0.33, 7.02), (0.12, 0.10), -0.25 * around_mouth)
    add_mound(melanin, (0, 6.42), (0.14, 0.05), around_mouth)
    add_mound(melanin, (0, 5.9), (0.8, 0.16), random.uniform(-0.06, 0.06))


def _flush(traits: Traits, random: np.random.Generator) -> Float32:
    own = random.uniform(0.7, 1.3, 6)
    where = own[0] * 0.85 * mound(SIZE, (0.34, 7.02), (0.13, 0.11))
    where += own[1] * 0.75 * mound(SIZE, (0, 6.94), (0.10, 0.08))
    where += own[2] * 0.35 * mound(SIZE, (0, 6.31), (0.14, 0.07))
    where += own[3] * 0.35 * mound(SIZE, (0.25, 7.21), (0.11, 0.04))
    where += own[4] * 0.25 * mound(SIZE, (0, 7.72), (0.35, 0.14))
    where += own[5] * 0.35 * mound(SIZE, (0.30, 5.9), (0.4, 0.2))
    where *= np.float32(0.06 + 0.42 * traits.redness)
    return np.asarray(where, np.float32)


def _dot(picture: Float32, place: NDArray[np.float64], radius: float, strength: float) -> None:
    centre = (int(place[0] * 16), int(place[1] * 16))
    cv2.circle(picture, centre, int(radius * 16), strength, -1, cv2.LINE_AA, 4)


def _spots(traits: Traits, random: np.random.Generator) -> Float32:
    """Return melanin of freckles, moles and age spots."""
    fine, broad = np.zeros((SIZE, SIZE), np.float32), np.zeros((SIZE, SIZE), np.float32)
    count = int(900 * traits.freckles)
    places = to_texels(random.normal((0, 7.06), (0.34, 0.17), (count, 2)), SIZE)
    sizes, strengths = random.uniform(0.7, 2.2, count), random.uniform(0.12, 0.75, count)
    for place, size, strength in zip(places, sizes, strengths, strict=True):
        _dot(fine, place, float(size), float(strength))
    for place in to_texels(random.uniform((-1.0, 5.8), (1.0, 7.9), (traits.moles, 2)), SIZE):
        _dot(fine, place, float(random.uniform(0.9, 2.3)), float(random.uniform(0.6, 1.4)))
    aged = int(55 * np.clip((traits.age - 48) / 30, 0, 1) * (1 - 0.6 * darkness(traits)) * random.random())
    places = to_texels(random.normal((0, 7.25), (0.75, 0.45), (aged, 2)), SIZE)
    for place in places:
        _dot(broad, place, float(random.uniform(1.5, 5.5)), float(random.uniform(0.08, 0.32)))
    cv2.GaussianBlur(fine, (0, 0), 0.8, dst=fine)
    cv2.GaussianBlur(broad, (0, 0), 1.6, dst=broad)
    return np.add(fine, broad, out=fine)


def _pimples(traits: Traits, random: np.random.Generator) -> Float32:
    """Return blood of red spots, where faces have them: forehead, cheeks, chin."""
    red = np.zeros((SIZE, SIZE), np.float32)
    count = int(30 * max(traits.blemishes - 0.25, 0) * (1.3 if traits.age < 35 else 0.5))
    middles = np.array([(0, 7.72), (0.40, 6.85), (-0.40, 6.85), (0, 6.30)])
    spreads = np.array([(0.28, 0.10), (0.15, 0.16), (0.15, 0.16), (0.12, 0.06)])
    where = random.integers(4, size=count)
    for place in to_texels(random.normal(middles[where], spreads[where]).reshape(-1, 2), SIZE):
        _dot(red, place, float(random.uniform(1.2, 3.4)), float(random.uniform(0.15, 0.6)))
    return np.asarray(cv2.GaussianBlur(red, (0, 0), 1.3, dst=red), np.float32)
