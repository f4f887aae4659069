"""Where on the face each action unit shows: two symmetric centres per AU, placed by rule from the landmarks.

The rules are JAA-Net's (Shao et al. 2018, who take them from EAC-Net, Li et al. 2018): a landmark on each side, moved
up or down by a part of the distance between the inner eye corners. There they are meant for upright faces; here up and
down are the face's own, so that a tilted face needs no alignment first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actionunits.errors import UsageError
from actionunits.facs import AULike, AUSet, au_number
from actionunits.geometry.landmarks import eye_centres

_INNER_CORNERS = (39, 42)


@dataclass(frozen=True, slots=True)
class CentreRule:
    """How the two centres of an AU follow from the landmarks.

    Attributes:
        points: the two iBUG landmarks they start from; image-left and image-right, or upper and lower lip.
        offset: how far down the face they move, in distances between the inner eye corners; negative is up.
        place: the same in words.
    """

    points: tuple[int, int]
    offset: float
    place: str


_LIP_CORNERS = CentreRule((48, 54), 0.0, "lip corners")
_LIP_CENTRES = CentreRule((51, 57), 0.0, "middle of the upper and of the lower lip")
_CHIN = CentreRule((56, 58), 1 / 2, "below the lower lip")

AU_CENTRES: Mapping[int, CentreRule] = MappingProxyType(
    {
        1: CentreRule((21, 22), -1 / 2, "above the inner brow"),
        2: CentreRule((18, 25), -1 / 3, "above the outer brow"),
        4: CentreRule((19, 24), 1 / 3, "below the middle of the brow"),
        6: CentreRule((41, 46), 1.0, "cheek below the eye"),
        7: CentreRule((38, 43), 0.0, "upper lid"),
        9: CentreRule((32, 34), -1 / 2, "above the nostril"),
        10: CentreRule((61, 63), 0.0, "upper lip"),
        12: _LIP_CORNERS,
        14: _LIP_CORNERS,
        15: _LIP_CORNERS,
        17: _CHIN,
        23: _LIP_CENTRES,
        24: _LIP_CENTRES,
        25: _LIP_CENTRES,
        26: _CHIN,
    }
)
"""The rule of each AU that has one: those of BP4D_12 and DISFA_8."""


def au_centres(landmarks68: NDArray[np.floating[Any]], au: AULike) -> NDArray[np.float64]:
    """The two centres of an action unit.

    Down the face is perpendicular to the line through the eye centres; the ruler is the distance between the inner eye
    corners (points 39 and 42) along that line. On an upright face both are JAA-Net's exactly.

    Args:
        landmarks68: (..., 68, 2), pixels of any picture or crop.
        au: the number, as ``12`` or ``"AU12"``.

    Returns:
        (..., 2, 2): two points (x, y) in the same pixels, in the order of :class:`CentreRule`'s points. They may lie
        outside the picture.

    Raises:
        UsageError: the AU has no rule, the shape is another, or the eyes coincide.
    """
    number = au_number(au)
    if number not in AU_CENTRES:
        known = AUSet(tuple(AU_CENTRES))
        raise UsageError(repr(au), "has no rule for its place on the face", f"Those with one are {known}")
    if np.shape(landmarks68)[-2:] != (68, 2):
        raise UsageError(
            f"landmarks of shape {np.shape(landmarks68)}", "expected (..., 68, 2)", "to_68 converts other conventions"
        )
    rule = AU_CENTRES[number]
    points = np.asarray(landmarks68, np.float64)
    eyes = eye_centres(points)  # (..., 2, 2)
    across = eyes[..., 1, :] - eyes[..., 0, :]  # (..., 2), to the right of the picture when the face is upright
    length = np.linalg.norm(across, axis=-1, keepdims=True)  # (..., 1)
    if not (length > 0).all():
        raise UsageError("landmarks", "the eye centres coincide or are missing", "Leave this face out")
    across = across / length
    down = np.stack([-across[..., 1], across[..., 0]], axis=-1)  # (..., 2)
    inner = points[..., _INNER_CORNERS[1], :] - points[..., _INNER_CORNERS[0], :]
    ruler = np.abs((inner * across).sum(axis=-1))  # (...,)
    centres: NDArray[np.float64] = points[..., rule.points, :] + (rule.offset * ruler[..., None] * down)[..., None, :]
    return centres
