"""What simple baselines learn from a synthetic set, with subject folds; and that backgrounds tell nothing.

usage: python tools/learnability.py STORE [--out docs/benchmarks/learnability.csv]

Three ridge regressions on intensities, per action unit: on the 68 true landmarks after alignment (0.5 px of noise),
on HOG of the aligned 112-pixel face, and on the corners and edges of the picture where no face is; one regression a
side of the face, of which the stronger counts. AUROC, F1 and
ICC(3,1), each the mean of three folds that share no subject; F1 at the threshold that is best on training subjects left
out in turn. Needs the dev extra (scikit-learn).
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from actionunits.atomic import written_aside
from actionunits.evaluation import Summary, cross_validate, open_store, summarise
from actionunits.evaluation.linear import Ridge

LANDMARK_NOISE = 0.5  # pixels
BASELINES = {
    "landmarks": Ridge(["landmarks"], landmark_noise=LANDMARK_NOISE, sides=True),
    "HOG": Ridge(["hog"], landmark_noise=LANDMARK_NOISE, sides=True),
    "background": Ridge(["background"], sides=True),
}
MEASURES = ("AUROC", "F1", "ICC")


def measure(store_folder: Path) -> dict[str, Summary]:
    """Cross-validate every baseline on a store; the runs are not kept."""
    store = open_store(store_folder)
    with TemporaryDirectory() as folder:
        runs = {name: cross_validate(system, store, Path(folder) / name) for name, system in BASELINES.items()}
        return {name: summarise(run, resamples=1) for name, run in runs.items()}


def table_of(summaries: dict[str, Summary]) -> list[list[str]]:
    """One line an action unit, and the mean; empty where a measure is undefined."""
    first = next(iter(summaries.values()))
    columns = [first.share]
    for summary in summaries.values():
        columns += [summary.auroc.values, summary.f1.values, summary.icc.values]
    values = np.stack(columns, axis=1)  # (A, 1 + 3 per baseline)
    heads = ["AU", "share", *(f"{name} {measure}" for name in summaries for measure in MEASURES)]
    names = [*map(str, first.aus), "mean"]
    lines = zip(names, [*values, np.nanmean(values, axis=0)], strict=True)
    return [heads, *([name, *("" if np.isnan(each) else f"{each:.3f}" for each in line)] for name, line in lines)]


def main() -> None:
    """Run all baselines, print the table, and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    table = table_of(measure(arguments.store))
    for line in table:
        print(" ".join(cell.rjust(max(len(head), 6)) for cell, head in zip(line, table[0], strict=True)))
    if arguments.out:
        with written_aside(arguments.out) as aside, aside.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(table)


if __name__ == "__main__":
    main()
