"""An AU network as an ONNX file, run by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from actionunits.errors import CardError, UsageError
from actionunits.estimators.base import Estimator, LookedAt
from actionunits.estimators.card import Card, PictureInput, read_weights
from actionunits.estimators.scores import AUScores
from actionunits.geometry import FLIP_68, central_cut, crop, get_crop
from actionunits.geometry.chimera import Side, chimera

_FRAMES_AT_ONCE = {"cpu": 1, "cuda": 16}  # more gain a CPU little, and would change the last bits
_PROVIDERS = {"cpu": ["CPUExecutionProvider"], "cuda": ["CUDAExecutionProvider", "CPUExecutionProvider"]}


class OnnxEstimator(Estimator):
    """A network that maps the middle of a crop to log-odds and intensities.

    The ONNX graph has an input (N, 3, S, S) float32, named as the card says, and, where the card names it, one for the
    landmarks, (N, 68, 2) float32; and two outputs (N, A) float32: ``evidence`` (log-odds of occurrence) and, unless the
    card says that there is none, ``intensity`` (0-5, not cut off).

    Args:
        card: its card.
        path: where the card lies; the ONNX file lies beside it.
        device: ``cpu`` or ``cuda``.
        threads: threads inside one inference on the CPU.
        batch: most faces in one inference.

    Raises:
        CardError: the graph does not do what the card says.
    """

    def __init__(self, card: Card, path: Path, *, device: str = "cpu", threads: int = 1, batch: int = 32) -> None:
        if card.input is None:
            raise CardError(path, "has no `input`", "An ONNX card says what the network wants to see")
        self.card = card
        self.frames_at_once = _FRAMES_AT_ONCE[device]
        self._input: PictureInput = card.input
        try:
            self._recipe = get_crop(card.input.crop)
        except UsageError as error:
            raise CardError(path, f"asks for a crop that is not here ({error})", "Update actionunits") from error
        if self._recipe.hash != card.input.crop_hash:
            raise CardError(
                path,
                f"was made for crop {card.input.crop} {card.input.crop_hash[:8]}, here it is {self._recipe.hash[:8]}",
                "Use the version of actionunits the model was made with, or make the model anew",
            )
        self._size = card.input.size or self._recipe.size
        self._side = card.input.side or self._size
        if self._size > self._recipe.size:
            reason = f"cuts {self._size} pixels out of {self._recipe.id}, which has {self._recipe.size}"
            raise CardError(path, reason, "Export it anew")
        self._outputs = ["evidence", "intensity"] if card.intensity else ["evidence"]
        self._batch = batch
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # cores are shared with the tracker
        options.log_severity_level = 3
        content = read_weights(card, path)
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=_PROVIDERS[device])
        except Exception as error:  # ONNX Runtime's exceptions have no base of their own
            raise CardError(
                path.parent / card.weights.file, f"ONNX Runtime refuses it ({error})", "Export it anew"
            ) from error
        self._check(path)
        self._mean = np.array(card.input.mean, np.float32) * 255
        self._scale = 1 / (np.array(card.input.std, np.float32) * 255)
        self._gain = np.array(card.intensity_gain or [1.0] * len(card.aus), np.float32)

    def _check(self, path: Path) -> None:
        inputs = {entry.name: _described(entry) for entry in self._session.get_inputs()}
        wanted = {self._input.name: f"tensor(float) (N, 3, {self._side}, {self._side})"}
        if self._input.landmarks is not None:
            wanted[self._input.landmarks] = "tensor(float) (N, 68, 2)"
        if inputs != wanted:
            raise CardError(path, f"the graph's inputs are {inputs}", f"Export {wanted}, N left free")
        outputs = {entry.name: _described(entry) for entry in self._session.get_outputs()}
        wanted = dict.fromkeys(self._outputs, f"tensor(float) (N, {len(self.card.aus)})")
        if not wanted.items() <= outputs.items():
            raise CardError(path, f"the graph's outputs are {outputs}", f"Export {wanted}, N left free")

    def predict(self, faces: Sequence[LookedAt]) -> AUScores:
        """Score faces in batches; scores agree between batch sizes to rounding."""
        return self._scores(faces, None)

    def predict_sides(self, faces: Sequence[LookedAt]) -> tuple[AUScores, AUScores]:
        """Score faces made of one half and its mirror image; see :func:`actionunits.geometry.chimera.chimera`."""
        return self._scores(faces, "left"), self._scores(faces, "right")

    def _scores(self, faces: Sequence[LookedAt], side: Side | None) -> AUScores:
        scores = np.full((2, len(faces), len(self.card.aus)), np.nan, np.float32)  # evidence, intensity
        for start in range(0, len(faces), self._batch):
            part = faces[start : start + self._batch]
            for kind, values in enumerate(self._session.run(self._outputs, self._seen(part, side))):
                scores[kind, start : start + len(part)] = values.reshape(-1, len(part), values.shape[1]).mean(axis=0)
        return AUScores(scores[0], scores[1] * self._gain)

    def _seen(self, faces: Sequence[LookedAt], side: Side | None) -> dict[str, NDArray[np.float32]]:
        """The graph's inputs for N faces, or for one half of them; where the card says so, N more in the mirror."""
        count = len(faces)
        mirrored = self.card.mirrored and side is None  # a face made of one half is its own mirror image
        looks = 2 * count if mirrored else count
        pictures = np.empty((looks, 3, self._side, self._side), np.float32)
        points = np.empty((looks, 68, 2), np.float32)
        for row, (image, face) in enumerate(faces):
            whole, marks, _ = crop(image, face.landmarks, self._recipe)
            if side is not None:
                whole, marks = chimera(whole, marks, side)
            picture, points[row] = central_cut(whole, marks, self._size, self._side)
            for channel, plane in enumerate(cv2.split(picture)):
                np.subtract(plane, self._mean[channel], out=pictures[row, channel])
                pictures[row, channel] *= self._scale[channel]
        if mirrored:
            pictures[count:] = pictures[:count, ..., ::-1]
            points[count:] = points[:count, FLIP_68]
            points[count:, :, 0] = self._side - 1 - points[count:, :, 0]
        landmarks = {} if self._input.landmarks is None else {self._input.landmarks: points}
        return {self._input.name: pictures, **landmarks}


def _described(entry: onnxruntime.NodeArg) -> str:
    """An input's or output's type and shape; N where the length of a batch is free."""
    shape = ["N" if place == 0 and not isinstance(length, int) else length for place, length in enumerate(entry.shape)]
    return f"{entry.type} ({', '.join(map(str, shape))})"
