"""What simple baselines learn from a synthetic set, with subject folds; and that backgrounds tell nothing.

usage: python tools/learnability.py STORE [--out docs/benchmarks/learnability.csv]

Three ridge regressions on intensities, per action unit: on the 68 true landmarks after alignment (with 1 px of noise),
on HOG of the aligned 112-pixel face, and on the corners and edges of the picture where no face is. AUROC, F1 and
ICC(3,1) over all test frames of three folds that share no subject; F1 at the threshold that is best on the training
part. Needs the dev extra (scikit-learn, scikit-image).
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.feature import hog
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeCV
from sklearn.metrics import f1_score, roc_auc_score

from actionunits.atomic import written_aside
from actionunits.geometry import apply_affine, similarity_matrix, warp
from actionunits.store import Store
from actionunits.synth.sets import NAMED_SETS, synth_folds

Float64 = NDArray[np.float64]
Features = Callable[[Store, NDArray[np.int64]], Float64]

CROP = 112  # pixels
ANCHORS = (36, 39, 42, 45, 30, 48, 54)
PLACES = np.array([(30, 42), (46, 43), (66, 43), (82, 42), (56, 66), (40, 84), (72, 84)], float)
LANDMARK_NOISE = 1.0  # pixels
COMPONENTS = 200
BORDER = 0.08  # of the picture's width
THUMBNAIL = 24  # pixels
ALPHAS = (1.0, 10.0, 100.0, 1000.0, 10_000.0)


def aligned_landmarks(store: Store, rows: NDArray[np.int64]) -> Float64:
    """Return (n, 136) landmarks in the crop, with noise."""
    noise = np.random.default_rng(0)
    points = []
    for row in rows:
        seen = store.landmarks(int(row)).astype(float)
        seen += noise.normal(0, LANDMARK_NOISE, seen.shape)
        points.append(apply_affine(_matrix(seen), seen).ravel())
    return np.array(points)


def hog_of_faces(store: Store, rows: NDArray[np.int64]) -> Float64:
    """Return (n, COMPONENTS) principal components of HOG."""
    noise = np.random.default_rng(0)
    described = []
    for row in rows:
        seen = store.landmarks(int(row)).astype(float)
        seen += noise.normal(0, LANDMARK_NOISE, seen.shape)
        grey = cv2.cvtColor(store.image(int(row)), cv2.COLOR_RGB2GRAY)
        face = warp(grey, _matrix(seen), CROP)
        described.append(hog(face, orientations=8, pixels_per_cell=(8, 8), cells_per_block=(2, 2)))
    features = np.array(described, np.float32)
    components = min(COMPONENTS, len(features) - 1)
    return np.asarray(PCA(components, svd_solver="randomized", random_state=0).fit_transform(features), float)


def background(store: Store, rows: NDArray[np.int64]) -> Float64:
    """Return (n, F) a thumbnail of the picture's upper corners and upper edge, where no face is."""
    described = []
    for row in rows:
        small = cv2.resize(store.image(int(row)), (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
        edge = max(1, round(BORDER * THUMBNAIL))
        parts = (small[:edge], small[: THUMBNAIL // 2, :edge], small[: THUMBNAIL // 2, -edge:])
        described.append(np.concatenate([part.reshape(-1) for part in parts]))
    return np.array(described, float)


def _matrix(landmarks: Float64) -> Float64:
    return similarity_matrix(landmarks[list(ANCHORS)], PLACES)


def icc31(one: Float64, other: Float64) -> float:
    """ICC(3,1) of two raters: 2 cov / (var + var)."""
    spread = one.var(ddof=1) + other.var(ddof=1)
    return float(2 * np.cov(one, other)[0, 1] / spread) if spread else 0.0


def best_threshold(scores: Float64, occurs: NDArray[np.bool_]) -> float:
    """Return the threshold with the best F1."""
    candidates = np.quantile(scores, np.linspace(0.3, 0.995, 120))
    return float(candidates[int(np.argmax([f1_score(occurs, scores >= at) for at in candidates]))])


def cross_validate(
    features: Float64, levels: NDArray[np.int8], folds: list[NDArray[np.bool_]]
) -> tuple[Float64, NDArray[np.bool_]]:
    """Return held-out (n, A) predicted levels and calls."""
    predicted = np.zeros(levels.shape)
    called = np.zeros(levels.shape, bool)
    for test in folds:
        mean, spread = features[~test].mean(0), features[~test].std() + 1e-9
        model = RidgeCV(ALPHAS).fit((features[~test] - mean) / spread, levels[~test])
        fitted = model.predict((features[~test] - mean) / spread)
        predicted[test] = model.predict((features[test] - mean) / spread)
        for place in range(levels.shape[1]):
            occurs = levels[~test, place] > 0
            if occurs.any():
                called[test, place] = predicted[test, place] >= best_threshold(fitted[:, place], occurs)
    return predicted, called


def main() -> None:
    """Run all baselines, print the table, and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    store = Store(arguments.store)
    rows = np.arange(len(store))
    name = store.header.dataset
    folds = synth_folds(name) if name in NAMED_SETS else deal_folds_of(store)
    subjects = np.array(store.frames["subject"].to_pylist())
    tests = [np.isin(subjects, fold) for fold in folds]
    levels = store.labels(store.au_set, kind="intensity")
    baselines: dict[str, Features] = {
        "landmarks": aligned_landmarks,
        "HOG": hog_of_faces,
        "background": background,
    }
    results = {name: cross_validate(describe(store, rows), levels, tests) for name, describe in baselines.items()}
    table = [["AU", "share", *(f"{name} {what}" for name in baselines for what in ("AUROC", "F1", "ICC"))]]
    for place, au in enumerate(store.au_set):
        occurs = levels[:, place] > 0
        line = [str(au), f"{occurs.mean():.3f}"]
        for predicted, called in results.values():
            varied = occurs.any() and not occurs.all()
            line.append(f"{roc_auc_score(occurs, predicted[:, place]):.3f}" if varied else "")
            line.append(f"{f1_score(occurs, called[:, place], zero_division=0):.3f}")
            line.append(f"{icc31(predicted[:, place], levels[:, place].astype(float)):.3f}")
        table.append(line)
    means = [np.mean([float(line[column]) for line in table[1:] if line[column]]) for column in range(1, len(table[0]))]
    table.append(["mean", *(f"{value:.3f}" for value in means)])
    for line in table:
        print(" ".join(cell.rjust(max(len(head), 6)) for cell, head in zip(line, table[0], strict=True)))
    if arguments.out:
        with written_aside(arguments.out) as aside, aside.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(table)


def deal_folds_of(store: Store) -> tuple[tuple[str, ...], ...]:
    """Return three parts of an unnamed set's subjects, alternately."""
    people = sorted(set(store.frames["subject"].to_pylist()))
    return tuple(tuple(people[fold::3]) for fold in range(3))


if __name__ == "__main__":
    main()
