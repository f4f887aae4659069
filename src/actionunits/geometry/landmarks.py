"""Landmark conventions by name, the maps between them, and what a mirror does to each.

==== ======================================================================================================
468  the MediaPipe face mesh (Kartynnik et al. 2019)
68   iBUG 300-W, as in dlib: the toolkit's common tongue
66   DISFA's AAM points: the 68 without the inner lip corners 60 and 64
49   BP4D's tracked points, also JAA-Net's: the 68 without the jaw and without 60 and 64
==== ======================================================================================================

Indices start at 0; x grows to the right and y downwards; integer coordinates are pixel centres. **Right and left are
the person's own.** In a photograph that is not mirrored, the right eye (iBUG 36-41) is on the *left of the picture*;
much literature calls it "left eye" for that reason.

Sources: iBUG 300-W; protocol facts of ZhiwenShao/PyTorch-JAANet (49 and 66 points); vertex order of MediaPipe's
canonical face model (mirror of the mesh).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from actionunits.errors import UsageError

Floats = NDArray[np.floating[Any]]
Scalar = TypeVar("Scalar", bound=np.floating[Any])  # the precision that comes in goes out

MESH_POINTS = 468

# Groups of the 68 points -------------------------------------------------------------------------------------------

JAW = tuple(range(17))  # from the person's right ear over the chin (8) to the left ear
RIGHT_BROW = tuple(range(17, 22))  # image-left; 17 outer end, 21 inner end
LEFT_BROW = tuple(range(22, 27))  # image-right; 22 inner end, 26 outer end
NOSE_BRIDGE = tuple(range(27, 31))  # top to tip (30)
NOSE_BASE = tuple(range(31, 36))  # under the nostrils, image-left to image-right
RIGHT_EYE = tuple(range(36, 42))  # image-left; 36 outer corner, 39 inner corner, 37 38 upper lid, 40 41 lower lid
LEFT_EYE = tuple(range(42, 48))  # image-right; 42 inner corner, 45 outer corner, 43 44 upper lid, 46 47 lower lid
OUTER_LIPS = tuple(range(48, 60))  # 48 image-left corner, 51 upper middle, 54 image-right corner, 57 lower middle
INNER_LIPS = tuple(range(60, 68))  # 60 image-left corner, 62 upper middle, 64 image-right corner, 66 lower middle

GROUPS_68: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "jaw": JAW,
        "right_brow": RIGHT_BROW,
        "left_brow": LEFT_BROW,
        "nose_bridge": NOSE_BRIDGE,
        "nose_base": NOSE_BASE,
        "right_eye": RIGHT_EYE,
        "left_eye": LEFT_EYE,
        "outer_lips": OUTER_LIPS,
        "inner_lips": INNER_LIPS,
    }
)
"""Each of the 68 points is in one group; sides are the person's own."""

# Maps between conventions: INDICES_A_IN_B[i] is the B-point that is A's point i ------------------------------------

INDICES_66_IN_68 = tuple(i for i in range(68) if i not in (60, 64))
INDICES_49_IN_68 = tuple(i for i in range(17, 68) if i not in (60, 64))
INDICES_49_IN_66 = tuple(range(17, 66))

# The widely used community table, which agrees with its own mirror image, but for the jaw's two ends: 127 and 356
# instead of 162 and 389. iBUG begins the jaw at the height of the eyes; over 40 frontal photographs, 127 and 356 lie
# 0.10 of the distance from eyes to mouth below the eyes, 162 and 389 lie 0.13 above them, beside the brows.
MESH_TO_68 = (
    *(127, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 356),  # jaw
    *(70, 63, 105, 66, 107),  # right brow, along its upper edge
    *(336, 296, 334, 293, 300),  # left brow
    *(168, 197, 5, 4),  # nose bridge
    *(75, 97, 2, 326, 305),  # nose base
    *(33, 160, 158, 133, 153, 144),  # right eye
    *(362, 385, 387, 263, 373, 380),  # left eye
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),  # outer lips
    *(78, 82, 13, 312, 308, 317, 14, 87),  # inner lips
)
"""The mesh point that stands for each of the 68."""

# Mirrors: new[i] = old[FLIP[i]] ------------------------------------------------------------------------------------

_MIRRORED_RUNS_68 = ((0, 16), (17, 26), (31, 35), (48, 54), (55, 59), (60, 64))  # each run is read backwards
_MIRRORED_PAIRS_68 = ((36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46), (65, 67))


def _flip_68() -> tuple[int, ...]:
    flip = list(range(68))
    for first, last in _MIRRORED_RUNS_68:
        flip[first : last + 1] = range(last, first - 1, -1)
    for one, other in _MIRRORED_PAIRS_68:
        flip[one], flip[other] = other, one
    return tuple(flip)


def _restricted(flip: tuple[int, ...], kept: tuple[int, ...]) -> tuple[int, ...]:
    """The same mirror for the points ``kept``, numbered anew."""
    place = {old: new for new, old in enumerate(kept)}
    return tuple(place[flip[old]] for old in kept)


FLIP_68 = _flip_68()
FLIP_66 = _restricted(FLIP_68, INDICES_66_IN_68)
FLIP_49 = _restricted(FLIP_68, INDICES_49_IN_68)

MESH_MIDLINE = (
    *(0, 1, 2, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 94, 151, 152, 164, 168, 175),
    *(195, 197, 199, 200),
)
"""The mesh points in the plane of symmetry."""


def _mesh_flip() -> tuple[int, ...]:
    # The canonical face model is an exact mirror image of itself, and numbers its points in this order: the midline and
    # the person's right half together (0-247), then the left half (248-467) in the order of the right half.
    right = [i for i in range(248) if i not in MESH_MIDLINE]
    left = range(248, MESH_POINTS)
    flip = list(range(MESH_POINTS))
    for one, other in zip(right, left, strict=True):
        flip[one], flip[other] = other, one
    return tuple(flip)


MESH_FLIP = _mesh_flip()
"""The mirror of the 468 mesh points. A best assignment between the meshes of 40 photographs and of their mirror images
gives the same permutation at all 468 points."""

_FLIPS: Mapping[int, NDArray[np.intp]] = MappingProxyType(
    {len(flip): np.array(flip, np.intp) for flip in (MESH_FLIP, FLIP_68, FLIP_66, FLIP_49)}
)

# Converting ---------------------------------------------------------------------------------------------------------


def mesh_to_68(mesh: NDArray[Scalar]) -> NDArray[Scalar]:
    """Pick the 68 iBUG landmarks out of a face mesh.

    Args:
        mesh: (..., 468, 2) or (..., 468, 3), any unit.

    Returns:
        (..., 68, 2) or (..., 68, 3), the same unit and dtype.

    Raises:
        UsageError: the shape is another.
    """
    _count(mesh, MESH_POINTS)
    return mesh[..., MESH_TO_68, :]


def to_68(landmarks: NDArray[Scalar]) -> NDArray[Scalar]:
    """Bring any of the four conventions to 68 points; points that the convention lacks become NaN.

    Args:
        landmarks: (..., N, 2) or (..., N, 3) with N = 468, 68, 66 or 49.

    Returns:
        (..., 68, 2) or (..., 68, 3). From 66 points, 60 and 64 are NaN; from 49, the jaw too.

    Raises:
        UsageError: the shape is another.
    """
    count = _count(landmarks, MESH_POINTS, 68, 66, 49)
    if count == MESH_POINTS:
        return mesh_to_68(landmarks)
    if count == 68:
        return landmarks
    full = np.full((*landmarks.shape[:-2], 68, landmarks.shape[-1]), np.nan, landmarks.dtype)
    full[..., INDICES_66_IN_68 if count == 66 else INDICES_49_IN_68, :] = landmarks
    return full


def to_66(landmarks: NDArray[Scalar]) -> NDArray[Scalar]:
    """Bring 468, 68 or 66 points to DISFA's 66.

    Args:
        landmarks: (..., N, 2) or (..., N, 3).

    Returns:
        (..., 66, 2) or (..., 66, 3).

    Raises:
        UsageError: the shape is another; 49 points lack the jaw.
    """
    if _count(landmarks, MESH_POINTS, 68, 66) == 66:
        return landmarks
    return to_68(landmarks)[..., INDICES_66_IN_68, :]


def to_49(landmarks: NDArray[Scalar]) -> NDArray[Scalar]:
    """Bring 468, 68, 66 or 49 points to BP4D's 49.

    Args:
        landmarks: (..., N, 2) or (..., N, 3).

    Returns:
        (..., 49, 2) or (..., 49, 3).

    Raises:
        UsageError: the shape is another.
    """
    count = _count(landmarks, MESH_POINTS, 68, 66, 49)
    if count == 49:
        return landmarks
    if count == 66:
        return landmarks[..., INDICES_49_IN_66, :]
    return to_68(landmarks)[..., INDICES_49_IN_68, :]


# Measuring and mirroring --------------------------------------------------------------------------------------------


def eye_centres(landmarks68: NDArray[Scalar]) -> NDArray[Scalar]:
    """The means of the six points of each eye.

    Args:
        landmarks68: (..., 68, 2) or (..., 68, 3).

    Returns:
        (..., 2, 2) or (..., 2, 3): first the person's right eye (image-left), then the left eye.

    Raises:
        UsageError: the shape is another.
    """
    _count(landmarks68, 68)
    return np.stack([landmarks68[..., eye, :].mean(axis=-2) for eye in (RIGHT_EYE, LEFT_EYE)], axis=-2)


def interocular_distance(landmarks68: Floats) -> Floats:
    """The distance between the outer eye corners, points 36 and 45: the IPD of the AU literature.

    Args:
        landmarks68: (..., 68, 2) or (..., 68, 3); with z it is the distance in space.

    Returns:
        (...,), in the unit of the landmarks.

    Raises:
        UsageError: the shape is another.
    """
    _count(landmarks68, 68)
    distance: Floats = np.asarray(np.linalg.norm(landmarks68[..., 45, :] - landmarks68[..., 36, :], axis=-1))
    return distance


def flip_landmarks(landmarks: NDArray[Scalar], width: float) -> NDArray[Scalar]:
    """The landmarks of the picture's mirror image: x becomes width - 1 - x, and right and left points change places.

    Args:
        landmarks: (..., N, 2) or (..., N, 3), pixels, with N = 468, 68, 66 or 49; N says which permutation holds.
        width: of the picture, pixels.

    Returns:
        A new array of the same shape and dtype; z is kept.

    Raises:
        UsageError: the shape is another.
    """
    count = _count(landmarks, *_FLIPS)
    flipped = landmarks[..., _FLIPS[count], :]  # indexing by an array copies
    flipped[..., 0] = (width - 1) - flipped[..., 0]
    return flipped


def _count(landmarks: Floats, *allowed: int) -> int:
    """The number of points, if it is among ``allowed`` and each has 2 or 3 coordinates."""
    shape: tuple[int, ...] = np.shape(landmarks)
    if len(shape) >= 2 and shape[-2] in allowed and shape[-1] in (2, 3):
        return shape[-2]
    wanted = " or ".join(f"(..., {count}, 2 or 3)" for count in allowed)
    raise UsageError(
        f"landmarks of shape {shape}",
        f"expected {wanted}",
        "The conventions are 468 (mesh), 68 (iBUG), 66 (DISFA) and 49 (BP4D); to_68, to_66 and to_49 convert",
    )


# Contours for drawing -----------------------------------------------------------------------------------------------

_EYE = ((33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133))  # upper, lower lid
_BROW = ((70, 63, 105, 66, 107), (46, 53, 52, 65, 55))  # upper, lower edge, outer end first
_LIPS = ((0, 37, 39, 40, 185, 61, 146, 91, 181, 84, 17), (13, 82, 81, 80, 191, 78, 95, 88, 178, 87, 14))  # outer, inner
_OVAL = ((10, 109, 67, 103, 54, 21, 162, 127, 234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152),)  # brow to chin


def _edges(paths: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, int], ...]:
    return tuple(edge for path in paths for edge in pairwise(path))


def _mirrored(edges: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    return tuple((MESH_FLIP[start], MESH_FLIP[end]) for start, end in edges)


MESH_CONTOURS: Mapping[str, tuple[tuple[int, int], ...]] = MappingProxyType(
    {
        "face_oval": _edges(_OVAL) + _mirrored(_edges(_OVAL)),
        "right_brow": _edges(_BROW),
        "left_brow": _mirrored(_edges(_BROW)),
        "right_eye": _edges(_EYE),
        "left_eye": _mirrored(_edges(_EYE)),
        "lips": _edges(_LIPS) + _mirrored(_edges(_LIPS)),
    }
)
"""Pairs of mesh points to join by a line; sides are the person's own."""
