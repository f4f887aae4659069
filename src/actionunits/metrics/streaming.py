"""Stateful twins of the metrics, for scores of frames that come in batches: update, compute, reset, merge.

Every twin gives what its pure function gives on all batches concatenated, whatever their sizes and order. Averaging
the scores of batches does not.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from numpy.typing import ArrayLike

from actionunits.errors import UsageError
from actionunits.metrics.kappa import CrossTable, Weights
from actionunits.metrics.masks import decide
from actionunits.metrics.moments import Limits, Moments
from actionunits.metrics.occurrence import Confusion
from actionunits.metrics.ranking import Ranking
from actionunits.metrics.scores import Scores
from actionunits.metrics.tally import Tally

T = TypeVar("T", bound=Tally)
R = TypeVar("R", Scores, Limits)


class Metric(ABC, Generic[T, R]):
    """A metric of frames that come in batches."""

    def __init__(self) -> None:
        self._tally: T | None = None

    @abstractmethod
    def _count(self, target: ArrayLike, prediction: ArrayLike) -> T:
        """The tally of one batch."""

    @abstractmethod
    def _score(self, tally: T) -> R:
        """The metric of a tally."""

    def _settings(self) -> tuple[object, ...]:
        """What two metrics must share to be merged."""
        return (type(self),)

    def update(self, target: ArrayLike, prediction: ArrayLike) -> None:
        """Take in one batch.

        Args:
            target: (N,) or (N, A) labels; unknown is -1 in whole numbers and NaN in floats.
            prediction: the same shape, likewise.

        Raises:
            UsageError: as the pure function, or the batch has another number of AUs than those before; the state is
                then as it was.
        """
        batch = self._count(target, prediction)
        self._tally = batch if self._tally is None else self._tally + batch

    def compute(self) -> R:
        """The metric of everything taken in since the start or the last :meth:`reset`.

        Raises:
            UsageError: nothing was taken in.
        """
        return self._score(self.tally)

    @property
    def tally(self) -> T:
        """What has been counted, to be stored or resampled.

        Raises:
            UsageError: nothing was taken in.
        """
        if self._tally is None:
            raise UsageError(type(self).__name__, "has seen no batch", "Call update first")
        return self._tally

    def reset(self) -> None:
        """Forget everything taken in."""
        self._tally = None

    def merge(self, other: Metric[T, R]) -> None:
        """Take in all that another metric has taken in, as from another process; the other is left as it is.

        Raises:
            UsageError: the other is another metric, has other settings, or counts other AUs.
        """
        if self._settings() != other._settings():
            raise UsageError(
                f"{type(self).__name__} and {type(other).__name__}",
                "are different metrics, or have different settings",
                "Merge equal ones",
            )
        if other._tally is not None:
            self._tally = other._tally if self._tally is None else self._tally + other._tally


class _OccurrenceMetric(Metric[Confusion, Scores]):
    """A metric of confusion counts, taking decisions or probabilities.

    Args:
        threshold: floats at or above it are decided to be 1; for logits, 0. Whole numbers are decisions already.
    """

    _measure: Callable[[Confusion], Scores]

    def __init__(self, threshold: float = 0.5) -> None:
        super().__init__()
        self.threshold = threshold

    def _count(self, target: ArrayLike, prediction: ArrayLike) -> Confusion:
        return Confusion.of(target, decide(prediction, self.threshold))

    def _score(self, tally: Confusion) -> Scores:
        return type(self)._measure(tally)

    def _settings(self) -> tuple[object, ...]:
        return (*super()._settings(), self.threshold)


class F1(_OccurrenceMetric):
    """Twin of :func:`actionunits.metrics.f1`."""

    _measure = staticmethod(Confusion.f1)


class F1Macro(_OccurrenceMetric):
    """Twin of :func:`actionunits.metrics.f1_macro`."""

    _measure = staticmethod(Confusion.f1_macro)


class F1Micro(_OccurrenceMetric):
    """Twin of :func:`actionunits.metrics.f1_micro`."""

    _measure = staticmethod(Confusion.f1_micro)


class Accuracy(_OccurrenceMetric):
    """Twin of :func:`actionunits.metrics.accuracy`."""

    _measure = staticmethod(Confusion.accuracy)


class MCC(_OccurrenceMetric):
    """Twin of :func:`actionunits.metrics.mcc`."""

    _measure = staticmethod(Confusion.mcc)


class _RankingMetric(Metric[Ranking, Scores]):
    """A metric of ranks; its state grows with the frames."""

    _measure: Callable[[Ranking], Scores]

    def _count(self, target: ArrayLike, prediction: ArrayLike) -> Ranking:
        return Ranking.of(target, prediction)

    def _score(self, tally: Ranking) -> Scores:
        return type(self)._measure(tally)


class AUROC(_RankingMetric):
    """Twin of :func:`actionunits.metrics.auroc`; keeps every score."""

    _measure = staticmethod(Ranking.auroc)


class AveragePrecision(_RankingMetric):
    """Twin of :func:`actionunits.metrics.average_precision`; keeps every score."""

    _measure = staticmethod(Ranking.average_precision)


class _IntensityMetric(Metric[Moments, Scores]):
    """A metric of moments."""

    _measure: Callable[[Moments], Scores]

    def _count(self, target: ArrayLike, prediction: ArrayLike) -> Moments:
        return Moments.of(target, prediction)

    def _score(self, tally: Moments) -> Scores:
        return type(self)._measure(tally)


class ICC31(_IntensityMetric):
    """Twin of :func:`actionunits.metrics.icc31`."""

    _measure = staticmethod(Moments.icc31)


class PCC(_IntensityMetric):
    """Twin of :func:`actionunits.metrics.pcc`."""

    _measure = staticmethod(Moments.pcc)


class CCC(_IntensityMetric):
    """Twin of :func:`actionunits.metrics.ccc`."""

    _measure = staticmethod(Moments.ccc)


class MAE(_IntensityMetric):
    """Twin of :func:`actionunits.metrics.mae`."""

    _measure = staticmethod(Moments.mae)


class MSE(_IntensityMetric):
    """Twin of :func:`actionunits.metrics.mse`."""

    _measure = staticmethod(Moments.mse)


class BlandAltman(Metric[Moments, Limits]):
    """Twin of :func:`actionunits.metrics.bland_altman`."""

    def _count(self, target: ArrayLike, prediction: ArrayLike) -> Moments:
        return Moments.of(target, prediction)

    def _score(self, tally: Moments) -> Limits:
        return tally.bland_altman()


class CohenKappa(Metric[CrossTable, Scores]):
    """Twin of :func:`actionunits.metrics.cohen_kappa`.

    Args:
        weights: as there.
    """

    def __init__(self, weights: Weights = "none") -> None:
        super().__init__()
        self.weights = weights

    def _count(self, target: ArrayLike, prediction: ArrayLike) -> CrossTable:
        return CrossTable.of(target, prediction)

    def _score(self, tally: CrossTable) -> Scores:
        return tally.cohen_kappa(self.weights)

    def _settings(self) -> tuple[object, ...]:
        return (*super()._settings(), self.weights)


class Metrics:
    """Several metrics that take in the same batches.

    Args:
        metrics: the metrics by the name they are to have.

    >>> metrics = Metrics({"f1": F1(), "auroc": AUROC()})
    >>> metrics.update([0, 1, 1], [0.2, 0.9, 0.4])
    >>> {name: round(float(each), 3) for name, each in metrics.compute().items()}
    {'f1': 0.667, 'auroc': 1.0}
    """

    def __init__(self, metrics: Mapping[str, Metric[Any, Any]]) -> None:
        self.metrics = dict(metrics)

    def update(self, target: ArrayLike, prediction: ArrayLike) -> None:
        """Take in one batch in every metric; arguments and errors as :meth:`Metric.update`."""
        for metric in self.metrics.values():
            metric.update(target, prediction)

    def compute(self) -> dict[str, Any]:
        """What each metric computes, by name.

        Raises:
            UsageError: nothing was taken in.
        """
        return {name: metric.compute() for name, metric in self.metrics.items()}

    def reset(self) -> None:
        """Forget everything taken in."""
        for metric in self.metrics.values():
            metric.reset()

    def merge(self, other: Metrics) -> None:
        """Take in all that others of the same names have taken in.

        Raises:
            UsageError: the names differ, or a metric cannot be merged.
        """
        if self.metrics.keys() != other.metrics.keys():
            names = ", ".join(sorted(self.metrics.keys() ^ other.metrics.keys()))
            raise UsageError("Metrics", f"only one side has {names}", "Merge collections of the same metrics")
        for name, metric in self.metrics.items():
            metric.merge(other.metrics[name])
