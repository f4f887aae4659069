"""How often action units are shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class BaseRates:
    """Frames counted by label; A action units.

    Attributes:
        positive: (A,) frames that show the AU.
        negative: (A,) frames that do not.
        unknown: (A,) frames of which it is not known; they are in no rate.
        subjects: (A,) people in whom it is seen at least once.
    """

    positive: NDArray[np.int64]
    negative: NDArray[np.int64]
    unknown: NDArray[np.int64]
    subjects: NDArray[np.int64]

    @property
    def rate(self) -> NDArray[np.float64]:
        """(A,) share of the known frames that show the AU, 0-1; NaN where no frame is known."""
        known = self.positive + self.negative
        return np.asarray(np.divide(self.positive, known, out=np.full(len(known), np.nan), where=known > 0))

    @property
    def always_positive_f1(self) -> NDArray[np.float64]:
        """(A,) F1 of always saying yes, 2 r / (1 + r): what a system has to beat; NaN where no frame is known."""
        return 2 * self.rate / (1 + self.rate)


def base_rates(labels: NDArray[np.int8], owners: NDArray[np.int64]) -> BaseRates:
    """Count labels.

    Args:
        labels: (N, A) occurrence: 0, 1, or -1 for unknown.
        owners: (N,) the number of the person in each frame.
    """
    shown = labels == 1
    people = np.array([len(np.unique(owners[column])) for column in shown.T], np.int64)
    positive, negative, unknown = (np.asarray(each.sum(axis=0), np.int64) for each in (shown, labels == 0, labels < 0))
    return BaseRates(positive, negative, unknown, people)


def level_counts(levels: NDArray[np.int8]) -> NDArray[np.int64]:
    """(A, 7) frames by intensity: unknown, 0, 1, 2, 3, 4, 5, from (N, A) levels."""
    return np.stack([(levels == level).sum(axis=0) for level in range(-1, 6)], axis=1).astype(np.int64)
