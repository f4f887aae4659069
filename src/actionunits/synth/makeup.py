"""Colour laid on the skin: brows' ground, shaved beards, lid rims and make-up."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from actionunits.synth.brows import brow_line
from actionunits.synth.chart import SIZE
from actionunits.synth.complexion import base_colour, darkness
from actionunits.synth.painting import (
    Float32,
    Place,
    curve,
    distance_to,
    mound,
    smoothstep,
    to_texels,
    window,
)
from actionunits.synth.strands import GREY
from actionunits.synth.traits import Traits

UPPER_LID: tuple[Place, ...] = (
    (0.146, 7.276),
    (0.18, 7.308),
    (0.22, 7.329),
    (0.30, 7.333),
    (0.335, 7.320),
    (0.362, 7.298),
)
LOWER_LID: tuple[Place, ...] = (
    (0.146, 7.268),
    (0.19, 7.250),
    (0.228, 7.244),
    (0.30, 7.246),
    (0.335, 7.266),
    (0.362, 7.296),
)
_LIPS = ((0, 6.698), (0.0555, 6.728), (0.106, 6.706), (0.203, 6.611), (0.096, 6.528), (0.044, 6.4996), (0, 6.494))
_FACE = window(SIZE, (-1.0, 6.0), (1.0, 8.0))
_BEARD = window(SIZE, (-1.3, 5.7), (1.3, 7.4))


def hair_colour(traits: Traits) -> NDArray[np.float64]:
    """Return (3,) linear RGB of the mean of coloured and grey hairs."""
    return np.array(traits.hair_rgb) * (1 - traits.grey) + np.array(GREY) * traits.grey


def root_colour(traits: Traits) -> NDArray[np.float64]:
    """Return (3,) linear RGB of skin full of hair roots: never lighter than the skin."""
    return np.minimum(0.75 * hair_colour(traits), 0.6 * base_colour(traits)) + 0.004


def cover(albedo: Float32, amount: Float32, colour: ArrayLike) -> None:
    """Mix a colour over a picture in place.

    Args:
        albedo: (rows, columns, 3).
        amount: (rows, columns), 0 leaves the picture, 1 hides it.
        colour: (3,).
    """
    for channel, value in enumerate(np.asarray(colour, np.float32)):
        albedo[..., channel] += amount * (value - albedo[..., channel])


def region(outline: tuple[Place, ...] | NDArray[np.floating], softness: float) -> Float32:
    """Return (SIZE, SIZE), 1 inside an outline on the person's left and its mirror image; ``softness`` in pixels."""
    picture = np.zeros((SIZE, SIZE), np.uint8)
    for side in (1, -1):
        places = to_texels(np.asarray(outline, float) * (side, 1), SIZE)
        cv2.fillPoly(picture, [np.round(places * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return np.asarray(cv2.GaussianBlur(picture.astype(np.float32) / 255, (0, 0), softness), np.float32)


def lips_region() -> Float32:
    """Return (SIZE, SIZE), 1 on the red of the lips of the average head."""
    return region(_LIPS, 2.0)


def eye_region() -> Float32:
    """Return (SIZE, SIZE), 1 between the lids: what shows there of the skin is wet rim."""
    return region(UPPER_LID + LOWER_LID[::-1], 1.0)


def brow_region(traits: Traits) -> Float32:
    """Return (SIZE, SIZE), 0-1, the ground of the brows: broad at the head, thin at the tail."""
    line = brow_line(traits).astype(float)
    along = np.linspace(0, 1, len(line))
    half = 0.030 * traits.brow_thickness * np.interp(along, [0, 0.12, 0.4, 1], [0.55, 0.9, 0.95, 0.25])
    strength = np.interp(along, [0, 0.15, 0.85, 1], [0.35, 1, 1, 0.5])
    picture = np.zeros((SIZE, SIZE), np.float32)
    for side in (1, -1):
        place, beside, nearest = distance_to(line * (side, 1), SIZE, 0.09)
        width = half.astype(np.float32)[nearest]
        shape = np.exp(-np.power(np.abs(beside) / width, 3)) * strength.astype(np.float32)[nearest]
        picture[place] = np.maximum(picture[place], shape)
    return picture


def shade_brows(albedo: Float32, traits: Traits) -> Float32:
    """Colour the ground under the brows in place; return where, (SIZE, SIZE)."""
    where = brow_region(traits)
    amount = np.float32(np.clip(0.42 * traits.brow_density, 0, 0.6)) * where
    cover(albedo[_FACE], amount[_FACE], np.minimum(root_colour(traits), 0.8 * np.array(traits.hair_rgb) + 0.01))
    return where


def shade_beard(
    albedo: Float32, density: Float32, strength: float, traits: Traits, random: np.random.Generator
) -> None:
    """Colour skin where a beard grows in place: a shade and the dots of cut hairs.

    Args:
        albedo: (SIZE, SIZE, 3).
        density: (SIZE, SIZE), 0-1, where it grows.
        strength: 0-1.
        traits: colour of the hairs.
        random: where the dots are.
    """
    rows, columns = _BEARD
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    grains = (random.random(shape, dtype=np.float32) < 0.13).astype(np.float32)
    dots = np.clip(cv2.GaussianBlur(grains, (0, 0), 0.8) * 2.4, 0, 1)
    amount = density[_BEARD] * np.float32(strength) * (0.42 + 0.75 * dots)
    cover(albedo[_BEARD], np.clip(amount, 0, 0.9), root_colour(traits))


def shade_lids(albedo: Float32, traits: Traits) -> None:
    """Colour lids in place: eye shadow, the dark line of lash roots, liner."""
    makeup = traits.makeup
    if makeup.shadow > 0:
        lid = mound(SIZE, (0.265, 7.365), (0.085, 0.030)) + 0.5 * mound(SIZE, (0.335, 7.37), (0.045, 0.03))
        amount = np.clip(lid, 0, 1) * np.float32(0.85 * makeup.shadow)
        skin = 1 - 0.5 * darkness(traits)
        cover(albedo[_FACE], amount[_FACE], np.array(makeup.shadow_rgb) * skin)
    roots = 0.16 * traits.lashes + 0.25 * makeup.mascara
    wing: tuple[Place, ...] = ((0.395, 7.318),) if makeup.liner > 0.5 else ()
    upper = curve(UPPER_LID + wing)
    for side in (1, -1):
        _line(albedo, upper * (side, 1), 0.005 + 0.006 * makeup.liner, roots + 0.9 * makeup.liner)
        _line(albedo, curve(LOWER_LID) * (side, 1), 0.004, 0.5 * roots + 0.5 * makeup.liner)


def blush(albedo: Float32, traits: Traits) -> None:
    """Redden the cheeks in place."""
    if traits.makeup.blush > 0:
        amount = np.float32(0.42 * traits.makeup.blush) * mound(SIZE, (0.44, 7.02), (0.16, 0.09))
        for channel, absorption in enumerate((0.05, 0.75, 0.55)):
            albedo[..., channel][_FACE] *= np.exp(-np.float32(absorption) * amount[_FACE])


def lip_colour(traits: Traits, base: NDArray[np.floating], random: np.random.Generator) -> NDArray[np.float64]:
    """Return (3,) linear RGB of the lips, natural or painted; pink on light skin, brown on dark.

    Args:
        traits: tone and lipstick.
        base: (3,) the skin.
        random: draws how red they are.
    """
    dark = darkness(traits)
    red = random.uniform(0.55, 1.15) * (1 - 0.45 * dark)
    brown = random.uniform(0.0, 0.35) * dark + 0.08
    colour = base * np.exp(-red * np.array([0.10, 0.72, 0.50]) - brown * np.array([0.5, 0.55, 0.35]))
    colour = colour + dark * random.uniform(0, 0.03) * np.array([1.0, 0.42, 0.40])
    makeup = traits.makeup
    painted = np.array(makeup.lipstick_rgb) * (1 - 0.35 * dark)
    amount = min(0.95 * makeup.lipstick**0.6, 0.92) if makeup.lipstick > 0 else 0.0
    return np.asarray(colour * (1 - amount) + painted * amount)


def _line(albedo: Float32, places: NDArray[np.float64], width: float, amount: float) -> None:
    place, beside, nearest = distance_to(places, SIZE, 4 * width)
    taper = smoothstep(0, 0.2, np.linspace(0, 1, len(places)))[nearest]
    strength = np.float32(min(amount, 0.95)) * np.exp(-0.5 * np.square(beside / width)) * taper
    cover(albedo[place], strength, (0.012, 0.010, 0.009))
