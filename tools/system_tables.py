"""Score finished runs per system, fold and action unit, with intervals, and answer the papers' claims on their data.

usage: python tools/system_tables.py RUN... [--out DIR]

RUN is a folder of ``actionunits crossval`` or ``train``, or a folder of such. Into DIR (docs/benchmarks) go
systems.csv, a row per run, fold and action unit, intensities.csv, the same of runs that grade, and claims.csv, a row
per claim and measure. Intervals are
percentiles of 1,000 resamples of the test subjects, within their folds; p comes from a randomisation over subjects.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from actionunits.bench.tables import save_table
from actionunits.evaluation import Run, read_runs
from actionunits.metrics import Comparison, Confusion, Moments, Ranking, bootstrap, compare, decide, tally_by

ALL, MEAN = "all", "mean"
MEASURES: Mapping[str, Callable[[Any], Any]] = {"f1": Confusion.f1, "auroc": Ranking.auroc}

SYSTEM_COLUMNS = (
    "system",
    "fold",
    "AU",
    "frames",
    "positives",
    "F1",
    "F1 low",
    "F1 high",
    "AUROC",
    "AUROC low",
    "AUROC high",
    "seed",
    "command",
)
INTENSITY_COLUMNS = (*SYSTEM_COLUMNS[:4], "ICC", "ICC low", "ICC high", "MAE", "MAE low", "MAE high", "seed", "command")
CLAIM_COLUMNS = (
    "paper",
    "claim",
    "better",
    "than",
    "folds",
    "measure",
    "first",
    "second",
    "difference",
    "low",
    "high",
    "p",
    "holds",
)

CLAIMS: tuple[tuple[str, str, str, str], ...] = (
    ("LP-Net", "the L-Net helps its stem", "lp_net/ablations/synthau_l_net", "lp_net/ablations/synthau_sl_da_p"),
    ("LP-Net", "the P-Net helps the L-Net", "lp_net/synthau", "lp_net/ablations/synthau_l_net"),
    ("LP-Net", "the P-Net helps the stem", "lp_net/ablations/synthau_p_net", "lp_net/ablations/synthau_sl_da_p"),
    ("LP-Net", "L_r helps the P-Net", "lp_net/ablations/synthau_p_net", "lp_net/ablations/synthau_p_net_without_lr"),
    (
        "LP-Net",
        "LSTMs beat a linear layer at each cell",
        "lp_net/ablations/synthau_l_net",
        "lp_net/ablations/synthau_lf",
    ),
    ("LP-Net", "all cells beat FACS' cells", "lp_net/ablations/synthau_l_net", "lp_net/ablations/synthau_facs"),
    ("LP-Net", "pre-training helps", "lp_net/ablations/synthau_sl_da_p", "lp_net/ablations/synthau_sl_da"),
    ("LP-Net", "Selective Learning helps", "lp_net/ablations/synthau_sl", "lp_net/ablations/synthau_resnet34"),
    ("RE-Net", "graph batch norm beats plain batch norm", "re_net/synthau", "re_net/ablations/synthau_resnet18"),
    ("RE-Net", "relations of the labels beat learned ones", "re_net/synthau", "re_net/ablations/synthau_learnable"),
    ("RE-Net", "one random AU beats all AUs", "re_net/synthau", "re_net/ablations/synthau_strategy_a"),
    ("RE-Net", "relations help", "re_net/synthau", "re_net/ablations/synthau_no_relations"),
    ("RE-Net", "rare AUs' frames twice help", "re_net/ablations/synthau_da", "re_net/synthau"),
    ("LoRRaL", "self-attention beats no relation", "lorral/sa_synthau", "lorral/none_synthau"),
    ("LoRRaL", "Hopfield beats no relation", "lorral/hopfield_synthau", "lorral/none_synthau"),
    ("LoRRaL", "BiLSTM beats no relation", "lorral/bilstm_synthau", "lorral/none_synthau"),
    (
        "ROI-GCN",
        "negative regions beat heatmaps",
        "roi_gcn/ablations/synthau_roi_map",
        "roi_gcn/ablations/synthau_heatmap",
    ),
    ("ROI-GCN", "a graph helps", "roi_gcn/ablations/synthau_graph", "roi_gcn/ablations/synthau_roi_map"),
    (
        "ROI-GCN",
        "supervised eigenvectors beat others",
        "roi_gcn/ablations/synthau_supervised",
        "roi_gcn/ablations/synthau_graph",
    ),
    (
        "ROI-GCN",
        "weighted losses help",
        "roi_gcn/ablations/synthau_weighted",
        "roi_gcn/ablations/synthau_supervised",
    ),
    ("AU R-CNN", "boxes beat the whole face", "au_rcnn/synthau", "au_rcnn/ablations/synthau_cnn_res"),
    ("AU R-CNN", "a face's own boxes beat mean ones", "au_rcnn/synthau", "au_rcnn/ablations/synthau_mean_box"),
    ("AU R-CNN", "512 pixels beat 256", "au_rcnn/synthau", "au_rcnn/ablations/synthau_side_256"),
    ("AU R-CNN", "512 pixels beat 416", "au_rcnn/synthau", "au_rcnn/ablations/synthau_side_416"),
    ("AU R-CNN", "512 pixels beat 608", "au_rcnn/synthau", "au_rcnn/ablations/synthau_side_608"),
    ("AU R-CNN", "one level beats a pyramid", "au_rcnn/synthau", "au_rcnn/ablations/synthau_fpn"),
    ("AU R-CNN", "single pictures beat a ConvLSTM", "au_rcnn/synthau", "au_rcnn/ablations/synthau_conv_lstm"),
    ("AU R-CNN", "single pictures beat two streams", "au_rcnn/synthau", "au_rcnn/ablations/synthau_two_stream"),
    ("AU R-CNN", "single pictures beat a CRF", "au_rcnn/synthau", "au_rcnn/ablations/synthau_crf"),
    ("AU R-CNN", "single pictures beat TAL", "au_rcnn/synthau", "au_rcnn/ablations/synthau_tal"),
)
"""Paper, claim, and the recipes of which the first should score higher."""


@dataclass(frozen=True, eq=False)
class Part:
    """Some folds of a run.

    Attributes:
        tallies: of each measure, by subject.
        fold_of: the fold of each subject.
        positives: test frames in which each AU occurs.
        frames: test frames.
    """

    tallies: Mapping[str, Mapping[Any, Any]]
    fold_of: Mapping[Any, int]
    positives: Sequence[int]
    frames: int


def part_of(run: Run, folds: Sequence[int]) -> Part:
    """The material of some folds of a run."""
    aus = run.facts.au_set
    kept = np.isin(run.folds, folds)
    labels, said, who = run.labels(aus)[kept], run.probability(aus)[kept], run.subjects[kept]
    tallies: dict[str, Mapping[Any, Any]] = {
        "f1": tally_by(who, Confusion.of, labels, decide(said)),
        "auroc": tally_by(who, Ranking.of, labels, said),
    }
    fold_of = {subject: fold for subject, fold in run.fold_of.items() if fold in folds}
    return Part(tallies, fold_of, (labels == 1).sum(axis=0).tolist(), int(kept.sum()))


def system_rows(run: Run) -> Iterator[tuple[object, ...]]:
    """The rows of ``systems.csv`` of one run: all its folds together, then each."""
    folds = sorted(set(run.folds.tolist()))
    names = [*map(str, run.facts.aus), MEAN]
    for fold in [ALL, *folds]:
        part = part_of(run, folds if fold == ALL else [fold])
        columns = []
        for measure, score in MEASURES.items():
            drawn = bootstrap(part.tallies[measure], score, folds=part.fold_of)
            average = (float(drawn.average.value), float(drawn.average.low), float(drawn.average.high))
            each = zip(drawn.per_au.value, drawn.per_au.low, drawn.per_au.high, strict=True)
            columns.append([*each, average])
        for place, (name, f1, auroc) in enumerate(zip(names, *columns, strict=True)):
            positives = sum(part.positives) if name == MEAN else part.positives[place]
            figures = [f"{value:.4f}" for value in (*f1, *auroc)]
            yield label(run), fold, name, part.frames, positives, *figures, run.facts.seed, command(run)


def intensity_rows(run: Run) -> Iterator[tuple[object, ...]]:
    """The rows of ``intensities.csv`` of one run that grades: all its folds together, then each."""
    folds, aus = sorted(set(run.folds.tolist())), run.facts.au_set
    for fold in [ALL, *folds]:
        wanted = folds if fold == ALL else [fold]
        kept = np.isin(run.folds, wanted)
        levels, said, who = run.levels(aus)[kept], run.intensity(aus)[kept], run.subjects[kept]
        fold_of = {subject: number for subject, number in run.fold_of.items() if number in wanted}
        columns = []
        for values, score in ((said, Moments.icc31), (np.rint(said), Moments.mae)):
            drawn = bootstrap(tally_by(who, Moments.of, levels, values), score, folds=fold_of)
            average = (float(drawn.average.value), float(drawn.average.low), float(drawn.average.high))
            columns.append([*zip(drawn.per_au.value, drawn.per_au.low, drawn.per_au.high, strict=True), average])
        for name, icc, mae in zip([*map(str, aus), MEAN], *columns, strict=True):
            figures = [f"{value:.4f}" for value in (*icc, *mae)]
            yield label(run), fold, name, int(kept.sum()), *figures, run.facts.seed, command(run)


def label(run: Run) -> str:
    """What a run is of: the recipe, or the baseline."""
    return str(run.facts.recipe.get("recipe") or run.facts.system)


def command(run: Run) -> str:
    """How it was made, but for the places of files."""
    facts = run.facts
    tier = facts.recipe.get("tier")
    options = [f"--tier {tier}"] if tier else []
    folds = sorted(set(run.folds.tolist()))
    verb = f"train {label(run)} --fold {folds[0]}" if len(folds) == 1 else f"crossval {label(run)}"
    aus = "" if "recipe" in facts.recipe else f" --aus {facts.au_set}"
    return " ".join(["actionunits", verb + aus, *options, f"--seed {facts.seed}"])


def claim_rows(runs: Mapping[str, Run]) -> Iterator[tuple[object, ...]]:
    """The rows of ``claims.csv``: those claims of which both runs are there, on the folds that both have."""
    for paper, claim, better, worse in CLAIMS:
        if better not in runs or worse not in runs:
            continue
        folds = sorted(set(runs[better].folds.tolist()) & set(runs[worse].folds.tolist()))
        one, other = part_of(runs[better], folds), part_of(runs[worse], folds)
        if (one.frames, one.positives) != (other.frames, other.positives):
            raise SystemExit(f"{better} and {worse} were not tested on the same frames")
        for measure, score in MEASURES.items():
            found: Comparison = compare(one.tallies[measure], other.tallies[measure], score, folds=one.fold_of)
            values = [float(np.nanmean(each.values)) for each in (found.first, found.second)]
            difference = (found.average.value, found.average.low, found.average.high)
            figures = [f"{value:.4f}" for value in (*values, *map(float, difference))]
            said = "yes" if difference[1] > 0 else "no" if difference[2] < 0 else "undecided"
            yield (
                paper,
                claim,
                better,
                worse,
                "+".join(map(str, folds)),
                measure,
                *figures,
                f"{found.p_average:.3f}",
                said,
            )


def main() -> None:
    """Read the runs, write both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    options = parser.parse_args()
    runs = {label(run): run for run in read_runs(options.runs)}
    rows = [row for run in runs.values() for row in system_rows(run)]
    save_table(options.out / "systems.csv", SYSTEM_COLUMNS, rows)
    graded = [row for run in runs.values() if run.predicts_intensity for row in intensity_rows(run)]
    save_table(options.out / "intensities.csv", INTENSITY_COLUMNS, graded)
    save_table(options.out / "claims.csv", CLAIM_COLUMNS, list(claim_rows(runs)))


if __name__ == "__main__":
    main()
