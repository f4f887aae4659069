"""What a finished run says of a model: the figures of its card, and what it says of faces at rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from actionunits.errors import UsageError
from actionunits.estimators.card import AUQuality, Quality
from actionunits.evaluation import Run
from actionunits.facs import AUSet
from actionunits.metrics import auroc, confusion, decide, icc31, mae
from actionunits.metrics.scores import Scores

_LEAST = 1e-6  # probability
_DIGITS = 4


@dataclass(frozen=True)
class Measured:
    """What the test frames of a run say.

    Attributes:
        quality: for the card.
        neutral_evidence: per AU, the median log-odds in frames without it; None where there are none.
    """

    quality: Quality
    neutral_evidence: tuple[float | None, ...]


def measure(run: Run, aus: AUSet, fold: int | None = None) -> Measured:
    """Score a run's test frames.

    Args:
        run: finished.
        aus: action units of the model.
        fold: take only the frames that this fold tested, from 1; None for all of them.

    Raises:
        UsageError: the run lacks an AU, or has no such fold.
        ResultsError: its predictions cannot be read.
    """
    rows = np.ones(len(run.folds), bool) if fold is None else run.folds == fold
    if not rows.any():
        raise UsageError(run.folder, f"tested nobody in fold {fold}", "Name the run that the model comes from")
    labels, probability = run.labels(aus)[rows], run.probability(aus)[rows]
    counts = confusion(labels, decide(probability))
    levels, intensity = run.levels(aus)[rows], run.intensity(aus)[rows]
    false_positive = np.where(counts.fp + counts.tn > 0, counts.fp / np.maximum(counts.fp + counts.tn, 1), np.nan)
    columns = (auroc(labels, probability), counts.f1(), icc31(levels, intensity), mae(levels, np.rint(intensity)))
    figures = [_known(scores) for scores in columns] + [[_rounded(value) for value in false_positive]]
    per_au = tuple(
        AUQuality(
            au=au, positives=int((labels[:, place] == 1).sum()), auroc=area, f1=f1, icc=icc, mae=error,
            false_positive_rate=rate,
        )
        for place, (au, area, f1, icc, error, rate) in enumerate(zip(aus, *figures, strict=True))
    )  # fmt: skip
    return Measured(Quality(protocol=_protocol(run, rows, fold), per_au=per_au), _at_rest(labels, probability))


def _protocol(run: Run, rows: NDArray[np.bool_], fold: int | None) -> str:
    facts = run.facts
    which = facts.folds.title if fold is None else f"{facts.folds.name}, fold {fold} of {facts.folds.count}"
    people = len(set(run.subjects[rows].tolist()))
    said = f"{facts.store.dataset}, {which}: {int(rows.sum())} frames of {people} subjects"
    if fold is None and len(facts.folds.numbers) > 1:
        said += ", each tested by the fold's own model, trained without them"
    if facts.selection == "test_oracle":
        said += "; the model was chosen on these very frames"
    said += "; an AU occurs from probability 0.5"
    return f"{said}; ICC and MAE are of the likeliest level" if run.predicts_intensity else said


def _at_rest(labels: NDArray[np.int8], probability: NDArray[np.float32]) -> tuple[float | None, ...]:
    evidence = logit(np.clip(probability.astype(np.float64), _LEAST, 1 - _LEAST))
    absent = [evidence[labels[:, place] == 0, place] for place in range(labels.shape[1])]
    return tuple(round(float(np.median(values)), _DIGITS) if len(values) else None for values in absent)


def _known(scores: Scores) -> list[float | None]:
    """The values, None where they are undefined."""
    return [_rounded(value) if defined else None for value, defined in zip(scores.values, scores.defined, strict=True)]


def _rounded(value: float) -> float | None:
    return round(float(value), _DIGITS) if np.isfinite(value) else None
