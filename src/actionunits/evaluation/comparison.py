"""Runs side by side, and beside what the papers print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast, get_args

import numpy as np

from actionunits.errors import UsageError
from actionunits.evaluation.protocols import (
    ITEMS,
    PUBLISHED_NAMES,
    protocol_of,
    published_protocol,
    spelled_out,
)
from actionunits.evaluation.published import (
    STEP,
    Kind,
    Publication,
    PublishedRow,
    PublishedTable,
    published_datasets,
    published_tables,
)
from actionunits.evaluation.report import number, stamp
from actionunits.evaluation.runs import Run
from actionunits.evaluation.scoring import MetricName, fold_mean_of, paired, same_frames, summarise
from actionunits.evaluation.sheets import Row, Sheet
from actionunits.facs import AUSet
from actionunits.metrics import average

_TITLES = {"f1": "F1 in percent", "icc": "ICC(3,1) of intensity", "mae": "mean absolute error of intensity, in levels"}
_DECIMALS = {"f1": 1, "icc": 2, "mae": 2}
_ORDER = ("proposed", "baseline", "quoted")


@dataclass(frozen=True)
class Printed:
    """A published row, and everywhere it is printed alike.

    Attributes:
        row: as first printed, where it is proposed if there is such a place.
        publication: that place's paper.
        table: and table.
        places: all places, as ``"RE-Net, Table 1"``.
        doubts: what is said of it in any of them.
    """

    row: PublishedRow
    publication: Publication
    table: PublishedTable
    places: tuple[str, ...]
    doubts: tuple[str, ...]


def printed_rows(dataset: str, metric: MetricName, kind: Kind = "comparison") -> tuple[Printed, ...]:
    """Every published row of a data set and metric once, the papers' own systems first.

    A row that several papers print alike is one; those that differ in a value stand apart.

    Raises:
        UsageError: no paper has such a table.
    """
    found: dict[tuple[object, ...], list[tuple[PublishedRow, Publication, PublishedTable]]] = {}
    for publication, table in published_tables(dataset, metric, kind):
        for row in table.rows:
            found.setdefault((row.method, row.values, row.average), []).append((row, publication, table))
    if not found:
        raise UsageError(f"{metric} on {dataset}", "no paper at hand prints it", "Use another --metric")
    merged = []
    for same in found.values():
        row, publication, table = min(same, key=lambda each: _ORDER.index(each[0].source))
        places = tuple(f"{paper.paper.short}, Table {where.number}" for _, paper, where in same)
        doubts = [each.note for each, _, _ in same if each.note]
        if row.source == "quoted":
            doubts += [
                f"positives from intensity {each.protocol.occurs_from}, says {paper.paper.short}"
                for each, paper, _ in same
                if each.protocol is not None
            ]
        merged.append(Printed(row, publication, table, places, tuple(dict.fromkeys(doubts))))
    return tuple(sorted(merged, key=lambda each: _ORDER.index(each.row.source)))


def compare_runs(
    runs: Sequence[Run], *, paper: bool = False, published_on: str | None = None, metric: str = "f1"
) -> tuple[Sheet, ...]:
    """The tables of a comparison: scores, differences of the runs, and protocols.

    Args:
        runs: on one data set; all are compared with the first.
        paper: whether published numbers stand beside them.
        published_on: the data set whose published numbers; None for the runs' own.
        metric: ``f1``, ``icc`` or ``mae``; the mean over folds. Differences with intervals and p are of F1 only.

    Returns:
        The scores first.

    Raises:
        UsageError: there is no such metric, the runs are of different data sets or have no AU in common, or nobody
            published on theirs.
        ResultsError: a run cannot be read.
    """
    datasets = sorted({run.facts.store.dataset for run in runs})
    if not runs or len(datasets) > 1:
        raise UsageError(", ".join(datasets) or "no run", "are not runs on one data set", "Compare like with like")
    kind = _metric(metric)
    theirs = _published_name(datasets[0], published_on) if paper or published_on else None
    printed = printed_rows(theirs, kind) if theirs else ()
    aus = printed[0].table.au_set if printed else _common(runs)
    names = _names(runs)
    sheets = [_scores(runs, names, printed, theirs, aus, kind)]
    if len(runs) > 1 and kind == "f1":
        sheets.append(_pairs(runs, names, aus & _common(runs)))
    if theirs:
        sheets.append(_protocols(runs, names, printed, theirs))
    return tuple(sheets)


def _metric(name: str) -> MetricName:
    for known in get_args(MetricName):
        if name == known:
            return cast(MetricName, known)
    raise UsageError(f"metric {name}", "is not one that is compared", f"Use {', '.join(get_args(MetricName))}")


def _published_name(dataset: str, wanted: str | None) -> str:
    name = PUBLISHED_NAMES.get(dataset, dataset) if wanted is None else wanted
    known = published_datasets()
    if name not in known:
        advice = f"Leave --paper out, or name one of {', '.join(known)} with --published-on"
        raise UsageError(name, "no paper at hand prints results on it", advice)
    return name


def _common(runs: Sequence[Run]) -> AUSet:
    common = runs[0].facts.au_set
    for run in runs[1:]:
        common &= run.facts.au_set
    if not common:
        raise UsageError("the runs", "have no AU in common", "Compare runs on the same AUs")
    return common


def _names(runs: Sequence[Run]) -> list[str]:
    """The systems' names, with the folder where two are alike."""
    plain = [run.facts.system + stamp(run) for run in runs]
    return [name if plain.count(name) == 1 else f"{name} ({run.folder})" for name, run in zip(plain, runs, strict=True)]


def _scores(
    runs: Sequence[Run],
    names: Sequence[str],
    printed: Sequence[Printed],
    theirs: str | None,
    aus: AUSet,
    metric: MetricName,
) -> Sheet:
    columns = ("system", *map(str, aus), "average", *(["95 % interval", "pooled"] if metric == "f1" else []))
    extra = ("average recomputed", "printed in", *ITEMS) if printed else ()
    rows = [_our_row(run, name, aus, metric, bool(printed)) for run, name in zip(runs, names, strict=True)]
    rows += [_their_row(each, theirs or "", metric) for each in printed]
    dataset = PUBLISHED_NAMES.get(runs[0].facts.store.dataset, runs[0].facts.store.dataset)
    notes = [f"{_TITLES[metric]}, mean over folds."]
    if metric == "f1":
        notes.append("The interval is of the average, over resampled subjects; pooled: all test frames together.")
    if printed:
        digit = f"{STEP[metric]:g}"
        notes.append(
            f"Published averages are as printed; one that differs from its row's mean by more than {digit}, which "
            "rounding cannot explain, is marked."
        )
        notes += _table_notes(printed)
    title = f"{_TITLES[metric]} on {dataset}" + (f", beside {theirs} as published" if theirs else "")
    return Sheet(title, columns, tuple(rows), tuple(notes), extra=extra)


def _table_notes(printed: Sequence[Printed]) -> list[str]:
    """What the papers' tables say below themselves, each once."""
    notes = [
        f"{each.publication.paper.short}, Table {each.table.number}: {note}"
        for each in printed
        for note in each.table.notes
    ]
    return list(dict.fromkeys(notes))


def _our_row(run: Run, name: str, aus: AUSet, metric: MetricName, beside_papers: bool) -> Row:
    decimals, scale = _DECIMALS[metric], 100.0 if metric == "f1" else 1.0
    mine = aus & run.facts.au_set
    missing = aus - run.facts.au_set
    if not mine:
        raise UsageError(run.folder, f"this run has none of AU {aus}", f"It has AU {run.facts.au_set}")
    tail: list[str] = []
    remarks = []
    if metric == "f1":
        summary = summarise(run, mine)
        scores, mean = summary.f1, average(summary.f1)
        if summary.f1_interval is not None and not missing:
            ends = summary.f1_interval.average
            tail = [f"{number(float(ends.low) * 100, 1)} to {number(float(ends.high) * 100, 1)}"]
        tail = [*(tail or [""]), number(average(summary.pooled) * 100, 1) if not missing else ""]
    else:
        scores = fold_mean_of(run, mine, metric)
        mean = average(scores)
        if not np.isfinite(scores.values).any():
            remarks.append("says no intensities, or the store has none")
    if missing:
        remarks.append(f"AU {missing} not evaluated: no average")
    of = dict(zip(mine, scores.values.tolist(), strict=True))
    cells = [number(of.get(au, np.nan) * scale, decimals) for au in aus]
    overall = "" if missing else number(mean * scale, decimals)
    extra = (overall, "", *(protocol_of(run.facts)[item] for item in ITEMS)) if beside_papers else ()
    return Row((name, *cells, overall, *tail), tuple(remarks), ours=True, extra=extra)


def _their_row(printed: Printed, dataset: str, metric: MetricName) -> Row:
    row, decimals = printed.row, _DECIMALS[metric]
    remarks = []
    mean = row.recomputed
    if row.average_wrong and mean is not None:
        shown = number(mean, decimals + 1)
        remarks.append(f"the printed average {number(row.average, decimals)} is wrong: the row's mean is {shown}")
    remarks += printed.doubts
    cells = ["" if value is None else number(value, decimals) for value in row.values]
    tail = ("", "") if metric == "f1" else ()
    protocol = published_protocol(printed.publication, dataset)
    extra = ("" if mean is None else number(mean, decimals + 2), "; ".join(printed.places))
    known = tuple(protocol[item] if row.source != "quoted" else "" for item in ITEMS)
    return Row((row.method, *cells, number(row.average, decimals), *tail), tuple(remarks), extra=(*extra, *known))


def _pairs(runs: Sequence[Run], names: Sequence[str], aus: AUSet) -> Sheet:
    """How every other run differs from the first."""
    columns = ("difference", *map(str, aus), "average", "95 % interval", "p")
    rows, notes = [], []
    for run, name in zip(runs[1:], names[1:], strict=True):
        title = f"{name} minus {names[0]}"
        if not same_frames(run, runs[0], aus):
            notes.append(f"{title}: not compared, since the two were not tested on the same frames and folds.")
            continue
        if len(run.fold_of) < 2:
            notes.append(f"{title}: not compared, since there is one subject alone.")
            continue
        found = paired(run, runs[0], aus)
        ends = found.average
        cells = [number(float(value) * 100, 1) for value in (*found.per_au.value, ends.value)]
        interval = f"{number(float(ends.low) * 100, 1)} to {number(float(ends.high) * 100, 1)}"
        rows.append(Row((title, *cells, interval, number(found.p_average, 3))))
    notes.append(
        "Points of F1. The interval resamples the same subjects in both runs; p, two-sided, swaps the runs of random "
        "subjects, and is of the average."
    )
    return Sheet("Differences of F1, paired by subject", columns, tuple(rows), tuple(notes))


def _protocols(runs: Sequence[Run], names: Sequence[str], printed: Sequence[Printed], dataset: str) -> Sheet:
    """Ours and theirs, and the differences as sentences."""
    papers = {each.publication.paper.id: each.publication for each in printed if each.row.source != "quoted"}
    rows = [
        Row((name, *(protocol_of(run.facts)[item] for item in ITEMS)), ours=True)
        for run, name in zip(runs, names, strict=True)
    ]
    rows += [
        Row((paper.paper.short, *(published_protocol(paper, dataset)[item] for item in ITEMS)))
        for paper in papers.values()
    ]
    notes: dict[str, list[str]] = {}
    for run, name in zip(runs, names, strict=True):
        for paper in papers.values():
            for sentence in spelled_out(run.facts, paper, dataset):
                notes.setdefault(sentence, []).append(name)
    shared = [
        sentence if len(who) == len(runs) else f"Against {', '.join(who)}: {sentence}"
        for sentence, who in notes.items()
    ]
    shared.append("Quoted rows follow the protocols of the papers they come from, which are not recorded here.")
    return Sheet("Protocols", ("system", *ITEMS), tuple(rows), tuple(shared), prose=True)
