"""AU R-CNN over time: segments of time are proposed for every box, and told apart by the AU that they show.

What the paper leaves open, and what was chosen:

- An anchor is also right if no other overlaps a segment more, as in Faster R-CNN; the paper's lengths alone would leave
  short segments without one. Anchors that reach beyond the run take part.
- Anchors and proposals over a frame in which an AU of the box is not labelled are never examples of nothing.
- The optimiser is Adam.
"""

from __future__ import annotations

from torch import Tensor

from actionunits.errors import UsageError
from actionunits.facs import AUSetLike
from actionunits.geometry.face_regions import Lift
from actionunits.loading import InputRecipe
from actionunits.models.au_rcnn import Boxes, Loss, Merge, Neck, Norms, Streams
from actionunits.models.au_rcnn_over_time import AURCNNOverTime
from actionunits.models.box_timelines import BoxTimelines
from actionunits.models.layers.box_pool import Pooling
from actionunits.models.output import AUOutput
from actionunits.models.stages import Stage


class AURCNNTAL(AURCNNOverTime):
    """AU R-CNN with temporal action localisation; see the module's text.

    An AU is there in the frames inside of a segment of it that is kept, in a box that carries it.

    Args:
        aus: as :class:`~actionunits.models.au_rcnn.AURCNN`, like everything that is not named below.
        anchors: lengths of the segments to begin with, frames.
        channels: of the convolutions over time.
        depth: how many these are.
        width: of the hidden layers that see a segment.
        chunk: frames of a run.

    Raises:
        UsageError: a value is out of range.

    Source: AU R-CNN (Ma et al. 2019), section 4.5.3; numbers are its code's.
    """

    system = "au_rcnn_tal"
    own = frozenset({"anchors", "channels", "depth", "width", "chunk"})

    def __init__(
        self,
        aus: AUSetLike,
        *,
        input: InputRecipe | str = "aurcnn-512",
        backbone: str = "resnet101",
        backbone_weights: str | None = None,
        streams: Streams = "picture_and_flow",
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
        anchors: tuple[int, ...] = (30, 40, 65, 70, 120, 140, 180),
        channels: int = 1024,
        depth: int = 10,
        width: int = 1024,
        chunk: int = 500,
    ) -> None:
        super().__init__(
            aus,
            input=input,
            backbone=backbone,
            backbone_weights=backbone_weights,
            streams=streams,
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
        if not anchors or min(*anchors, channels, depth, width, chunk) < 1:
            reason = f"anchors={anchors}, channels={channels}, depth={depth}, width={width}, chunk={chunk}: 1 or more"
            raise UsageError(self.system, reason, "Correct these settings")
        self.tal = BoxTimelines(
            self._feature_count, self.carries, channels=channels, depth=depth, lengths=anchors, width=width
        )
        self._add_stage(Stage("tal", rates={"tal": 1e-4}, epochs=20, batch=chunk, schedule="step", milestones=(10,)))

    def over_time(self, features: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Evidence, and of the K anchors of each box ``anchor_logits``, (R, K), and ``anchor_offsets``, (R, K, 2)."""
        evidence, logits, offsets = self.tal(features)
        return evidence, {"anchor_logits": logits, "anchor_offsets": offsets}

    def loss_over_time(self, output: AUOutput, occurrence: Tensor) -> dict[str, Tensor]:
        """``proposal`` and ``proposal_offset`` of anchors, ``segment`` and ``segment_offset`` of proposals."""
        names = ("box_features", "anchor_logits", "anchor_offsets")
        features, logits, offsets = (output.parts[name] for name in names)
        return self.tal.loss(features.float(), logits, offsets, occurrence)
