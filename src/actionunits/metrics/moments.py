"""Moments of labels and predictions that can be added without loss, and the metrics of intensity they give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from actionunits.metrics.masks import Bool, Float64, Int64, counted, pair, require
from actionunits.metrics.scores import Scores, ratio
from actionunits.metrics.tally import require_same_shape, times_sum

TARGET, PREDICTION, DIFFERENCE = range(3)
LIMITS_AT = 1.96  # standard deviations either side that hold 95 % of a normal distribution


@dataclass(frozen=True, eq=False)
class Limits:
    """Bland and Altman's limits of agreement, each (A,) float64, or () for one AU.

    Attributes:
        bias: mean of prediction - target; NaN without a known frame.
        sd: standard deviation of the differences, n - 1 in the denominator; NaN below two frames.
        lower: bias - 1.96 sd.
        upper: bias + 1.96 sd.
        defined: bool: there are two frames or more.
        count: int64: frames.
    """

    bias: Float64
    sd: Float64
    lower: Float64
    upper: Float64
    defined: Bool
    count: Int64


@dataclass(frozen=True, eq=False)
class Moments:
    """First and second moments per action unit of three variables: target, prediction, and prediction - target.

    Sums of squares are about the mean and are joined by the formula of Chan, Golub and LeVeque (1979), so that large
    means cost no digits. A variable that does not vary has a sum of squares of exactly 0.

    Attributes:
        count: (A,) int64, or () for one AU.
        mean: (A, 3).
        square: (A, 3) sums of squared deviations from the mean.
        product: (A,) sum of the products of the deviations of target and prediction.
        absolute: (A,) sum of the absolute differences.
    """

    count: Int64
    mean: Float64
    square: Float64
    product: Float64
    absolute: Float64

    @classmethod
    def of(cls, target: ArrayLike, prediction: ArrayLike) -> Moments:
        """Take the moments of frames.

        Args:
            target: (N,) or (N, A); unknown is NaN, or -1 in whole numbers.
            prediction: the same shape, likewise.

        Raises:
            UsageError: the shapes differ, or a value is infinite.
        """
        pairs = pair(target, prediction)
        finite = np.isfinite(pairs.target) & np.isfinite(pairs.prediction)
        require(finite, pairs, "finite", "Mark what is unknown with NaN")
        count, known = counted(pairs.known), np.ascontiguousarray(pairs.known.T)
        difference = pairs.prediction - pairs.target
        centred = [_centred(each, known, count) for each in (pairs.target, pairs.prediction, difference)]
        deviations = [deviation for _, deviation in centred]
        return cls(
            count,
            np.stack([mean for mean, _ in centred], axis=-1),
            np.stack([np.square(each).sum(axis=-1) for each in deviations], axis=-1),
            np.asarray((deviations[TARGET] * deviations[PREDICTION]).sum(axis=-1)),
            np.asarray(np.abs(np.ascontiguousarray(difference.T)).sum(axis=-1)),
        )

    def __add__(self, other: Moments) -> Moments:
        """The moments of both together.

        Raises:
            UsageError: they measure different numbers of AUs.
        """
        require_same_shape(self.count.shape, other.count.shape)
        count = self.count + other.count
        share = other.count / np.maximum(count, 1)
        apart = np.where((self.count > 0)[..., None], other.mean - self.mean, other.mean)
        apart = np.where((other.count > 0)[..., None], apart, 0.0)
        between = self.count * share  # n1 n2 / (n1 + n2)
        return Moments(
            count,
            np.where((self.count > 0)[..., None], self.mean, 0.0) + apart * share[..., None],
            self.square + other.square + np.square(apart) * between[..., None],
            self.product + other.product + apart[..., TARGET] * apart[..., PREDICTION] * between,
            self.absolute + other.absolute,
        )

    @classmethod
    def resampled(cls, parts: Sequence[Moments], times: Int64) -> Moments:
        """(B, A) moments; see :meth:`actionunits.metrics.tally.Tally.resampled`."""
        counts = np.stack([part.count for part in parts])  # (S, A)
        means = np.stack([part.mean for part in parts])  # (S, A, 3)
        weights = counts[..., None] / np.maximum(counts.sum(axis=0), 1)[..., None]
        centre = (means * weights).sum(axis=0)
        apart = np.where((counts > 0)[..., None], means - centre, 0.0)
        count = times_sum(times, counts)
        shift = times_sum(times, counts[..., None] * apart) / np.maximum(count, 1)[..., None]
        within = np.stack([part.square for part in parts])
        square = times_sum(times, within + counts[..., None] * np.square(apart)) - count[..., None] * np.square(shift)
        products = np.stack([part.product for part in parts]) + counts * apart[..., TARGET] * apart[..., PREDICTION]
        product = times_sum(times, products) - count * shift[..., TARGET] * shift[..., PREDICTION]
        still, constant = _still(times, counts, means, within)
        return cls(
            count,
            np.where(still, constant, centre + shift),
            np.where(still, 0.0, np.maximum(square, 0.0)),
            np.where(still[..., TARGET] | still[..., PREDICTION], 0.0, product),
            times_sum(times, np.stack([part.absolute for part in parts])),
        )

    def icc31(self) -> Scores:
        """See :func:`actionunits.metrics.icc31`."""
        spread = self.square[..., TARGET] + self.square[..., PREDICTION]
        return ratio(2 * self.product, spread, self.count, otherwise=0.0)

    def pcc(self) -> Scores:
        """See :func:`actionunits.metrics.pcc`."""
        spread = np.sqrt(self.square[..., TARGET]) * np.sqrt(self.square[..., PREDICTION])
        found = ratio(self.product, spread, self.count)
        return Scores(np.clip(found.values, -1.0, 1.0), found.defined, found.count)

    def ccc(self) -> Scores:
        """See :func:`actionunits.metrics.ccc`."""
        spread = self.square[..., TARGET] + self.square[..., PREDICTION]
        apart = self.count * np.square(self.mean[..., DIFFERENCE])
        return ratio(2 * self.product, spread + apart, self.count, treatment="skip")

    def mae(self) -> Scores:
        """See :func:`actionunits.metrics.mae`."""
        return ratio(self.absolute, self.count, self.count)

    def mse(self) -> Scores:
        """See :func:`actionunits.metrics.mse`."""
        total = self.square[..., DIFFERENCE] + self.count * np.square(self.mean[..., DIFFERENCE])
        return ratio(total, self.count, self.count)

    def bland_altman(self) -> Limits:
        """See :func:`actionunits.metrics.bland_altman`."""
        defined = np.asarray(self.count > 1)
        bias = np.where(self.count > 0, self.mean[..., DIFFERENCE], np.nan)
        variance = self.square[..., DIFFERENCE] / np.maximum(self.count - 1, 1)
        sd = np.where(defined, np.sqrt(variance), np.nan)
        return Limits(bias, sd, bias - LIMITS_AT * sd, bias + LIMITS_AT * sd, defined, self.count)


def _centred(values: Float64, known: Bool, count: Int64) -> tuple[Float64, Float64]:
    """Means (A,), and deviations from them (A, N), 0 where unknown; both exact for a constant."""
    rows = np.ascontiguousarray(values.T)  # (A, N): sums along contiguous memory are pairwise
    if not rows.shape[-1]:
        return np.zeros(count.shape), rows
    first = np.take_along_axis(rows, known.argmax(axis=-1)[..., None], axis=-1)
    offsets = np.where(known, rows - first, 0.0)
    frames = np.maximum(count, 1)
    mean = offsets.sum(axis=-1) / frames
    deviations = np.where(known, offsets - mean[..., None], 0.0)
    rest = deviations.sum(axis=-1) / frames  # what rounding left of the mean
    deviations = np.where(known, deviations - rest[..., None], 0.0)
    return first[..., 0] + (mean + rest), deviations


def _still(times: Int64, counts: Int64, means: Float64, within: Float64) -> tuple[Bool, Float64]:
    """Where a resample's variable is one constant, (B, A, 3), and which: rounding must not make it vary."""
    shape = (len(times), *means.shape[1:])
    lowest, highest = np.full(shape, np.inf), np.full(shape, -np.inf)
    for part, count in enumerate(counts):
        taken = (times[:, part].reshape(-1, *[1] * count.ndim) > 0) & (count > 0)
        lowest = np.where(taken[..., None], np.minimum(lowest, means[part]), lowest)
        highest = np.where(taken[..., None], np.maximum(highest, means[part]), highest)
    return np.asarray((times_sum(times, within) == 0) & (lowest == highest)), lowest
