"""The ``geometry`` estimator: action units from the shape of the face mesh, and lip parting from the mouth as well.

The mesh is turned to face the camera (:func:`actionunits.faces.pose.frontal`), left and right are averaged, and one
ridge regression per AU reads the intensity off the points' distances from the canonical face. The mesh does not follow
parted lips closely enough, so AU25 is the mean of that regression and of a small network that looks at the mouth.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from actionunits.errors import CardError
from actionunits.estimators.base import Estimator, LookedAt
from actionunits.estimators.card import Card, read_weights
from actionunits.estimators.mouth import FEATURES, mouth_features, mouth_frame, mouth_picture
from actionunits.estimators.scores import AUScores
from actionunits.faces.pose import canonical_face
from actionunits.geometry import MESH_FLIP

Float32 = NDArray[np.float32]

_FLIP = np.array(MESH_FLIP)
_HALF = np.flatnonzero(np.arange(468) <= _FLIP)  # one of each mirrored pair, and the midline
MESH_FEATURES = 3 * len(_HALF)
_MIRROR = np.array([-1.0, 1.0, 1.0])
LIPS_PART = 25
_ANEW = "Get card and weights anew"
_UNREADABLE = (OSError, EOFError, ValueError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error)


def mesh_features(frontal: NDArray[np.floating]) -> Float32:
    """Describe a mesh free of place, size and head pose, left and right averaged.

    Args:
        frontal: (468, 3), a mesh turned by :func:`actionunits.faces.pose.frontal`.

    Returns:
        (MESH_FEATURES,) float32: the points' distances from the canonical face, in outer-eye-corner distances.
    """
    away = frontal - canonical_face().points  # (468, 3)
    both = (away + away[_FLIP] * _MIRROR) / 2
    return np.asarray(both[_HALF].ravel(), np.float32)


@dataclass(frozen=True)
class GeometryWeights:
    """All numbers of the estimator; A action units.

    Attributes:
        mean, slope, offset: (F,), (A, F), (A,): ridge, score = slope (x - mean) + offset.
        mouth_mean, mouth_axes, mouth_scale: (G,), (K, G), (K,): principal components of the mouth features.
        hidden, hidden_offset, output, output_offset: (H, K), (H,), (H,), (1,): one hidden layer of rectifiers.
        evidence_slope, evidence_offset: (A,): log-odds = slope score + offset.
        intensity_slope, intensity_offset: (A,): intensity = slope (score - offset).
    """

    mean: Float32
    slope: Float32
    offset: Float32
    mouth_mean: Float32
    mouth_axes: Float32
    mouth_scale: Float32
    hidden: Float32
    hidden_offset: Float32
    output: Float32
    output_offset: Float32
    evidence_slope: Float32
    evidence_offset: Float32
    intensity_slope: Float32
    intensity_offset: Float32

    @classmethod
    def load(cls, content: bytes, aus: int) -> GeometryWeights:
        """Read an NPZ file; the shapes must fit ``aus`` action units.

        Raises:
            CardError: it is no such file, or a number in it is not finite.
        """
        try:
            if not content.startswith(b"PK"):
                raise ValueError("it is no NPZ file")
            with np.load(io.BytesIO(content), allow_pickle=False) as data:
                weights = cls(**{field.name: data[field.name].astype(np.float32) for field in fields(cls)})
        except _UNREADABLE as error:
            raise CardError("geometry weights", f"cannot be read ({error})", _ANEW) from error
        for name, shape in weights.shapes(aus).items():
            values = getattr(weights, name)
            if values.shape != shape:
                raise CardError("geometry weights", f"{name} is {values.shape}, not {shape}", _ANEW)
            if not np.isfinite(values).all():
                raise CardError("geometry weights", f"{name} holds a value that is not finite", _ANEW)
        return weights

    def shapes(self, aus: int) -> dict[str, tuple[int, ...]]:
        """The shape each array must have, K and H taken from the arrays themselves."""
        components, hidden = self.mouth_scale.size, self.hidden_offset.size
        per_au = ("offset", "evidence_slope", "evidence_offset", "intensity_slope", "intensity_offset")
        return {
            "mean": (MESH_FEATURES,),
            "slope": (aus, MESH_FEATURES),
            **dict.fromkeys(per_au, (aus,)),
            "mouth_mean": (FEATURES,),
            "mouth_axes": (components, FEATURES),
            "mouth_scale": (components,),
            "hidden": (hidden, components),
            "hidden_offset": (hidden,),
            "output": (hidden,),
            "output_offset": (1,),
        }

    def save(self, path: Path) -> None:
        """Write an NPZ file; the same numbers give the same bytes."""
        half = {"slope", "mouth_axes", "hidden"}  # large, and far from needing single precision
        arrays = {
            f.name: getattr(self, f.name).astype(np.float16 if f.name in half else np.float32) for f in fields(self)
        }
        np.savez_compressed(path, **arrays)

    def mouth_score(self, features: Float32) -> float:
        """Lip parting, intensity 0-5, from (G,) mouth features."""
        components = (self.mouth_axes @ (features - self.mouth_mean)) / self.mouth_scale  # (K,)
        hidden = np.maximum(self.hidden @ components + self.hidden_offset, 0)  # (H,)
        return float(self.output @ hidden + self.output_offset[0])

    def scores(self, mesh: Float32, mouth: float, lips_part: int) -> Float32:
        """(A,) scores from (F,) mesh features; the one at ``lips_part`` is averaged with the mouth's."""
        score = self.slope @ (mesh - self.mean) + self.offset
        score[lips_part] = (score[lips_part] + mouth) / 2
        return score


class GeometryEstimator(Estimator):
    """The small estimator that needs no network for the whole face; see the module's text.

    Args:
        card: its card.
        path: where the card lies; the weights lie beside it.
    """

    def __init__(self, card: Card, path: Path) -> None:
        if LIPS_PART not in card.au_set:
            raise CardError(path, f"has no AU{LIPS_PART}, which this estimator reads off the mouth", _ANEW)
        self.card = card
        self._weights = GeometryWeights.load(read_weights(card, path), len(card.aus))
        self._lips_part = card.au_set.index(LIPS_PART)

    def predict(self, faces: Sequence[LookedAt]) -> AUScores:
        """Score faces one after the other: the same face has the same bits in any batch."""
        w = self._weights
        scores = np.empty((len(faces), len(self.card.aus)), np.float32)
        for row, (image, face) in enumerate(faces):
            mouth = w.mouth_score(mouth_features(mouth_picture(image, *mouth_frame(face.mesh))))
            scores[row] = w.scores(mesh_features(face.frontal), mouth, self._lips_part)
        return AUScores(
            evidence=w.evidence_slope * scores + w.evidence_offset,
            intensity=w.intensity_slope * (scores - w.intensity_offset),
        )
