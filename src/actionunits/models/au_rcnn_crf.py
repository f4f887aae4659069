"""AU R-CNN over time: a conditional random field over the boxes of all frames.

What the paper leaves open:

- Every CRF gives a box one label, and a box has several AUs. ``splits``, as the code does it: several CRFs, each of which
  knows one AU per box; the most confident one decides about a box. ``alone``: a CRF for each AU, which is our own.
- A box's evidence for an AU is the logarithm of its marginal over that of the likeliest other label; of a CRF that does
  not decide it counts as never above 0. The largest of the boxes is the AU's logit.
- The parameter count that is printed, 45,540, has room for one table: edges in time and between boxes share it
  (``edges="alike"``), or have one each (``"apart"``), as the code has it.
- Of the gradient, the mean over the boxes is taken, so that clipping does not depend on the length of a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Literal

import torch
from torch import Tensor, nn

from actionunits.facs import AUSetLike
from actionunits.geometry.face_regions import Lift
from actionunits.loading import InputRecipe
from actionunits.models.au_rcnn import Boxes, Loss, Merge, Neck, Norms
from actionunits.models.au_rcnn_over_time import AURCNNOverTime, never_found
from actionunits.models.label_splits import LabelSplit, one_au_alone, one_au_each
from actionunits.models.layers.box_pool import Pooling
from actionunits.models.layers.pairwise_crf import Graph, PairwiseCRF
from actionunits.models.output import AUOutput
from actionunits.models.stages import Stage

Labels = Literal["splits", "alone"]
Edges = Literal["alike", "apart"]

_ABSENT = -20.0  # evidence for an AU that no label stands for


class AURCNNCRF(AURCNNOverTime):
    """AU R-CNN with a CRF; see the module's text.

    Nodes are the boxes of a run of frames, with their features. Edges are between the same box in frames that follow
    each other, and between all boxes of a frame.

    Args:
        aus: as :class:`~actionunits.models.au_rcnn.AURCNN`, like everything that is not named below.
        labels: what a CRF tells apart; see :func:`~actionunits.models.label_splits.one_au_each` and
            :func:`~actionunits.models.label_splits.one_au_alone`.
        edges: have tables ``alike``, or by their kind ``apart``.
        iterations: rounds of belief propagation.
        chunk: frames of a run.

    Raises:
        UsageError: a value is out of range.

    Source: AU R-CNN (Ma et al. 2019), section 4.5.4; the training is its code's.
    """

    system = "au_rcnn_crf"
    own = frozenset({"labels", "edges", "iterations", "chunk"})

    def __init__(
        self,
        aus: AUSetLike,
        *,
        input: InputRecipe | str = "aurcnn-512",
        backbone: str = "resnet101",
        backbone_weights: str | None = None,
        neck: Neck = "none",
        tail: bool = True,
        pool: int | None = None,
        pooling: Pooling = "max",
        hidden: int = 1000,
        boxes: Boxes = "landmarks",
        lift: Lift = "pixels",
        loss: Loss = "hnm",
        negatives: int = 3,
        mask_impossible: bool = False,
        norms: Norms = "batch",
        merge: Merge = "carrying",
        labels: Labels = "splits",
        edges: Edges = "alike",
        iterations: int = 10,
        chunk: int = 100,
    ) -> None:
        super().__init__(
            aus,
            input=input,
            backbone=backbone,
            backbone_weights=backbone_weights,
            neck=neck,
            tail=tail,
            pool=pool,
            pooling=pooling,
            hidden=hidden,
            boxes=boxes,
            lift=lift,
            loss=loss,
            negatives=negatives,
            mask_impossible=mask_impossible,
            norms=norms,
            merge=merge,
        )
        rule = self.boxes.rule
        splits = one_au_each(rule) if labels == "splits" else one_au_alone(rule)
        self.crf = BoxCRFs(
            self.feature_count, len(self.aus), splits, compete=labels == "splits", edges=edges, iterations=iterations
        )
        self._read(
            Stage(
                "crf",
                rates={"crf": 0.1},
                epochs=40,
                batch=chunk,
                optimizer="sgd",
                momentum=0.0,
                weight_decay=5e-4,
                clip=5.0,
            )
        )

    def over_time(self, features: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Evidence, and ``scores``, what the boxes say of themselves to each CRF, one after the other, (N, R, sum Y)."""
        scores = self.crf.scores(features)
        return self.crf(scores), {"scores": scores}

    def loss_over_time(self, output: AUOutput, occurrence: Tensor) -> dict[str, Tensor]:
        """``occurrence``: minus the log-likelihood of a box's labels, mean over the boxes, sum over the CRFs."""
        occurrence = self.crf.loss(output.parts["scores"], occurrence)
        return {"occurrence": occurrence, "total": occurrence}


class BoxCRFs(nn.Module):
    """CRFs over the boxes of a run of frames, each with labels of its own.

    Args:
        features: D, of a box.
        count: A, action units.
        splits: U of them, the labels of each.
        compete: the one that is surest about a box decides about it; else each decides about its AUs.
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
            evidence = scores.new_full((frames, boxes, self.count), _ABSENT)
            sure = scores.new_full((frames, boxes), -torch.inf)
            evidence[:, split.boxes, :] = self._evidence(beliefs, split).unflatten(0, own.shape[:2])
            sure[:, split.boxes] = beliefs.amax(dim=1).view(own.shape[:2])
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
        each = zip(self.splits, self.each, scores.split(sizes, dim=-1), strict=True)
        return [(split, crf, own[:, split.boxes]) for split, crf, own in each]  # type: ignore[misc]

    def _graph(self, own: Tensor) -> Graph:
        """Of the boxes of a run, frame by frame, (N, R, Y): between boxes of a frame, then from frame to frame."""
        frames, boxes = own.shape[:2]
        node = torch.arange(frames * boxes, device=own.device).view(frames, boxes)
        pairs = torch.tensor(list(combinations(range(boxes), 2)), device=own.device).view(-1, 2)
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
        evidence = beliefs.new_full((beliefs.shape[0], self.count), _ABSENT)
        evidence[:, split.aus] = (beliefs - rival)[:, 1:]
        return evidence

    def _labels(self, split: LabelSplit, occurrence: Tensor) -> Tensor:
        """The label of every box, (N, boxes of the split): -1 where that of its AU is unknown."""
        columns = []
        for au, label in zip(split.au_of_box, split.label_of_box(), strict=True):
            shown = torch.zeros_like(occurrence[:, 0]) if au is None else occurrence[:, au]
            columns.append(torch.where(shown > 0, label, shown.long()))
        return torch.stack(columns, dim=1)
