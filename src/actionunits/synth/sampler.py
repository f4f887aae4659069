"""Expressions: which action units show together, how strongly, and on which side.

Four sources, in shares set by the preset: nothing; one AU; a prototype of the emotion literature; a Gaussian copula
whose correlations follow the anatomy and the co-occurrence notes of FACS. Opposing AUs never show together.

The copula's marginals are fitted once per preset, with a fixed seed, so that expressions of all sources together have
the preset's rates after the exclusions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from actionunits.facs import FACS
from actionunits.synth.presets import AUS, MAX_LEVEL, Preset

Float64 = NDArray[np.float64]
Booleans = NDArray[np.bool_]

PLACE: Mapping[int, int] = MappingProxyType({au: place for place, au in enumerate(AUS)})

EXCLUSIONS: tuple[tuple[int, int], ...] = (
    (5, 43), (43, 45),  # lids up, lids down
    (12, 13), (12, 18), (12, 22), (13, 15), (13, 18), (13, 22), (18, 20), (20, 22),  # corners apart, corners together
    (24, 25), (24, 26), (24, 27), (22, 24), (16, 24), (23, 27), (17, 27),  # lips pressed or chin raised, mouth open
    (25, 28), (26, 28), (27, 28), (18, 28), (22, 28), (16, 28), (24, 28), (23, 28),  # lips rolled in, anything else
    (25, 34), (26, 34), (27, 34), (16, 34), (20, 34), (22, 34), (28, 34),  # cheeks hold air only behind shut lips
    (26, 27),  # two degrees of one movement
    (27, 29), (27, 30), (29, 30),  # one jaw, one way
)  # fmt: skip
"""Pairs of AUs that never show in the same frame."""

CORRELATIONS: Mapping[tuple[int, int], float] = MappingProxyType(
    {
        (1, 2): 0.65, (1, 4): 0.25, (1, 5): 0.30, (2, 5): 0.40, (1, 15): 0.20, (2, 4): -0.15,
        (4, 7): 0.35, (4, 9): 0.35, (4, 12): -0.20, (4, 17): 0.20, (5, 7): -0.30, (5, 43): -0.50, (5, 26): 0.20,
        (6, 7): 0.40, (6, 10): 0.25, (6, 12): 0.65, (7, 9): 0.25, (7, 12): 0.30, (9, 10): 0.40, (9, 17): 0.25,
        (10, 11): 0.30, (10, 12): 0.25, (10, 17): 0.15, (10, 25): 0.25, (11, 12): 0.15, (12, 14): 0.15,
        (12, 15): -0.40, (12, 17): -0.20, (12, 18): -0.35, (12, 22): -0.35, (12, 25): 0.35, (12, 26): 0.15,
        (14, 17): 0.20, (14, 24): 0.15, (15, 17): 0.50, (16, 25): 0.35, (17, 23): 0.30, (17, 24): 0.45,
        (17, 25): -0.20, (17, 26): -0.25, (18, 20): -0.35, (18, 23): 0.20, (20, 25): 0.20, (20, 26): 0.20,
        (22, 25): 0.30, (23, 24): 0.45, (23, 25): -0.30, (24, 25): -0.45, (24, 26): -0.40, (25, 26): 0.45,
        (25, 27): 0.20, (25, 28): -0.30, (26, 28): -0.25, (25, 34): -0.25, (7, 43): 0.15, (26, 30): 0.15,
    }
)  # fmt: skip
"""Correlations of the latent normals, before repair: this project's reading of FACS, not an estimate from data."""


@dataclass(frozen=True, slots=True)
class Prototype:
    """A configuration that the literature on emotion names.

    Attributes:
        name: emotion and variant.
        core: level (0-5) per AU at strong expression; each is left out now and then.
        extra: levels of AUs that may join.
        one_sided: AUs that show on one side, all on the same.
        weight: how often it is drawn, relative to the others.
    """

    name: str
    core: Mapping[int, float]
    extra: Mapping[int, float] = field(default_factory=dict)
    one_sided: frozenset[int] = frozenset()
    weight: float = 1.0


PROTOTYPES: tuple[Prototype, ...] = (
    Prototype("happiness", {6: 4, 12: 4}, {7: 2, 25: 3}, weight=2),
    Prototype("happiness, laughing", {6: 4, 12: 5, 25: 4, 26: 3}, {7: 3, 10: 2}),
    Prototype("social smile", {12: 3}, {25: 2}, weight=1.5),
    Prototype("surprise", {1: 4, 2: 4, 5: 3, 26: 3}, {25: 3}),
    Prototype("surprise, mouth stretched", {1: 5, 2: 5, 5: 4, 27: 3}, {25: 4}, weight=0.5),
    Prototype("interest", {1: 2, 2: 2}, {5: 1.5}),
    Prototype("sadness", {1: 3.5, 4: 3, 15: 3}, {17: 3, 11: 2}),
    Prototype("sadness, crying", {1: 3, 4: 3, 6: 3, 15: 3, 17: 3}, {25: 2, 43: 2}, weight=0.5),
    Prototype("fear", {1: 4, 2: 3, 4: 3, 5: 4, 7: 2, 20: 3, 26: 3}, {25: 3}),
    Prototype("anger, lips tight", {4: 4, 5: 3, 7: 3, 23: 3}, {17: 2}),
    Prototype("anger, lips pressed", {4: 4, 7: 3, 17: 3, 24: 3}, {5: 2, 23: 2}),
    Prototype("anger, shouting", {4: 4, 5: 3, 7: 3, 10: 3, 22: 2, 25: 3, 26: 3}, {23: 2}, weight=0.5),
    Prototype("disgust, nose", {9: 4, 17: 2}, {4: 2, 7: 2, 15: 2}),
    Prototype("disgust, lower lip", {9: 4, 15: 3, 16: 3}, {10: 2, 25: 3}),
    Prototype("disgust, upper lip", {10: 4, 17: 3}, {7: 2, 15: 2}),
    Prototype("disgust, mouth open", {10: 4, 16: 3, 25: 3}, {9: 2, 26: 2}, weight=0.5),
    Prototype("contempt", {14: 4}, one_sided=frozenset({14})),
    Prototype("contempt, sneering smile", {12: 2.5, 14: 4}, one_sided=frozenset({12, 14})),
    Prototype("pain", {4: 4, 6: 4, 7: 4, 9: 3, 43: 4}, {25: 2, 20: 2}),
    Prototype("pain, upper lip", {4: 4, 6: 3, 7: 4, 10: 3, 43: 4}, {25: 3, 26: 2}, weight=0.5),
    Prototype("embarrassment", {12: 3, 24: 3}, {6: 2, 14: 2, 17: 2}),
    Prototype("doubt", {14: 2, 17: 3}, {1: 2, 2: 2, 15: 2}),
    Prototype("concentration", {4: 3, 7: 2}, {23: 2, 24: 2, 17: 2}),
    Prototype("puffing", {34: 4}, {1: 2, 2: 2, 24: 2}, weight=0.3),
)
"""Prototypes after the EMFACS tables and what later work added (pain, embarrassment)."""

_PROTOTYPE_ENDS = np.cumsum([prototype.weight for prototype in PROTOTYPES])
_KEEP_CORE, _KEEP_EXTRA = 0.93, 0.4
_STRONG = 3.5  # the grade at which a prototype's levels are as its table says
_WITHIN_GRADE = 0.4  # a grade's levels reach this far to both sides of its number
_FAINTEST = 0.6
_ALWAYS_ONE_SIDED = frozenset({30})
_NEVER_ONE_SIDED = frozenset({43})  # one closed eye is a wink, 46
_ONE_SIDED_ALONE, _ONE_SIDED_AMONG = 0.25, 0.04
_ASYMMETRY, _MOST_ASYMMETRY = 0.07, 0.35  # share of the level that the weaker side lacks
_FIT_SEED, _FIT_DRAWS, _FIT_STEPS = 20, 16384, 15
_REPAIR = 0.02  # the least eigenvalue of the repaired correlation matrix


def opponents(au: int) -> frozenset[int]:
    """Return the AUs that never show in the same frame as this one."""
    return frozenset(other for pair in EXCLUSIONS if au in pair for other in pair if other != au)


@lru_cache(maxsize=1)
def correlation_matrix() -> Float64:
    """Return the copula's correlations after repair, (28, 28) in the order of :data:`AUS`, positive definite."""
    matrix = np.eye(len(AUS))
    for (one, other), value in CORRELATIONS.items():
        matrix[PLACE[one], PLACE[other]] = matrix[PLACE[other], PLACE[one]] = value
    values, vectors = np.linalg.eigh(matrix)
    repaired = (vectors * np.maximum(values, _REPAIR)) @ vectors.T
    scale = 1 / np.sqrt(np.diag(repaired))
    repaired = repaired * scale[:, None] * scale
    repaired = np.asarray((repaired + repaired.T) / 2, dtype=np.float64)
    repaired.setflags(write=False)
    return repaired


def draw_expression(random: np.random.Generator, preset: Preset) -> dict[int, tuple[float, float]]:
    """Draw what a face shows at one apex.

    Args:
        random: where chance comes from.
        preset: how often and how strongly.

    Returns:
        AU number to its level (left, right), the person's own sides, 0-5; AUs that do not show are absent. No pair of
        :data:`EXCLUSIONS` shows together; sides differ only in AUs that FACS lets differ.
    """
    chance = random.random()
    if chance < preset.neutral:
        return {}
    if chance < preset.neutral + preset.single:
        return _draw_single(random, preset)
    if chance < preset.neutral + preset.single + preset.prototype:
        return _draw_prototype(random, preset)
    return _draw_copula(random, preset)


def _draw_single(random: np.random.Generator, preset: Preset) -> dict[int, tuple[float, float]]:
    au = AUS[int(random.integers(len(AUS)))]
    return {au: _sides(random, au, _draw_level(random, preset), random.random() < _ONE_SIDED_ALONE)}


def _draw_prototype(random: np.random.Generator, preset: Preset) -> dict[int, tuple[float, float]]:
    place = np.searchsorted(_PROTOTYPE_ENDS, random.random() * _PROTOTYPE_ENDS[-1], side="right")
    prototype = PROTOTYPES[int(place)]
    strength = _draw_level(random, preset) / _STRONG
    left_side = bool(random.random() < 0.5)
    drawn: dict[int, tuple[float, float]] = {}
    for members, keep in ((prototype.core, _KEEP_CORE), (prototype.extra, _KEEP_EXTRA)):
        for au, full in members.items():
            if random.random() < keep:
                level = float(np.clip(full * strength * random.uniform(0.75, 1.25), _FAINTEST, MAX_LEVEL))
                drawn[au] = _sides(random, au, level, au in prototype.one_sided, left_side)
    return drawn


def _draw_copula(random: np.random.Generator, preset: Preset) -> dict[int, tuple[float, float]]:
    bars = _bars(preset)
    latent = _root() @ random.standard_normal(len(AUS))
    shows = settle((latent > bars)[None], random)[0]
    weakest_first = np.cumsum(preset.intensities)
    drawn: dict[int, tuple[float, float]] = {}
    for place in np.flatnonzero(shows):
        depth = 1 - ndtr(-latent[place]) / ndtr(-bars[place])  # uniform on 0-1, near 1 for the strongest
        grade = 1 + min(int(np.searchsorted(weakest_first, depth, side="right")), 4)
        one_sided = random.random() < _ONE_SIDED_AMONG
        drawn[AUS[place]] = _sides(random, AUS[place], _level(random, grade), one_sided)
    return drawn


def settle(shows: Booleans, random: np.random.Generator) -> Booleans:
    """Return ``shows`` (n, 28), n sets of AUs, without opposing pairs: of each pair one, drawn at random, gives way."""
    settled = shows.copy()
    for one, other in _PAIRS:
        clash = settled[:, one] & settled[:, other]
        if clash.any():
            first_loses = random.random(len(clash)) < 0.5
            settled[:, one] &= ~(clash & first_loses)
            settled[:, other] &= ~(clash & ~first_loses)
    return settled


_PAIRS = tuple((PLACE[one], PLACE[other]) for one, other in EXCLUSIONS if one in PLACE and other in PLACE)


def _draw_level(random: np.random.Generator, preset: Preset) -> float:
    grade = 1 + min(int(np.searchsorted(np.cumsum(preset.intensities), random.random(), side="right")), 4)
    return _level(random, grade)


def _level(random: np.random.Generator, grade: int) -> float:
    return min(grade + random.uniform(-_WITHIN_GRADE, _WITHIN_GRADE), MAX_LEVEL)


def _sides(
    random: np.random.Generator, au: int, level: float, one_sided: bool, left_side: bool | None = None
) -> tuple[float, float]:
    """The stronger side has the level; the other a little less, or nothing."""
    if not FACS[au].sided:
        return level, level
    alone = au in _ALWAYS_ONE_SIDED or (one_sided and au not in _NEVER_ONE_SIDED)
    lack = min(abs(random.normal(0, _ASYMMETRY)), _MOST_ASYMMETRY)
    weaker = 0.0 if alone else level * (1 - lack)
    stronger_left = bool(random.random() < 0.5) if left_side is None else left_side
    return (level, weaker) if stronger_left else (weaker, level)


@lru_cache(maxsize=1)
def _root() -> Float64:
    return np.asarray(np.linalg.cholesky(correlation_matrix()), dtype=np.float64)


@lru_cache(maxsize=32)
def _bars(preset: Preset) -> Float64:
    """Latent value above which each AU shows in the copula, (28,): fitted so that the rates are met."""
    random = np.random.default_rng(_FIT_SEED)
    latent = random.standard_normal((_FIT_DRAWS, len(AUS))) @ _root().T
    counted = _counted(preset)
    wanted = np.array([preset.rates[au] for au in AUS]) - preset.prototype * _prototype_rates(random, preset)
    wanted = (wanted - preset.single * counted / len(AUS)) / max(preset.copula * counted, 1e-9)
    wanted = np.clip(wanted, 1e-4, 0.97)
    raw = wanted.copy()
    for _ in range(_FIT_STEPS):
        shares = settle(latent > ndtri(1 - raw), random).mean(axis=0)
        raw = np.clip(raw * wanted / np.maximum(shares, 1 / _FIT_DRAWS), 1e-4, 0.985)
    bars: Float64 = ndtri(1 - raw)
    return bars


def _counted(preset: Preset) -> float:
    """Share of drawn levels that reach the preset's threshold."""
    grades = np.arange(1, 6)
    above = np.clip((grades + _WITHIN_GRADE - preset.threshold) / (2 * _WITHIN_GRADE), 0, 1)
    return float(above @ np.array(preset.intensities))


def _prototype_rates(random: np.random.Generator, preset: Preset) -> Float64:
    draws = _FIT_DRAWS // 4
    present = np.zeros(len(AUS))
    for _ in range(draws):
        for au, levels in _draw_prototype(random, preset).items():
            present[PLACE[au]] += max(levels) >= preset.threshold
    return present / draws
