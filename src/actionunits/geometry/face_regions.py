"""The 43 regions of AU R-CNN's partition of a face, polygons whose corners follow from the 68 landmarks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from actionunits.errors import UsageError

Lift = Literal["pixels", "relative"]

LIFT = 20.0
"""How far above its landmark a raised corner lies, pixels of the picture that the face was cut from."""

TOP_MARGIN = 50.0
"""Of AU R-CNN's crop above the landmarks, pixels of the same picture."""
BP4D_HEIGHT = 505.0
"""Mean height of that crop in BP4D, likewise."""


@dataclass(frozen=True, slots=True)
class Corner:
    """A corner of regions.

    Attributes:
        points: the iBUG landmark that it is, or the two that it lies in the middle of.
        lifts: how often it is raised by :data:`LIFT`.
    """

    points: tuple[int, ...]
    lifts: int = 0


def _region(text: str) -> tuple[Corner, ...]:
    """``17^`` is landmark 17 raised once, ``3~29`` the middle between two landmarks."""
    corners = []
    for word in text.split():
        name = word.rstrip("^")
        corners.append(Corner(tuple(int(point) for point in re.split("~", name)), len(word) - len(name)))
    return tuple(corners)


_TABLE = """
17^ 19^ 19 17       | 19^ 21^ 21 19       | 21^ 27^^ 27 21      | 27^^ 22^ 27 22
22^ 24^ 24 22       | 24^ 26^ 26 24       | 1 17 36             | 17 19 37 36
19 38 39 21         | 21 27 28 39         | 22 27 28 42         | 22 42 43 24
24 44 45 26         | 26 16 15 45         | 2 41~2 3~29 3       | 41 2~41 3~29 39
39 3~29 29 28       | 28 29 13~29 42      | 42 46 14~46 13~29   | 14~46 14 13 13~29
3 3~29 4~33 4       | 4~33 3~29 29 33     | 33 29 13~29 12~33   | 13~29 13 12 12~33
4 4~33 5~59 5       | 5~59 4~33 33 59     | 33 55 11~55 12~33   | 11~55 12~33 12 11
59 58 6~58 5~59     | 6~58 58 57 8~57     | 57 8~57 10~56 56    | 56 10~56 11~55 55
5 5~59 6~58 6       | 6 6~58 8~57 8       | 8~57 10~56 10 8     | 10~56 10 11 11~55
33 55 56 57 58 59   | 1 2 36 37           | 14 15 44 45         | 19 37 38
24 43 44            | 36 37 38 39 40 41   | 42 43 44 45 46 47
"""

REGIONS: Mapping[int, tuple[Corner, ...]] = MappingProxyType(
    {number: _region(text) for number, text in enumerate(re.split(r"[|\n]", _TABLE.strip()), start=1)}
)
"""The corners of each region, 1 to 43, in any order: the regions are convex."""

CORNERS: tuple[Corner, ...] = tuple(dict.fromkeys(corner for region in REGIONS.values() for corner in region))
"""Every corner once."""

CORNERS_OF: Mapping[int, tuple[int, ...]] = MappingProxyType(
    {number: tuple(CORNERS.index(corner) for corner in region) for number, region in REGIONS.items()}
)
"""The corners of each region, as places in :data:`CORNERS`."""


def corner_weights() -> NDArray[np.float64]:
    """The part that each landmark has in each corner, (C, 68): corners are this matrix times the landmarks, raised."""
    weights = np.zeros((len(CORNERS), 68))
    for row, corner in enumerate(CORNERS):
        weights[row, list(corner.points)] = 1 / len(corner.points)
    return weights


def corner_lifts() -> NDArray[np.float64]:
    """How often each corner is raised, (C,)."""
    return np.array([float(corner.lifts) for corner in CORNERS])


def region_corners(
    landmarks68: NDArray[np.floating[Any]], *, lift: float | NDArray[np.floating[Any]], rotation: float = 0.0
) -> NDArray[np.float64]:
    """The corners of all regions.

    Args:
        landmarks68: (..., 68, 2), pixels of any picture; NaN where unknown.
        lift: how far a corner is raised, the same pixels, (...) or one number: :data:`LIFT` in the original picture,
            :func:`crop_lift` in a crop.
        rotation: by how many degrees the picture was turned, counter-clockwise: corners are raised along what was its
            y axis before.

    Returns:
        (..., C, 2), in the order of :data:`CORNERS`; NaN where a landmark is unknown.

    Raises:
        UsageError: the shape is another.

    Source: AU R-CNN (Ma et al. 2019), Fig. 2; the corners are the authors' code's.
    """
    points = _landmarks(landmarks68)
    # Not a product of matrices: an unknown landmark has no part in the corners that do not need it.
    corners = np.stack([points[..., list(corner.points), :].mean(axis=-2) for corner in CORNERS], axis=-2)
    moved = np.multiply.outer(np.asarray(lift, np.float64), corner_lifts())  # (..., C)
    return corners + moved[..., None] * _up(rotation)


def crop_lift(
    landmarks68: NDArray[np.floating[Any]], size: int, *, mode: Lift = "pixels", rotation: float = 0.0
) -> NDArray[np.float64]:
    """How far :data:`LIFT` pixels of the original picture are in a crop of AU R-CNN's.

    The crop is as high as the landmarks 1 to 67 and 50 pixels of the picture: its scale follows from the landmarks.

    Args:
        landmarks68: (..., 68, 2), pixels of the crop; NaN where unknown.
        size: side of the crop, pixels.
        mode: ``pixels`` as published: with 500 pixels high faces this is 4 % of the crop, with smaller ones more;
            ``relative``: what it is in BP4D on average, 20 of 505, whatever the camera.
        rotation: by how many degrees the crop was turned, counter-clockwise.

    Returns:
        (...), pixels of the crop; NaN where no landmark is known.
    """
    points = _landmarks(landmarks68)
    if mode == "relative":
        return np.full(points.shape[:-2], LIFT / BP4D_HEIGHT * size)
    height = -(points[..., 1:, :] @ _up(rotation))  # (..., 67)
    known = np.isfinite(height)
    span = np.where(known, height, -np.inf).max(axis=-1) - np.where(known, height, np.inf).min(axis=-1)
    return np.where(known.any(axis=-1), LIFT / TOP_MARGIN * (size - span), np.nan)


def region_polygon(corners: NDArray[np.floating[Any]], region: int) -> NDArray[np.float64]:
    """The corners of one region, in their order around it.

    Args:
        corners: (C, 2), of :func:`region_corners`.
        region: 1 to 43.

    Returns:
        (K, 2), sorted by the angle around their mean.

    Raises:
        UsageError: there is no such region.
    """
    if region not in CORNERS_OF:
        raise UsageError(f"region {region}", "does not exist", f"They are numbered 1 to {len(CORNERS_OF)}")
    points = np.asarray(corners, np.float64)[list(CORNERS_OF[region])]
    across, down = (points - points.mean(axis=0)).T
    return points[np.argsort(np.arctan2(down, across), kind="stable")]


def _landmarks(landmarks68: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    if np.shape(landmarks68)[-2:] != (68, 2):
        found = f"landmarks of shape {np.shape(landmarks68)}"
        raise UsageError(found, "expected (..., 68, 2)", "to_68 converts other conventions")
    return np.asarray(landmarks68, np.float64)


def _up(rotation: float) -> NDArray[np.float64]:
    angle = np.deg2rad(rotation)
    return np.array([-np.sin(angle), -np.cos(angle)])  # y points down
