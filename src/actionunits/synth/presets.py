"""How faces behave, as data: how often each action unit shows, how strongly, how heads, eyes and mouths move besides.

A preset imitates the label statistics of a data set, never its pictures. Its rates are shares of frames in which an
action unit is present, that is, in which its stronger side reaches the preset's ``threshold``.

    >>> get_preset("bp4d").rates[12]
    0.56
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from actionunits.errors import UsageError
from actionunits.facs import DISFA_8

AUS = (1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 22, 23, 24, 25, 26, 27, 28, 29, 30, 34, 43)
"""The action units an expression can have. Blinks (45) come from sequences only."""

MAX_LEVEL = 5.0


@dataclass(frozen=True, slots=True)
class Preset:
    """Statistics of performances.

    Attributes:
        name: what users write.
        rates: per AU of :data:`AUS`, the share (0-1) of frames in which it is present.
        threshold: level (0-5) from which an AU counts as present: 0.5 rounds to A, 1.5 rounds to B.
        intensities: shares of the grades A, B, C, D, E among AUs that show; sum 1.
        neutral: share of expressions without any AU.
        single: share of expressions of one AU; every AU equally often.
        prototype: share of expressions from the table of prototypes.
        copula: share of expressions drawn from the Gaussian copula. The four shares sum to 1.
        pose_spread: standard deviations of (pitch, yaw, roll) between sequences, degrees.
        pose_motion: standard deviations of (pitch, yaw, roll) within a sequence, degrees.
        gestures: nods and shakes of the head per minute.
        gaze_spread: standard deviations of (pitch, yaw) of what the eyes look at, degrees from the camera.
        blinks: (fewest, most) blinks per minute.
        speech: share of sequences in which the person talks now and then.

    Raises:
        UsageError: shares that do not sum to 1, a rate or an AU that is missing or out of range.
    """

    name: str
    rates: Mapping[int, float] = field(hash=False)
    threshold: float
    intensities: tuple[float, float, float, float, float]
    neutral: float
    single: float
    prototype: float
    copula: float
    pose_spread: tuple[float, float, float]
    pose_motion: tuple[float, float, float]
    gestures: float
    gaze_spread: tuple[float, float]
    blinks: tuple[float, float]
    speech: float

    def __post_init__(self) -> None:
        shares = (self.neutral, self.single, self.prototype, self.copula)
        for label, parts in (("expression shares", shares), ("intensities", self.intensities)):
            if min(parts) < 0 or not math.isclose(sum(parts), 1, abs_tol=1e-6):
                raise UsageError(f"preset {self.name}", f"its {label} {parts} do not sum to 1", "Give shares that do")
        if set(self.rates) != set(AUS) or not all(0 <= rate <= 1 for rate in self.rates.values()):
            raise UsageError(
                f"preset {self.name}", "its rates are not one number of 0-1 per AU", f"Give rates for {AUS}"
            )


# BP4D: what the published class weights of its three folds imply (the twelve occurrence AUs, approximate).
_BP4D_PUBLISHED = {
    1: 0.19, 2: 0.15, 4: 0.21, 6: 0.46, 7: 0.59, 10: 0.59, 12: 0.56, 14: 0.47, 15: 0.18, 17: 0.36, 23: 0.17, 24: 0.15,
}  # fmt: skip
_BP4D_OWN = {  # no published figure at hand: this project's choice
    5: 0.04, 9: 0.05, 11: 0.03, 13: 0.01, 16: 0.04, 18: 0.03, 20: 0.04, 22: 0.02, 25: 0.30, 26: 0.16, 27: 0.02,
    28: 0.02, 29: 0.01, 30: 0.01, 34: 0.01, 43: 0.02,
}  # fmt: skip

# DISFA, positives from level 2: class weights published for the training part of each fold, inverse to the rates.
_DISFA_WEIGHTS = (
    (1.422290, 2.347771, 0.399672, 0.795021, 1.878217, 0.440125, 0.195583, 0.521322),
    (1.390215, 1.469573, 0.527298, 1.034498, 1.672842, 0.656650, 0.303915, 0.945009),
    (1.510590, 1.560063, 0.475896, 0.884891, 1.656857, 0.570937, 0.277589, 1.063177),
)
# Weights give ratios only; AU12 anchors them. It is set, at any grade, in 30,792 of DISFA's 130,788 frames
# (paperswithcode.com/dataset/disfa, after "Deep Learning For Smile Recognition"). The grades are the project's choice.
_DISFA_GRADES = (0.42, 0.31, 0.17, 0.075, 0.025)
_DISFA_AU12 = 30_792 / 130_788 * (1 - _DISFA_GRADES[0])
_DISFA_OWN = {  # coded by DISFA but without a published weight (5, 15, 17, 20), or not coded: this project's choice
    5: 0.025, 15: 0.04, 17: 0.07, 20: 0.025, 7: 0.04, 10: 0.03, 11: 0.006, 13: 0.006, 14: 0.03, 16: 0.01, 18: 0.01,
    22: 0.006, 23: 0.015, 24: 0.02, 27: 0.006, 28: 0.01, 29: 0.004, 30: 0.004, 34: 0.006, 43: 0.01,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Syllable:
    """One opening or closing of the mouth in speech: how often, and (least, most) level per AU at its middle."""

    weight: float
    levels: Mapping[int, tuple[float, float]] = field(hash=False)


SYLLABLES: tuple[Syllable, ...] = (
    Syllable(0.40, {25: (1.2, 3.0), 26: (0.8, 2.6)}),
    Syllable(0.18, {20: (0.8, 1.8), 25: (1.2, 2.4), 26: (0.6, 1.6)}),
    Syllable(0.14, {18: (0.8, 2.0), 25: (0.8, 1.8), 26: (0.6, 1.4)}),
    Syllable(0.10, {22: (0.8, 2.0), 25: (1.2, 2.2), 26: (0.8, 1.6)}),
    Syllable(0.18, {24: (0.8, 1.8)}),  # m, b, p
)
SYLLABLES_PER_SECOND = (2.0, 6.0)
TALK_SECONDS, PAUSE_SECONDS = (1.5, 6.0), (0.5, 3.0)
"""Speech alternates between these, each uniform between its ends."""

_UNIFORM_RATE = 0.09  # about 2.5 AUs in a frame; more cannot be reached, so many ways of the mouth exclude each other


def _disfa_rates() -> dict[int, float]:
    relative = 1 / np.array(_DISFA_WEIGHTS)  # (3 folds, 8 AUs)
    relative /= relative[:, [DISFA_8.index(12)]]
    return dict(zip(DISFA_8, (_DISFA_AU12 * relative.mean(axis=0)).tolist(), strict=True))


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        preset.name: preset
        for preset in (
            Preset(
                name="bp4d",
                rates=MappingProxyType(_BP4D_PUBLISHED | _BP4D_OWN),
                threshold=0.5,
                intensities=(0.22, 0.28, 0.28, 0.16, 0.06),
                neutral=0.03,
                single=0.05,
                prototype=0.12,
                copula=0.80,
                pose_spread=(5.0, 6.0, 3.0),
                pose_motion=(4.0, 6.0, 3.0),
                gestures=3.0,
                gaze_spread=(5.0, 9.0),
                blinks=(15.0, 20.0),
                speech=0.3,
            ),
            Preset(
                name="disfa",
                rates=MappingProxyType(_disfa_rates() | _DISFA_OWN),
                threshold=1.5,
                intensities=_DISFA_GRADES,
                neutral=0.34,  # with draws that come to nothing: 48,612 of the 130,788 frames show no AU (same source)
                single=0.03,
                prototype=0.03,
                copula=0.60,
                pose_spread=(4.0, 4.0, 2.5),
                pose_motion=(1.5, 2.0, 1.2),
                gestures=0.5,
                gaze_spread=(3.0, 5.0),
                blinks=(15.0, 20.0),
                speech=0.04,
            ),
            Preset(
                name="uniform",
                rates=MappingProxyType(dict.fromkeys(AUS, _UNIFORM_RATE)),
                threshold=0.5,
                intensities=(0.24, 0.26, 0.24, 0.16, 0.10),
                neutral=0.08,
                single=0.20,
                prototype=0.12,
                copula=0.60,
                pose_spread=(8.0, 16.0, 6.0),
                pose_motion=(3.0, 5.0, 2.5),
                gestures=2.0,
                gaze_spread=(6.0, 10.0),
                blinks=(15.0, 20.0),
                speech=0.2,
            ),
        )
    }
)


def get_preset(name: str) -> Preset:
    """Return the preset of that name.

    Raises:
        UsageError: there is none; the message names the choices.
    """
    if name not in PRESETS:
        raise UsageError(repr(name), "no such preset", f"Choose one of {', '.join(PRESETS)}")
    return PRESETS[name]
