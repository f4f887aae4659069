"""Plain features of faces for the linear baselines: aligned landmarks, HOG, and what is not the face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from actionunits.errors import UsageError
from actionunits.geometry import apply_affine, crop_matrix, get_crop, warp
from actionunits.store import Store

Float32 = NDArray[np.float32]

ALIGNMENT = get_crop("face-112")
CELL, BINS = 8, 8  # pixels; directions
MOST_SHARE, TINY = 0.2, 1e-5  # of a block's length
THUMBNAIL = 24  # pixels
BORDER = 2  # pixels of the thumbnail


@dataclass(frozen=True, eq=False)
class Alignment:
    """How every frame of a store is brought to the aligned face.

    Attributes:
        landmarks: (N, 68, 2) float64, pixels of the stored picture, NaN where unknown.
        matrices: (N, 2, 3) float64, from the stored picture to the aligned face; where landmarks are missing, that of
            the store's mean face.
        missing: (N,) bool: frames without the landmarks that the alignment needs.
    """

    landmarks: NDArray[np.float64]
    matrices: NDArray[np.float64]
    missing: NDArray[np.bool_]


def align(store: Store, *, noise: float = 0.0, seed: int = 0) -> Alignment:
    """Align every frame by its landmarks, and those that lack them by the mean of the others.

    Args:
        store: with landmarks.
        noise: standard deviation that is added to landmarks, pixels: what exact synthetic ones need to be like found
            ones.
        seed: of the noise.

    Raises:
        UsageError: the store has no landmarks, or no frame has enough.
    """
    landmarks = store.landmarks(slice(None)).astype(np.float64)
    if noise:
        landmarks += np.random.default_rng(seed).normal(0, noise, landmarks.shape)
    matrices = np.full((len(store), 2, 3), np.nan)
    for row, face in enumerate(landmarks):
        try:
            matrices[row] = crop_matrix(ALIGNMENT, face)
        except UsageError:  # too few landmarks; the frame is kept, and gets the mean face's place below
            continue
    missing = np.isnan(matrices).any(axis=(1, 2))
    if missing.all():
        raise UsageError(store.folder, "no frame of this store has the landmarks of eyes and mouth", "Prepare it anew")
    known = landmarks[~missing]
    count = (~np.isnan(known)).sum(axis=0)
    matrices[missing] = crop_matrix(ALIGNMENT, np.where(count, np.nansum(known, axis=0) / np.maximum(count, 1), np.nan))
    return Alignment(landmarks, matrices, missing)


def aligned_landmarks(aligned: Alignment) -> Float32:
    """The landmarks on the aligned face: (N, 136) pixels, x0, y0, x1, ...; NaN where unknown."""
    placed = np.stack([apply_affine(*each) for each in zip(aligned.landmarks, aligned.matrices, strict=True)])
    placed[aligned.missing] = np.nan
    return placed.reshape(len(placed), -1).astype(np.float32)


def hog(grey: NDArray[np.uint8]) -> Float32:
    """Histograms of oriented gradients (Dalal & Triggs 2005), 8 directions from 0 to 180 degrees.

    Cells of 8 x 8 pixels; blocks of 2 x 2 cells that do not overlap, each scaled to length 1, cut off at 0.2, and
    scaled again.

    Args:
        grey: (H, W), sides a multiple of 16.

    Returns:
        (H / 16 * W / 16 * 32,), 0 to 1.
    """
    height, width = grey.shape
    values = grey.astype(np.float64)
    across, down = np.zeros_like(values), np.zeros_like(values)
    across[:, 1:-1] = values[:, 2:] - values[:, :-2]
    down[1:-1] = values[2:] - values[:-2]
    strength = np.hypot(across, down)
    direction = np.minimum(np.degrees(np.arctan2(down, across)) % 180 / (180 / BINS), BINS - 1).astype(np.intp)
    cell = np.arange(height)[:, None] // CELL * (width // CELL) + np.arange(width) // CELL  # (H, W)
    bins = (cell * BINS + direction).ravel()
    counts = np.bincount(bins, strength.ravel(), minlength=height * width // CELL**2 * BINS) / CELL**2
    rows, columns = height // (2 * CELL), width // (2 * CELL)
    blocks = counts.reshape(rows, 2, columns, 2, BINS).swapaxes(1, 2).reshape(-1, 4 * BINS)
    return _unit(np.minimum(_unit(blocks), MOST_SHARE)).ravel().astype(np.float32)


def _unit(blocks: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(blocks / np.sqrt(np.square(blocks).sum(axis=1, keepdims=True) + TINY**2))


def hog_of_faces(store: Store, aligned: Alignment) -> NDArray[np.float16]:
    """:func:`hog` of the aligned grey face, 112 pixels wide.

    Returns:
        (N, 1568), in half precision: BP4D takes 0.5 GB.
    """
    described = []
    for row, matrix in enumerate(aligned.matrices):
        grey = cv2.cvtColor(store.image(row), cv2.COLOR_RGB2GRAY)
        described.append(hog(warp(grey, matrix, ALIGNMENT.size)).astype(np.float16))
    return np.array(described)


def background(store: Store) -> Float32:
    """The upper edge and the upper corners of a 24-pixel thumbnail, where in an uncropped picture no face is.

    Returns:
        (N, 252) grey levels 0 to 255; what is learned from them is a flaw of the data.
    """
    described = []
    for row in range(len(store)):
        small: NDArray[Any] = cv2.resize(store.image(row), (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
        upper = small[BORDER : THUMBNAIL // 2]
        parts = (small[:BORDER], upper[:, :BORDER], upper[:, -BORDER:])
        described.append(np.concatenate([part.ravel() for part in parts]))
    return np.array(described, np.float32)
