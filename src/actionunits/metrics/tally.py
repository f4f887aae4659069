"""Tallies: what must be kept of some frames so that a metric of many frames can be computed from their sum.

A tally is made by ``of(target, prediction)``, two are added with ``+``, and its methods are the metrics. Adding the
tallies of two sets of frames gives the tally of both together, so that one definition serves whole arrays, streams,
folds and resampled subjects.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import reduce
from operator import add
from typing import Any, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from actionunits.errors import UsageError
from actionunits.metrics.masks import Int64


class Tally(Protocol):
    """What streams, folds and the bootstrap need of a tally."""

    def __add__(self, other: Self, /) -> Self:
        """The tally of both sets of frames together."""
        ...

    @classmethod
    def resampled(cls, parts: Sequence[Self], times: Int64) -> Self:
        """B tallies at once, along a new first axis: in the b-th, part s counts ``times[b, s]`` times; times (B, S)."""
        ...


AnyTally = TypeVar("AnyTally", bound=Tally)


def total(parts: Iterable[AnyTally]) -> AnyTally:
    """The tally of all parts together: pooled over folds, or over subjects.

    Raises:
        UsageError: there is no part, or they count different numbers of AUs.
    """
    tallies = list(parts)
    if not tallies:
        raise UsageError("total", "there is nothing to add up", "Give one tally or more")
    return reduce(add, tallies)


def tally_by(
    groups: Sequence[Hashable] | NDArray[Any],
    count: Callable[[NDArray[Any], NDArray[Any]], AnyTally],
    target: ArrayLike,
    prediction: ArrayLike,
) -> dict[Any, AnyTally]:
    """One tally for every subject, fold or sequence.

    Args:
        groups: (N,) the group of each frame.
        count: makes a tally, such as ``Confusion.of``.
        target: (N,) or (N, A) labels.
        prediction: the same shape.

    Returns:
        A tally by group, groups sorted.

    Raises:
        UsageError: the lengths differ, or ``count`` refuses the arrays.

    >>> from actionunits.metrics import Confusion
    >>> tallies = tally_by(["F002", "F001", "F002"], Confusion.of, [1, 0, 1], [1, 1, 0])
    >>> {subject: float(each.f1()) for subject, each in tallies.items()}
    {'F001': 0.0, 'F002': 0.6666666666666666}
    """
    labels, guesses = np.asarray(target), np.asarray(prediction)
    names, place = np.unique(np.asarray(groups), return_inverse=True)
    if not place.shape[:1] == labels.shape[:1] == guesses.shape[:1]:
        lengths = f"{place.shape[:1]}, {labels.shape[:1]} and {guesses.shape[:1]}"
        raise UsageError("groups, target, prediction", f"have lengths {lengths}", "Name the group of every frame")
    order = np.argsort(place, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(place, minlength=len(names)))[:-1])
    return {name: count(labels[part], guesses[part]) for name, part in zip(names.tolist(), parts, strict=True)}


def require_same_shape(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    """Require that two tallies count the same number of AUs.

    Raises:
        UsageError: they do not.
    """
    if first != second:
        raise UsageError(f"tallies of shape {first} and {second}", "count different AUs", "Use one set of AUs")


def times_sum(times: Int64, counts: NDArray[Any]) -> NDArray[Any]:
    """Sums over parts, each taken ``times`` times: (B, S) and (S, ...) give (B, ...); exact for counts below 2**53."""
    flat = counts.reshape(len(counts), -1).astype(np.float64)
    sums = (times.astype(np.float64) @ flat).reshape(len(times), *counts.shape[1:])
    return sums.astype(counts.dtype)
