"""Where scalp hair grows, in the chart's coordinates; u may run round the whole head (-pi to pi)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from actionunits.synth.painting import smoothstep
from actionunits.synth.traits import Part, Traits

Float32 = NDArray[np.float32]

_AROUND = (0, 0.5, 0.72, 0.86, 0.96, 1.06, 1.26, 1.36, 1.6, 1.9, 2.2, 3.2)
_EDGE = (7.96, 7.93, 7.80, 7.60, 7.38, 7.06, 7.03, 7.25, 7.25, 6.95, 6.55, 6.45)
_CROWN = 8.02  # above this a balding head is bare


def hairline(u: ArrayLike, traits: Traits) -> Float32:
    """Return v of the lower edge of the scalp hair at each u.

    Args:
        u: chart places, any shape, radians; both sides alike.
        traits: whose hairline: high or low, peaked, with receding temples, bald on top.
    """
    random = np.random.default_rng(traits.random(Part.HAIR).integers(2**63))
    around = np.abs(np.asarray(u, np.float32))
    edge = np.interp(around, _AROUND, _EDGE)
    front = smoothstep(0.9, 0.6, around)
    older = np.clip((traits.age - 30) / 40, 0, 1) * traits.male
    lift = random.normal(0, 0.035) + 0.05 * older * random.random()
    peak = max(random.normal(0, 0.025), 0.0)
    temples = (0.02 + 0.09 * older) * random.random() * traits.male
    edge = edge + front * lift - peak * np.exp(-np.square(around / 0.09))
    edge = edge + temples * np.exp(-np.square((around - 0.42) / 0.16))
    if traits.hair == "balding":
        top = smoothstep(0.98, 0.62, around)
        edge = edge + top * (random.uniform(0.22, 0.5) + 0.05 * np.exp(-np.square((around - 0.45) / 0.2)))
    return np.asarray(edge + 0.015 * np.sin(9 * around + 1) * (around > 0.6), np.float32)


def scalp_cover(u: ArrayLike, v: ArrayLike, traits: Traits) -> Float32:
    """Return how densely scalp hair grows at places of the chart, 0-1; soft at the hairline.

    Args:
        u: chart places, radians.
        v: chart places, of a shape that fits ``u``.
        traits: whose; a balding head is bare on top.
    """
    v = np.asarray(v, np.float32)
    cover = smoothstep(-0.02, 0.11, v - hairline(u, traits))
    if traits.hair == "balding":
        cover = cover * smoothstep(_CROWN + 0.12, _CROWN - 0.08, v)
    return np.asarray(cover, np.float32)
