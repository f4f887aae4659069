"""What a coder would see: the labels of a rendered face, read from its shape and not from what was commanded.

Parted lips and a dropped jaw are measured, whatever opened them. Every other action unit keeps its commanded level,
times this face's own strength, as long as its movement can still be seen on the face.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actionunits.synth.action_units import AUS, JAW, Expressions, level_of_weight
from actionunits.synth.anatomy import CHIN
from actionunits.synth.performance import Levels

Float32 = NDArray[np.float32]

LIP_GAP_LEVELS = (0.007, 0.0195, 0.037, 0.057, 0.077)
"""AU25: gap between the lips in the middle, beyond the resting one, from which levels 1-5 are given; share of the
distance between the outer canthi."""
JAW_DROP_LEVELS = (0.005, 0.017, 0.032, 0.050, 0.066)
"""AU26: how far the chin has dropped, from which levels 1-5 are given; share of the same distance."""
SEEN_FROM = 0.0030
"""An AU whose own region moves less than this share of the distance (root mean square) is not labelled."""
SHARE_SEEN_FROM = 0.3
"""Nor is one of whose movement less than this share is left on the face, because others work against it."""
_REGION = 0.5  # an AU's region: where it moves at least this share of its largest displacement
_MIDDLE_COLUMNS = slice(7, 14)  # of the 21 columns of the lips
_MEASURED = (25, 26)


@dataclass(frozen=True, slots=True)
class VisibleLabels:
    """What one frame shows.

    Attributes:
        intensity: AU to its level, 0-5: the stronger side. Every AU that the rig can show has an entry.
        left: AU to its level on the person's left side.
        right: the same for the right side.
        lip_gap: gap between the lips beyond the resting one, as a share of the distance between the outer canthi.
        jaw_drop: how far the chin has dropped, as a share of the same distance.
    """

    intensity: dict[int, int]
    left: dict[int, int]
    right: dict[int, int]
    lip_gap: float
    jaw_drop: float


def visible_labels(expressions: Expressions, levels: Levels, deformed: Float32) -> VisibleLabels:
    """Label one frame.

    Args:
        expressions: the subject's.
        levels: what was commanded.
        deformed: (B, 3) what ``expressions.deform(levels)`` gave.

    Raises:
        UsageError: an AU that the rig cannot show, or a level that is not a number from 0 to 5.
    """
    sides: tuple[dict[int, int], dict[int, int]] = (dict.fromkeys(AUS, 0), dict.fromkeys(AUS, 0))
    weights = expressions.weights(levels)
    if weights:
        shown = _shown(expressions, weights, deformed)
        for (au, side), weight in weights.items():
            if shown[au, side]:
                sides[side][au] = round(level_of_weight(weight))
    gap, drop = lip_gap(expressions, deformed), jaw_drop(expressions, deformed)
    jaw_moves = any(au in (26, 27) for au, _ in weights)
    for labels in sides:
        labels[25] = _graded(gap, LIP_GAP_LEVELS)
        labels[26] = _graded(drop, JAW_DROP_LEVELS) if jaw_moves else 0
    left, right = sides
    return VisibleLabels({au: max(left[au], right[au]) for au in AUS}, left, right, gap, drop)


def lip_gap(expressions: Expressions, deformed: Float32) -> float:
    """Return the gap between the lips in the middle of the mouth beyond the resting one, per canthus distance."""
    wider = expressions.mouth.gaps(deformed) - expressions.resting_gap
    return max(float(wider[_MIDDLE_COLUMNS].mean()) / expressions.unit, 0.0)


def jaw_drop(expressions: Expressions, deformed: Float32) -> float:
    """Return how far the chin's edge lies below its resting place, per canthus distance."""
    chin = list(CHIN)
    return max(float((expressions.neutral[chin, 1] - deformed[chin, 1]).mean()) / expressions.unit, 0.0)


def _graded(value: float, thresholds: tuple[float, ...]) -> int:
    return int(np.searchsorted(thresholds, value, side="right"))


def _shown(
    expressions: Expressions, weights: dict[tuple[int, int], float], deformed: Float32
) -> dict[tuple[int, int], bool]:
    """Return which of the moving AU sides can still be seen.

    The face's movement in the AU's region is projected onto the AU's own movement there: 1 when it moves alone, more
    when others help, near 0 when they undo it. Movements of the whole jaw are taken out first, because a dropped chin
    does not hide what the lips do relative to it.
    """
    rows = expressions.rows
    moves = expressions.own_moves(weights)
    of_jaw = [place for place, (au, _) in enumerate(weights) if au in JAW]
    with_jaw = deformed[rows] - expressions.neutral[rows]
    moved = with_jaw - moves[of_jaw].sum(0)
    found = {}
    for (au, side), own in zip(weights, moves, strict=True):
        size = np.einsum("ij,ij->i", own, own)
        region = size >= _REGION**2 * size.max()
        total = float(size[region].sum())
        share = float(np.sum((own * (with_jaw if au in JAW else moved))[region])) / max(total, 1e-12)
        seen = share * float(np.sqrt(total / int(region.sum()))) / expressions.unit
        found[au, side] = au not in _MEASURED and share >= SHARE_SEEN_FROM and seen >= SEEN_FROM
    return found
