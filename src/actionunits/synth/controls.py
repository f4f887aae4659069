"""What every action unit does to the rig: one table, the single source for deformation, labels and tests.

Units and expressions are targets of the rig; a :class:`Field` is a smooth bump of our own, written for the person's
left side (x > 0) at the average head and mirrored for the right. Sides are told apart by a smooth step across the
midline of the average head.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Unit:
    """A face unit ``unit/NAME``; where the rig has ``NAMELeft`` and ``NAMERight`` each moves its own side."""

    name: str
    weight: float


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression unit ``expression/ETHNICITY/NAME``, mixed by ethnicity; ``{side}`` in NAME is left or right."""

    name: str
    weight: float


@dataclass(frozen=True, slots=True)
class Field:
    """A Gaussian displacement of the skin.

    Attributes:
        centre: on the person's left side of the average head, world units.
        size: standard deviations along x, y and z.
        move: displacement at the centre, world units.
    """

    centre: Triple
    size: Triple
    move: Triple


Control = Unit | Expression | Field


@dataclass(frozen=True, slots=True)
class Action:
    """One action unit.

    Attributes:
        effect: what the muscle does, seen from outside.
        controls: what moves at full weight.
        whole: it cannot be shown by one side alone (the jaw); the stronger side counts.
        opposed: its sides move the whole jaw in opposite directions; their difference counts.
    """

    effect: str
    controls: tuple[Control, ...]
    whole: bool = False
    opposed: bool = False


def _lids_closed(effect: str) -> Action:
    return Action(effect, (Unit("eyeBlink", 1.0),))


ACTIONS: Mapping[int, Action] = MappingProxyType(
    {
        1: Action(
            "medial frontalis lifts the inner ends of the brows",
            (Unit("browInnerUp", 0.9), Expression("eyebrows-{side}-inner-up", 0.65)),
        ),
        2: Action(
            "lateral frontalis lifts the outer two thirds of the brow into an arch",
            (
                Unit("browOuterUp", 0.2),
                Expression("eyebrows-{side}-extern-up", 0.12),
                Expression("eyebrows-{side}-up", 0.25),
                Unit("browInnerUp", 0.06),
                Field((0.50, 7.46, 1.20), (0.16, 0.13, 0.4), (0.0, 0.052, 0.0)),
            ),
        ),
        4: Action(
            "corrugator and depressor supercilii pull the brows down and together; the skin between them bunches",
            (
                Unit("browDown", 0.64),
                Expression("eyebrows-{side}-down", 0.4),
                Field((0.17, 7.45, 1.40), (0.10, 0.08, 0.4), (0.005, -0.008, 0.008)),
                Field((0.05, 7.45, 1.50), (0.035, 0.06, 0.3), (0.0, 0.0, 0.014)),
            ),
        ),
        5: Action(
            "levator palpebrae lifts the upper lid; more white shows above the iris",
            (Unit("eyeWide", 1.0), Expression("eye-{side}-opened-up", 0.2)),
        ),
        6: Action(
            "orbital orbicularis oculi lifts the cheek, pushes the lower lid up and draws skin in from the temple",
            (
                Unit("cheekSquint", 0.55),
                Unit("eyeSquint", 0.25),
                Field((0.36, 6.98, 1.33), (0.16, 0.13, 0.3), (-0.012, 0.044, 0.028)),
                Field((0.54, 7.22, 1.12), (0.09, 0.14, 0.3), (-0.016, 0.0, 0.0)),
                Field((0.43, 7.46, 1.28), (0.09, 0.07, 0.3), (0.0, -0.014, 0.0)),
            ),
        ),
        7: Action(
            "palpebral orbicularis oculi tightens the lids; the opening narrows, mostly from below",
            (Unit("eyeSquint", 1.0), Expression("eye-{side}-slit", 0.3)),
        ),
        9: Action(
            "levator labii superioris alaeque nasi wrinkles the nose, lifts its wings and draws the inner brow down",
            (
                Unit("noseSneer", 1.1),
                Expression("nose-{side}-elevation", 0.6),
                Expression("nose-compression", 0.2),
                Field((0.10, 7.22, 1.46), (0.06, 0.08, 0.3), (-0.006, 0.012, 0.010)),
                Unit("mouthUpperUp", 0.25),
                Unit("cheekSquint", 0.35),
            ),
        ),
        10: Action(
            "levator labii superioris lifts the middle of the upper lip and the cheek beside the nose",
            (Unit("mouthUpperUp", 0.75), Expression("mouth-elevation", 0.3)),
        ),
        11: Action(
            "zygomaticus minor deepens the upper nasolabial furrow and lifts the lip a little beside the middle",
            (
                Unit("mouthUpperUp", 0.25),
                Field((0.27, 6.86, 1.36), (0.07, 0.08, 0.3), (0.012, 0.032, 0.030)),
                Field((0.17, 6.79, 1.45), (0.035, 0.07, 0.3), (0.008, 0.020, -0.034)),
                Field((0.11, 6.70, 1.55), (0.06, 0.05, 0.3), (0.006, 0.018, 0.0)),
            ),
        ),
        12: Action(
            "zygomaticus major pulls the lip corners up and back along the cheek",
            (Expression("mouth-corner-puller", 0.75), Unit("mouthSmile", 0.3), Unit("cheekSquint", 0.25)),
        ),
        13: Action(
            "levator anguli oris pulls the lip corners sharply and straight up; the cheeks puff above them",
            (
                Unit("mouthSmile", 0.15),
                Unit("cheekPuff", 0.25),
                Field((0.26, 6.61, 1.42), (0.055, 0.06, 0.3), (-0.004, 0.075, 0.0)),
                Field((0.17, 6.62, 1.50), (0.06, 0.05, 0.3), (0.0, 0.012, 0.0)),
                Field((0.34, 6.80, 1.30), (0.09, 0.08, 0.3), (0.0, 0.020, 0.025)),
            ),
        ),
        14: Action(
            "buccinator tucks the lip corners inward and back; a dimple and a roll of skin beside them",
            (
                Unit("mouthDimple", 0.15),
                Unit("mouthPress", 0.3),
                Field((0.265, 6.605, 1.40), (0.06, 0.065, 0.3), (-0.060, -0.010, -0.058)),
                Field((0.355, 6.61, 1.32), (0.045, 0.09, 0.3), (-0.026, -0.004, 0.030)),
            ),
        ),
        15: Action(
            "depressor anguli oris pulls the lip corners down",
            (
                Unit("mouthFrown", 0.85),
                Expression("mouth-depression", 0.35),
                Field((0.25, 6.60, 1.42), (0.07, 0.06, 0.3), (-0.010, 0.0, 0.0)),
            ),
        ),
        16: Action("depressor labii inferioris pulls the lower lip down and flat", (Unit("mouthLowerDown", 1.35),)),
        17: Action(
            "mentalis pushes the chin boss and the lower lip up; the lip protrudes",
            (
                Unit("mouthShrugLower", 1.4),
                Unit("mouthShrugUpper", 0.4),
                Field((0.06, 6.33, 1.50), (0.09, 0.07, 0.3), (0.0, 0.022, 0.010)),
            ),
        ),
        18: Action(
            "the incisivii draw the lips together and forward, as in whistling or a kiss",
            (Unit("mouthPucker", 0.8), Expression("mouth-pursing", 0.3)),
        ),
        20: Action(
            "risorius stretches the mouth sideways and flattens the lips",
            (Unit("mouthStretch", 0.8), Expression("mouth-retraction", 0.45)),
        ),
        22: Action(
            "orbicularis oris funnels the lips outward; they part and turn out",
            (Unit("mouthFunnel", 0.7), Expression("mouth-protusion", 0.3)),
        ),
        23: Action(
            "orbicularis oris tightens the lips; the red parts narrow, roll in a little, and the mouth shortens",
            (
                Unit("mouthRollLower", 0.48),
                Unit("mouthRollUpper", 0.42),
                Expression("mouth-pursing", 0.14),
                Field((0.24, 6.61, 1.43), (0.07, 0.06, 0.3), (-0.014, 0.0, 0.004)),
            ),
        ),
        24: Action(
            "orbicularis oris presses the lips together; the red narrows and the chin tightens",
            (
                Unit("mouthRollLower", 0.5),
                Unit("mouthRollUpper", 0.5),
                Unit("mouthPress", 0.15),
                Unit("mouthShrugLower", 0.45),
                Expression("mouth-pursing", 0.12),
            ),
        ),
        25: Action("the lips part", (Expression("mouth-parling", 0.8), Unit("mouthLowerDown", 0.25))),
        26: Action("the relaxed jaw drops", (Unit("jawOpen", 0.32), Expression("mouth-parling", 0.2)), whole=True),
        27: Action("the jaw is pulled wide open", (Unit("jawOpen", 0.85), Expression("mouth-open", 0.15)), whole=True),
        28: Action(
            "the lips are sucked in over the teeth",
            (
                Unit("mouthRollLower", 1.3),
                Unit("mouthRollUpper", 1.1),
                Field((0.08, 6.49, 1.54), (0.09, 0.045, 0.3), (0.0, 0.026, -0.016)),
                Field((0.08, 6.45, 1.50), (0.10, 0.05, 0.3), (0.0, 0.014, -0.004)),
            ),
        ),
        29: Action("the jaw is thrust forward", (Unit("jawForward", 1.0),), whole=True),
        30: Action("the jaw is moved to one side; both sides at once cancel out", (Unit("jaw", 1.0),), opposed=True),
        34: Action("air puffs the cheeks out", (Unit("cheekPuff", 1.0),)),
        43: _lids_closed("the upper lid rests on the lower one for half a second or longer"),
        45: _lids_closed("the lids shut for less than half a second"),
    }
)
