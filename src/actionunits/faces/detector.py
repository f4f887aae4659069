"""BlazeFace: where are the faces in a picture?

Bazarevsky et al. 2019, "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs". The full-range model looks at
the whole picture at 192 x 192; the short-range model, made for faces that fill the picture, is asked when that finds
none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from actionunits.assets import asset_path
from actionunits.faces.litert import LiteRTModel

Float32 = NDArray[np.float32]

KEYPOINTS = ("right_eye", "left_eye", "nose_tip", "mouth", "right_ear", "left_ear")  # the person's own right and left


@dataclass(frozen=True, slots=True)
class Detection:
    """One face found by the detector, in pixels of the picture.

    Attributes:
        box: (x, y, width, height); may reach outside the picture.
        keypoints: (6, 2), in the order of :data:`KEYPOINTS`.
        score: 0-1.
    """

    box: tuple[float, float, float, float]
    keypoints: Float32
    score: float


@dataclass(frozen=True, slots=True)
class _Network:
    file: str
    strides: tuple[tuple[int, int], ...]  # (cells per side, anchors per cell)


_NETWORKS = {
    "full": _Network("face_detection_full_range.tflite", ((48, 1),)),  # 2304 anchors
    "short": _Network("face_detection_short_range.tflite", ((16, 2), (8, 6))),  # 896 anchors
}


def anchor_centres(strides: tuple[tuple[int, int], ...]) -> Float32:
    """Return the anchors' centres, (A, 2) in 0-1, row by row; every anchor of a cell shares the cell's centre."""
    grids = []
    for cells, repeats in strides:
        centre = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        x, y = np.meshgrid(centre, centre)
        grids.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), repeats, axis=0))
    return np.concatenate(grids)


def overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    """Return the intersection over union, 0-1, of two (x, y, width, height) boxes."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


class FaceDetector:
    """Find faces with BlazeFace.

    Args:
        model: ``"full"`` (whole scenes) or ``"short"`` (faces that fill the picture).
        threshold: least score of a face, 0-1.
        threads: threads inside one inference.
    """

    def __init__(self, model: Literal["full", "short"] = "full", *, threshold: float = 0.5, threads: int = 1) -> None:
        network = _NETWORKS[model]
        self._model = LiteRTModel(asset_path("face-models", network.file), threads=threads)
        self._size = self._model.input_shape[1]
        self._anchors = anchor_centres(network.strides)  # (A, 2)
        self._boxes_output = self._model.output_of_width(16)
        self._scores_output = self._model.output_of_width(1)
        # a score is sigmoid(logit): compare logits, so that the sigmoid is only taken of the few survivors
        self._least_logit = float(np.log(threshold / (1 - threshold)))

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """Return the faces of ``image`` (H, W, 3 RGB), best first, duplicates merged."""
        height, width = image.shape[:2]
        tensor, scale, left, top = self._letterbox(image)
        outputs = self._model.run(tensor)
        logits = outputs[self._scores_output][0, :, 0]  # (A,)
        keep = np.flatnonzero(logits >= self._least_logit)
        if keep.size == 0:
            return []
        raw = outputs[self._boxes_output][0, keep].reshape(-1, 8, 2) / self._size  # (K, 8, 2)
        raw[:, 0] += self._anchors[keep]
        raw[:, 2:] += self._anchors[keep, None]
        raw *= self._size
        raw[:, 0] -= (left, top)
        raw[:, 2:] -= (left, top)
        raw /= scale
        scores = (1.0 / (1.0 + np.exp(-np.clip(logits[keep], -80, 80)))).astype(np.float32)  # (K,)
        return _merge(raw, scores, limit=float(max(height, width)))

    def _letterbox(self, image: NDArray[np.uint8]) -> tuple[Float32, float, int, int]:
        """Fit the picture into the square input, aspect kept, rest black; values -1 to 1."""
        height, width = image.shape[:2]
        scale = self._size / max(height, width)
        w, h = max(1, round(width * scale)), max(1, round(height * scale))
        while max(image.shape[:2]) >= 4 * self._size and min(image.shape[:2]) >= 2:  # halving is quick and averages
            image = cv2.resize(image, (image.shape[1] // 2, image.shape[0] // 2), interpolation=cv2.INTER_AREA)
        small = cv2.resize(image, (w, h), interpolation=cv2.INTER_LINEAR)
        left, top = (self._size - w) // 2, (self._size - h) // 2
        tensor = np.full((1, self._size, self._size, 3), -1.0, np.float32)
        np.multiply(small, np.float32(2 / 255), out=tensor[0, top : top + h, left : left + w], casting="unsafe")
        tensor[0, top : top + h, left : left + w] -= 1.0
        return tensor, scale, left, top


def _merge(raw: Float32, scores: Float32, *, limit: float, same: float = 0.3) -> list[Detection]:
    """Weighted non-maximum suppression: overlapping boxes become their score-weighted mean (BlazeFace, section 3.3).

    Args:
        raw: (K, 8, 2): centre, size, six key points, in pixels.
        scores: (K,).
        limit: boxes of no size or larger than twice this are noise.
        same: overlap from which two boxes are one face.
    """
    order = np.argsort(-scores, kind="stable")
    corner = raw[:, 0] - raw[:, 1] / 2
    boxes = np.concatenate([corner, raw[:, 1]], axis=1)  # (K, 4)
    order = order[(boxes[order, 2:] > 0).all(1) & (boxes[order, 2:] < 2 * limit).all(1)]
    found: list[Detection] = []
    left = list(order)
    while left:
        best = tuple(boxes[left[0]].tolist())
        cluster = [k for k in left if overlap(best, tuple(boxes[k].tolist())) > same] or [left[0]]
        weights = scores[cluster] / scores[cluster].sum()
        box = (boxes[cluster] * weights[:, None]).sum(0)
        points = (raw[cluster, 2:] * weights[:, None, None]).sum(0)  # (6, 2)
        x, y, w, h = (float(value) for value in box)
        found.append(Detection((x, y, w, h), points.astype(np.float32), float(scores[left[0]])))
        left = [k for k in left if k not in set(cluster)]
    return found
