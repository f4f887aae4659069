"""AU R-CNN over time: a conditional random field over the boxes of all frames.

What the paper leaves open:

- Every CRF gives a box one label, and a box has several AUs. ``repo_splits``, as the code does it: several CRFs, each
  of which knows one AU per box; of those that know one for a box the most confident decides about it. AUs of one box
  are then never found together, and the printed results of AU 10 and AU 12, which mostly occur together, are hardly so
  to be had; ``decide="each"`` lets every CRF decide about its own AUs. ``binary``: a CRF for each AU, our own.
- A box's evidence for an AU is the logarithm of its marginal over that of the likeliest other label; of a CRF that does
  not decide it counts as never above 0. The largest of the boxes is the AU's logit.
- The parameter count that is printed, 45,540, has room for one table: edges in time and between boxes share it
  (``edges="alike"``), or have one each (``"apart"``), as the code has it.
- Of the gradient, the mean over the boxes is taken, so that clipping does not depend on the length of a run.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from actionunits.errors import UsageError
from actionunits.facs import AUSetLike
from actionunits.geometry.face_regions import Lift
from actionunits.loading import InputRecipe
from actionunits.models.au_rcnn import Boxes, Loss, Merge, Neck, Norms
from actionunits.models.au_rcnn_over_time import AURCNNOverTime
from actionunits.models.box_crfs import BoxCRFs, Edges
from actionunits.models.label_splits import one_au_alone, one_au_each
from actionunits.models.layers.box_pool import Pooling
from actionunits.models.output import AUOutput
from actionunits.models.stages import Stage

Mode = Literal["repo_splits", "binary"]
Decide = Literal["surest", "each"]


class AURCNNCRF(AURCNNOverTime):
    """AU R-CNN with a CRF; see the module's text.

    Nodes are the boxes of a run of frames, with their features. Edges are between the same box in frames that follow
    each other, and between all boxes of a frame.

    Args:
        aus: as :class:`~actionunits.models.au_rcnn.AURCNN`, like everything that is not named below.
        mode: what a CRF tells apart; see :func:`~actionunits.models.label_splits.one_au_each` and
            :func:`~actionunits.models.label_splits.one_au_alone`.
        decide: about a box, of several CRFs: the ``surest``, or ``each`` about its AUs; without meaning for ``binary``.
        edges: have tables ``alike``, or by their kind ``apart``.
        iterations: rounds of belief propagation.
        chunk: frames of a run.

    Raises:
        UsageError: a value is out of range.

    Source: AU R-CNN (Ma et al. 2019), section 4.5.4; the training is its code's.
    """

    system = "au_rcnn_crf"
    own = frozenset({"mode", "decide", "edges", "iterations", "chunk"})
    at_work = frozenset({"decide"})

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
        hidden: int | None = None,
        boxes: Boxes = "landmarks",
        lift: Lift = "pixels",
        loss: Loss = "hnm",
        negatives: int = 3,
        mask_impossible: bool = False,
        norms: Norms = "batch",
        merge: Merge = "carrying",
        mode: Mode = "repo_splits",
        decide: Decide = "surest",
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
        if min(iterations, chunk) < 1:
            raise UsageError(f"iterations={iterations}, chunk={chunk}", "must be 1 or more", "Correct these settings")
        rule = self.boxes.rule
        splits = one_au_each(rule) if mode == "repo_splits" else one_au_alone(rule)
        self.crf = BoxCRFs(
            self._feature_count,
            len(self.aus),
            splits,
            compete=mode == "repo_splits" and decide == "surest",
            edges=edges,
            iterations=iterations,
        )
        self._add_stage(
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
        """Evidence, and ``scores``, what the boxes say of themselves to all CRFs, (N, R, sum of labels)."""
        scores = self.crf.scores(features)
        return self.crf(scores), {"scores": scores}

    def loss_over_time(self, output: AUOutput, occurrence: Tensor) -> dict[str, Tensor]:
        """``occurrence``: minus the log-likelihood of a box's labels, mean over the boxes, sum over the CRFs."""
        occurrence = self.crf.loss(output.parts["scores"], occurrence)
        return {"occurrence": occurrence, "total": occurrence}
