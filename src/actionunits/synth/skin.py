"""A subject's skin at rest: colour, relief and shine, painted in the chart, and colours that follow the mesh."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from actionunits.synth.beard import beard_density
from actionunits.synth.chart import SIZE, to_pixels
from actionunits.synth.complexion import base_colour, colour_skin, darkness, spread_pigments
from actionunits.synth.creases import rest_chin, settle
from actionunits.synth.makeup import (
    blush,
    eye_region,
    lip_colour,
    lips_region,
    root_colour,
    shade_beard,
    shade_brows,
    shade_lids,
)
from actionunits.synth.manners import AVERAGE, Manner
from actionunits.synth.painting import Float32, add_mound, axes, fractal, mound, slope_of
from actionunits.synth.pen import GROOVE, Pen
from actionunits.synth.rig import SKIN, Rig
from actionunits.synth.scalp import scalp_cover
from actionunits.synth.strands import surface_of
from actionunits.synth.surface import skin_triangles, vertex_normals
from actionunits.synth.traits import Part, Traits
from actionunits.synth.wrinkles import habits_of

_METERED_U, _METERED_V = (-0.45, 0.45), (6.8, 7.15)  # cheeks and nose
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
_MOUTH = (0.15, 0.035, 0.030)  # linear RGB of the lining
_COARSE = 256  # side of the maps that turn values of vertices into values of texels
_SCALP_SHADE = {"bald": 0.10, "balding": 0.55, "buzz": 0.72}  # share of hair colour seen at the roots; else _FULL_HAIR
_FULL_HAIR = 0.85
_BEARD_SHADE = {"none": 0.0, "stubble": 0.55, "moustache": 0.6, "goatee": 0.6, "full": 0.65}


@dataclass(frozen=True, eq=False)
class SkinMaps:
    """Skin at rest.

    Attributes:
        albedo: (SIZE, SIZE, 3) linear RGB in (0, 1), in the chart.
        slope: (SIZE, SIZE, 2) of the relief, dh/du and dh/dv in decimetres per chart unit.
        gloss: (SIZE, SIZE) how strongly the skin mirrors, 1 on average.
        tint: (V, 3) what the albedo is multiplied by at each fine vertex: lips, mouth, ears, nostrils, scalp.
    """

    albedo: Float32
    slope: Float32
    gloss: Float32
    tint: Float32

    @cached_property
    def luminance(self) -> float:
        """Median linear luminance of cheeks and nose: what a light meter before the face would be told to expect."""
        x, y = to_pixels(_METERED_U, _METERED_V)
        columns, rows = slice(int(x[0]), int(x[1])), slice(int(y[1]), int(y[0]))
        return float(np.median(self.albedo[rows, columns] @ _LUMINANCE))


def paint_skin(rig: Rig, traits: Traits, manner: Manner = AVERAGE) -> SkinMaps:
    """Paint a subject's skin.

    Args:
        rig: the head, for the regions that follow the mesh.
        traits: tone, undertone, redness, spots, age lines, beard, make-up, oil.
        manner: how the chin rests.
    """
    pigments_random, relief_random, tint_random = traits.random(Part.SKIN).spawn(3)
    base = base_colour(traits)
    pigments = spread_pigments(traits, pigments_random)
    lines = _lines(traits, manner, relief_random)
    shade = np.minimum(lines.cavity, 3)
    pigments.melanin[:] += 0.09 * shade
    pigments.blood[:] += 0.03 * shade + 0.5 * eye_region()
    albedo = colour_skin(base, pigments)
    density = _beard_map(rig, traits)
    blush(albedo, traits)
    shade_lids(albedo, traits)
    brows = shade_brows(albedo, traits)
    hairs = _shaved(traits, relief_random)
    if hairs > 0:
        shade_beard(albedo, density, hairs, traits, relief_random)
    np.clip(albedo, 0.003, 0.97, out=albedo)
    relief = lines.height * np.float32(GROOVE) + _grain(traits, relief_random)
    gloss = _gloss(traits, relief_random, matt=np.maximum(brows, density * min(2 * hairs, 1)))
    return SkinMaps(albedo, slope_of(relief, SIZE), gloss, _tint(rig, traits, base, tint_random))


def _lines(traits: Traits, manner: Manner, random: np.random.Generator) -> Pen:
    """Return the lines of the resting face."""
    pen = Pen(random, SIZE, strength=traits.furrows**0.5 * float(np.exp(random.normal(0, 0.15))))
    settle(pen, habits_of(traits), traits.static_wrinkles)
    if manner.pebbles or manner.crease:
        chin = Pen(traits.random(Part.MANNER).spawn(1)[0], SIZE)
        rest_chin(chin, manner.pebbles, manner.crease)
        pen.height += chin.height
        pen.cavity += chin.cavity
    return pen


def _grain(traits: Traits, random: np.random.Generator) -> Float32:
    """Return (SIZE, SIZE), decimetres: pores and the unevenness of skin."""
    grains = random.standard_normal((SIZE, SIZE), dtype=np.float32)
    pores = np.asarray(cv2.GaussianBlur(grains, (0, 0), 1.2), np.float32)
    pores *= np.float32(1 / pores.std())
    np.minimum(pores, 0.7, out=pores)
    coarse = 0.75 + 0.5 * np.clip((traits.age - 25) / 45, 0, 1) + 0.25 * traits.blemishes
    smooth = 1 - 0.4 * traits.makeup.foundation
    where = 0.45 + 0.7 * mound(SIZE, (0, 7.0), (0.2, 0.2)) + 0.4 * mound(SIZE, (0, 7.7), (0.35, 0.15))
    where += 0.4 * mound(SIZE, (0.30, 7.0), (0.12, 0.12))
    for side in (1, -1):
        add_mound(where, (side * 0.25, 7.29), (0.11, 0.07), -0.3)
    pores *= where
    pores *= np.float32(0.00035 * coarse * smooth)
    pores += np.float32(0.00042 * coarse) * fractal(random, 60, 3, SIZE)
    return pores


def _gloss(traits: Traits, random: np.random.Generator, matt: Float32) -> Float32:
    """Return the shine: more on forehead and nose with ``traits.oil``, on lips and lid rims; no more on dark skin."""
    zone = 0.5 * mound(SIZE, (0, 7.0), (0.13, 0.25)) + 0.4 * mound(SIZE, (0, 7.7), (0.36, 0.14))
    zone += 0.2 * mound(SIZE, (0.34, 7.06), (0.10, 0.07)) + 0.15 * mound(SIZE, (0, 6.3), (0.1, 0.06))
    gloss = np.float32(0.68 + 0.35 * traits.oil) + np.float32(0.25 + 1.0 * traits.oil) * zone
    gloss += np.float32(0.12) * fractal(random, 24, 4, SIZE)
    gloss *= np.float32((1 - 0.3 * traits.makeup.foundation) * (1 - 0.25 * darkness(traits)))
    lips = lips_region()
    gloss += lips * (np.float32(1.25 + 0.5 * traits.makeup.lipstick) - gloss) * 0.8
    gloss += 0.7 * eye_region()
    gloss *= 1 - 0.85 * matt
    return np.clip(gloss, 0.05, 2.5, out=gloss)


def _shaved(traits: Traits, random: np.random.Generator) -> float:
    """Return how strongly hair roots show where a beard grows, 0-1."""
    if traits.beard != "none":
        return _BEARD_SHADE[traits.beard]
    shadow = float(random.beta(1.2, 2.2)) * 0.42
    return shadow if traits.male >= 0.5 else 0.0


def _beard_map(rig: Rig, traits: Traits) -> Float32:
    """Return (SIZE, SIZE), where this person's beard grows, or would if shaved off."""
    grown = traits if traits.beard != "none" else dataclasses.replace(traits, beard="stubble")
    density = beard_density(rig, grown, surface_of(rig, rig.base)).astype(np.float32)
    small = cv2.GaussianBlur(density[_nearest_vertex(rig)], (0, 0), 1.0)
    return np.asarray(cv2.resize(small, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR), np.float32)


@lru_cache(maxsize=2)
def _nearest_vertex(rig: Rig) -> NDArray[np.int64]:
    """Return (_COARSE, _COARSE): the outer skin vertex nearest to each texel of a coarse chart."""
    outer = np.flatnonzero((rig.vertex_part == SKIN) & (rig.masks["inside-mouth"] < 0.1) & (rig.masks["ears"] < 0.5))
    u, v = axes(_COARSE)
    places = np.stack(np.meshgrid(u, v), -1).reshape(-1, 2)
    return np.asarray(outer[cKDTree(rig.chart[outer]).query(places)[1]].reshape(_COARSE, _COARSE), np.int64)


@lru_cache(maxsize=2)
def _nostrils(rig: Rig) -> Float32:
    """Return (V,), 1 inside the nostrils: skin at the base of the nose that looks down or inwards."""
    u, v = rig.chart.T
    inwards = -vertex_normals(rig.fine_base, skin_triangles(rig))[:, 1]
    near = np.exp(-np.square((np.abs(u) - 0.062) / 0.022) - np.square((v - 6.862) / 0.022))
    return np.asarray(near * np.clip((inwards + 0.1) / 0.7, 0, 1) * (rig.fine_base[:, 2] > 1.3), np.float32)


def _tint(rig: Rig, traits: Traits, base: NDArray[np.float64], random: np.random.Generator) -> Float32:
    dark = darkness(traits)
    tint = np.ones((len(rig.chart), 3), np.float32)
    skin = rig.vertex_part == SKIN
    u, v = rig.chart.T

    def mix(amount: NDArray[np.floating], colour: NDArray[np.floating]) -> None:
        tint[:] += (np.where(skin, amount, 0)[:, None] * (colour / base - tint)).astype(np.float32)

    ears = rig.masks["ears"][:, None] * (0.15 + 0.35 * traits.redness) * (1 - 0.6 * dark)
    tint *= 1 - (skin[:, None] * ears * np.array([0.05, 0.6, 0.5])).astype(np.float32)
    red = lip_colour(traits, base, random)
    lips = np.clip(rig.masks["lips"] * 1.1, 0, 1) ** 0.8
    mix(lips, red)
    rim = (
        4 * lips * (1 - lips) * (random.uniform(0, 0.25) + 0.35 * dark * random.random()) * (1 - traits.makeup.lipstick)
    )
    pale = np.where(v < 6.61, 1 + dark * random.uniform(0, 0.35) * (1 - traits.makeup.lipstick), 1.0) - 1
    tint *= (1 - rim * skin + lips * pale * skin)[:, None].astype(np.float32)
    mix(np.clip(rig.masks["inside-mouth"], 0, 1), np.array(_MOUTH) * (1 - 0.25 * dark))
    mix(0.85 * _nostrils(rig), base * np.array([0.16, 0.09, 0.08]))
    shade = _SCALP_SHADE.get(traits.hair, _FULL_HAIR)
    grown = scalp_cover(u, v, traits) * np.clip(1 - 4 * rig.masks["ears"], 0, 1)
    mix(shade * grown, root_colour(traits))
    return tint
