"""What one frame gave: the faces in it and the action units of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actionunits.faces.face import Face

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class FaceResult:
    """One face and its action units, in the order of the analysis's :class:`~actionunits.facs.AUSet` (A of them).

    Attributes:
        face: the face.
        probability: (A,) float32, 0-1.
        occurrence: (A,) int8, 0 or 1: the probability reached the card's threshold.
        intensity: (A,) float32, 0-5 (FACS A-E = 1-5).
        sides: (2, A) float32, the same of the person's own left side, and of their right; None where not asked for.
    """

    face: Face
    probability: Float32
    occurrence: NDArray[np.int8]
    intensity: Float32
    sides: Float32 | None = None


@dataclass(frozen=True)
class FrameResult:
    """One frame and the faces found in it, which may be none.

    Attributes:
        source: the picture, video or camera, as the caller named it.
        frame: 0-based place of the frame in the source, counting every decoded frame.
        timestamp: seconds, the container's presentation time; 0 for a picture.
        faces: in order of ``face_id``.
        image: (H, W, 3) uint8 RGB, upright: the very pixels that were analysed.
    """

    source: str
    frame: int
    timestamp: float
    faces: tuple[FaceResult, ...]
    image: NDArray[np.uint8]
