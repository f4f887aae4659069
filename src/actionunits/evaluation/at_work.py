"""Estimators that were trained elsewhere, tested on a store as they come."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from actionunits.errors import UsageError
from actionunits.estimators import Estimator, load_estimator
from actionunits.evaluation.systems import Prediction, Predictor, Selection, Setting, Task
from actionunits.faces import FaceFinder, FaceTracker
from actionunits.facs import AUSet
from actionunits.store import Store

MARGIN = 0.25
"""Share of a picture's side that is put around it on every side, in grey: the face finder wants to see whole heads."""
_GREY = 128
_LEAST = 1e-6  # probability


class EstimatorAtWork:
    """An estimator of ``actionunits models``, or one with a card of its own; no fold trains it.

    Its probabilities are moved on the logit scale so that the card's thresholds stand at 0.5. Where it finds no face in
    a picture it says 0 of every AU.

    Args:
        name_or_card: of a shipped estimator, or the path of a card.

    Attributes:
        aus: what it can find.

    Raises:
        UsageError: there is no such estimator.
        CardError: the card or its weights are malformed.
    """

    selection: Selection = "none"
    packages: tuple[str, ...] = ("ai-edge-litert", "onnxruntime")

    def __init__(self, name_or_card: str | Path) -> None:
        self._estimator = load_estimator(name_or_card)
        self.name = self._estimator.card.name
        self.aus: AUSet = self._estimator.card.au_set

    @property
    def recipe(self) -> Mapping[str, Setting]:
        """Which weights, and what is around the pictures."""
        card = self._estimator.card
        return {
            "system": self.name,
            "version": card.version,
            "weights_sha256": card.weights.sha256,
            "margin": MARGIN,
            "pretraining": card.training.data,
        }

    def fit(self, task: Task) -> Predictor:
        """There is nothing left to learn.

        Raises:
            UsageError: an AU is asked for that the estimator does not know.
        """
        missing = task.aus - self.aus
        if missing:
            raise UsageError(f"estimator {self.name}", f"does not know AU {missing}", f"It knows AU {self.aus}")
        return _AtWork(self._estimator, task.store, task.aus)


class _AtWork:
    def __init__(self, estimator: Estimator, store: Store, aus: AUSet) -> None:
        self._estimator, self._store = estimator, store
        self._places = [estimator.card.au_set.index(au) for au in aus]
        self._finder = FaceFinder()

    def predict(self, rows: NDArray[np.int64]) -> Prediction:
        probability = np.zeros((len(rows), len(self._places)), np.float32)
        intensity = np.zeros_like(probability)
        threshold = logit(np.array(self._estimator.card.thresholds)[self._places])
        for place, row in enumerate(rows.tolist()):
            picture = _with_margin(self._store.image(row))
            faces = FaceTracker(self._finder).update(picture, 0.0)
            if not faces:
                continue
            largest = max(faces, key=lambda face: float(np.prod(np.ptp(face.mesh[:, :2], axis=0))))
            scores = self._estimator.predict([(picture, largest)])
            evidence = logit(np.clip(scores.probability()[0, self._places], _LEAST, 1 - _LEAST))
            probability[place] = expit(evidence - threshold)
            intensity[place] = scores.level()[0, self._places]
        return Prediction(probability, intensity if self._estimator.card.intensity else None)


def _with_margin(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    down, across = (round(MARGIN * side) for side in picture.shape[:2])
    grey = (_GREY, _GREY, _GREY)
    widened: NDArray[np.uint8] = cv2.copyMakeBorder(
        picture, down, down, across, across, cv2.BORDER_CONSTANT, value=grey
    )
    return widened
