"""What cross-validation needs to know of a system, be it a baseline or a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from actionunits.facs import AUSet
from actionunits.store import Store

Selection = Literal["none", "val", "last", "test_oracle"]
"""What an epoch or another choice was made on: there was none to make, validation subjects, the last epoch, or the
test subjects (``test_oracle``, as is common in the literature, and stamped on every table)."""

Setting = str | bool | int | float | None


@dataclass(frozen=True, eq=False)
class Task:
    """One fold's training, as a system gets it.

    Attributes:
        store: the pictures and labels.
        aus: action units to find, A of them.
        fold: its number, from 1.
        train: rows of the store to train on.
        validation: rows of the subjects held out of the training part, to choose by; may be empty.
        seed: of everything random.
    """

    store: Store
    aus: AUSet
    fold: int
    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    seed: int

    @property
    def training(self) -> NDArray[np.int64]:
        """All rows that are not tested, rising: for systems that have nothing to choose."""
        return np.sort(np.concatenate([self.train, self.validation]))


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a system says of N frames.

    Attributes:
        probability: (N, A) float32, 0 to 1; an AU occurs from 0.5 on.
        intensity: (N, A) float32, 0 to 5, NaN for AUs without; None for systems without.
        stand_in: (N,) bool, frames of which landmarks were unknown, so that a mean face's stood in; None for systems
            that look at none.
    """

    probability: NDArray[np.float32]
    intensity: NDArray[np.float32] | None = None
    stand_in: NDArray[np.bool_] | None = None


class Predictor(Protocol):
    """A trained system."""

    def predict(self, rows: NDArray[np.int64]) -> Prediction:
        """Say something of every one of these rows of the task's store; none is left out."""
        ...


class System(Protocol):
    """Anything that learns from a fold's training part.

    Attributes:
        name: as tables write it.
        recipe: everything its numbers depend on besides the data, the folds and the seed.
        selection: what its choices are made on.
        packages: libraries, beyond the core's, whose versions a run shall note.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def recipe(self) -> Mapping[str, Setting]: ...  # noqa: D102
    @property
    def selection(self) -> Selection: ...  # noqa: D102
    @property
    def packages(self) -> tuple[str, ...]: ...  # noqa: D102

    def fit(self, task: Task) -> Predictor:
        """Train.

        Raises:
            UsageError: the store lacks something that the system needs.
        """
        ...


@dataclass(frozen=True, eq=False)
class Constant:
    """A predictor that says the same of every frame.

    Attributes:
        probability: (A,), 0 to 1.
        intensity: (A,), 0 to 5, NaN for AUs without; or None.
    """

    probability: NDArray[np.floating[Any]]
    intensity: NDArray[np.floating[Any]] | None = None

    def predict(self, rows: NDArray[np.int64]) -> Prediction:
        """The same for every row."""
        level = None if self.intensity is None else np.tile(self.intensity.astype(np.float32), (len(rows), 1))
        return Prediction(np.tile(self.probability.astype(np.float32), (len(rows), 1)), level)
