"""A trained model at work on frames of a store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from actionunits.evaluation.systems import Prediction
from actionunits.facs import AUSet
from actionunits.loading import FaceDataset, face_loader, get_window
from actionunits.models import AUModel
from actionunits.store import Store
from actionunits.training.task import ready

BATCH = 64  # frames


@dataclass(frozen=True, eq=False)
class ModelPredictor:
    """A model as :func:`actionunits.evaluation.cross_validate` takes it.

    Attributes:
        model: trained.
        store: whose frames.
        aus: of the model's action units, those to tell of.
        device: ``cpu`` or ``cuda``.
        workers: processes that decode pictures.
    """

    model: AUModel
    store: Store
    aus: AUSet
    device: str = "cpu"
    workers: int = 0

    def predict(self, rows: NDArray[np.int64]) -> Prediction:
        """Say something of these rows of the store."""
        said = predict(self.model, self.store, rows, device=self.device, workers=self.workers)
        columns = [self.model.aus.index(au) for au in self.aus]
        intensity = None if said.intensity is None else said.intensity[:, columns]
        return Prediction(said.probability[:, columns], intensity, said.stand_in)


def predict(
    model: AUModel, store: Store, rows: NDArray[np.int64], *, device: str = "cpu", workers: int = 0
) -> Prediction:
    """What a model says of frames, computed in float32.

    Args:
        model: trained; it is moved to the device, and left ready to predict.
        store: with the model's crop.
        rows: (N,) of the store, in any order.
        device: ``cpu`` or ``cuda``.
        workers: processes that decode pictures; 0 for this one alone.

    Returns:
        (N, A) probabilities, intensities if the model grades, and if it looks at landmarks, where these were unknown.

    Raises:
        UsageError: the store has another crop.
        StoreError: a picture cannot be read.
    """
    subjects = sorted(set(store.frames["subject"].take(rows).to_pylist()))
    window = model.window()
    dataset = FaceDataset(
        store, model.input, subjects=subjects, aus=store.au_set[:1], window=window, flow=model.flow_window()
    )
    size = BATCH if window is None else max(1, BATCH // len(get_window(window).offsets))
    model.to(torch.device(device)).to(memory_format=torch.channels_last).eval()
    probability, intensity, stand_in = [], [], []
    with torch.inference_mode():
        for batch in face_loader(dataset, batch_size=size, workers=workers, chunk=model.chunk()):
            output = model(ready(batch.to(device), model.input))
            probability.append(output.probability.cpu().numpy())
            if output.intensity is not None:
                intensity.append(output.intensity.cpu().numpy())
            if output.stand_in is not None:
                stand_in.append(output.stand_in.cpu().numpy())
    places = np.searchsorted(dataset.rows, rows)

    def chosen(parts: list[NDArray[Any]]) -> NDArray[np.float32]:
        return np.concatenate(parts)[places].astype(np.float32)

    flags = np.concatenate(stand_in)[places] if stand_in else None
    return Prediction(chosen(probability), chosen(intensity) if intensity else None, flags)
