"""Pixel arithmetic shared by pictures and video: turning upright, dropping transparency, 16 to 8 bits."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Sample = TypeVar("Sample", np.uint8, np.uint16)

MAX_PIXELS = 150_000_000
"""Pictures and video frames with more pixels than this are refused before they are decoded."""

_BAND = 256  # rows at a time, so that the wide intermediate types stay small for large pictures

_ORIENTATION_OF_MATRIX = {
    # signs of (a, b, c, d) in x' = a*x + c*y, y' = b*x + d*y with y downwards -> EXIF orientation
    (1, 0, 0, 1): 1,
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, 1, -1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, -1, 1, 0): 8,
}


def upright(image: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Turn and mirror a picture as its EXIF orientation asks.

    Args:
        image: (H, W, 3) as stored.
        orientation: 1-8, EXIF tag 0x0112; any other value counts as 1 (as stored).

    Returns:
        (H, W, 3), or (W, H, 3) for orientations 5-8, C-contiguous.
    """
    if orientation in (5, 6, 7, 8):
        image = image.transpose(1, 0, 2)  # (W, H, 3)
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    return np.ascontiguousarray(image)


def matrix_orientation(matrix: Sequence[int]) -> int:
    """The EXIF orientation that a container's display matrix stands for.

    Args:
        matrix: the nine integers (a, b, u, c, d, v, x, y, w) of an MP4 ``tkhd`` box or FFmpeg's display matrix.

    Returns:
        1-8. A turn that is not a multiple of 90 degrees goes to the nearest one.
    """
    a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
    if abs(a) + abs(d) >= abs(b) + abs(c):
        key = (_sign(a), 0, 0, _sign(d))
    else:
        key = (0, _sign(b), _sign(c), 0)
    return _ORIENTATION_OF_MATRIX.get(key, 1)


def over_white(color: NDArray[Sample], alpha: NDArray[Sample], *, premultiplied: bool = False) -> NDArray[Sample]:
    """Lay a transparent picture over white, as a page or a browser shows it.

    Args:
        color: (H, W, 3) or (H, W, 1), uint8 or uint16.
        alpha: (H, W), same type; the type's maximum is opaque.
        premultiplied: whether ``color`` was already multiplied by ``alpha``.

    Returns:
        ``color`` over white, same shape and type, rounded to nearest.
    """
    top = np.iinfo(color.dtype).max
    if bool((alpha == top).all()):
        return color
    result = np.empty_like(color)
    for start in range(0, len(color), _BAND):
        band = slice(start, start + _BAND)
        opacity = alpha[band, :, None].astype(np.float32) / top  # (rows, W, 1)
        paint = color[band] if premultiplied else color[band] * opacity
        result[band] = np.clip(np.rint(paint + top * (1 - opacity)), 0, top)
    return result


def to_8_bits(image: NDArray[Sample]) -> NDArray[np.uint8]:
    """Scale 16-bit samples to 8 bits: 0 stays 0, 65535 becomes 255, the rest rounds to nearest."""
    if image.dtype == np.uint8:
        return image.astype(np.uint8, copy=False)
    result = np.empty(image.shape, np.uint8)
    for start in range(0, len(image), _BAND):
        result[start : start + _BAND] = (image[start : start + _BAND].astype(np.uint32) * 255 + 32767) // 65535
    return result


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)
