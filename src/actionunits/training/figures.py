"""The figures of a training: means of the loss over batches, and scores of the faces to choose on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed

from actionunits.loading import FaceBatch
from actionunits.metrics import auroc, average, decide, f1, icc31
from actionunits.models import AUOutput

Figures = dict[str, float]


class Means:
    """Means of named numbers over faces, summed where they are until they are asked for."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._faces = 0

    def add(self, terms: Mapping[str, Tensor], faces: int) -> None:
        """Take in the means of one batch."""
        for name, value in terms.items():
            self._sums[name] = self._sums.get(name, 0) + value.detach().double() * faces
        self._faces += faces

    def take(self) -> Figures:
        """The means of everything since the last time, over all processes; empty if there was nothing."""
        parts = _from_all(({name: float(value) for name, value in self._sums.items()}, self._faces))
        self._sums, self._faces = {}, 0
        faces = sum(each for _, each in parts)
        return {name: sum(sums[name] for sums, _ in parts) / faces for name in parts[0][0]} if faces else {}


class Answers:
    """What a model says of faces that come in batches, from which it is scored.

    Args:
        columns: places of the AUs that count.
    """

    def __init__(self, columns: tuple[int, ...]) -> None:
        self._columns = list(columns)
        self._parts: list[tuple[NDArray[Any], ...]] = []

    def add(self, output: AUOutput, batch: FaceBatch) -> None:
        """Take in one batch of N faces and all action units."""
        said = output.intensity
        unsaid = torch.full_like(output.logits, torch.nan, dtype=torch.float32)
        by_au = (batch.occurrence, batch.intensity, output.probability, unsaid if said is None else said)
        kept = (each[:, self._columns] for each in by_au)  # (N, A) each
        self._parts.append(tuple(each.cpu().numpy() for each in (batch.row, *kept)))

    def take(self) -> Figures:
        """The scores of everything since the last time, over all processes: ``f1``, ``auroc`` and ``icc``.

        Each is the mean over AUs, NaN where it is not defined for any. A face that two processes saw, as happens at the
        end of an epoch, counts once.
        """
        parts = [part for parts in _from_all(self._parts) for part in parts]
        self._parts = []
        row, occurrence, intensity, probability, level = (np.concatenate(each) for each in zip(*parts, strict=True))
        once = np.unique(row, return_index=True)[1]
        occurrence, intensity, probability, level = (each[once] for each in (occurrence, intensity, probability, level))
        return {
            "f1": average(f1(occurrence, decide(probability))),
            "auroc": average(auroc(occurrence, probability)),
            "icc": average(icc31(intensity, level)),
        }


def _from_all(mine: Any) -> list[Any]:
    """The same of every process."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return [mine]
    found: list[Any] = [None] * distributed.get_world_size()
    distributed.all_gather_object(found, mine)
    return found
