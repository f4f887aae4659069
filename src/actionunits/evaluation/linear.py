"""Linear baselines on plain features: ridge regression and linear support vector machines.

scikit-learn fits them; it comes with the extra ``train`` and is imported when a fit begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from actionunits.errors import UsageError
from actionunits.evaluation.constant import intensities, known_mean
from actionunits.evaluation.features import align, aligned_landmarks, background, hog_of_faces
from actionunits.evaluation.systems import Prediction, Predictor, Selection, Setting, Task
from actionunits.store import LabelKind, Store

Float64 = NDArray[np.float64]
FeatureName = Literal["landmarks", "hog", "background"]

ALPHAS = (1.0, 10.0, 100.0, 1000.0, 10_000.0)
INNER_FOLDS = 4
COMPONENTS = 200
MOST_FOR_COMPONENTS = 5000  # rows that the principal components are found from
CHUNK = 4096  # rows
HIGHEST = 5.0  # intensity


def _need_sklearn() -> None:
    try:
        import sklearn  # noqa: F401
    except ImportError as failure:
        advice = "Install it: pip install 'actionunits[train]'"
        raise UsageError("this baseline", "needs scikit-learn", advice) from failure


@dataclass(frozen=True, eq=False)
class _Block:
    """One kind of feature, prepared with what the training rows say of it.

    Attributes:
        values: (N, F) of the whole store; NaN where unknown.
        mean: (F,) of the training rows, 0 for what they never have.
        axes: (C, F) principal axes, or None for the features themselves.
        scale: standard deviation over all training rows and columns.
    """

    values: NDArray[Any]
    mean: Float64
    axes: Float64 | None
    scale: float

    def of(self, rows: NDArray[np.int64]) -> Float64:
        """(n, F) or (n, C), centred and scaled; unknown features are at the mean."""
        parts = []
        for start in range(0, len(rows), CHUNK):
            part = self.values[rows[start : start + CHUNK]].astype(np.float64) - self.mean
            part[np.isnan(part)] = 0.0
            parts.append(part if self.axes is None else part @ self.axes.T)
        return np.concatenate(parts) / self.scale


def _fit_block(values: NDArray[Any], rows: NDArray[np.int64], components: int | None, seed: int) -> _Block:
    total, count = np.zeros(values.shape[1]), np.zeros(values.shape[1])
    for start in range(0, len(rows), CHUNK):
        part = values[rows[start : start + CHUNK]].astype(np.float64)
        total += np.nansum(part, axis=0)
        count += (~np.isnan(part)).sum(axis=0)
    plain = _Block(values, total / np.maximum(count, 1), None, 1.0)
    if components is None:
        return _Block(values, plain.mean, None, _spread(plain.of(rows)))
    from sklearn.decomposition import PCA

    few = rows[np.unique(np.linspace(0, len(rows) - 1, MOST_FOR_COMPONENTS).round().astype(np.int64))]
    sample = plain.of(few)
    if not sample.any():  # all pictures are alike
        return plain
    kept = min(components, len(few) - 1, values.shape[1])
    axes = PCA(kept, svd_solver="randomized", random_state=seed).fit(sample).components_
    turned = _Block(values, plain.mean, np.asarray(axes, np.float64), 1.0)
    return _Block(values, plain.mean, turned.axes, _spread(turned.of(rows)))


def _spread(values: Float64) -> float:
    return float(values.std()) or 1.0


def _by_known(labels: NDArray[np.int8]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Groups of AUs whose labels are known in the same rows: (places of the AUs, places of the rows)."""
    patterns, group = np.unique(labels >= 0, axis=1, return_inverse=True)
    for number in range(patterns.shape[1]):
        yield np.flatnonzero(group.ravel() == number), np.flatnonzero(patterns[:, number])


def best_threshold(scores: Float64, occurs: NDArray[np.bool_]) -> float:
    """The threshold with the highest F1: scores at or above it are positive.

    Args:
        scores: (N,).
        occurs: (N,).

    Returns:
        Halfway between two scores; infinite where nothing occurs; the lowest of equals.

    >>> best_threshold(np.array([0.1, 0.4, 0.8]), np.array([False, True, True]))
    0.25
    """
    if not occurs.any():
        return float("inf")
    order = np.argsort(-scores, kind="stable")
    falling, hits = scores[order], np.cumsum(occurs[order])
    ends = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))  # a cut never parts equal scores
    f1 = 2 * hits[ends] / (ends + 1 + hits[-1])
    best = ends[len(f1) - 1 - int(np.argmax(f1[::-1]))]
    below = falling[best + 1] if best + 1 < len(falling) else falling[best]
    return float((falling[best] + below) / 2)


@dataclass(frozen=True, eq=False)
class _LinearPredictor:
    """Scores are linear in the features; an AU occurs where its score reaches the threshold.

    Attributes:
        blocks: the features.
        weights: (S, F, A): one regression, or one a side, of which the stronger counts.
        offset: (S, A).
        threshold: (A,); infinite for never, minus infinite for always.
        spread: (A,), above 0: how many units of score make one of the logit.
        graded: (A,) bool: whose scores are intensities.
    """

    blocks: Sequence[_Block]
    weights: Float64
    offset: Float64
    threshold: Float64
    spread: Float64
    graded: NDArray[np.bool_]

    def predict(self, rows: NDArray[np.int64]) -> Prediction:
        features = np.concatenate([block.of(rows) for block in self.blocks], axis=1)
        scores = _strongest(features, self.weights, self.offset)
        probability = expit((scores - self.threshold) / self.spread).astype(np.float32)
        level = np.where(self.graded, np.clip(scores, 0.0, HIGHEST), np.nan).astype(np.float32)
        return Prediction(probability, level if self.graded.any() else None)


class _Linear:
    """What both baselines share: features that are described once per store."""

    packages: tuple[str, ...] = ("scikit-learn",)
    selection: Selection = "none"

    def __init__(
        self, features: Sequence[FeatureName], *, landmark_noise: float = 0.0, components: int = COMPONENTS
    ) -> None:
        self.features = tuple(features)
        self.landmark_noise = landmark_noise
        self.components = components
        self._described: dict[Path, dict[FeatureName, NDArray[Any]]] = {}

    @property
    def _settings(self) -> dict[str, Setting]:
        settings: dict[str, Setting] = {"features": "+".join(self.features)}
        if "hog" in self.features:
            settings["hog_components"] = self.components
        if self.landmark_noise:
            settings["landmark_noise_px"] = self.landmark_noise
        return settings

    def _blocks(self, task: Task, rows: NDArray[np.int64]) -> list[_Block]:
        _need_sklearn()
        key = task.store.folder.resolve()
        if key not in self._described:
            self._described = {key: self._describe(task.store, task.seed)}  # one store at a time is enough
        return [
            _fit_block(values, rows, self.components if name == "hog" else None, task.seed)
            for name, values in self._described[key].items()
        ]

    def _describe(self, store: Store, seed: int) -> dict[FeatureName, NDArray[Any]]:
        described: dict[FeatureName, NDArray[Any]] = {}
        if self.features != ("background",):
            aligned = align(store, noise=self.landmark_noise, seed=seed)
        describers: Mapping[FeatureName, Callable[[], NDArray[Any]]] = {
            "landmarks": lambda: aligned_landmarks(aligned),
            "hog": lambda: hog_of_faces(store, aligned),
            "background": lambda: background(store),
        }
        for name in self.features:
            described[name] = describers[name]()
        return described


class Ridge(_Linear):
    """Ridge regression on intensity, or on the occurrence of AUs without; strength by leave-one-out of frames.

    With ``sides`` each side of the face has a regression of its own and the stronger counts; the store must have labels
    of sides.

    An AU occurs where the regression reaches the threshold that has the best F1 on training subjects that were left
    out in turn.
    """

    def __init__(self, features: Sequence[FeatureName], *, landmark_noise: float = 0.0, sides: bool = False) -> None:
        super().__init__(features, landmark_noise=landmark_noise)
        self.sides = sides
        self.name = f"ridge-{'-'.join(self.features)}"

    @property
    def recipe(self) -> Mapping[str, Setting]:
        """The features, the strengths tried, and on what the thresholds are chosen."""
        strengths = ",".join(f"{alpha:g}" for alpha in ALPHAS)
        chosen = f"best F1 on training subjects in {INNER_FOLDS} inner folds"
        sides = {"sides": True} if self.sides else {}
        return {"system": self.name, **self._settings, **sides, "alphas": strengths, "threshold": chosen}

    def fit(self, task: Task) -> Predictor:
        """Regress on the features of all rows that are not tested."""
        rows = task.training
        blocks = self._blocks(task, rows)
        features = np.concatenate([block.of(rows) for block in blocks], axis=1)
        occurs = task.store.labels(task.aus)[rows]
        levels = intensities(task.store, task.aus)[rows]
        graded = np.asarray((levels >= 0).any(axis=0))
        targets = [np.where(graded, levels, occurs)]
        if self.sides:
            kinds: tuple[LabelKind, LabelKind] = ("left", "right")
            targets = [task.store.labels(task.aus, kind)[rows] for kind in kinds]
        inner = _dealt(task.store.frames["subject"].take(rows).to_numpy())
        fitted = [_ridge(features, target) for target in targets]
        left_out = _left_out(features, targets, inner)
        known = occurs >= 0
        each = [(left_out[here, au], occurs[here, au] == 1) for au, here in enumerate(known.T)]
        threshold = np.array([best_threshold(*one) for one in each])
        spread = np.array([_spread(one) for one, _ in each])
        weights, offset = (np.stack(parts) for parts in zip(*fitted, strict=True))
        return _LinearPredictor(blocks, weights, offset, threshold, spread, graded)


def _dealt(subjects: NDArray[Any]) -> NDArray[np.intp]:
    """(N,) which inner fold each row's subject is in, 0 to INNER_FOLDS - 1; sorted subjects are dealt in turn."""
    return np.unique(subjects, return_inverse=True)[1] % INNER_FOLDS


def _strongest(features: Float64, weights: Float64, offset: Float64) -> Float64:
    """(N, A) the largest of S regressions, (S, F, A) and (S, A), on (N, F) features."""
    scores: Float64 = np.stack([features @ slope + rest for slope, rest in zip(weights, offset, strict=True)]).max(
        axis=0
    )
    return scores


def _left_out(features: Float64, targets: Sequence[NDArray[np.int8]], inner: NDArray[np.intp]) -> Float64:
    """(N, A) scores of each row by regressions on the other inner folds; on all if there is but one."""
    scores = np.zeros(targets[0].shape)
    for fold in np.unique(inner):
        out = inner == fold
        kept = ~out if not out.all() else out
        weights, offset = zip(*(_ridge(features[kept], target[kept]) for target in targets), strict=True)
        scores[out] = _strongest(features[out], np.stack(weights), np.stack(offset))
    return scores


def _ridge(features: Float64, target: NDArray[np.int8]) -> tuple[Float64, Float64]:
    """Weights (F, A) and offset (A,); an AU with fewer than two known labels gets its mean."""
    from sklearn.linear_model import RidgeCV

    weights, offset = np.zeros((features.shape[1], target.shape[1])), known_mean(target)
    for aus, there in _by_known(target):
        if len(there) > 1:
            model = RidgeCV(ALPHAS).fit(features[there], target[np.ix_(there, aus)].astype(np.float64))
            weights[:, aus] = np.reshape(model.coef_, (len(aus), -1)).T
            offset[aus] = model.intercept_
    return weights, offset


class LinearSVM(_Linear):
    """A linear support vector machine per AU, squared hinge loss, both classes of equal weight; decides at 0.

    Close to what papers call LSVM: LIBLINEAR on hand-made features.
    """

    def __init__(self, features: Sequence[FeatureName], *, strength: float = 0.01, landmark_noise: float = 0.0) -> None:
        super().__init__(features, landmark_noise=landmark_noise)
        self.strength = strength
        self.name = f"svm-{'-'.join(self.features)}"

    @property
    def recipe(self) -> Mapping[str, Setting]:
        """The features, C, and the weight of the classes."""
        return {"system": self.name, **self._settings, "C": self.strength, "class_weight": "balanced"}

    def fit(self, task: Task) -> Predictor:
        """Separate the features of all rows that are not tested; an AU that never or always occurs stays so."""
        rows = task.training
        blocks = self._blocks(task, rows)
        from sklearn.svm import LinearSVC

        features = np.concatenate([block.of(rows) for block in blocks], axis=1)
        occurs = task.store.labels(task.aus)[rows]
        weights = np.zeros((features.shape[1], len(task.aus)))
        offset, threshold = np.zeros(len(task.aus)), np.zeros(len(task.aus))
        for au, labels in enumerate(occurs.T):
            known = labels >= 0
            if len(np.unique(labels[known])) < 2:
                threshold[au] = -np.inf if (labels == 1).any() else np.inf
                continue
            model = LinearSVC(C=self.strength, class_weight="balanced", dual=False, random_state=task.seed)
            model.fit(features[known], labels[known])
            weights[:, au], offset[au] = model.coef_[0], model.intercept_[0]
        return _LinearPredictor(
            blocks, weights[None], offset[None], threshold, np.ones(len(task.aus)), np.zeros(len(task.aus), bool)
        )
