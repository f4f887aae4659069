"""CRFs over the boxes of a run of frames."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Literal

import torch
from torch import Tensor, nn

from actionunits.models.evidence import ABSENT, never_found
from actionunits.models.label_splits import LabelSplit
from actionunits.models.layers.pairwise_crf import Graph, PairwiseCRF

Edges = Literal["alike", "apart"]


class BoxCRFs(nn.Module):
    """CRFs over the boxes of a run of frames, each with labels of its own.

    Args:
        features: D, of a box.
        count: A, action units.
        splits: U of them, the labels of each.
        compete: of those in which a box shows an AU, the surest decides about it; else each decides about its AUs.
        edges: have tables ``alike``, or by their kind ``apart``.
        iterations: rounds of belief propagation.
    """

    def __init__(
        self, features: int, count: int, splits: Sequence[LabelSplit], *, compete: bool, edges: Edges, iterations: int
    ) -> None:
        super().__init__()
        self.count, self.splits, self.compete, self.kinds = count, tuple(splits), compete, 1 if edges == "alike" else 2
        self.each = nn.ModuleList(
            PairwiseCRF(features, 1 + len(split.aus), kinds=self.kinds, iterations=iterations) for split in splits
        )

    def scores(self, features: Tensor) -> Tensor:
        """What the boxes say of themselves, (N, R, D) to (N, R, sum of the CRFs' labels)."""
        return torch.cat([crf(features) for crf in self.each], dim=-1)

    def forward(self, scores: Tensor) -> Tensor:
        """Evidence for every AU in every box, from what the boxes say, (N, R, sum of labels) to (N, R, A)."""
        frames, boxes = scores.shape[:2]
        found, surety = [], []
        for split, crf, own in self._parts(scores):
            beliefs = crf.beliefs(own.flatten(0, 1), self._graph(own)).nodes  # (N * boxes of the split, Y)
            evidence = scores.new_full((frames, boxes, self.count), ABSENT)
            sure = scores.new_full((frames, boxes), -torch.inf)
            evidence[:, list(split.boxes)] = torch.unflatten(self._evidence(beliefs, split), 0, own.shape[:2])
            asked = [box for box, au in zip(split.boxes, split.au_of_box, strict=True) if au is not None]
            sure[:, asked] = beliefs.amax(dim=1).view(own.shape[:2])[:, [split.boxes.index(box) for box in asked]]
            found.append(evidence)
            surety.append(sure)
        evidence = torch.stack(found)  # (U, N, R, A)
        if self.compete:
            chosen = torch.stack(surety).argmax(dim=0) == torch.arange(len(found), device=scores.device)[:, None, None]
            evidence = torch.where(chosen[..., None], evidence, never_found(evidence))
        return evidence.amax(dim=0)

    def loss(self, scores: Tensor, occurrence: Tensor) -> Tensor:
        """Minus the log-likelihood of the labels, mean over the boxes whose label is known, added up over the CRFs.

        Args:
            scores: (N, R, sum of labels).
            occurrence: (N, A).
        """
        total = scores.new_zeros(())
        for split, crf, own in self._parts(scores):
            labels = self._labels(split, occurrence).flatten()  # (N * boxes of the split,)
            surprise = crf.surprise(own.flatten(0, 1), self._graph(own), labels)
            total = total + surprise / (labels >= 0).sum().clamp(min=1)
        return total

    def _parts(self, scores: Tensor) -> list[tuple[LabelSplit, PairwiseCRF, Tensor]]:
        """Each CRF with what its boxes say, (N, boxes of the split, Y)."""
        sizes = [1 + len(split.aus) for split in self.splits]
        each = zip(self.splits, self.each, torch.split(scores, sizes, dim=-1), strict=True)
        return [(split, crf, own[:, list(split.boxes)]) for split, crf, own in each]  # type: ignore[misc]

    def _graph(self, own: Tensor) -> Graph:
        """Of the boxes of a run, frame by frame, (N, R, Y): between boxes of a frame, then from frame to frame."""
        frames, boxes = own.shape[:2]
        node = torch.arange(frames * boxes, device=own.device).view(frames, boxes)
        pairs = torch.tensor(list(combinations(range(boxes), 2)), dtype=torch.int64, device=own.device).view(-1, 2)
        within = node[:, pairs].flatten(0, 1).T  # (2, N * R (R - 1) / 2)
        across = torch.stack([node[:-1].flatten(), node[1:].flatten()])  # (2, (N - 1) * R)
        kinds = torch.zeros(within.shape[1] + across.shape[1], dtype=torch.int64, device=own.device)
        if self.kinds == 2:
            kinds[within.shape[1] :] = 1
        return Graph(torch.cat([within, across], dim=1), kinds)

    def _evidence(self, beliefs: Tensor, split: LabelSplit) -> Tensor:
        """Of each AU's label over the likeliest other one, (V, Y) to (V, A)."""
        first, second = beliefs.topk(2, dim=1).values.unbind(dim=1)  # (V,)
        rival = torch.where(beliefs == first[:, None], second[:, None], first[:, None])
        evidence = beliefs.new_full((beliefs.shape[0], self.count), ABSENT)
        evidence[:, list(split.aus)] = (beliefs - rival)[:, 1:]
        return evidence

    def _labels(self, split: LabelSplit, occurrence: Tensor) -> Tensor:
        """The label of every box, (N, boxes of the split): -1 where that of its AU is unknown, or all are."""
        nothing = torch.where((occurrence >= 0).any(dim=1), 0, -1)  # (N,)
        columns = []
        for au, label in zip(split.au_of_box, split.label_of_box(), strict=True):
            shown = nothing if au is None else occurrence[:, au].long()
            columns.append(torch.where(shown > 0, label, shown))
        return torch.stack(columns, dim=1)
