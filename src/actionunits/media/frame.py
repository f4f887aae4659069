"""One decoded picture and where it came from: what travels from readers to everything else."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a video, camera or image file.

    Attributes:
        source: the path (or camera) as the caller gave it.
        index: 0-based count of decoded frames in presentation order, frames skipped by ``every`` included.
        timestamp: presentation time in seconds as the container states it, never frame / fps; 0.0 for a still picture.
        image: (H, W, 3) uint8 RGB, upright, C-contiguous.
    """

    source: str
    index: int
    timestamp: float
    image: NDArray[np.uint8]
