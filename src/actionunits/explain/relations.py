"""How strongly the action units of a model listen to each other, as a matrix and as a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from actionunits.facs import AUSet
from actionunits.loading import FaceBatch
from actionunits.models import AUModel
from actionunits.viz.charts import heat_map
from actionunits.viz.palette import Picture


@dataclass(frozen=True, eq=False)
class Relations:
    """A matrix of relations.

    Attributes:
        values: (A, A) float64; row: the AU that listens, column: the one that it listens to.
        aus: rows and columns.
        kind: what the numbers are.
    """

    values: NDArray[np.float64]
    aus: AUSet
    kind: str

    def picture(self, title: str, note: str = "") -> Picture:
        """A heat map, (H, W, 3) uint8 RGB; its strongest colour stands for the largest value off the diagonal."""
        off = ~np.eye(len(self.aus), dtype=bool)
        strongest = float(np.nanmax(np.abs(self.values[off]), initial=0.0))
        names = [str(au) for au in self.aus]
        return heat_map(self.values, names, title, note=note or self.kind, limit=strongest or 1.0)


def relations_of(model: AUModel, batch: FaceBatch | None = None) -> Relations | None:
    """The relations that a model has learned, or those that it sees in some faces.

    RE-Net has a graph, the same for every face. LoRRaL attends to other AUs anew in each face: the matrix is the mean
    of its attention over heads and faces.

    Args:
        model: to look into.
        batch: normalised faces; None where only a graph is asked for.

    Returns:
        None for a model without relations, or with attention and no faces to attend to.
    """
    graph = model.relations()
    if graph is not None:
        return Relations(_plain(graph), model.aus, "weight of the column's AU in the row's")
    if batch is None:
        return None
    was = model.training
    model.eval()
    with torch.no_grad():
        attention = model(batch).parts.get("attention")  # (N, heads, A, A)
    model.train(was)
    if attention is None:
        return None
    return Relations(
        _plain(attention.mean(dim=(0, 1))), model.aus, f"attention of the row's AU to the column's, {len(batch)} faces"
    )


def _plain(values: torch.Tensor) -> NDArray[np.float64]:
    return np.asarray(values.detach().double().cpu().numpy(), np.float64)
