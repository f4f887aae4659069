"""Whether a graph says what its model says."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from actionunits.errors import CardError
from actionunits.export.graph import EVIDENCE, IMAGE, INTENSITY, LANDMARKS, Scores
from actionunits.geometry.mean_face import MEAN_68
from actionunits.loading import FaceBatch, InputRecipe
from actionunits.models import AUModel

Float32 = NDArray[np.float32]

TOLERANCE = 1e-4
"""Largest difference that passes, in log-odds and in levels; where evidence goes beyond 1, a share of it."""

BATCHES = (1, 5)
_COARSE = 8  # blobs along a side of a smooth picture
_BETWEEN_EYES = 0.4  # of the picture's width
_JITTER = 0.02


@dataclass(frozen=True)
class Parity:
    """How far PyTorch and ONNX Runtime are apart.

    Attributes:
        evidence: largest difference of a log-odds.
        intensity: largest difference of an intensity; None for models without.
        scale: largest log-odds seen, of either sign.
        faces: how many were compared.
    """

    evidence: float
    intensity: float | None
    scale: float
    faces: int

    @property
    def passed(self) -> bool:
        """Whether all differences are within :data:`TOLERANCE`; False where a number is not finite."""
        limit = TOLERANCE * max(1.0, self.scale)
        return math.isfinite(limit) and self.evidence <= limit and (self.intensity is None or self.intensity <= limit)

    def __str__(self) -> str:
        said = f"largest difference of evidence {self.evidence:.1e} (it reaches {self.scale:.2g})"
        said += "" if self.intensity is None else f", of intensity {self.intensity:.1e}"
        return f"{said}; {self.faces} faces in batches of {' and '.join(map(str, BATCHES))}"


def check_parity(model: AUModel, content: bytes, *, seed: int = 0) -> Parity:
    """Compare a model and its graph on noise and on smooth pictures, in batches of 1 and of 5.

    Args:
        model: in PyTorch.
        content: of the ONNX file.
        seed: of the pictures.

    Raises:
        CardError: ONNX Runtime refuses the graph, or it says something else than the model.
    """
    function = Scores(model)
    rng = np.random.default_rng(seed)
    differences: dict[str, list[float]] = {EVIDENCE: [], INTENSITY: []}
    scale, faces = 0.0, 0
    try:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        for count in BATCHES:
            for given in (_noise(model.input, count, rng), _smooth(model.input, count, rng)):
                fed = given if model.needs_landmarks else {IMAGE: given[IMAGE]}
                with torch.inference_mode():
                    wanted = function(*map(torch.from_numpy, fed.values()))
                found = session.run(None, fed)
                for name, one, other in zip(differences, wanted, found, strict=False):
                    differences[name].append(float(np.abs(one.numpy() - other).max()))
                scale = max(scale, float(wanted[0].abs().max()))
                faces += count
    except Exception as failure:  # ONNX Runtime's exceptions have no base of their own
        said = str(failure).strip().partition("\n")[0]
        raise CardError(model.system, f"ONNX Runtime cannot run its graph ({said})", "Report this") from failure
    levels = differences[INTENSITY]
    parity = Parity(float(np.max(differences[EVIDENCE])), float(np.max(levels)) if levels else None, scale, faces)
    if not parity.passed:
        raise CardError(model.system, f"PyTorch and ONNX Runtime disagree: {parity}", "Report this; nothing is written")
    return parity


def _noise(recipe: InputRecipe, count: int, rng: np.random.Generator) -> dict[str, Float32]:
    """Pictures of normal noise, and landmarks anywhere."""
    side = recipe.output
    return {
        IMAGE: rng.normal(size=(count, 3, side, side)).astype(np.float32),
        LANDMARKS: rng.uniform(0, side, (count, 68, 2)).astype(np.float32),
    }


def _smooth(recipe: InputRecipe, count: int, rng: np.random.Generator) -> dict[str, Float32]:
    """Smooth pictures, scaled as the model's are, and landmarks of faces."""
    side = recipe.output
    coarse = rng.integers(0, 256, (count, _COARSE, _COARSE, 3)).astype(np.uint8)
    pictures = [cv2.resize(one, (side, side), interpolation=cv2.INTER_CUBIC).transpose(2, 0, 1) for one in coarse]
    points = side * (0.5 + _BETWEEN_EYES * MEAN_68 + rng.normal(0, _JITTER, (count, 68, 2)))
    faces = FaceBatch.unlabelled(
        torch.from_numpy(np.stack(pictures)), torch.from_numpy(points.astype(np.float32)), 0
    ).normalised(recipe)
    return {IMAGE: faces.image.numpy(), LANDMARKS: faces.landmarks.numpy()}
