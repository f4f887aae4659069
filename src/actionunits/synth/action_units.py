"""How one subject's face moves: from action units and their levels to the points of the head."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from actionunits.errors import UsageError
from actionunits.synth.anatomy import (
    MOUTH_CORNERS,
    EyeContact,
    Opening,
    canthus_distance,
    lid_opening,
    mouth_lining,
    mouth_opening,
)
from actionunits.synth.controls import ACTIONS, Action, Control, Expression, Field, Unit
from actionunits.synth.manners import AVERAGE, Manner
from actionunits.synth.performance import Levels
from actionunits.synth.rig import ETHNICITIES, SKIN, Rig
from actionunits.synth.traits import Part, Traits

Float32 = NDArray[np.float32]
Int = NDArray[np.int64]

AUS = tuple(ACTIONS)
"""Every action unit that the rig can show, ascending."""
JAW = (26, 27, 29, 30)
PARTING = (10, 16, 22, 25, 26, 27)
"""Action units that part the lips, by themselves or by what they imply; without them lips stay as they rest."""
CLOSING = (43, 45)
_EVER_THE_SAME = {25, 26, 27, *CLOSING}
_EAGER = {1: 1.3, 2: 1.7, 6: 2.0, 9: 1.3, 14: 1.4, 15: 1.7, 16: 1.2, 18: 1.5, 20: 1.9, 23: 2.5, 24: 2.0, 28: 1.2}
"""Power of the strength by which an AU's movement grows; 1 where none is given. What the rig's units hardly show at
their full weight grows most, so that a slight movement (B) can be seen on a strong face."""

_WEIGHTS = (0.0, 0.14, 0.32, 0.55, 0.80, 1.0)
_GAIN_SPREAD, _GAINS, _SIDE_SPREAD = 0.10, (0.8, 1.2), 0.06
_STACK = 1.25  # several AUs move a point at most this much farther than the strongest of them can alone
_LINING = 0.9  # share of its resting width that the inside of the cheeks keeps where the face widens
_YIELDING = 0.85  # share of its downward pull that AU4 gives up against an equally strong AU1
_PASSES = 4  # corrections of a contact; each leaves a fraction of what was wrong
_PARTED = _WEIGHTS[1]  # total weight of parting AUs from which the lips are free to part
_NARROWED = {6: 0.28, 7: 0.52}  # share of the resting aperture that a full AU takes at most
_NARROWED_AT_LEAST = {6: 0.18, 7: 0.45}  # and at least, on a face of strength 1.5; nothing is asked at strength 1
_WIDENED = (0.022, 0.034)  # a full AU5 lifts the upper lid by at least and at most this share of the canthus distance
_LIPS_PART = 0.085  # a full AU25 opens the lips by this share of the canthus distance


def weight_of_level(level: float) -> float:
    """Return how much of an AU's full movement a level shows, 0-1: FACS intensities A-E are 1-5, 0 is nothing.

    Raises:
        UsageError: the level is not a number from 0 to 5.
    """
    if not 0 <= level <= len(_WEIGHTS) - 1:
        raise UsageError(f"level {level}", "is not an intensity", "Use a number from 0 to 5")
    return float(np.interp(level, range(len(_WEIGHTS)), _WEIGHTS))


def level_of_weight(weight: float) -> float:
    """Return the level, 0-5, whose movement has a given weight: the inverse of :func:`weight_of_level`."""
    return float(np.interp(weight, _WEIGHTS, range(len(_WEIGHTS))))


def checked_levels(levels: Levels) -> None:
    """Check commanded levels.

    Raises:
        UsageError: an AU that the rig cannot show, or a level that is not a number from 0 to 5.
    """
    for au, sides in levels.items():
        if au not in ACTIONS:
            raise UsageError(f"AU{au}", "the rig cannot show it", f"Use one of {', '.join(map(str, AUS))}")
        for level in sides:
            if not 0 <= level <= len(_WEIGHTS) - 1 or math.isnan(level):
                raise UsageError(f"AU{au} at level {level}", "is not an intensity", "Use a number from 0 to 5")


class Expressions:
    """The expressions of one subject.

    Args:
        rig: the head.
        traits: who it is: ethnicity mixes the expression units, and everybody has own strengths and asymmetries.
        neutral: (B, 3) the subject's neutral head, lips closed.
        strength: how far level 5 goes, in what the rig's units do at their full weight; above 1, subtle AUs gain more
            than others. Lids that close, lips that part and jaws that drop are what they are.
        manner: what moves, where it differs from the table; it moves as far as by the table.

    Attributes:
        rig: the head.
        neutral: (B, 3).
        unit: the distance between the outer canthi at rest, world units; what movements are measured against.
        resting_gap: (21,) gap between the lips per column at rest.
        aperture: (2,) mean gap between the lids at rest, left then right.
        rows: (n,) the coarse vertices that any AU moves.
        gain: AU to this face's strength of the left and right side.
    """

    def __init__(
        self, rig: Rig, traits: Traits, neutral: Float32, *, strength: float = 1.0, manner: Manner = AVERAGE
    ) -> None:
        self.rig = rig
        self.neutral = np.asarray(neutral, np.float32)
        self.unit = canthus_distance(rig, self.neutral)
        self.mouth = mouth_opening(rig)
        self.lids: tuple[Opening, Opening] = (lid_opening(rig, 0), lid_opening(rig, 1))
        self.resting_gap = self.mouth.gaps(self.neutral)
        self.aperture = np.array([lids.gaps(self.neutral).mean() for lids in self.lids], np.float32)
        self._lining = np.flatnonzero(mouth_lining(rig))
        self._keep_out = [EyeContact(rig, self.neutral, self.neutral, side) for side in (0, 1)]
        fields = {au: list(_own_fields(rig, traits.ethnicity, au, manner)) for au in AUS}
        for au in set(AUS) - _EVER_THE_SAME:
            fields[au] = [np.float32(strength ** _EAGER.get(au, 1)) * side for side in fields[au]]
        self._fit_lids(fields, strength)
        self._fit_lips(fields)
        self.rows = np.flatnonzero(np.any([np.abs(side).max(1) > 0 for both in fields.values() for side in both], 0))
        stacked = np.stack([fields[au][side][self.rows] for au in AUS for side in (0, 1)])  # (2 A, n, 3)
        gains = self._gains(traits)
        self.gain = {au: (float(gains[2 * place]), float(gains[2 * place + 1])) for place, au in enumerate(AUS)}
        self._fields = stacked.reshape(len(stacked), -1)
        self._sizes = _sizes(stacked * gains[:, None, None])
        lowering = stacked[2 * AUS.index(4) : 2 * AUS.index(4) + 2] * np.array([0, 1, 0], np.float32)
        self._lowering = lowering.reshape(2, -1)

    def weights(self, levels: Levels) -> dict[tuple[int, int], float]:
        """Return by (AU, side) how strongly the face moves, 0 to about 1.3: the level's weight times this face's gain.

        Raises:
            UsageError: as :func:`checked_levels`.
        """
        checked_levels(levels)
        found = {}
        for au in sorted(levels):
            sides = levels[au]
            if ACTIONS[au].whole:
                sides = (max(sides), max(sides))
            if ACTIONS[au].opposed:
                sides = (max(sides[0] - sides[1], 0.0), max(sides[1] - sides[0], 0.0))
            for side, level in enumerate(sides):
                if level > 0:
                    found[au, side] = weight_of_level(level) * self.gain[au][side]
        return found

    def own_moves(self, weights: dict[tuple[int, int], float]) -> Float32:
        """Return (k, n, 3) how far each AU side of :meth:`weights`, in order, moves the vertices ``rows``.

        The corrugator does not win against the frontalis: where AU1 lifts the inner brow, AU4 draws it together but
        hardly down (the brows of sadness).
        """
        moves = self._fields[[2 * AUS.index(au) + side for au, side in weights]]
        moves *= np.array(list(weights.values()), np.float32)[:, None]
        for place, (au, side) in enumerate(weights):
            if au == 4 and (1, side) in weights:
                yielding = _YIELDING * min(weights[1, side] / weights[4, side], 1.0)
                moves[place] -= np.float32(yielding * weights[4, side]) * self._lowering[side]
        return moves.reshape(len(weights), -1, 3)

    def deform(self, levels: Levels) -> Float32:
        """Return the (B, 3) coarse points of the face that shows these levels.

        Movements add up; where several AUs move the same point, their sum is softly held to 1.25 times what the
        strongest of them can do alone. Lids slide over the eyeball, and lids and lips close but never cross.

        Raises:
            UsageError: an AU that the rig cannot show, or a level that is not a number from 0 to 5.
        """
        weights = self.weights(levels)
        points = self.neutral.copy()
        if not weights:
            return points
        moves = self.own_moves(weights).sum(0)
        limit = _STACK * self._sizes[[AUS.index(au) for au in dict.fromkeys(au for au, _ in weights)]].max(0)
        moves *= _held(np.sqrt(np.einsum("ij,ij->i", moves, moves)), limit)[:, None]
        points[self.rows] += moves
        self._hold_lining(points)
        self._settle_lids(points)
        self._settle_lips(points, sum(weight for (au, _), weight in weights.items() if au in PARTING))
        return points

    def _gains(self, traits: Traits) -> Float32:
        """Return (2 A,) strengths per AU and side. Lids close fully and lips part visibly on everybody."""
        random = traits.random(Part.EXPRESSIVENESS)
        gain = np.clip(random.normal(1, _GAIN_SPREAD, len(AUS)), *_GAINS)
        uneven = np.clip(random.normal(0, _SIDE_SPREAD, len(AUS)), -0.15, 0.15)
        for place, au in enumerate(AUS):
            if au in CLOSING:
                gain[place] = 1.0
            if au in CLOSING or ACTIONS[au].whole:
                uneven[place] = 0.0
            if au == 25:
                gain[place] = max(gain[place], 1.0)
        return np.stack([gain * (1 + uneven), gain * (1 - uneven)], 1).ravel().astype(np.float32)

    def _hold_lining(self, points: Float32) -> None:
        """Keep the inside of the cheeks from coming out through their skin, in place."""
        rest, lining = self.neutral[self._lining], points[self._lining]
        width = np.abs(rest[:, 0])
        outward = np.maximum(np.abs(lining[:, 0]) - width, 0)
        held = np.maximum(width - outward, _LINING * width)
        lining[:, 0] = np.clip(lining[:, 0], -held, held)
        lining[:, 2] = np.minimum(lining[:, 2], rest[:, 2])
        points[self._lining] = lining

    def _settle_lids(self, points: Float32) -> None:
        for keep_out, lids in zip(self._keep_out, self.lids, strict=True):
            keep_out.settle(points)
            for _ in range(_PASSES):
                gaps = lids.gaps(points)
                if gaps.min() >= 0:
                    break
                lids.widen(points, np.maximum(-gaps, 0))

    def _settle_lips(self, points: Float32, parting: float) -> None:
        free = min(parting / (2 * _PARTED), 1.0)
        gaps = self.mouth.gaps(points)
        wanted = self.resting_gap + free * np.maximum(gaps - self.resting_gap, 0)
        for _ in range(_PASSES):
            self.mouth.widen(points, wanted - gaps)
            gaps = self.mouth.gaps(points)

    def _fit_lids(self, fields: dict[int, list[Float32]], strength: float) -> None:
        """Scale the lid AUs to this subject's eyes, in place."""
        for side, lids in enumerate(self.lids):
            rest = lids.gaps(self.neutral)
            for au, most in _NARROWED.items():
                change = float(rest.mean() - lids.gaps(self.neutral + fields[au][side]).mean())
                if change > most * rest.mean():
                    self._scale_near_eye(fields, au, side, most * float(rest.mean()) / change)
                least = _NARROWED_AT_LEAST[au] * 2 * min(max(strength - 1, 0), 0.5)
                if 0 < change < least * rest.mean():
                    self._scale_near_eye(fields, au, side, least * float(rest.mean()) / change)
            lift = float(lids.gaps(self.neutral + fields[5][side]).mean() - rest.mean()) / self.unit
            wanted = min(max(lift, strength * _WIDENED[0]), strength * _WIDENED[1])
            fields[5][side] = fields[5][side] * np.float32(wanted / lift)
            closed = self._closed(fields[43][side], side)
            fields[43][side], fields[45][side] = closed, closed

    def _scale_near_eye(self, fields: dict[int, list[Float32]], au: int, side: int, factor: float) -> None:
        """Scale a field at the lids only, fading into its full size away from them."""
        lids = self.lids[side]
        near = np.zeros(len(self.neutral), np.float32)
        near[lids.vertices] = np.clip(lids.raise_upper.sum(1) + lids.drop_lower.sum(1), 0, 1)
        fields[au][side] = fields[au][side] * (1 - near * (1 - np.float32(factor)))[:, None]

    def _closed(self, blink: Float32, side: int) -> Float32:
        """Return the (B, 3) field that shuts one eye: the blink unit, scaled and then mended column by column."""
        lids, keep_out = self.lids[side], self._keep_out[side]
        rest = lids.gaps(self.neutral)

        def after(weight: float) -> Float32:
            points = self.neutral + np.float32(weight) * blink
            keep_out.settle(points)
            return points

        change = float(rest.mean() - lids.gaps(after(0.7)).mean()) / 0.7
        points = after(float(np.clip(rest.mean() / change, 0.6, 1.5)))
        for _ in range(8):
            keep_out.settle(points)
            lids.widen(points, -lids.gaps(points))
        return np.asarray(points - self.neutral, np.float32)

    def _fit_lips(self, fields: dict[int, list[Float32]]) -> None:
        """Scale AU25 so that everybody's lips part equally far, in place."""
        both = fields[25][0] + fields[25][1]
        middle = slice(len(self.resting_gap) // 2 - 3, len(self.resting_gap) // 2 + 4)
        opened = float((self.mouth.gaps(self.neutral + both) - self.resting_gap)[middle].mean())
        scale = np.float32(np.clip(_LIPS_PART * self.unit / opened, 0.4, 3.0))
        fields[25] = [side * scale for side in fields[25]]


def _sizes(fields: Float32) -> Float32:
    """Return (A, n) the farthest that each AU alone moves a point, from (2 A, n, 3) movements of its two sides."""
    left, right = fields[::2], fields[1::2]
    return np.asarray(np.max([np.linalg.norm(one, axis=2) for one in (left, right, left + right)], axis=0), np.float32)


def _held(size: Float32, limit: Float32) -> Float32:
    """Return factors that softly hold sizes under their limits and leave everything up to 0.8 of them alone."""
    share = size / np.maximum(limit, 1e-9)
    over = np.maximum(share - 0.8, 0)
    return np.where(over > 0, (0.8 + 0.2 * np.tanh(over / 0.2)) / np.maximum(share, 1e-9), 1).astype(np.float32)


def _own_fields(rig: Rig, ethnicity: tuple[float, float, float], au: int, manner: Manner) -> tuple[Float32, Float32]:
    """Return (B, 3) movements of the left and the right side at full weight, in a person's own manner."""
    usual = _fields(rig, ethnicity, ACTIONS[au])
    if au not in manner.controls:
        return usual
    left, right = _fields(rig, ethnicity, replace(ACTIONS[au], controls=manner.controls[au]))
    if au == 12 and manner.smile is not None:
        left, right = _aimed(rig, (left, right), manner.smile)
    as_far = np.linalg.norm(sum(usual), axis=1).max() / np.linalg.norm(left + right, axis=1).max()
    return left * np.float32(as_far), right * np.float32(as_far)


def _aimed(rig: Rig, smile: tuple[Float32, Float32], degrees: float) -> tuple[Float32, Float32]:
    """Widen a smile, or make it less wide, until each corner of the mouth goes up at an angle, seen from the front."""
    slope, aimed = math.tan(math.radians(degrees)), []
    for field, corner, side in zip(smile, MOUTH_CORNERS, ("Left", "Right"), strict=True):
        wide = rig.target(f"unit/mouthStretch{side}")
        outward = 1 if side == "Left" else -1
        (along, up), (along_wide, up_wide) = ((move[corner, 0] * outward, move[corner, 1]) for move in (field, wide))
        aimed.append(field + wide * np.float32((along * slope - up) / (up_wide - along_wide * slope)))
    return aimed[0], aimed[1]


def _fields(rig: Rig, ethnicity: tuple[float, float, float], action: Action) -> tuple[Float32, Float32]:
    """Return (B, 3) movements of the left and the right side at full weight."""
    sides = [_sides(rig, ethnicity, control) for control in action.controls]
    if action.opposed:
        return _summed(side[0] for side in sides), _summed(side[1] for side in sides)
    both = _summed(one for side in sides for one in side)
    of_left = np.float32(0.5) if action.whole else _of_left(rig)[:, None]
    return both * of_left, both * (1 - of_left)


def _summed(moves: Iterable[Float32]) -> Float32:
    return np.asarray(np.sum(list(moves), axis=0), np.float32)


def _sides(rig: Rig, ethnicity: tuple[float, float, float], control: Control) -> tuple[Float32, ...]:
    """Return the control's movement: of the left and right side, or of both at once where the rig has only that."""
    if isinstance(control, Field):
        return _bump(rig, control), _bump(rig, _mirrored(control))
    if isinstance(control, Unit):
        names = [f"unit/{control.name}{side}" for side in ("Left", "Right")]
        if names[0] not in rig.names:
            names = [f"unit/{control.name}"]
        return tuple(rig.target(name) * np.float32(control.weight) for name in names)
    spellings = dict.fromkeys(control.name.format(side=side) for side in ("left", "right"))
    return tuple(_mixed(rig, ethnicity, replace(control, name=name)) for name in spellings)


def _mixed(rig: Rig, ethnicity: tuple[float, float, float], control: Expression) -> Float32:
    total = np.zeros_like(rig.base)
    for origin, share in zip(ETHNICITIES, ethnicity, strict=True):
        rig.add_target(total, f"expression/{origin}/{control.name}", share * control.weight)
    return total


def _bump(rig: Rig, field: Field) -> Float32:
    skin = np.zeros(len(rig.base), bool)
    skin[rig.quads[rig.quad_part == SKIN].ravel()] = True
    apart = (rig.base - np.array(field.centre)) / np.array(field.size)
    weight = np.where(skin, np.exp(-0.5 * (apart**2).sum(1)), 0)
    weight[weight < 0.01] = 0
    return np.asarray(weight[:, None] * np.array(field.move), np.float32)


def _mirrored(field: Field) -> Field:
    (x, y, z), (right, up, forward) = field.centre, field.move
    return replace(field, centre=(-x, y, z), move=(-right, up, forward))


def _of_left(rig: Rig) -> Float32:
    """Return (B,) how far each point belongs to the left side: 0, 1, and a smooth step across the midline."""
    part = np.clip(0.5 + rig.base[:, 0] / 0.3, 0, 1)
    return np.asarray(part * part * (3 - 2 * part), np.float32)
