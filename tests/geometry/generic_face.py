"""A face as the 68 points are usually annotated, drawn by hand: upright, symmetric, two decimals."""

import numpy as np

from actionunits.geometry import apply_affine, crop_matrix, get_crop

_JAW = [(-0.45, 0.33), (-0.44, 0.45), (-0.43, 0.57), (-0.4, 0.69), (-0.36, 0.8), (-0.29, 0.89), (-0.2, 0.97)]
_JAW += [(-0.11, 1.04)]
_BROW = [(-0.35, 0.24), (-0.3, 0.2), (-0.22, 0.19), (-0.15, 0.2), (-0.07, 0.23)]
_EYE = [(-0.27, 0.33), (-0.22, 0.3), (-0.16, 0.3), (-0.11, 0.34), (-0.16, 0.35), (-0.22, 0.35)]
_NOSE = [(0, 0.32), (0, 0.4), (0, 0.47), (0, 0.55), (-0.09, 0.6), (-0.04, 0.62), (0, 0.63), (0.04, 0.62), (0.09, 0.6)]
_LIPS = [(-0.17, 0.74), (-0.11, 0.72), (-0.05, 0.71), (0, 0.72), (0.05, 0.71), (0.11, 0.72), (0.17, 0.74)]
_LIPS += [(0.11, 0.81), (0.05, 0.84), (0, 0.84), (-0.05, 0.84), (-0.11, 0.81)]
_LIPS += [(-0.15, 0.75), (-0.05, 0.75), (0, 0.75), (0.05, 0.75), (0.15, 0.75), (0.05, 0.78), (0, 0.78), (-0.05, 0.78)]


def _mirrored(points, order):
    return [(-points[place][0], points[place][1]) for place in order]


FACE = np.array(
    [
        *_JAW,
        (0, 1.06),
        *_mirrored(_JAW, range(7, -1, -1)),
        *_BROW,
        *_mirrored(_BROW, range(4, -1, -1)),
        *_NOSE,
        *_EYE,
        *_mirrored(_EYE, (3, 2, 1, 0, 5, 4)),
        *_LIPS,
    ]
)


def generic_crop(width: float, height: float) -> np.ndarray:
    """Landmarks in AU R-CNN's crop, of a face whose crop has so many pixels of the picture, margins included."""
    face = FACE - FACE.min(axis=0)
    face = face * [(width - 40) / np.ptp(face[1:, 0]), (height - 50) / np.ptp(face[1:, 1])] + 100
    return apply_affine(face, crop_matrix(get_crop("aurcnn-512"), face))
