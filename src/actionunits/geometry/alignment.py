"""Similarity transforms: the best one between two sets of points, and 2x3 (or 3x4) affine matrices at work.

A matrix ``[A | b]`` maps a point p to ``A p + b``. Everything takes any number of leading axes.

Source: Umeyama 1991, "Least-squares estimation of transformation parameters between two point patterns", Eq. 40-43.
"""

from __future__ import annotations

from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from actionunits.errors import UsageError

Float64 = NDArray[np.float64]

_TINY = 1e-10  # below this part of the points' own size, a spread is rounding and not a direction


class Similarity(NamedTuple):
    """``target = scale * rotation @ source + translation``; D is 2 or 3.

    Attributes:
        scale: (...,), above 0.
        rotation: (..., D, D), orthonormal, determinant +1.
        translation: (..., D), in the target's unit.
    """

    scale: Float64
    rotation: Float64
    translation: Float64

    @property
    def matrix(self) -> Float64:
        """The same as an affine matrix, (..., D, D + 1)."""
        linear = self.scale[..., None, None] * self.rotation  # (..., D, D)
        return np.concatenate([linear, self.translation[..., None]], axis=-1)


def umeyama(
    source: NDArray[np.floating[Any]],
    target: NDArray[np.floating[Any]],
    *,
    weights: ArrayLike | None = None,
    scaling: bool = True,
) -> Similarity:
    """The similarity that brings ``source`` onto ``target`` with the least (weighted) sum of squared distances.

    A mirror image is never used: where a reflection would fit better, the best proper rotation is returned.

    Args:
        source: (..., N, D) with D = 2 or 3.
        target: (..., N, D); leading axes broadcast against the source's.
        weights: (N,) or (..., N), not negative; equal if None. A point of weight 0 may have any finite place.
        scaling: False keeps sizes (scale 1): a rigid motion.

    Returns:
        (scale, rotation, translation); see :class:`Similarity`.

    Raises:
        UsageError: the shapes differ, a value is not finite, or no single answer exists: all points equal, points of
            3D on one line, or points of the plane that only a mirror image would bring closer.

    Source: Umeyama 1991, Eq. 34-43, with weighted means.
    """
    both, weight = _checked(source, target, weights)  # (..., N, 2 D), (..., N) of sum 1
    size = both.shape[-1] // 2  # D
    means = (weight[..., None, :] @ both)[..., 0, :]  # (..., 2 D)
    if not np.isfinite(means).all():
        raise UsageError("points", "some are not finite", "Leave missing landmarks out of both sets")
    centred = both - means[..., None, :]
    moments = centred.swapaxes(-1, -2) @ (weight[..., None] * centred)  # (..., 2 D, 2 D)
    variances = np.diagonal(moments, axis1=-2, axis2=-1)  # (..., 2 D)
    source_variance = variances[..., :size].sum(axis=-1)  # (...,), Eq. 36
    target_variance = variances[..., size:].sum(axis=-1)  # (...,), Eq. 37
    covariance = moments[..., size:, :size]  # (..., D, D), Eq. 38
    source_mean, target_mean = means[..., :size], means[..., size:]
    spread = np.sqrt(source_variance * target_variance)  # (...,), the largest trace the singular values could have
    _check_spread(source_mean, source_variance, "source")
    _check_spread(target_mean, target_variance, "target")

    left, singular, right = np.linalg.svd(covariance)
    signs = np.ones_like(singular)  # (..., D)
    signs[..., -1] = np.where(np.linalg.det(left @ right) < 0, -1.0, 1.0)  # Eq. 39 and 43
    if (singular[..., -2] <= _TINY * spread).any():  # rank below D - 1
        _degenerate("no rotation is better than all others", "Give points that do not lie on one line")
    rotation = (left * signs[..., None, :]) @ right  # (..., D, D), Eq. 40
    trace = (singular * signs).sum(axis=-1)
    if (trace <= _TINY * spread).any():  # only in the plane: a mirror image, and every rotation is as bad
        _degenerate("the target resembles only a mirror image of the source", "Check the order of the points")
    scale = trace / source_variance if scaling else np.ones_like(trace)  # (...,), Eq. 42
    translation = target_mean - scale[..., None] * _apply(rotation, source_mean)  # (..., D), Eq. 41
    return Similarity(np.asarray(scale), rotation, translation)


def similarity_matrix(
    source: NDArray[np.floating[Any]],
    target: NDArray[np.floating[Any]],
    *,
    weights: ArrayLike | None = None,
    scaling: bool = True,
) -> Float64:
    """:func:`umeyama` as an affine matrix, (..., 2, 3) for points of the plane and (..., 3, 4) in space."""
    return umeyama(source, target, weights=weights, scaling=scaling).matrix


def apply_affine(points: NDArray[np.floating[Any]], matrix: NDArray[np.floating[Any]]) -> Float64:
    """Map points by an affine matrix.

    Args:
        points: (..., N, D).
        matrix: (..., D, D + 1).

    Returns:
        (..., N, D); NaN points stay NaN.

    Raises:
        UsageError: the shapes do not fit together.
    """
    linear, offset = _parts(matrix)
    if np.ndim(points) < 2 or np.shape(points)[-1] != linear.shape[-1]:
        size = linear.shape[-1]
        raise UsageError(
            f"points of shape {np.shape(points)}", f"expected (..., N, {size})", f"The matrix maps {size} coordinates"
        )
    mapped: Float64 = np.asarray(points, np.float64) @ linear.swapaxes(-1, -2) + offset[..., None, :]
    return mapped


def invert_affine(matrix: NDArray[np.floating[Any]]) -> Float64:
    """The affine matrix that undoes another.

    Args:
        matrix: (..., D, D + 1).

    Returns:
        (..., D, D + 1).

    Raises:
        UsageError: the shape is another, or the matrix maps everything onto a line or point.
    """
    linear, offset = _parts(matrix)
    try:
        inverse = np.linalg.inv(linear)
    except np.linalg.LinAlgError:
        raise UsageError(
            f"matrix {np.asarray(matrix).tolist()}", "has no inverse", "Give one that keeps areas"
        ) from None
    return np.concatenate([inverse, -_apply(inverse, offset)[..., None]], axis=-1)


def compose_affine(outer: NDArray[np.floating[Any]], inner: NDArray[np.floating[Any]]) -> Float64:
    """The affine matrix that does ``inner`` first and ``outer`` after it.

    Args:
        outer: (..., D, D + 1).
        inner: (..., D, D + 1).

    Returns:
        (..., D, D + 1).

    Raises:
        UsageError: a shape is another.
    """
    outer_linear, outer_offset = _parts(outer)
    inner_linear, inner_offset = _parts(inner)
    offset = _apply(outer_linear, inner_offset) + outer_offset
    return np.concatenate([outer_linear @ inner_linear, offset[..., None]], axis=-1)


def _apply(linear: NDArray[np.floating[Any]], vector: Float64) -> Float64:
    result: Float64 = (linear @ vector[..., None])[..., 0]
    return result


def _parts(matrix: NDArray[np.floating[Any]]) -> tuple[Float64, Float64]:
    """An affine matrix as its linear part, (..., D, D), and its offset, (..., D)."""
    shape: tuple[int, ...] = np.shape(matrix)
    if shape[-2:] not in ((2, 3), (3, 4)):
        raise UsageError(f"matrix of shape {shape}", "expected (..., 2, 3) or (..., 3, 4)", "Give [A | b]")
    affine = np.asarray(matrix, np.float64)
    return affine[..., :-1], affine[..., -1]


def _checked(
    source: NDArray[np.floating[Any]], target: NDArray[np.floating[Any]], weights: ArrayLike | None
) -> tuple[Float64, Float64]:
    """Every source point beside its target, (..., N, 2 D) float64, and weights of sum 1."""
    start, end = np.asarray(source, np.float64), np.asarray(target, np.float64)
    shapes = f"source of shape {start.shape} and target of shape {end.shape}"
    if start.ndim < 2 or start.shape[-2:] != end.shape[-2:] or start.shape[-1] not in (2, 3):
        raise UsageError(shapes, "expected (..., N, 2) or (..., N, 3), the same for both", "Pair the points one to one")
    if start.shape != end.shape:
        try:
            start, end = np.broadcast_arrays(start, end)
        except ValueError:
            raise UsageError(shapes, "the leading axes do not broadcast", "Give as many sets of each, or one") from None
    both = np.concatenate([start, end], axis=-1)
    weight = np.ones(both.shape[-2]) if weights is None else np.asarray(weights, np.float64)
    try:
        weight = np.broadcast_to(weight, both.shape[:-1])
    except ValueError:
        raise UsageError(f"weights of shape {weight.shape}", "one weight a point is needed", shapes) from None
    total = weight.sum(axis=-1, keepdims=True)
    if not (np.isfinite(total).all() and (weight >= 0).all() and (total > 0).all()):
        raise UsageError("weights", "they must be finite, not negative, and not all 0", "Check how they were made")
    return both, weight / total


def _check_spread(mean: Float64, variance: Float64, name: str) -> None:
    """Require points to spread, by the measure of how far their mean, (..., D), is from 0, as rounding is."""
    if (np.sqrt(variance) <= _TINY * np.abs(mean).max(axis=-1)).any():
        _degenerate(f"all points of the {name} are equal", "Give at least two points that differ")


def _degenerate(reason: str, next_step: str) -> NoReturn:
    raise UsageError("points to align", reason, next_step)
