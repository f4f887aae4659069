"""What a metric gives back, and how scores are averaged over action units and over folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from actionunits.errors import UsageError
from actionunits.metrics.masks import Bool, Float64, Int64

Treatment = Literal["zero", "skip"]
"""What an undefined score does to an average.

``zero``: it counts, with the value that convention gives it (F1 and ICC: 0), and with 0 where it is NaN.
``skip``: it is left out.
A score of no frame at all is left out either way: an AU that a data set does not code says nothing about a system.
"""


@dataclass(frozen=True, eq=False)
class Scores:
    """A metric per action unit.

    Attributes:
        values: (A,) float64, or () for one AU; further axes may come first (folds, resamples). An undefined score is
            NaN, or 0 where convention says so (F1 and ICC with frames to score).
        defined: the same shape; False where the metric's formula divides by nothing.
        count: the same shape, int64: frames that the score rests on.
        treatment: what this metric's undefined scores do to averages, unless the caller says otherwise: ``zero``
            where a system can cause them (F1, macro F1, MCC, ICC, PCC), ``skip`` where the labels alone do (AUROC,
            average precision) or both sides are one and the same constant (kappa, CCC).
    """

    values: Float64
    defined: Bool
    count: Int64
    treatment: Treatment = "zero"

    def __float__(self) -> float:
        """The value of one AU.

        Raises:
            UsageError: there are several.
        """
        if self.values.size != 1:
            raise UsageError(f"scores of shape {self.values.shape}", "are not one number", "Use average or .values")
        return float(self.values.item())


def ratio(
    above: NDArray[Any], below: NDArray[Any], count: Int64, *, otherwise: float = np.nan, treatment: Treatment = "zero"
) -> Scores:
    """Scores above / below; undefined where below is 0, which then has the value ``otherwise``, or NaN without frames.

    Args:
        above: any shape.
        below: the same shape.
        count: the same shape: the frames behind each score.
        otherwise: the value that convention gives to 0 / 0.
        treatment: as in :class:`Scores`.
    """
    defined = (np.asarray(below) != 0) & (count > 0)
    quotient = np.asarray(above, np.float64) / np.where(defined, below, 1.0)
    values = np.where(defined, quotient, np.where(count > 0, otherwise, np.nan))
    return Scores(values, defined, np.asarray(count, np.int64), treatment)


def mean_over(scores: Scores, axis: int, undefined: Treatment | None = None) -> Scores:
    """The arithmetic mean of scores along one axis.

    Args:
        scores: of any shape.
        axis: which axis to average away.
        undefined: what undefined scores do, see :data:`Treatment`; None for what ``scores.treatment`` says.

    Returns:
        Scores without that axis. A mean is undefined if a score that counted is, and NaN if none was left to count.

    Raises:
        UsageError: there is no such treatment.
    """
    treatment = scores.treatment if undefined is None else undefined
    if treatment not in get_args(Treatment):
        raise UsageError(f"undefined={treatment!r}", "is no treatment of undefined scores", "Use zero or skip")
    counts = (scores.count > 0) & (scores.defined | (treatment == "zero"))
    values = np.where(counts & ~np.isnan(scores.values), scores.values, 0.0)
    number = counts.sum(axis=axis)
    means = np.where(number > 0, values.sum(axis=axis) / np.maximum(number, 1), np.nan)
    defined = np.asarray((number > 0) & (scores.defined | ~counts).all(axis=axis))
    return Scores(means, defined, np.asarray(scores.count.sum(axis=axis)), treatment)


def average(scores: Scores, undefined: Treatment | None = None) -> float:
    """The arithmetic mean over action units: the "Avg" column of the papers.

    Args:
        scores: (A,), or one AU.
        undefined: what undefined scores do, see :data:`Treatment`; None for the metric's own treatment.

    Returns:
        The mean, NaN if no score is left.

    Raises:
        UsageError: the scores have more than one axis, or there is no such treatment.

    >>> from actionunits.metrics import f1
    >>> scores = f1([[1, 0, -1], [1, 0, -1]], [[1, 0, 1], [0, 0, 1]])  # the second AU never occurs, nor is it decided
    >>> average(scores), average(scores, "skip")  # the third is never coded
    (0.3333333333333333, 0.6666666666666666)
    """
    if scores.values.ndim > 1:
        raise UsageError(f"scores of shape {scores.values.shape}", "are not one row of AUs", "Use fold_mean first")
    flat = Scores(
        np.atleast_1d(scores.values), np.atleast_1d(scores.defined), np.atleast_1d(scores.count), scores.treatment
    )
    return float(mean_over(flat, 0, undefined))


def fold_mean(folds: Sequence[Scores], undefined: Treatment | None = None) -> Scores:
    """The mean over folds of each AU's score (protocol: the primary aggregation).

    For the other aggregation, pooled, add up the folds' tallies with :func:`actionunits.metrics.total` and score the
    sum. The two can differ by more than a point of F1.

    Args:
        folds: the scores of each test fold, all of one shape.
        undefined: what undefined scores do, see :data:`Treatment`; None for the metric's own treatment.

    Raises:
        UsageError: there is no fold, or the shapes differ.
    """
    if not folds:
        raise UsageError("fold_mean", "there is no fold", "Give the scores of one fold or more")
    if len({each.values.shape for each in folds}) > 1:
        raise UsageError("fold_mean", "the folds score different numbers of AUs", "Score one set of AUs")
    stacked = Scores(
        np.stack([each.values for each in folds]),
        np.stack([each.defined for each in folds]),
        np.stack([each.count for each in folds]),
        folds[0].treatment,
    )
    return mean_over(stacked, 0, undefined)
