"""Metrics of intensity, levels 0 to 5: ICC(3,1), PCC, CCC, MAE, MSE, and Bland and Altman's limits."""

from __future__ import annotations

from numpy.typing import ArrayLike

from actionunits.metrics.moments import Limits, Moments
from actionunits.metrics.scores import Scores


def icc31(target: ArrayLike, prediction: ArrayLike) -> Scores:
    """ICC(3,1) of each AU: two-way mixed, consistency, single rater (Shrout & Fleiss 1979).

    With two raters it equals 2 cov(p, t) / (var p + var t). 0 and flagged where neither side varies (protocol); NaN
    and flagged without a known frame. A constant shift costs nothing; see :func:`ccc` for agreement.

    Args:
        target: (N,) or (N, A) levels; unknown is NaN, or -1 in whole numbers.
        prediction: the same shape, likewise.

    Raises:
        UsageError: the shapes differ, or a value is infinite. So do all functions of this module.

    >>> float(icc31([0, 1, 2, 3], [1, 2, 3, 4]))
    1.0
    """
    return Moments.of(target, prediction).icc31()


def pcc(target: ArrayLike, prediction: ArrayLike) -> Scores:
    """Pearson's correlation of each AU; NaN and flagged where a side does not vary, which averages count as 0.

    Args:
        target: (N,) or (N, A) levels; unknown is NaN, or -1 in whole numbers.
        prediction: the same shape, likewise.
    """
    return Moments.of(target, prediction).pcc()


def ccc(target: ArrayLike, prediction: ArrayLike) -> Scores:
    """Concordance of each AU: 2 cov / (var p + var t + (mean p - mean t)^2), variances over n (Lin 1989).

    NaN and flagged where both sides are one and the same constant; averages leave that out.

    Args:
        target: (N,) or (N, A) levels; unknown is NaN, or -1 in whole numbers.
        prediction: the same shape, likewise.
    """
    return Moments.of(target, prediction).ccc()


def mae(target: ArrayLike, prediction: ArrayLike) -> Scores:
    """Mean absolute error of each AU, in levels; NaN without a known frame.

    The protocol takes it on whole levels: round predictions first.

    Args:
        target: (N,) or (N, A) levels; unknown is NaN, or -1 in whole numbers.
        prediction: the same shape, likewise.
    """
    return Moments.of(target, prediction).mae()


def mse(target: ArrayLike, prediction: ArrayLike) -> Scores:
    """Mean squared error of each AU, in levels squared; NaN without a known frame.

    Args:
        target: (N,) or (N, A) levels; unknown is NaN, or -1 in whole numbers.
        prediction: the same shape, likewise.
    """
    return Moments.of(target, prediction).mse()


def bland_altman(target: ArrayLike, prediction: ArrayLike) -> Limits:
    """Bias and 95 % limits of agreement of each AU, of prediction - target (Bland & Altman 1986).

    Args:
        target: (N,) or (N, A) levels or measurements; unknown is NaN, or -1 in whole numbers.
        prediction: the same shape, likewise.

    >>> limits = bland_altman([1.0, 2.0, 3.0], [2.0, 2.0, 5.0])
    >>> float(limits.bias), float(limits.sd)
    (1.0, 1.0)
    """
    return Moments.of(target, prediction).bland_altman()
