"""Train the detector's designs alike, and score them on people they never saw.

usage: python tools/compare_designs.py WORK [--epochs 2] [--seed 7500] [--only NAME,NAME]

WORK is that of tools/make_detector.py, whose pictures are taken, or made. Every recipe of detector/designs is trained
for so many epochs on nine of ten people; all are scored on the tenth as the shipped one is, on the whole way from a
picture to a score. Writes docs/benchmarks/designs.csv. Needs the dev extra.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from actionunits.datasets.folds import get_folds
from actionunits.estimators import Estimator, load_estimator
from actionunits.export import export_model
from actionunits.facs import AUSet
from actionunits.training import list_recipes
from judging import judge, look
from make_detector import FOLD, FOLDS, GEOMETRY, ROOT, options_of_pictures, pictures, trained

TABLE = ROOT / "docs/benchmarks/designs.csv"
DESIGNS = "detector/designs/"


def main() -> None:
    """Train, export, look, judge, write."""
    parser = options_of_pictures(__doc__)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--only", help="names of designs, joined by commas")
    parser.add_argument("--to", type=Path, default=TABLE)
    options = parser.parse_args()
    designs = [name.removeprefix(DESIGNS) for name in list_recipes() if name.startswith(DESIGNS)]
    chosen = options.only.split(",") if options.only else designs
    faces, crops = pictures(options.work, options)
    folder = options.work / f"designs-{options.epochs}"
    estimators: dict[str, Estimator] = {GEOMETRY: load_estimator(GEOMETRY)}
    for name in chosen:
        more = ("--set", f"stages.train.epochs={options.epochs}")
        file = trained(crops, DESIGNS + name, folder / name, *more)
        exported = export_model(file, folder / f"{name}.onnx", name="made", overwrite=True)
        estimators[name] = load_estimator(exported.card_path)
    fold = get_folds(FOLDS, sorted(set(faces.frames.column("subject").to_pylist())))[FOLD - 1]
    aus = AUSet(estimators[chosen[0]].card.aus)
    looked = look(faces, faces.split(fold.test).tolist(), estimators, aus)
    with options.to.open("w", newline="", encoding="utf-8") as file_out:
        writer = csv.writer(file_out, lineterminator="\n")
        writer.writerow(["design", "au", "auroc", "icc", "mae"])
        for name, estimator in estimators.items():
            thresholds = [estimator.card.thresholds[estimator.card.au_set.index(au)] for au in looked[name].aus]
            rows = judge(looked[name], thresholds)
            writer.writerows([name, row.au, row.auroc, row.icc, row.mae] for row in rows)
            values = np.array([[row.auroc, row.icc, row.mae] for row in rows], float)  # None becomes NaN
            means = np.nanmean(values, axis=0).tolist()
            writer.writerow([name, "mean", *(round(value, 4) for value in means)])
            print(name, *(f"{value:.3f}" for value in means))


if __name__ == "__main__":
    main()
