"""Metrics of ranking, free of any threshold: area under the ROC curve, and average precision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from actionunits.metrics.masks import UNKNOWN, Bool, Float64, Int64, pair, require
from actionunits.metrics.scores import Scores
from actionunits.metrics.tally import require_same_shape

_BLOCK = 2_000_000  # numbers held at once while resamples are scored


@dataclass(frozen=True, eq=False)
class Ranking:
    """Every label with its score: ranks have no smaller summary. Two are joined with ``+``.

    Attributes:
        labels: parts of (N_k, A) or (N_k,) int8, -1 where the label or the score is unknown.
        scores: parts of the same shapes, float64; any scale, higher for more likely.
        times: (K,) int64, all 1, or (B, K) in resamples: how often each part counts.
    """

    labels: tuple[NDArray[np.int8], ...]
    scores: tuple[Float64, ...]
    times: Int64

    @classmethod
    def of(cls, target: ArrayLike, score: ArrayLike) -> Ranking:
        """Keep labels and scores.

        Args:
            target: (N,) or (N, A) of 0 and 1; unknown is -1, or NaN in floats.
            score: the same shape: probabilities, logits or levels; unknown is NaN, or -1 in whole numbers.

        Raises:
            UsageError: the shapes differ, or a known label is neither 0 nor 1.
        """
        pairs = pair(target, score)
        require(np.isin(pairs.target, (0, 1)), pairs, "labelled 0 or 1", "Threshold the intensities first")
        labels = np.where(pairs.known, pairs.target, UNKNOWN).astype(np.int8)
        return cls((labels,), (pairs.prediction,), np.ones(1, np.int64))

    def __add__(self, other: Ranking) -> Ranking:
        """Both together.

        Raises:
            UsageError: they rank different numbers of AUs.
        """
        require_same_shape(self.labels[0].shape[1:], other.labels[0].shape[1:])
        times = np.concatenate([self.times, other.times], axis=-1)
        return Ranking(self.labels + other.labels, self.scores + other.scores, times)

    @classmethod
    def resampled(cls, parts: Sequence[Ranking], times: Int64) -> Ranking:
        """Rankings with ``times`` of (B, K); see :meth:`actionunits.metrics.tally.Tally.resampled`."""
        return cls(
            tuple(each for part in parts for each in part.labels),
            tuple(each for part in parts for each in part.scores),
            np.repeat(times, [len(part.labels) for part in parts], axis=1),
        )

    def auroc(self) -> Scores:
        """See :func:`auroc`."""
        return self._scored(_pairs_won, needs_negatives=True)

    def average_precision(self) -> Scores:
        """See :func:`average_precision`."""
        return self._scored(_precision, needs_negatives=False)

    def _scored(self, measure: Callable[[_Column, Float64], Float64], *, needs_negatives: bool) -> Scores:
        labels, scores = np.concatenate(self.labels), np.concatenate(self.scores)
        lengths = [len(each) for each in self.labels]
        if self.times.ndim == 1:  # every part once: all are one
            part, times = np.zeros(len(labels), np.intp), np.ones((1, 1))
        else:
            part, times = np.repeat(np.arange(len(lengths)), lengths), self.times.astype(np.float64)
        values: list[Float64] = []
        positive: list[Float64] = []
        negative: list[Float64] = []
        for truth, score in zip(np.atleast_2d(labels.T), np.atleast_2d(scores.T), strict=True):
            column = _Column.of(truth, score, part)
            for counts, members in ((positive, column.positive), (negative, ~column.positive)):
                counts.append(times @ np.bincount(column.part[members], minlength=times.shape[1]))
            values.append(measure(column, times))
        shape = (*self.times.shape[:-1], *labels.shape[1:])
        found, present, absent = (np.stack(each, axis=-1).reshape(shape) for each in (values, positive, negative))
        defined = (present > 0) & ((absent > 0) | (not needs_negatives))
        possible = present * absent if needs_negatives else present
        return Scores(
            np.where(defined, found / np.maximum(possible, 1), np.nan),
            defined,
            (present + absent).astype(np.int64),
            "skip",
        )


@dataclass(frozen=True, eq=False)
class _Column:
    """The M known frames of one AU, highest score first, and the part each belongs to."""

    positive: Bool
    score: Float64
    part: NDArray[np.intp]

    @classmethod
    def of(cls, labels: NDArray[np.int8], scores: Float64, part: NDArray[np.intp]) -> _Column:
        known = np.flatnonzero(labels != UNKNOWN)
        order = known[np.argsort(-scores[known], kind="stable")]
        return cls(labels[order] == 1, scores[order], part[order])


def _pairs_won(column: _Column, times: Float64) -> Float64:
    """Pairs of a positive and a negative that the positive outranks, ties half, (B,) for times (B, K).

    One count for every pair of parts serves all resamples.
    """
    parts = times.shape[1]
    winners, owners = column.score[column.positive], column.part[column.positive]
    losers, hosts = column.score[~column.positive][::-1], column.part[~column.positive][::-1]  # lowest first
    won = np.zeros((parts, parts))
    for host in range(parts):
        its = losers[hosts == host]
        halves = np.searchsorted(its, winners, "left") + np.searchsorted(its, winners, "right")
        won[:, host] = np.bincount(owners, weights=halves, minlength=parts)
    return np.asarray(((times @ won) * times).sum(axis=1)) / 2


def _precision(column: _Column, times: Float64) -> Float64:
    """The sum over positives of the precision at their score, (B,) for times (B, K)."""
    step = max(1, _BLOCK // max(1, len(column.part)))
    places = np.flatnonzero(column.positive)
    ends = np.searchsorted(-column.score, -column.score[places], "right") - 1  # of the ties of each positive
    tied = np.searchsorted(places, ends, "right") - 1  # the last positive that a positive ties with
    found = []
    for start in range(0, len(times), step):
        weights = times[start : start + step][:, column.part]  # (b, M)
        own = weights[:, places]
        ranked = np.cumsum(weights, axis=1)[:, ends]
        hits = np.cumsum(own, axis=1)[:, tied]
        found.append((own * hits / np.maximum(ranked, 1)).sum(axis=1))
    return np.concatenate(found)


def auroc(target: ArrayLike, score: ArrayLike) -> Scores:
    """Area under the ROC curve of each AU: how often a frame with the AU outranks one without; ties count half.

    NaN and flagged where the labels are all alike; averages leave that out, since no system could do otherwise.
    Equals the Mann-Whitney U over the number of pairs (Hanley & McNeil 1982).

    Args:
        target: (N,) or (N, A) of 0 and 1; unknown is -1, or NaN in floats.
        score: the same shape: probabilities, logits or levels; unknown is NaN, or -1 in whole numbers.

    Raises:
        UsageError: the shapes differ, or a known label is neither 0 nor 1.

    >>> float(auroc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]))
    0.75
    """
    return Ranking.of(target, score).auroc()


def average_precision(target: ArrayLike, score: ArrayLike) -> Scores:
    """Average precision of each AU: the sum over distinct scores of precision times the step of recall.

    The area under the precision-recall curve without interpolation. NaN and flagged where the AU never occurs;
    averages leave that out.

    Args:
        target: (N,) or (N, A) of 0 and 1; unknown is -1, or NaN in floats.
        score: the same shape: probabilities, logits or levels; unknown is NaN, or -1 in whole numbers.

    Raises:
        UsageError: the shapes differ, or a known label is neither 0 nor 1.
    """
    return Ranking.of(target, score).average_precision()
