"""The middle of a crop, at the size that a network wants: what is left of a stored picture when nothing is varied."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from actionunits.errors import UsageError

Image = NDArray[Any]


def central_cut(
    image: Image, landmarks: NDArray[np.floating[Any]], size: int, side: int | None = None
) -> tuple[Image, NDArray[np.float32]]:
    """Cut the square in the middle of a crop, and average it down.

    Where the crop's side and the square's differ by an odd number, the spare pixel is on the right and at the bottom.

    Args:
        image: (S, S) or (S, S, C), uint8 or float32.
        landmarks: (N, 2), pixels of the crop, centres at integers; may be NaN.
        size: side of the square, 1 to S pixels.
        side: side of the picture to make of it, 1 to ``size`` pixels; None leaves the square as it is.

    Returns:
        The picture, (side, side) or (side, side, C), of the image's type, and the landmarks in its pixels, float32.

    Raises:
        UsageError: the picture is not square, or a size is out of range.
    """
    height, width = image.shape[:2]
    wanted = size if side is None else side
    if height != width or not 1 <= wanted <= size <= width:
        found = f"picture of shape {image.shape}"
        raise UsageError(found, f"has no square of {size} pixels to make {wanted} of", "Give a whole crop")
    corner = (width - size) // 2
    square = averaged_down(image[corner : corner + size, corner : corner + size], wanted)
    points = (np.asarray(landmarks, np.float64) - corner + 0.5) * (wanted / size) - 0.5
    return square, points.astype(np.float32)


def averaged_down(square: Image, side: int) -> Image:
    """A square at a smaller size: each pixel is the mean of k x k samples, evenly spread over it.

    Args:
        square: (S, S) or (S, S, C), uint8 or float32.
        side: of the result, at most S pixels; k is the whole number from S / side on. Where that is S / side itself,
            the samples are the square's pixels; otherwise bilinear ones.
    """
    fine = -(-square.shape[0] // side) * side
    if square.shape[0] != fine:
        square = cv2.resize(np.ascontiguousarray(square), (fine, fine), interpolation=cv2.INTER_LINEAR)
    if fine == side:
        return square
    return np.asarray(cv2.resize(np.ascontiguousarray(square), (side, side), interpolation=cv2.INTER_AREA))
