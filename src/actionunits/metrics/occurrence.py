"""Metrics of occurrence, 0 or 1, from confusion counts: F1-frame and friends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

from actionunits.errors import UsageError
from actionunits.metrics.masks import Int64, counted, is_unknown, pair, require
from actionunits.metrics.scores import Scores, ratio
from actionunits.metrics.tally import require_same_shape, times_sum


@dataclass(frozen=True, eq=False)
class Confusion:
    """Confusion counts per action unit; two are added with ``+``.

    Attributes:
        tp: (A,) int64, or () for one AU: frames where the AU occurs and is decided to.
        fp: it does not occur and is decided to.
        fn: it occurs and is decided not to.
        tn: it does not occur and is decided not to.

    Raises:
        UsageError: the shapes differ, or a count is negative or no whole number.
    """

    tp: Int64
    fp: Int64
    fn: Int64
    tn: Int64

    def __post_init__(self) -> None:
        for field in fields(self):
            given = np.asarray(getattr(self, field.name))
            if given.dtype.kind not in "iu" or (given < 0).any():
                raise UsageError(f"counts {field.name}", "are not whole numbers from 0", "Give frames counted")
            object.__setattr__(self, field.name, given.astype(np.int64))
            require_same_shape(self.tp.shape, given.shape)

    @classmethod
    def of(cls, target: ArrayLike, decision: ArrayLike) -> Confusion:
        """Count frames.

        Args:
            target: (N,) or (N, A) of 0 and 1; unknown is -1, or NaN in floats.
            decision: the same shape, likewise.

        Raises:
            UsageError: the shapes differ, or a known value is neither 0 nor 1.
        """
        pairs = pair(target, decision)
        plain = np.isin(pairs.target, (0, 1)) & np.isin(pairs.prediction, (0, 1))
        require(plain, pairs, "0 or 1", "Threshold intensities and probabilities first, the latter with decide")
        occurs, decided = pairs.target == 1, pairs.prediction == 1
        return cls(
            tp=counted(occurs & decided),
            fp=counted(~occurs & decided),
            fn=counted(occurs & ~decided),
            tn=counted(~occurs & ~decided & pairs.known),
        )

    def __add__(self, other: Confusion) -> Confusion:
        """The counts of both together.

        Raises:
            UsageError: they count different numbers of AUs.
        """
        require_same_shape(self.tp.shape, other.tp.shape)
        return Confusion(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn, self.tn + other.tn)

    @classmethod
    def resampled(cls, parts: Sequence[Confusion], times: Int64) -> Confusion:
        """(B, A) counts; see :meth:`actionunits.metrics.tally.Tally.resampled`."""
        return cls(
            *(times_sum(times, np.stack([getattr(part, field.name) for part in parts])) for field in fields(cls))
        )

    @property
    def count(self) -> Int64:
        """Frames counted."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def inverted(self) -> Confusion:
        """The counts with absence as the class to find."""
        return Confusion(tp=self.tn, fp=self.fn, fn=self.fp, tn=self.tp)

    def f1(self) -> Scores:
        """See :func:`f1`."""
        return ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn, self.count, otherwise=0.0)

    def f1_macro(self) -> Scores:
        """See :func:`f1_macro`."""
        present, absent = self.f1(), self.inverted.f1()
        return Scores((present.values + absent.values) / 2, present.defined & absent.defined, self.count)

    def f1_micro(self) -> Scores:
        """See :func:`f1_micro`.

        Raises:
            UsageError: one AU is counted.
        """
        if not self.tp.ndim:
            raise UsageError("counts of one AU", "have no sum over AUs", "Use f1, or give arrays of (N, A)")
        return Confusion(*(np.asarray(getattr(self, field.name).sum(axis=-1)) for field in fields(self))).f1()

    def accuracy(self) -> Scores:
        """See :func:`accuracy`."""
        return ratio(self.tp + self.tn, self.count, self.count)

    def mcc(self) -> Scores:
        """See :func:`mcc`."""
        tp, fp, fn, tn = (np.asarray(getattr(self, field.name), np.float64) for field in fields(self))
        spread = np.sqrt((tp + fp) * (tp + fn)) * np.sqrt((tn + fp) * (tn + fn))
        return ratio(tp * tn - fp * fn, spread, self.count)


def confusion(target: ArrayLike, decision: ArrayLike) -> Confusion:
    """Confusion counts per AU, unknown frames left out.

    Args:
        target: (N,) or (N, A) of 0 and 1; unknown is -1, or NaN in floats.
        decision: the same shape, likewise.

    Raises:
        UsageError: the shapes differ, or a known value is neither 0 nor 1. So do all functions of this module.

    >>> confusion([1, 1, 0, -1], [1, 0, 0, 1])
    Confusion(tp=array(1), fp=array(0), fn=array(1), tn=array(1))
    """
    return Confusion.of(target, decision)


def f1(target: ArrayLike, decision: ArrayLike) -> Scores:
    """F1-frame of each AU: 2TP / (2TP + FP + FN), of the positive class, over all known frames.

    0 and flagged where the AU neither occurs nor is decided to (TP = FP = FN = 0); NaN and flagged without a known
    frame.

    Args:
        target: (N,) or (N, A) of 0 and 1; unknown is -1, or NaN in floats.
        decision: the same shape, likewise.

    >>> float(f1([1, 1, 0, -1], [1, 0, 0, 1]))
    0.6666666666666666
    """
    return Confusion.of(target, decision).f1()


def f1_macro(target: ArrayLike, decision: ArrayLike) -> Scores:
    """The mean of each AU's F1 of presence and F1 of absence; flagged where either is undefined (and counts as 0).

    Not what the field calls F1: absence is common and easy, so this is higher. For comparison with papers that use it.

    Args:
        target: (N,) or (N, A) of 0 and 1; unknown is -1, or NaN in floats.
        decision: the same shape, likewise.
    """
    return Confusion.of(target, decision).f1_macro()


def f1_micro(target: ArrayLike, decision: ArrayLike) -> Scores:
    """One F1 of the counts summed over AUs, so that common AUs weigh more. Not the field's average either.

    Args:
        target: (N, A) of 0 and 1; unknown is -1, or NaN in floats.
        decision: the same shape, likewise.

    Returns:
        One score.
    """
    return Confusion.of(target, decision).f1_micro()


def accuracy(target: ArrayLike, decision: ArrayLike) -> Scores:
    """The share of known frames decided rightly, per AU; NaN without a known frame.

    Args:
        target: (N,) or (N, A) of 0 and 1; unknown is -1, or NaN in floats.
        decision: the same shape, likewise.
    """
    return Confusion.of(target, decision).accuracy()


def mcc(target: ArrayLike, decision: ArrayLike) -> Scores:
    """Matthews' correlation coefficient of each AU, -1 to 1 (Matthews 1975).

    NaN and flagged where the labels or the decisions are all alike; averages count that as 0, no correlation.

    Args:
        target: (N,) or (N, A) of 0 and 1; unknown is -1, or NaN in floats.
        decision: the same shape, likewise.
    """
    return Confusion.of(target, decision).mcc()


def always_positive_f1(target: ArrayLike) -> Scores:
    """F1 of a system that finds the AU in every frame: 2r / (1 + r) with base rate r. What any system must beat.

    Args:
        target: (N,) or (N, A) of 0 and 1; unknown is -1, or NaN in floats.

    >>> float(always_positive_f1([1, 0, 0, 0]))
    0.4
    """
    labels = np.asarray(target)
    return f1(labels, np.where(is_unknown(labels), -1, 1))
