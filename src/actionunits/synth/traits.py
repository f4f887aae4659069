"""Who a synthetic subject is: everything that differs between people, before anything is built."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

import numpy as np

AGE_BANDS = ((18.0, 30.0), (30.0, 45.0), (45.0, 60.0), (60.0, 80.0))
TONES = 6  # bands of skin tone, lightest first (about Fitzpatrick I-VI)

Beard = Literal["none", "stubble", "moustache", "goatee", "full"]
Hair = Literal["bald", "balding", "buzz", "short", "medium", "bob", "long", "tied", "afro", "curly"]
Parting = Literal["none", "left", "right", "middle"]
Fringe = Literal["none", "swept", "straight", "long"]  # "straight" reaches the brows, "long" covers them
Glasses = Literal["none", "thin", "full", "rimless", "sun"]
Cap = Literal["none", "baseball", "beanie", "scarf"]
Rgb = tuple[float, float, float]


class Part(IntEnum):
    """Streams of random numbers: each part of a subject has its own, so that changing one leaves the others alone."""

    TRAITS = 0
    SHAPE = 1
    SKIN = 2
    WRINKLES = 3
    HAIR = 4
    BROWS = 5
    BEARD = 6
    LASHES = 7
    WEARING = 8
    EYES = 9
    TEETH = 10
    EXPRESSIVENESS = 11
    MANNER = 12


@dataclass(frozen=True, slots=True)
class Rest:
    """Resting positions that people differ in and that a reader could take for action units; 0 is the average.

    Attributes:
        brow_height: about -1 (low, over the eyes) to 1 (high).
        brow_slant: -1 (inner ends low) to 1 (inner ends high).
        brow_distance: -1 (brows nearly meet) to 1 (wide apart).
        lip_fullness: -1 (thin) to 1 (full).
        lip_press: 0 (relaxed) to 1 (pressed together at rest).
        lip_corners: -1 (drooping) to 1 (lifted).
        mouth_width: -1 to 1.
        chin: -1 (flat, receding) to 1 (prominent, bossed).
        lid: -1 (heavy, drooping lids) to 1 (wide open).
        lower_lid: -1 (slack, white shows) to 1 (raised).
        nose_length: -1 (short, nostrils show) to 1 (long).
    """

    brow_height: float
    brow_slant: float
    brow_distance: float
    lip_fullness: float
    lip_press: float
    lip_corners: float
    mouth_width: float
    chin: float
    lid: float
    lower_lid: float
    nose_length: float


@dataclass(frozen=True, slots=True)
class MakeUp:
    """Make-up; strengths 0 (none) to 1. Colours are linear RGB."""

    lipstick: float
    lipstick_rgb: Rgb
    shadow: float
    shadow_rgb: Rgb
    liner: float
    mascara: float
    blush: float
    foundation: float


@dataclass(frozen=True, slots=True)
class Traits:
    """One subject.

    Attributes:
        seed: the set's seed.
        index: the subject's number in the set, 0, 1, ...
        name: ``S0001`` for index 0.
        male: 0 (feminine) to 1 (masculine).
        age: years.
        ethnicity: weights of the rig's (African, Asian, Caucasian) shapes, sum 1. Shape only: skin tone is its own.
        muscle: 0-1.
        weight: 0-1, how heavy.
        tone: skin tone, 0 (lightest) to 6 (darkest).
        undertone: -1 (cool, pink) to 1 (warm, olive).
        redness: 0-1, how flushed cheeks, nose and chin are.
        freckles: 0-1.
        moles: how many.
        blemishes: 0-1, uneven and spotty skin.
        oil: 0-1, how much the skin shines.
        furrows: gain of every wrinkle, about 0.6 (smooth) to 1.8 (deeply lined).
        static_wrinkles: 0-1, lines that show at rest.
        makeup: make-up.
        beard: style.
        beard_length: 0-1.
        iris_rgb: linear RGB.
        pupil: radius as a share of the iris, 0.25-0.6.
        sclera: 0 (white) to 1 (yellowish or red-veined).
        brow_thickness: 0.6-1.6.
        brow_density: 0.3-1.3.
        brow_arch: -1 (straight) to 1 (arched).
        lashes: 0.4-1.5, length and density.
        tooth_rgb: linear RGB of the enamel.
        tooth_gap: 0-1, the gap between the upper front teeth and between all teeth.
        hair: family.
        hair_rgb: linear RGB.
        grey: 0-1, share of grey strands.
        hair_length: 0-1 within its family.
        hair_curl: 0-1.
        parting: parting.
        fringe: fringe.
        glasses: style.
        cap: headgear.
        clothes_rgb: linear RGB.
        rest: resting positions.
    """

    seed: int
    index: int
    name: str
    male: float
    age: float
    ethnicity: tuple[float, float, float]
    muscle: float
    weight: float
    tone: float
    undertone: float
    redness: float
    freckles: float
    moles: int
    blemishes: float
    oil: float
    furrows: float
    static_wrinkles: float
    makeup: MakeUp
    beard: Beard
    beard_length: float
    iris_rgb: Rgb
    pupil: float
    sclera: float
    brow_thickness: float
    brow_density: float
    brow_arch: float
    lashes: float
    tooth_rgb: Rgb
    tooth_gap: float
    hair: Hair
    hair_rgb: Rgb
    grey: float
    hair_length: float
    hair_curl: float
    parting: Parting
    fringe: Fringe
    glasses: Glasses
    cap: Cap
    clothes_rgb: Rgb
    rest: Rest

    @property
    def gender(self) -> str:
        """``"female"`` or ``"male"``, the side of the gender axis that the subject was dealt."""
        return "male" if self.male >= 0.5 else "female"

    @property
    def tone_band(self) -> int:
        """Skin tone as a band, 1 (lightest) to 6 (darkest)."""
        return min(int(self.tone), TONES - 1) + 1

    @property
    def age_band(self) -> str:
        """The age band, as ``"18-29"``."""
        low, high = next(band for band in AGE_BANDS if self.age < band[1] or band == AGE_BANDS[-1])
        return f"{low:.0f}-{high - 1:.0f}"

    def random(self, part: Part) -> np.random.Generator:
        """Return a fresh generator for one part of this subject; the same at every call."""
        return np.random.default_rng([self.seed, self.index, int(part)])


def balance(subjects: Iterable[Traits]) -> dict[str, dict[str, int]]:
    """Count subjects per skin tone, gender and age band; what ``synth generate`` prints."""
    people = list(subjects)
    return {
        "skin tone": _count(str(one.tone_band) for one in people),
        "gender": _count(one.gender for one in people),
        "age": _count(one.age_band for one in people),
    }


def _count(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))
