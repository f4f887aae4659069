"""Baselines that look at no picture: what any system must beat."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from actionunits.evaluation.systems import Constant, Predictor, Selection, Setting, Task
from actionunits.facs import AUSet
from actionunits.store import Store


def known_mean(labels: NDArray[np.int8], otherwise: float = 0.0) -> NDArray[np.float64]:
    """The mean of the known labels of each AU.

    Args:
        labels: (N, A), -1 for unknown.
        otherwise: where an AU has no known label.

    Returns:
        (A,).
    """
    known = labels >= 0
    count = known.sum(axis=0)
    return np.where(count > 0, np.where(known, labels, 0).sum(axis=0) / np.maximum(count, 1), otherwise)


def intensities(store: Store, aus: AUSet) -> NDArray[np.int8]:
    """The intensity labels of all frames, (N, A) int8; -1, unknown, throughout for a store that has none."""
    if "intensity" in store.header.contents:
        return store.labels(aus, "intensity")
    return np.full((len(store), len(aus)), -1, np.int8)


class AlwaysPositive:
    """Finds every AU in every frame: its F1 is 2r / (1 + r) for a base rate r."""

    name = "always-positive"
    selection: Selection = "none"
    packages: tuple[str, ...] = ()

    @property
    def recipe(self) -> Mapping[str, Setting]:
        """Its name."""
        return {"system": self.name}

    def fit(self, task: Task) -> Predictor:
        """There is nothing to learn."""
        return Constant(np.ones(len(task.aus)))


class BaseRate:
    """Says each AU's share of the training frames, and its mean intensity where that is known."""

    name = "base-rate"
    selection: Selection = "none"
    packages: tuple[str, ...] = ()

    @property
    def recipe(self) -> Mapping[str, Setting]:
        """Its name."""
        return {"system": self.name}

    def fit(self, task: Task) -> Predictor:
        """Count the training frames."""
        rows = task.training
        share = known_mean(task.store.labels(task.aus)[rows])
        level = known_mean(intensities(task.store, task.aus)[rows], np.nan)
        return Constant(share, None if np.isnan(level).all() else level)
