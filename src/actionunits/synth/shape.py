"""The neutral head of a subject: MakeHuman's macros, local shapes, asymmetry, and resting positions.

Resting lips, lids, chins and noses vary as much as action units move them, so that a reader has to tell a face that is
built so from one that moves.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from actionunits.synth.anatomy import (
    CHIN,
    LIP_MIDDLES,
    MOUTH_CORNERS,
    EyeContact,
    Opening,
    canthus_distance,
    eyeball,
    lid_opening,
    lip_rings,
    mirror,
    mouth_opening,
)
from actionunits.synth.manners import AVERAGE, Manner
from actionunits.synth.rig import LOWER_TEETH, SKIN, TONGUE, UPPER_TEETH, Rig
from actionunits.synth.traits import Part, Rest, Traits

Float32 = NDArray[np.float32]

SPREADS = {
    "cheek": 0.28, "chin": 0.32, "eyes": 0.24, "eyebrows": 0.14, "forehead": 0.22, "head": 0.19, "mouth": 0.24,
    "nose": 0.28, "ears": 0.24, "neck": 0.15,
}  # fmt: skip
"""Folder of local shape targets to the standard deviation of their weights."""
_MOST = 1.9  # standard deviations
_USED = 0.5  # chance of each target; of two opposite ones at most one
_LEFT_OUT = (
    "measure", "neck-trans", "head-trans", "head-angle", "head-age", "mouth-trans-in", "mouth-trans-out",
    "nose-trans-in", "nose-trans-out", "nose-septumangle", "mouth-dimples", "mouth-angles", "mouth-lowerlip-height",
    "mouth-upperlip-height", "mouth-scale-horiz", "eye-height", "chin-prominent", "nose-scale-vert", "ear-shape",
    "forehead-nubian",
)  # fmt: skip
"""Unsuitable targets, and those that the resting positions of the traits move."""
_CALM = {
    "eyebrows-trans-forward": 0.45, "nose-point-down": 0.6, "chin-height-incr": 0.6, "head-fat-incr": 0.8,
    "chin-bones-incr": 0.7, "eye-trans-up": 0.5, "eye-eyefold-concave": 0.5, "mouth-trans-forward": 0.6,
    "forehead-scale-vert-incr": 0.6, "eye-epicanthus-out": 0.8,
}  # fmt: skip
"""Factors for targets that are much larger than their neighbours."""
_ASYMMETRIES = (
    "brown-1", "brown-2", "cheek-1", "cheek-2", "eye-1", "eye-2", "eye-3", "eye-4", "eye-5", "eye-6", "eye-7", "eye-8",
    "ear-1", "ear-4", "jaw-1", "jaw-2", "jaw-3", "mouth-1", "mouth-2", "nose-1", "nose-2", "nose-3", "nose-4",
    "temple-1", "top-2",
)  # fmt: skip
_MOST_ASYMMETRY = 0.35
_EYE_DEPTHS = (-0.055, 0.02)  # world units, deep set to protruding
_SCALE_HELD = 0.7  # how much of the difference in eye distance is scaled away
_ROOT, _NOSE_TIP, _NOSE_BASE = 136, 1737, 317  # coarse vertices
_LIP_GAP = 0.002  # share of the canthus distance between closed lips: they touch
_LEAST_APERTURE, _MOST_APERTURE = 0.040, 0.088  # mean lid gap as a share of the canthus distance
_TEETH_SHOWN = (0.05, 0.085)  # world units by which coarse upper incisors reach below the inmost ring of the lip
_BITE = (-0.04, -0.02)  # by which the edge of the coarse lower ones lies below theirs; subdivision shortens both
_TONGUE_BACK = np.array([0.0, 0.02, 0.05], np.float32)  # world units; the rig's tongue lies on the teeth
_TONGUE_FLAT = 0.6  # of its height
_INCISORS = 0.06  # world units beside the middle
_TEETH_BEHIND = 0.012  # world units that teeth keep behind the lips

_REST: dict[str, tuple[tuple[str, float], ...]] = {
    "lip_fullness+": (
        ("mouth/mouth-upperlip-height-incr", 0.9), ("mouth/mouth-lowerlip-height-incr", 0.55),
        ("mouth/mouth-upperlip-volume-incr", 0.6), ("mouth/mouth-lowerlip-volume-incr", 0.45),
        ("mouth/mouth-scale-vert-incr", 0.25),
    ),
    "lip_fullness-": (
        ("mouth/mouth-upperlip-height-decr", 1.0), ("mouth/mouth-lowerlip-height-decr", 0.8),
        ("mouth/mouth-upperlip-volume-decr", 0.7), ("mouth/mouth-lowerlip-volume-decr", 0.6),
        ("unit/mouthRollUpper", 0.12), ("unit/mouthRollLower", 0.12),
    ),
    "lip_press+": (
        ("unit/mouthRollUpper", 0.28), ("unit/mouthRollLower", 0.30), ("unit/mouthPressLeft", 0.18),
        ("unit/mouthPressRight", 0.18), ("unit/mouthShrugLower", 0.22),
    ),
    "lip_corners+": (("mouth/mouth-angles-up", 0.75),),
    "lip_corners-": (("mouth/mouth-angles-down", 0.75), ("unit/mouthFrownLeft", 0.12), ("unit/mouthFrownRight", 0.12)),
    "mouth_width+": (("mouth/mouth-scale-horiz-incr", 0.8),),
    "mouth_width-": (("mouth/mouth-scale-horiz-decr", 0.75),),
    "chin+": (
        ("chin/chin-prominent-incr", 0.75), ("chin/chin-prognathism-incr", 0.25), ("chin/chin-cleft-incr", 0.25),
        ("unit/mouthShrugLower", 0.12),
    ),
    "chin-": (("chin/chin-prominent-decr", 0.9), ("chin/chin-prognathism-decr", 0.55)),
    "lid+": tuple((f"eyes/{side}-eye-height{place}-incr", 0.55) for side in "lr" for place in (1, 2, 3)),
    "lid-": (
        *((f"eyes/{side}-eye-height{place}-decr", 0.5) for side in "lr" for place in (1, 2, 3)),
        ("unit/eyeBlinkLeft", 0.14), ("unit/eyeBlinkRight", 0.14),
    ),
    "lower_lid+": (("unit/eyeSquintLeft", 0.35), ("unit/eyeSquintRight", 0.35)),
    "lower_lid-": (("unit/eyeSquintLeft", -0.3), ("unit/eyeSquintRight", -0.3)),
    "nose_length+": (("nose/nose-scale-vert-incr", 0.8), ("nose/nose-point-down", 0.35), ("nose/nose-base-down", 0.5)),
    "nose_length-": (("nose/nose-scale-vert-decr", 0.65), ("nose/nose-point-up", 0.8), ("nose/nose-base-up", 0.6)),
    "brow_height+": (("eyebrows/eyebrows-trans-up", 0.2),),
    "brow_height-": (("eyebrows/eyebrows-trans-down", 0.2),),
    "brow_slant+": (("eyebrows/eyebrows-angle-up", 0.12),),
    "brow_slant-": (("eyebrows/eyebrows-angle-down", 0.12),),
}  # fmt: skip
"""What each resting position moves when it is 1 (``+``) or -1 (``-``)."""
_USUAL = {"lip_fullness": -0.3, "lip_corners": 0.2, "lid": 0.3}
"""Added to resting positions: people's lips are thinner than the rig's, their mouths straighter, their eyes wider."""

_STRENGTHS = (1.0, 0.8, 0.6, 0.4, 0.2)
_PROPORTIONS: dict[str, tuple[int, int, int, float, float]] = {
    "nose length": (_ROOT, _NOSE_BASE, 1, 0.46, 0.70),
    "nose tip before its base": (_NOSE_TIP, _NOSE_BASE, 2, 0.035, 0.185),
    "philtrum": (_NOSE_BASE, LIP_MIDDLES[0], 1, 0.075, 0.28),
    "chin": (LIP_MIDDLES[1], CHIN[1], 1, 0.22, 0.48),
    "chin behind the lower lip": (LIP_MIDDLES[1], CHIN[1], 2, 0.12, 0.44),
    "face height": (_ROOT, CHIN[1], 1, 1.12, 1.58),
    "mouth width": (*MOUTH_CORNERS, 0, 0.44, 0.68),
}
"""Two coarse vertices, an axis, and the range of their distance along it as a share of the canthus distance."""


def neutral_head(rig: Rig, traits: Traits, manner: Manner = AVERAGE) -> Float32:
    """Build a subject's face at rest: lips closed, eyes open, teeth hidden.

    The middle between the eyes is where the average head has it, and 0.7 of the difference in eye distance is scaled
    away.

    Returns:
        (B, 3) coarse points, eyeballs included.
    """
    for strength in _STRENGTHS:
        points = _built(rig, traits, manner, strength)
        if not odd_proportions(rig, points):
            break
    return points


def odd_proportions(rig: Rig, points: Float32) -> tuple[str, ...]:
    """Return the names of the proportions of (B, 3) points that no adult face has."""
    unit = canthus_distance(rig, points)
    found = []
    for name, (first, second, axis, least, most) in _PROPORTIONS.items():
        if not least <= abs(float(points[first, axis] - points[second, axis])) / unit <= most:
            found.append(name)
    return tuple(found)


def _built(rig: Rig, traits: Traits, manner: Manner, strength: float) -> Float32:
    """Return the head with local shapes at a share of their drawn weights."""
    points = rig.base.copy()
    rig.add_macro(
        points,
        male=traits.male,
        age=traits.age,
        ethnicity=traits.ethnicity,
        muscle=traits.muscle,
        weight=traits.weight,
    )
    random = traits.random(Part.SHAPE)
    _add_local_shapes(rig, random, points, strength)
    _add_asymmetry(rig, random, points)
    _set_eyes(rig, points, float(random.uniform(*_EYE_DEPTHS)))
    for name, weight in (*resting_weights(traits.rest).items(), *manner.rest.items()):
        rig.add_target(points, name, weight)
    points = _recentred(rig, points)
    _settle_lids(rig, points)
    _close_lips(rig, points)
    _place_teeth(rig, points, float(random.uniform(*_TEETH_SHOWN)), float(random.uniform(*_BITE)))
    return points


def resting_weights(rest: Rest) -> dict[str, float]:
    """Return the targets that hold a face in its resting position, with their weights."""
    total: dict[str, float] = {}
    for name in Rest.__dataclass_fields__:
        value = getattr(rest, name) + _USUAL.get(name, 0.0)
        for target, weight in _REST.get(f"{name}{'+' if value > 0 else '-'}", ()):
            total[target] = total.get(target, 0.0) + weight * abs(value)
    return total


@lru_cache(maxsize=2)
def local_shapes(rig: Rig) -> tuple[tuple[str, ...], ...]:
    """Return the local shape targets, opposite ones together: (``nose/nose-hump-decr``, ``nose/nose-hump-incr``)."""
    groups: dict[str, list[str]] = {}
    for name in rig.names:
        folder, _, shape = name.partition("/")
        if folder in SPREADS and not shape.startswith("r-") and not any(part in shape for part in _LEFT_OUT):
            groups.setdefault(_without_direction(name), []).append(name)
    return tuple(tuple(names) for names in groups.values())


def _without_direction(name: str) -> str:
    stem, _, last = name.rpartition("-")
    directions = (
        "decr", "incr", "down", "up", "in", "out", "backward", "forward", "concave", "convex", "compress", "uncompress",
    )  # fmt: skip
    return stem if last in directions else name


def _add_local_shapes(rig: Rig, random: np.random.Generator, points: Float32, strength: float) -> None:
    for names in local_shapes(rig):
        used = random.random() < 1 - (1 - _USED) ** len(names)
        name = names[int(random.integers(len(names)))]
        spread = SPREADS[name.partition("/")[0]]
        weight = min(abs(float(random.normal(0, spread))), _MOST * spread)
        if not used:
            continue
        weight *= strength * next((factor for part, factor in _CALM.items() if part in name), 1.0)
        rig.add_target(points, name, weight)
        folder, _, shape = name.partition("/")
        if shape.startswith("l-"):
            rig.add_target(points, f"{folder}/r-{shape[2:]}", weight)


def _add_asymmetry(rig: Rig, random: np.random.Generator, points: Float32) -> None:
    for name in _ASYMMETRIES:
        used, side, weight = random.random() < _USED, "lr"[int(random.integers(2))], random.uniform(0, _MOST_ASYMMETRY)
        if used:
            rig.add_target(points, f"asym/asym-{name}-{side}", float(weight))


def _set_eyes(rig: Rig, points: Float32, depth: float) -> None:
    """Move eyeballs and lids back or forth, fading out towards brow and cheek."""
    for side in (0, 1):
        centre, radius = eyeball(rig, rig.base, side)
        away = np.linalg.norm((rig.base[: rig.coarse] - centre) * (1, 1.15, 1), axis=1)
        near = np.clip((2.6 * radius - away) / (1.2 * radius), 0, 1)
        points[: rig.coarse, 2] += depth * near * near * (3 - 2 * near)
        ball = rig.eyeball(points, side)
        ball[:, 2] += depth


def _recentred(rig: Rig, points: Float32) -> Float32:
    def eyes(head: Float32) -> tuple[Float32, float]:
        left, right = (eyeball(rig, head, side)[0] for side in (0, 1))
        return np.asarray((left + right) / 2, np.float32), float(left[0] - right[0])

    (middle, apart), (wanted, wanted_apart) = eyes(points), eyes(rig.base)
    scale = (wanted_apart / apart) ** _SCALE_HELD
    return np.asarray((points - middle) * scale + wanted, np.float32)


def _settle_lids(rig: Rig, points: Float32) -> None:
    """Put the lids on the eyeballs and hold their opening to what people have, in place."""
    unit = canthus_distance(rig, points)
    for side in (0, 1):
        contact, lids = EyeContact(rig, rig.base, points, side), lid_opening(rig, side)
        for _ in range(3):
            contact.settle(points)
            aperture = float(lids.gaps(points).mean())
            wanted = float(np.clip(aperture, _LEAST_APERTURE * unit, _MOST_APERTURE * unit))
            usual = lids.gaps(rig.base)
            lids.widen(points, (wanted - aperture) * usual / usual.mean())
            _keep_apart(lids, points, 0.15 * wanted)
        contact.settle(points)


def _keep_apart(opening: Opening, points: Float32, least: float) -> None:
    gaps = opening.gaps(points)
    opening.widen(points, np.maximum(least - gaps, 0))


def _close_lips(rig: Rig, points: Float32) -> None:
    mouth, unit = mouth_opening(rig), canthus_distance(rig, points)
    for _ in range(4):
        mouth.widen(points, np.float32(_LIP_GAP * unit) - mouth.gaps(points))


def _place_teeth(rig: Rig, points: Float32, shown: float, bite: float) -> None:
    """Move teeth and tongue behind the closed lips, in place, to the height where parted lips show them.

    Args:
        rig: the head.
        points: (B, 3).
        shown: how far the upper incisors reach below the upper lip.
        bite: how far the lower incisors' edge lies below theirs.
    """
    part = np.full(len(points), SKIN)
    part[rig.quads.ravel()] = np.repeat(rig.quad_part, 4)
    inside = np.isin(part, (UPPER_TEETH, LOWER_TEETH, TONGUE))
    middle = np.abs(points[:, 0]) < _INCISORS
    upper, lower = part == UPPER_TEETH, part == LOWER_TEETH
    edge = points[lip_rings(rig)[-1, 0], 1] - shown
    points[upper, 1] += edge - points[upper & middle, 1].min()
    drop = edge - bite - points[lower & middle, 1].max()
    points[lower | (part == TONGUE), 1] += drop
    tongue = points[part == TONGUE]
    low = tongue[:, 1].min()
    tongue[:, 1] = low + _TONGUE_FLAT * (tongue[:, 1] - low)
    points[part == TONGUE] = tongue - _TONGUE_BACK
    innermost = lip_rings(rig)[-1]
    lips = points[np.r_[innermost, mirror(rig)[innermost]]]
    lips = lips[np.argsort(lips[:, 0])]
    teeth = points[(part == UPPER_TEETH) | (part == LOWER_TEETH)]
    front = teeth[np.abs(teeth[:, 0]) < 0.75 * lips[:, 0].max()]
    beyond = front[:, 2] - np.interp(front[:, 0], lips[:, 0], lips[:, 2])
    points[inside, 2] -= max(float(beyond.max()) + _TEETH_BEHIND, 0.0)
