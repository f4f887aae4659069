"""Agreement beyond chance of two coders, or of a system and a coder: Cohen's kappa."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from actionunits.errors import UsageError
from actionunits.metrics.masks import HIGHEST_LEVEL, Float64, Int64, pair, require
from actionunits.metrics.scores import Scores, ratio
from actionunits.metrics.tally import require_same_shape, times_sum

Weights = Literal["none", "linear", "quadratic"]
"""What a disagreement by d levels costs: 1, d, or d squared."""

LEVELS = HIGHEST_LEVEL + 1


@dataclass(frozen=True, eq=False)
class CrossTable:
    """How often each pair of levels was given; two are added with ``+``.

    Attributes:
        counts: (A, 6, 6) int64, or (6, 6) for one AU; row: the target's level, column: the prediction's.
    """

    counts: Int64

    @classmethod
    def of(cls, target: ArrayLike, prediction: ArrayLike) -> CrossTable:
        """Count frames.

        Args:
            target: (N,) or (N, A) whole levels 0 to 5; unknown is -1, or NaN in floats.
            prediction: the same shape, likewise.

        Raises:
            UsageError: the shapes differ, or a known value is no whole level.
        """
        pairs = pair(target, prediction)
        whole = np.isin(pairs.target, range(LEVELS)) & np.isin(pairs.prediction, range(LEVELS))
        require(whole, pairs, f"a whole level 0 to {HIGHEST_LEVEL}", "Round intensities first")
        aus = pairs.target.shape[1:]
        cells = (pairs.target * LEVELS + pairs.prediction).astype(np.int64)
        if aus:
            cells += LEVELS**2 * np.arange(*aus)
        counts = np.bincount(cells[pairs.known], minlength=LEVELS**2 * math.prod(aus))
        return cls(counts.reshape(*aus, LEVELS, LEVELS).astype(np.int64))

    def __add__(self, other: CrossTable) -> CrossTable:
        """The counts of both together.

        Raises:
            UsageError: they count different numbers of AUs.
        """
        require_same_shape(self.counts.shape, other.counts.shape)
        return CrossTable(self.counts + other.counts)

    @classmethod
    def resampled(cls, parts: Sequence[CrossTable], times: Int64) -> CrossTable:
        """(B, A, 6, 6) counts; see :meth:`actionunits.metrics.tally.Tally.resampled`."""
        return cls(times_sum(times, np.stack([part.counts for part in parts])))

    def cohen_kappa(self, weights: Weights = "none") -> Scores:
        """See :func:`cohen_kappa`."""
        cost = _cost(weights)
        count = np.asarray(self.counts.sum(axis=(-2, -1)))
        rows, columns = self.counts.sum(axis=-1).astype(np.float64), self.counts.sum(axis=-2).astype(np.float64)
        observed = np.asarray((self.counts * cost).sum(axis=(-2, -1))) * count
        by_chance = np.asarray(((rows @ cost) * columns).sum(axis=-1))
        return ratio(by_chance - observed, by_chance, count, treatment="skip")


def _cost(weights: Weights) -> Float64:
    """(6, 6): what each disagreement costs."""
    if weights not in get_args(Weights):
        raise UsageError(f"weights={weights!r}", "is no weighting of kappa", f"Use {', '.join(get_args(Weights))}")
    apart = np.abs(np.subtract.outer(np.arange(LEVELS), np.arange(LEVELS))).astype(np.float64)
    return {"none": np.sign(apart), "linear": apart, "quadratic": np.square(apart)}[weights]


def cohen_kappa(target: ArrayLike, prediction: ArrayLike, weights: Weights = "none") -> Scores:
    """Cohen's kappa of each AU, for occurrence or for levels (Cohen 1960; weighted: Cohen 1968).

    1 - observed / expected disagreement. NaN and flagged where both sides are one and the same constant; averages
    leave that out.

    Args:
        target: (N,) or (N, A) whole levels 0 to 5, or 0 and 1; unknown is -1, or NaN in floats.
        prediction: the same shape, likewise.
        weights: what a disagreement by d levels costs: 1 (``none``), d (``linear``) or d squared (``quadratic``).

    Raises:
        UsageError: the shapes differ, a known value is no whole level, or there are no such weights.

    >>> float(cohen_kappa([0, 0, 1, 1], [0, 1, 1, 1]))
    0.5
    """
    return CrossTable.of(target, prediction).cohen_kappa(weights)
