"""Find and mesh faces: the detector says where, the mesh says exactly where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actionunits.faces.detector import FaceDetector, overlap
from actionunits.faces.mesh import FaceMesh, Region

Float32 = NDArray[np.float32]
Box = tuple[float, float, float, float]
Image = NDArray[np.uint8]

LEAST_CONFIDENCE = 0.5  # below it, the mesh network sees no face
_SETTLING_LOOKS = 3  # each takes a good part off what a shifted start leaves
_SAME_FACE = 0.35  # overlap of mesh boxes from which two meshes lie on one face


@dataclass(frozen=True, slots=True)
class FoundFace:
    """A mesh on a face, not yet a person.

    Attributes:
        mesh: (468, 3), pixels of the picture.
        confidence: 0-1.
        box: (x, y, width, height) of the mesh.
        crop: (192, 192, 3), what the mesh network saw.
    """

    mesh: Float32
    confidence: float
    box: Box
    crop: Image


def box_of(mesh: Float32) -> Box:
    """Return the (x, y, width, height) of a mesh."""
    x0, y0 = mesh[:, 0].min(), mesh[:, 1].min()
    return float(x0), float(y0), float(mesh[:, 0].max() - x0), float(mesh[:, 1].max() - y0)


def same_face(a: Box, b: Box) -> bool:
    """Tell whether two mesh boxes lie on one face."""
    return overlap(a, b) > _SAME_FACE


class FaceFinder:
    """Find faces in single pictures.

    Args:
        threads: threads inside one inference.
    """

    def __init__(self, *, threads: int = 1) -> None:
        self._far = FaceDetector("full", threads=threads)
        self._near = FaceDetector("short", threads=threads)
        self._mesh = FaceMesh(threads=threads)

    def find(self, image: Image, *, known: Sequence[Box] = (), limit: int | None = None) -> list[FoundFace]:
        """Return the faces of ``image`` (H, W, 3 RGB), largest first.

        Args:
            image: the picture.
            known: boxes of faces that need not be found again.
            limit: at most so many.
        """
        detections = self._far.detect(image)
        if not detections and not known:
            detections = self._near.detect(image)
        found: list[FoundFace] = []
        for detection in detections:
            if any(same_face(detection.box, box) or _inside(detection.box, box) for box in known):
                continue
            rough, confidence = self._look(image, Region.of_detection(detection))
            if confidence < LEAST_CONFIDENCE:
                continue
            face = self._settled(image, rough)
            if face is not None and not any(same_face(face.box, box) for box in (*known, *(f.box for f in found))):
                found.append(face)
        found.sort(key=lambda face: (-face.box[2] * face.box[3], face.box[0]))
        return found[:limit]

    def follow(self, image: Image, mesh: Float32) -> FoundFace | None:
        """Fit the mesh where it was last; ``None`` when no face is there any more."""
        region = Region.of_mesh(mesh)
        height, width = image.shape[:2]
        if not (-region.side < region.x < width + region.side and -region.side < region.y < height + region.side):
            return None
        if not 4 <= region.side <= 16 * max(height, width):
            return None
        fitted, confidence, crop = self._mesh.fit(image, region)
        if confidence < LEAST_CONFIDENCE or not np.isfinite(fitted).all():
            return None
        return FoundFace(fitted, confidence, box_of(fitted), crop)

    def _settled(self, image: Image, mesh: Float32) -> FoundFace | None:
        """Look again from where the mesh itself says the face is, until where the detector put it matters little."""
        face = None
        for _ in range(_SETTLING_LOOKS):
            face = self.follow(image, mesh)
            if face is None:
                return None
            mesh = face.mesh
        return face

    def _look(self, image: Image, region: Region) -> tuple[Float32, float]:
        mesh, confidence, _ = self._mesh.fit(image, region)
        return mesh, confidence


def _inside(a: Box, b: Box) -> bool:
    """Tell whether the centre of ``a`` lies in the middle half of ``b`` and their sizes are alike."""
    dx, dy = a[0] + a[2] / 2 - b[0] - b[2] / 2, a[1] + a[3] / 2 - b[1] - b[3] / 2
    return abs(dx) < b[2] / 4 and abs(dy) < b[3] / 4 and 0.5 < a[2] / max(b[2], 1e-6) < 2
