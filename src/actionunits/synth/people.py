"""Drawing people from a seed.

Subjects of one seed are balanced: their cells of skin tone x gender x age band are dealt like a shuffled deck. Every
48 subjects have each cell once, and every 24 have each tone, gender and age band equally often.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple, TypeVar

import numpy as np

from actionunits.errors import UsageError
from actionunits.synth.traits import AGE_BANDS, TONES, Beard, Fringe, Hair, MakeUp, Part, Parting, Rest, Rgb, Traits

CELLS = tuple(product(range(TONES), (0, 1), range(len(AGE_BANDS))))  # (tone band, gender, age band)
T = TypeVar("T")

_WOMENS_CAPS = (0.89, 0.03, 0.03, 0.05)  # none, baseball, beanie, scarf
_HAIR_COLOURS: dict[str, Rgb] = {
    "black": (0.012, 0.010, 0.009),
    "dark brown": (0.035, 0.020, 0.012),
    "brown": (0.080, 0.045, 0.025),
    "light brown": (0.16, 0.095, 0.05),
    "blond": (0.36, 0.25, 0.13),
    "red": (0.16, 0.05, 0.02),
    "grey": (0.30, 0.29, 0.28),
}
_IRISES: dict[str, Rgb] = {
    "dark brown": (0.05, 0.022, 0.009),
    "brown": (0.10, 0.045, 0.015),
    "hazel": (0.16, 0.11, 0.04),
    "green": (0.12, 0.16, 0.07),
    "grey": (0.20, 0.24, 0.26),
    "blue": (0.13, 0.21, 0.32),
}
_LIPSTICKS: tuple[Rgb, ...] = ((0.45, 0.03, 0.05), (0.50, 0.12, 0.14), (0.30, 0.02, 0.06), (0.55, 0.20, 0.18))
_SHADOWS: tuple[Rgb, ...] = ((0.10, 0.06, 0.04), (0.05, 0.07, 0.15), (0.25, 0.12, 0.10), (0.06, 0.05, 0.05))


def deal(seed: int, index: int) -> tuple[int, int, int]:
    """Return the cell (tone band, gender, age band) of one subject: the decks of a seed, one after the other.

    The two halves of a deck are the cells with an even and an odd sum, so that each half is balanced by itself.
    """
    deck, place = divmod(index, len(CELLS))
    half = len(CELLS) // 2
    r = np.random.default_rng([seed, deck, 0x0DEC])
    parity = (int(r.integers(2)) + place // half) % 2
    cells = [cell for cell in CELLS if sum(cell) % 2 == parity]
    orders = r.permutation(half), r.permutation(half)
    return cells[int(orders[place // half][place % half])]


def draw_traits(seed: int, index: int) -> Traits:
    """Draw one subject.

    Args:
        seed: of the set, not negative.
        index: the subject's number, 0, 1, ...

    Raises:
        UsageError: a negative seed or index.
    """
    if seed < 0 or index < 0:
        raise UsageError(
            f"seed={seed}, index={index}", "subjects are numbered from 0", "Use numbers that are not negative"
        )
    tone_band, gender, age_band = deal(seed, index)
    r = np.random.default_rng([seed, index, int(Part.TRAITS)])
    male = float(np.clip(gender + r.normal(0, 0.12), 0.5 * gender, 0.49 + 0.51 * gender))
    age = float(r.uniform(*AGE_BANDS[age_band]))
    tone = tone_band + float(r.random())
    hair = _draw_hair(r, gender, age, tone)
    wears_makeup = r.random() < (0.05 if gender else 0.5)
    return Traits(
        seed=seed,
        index=index,
        name=f"S{index + 1:04d}",
        male=male,
        age=age,
        ethnicity=_draw_ethnicity(r, tone),
        muscle=float(r.uniform(0.35, 0.75)),
        weight=float(np.clip(r.normal(0.5, 0.2), 0.05, 0.98)),
        tone=tone,
        undertone=float(np.clip(r.normal(0, 0.45), -1, 1)),
        redness=float(r.beta(1.6, 2.2)),
        freckles=float(r.beta(1.2, 2) if tone < 3 and r.random() < 0.25 else 0),
        moles=int(r.integers(0, 12)),
        blemishes=float(r.beta(1.3, 3)),
        oil=float(r.beta(2, 2)),
        furrows=float(np.clip(0.75 + 0.011 * (age - 18) + r.normal(0, 0.15), 0.6, 1.8)),
        static_wrinkles=float(np.clip((age - 32) / 48 + r.normal(0, 0.12), 0, 1)),
        makeup=_draw_makeup(r, wears_makeup),
        beard=_draw_beard(r, gender),
        beard_length=float(r.random()),
        iris_rgb=_draw_iris(r, tone),
        pupil=float(r.uniform(0.27, 0.55)),
        sclera=float(np.clip(r.beta(1.5, 3) + 0.004 * (age - 40), 0, 1)),
        brow_thickness=float(np.clip(r.normal(1.15 if gender else 0.92, 0.22), 0.6, 1.6)),
        brow_density=float(np.clip(r.normal(0.95 if gender else 0.8, 0.25), 0.3, 1.3)),
        brow_arch=float(np.clip(r.normal(-0.1 if gender else 0.15, 0.5), -1, 1)),
        lashes=float(np.clip(r.normal(0.8 if gender else 1.0, 0.2) + 0.3 * wears_makeup, 0.4, 1.5)),
        tooth_rgb=_draw_teeth(r, age),
        tooth_gap=float(r.beta(1, 4)),
        hair=hair.family,
        hair_rgb=hair.rgb,
        grey=hair.grey,
        hair_length=hair.length,
        hair_curl=hair.curl,
        parting=hair.parting,
        fringe=hair.fringe,
        glasses=_choice(r, ("none", "thin", "full", "rimless", "sun"), (0.76, 0.09, 0.09, 0.045, 0.015)),
        cap=_choice(r, ("none", "baseball", "beanie", "scarf"), (0.89, 0.06, 0.05, 0.0) if gender else _WOMENS_CAPS),
        clothes_rgb=_draw_cloth(r),
        rest=_draw_rest(r),
    )


def _choice(r: np.random.Generator, names: Sequence[T], chances: Sequence[float]) -> T:
    return names[int(r.choice(len(names), p=np.array(chances) / sum(chances)))]


def _rgb(values: np.ndarray) -> Rgb:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def _draw_ethnicity(r: np.random.Generator, tone: float) -> tuple[float, float, float]:
    dark = np.clip(tone / 6, 0, 1)
    share = r.dirichlet((0.15 + 0.9 * dark, 0.25 + 1.2 * dark * (1 - dark), 0.75 - 0.55 * dark))
    return _rgb(share)


def _draw_makeup(r: np.random.Generator, wears: bool) -> MakeUp:
    much = float(r.beta(1.5, 1.5)) if wears else 0.0
    return MakeUp(
        lipstick=much * float(r.random() < 0.7),
        lipstick_rgb=_rgb(np.array(_LIPSTICKS[int(r.integers(len(_LIPSTICKS)))]) * r.uniform(0.7, 1.2)),
        shadow=much * float(r.uniform(0, 1)),
        shadow_rgb=_rgb(np.array(_SHADOWS[int(r.integers(len(_SHADOWS)))]) * r.uniform(0.7, 1.3)),
        liner=much * float(r.random() < 0.6),
        mascara=much,
        blush=much * float(r.uniform(0, 0.8)),
        foundation=much * float(r.uniform(0, 0.8)),
    )


def _draw_beard(r: np.random.Generator, gender: int) -> Beard:
    if not gender:
        return "none"
    beard: Beard = _choice(r, ("none", "stubble", "moustache", "goatee", "full"), (0.42, 0.25, 0.07, 0.09, 0.17))
    return beard


def _draw_iris(r: np.random.Generator, tone: float) -> Rgb:
    chances = (0.14, 0.2, 0.16, 0.14, 0.14, 0.22) if tone < 2 else (0.45, 0.4, 0.12, 0.01, 0.01, 0.01)
    return _rgb(np.array(_IRISES[_choice(r, tuple(_IRISES), chances)]) * r.uniform(0.75, 1.3))


def _draw_teeth(r: np.random.Generator, age: float) -> Rgb:
    yellow = np.clip(r.beta(1.5, 3) + 0.003 * (age - 30), 0, 1)
    return _rgb(np.array([0.84, 0.80 - 0.06 * yellow, 0.72 - 0.20 * yellow]) * r.uniform(0.85, 1.08))


class _HairDrawn(NamedTuple):
    family: Hair
    rgb: Rgb
    grey: float
    length: float
    curl: float
    parting: Parting
    fringe: Fringe


def _draw_hair(r: np.random.Generator, gender: int, age: float, tone: float) -> _HairDrawn:
    families: tuple[Hair, ...]
    chances: tuple[float, ...]
    if gender:
        families = ("bald", "balding", "buzz", "short", "medium", "long", "tied", "afro", "curly")
        old = float(age > 40)
        tight = float(tone > 4)
        chances = (
            0.07 + 0.05 * old, 0.02 + 0.16 * old, 0.13 + 0.12 * tight, 0.34 - 0.12 * tight, 0.16 - 0.08 * tight,
            0.05, 0.04, 0.02 + 0.22 * tight, 0.09,
        )  # fmt: skip
    else:
        families = ("bald", "buzz", "short", "medium", "bob", "long", "tied", "afro", "curly")
        tight = float(tone > 4)
        chances = (
            0.015, 0.025 + 0.05 * tight, 0.11, 0.13, 0.16 - 0.04 * tight, 0.26 - 0.08 * tight, 0.18,
            0.02 + 0.22 * tight, 0.10,
        )  # fmt: skip
    colours = (
        (0.10, 0.2, 0.24, 0.18, 0.2, 0.08, 0.0)
        if tone < 2
        else (0.45, 0.35, 0.15, 0.04, 0.0, 0.01, 0.0)
        if tone < 4
        else (0.85, 0.13, 0.02, 0.0, 0.0, 0.0, 0.0)
    )
    grey = float(np.clip((age - 38) / 32 + r.normal(0, 0.25), 0, 1)) if age > 35 else 0.0
    family: Hair = _choice(r, families, chances)
    straight = family in ("medium", "bob", "long", "short")
    colour = np.array(_HAIR_COLOURS[_choice(r, tuple(_HAIR_COLOURS), colours)]) * r.uniform(0.75, 1.3)
    length = float(r.random())
    curl = float(r.beta(1.2, 2.5)) if straight else float(r.beta(2, 1.5))
    parting: Parting = "none"
    fringe: Fringe = "none"
    if straight:
        parting = _choice(r, ("none", "left", "right", "middle"), (0.3, 0.25, 0.2, 0.25))
        fringe = _choice(r, ("none", "swept", "straight", "long"), (0.5, 0.25, 0.15, 0.1))
    return _HairDrawn(family, _rgb(colour), grey, length, curl, parting, fringe)


def _draw_cloth(r: np.random.Generator) -> Rgb:
    colour = r.uniform(0.01, 0.6, 3) * r.uniform(0.2, 1)
    grey = 0.8 * float(r.beta(2.5, 1.2))  # most clothes are dull
    return _rgb(colour * (1 - grey) + colour.mean() * grey)


def _draw_rest(r: np.random.Generator) -> Rest:
    def spread(size: float = 0.5) -> float:
        return float(np.clip(r.normal(0, size), -1, 1))

    return Rest(
        brow_height=spread(),
        brow_slant=spread(),
        brow_distance=spread(),
        lip_fullness=spread(0.55),
        lip_press=float(r.beta(1, 2.5)),
        lip_corners=spread(),
        mouth_width=spread(),
        chin=spread(),
        lid=spread(),
        lower_lid=spread(),
        nose_length=spread(),
    )
