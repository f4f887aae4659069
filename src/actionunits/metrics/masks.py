"""What is known: labels and predictions paired up, with everything unknown marked.

Unknown is -1 in arrays of whole numbers and NaN in arrays of floats. What is unknown on either side never reaches a
count. Whole numbers are labels and lie in -1 to 5, so that the code 9 of FACS coders ("not codable") is refused and
never counted as a level; measurements beyond that range are given as floats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from actionunits.errors import UsageError

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

UNKNOWN = -1
HIGHEST_LEVEL = 5
ADVICE = "Unknown is -1 in whole numbers and NaN in floats"


@dataclass(frozen=True, eq=False)
class Pairs:
    """Labels and predictions of the same frames.

    Attributes:
        target: (N,) or (N, A) float64, 0 where not known.
        prediction: the same shape, 0 where not known.
        known: the same shape, bool: both the label and the prediction are known.
    """

    target: Float64
    prediction: Float64
    known: Bool


@dataclass(frozen=True, eq=False)
class Coverage:
    """How many frames a score rests on, each (A,) int64, or () for one AU.

    Attributes:
        used: frames with a label and a prediction.
        unlabelled: frames without a label, left out.
        unpredicted: frames with a label and no prediction, left out too; a fair comparison has none.
    """

    used: Int64
    unlabelled: Int64
    unpredicted: Int64


def is_unknown(values: NDArray[Any]) -> Bool:
    """Where an array holds nothing: NaN in floats, -1 in whole numbers, nowhere in bools; the same shape."""
    if values.dtype.kind == "f":
        return np.asarray(np.isnan(values))
    if values.dtype.kind == "i":
        return np.asarray(values == UNKNOWN)
    return np.zeros(values.shape, bool)


def pair(target: ArrayLike, prediction: ArrayLike) -> Pairs:
    """Pair up labels and predictions.

    Args:
        target: (N,) or (N, A) labels; unknown is -1 in whole numbers and NaN in floats.
        prediction: the same shape, likewise.

    Raises:
        UsageError: the shapes differ or have other than one or two axes, an array holds no numbers, whole numbers
            lie outside -1 to 5, or labels given as floats hold -1, which would be counted.
    """
    labels, guesses = _numbers(target, "target"), _numbers(prediction, "prediction")
    if labels.shape != guesses.shape or labels.ndim not in (1, 2) or labels.shape[1:] == (0,):
        shapes = f"target {labels.shape}, prediction {guesses.shape}"
        raise UsageError(
            shapes, "they must have one shape, (N,) or (N, A) with an AU or more", "Give a prediction for every label"
        )
    if labels.dtype.kind == "f" and (labels == UNKNOWN).any():
        raise UsageError("target", "holds -1 as a float, which would count as a label", ADVICE)
    known = ~(is_unknown(labels) | is_unknown(guesses))
    return Pairs(_filled(labels, known), _filled(guesses, known), known)


def require(good: Bool, pairs: Pairs, what: str, next_step: str) -> None:
    """Require something of every known frame.

    Raises:
        UsageError: a known frame has it not.
    """
    if not (good | ~pairs.known).all():
        raise UsageError("target and prediction", f"a known value is not {what}", next_step)


def coverage(target: ArrayLike, prediction: ArrayLike) -> Coverage:
    """How many frames the metrics of these arrays rest on, and how many they leave out.

    Args:
        target: (N,) or (N, A), as in :func:`pair`.
        prediction: the same shape.

    Raises:
        UsageError: as :func:`pair`.

    >>> coverage([0, 1, -1, 1], [0.2, 0.9, 0.4, float("nan")]).unpredicted
    array(1)
    """
    known = pair(target, prediction).known
    unlabelled = is_unknown(np.asarray(target))
    return Coverage(counted(known), counted(unlabelled), counted(~known & ~unlabelled))


def decide(probability: ArrayLike, threshold: float = 0.5) -> NDArray[np.int8]:
    """Occurrence from probabilities: 1 where at or above the threshold, -1 where NaN (protocol: p >= 0.5).

    Args:
        probability: any shape; floats are thresholded, whole numbers and bools are decisions already and kept.
        threshold: for logits, 0.

    Returns:
        The same shape, int8.

    Raises:
        UsageError: the array holds no numbers, or whole numbers outside -1 to 5.

    >>> decide([0.5, 0.4, float("nan")])
    array([ 1,  0, -1], dtype=int8)
    """
    values = _numbers(probability, "prediction")
    if values.dtype.kind != "f":
        return values.astype(np.int8)
    return np.where(np.isnan(values), UNKNOWN, values >= threshold).astype(np.int8)


def counted(marks: Bool) -> Int64:
    """How many are marked along the first axis, int64 array."""
    return np.asarray(marks.sum(axis=0), np.int64)


def _numbers(values: ArrayLike, name: str) -> NDArray[Any]:
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise UsageError(name, f"holds {array.dtype}, not numbers", ADVICE)
    if array.dtype.kind in "iu" and array.size and (array.min() < UNKNOWN or array.max() > HIGHEST_LEVEL):
        raise UsageError(
            name,
            f"holds whole numbers from {array.min()} to {array.max()}; labels are -1 (unknown) to {HIGHEST_LEVEL}",
            "Write the code 9 as -1, and give measurements as floats",
        )
    return array


def _filled(values: NDArray[Any], known: Bool) -> Float64:
    return np.where(known, values, 0).astype(np.float64)
