"""How right the shipped detector's left and right intensities are (``analyze --sides``).

usage: python tools/side_figures.py WORK [--model detector]

WORK is that of tools/make_detector.py after it has run. Looks at the people that it judged by, and writes
docs/benchmarks/sides.csv: for every AU that may differ between the sides the ICC(3,1) and the mean absolute error of
both sides' intensities together, how many faces show it more strongly on one side by two levels or more, and on which
share of those that side has the higher score. Needs the dev extra.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from actionunits.estimators import load_estimator
from actionunits.facs import FACS, AUSet
from actionunits.metrics import icc31, mae
from actionunits.store import Store
from judging import free_faces
from make_detector import ROOT, held_out

TABLE = ROOT / "docs/benchmarks/sides.csv"
APART = 2  # levels

Float32 = NDArray[np.float32]
Levels = NDArray[np.int8]


def figures(aus: AUSet, shown: Float32, level: Levels) -> Iterator[list[object]]:
    """One row an AU.

    Args:
        aus: A action units.
        shown: (2, N, A) intensities of the left and the right side.
        level: (2, N, A) true levels.
    """
    both, truth = shown.reshape(-1, len(aus)), level.reshape(-1, len(aus))
    agreement, error = icc31(truth, both), mae(truth, both)
    more, seen = level[0].astype(int) - level[1], shown[0] - shown[1]
    for place, au in enumerate(aus):
        uneven = np.abs(more[:, place]) >= APART
        right = np.sign(more[uneven, place]) == np.sign(seen[uneven, place])
        share = round(float(right.mean()), 4) if uneven.any() else None
        yield [au, round(agreement.values[place], 4), round(error.values[place], 4), int(uneven.sum()), share]


def main() -> None:
    """Look, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--model", default="detector")
    parser.add_argument("--to", type=Path, default=TABLE)
    options = parser.parse_args()
    store, estimator = Store(options.work / "faces"), load_estimator(options.model)
    aus = AUSet(tuple(au for au in estimator.card.au_set if FACS[au].sided))
    places = np.array([estimator.card.au_set.index(au) for au in aus], np.intp)
    seen, shown = [], []
    for row, picture, face in free_faces(store, store.split(held_out(store)).tolist()):
        if face is not None:
            seen.append(row)
            shown.append([side.select(places).level()[0] for side in estimator.predict_sides([(picture, face)])])
    level = np.stack([store.labels(aus, kind="left")[seen], store.labels(aus, kind="right")[seen]])
    with options.to.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["au", "icc", "mae", "uneven", "stronger_side_right"])
        writer.writerows(figures(aus, np.array(shown, np.float32).transpose(1, 0, 2), level))
    print(options.to.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
