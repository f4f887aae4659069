"""How sure a score is: confidence intervals and comparisons that resample subjects, never frames.

The frames of one person are alike, so that resampling frames would make every interval far too narrow. A subject's
frames are summed up once in a tally, and a resample is a weighted sum of tallies.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actionunits.errors import UsageError
from actionunits.metrics.masks import Float64, Int64
from actionunits.metrics.scores import Scores, fold_mean, mean_over
from actionunits.metrics.tally import AnyTally, total

_SLACK = 1e-12  # two differences this close are one, split by rounding


@dataclass(frozen=True, eq=False)
class Interval:
    """A value and the interval that a bootstrap gives it.

    Attributes:
        value: (A,) float64, or (): the value of all subjects, not of the resamples.
        low: the same shape: lower end, NaN where no resample has a value.
        high: the same shape: upper end.
    """

    value: Float64
    low: Float64
    high: Float64


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Scores with percentile intervals over resampled subjects.

    Attributes:
        scores: of all subjects.
        per_au: interval of each AU, (A,), or () for one.
        average: interval of the average over AUs, ().
        without_value: (A,) share of resamples in which the score is NaN (such as AUROC without an occurrence); they
            are left out of ``per_au``, and enter ``average`` as ``scores.treatment`` says.
        subjects: how many there are.
        resamples: how many were drawn.
        level: of the intervals, such as 0.95.
    """

    scores: Scores
    per_au: Interval
    average: Interval
    without_value: Float64
    subjects: int
    resamples: int
    level: float


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two runs on the same subjects.

    Attributes:
        first: scores of the first run.
        second: scores of the second run.
        per_au: interval of first - second for each AU, (A,), or () for one.
        average: interval of the difference of the averages over AUs, ().
        p: (A,) two-sided p of each AU's difference; not corrected for the number of AUs.
        p_average: two-sided p of the difference of the averages.
        subjects: how many there are.
        resamples: how many were drawn, and how many swaps.
        level: of the intervals, such as 0.95.
    """

    first: Scores
    second: Scores
    per_au: Interval
    average: Interval
    p: Float64
    p_average: float
    subjects: int
    resamples: int
    level: float


@dataclass(frozen=True)
class _Plan:
    """Who is resampled with whom."""

    subjects: list[Any]
    folds: list[NDArray[np.intp]]  # places in ``subjects``
    resamples: int

    def draw(self, rng: np.random.Generator) -> Int64:
        """How often each resample takes each subject, (B, S): each fold's subjects with replacement, as many."""
        times = np.zeros((self.resamples, len(self.subjects)), np.int64)
        for fold in self.folds:
            times[:, fold] = rng.multinomial(len(fold), np.full(len(fold), 1 / len(fold)), size=self.resamples)
        return times


def bootstrap(
    parts: Mapping[Any, AnyTally],
    score: Callable[[AnyTally], Scores],
    *,
    folds: Mapping[Any, Hashable] | None = None,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Bootstrap:
    """Percentile confidence intervals of a metric, subjects drawn with replacement (Efron 1979).

    Args:
        parts: the tally of each subject, as from :func:`actionunits.metrics.tally_by`.
        score: the metric, such as ``Confusion.f1``.
        folds: the test fold of each subject: the score is then the mean over folds, and subjects are drawn within
            their fold. None: one pool, the score of all subjects together.
        resamples: how many to draw.
        level: of the intervals.
        seed: of the draws; the same seed gives the same intervals, whatever the order of ``parts``.

    Raises:
        UsageError: there is one subject, or a fold of one; a subject has no fold; or an option is out of range.

    >>> from actionunits.metrics import Confusion, tally_by
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.integers(0, 2, (600, 2))
    >>> found = bootstrap(tally_by(np.arange(600) // 20, Confusion.of, truth, np.ones((600, 2), int)), Confusion.f1)
    >>> bool((found.per_au.low < found.scores.values).all())
    True
    """
    _check(resamples, level, seed)
    plan = _plan(parts, folds, resamples)
    tallies = [parts[subject] for subject in plan.subjects]
    scores = _aggregate([score(total([tallies[place] for place in fold])) for fold in plan.folds])
    drawn = _drawn(tallies, plan.folds, score, plan.draw(np.random.default_rng(seed)), scores)
    averages = _averages(scores, scores), _averages(drawn, scores)
    return Bootstrap(
        scores,
        _interval(scores.values, drawn.values, level),
        _interval(averages[0], averages[1], level),
        np.asarray(np.isnan(drawn.values).mean(axis=0)),
        len(plan.subjects),
        resamples,
        level,
    )


def compare(
    first: Mapping[Any, AnyTally],
    second: Mapping[Any, AnyTally],
    score: Callable[[AnyTally], Scores],
    *,
    folds: Mapping[Any, Hashable] | None = None,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Whether one run scores higher than another on the same subjects.

    The interval of the difference comes from resamples that take the same subjects from both runs. The p value comes
    from a randomisation test: if the runs were alike, each subject's two tallies could be swapped; p is the share of
    random swaps whose difference is at least as large, the observed one included (so p is at least
    1 / (resamples + 1)).

    Args:
        first: the tally of each subject in one run.
        second: the same subjects in the other run.
        score: the metric, such as ``Confusion.f1``.
        folds: as in :func:`bootstrap`; the same for both runs.
        resamples: how many resamples, and how many swaps.
        level: of the intervals.
        seed: of the draws.

    Raises:
        UsageError: the subjects differ, or as :func:`bootstrap`.
    """
    _check(resamples, level, seed)
    if first.keys() != second.keys():
        odd = ", ".join(sorted(map(str, first.keys() ^ second.keys()))[:5])
        raise UsageError("compare", f"only one run has the subjects {odd}", "Compare runs on the same subjects")
    plan = _plan(first, folds, resamples)
    ours, theirs = ([run[subject] for subject in plan.subjects] for run in (first, second))
    scores = [
        _aggregate([score(total([run[place] for place in fold])) for fold in plan.folds]) for run in (ours, theirs)
    ]
    rng = np.random.default_rng(seed)
    times = plan.draw(rng)
    drawn = [_drawn(run, plan.folds, score, times, scores[0]) for run in (ours, theirs)]
    stay = rng.integers(0, 2, times.shape)
    both = [np.concatenate([fold, fold + len(ours)]) for fold in plan.folds]
    swapped = [
        _drawn(ours + theirs, both, score, np.concatenate(kept, axis=1), scores[0])
        for kept in ((stay, 1 - stay), (1 - stay, stay))
    ]
    averages = [[_averages(each, scores[0]) for each in runs] for runs in (scores, drawn, swapped)]
    difference = scores[0].values - scores[1].values
    of_average = averages[0][0] - averages[0][1]
    return Comparison(
        scores[0],
        scores[1],
        _interval(difference, drawn[0].values - drawn[1].values, level),
        _interval(of_average, averages[1][0] - averages[1][1], level),
        _p(difference, swapped[0].values - swapped[1].values),
        float(_p(of_average, averages[2][0] - averages[2][1])),
        len(plan.subjects),
        resamples,
        level,
    )


def _check(resamples: int, level: float, seed: int) -> None:
    if resamples < 1 or not 0 < level < 1 or seed < 0:
        given = f"resamples={resamples}, level={level}, seed={seed}"
        raise UsageError(
            given, "are not all in range", "Use 1 resample or more, a level between 0 and 1, a seed from 0"
        )


def _plan(parts: Mapping[Any, Any], folds: Mapping[Any, Hashable] | None, resamples: int) -> _Plan:
    subjects = sorted(parts)
    missing = [] if folds is None else [subject for subject in subjects if subject not in folds]
    if missing:
        raise UsageError(f"subject {missing[0]}", "has no fold", "Name the test fold of every subject")
    groups: dict[Any, list[int]] = {}
    for place, subject in enumerate(subjects):
        groups.setdefault(None if folds is None else folds[subject], []).append(place)
    if not groups or min(map(len, groups.values())) < 2:
        advice = "Give two or more, or no folds for the pooled score"
        raise UsageError("bootstrap", "one subject alone, or a fold of one, cannot be resampled", advice)
    return _Plan(subjects, [np.array(group, np.intp) for group in groups.values()], resamples)


def _drawn(
    tallies: Sequence[AnyTally],
    folds: Sequence[NDArray[np.intp]],
    score: Callable[[AnyTally], Scores],
    times: Int64,
    like: Scores,
) -> Scores:
    """Scores of all resamples, (B, A) or (B,); shaped as ``like``, which is of one."""
    found = _aggregate(
        [score(type(tallies[0]).resampled([tallies[place] for place in fold], times[:, fold])) for fold in folds]
    )
    if found.values.shape != (len(times), *like.values.shape):
        raise UsageError("score", f"gives shape {found.values.shape} for resamples", "Score along the last axis only")
    return found


def _aggregate(folds: Sequence[Scores]) -> Scores:
    return folds[0] if len(folds) == 1 else fold_mean(folds)


def _averages(scores: Scores, like: Scores) -> Float64:
    """The average over AUs, () or (B,), of scores shaped as ``like`` or (B, ...); one AU is its own average."""
    return mean_over(scores, -1).values if like.values.ndim else scores.values


def _interval(value: Float64, drawn: Float64, level: float) -> Interval:
    """Percentiles along the first axis, NaN left out."""
    ends = np.array([(1 - level) / 2, (1 + level) / 2])
    columns = [column[~np.isnan(column)] for column in drawn.reshape(len(drawn), -1).T]
    found = [np.quantile(column, ends) if column.size else np.full(2, np.nan) for column in columns]
    low, high = (np.reshape(end, drawn.shape[1:]) for end in np.transpose(found))
    return Interval(np.asarray(value), low, high)


def _p(difference: Float64, swapped: Float64) -> Float64:
    """The share of differences at least as large, the observed one included; NaN where there is none."""
    usable = ~np.isnan(swapped)
    as_large = usable & (np.abs(swapped) >= np.abs(difference) - _SLACK)
    return np.where(np.isnan(difference), np.nan, (1 + as_large.sum(axis=0)) / (1 + usable.sum(axis=0)))
