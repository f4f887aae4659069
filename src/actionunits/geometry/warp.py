"""Cutting a square out of a picture under an affine map, without losing what lies between the samples."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from actionunits.geometry.alignment import apply_affine, compose_affine, invert_affine

Float64 = NDArray[np.float64]
Image = NDArray[Any]


def warp(image: Image, matrix: Float64, size: int, *, border: float = 0, average: bool = True) -> Image:
    """Return the ``size`` x ``size`` crop that ``matrix`` cuts out of a picture.

    Args:
        image: (H, W) or (H, W, C) with C from 1 to 4, uint8 or float32.
        matrix: (2, 3), from pixels of the picture to pixels of the crop (pixel centres at integers).
        size: side of the crop, pixels.
        border: value outside the picture.
        average: where the picture is at least twice as fine as the crop, average its pixels first; bilinear sampling
            alone would skip some.
    """
    source, step = _reduced(image, matrix, size) if average else (image, matrix)
    edge = (float(border),) * 4
    warped: Image = cv2.warpAffine(
        np.ascontiguousarray(source), step, (size, size), flags=cv2.INTER_LINEAR, borderValue=edge
    )
    if image.ndim == 3 and warped.ndim == 2:  # OpenCV drops an axis of length 1
        warped = warped[..., None]
    return warped


def _reduced(image: Image, matrix: Float64, size: int) -> tuple[Image, Float64]:
    """The part of the picture that the crop sees, averaged down by a whole factor, and its matrix to the crop."""
    factor = int(1 / np.sqrt(abs(np.linalg.det(matrix[:, :2]))))  # picture pixels per crop pixel
    if factor < 2:
        return image, matrix
    height, width = image.shape[:2]
    seen = apply_affine(np.array([[0, 0], [size, 0], [0, size], [size, size]]) - 0.5, invert_affine(matrix))  # (4, 2)
    low = np.clip(np.floor(seen.min(axis=0)) - factor, 0, (width, height)).astype(int)
    high = np.clip(np.ceil(seen.max(axis=0)) + factor, 0, (width, height)).astype(int)
    if (high - low < factor).any():  # next to nothing of the picture is seen
        return image, matrix
    part = image[low[1] : high[1], low[0] : high[0]]
    small_size = (high - low) // factor  # (2,), (width, height)
    small: Image = cv2.resize(part, tuple(map(int, small_size)), interpolation=cv2.INTER_AREA)
    ratio = (high - low) / small_size  # (2,), the factor, or a little more where it leaves a rest
    offset = low + (ratio - 1) / 2  # centre of the first small pixel, in the picture
    to_picture = np.array([[ratio[0], 0.0, offset[0]], [0.0, ratio[1], offset[1]]])
    return small, compose_affine(matrix, to_picture)
