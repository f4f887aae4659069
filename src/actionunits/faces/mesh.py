"""The 468-point face mesh on one face.

Kartynnik et al. 2019, "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from actionunits.assets import asset_path
from actionunits.faces.detector import Detection
from actionunits.faces.litert import LiteRTModel
from actionunits.geometry import warp

Float32 = NDArray[np.float32]

_RIGHT_EYE_OUTER, _LEFT_EYE_OUTER = 33, 263  # mesh points; the person's own right and left
_MARGIN = 1.5  # side of the region over the longer side of the face box, as the network was trained


@dataclass(frozen=True, slots=True)
class Region:
    """A rotated square in the picture that the mesh network looks at.

    Attributes:
        x, y: centre in pixels (pixel centres at integers).
        side: length in pixels.
        angle: radians, positive clockwise as seen, so that the eye line lies level in the crop.
    """

    x: float
    y: float
    side: float
    angle: float

    @classmethod
    def of_detection(cls, detection: Detection) -> Region:
        """Return the region for a face the detector found, level with its eyes."""
        x, y, width, height = detection.box
        (rx, ry), (lx, ly) = detection.keypoints[0], detection.keypoints[1]
        return cls(
            x + width / 2, y + height / 2, _MARGIN * max(width, height), math.atan2(float(ly - ry), float(lx - rx))
        )

    @classmethod
    def of_mesh(cls, mesh: Float32) -> Region:
        """Return the region for the next look at a face whose last mesh is ``mesh`` (468, 3)."""
        across = mesh[_LEFT_EYE_OUTER] - mesh[_RIGHT_EYE_OUTER]
        angle = math.atan2(float(across[1]), float(across[0]))
        c, s = math.cos(angle), math.sin(angle)
        level_x = mesh[:, 0] * c + mesh[:, 1] * s
        level_y = mesh[:, 1] * c - mesh[:, 0] * s
        left, right = float(level_x.min()), float(level_x.max())
        top, bottom = float(level_y.min()), float(level_y.max())
        mid_x, mid_y = (left + right) / 2, (top + bottom) / 2
        return cls(mid_x * c - mid_y * s, mid_x * s + mid_y * c, _MARGIN * max(right - left, bottom - top), angle)

    def to_crop(self, size: int) -> NDArray[np.float64]:
        """Return the (2, 3) matrix from picture pixels to the pixels of a ``size`` x ``size`` crop."""
        scale = size / self.side
        c, s = math.cos(self.angle) * scale, math.sin(self.angle) * scale
        half = (size - 1) / 2
        return np.array(
            [[c, s, half - c * self.x - s * self.y], [-s, c, half + s * self.x - c * self.y]], dtype=np.float64
        )


class FaceMesh:
    """Fit the 468-point mesh inside a region.

    Args:
        threads: threads inside one inference.
    """

    def __init__(self, *, threads: int = 1) -> None:
        self._model = LiteRTModel(asset_path("face-models", "face_landmark.tflite"), threads=threads)
        self.size = self._model.input_shape[1]  # 192
        self._points = self._model.output_of_width(468 * 3)
        self._flag = self._model.output_of_width(1)

    def fit(self, image: NDArray[np.uint8], region: Region) -> tuple[Float32, float, NDArray[np.uint8]]:
        """Fit the mesh.

        Args:
            image: (H, W, 3) uint8 RGB.
            region: where to look.

        Returns:
            mesh (468, 3): x, y in pixels of ``image``, z in the same unit, smaller nearer, 0 near the head's centre;
            confidence 0-1 that there is a face; the (size, size, 3) crop the network saw.
        """
        matrix = region.to_crop(self.size)
        crop = warp(image, matrix, self.size)
        outputs = self._model.run(np.multiply(crop, np.float32(1 / 255), dtype=np.float32)[None])
        points = outputs[self._points].reshape(468, 3)
        flag = float(outputs[self._flag].reshape(-1)[0])
        # the network's coordinates run from edge to edge; pixels count from centre to centre
        back = cv2.invertAffineTransform(matrix)
        mesh = np.empty((468, 3), np.float32)
        mesh[:, :2] = (points[:, :2] - 0.5) @ back[:, :2].T + back[:, 2]
        mesh[:, 2] = points[:, 2] * (region.side / self.size)
        return mesh, 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, flag)))), crop
