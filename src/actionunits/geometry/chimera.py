"""Faces made of one half and its mirror image, to see what each side of a face does on its own."""

from __future__ import annotations

from typing import Any, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from actionunits.errors import UsageError
from actionunits.geometry.landmarks import FLIP_68
from actionunits.geometry.mean_face import MEAN_68

Image = NDArray[Any]
Side = Literal["left", "right"]

_MIDLINE = (27, 33, 51, 57)  # top of the nose, under it, middle of the upper and of the lower lip


def chimera(image: Image, landmarks68: NDArray[np.floating[Any]], side: Side) -> tuple[Image, NDArray[np.float64]]:
    """Replace one half of an aligned face by the mirror image of the other.

    The mirror is a vertical line through the middle of nose and mouth. Where it would show what lies beyond,
    the picture's edge goes on.

    Args:
        image: (H, W, 3) uint8 or float32, of an upright face: a crop with level eyes.
        landmarks68: (68, 2), pixels of the picture; finite.
        side: the half to keep, the person's own left or right; their left is the picture's right.

    Returns:
        A picture of the same size and type, and its landmarks, (68, 2) float64; both are symmetrical.

    Raises:
        UsageError: there is no such side, or a landmark is not finite.

    Source: chimeric faces, as in Sackeim, Gur & Saucy, "Emotions are expressed more intensely on the left side of the
        face" (Science 1978).
    """
    if side not in get_args(Side):
        raise UsageError(f"side {side!r}", "a face has none of this name", "Use left or right")
    points = np.asarray(landmarks68, np.float64)
    if not np.isfinite(points).all():
        raise UsageError("landmarks", "one is not finite", "Leave this face out")
    middle = float(points[list(_MIDLINE), 0].mean())
    across = np.arange(image.shape[1], dtype=np.float64)
    kept = across >= middle if side == "left" else across <= middle
    source = np.where(kept, across, 2 * middle - across)
    columns = np.broadcast_to(source.astype(np.float32), image.shape[:2])
    rows = np.broadcast_to(np.arange(image.shape[0], dtype=np.float32)[:, None], image.shape[:2])
    made = cv2.remap(image, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    flip = np.array(FLIP_68)
    mirrored = points[flip] * (-1, 1) + (2 * middle, 0)
    own = np.arange(68) == flip  # the points on the midline
    of_left = MEAN_68[:, 0] > 0  # the picture's right
    stays = of_left if side == "left" else ~of_left
    places = np.where(stays[:, None], points, mirrored)
    places[own, 0] = middle
    return made, places
