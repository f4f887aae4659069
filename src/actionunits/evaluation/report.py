"""The tables of one run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from actionunits.evaluation.runs import Run
from actionunits.evaluation.scoring import Summary, fold_scores, summarise
from actionunits.evaluation.sheets import Row, Sheet, render
from actionunits.facs import column
from actionunits.metrics import Scores, average

_FOLD_COLUMNS = ("fold", "au", "tp", "fp", "fn", "tn", "unknown", "f1", "auroc", "icc", "mae")


def run_texts(run: Run) -> dict[str, str]:
    """The contents of ``folds.csv``, ``table.csv`` and ``table.md``."""
    summary = summarise(run)
    return {
        "folds.csv": folds_csv(run),
        "table.csv": render([run_sheet(run, summary, exact=True)], "csv"),
        "table.md": render([run_sheet(run, summary)], "md"),
    }


def folds_csv(run: Run) -> str:
    """Counts and scores of every fold and AU, with six decimals."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_FOLD_COLUMNS)
    for each in fold_scores(run):
        scores = (each.f1, each.auroc, each.icc, each.mae)
        writer.writerow([each.fold, each.au, *each.counts, each.unknown, *(number(score, 6) for score in scores)])
    return out.getvalue()


def run_sheet(run: Run, summary: Summary | None = None, *, exact: bool = False) -> Sheet:
    """One line an AU, and the average.

    F1 is in percent. ``F1`` is the mean over folds, ``pooled F1`` that of all test frames together, each with its
    95 % interval over resampled subjects; AUROC, ICC(3,1) and MAE are means over folds.

    Args:
        run: a run.
        summary: its scores, if they are there already.
        exact: shares of 1 with six decimals, for programs, instead of percent with one.
    """
    scores = summarise(run) if summary is None else summary
    graded = bool(np.isfinite(scores.icc.values).any())
    columns = ["AU", "share", "frames", "F1", "low", "high", "pooled F1", "pooled low", "pooled high", "always"]
    columns += ["AUROC", *(["ICC", "MAE"] if graded else [])]
    rows = [
        Row((column(au), *_cells(_line(scores, at, exact), exact))[: len(columns)]) for at, au in enumerate(scores.aus)
    ]
    rows.append(Row(("average", *_cells(_average(scores, exact), exact))[: len(columns)], ours=not exact))
    facts = run.facts
    title = f"{facts.system} on {facts.store.dataset}, {facts.folds.title}, seed {facts.seed}{stamp(run)}"
    return Sheet(title, tuple(columns), tuple(rows), () if exact else _notes(run, scores))


def stamp(run: Run) -> str:
    """A warning to stand in every title of a run that chose on its test subjects, or an empty string."""
    return " [CHOSEN ON THE TEST SUBJECTS]" if run.facts.selection == "test_oracle" else ""


def number(value: float, decimals: int) -> str:
    """A number with so many decimals; empty for NaN."""
    if np.isnan(value):
        return ""
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def _cells(values: Iterable[tuple[float, int]], exact: bool) -> Iterator[str]:
    return (number(value, 6 if exact and decimals else decimals) for value, decimals in values)


def _line(scores: Summary, at: int, exact: bool) -> list[tuple[float, int]]:
    """(value, decimals) of one AU, all columns."""
    scale = 1.0 if exact else 100.0
    folded, pooled = scores.f1_interval, scores.pooled_interval
    missing = np.full(len(scores.aus), np.nan)
    ends = [missing if each is None else end for each in (folded, pooled) for end in _ends(each, missing)]
    shares = (scores.f1.values, ends[0], ends[1], scores.pooled.values, ends[2], ends[3], scores.always.values)
    return [
        (scores.share[at] if scores.known[at] else np.nan, 3),
        (float(scores.known[at]), 0),
        *((each[at] * scale, 1) for each in shares),
        (scores.auroc.values[at], 3),
        (scores.icc.values[at], 3),
        (scores.mae.values[at], 3),
    ]


def _ends(interval: object, missing: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    per_au = getattr(interval, "per_au", None)
    return (missing, missing) if per_au is None else (per_au.low, per_au.high)


def _average(scores: Summary, exact: bool) -> list[tuple[float, int]]:
    scale = 1.0 if exact else 100.0
    folded, pooled = (
        (np.nan, np.nan) if each is None else (float(each.average.low), float(each.average.high))
        for each in (scores.f1_interval, scores.pooled_interval)
    )
    f1 = (average(scores.f1), *folded, average(scores.pooled), *pooled, average(scores.always))
    rest: tuple[Scores, ...] = (scores.auroc, scores.icc, scores.mae)
    known = scores.share[scores.known > 0]
    return [
        (float(known.mean()) if known.size else np.nan, 3),
        (float(scores.known.mean()), 0),
        *((each * scale, 1) for each in f1),
        *((average(each), 3) for each in rest),
    ]


def _notes(run: Run, scores: Summary) -> tuple[str, ...]:
    facts = run.facts
    notes = [
        "F1 in percent: mean over folds, and pooled over all test frames; low and high: 95 % interval over resampled "
        "subjects; always: F1 of finding the AU in every frame. Decided at a probability of 0.5."
    ]
    if np.isfinite(scores.icc.values).any():
        notes.append("ICC is ICC(3,1) of the predicted intensity, MAE that of whole levels; means over folds.")
    if scores.f1_interval is None:
        notes.append("A fold tests one subject alone: there are intervals of the pooled F1 only.")
    if scores.unknown.any():
        notes.append(f"Frames without a label are left out: {int(scores.unknown.sum())} over all AUs.")
    if run.stand_ins:
        notes.append(
            f"In {run.stand_ins} of {len(run.frames)} frames landmarks were unknown: those of a mean face stood in."
        )
    undefined = [str(au) for au, fine in zip(scores.aus, scores.f1.defined, strict=True) if not fine]
    if undefined:
        notes.append(f"In a fold AU {', '.join(undefined)} neither occurs nor is found: its F1 there counts as 0.")
    if facts.folds.missing:
        notes.append(f"Subjects of the published split that the store lacks: {', '.join(facts.folds.missing)}.")
    if facts.selection == "test_oracle":
        notes.append("Epochs were chosen on the test subjects, as is common in the literature; this flatters.")
    return tuple(notes)
