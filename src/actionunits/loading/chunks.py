"""Chunks: runs of consecutive frames of a sequence, for systems that look at these together."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch.utils.data import Dataset

from actionunits.errors import ActionUnitsError, UsageError
from actionunits.loading.batch import FaceBatch
from actionunits.loading.dataset import FaceDataset, Pick
from actionunits.loading.frames import Rows


class Chunks(Dataset[Any]):
    """The frames of a data set, each sequence cut into runs; a run is a batch, in the order of time.

    Args:
        dataset: whose frames; one that it has twice comes once.
        length: frames of a run; the last one of a sequence may have fewer.

    Attributes:
        dataset: the same.
        seed: of the data set.
        places: of each run's frames in the data set.

    Raises:
        UsageError: the length is below 1.
    """

    def __init__(self, dataset: FaceDataset, length: int) -> None:
        if length < 1:
            raise UsageError(f"chunk={length}", "cannot be", "Use 1 or more frames")
        self.dataset, self.seed = dataset, dataset.seed
        rows, places = np.unique(dataset.rows, return_index=True)
        self.places = _cut(dataset.frames.sequences(rows), places, length)

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, pick: Pick) -> FaceBatch | ActionUnitsError:
        """A run, by its number; an error is given back for :class:`~actionunits.loading.loader.FaceLoader` to raise."""
        return self.dataset.__getitems__([Pick(place, pick.epoch) for place in self.places[pick.place].tolist()])


def _cut(sequences: Rows, places: Rows, length: int) -> list[Rows]:
    """The places in runs.

    Args:
        sequences: (N,) numbers, equal ones side by side.
        places: (N,).
        length: of a run, at most.
    """
    _, starts, sizes = np.unique(sequences, return_index=True, return_counts=True)
    return [
        places[first : min(first + length, start + size)]
        for start, size in zip(starts.tolist(), sizes.tolist(), strict=True)
        for first in range(start, start + size, length)
    ]
