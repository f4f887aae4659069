"""From predictions to scores: per fold and action unit, over folds, pooled, and with intervals over subjects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from actionunits.evaluation.runs import Run
from actionunits.facs import AUSet
from actionunits.metrics import (
    Bootstrap,
    Comparison,
    Confusion,
    Moments,
    Ranking,
    Scores,
    always_positive_f1,
    bootstrap,
    compare,
    decide,
    fold_mean,
    tally_by,
    total,
)

MetricName = Literal["f1", "icc", "mae"]
RESAMPLES = 1000


@dataclass(frozen=True)
class FoldScore:
    """One fold and AU; NaN for what is undefined or not known.

    Attributes:
        fold: its number, from 1.
        au: the FACS number.
        counts: tp, fp, fn and tn.
        unknown: test frames without a label.
        f1: F1-frame.
        auroc: area under the ROC curve.
        icc: ICC(3,1) of the predicted and the labelled intensity.
        mae: mean absolute error of the intensity in whole levels.
    """

    fold: int
    au: int
    counts: tuple[int, int, int, int]
    unknown: int
    f1: float
    auroc: float
    icc: float
    mae: float


def fold_scores(run: Run) -> Iterator[FoldScore]:
    """Every fold and AU of a run: what ``folds.csv`` holds."""
    aus, folds, labels = run.facts.au_set, run.folds, run.labels(run.facts.au_set)
    f1, auroc, icc, mae = (_by_fold(run, aus, name) for name in ("f1", "auroc", "icc", "mae"))
    for place, fold in enumerate(np.unique(folds).tolist()):
        counts = f1[place][0]
        for column, au in enumerate(aus):
            yield FoldScore(
                fold,
                au,
                (int(counts.tp[column]), int(counts.fp[column]), int(counts.fn[column]), int(counts.tn[column])),
                int((labels[folds == fold, column] < 0).sum()),
                *(float(each[place][1].values[column]) for each in (f1, auroc, icc, mae)),
            )


@dataclass(frozen=True, eq=False)
class Summary:
    """The scores of a run, per AU, each (A,).

    Attributes:
        aus: A action units.
        share: of labelled test frames in which the AU occurs.
        known: labelled test frames.
        unknown: test frames without a label, left out of every score.
        f1: mean of the folds' F1.
        f1_interval: the same with intervals over subjects; None where a fold has one subject alone.
        pooled: F1 of all test frames together.
        pooled_interval: the same with intervals; None for a single subject.
        always: F1 of a system that finds the AU in every frame, mean of the folds.
        auroc: mean of the folds' areas.
        icc: mean of the folds' ICC(3,1), NaN without intensities.
        mae: mean of the folds' mean absolute errors of whole levels, likewise.
    """

    aus: AUSet
    share: NDArray[np.float64]
    known: NDArray[np.int64]
    unknown: NDArray[np.int64]
    f1: Scores
    f1_interval: Bootstrap | None
    pooled: Scores
    pooled_interval: Bootstrap | None
    always: Scores
    auroc: Scores
    icc: Scores
    mae: Scores


def summarise(run: Run, aus: AUSet | None = None, *, resamples: int = RESAMPLES, seed: int = 0) -> Summary:
    """Score a run.

    Args:
        run: with predictions of every test frame.
        aus: which AUs, and over which the averages go; None for all.
        resamples: of subjects, for intervals.
        seed: of the resamples.

    Raises:
        UsageError: the run has no such AU.
        ResultsError: its predictions cannot be read.
    """
    wanted = run.facts.au_set if aus is None else aus
    labels = run.labels(wanted)
    known = labels >= 0
    counts = _by_fold(run, wanted, "f1")
    parts, fold_of = subject_tallies(run, wanted), run.fold_of
    per_fold = np.unique(list(fold_of.values()), return_counts=True)[1]
    folded = together = None
    if per_fold.min() > 1:
        folded = bootstrap(parts, Confusion.f1, folds=fold_of, resamples=resamples, seed=seed)
    if len(parts) > 1:
        together = bootstrap(parts, Confusion.f1, resamples=resamples, seed=seed)
    always = [always_positive_f1(labels[run.folds == fold]) for fold in np.unique(run.folds)]
    return Summary(
        wanted,
        (labels == 1).sum(axis=0) / np.maximum(known.sum(axis=0), 1),
        np.asarray(known.sum(axis=0)),
        np.asarray((~known).sum(axis=0)),
        fold_mean([score for _, score in counts]),
        folded,
        total(tally for tally, _ in counts).f1(),
        together,
        fold_mean(always),
        *(fold_mean([score for _, score in _by_fold(run, wanted, name)]) for name in ("auroc", "icc", "mae")),
    )


def fold_mean_of(run: Run, aus: AUSet, metric: MetricName) -> Scores:
    """The mean over folds of one metric, (A,).

    Raises:
        UsageError: the run has no such AU.
    """
    return fold_mean([score for _, score in _by_fold(run, aus, metric)])


def same_frames(first: Run, second: Run, aus: AUSet) -> bool:
    """Whether two runs tested the same frames in the same folds against the same labels of these AUs."""
    keys = ["fold", "subject", "sequence", "frame"]
    order = [(name, "ascending") for name in keys]
    truth = [f"{name}_true" for name in aus.columns]
    one, other = (run.frames.select(keys + truth).sort_by(order) for run in (first, second))
    return bool(one.equals(other))


def paired(first: Run, second: Run, aus: AUSet, *, resamples: int = RESAMPLES, seed: int = 0) -> Comparison:
    """The difference of two runs' F1, first minus second, on the same subjects.

    Args:
        first: a run.
        second: another, on the same frames; see :func:`same_frames`.
        aus: which AUs.
        resamples: of subjects.
        seed: of the resamples.

    Raises:
        UsageError: the subjects differ, or one is alone.
    """
    fold_of = first.fold_of
    alone = np.unique(list(fold_of.values()), return_counts=True)[1].min() < 2
    one, other = subject_tallies(first, aus), subject_tallies(second, aus)
    return compare(one, other, Confusion.f1, folds=None if alone else fold_of, resamples=resamples, seed=seed)


def subject_tallies(run: Run, aus: AUSet) -> dict[str, Confusion]:
    """The confusion counts of each subject, ready to be added and resampled."""
    return tally_by(run.subjects, Confusion.of, run.labels(aus), decide(run.probability(aus)))


def _by_fold(run: Run, aus: AUSet, metric: MetricName | Literal["auroc"]) -> list[tuple[Any, Scores]]:
    """The tally and the scores of each fold, by number."""
    count, score, target, prediction = _material(run, aus, metric)
    return [(tally, score(tally)) for tally in tally_by(run.folds, count, target, prediction).values()]


def _material(
    run: Run, aus: AUSet, metric: MetricName | Literal["auroc"]
) -> tuple[Callable[[Any, Any], Any], Callable[[Any], Scores], NDArray[Any], NDArray[Any]]:
    """How a metric counts and scores, and of what: (count, score, target, prediction)."""
    if metric == "f1":
        return Confusion.of, Confusion.f1, run.labels(aus), decide(run.probability(aus))
    if metric == "auroc":
        return Ranking.of, Ranking.auroc, run.labels(aus), run.probability(aus)
    if metric == "icc":
        return Moments.of, Moments.icc31, run.levels(aus), run.intensity(aus)
    return Moments.of, Moments.mae, run.levels(aus), np.rint(run.intensity(aus))
