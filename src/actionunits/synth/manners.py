"""How people differ in the way they move and rest, beyond how strongly: what a set's ``variety`` adds.

Muscles insert, split and join differently from person to person: one lifts the corners of a smile straight up, the next
draws them wide, or lifts the whole upper lip; one frowns with the corrugators, the next with procerus; chins rest
smooth, creased or pebbled. Without variety everybody moves by :data:`~actionunits.synth.controls.ACTIONS` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from actionunits.synth.controls import ACTIONS, Control, Expression, Field, Unit
from actionunits.synth.traits import Part, Traits

JOINING: Mapping[int, tuple[Control, ...]] = MappingProxyType(
    {
        1: (Expression("eyebrows-{side}-up", 0.10),),
        4: (Field((0.17, 7.45, 1.40), (0.10, 0.08, 0.4), (-0.014, 0.0, 0.0)), Unit("noseSneer", 0.12)),
        6: (Unit("eyeSquint", 0.20),),
        10: (Unit("noseSneer", 0.15), Unit("mouthSmile", 0.08)),
        11: (Unit("mouthSmile", 0.08),),
        12: (
            Unit("mouthUpperUp", 0.12), Unit("mouthDimple", 0.20), Unit("mouthPress", 0.12), Unit("cheekSquint", 0.20),
        ),
        13: (Unit("mouthSmile", 0.08),),
        14: (Unit("mouthStretch", 0.10), Unit("mouthPress", 0.12)),
        15: (Unit("mouthStretch", 0.12), Unit("mouthShrugLower", 0.12)),
        16: (Unit("mouthStretch", 0.10),),
        17: (Unit("mouthRollLower", 0.18), Unit("mouthPress", 0.10), Unit("mouthFrown", 0.10)),
        18: (Unit("mouthFunnel", 0.12),),
        20: (Unit("mouthFrown", 0.18), Unit("mouthDimple", 0.20)),
        22: (Unit("mouthPucker", 0.12),),
        23: (Unit("mouthPress", 0.10),),
        24: (Unit("mouthPress", 0.20), Unit("mouthPucker", 0.08)),
        28: (Unit("mouthShrugLower", 0.15),),
    }
)  # fmt: skip
"""What joins an action unit on some faces: weights that are one standard deviation of its share at full movement.
Smiles differ most: the upper lip lifted, the corners dimpled, the lips kept tight."""

_SPREAD = 0.25  # of the logarithm of each control's share
_JOINS, _MOST = 0.5, 2.0  # chance; standard deviations
_SMILE, _SMILES = (47.0, 8.0), (28.0, 62.0)
"""Degrees above the horizontal at which smiles take the corners of the mouth. The mean is that of fifteen children in
Tarantili, Halazonetis and Spyropoulos (2005), Am J Orthod Dentofacial Orthop 128:8-15; mean, spread; least, most."""
_FURROWS = 0.4  # spread of the logarithm of an action unit's wrinkle depth
_CHIN_RAISED, _LIP_RAISED = 0.16, 0.08  # one standard deviation of the resting mentalis' pull
_PEBBLED, _CREASED = 0.4, 0.5  # chances
_PEBBLES, _CREASE = (0.1, 0.55), (0.3, 1.5)  # as drawn by AU17, and in grooves


@dataclass(frozen=True)
class Manner:
    """One person's own way to move and to rest.

    Attributes:
        controls: AU to what moves, for AUs that do not move by the table.
        smile: degrees above the horizontal at which AU12 pulls the corners of the mouth; None: as the rig does, 61.
        furrows: AU to the factor of its wrinkles' depth; 1 where none is given.
        rest: targets of the resting face with their weights, on top of those of the traits.
        pebbles: how much of AU17's orange peel the resting chin has, 0-1.
        crease: depth of the resting crease under the lower lip, on top of what age leaves there, in grooves.
    """

    controls: Mapping[int, tuple[Control, ...]]
    smile: float | None
    furrows: Mapping[int, float]
    rest: Mapping[str, float]
    pebbles: float
    crease: float


AVERAGE = Manner({}, None, {}, {}, 0.0, 0.0)
"""Moves by the table, rests by the traits alone."""


def draw_manner(traits: Traits, variety: float) -> Manner:
    """Draw how one subject moves and rests.

    Args:
        traits: who it is; the same traits give the same manner.
        variety: 0 (:data:`AVERAGE`) to 1 (people differ as the tables here say). Above 0 smiles go where people's go on
            average; variety is how far from there.
    """
    if variety == 0:
        return AVERAGE
    random = traits.random(Part.MANNER)

    def joins() -> float:
        """How much of something joins: mostly little, often nothing."""
        return float(variety * min(abs(random.normal()), _MOST) * (random.random() < _JOINS))

    controls = {}
    for au, action in ACTIONS.items():
        own = [_scaled(control, float(np.exp(variety * random.normal(0, _SPREAD)))) for control in action.controls]
        controls[au] = (*own, *(_scaled(control, joins()) for control in JOINING.get(au, ())))
    furrows = {au: float(np.exp(variety * random.normal(0, _FURROWS))) for au in ACTIONS}
    rest = {"unit/mouthShrugLower": _CHIN_RAISED * joins(), "unit/mouthShrugUpper": _LIP_RAISED * joins()}
    pebbles = variety * random.uniform(*_PEBBLES) * (random.random() < _PEBBLED)
    crease = variety * random.uniform(*_CREASE) * (random.random() < _CREASED)
    mean, spread = _SMILE
    smile = float(np.clip(random.normal(mean, variety * spread), *_SMILES))
    return Manner(controls, smile, furrows, rest, float(pebbles), float(crease))


def _scaled(control: Control, factor: float) -> Control:
    if isinstance(control, Field):
        right, up, forward = control.move
        return replace(control, move=(factor * right, factor * up, factor * forward))
    return replace(control, weight=factor * control.weight)
