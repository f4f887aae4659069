"""AU R-CNN over time: an LSTM of maps reads each box through ten frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from actionunits.errors import UsageError
from actionunits.facs import AUSetLike
from actionunits.geometry.face_regions import Lift
from actionunits.loading import FaceBatch, InputRecipe
from actionunits.models.au_rcnn import AURCNN, Boxes, Loss, Merge, Norms
from actionunits.models.layers.box_pool import Pooling
from actionunits.models.layers.conv_lstm import ConvLSTM
from actionunits.models.output import AUOutput
from actionunits.models.stages import Stage

_WINDOW = "clip-10x5"
_OF_SEQUENCES = frozenset({"states", "reading", "shared_kernel", "reduce"})


class AURCNNConvLSTM(AURCNN):
    """AU R-CNN with a ConvLSTM over the frame and the nine before it, five apart.

    It learns from all ten frames, and tells of the last. The stage ``train`` is AU R-CNN's own, which the paper leaves
    out and the light tier does not; ``sequence`` trains everything.

    Args:
        aus: as :class:`~actionunits.models.au_rcnn.AURCNN`, like everything that is not named below.
        states: H, channels of the LSTM's state.
        reading: width of the layer between the last state and the logits.
        shared_kernel: one LSTM for all boxes instead of one for each; not the paper's.
        reduce: channels that a convolution first makes of a box's; None for none; not the paper's.

    Raises:
        UsageError: a value is out of range.

    Source: AU R-CNN (Ma et al. 2019), section 3.4.1; sizes are its code's.
    """

    system = "au_rcnn_conv_lstm"

    def __init__(
        self,
        aus: AUSetLike,
        *,
        input: InputRecipe | str = "aurcnn-512",
        backbone: str = "resnet101",
        backbone_weights: str | None = None,
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
        states: int = 256,
        reading: int = 2048,
        shared_kernel: bool = False,
        reduce: int | None = None,
    ) -> None:
        super().__init__(
            aus,
            input=input,
            backbone=backbone,
            backbone_weights=backbone_weights,
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
        if backbone.startswith("vgg"):
            raise UsageError(f"backbone {backbone}", "has no maps of boxes here", "Choose a ResNet")
        if min(states, reading, reduce or 1) < 1:
            reason = f"states={states}, reading={reading} and reduce={reduce} must be 1 or more"
            raise UsageError(self.system, reason, "Correct these settings")
        self.sequence = BoxSequence(
            1 if shared_kernel else len(self.boxes.rule),
            *self.map_shape,
            states=states,
            reading=reading,
            reduce=reduce,
            count=len(self.aus),
        )
        (first,) = self.stages
        rates = {name: rate for name, rate in first.rates.items() if name != "head"}
        together = replace(first, name="sequence", rates={**rates, "sequence": 1e-3})
        self.stages: tuple[Stage, ...] = (replace(first, epochs=0), together)

    def window(self, stage: str | None = None) -> str | None:
        """Ten frames, but for the first stage, which looks at single ones."""
        return None if stage == "train" else _WINDOW

    def forward(self, batch: FaceBatch) -> AUOutput:
        """Find the AUs in N faces; without a clip, from the frame alone, as the first of a sequence.

        Returns:
            As :meth:`AURCNN.forward`, ``box_logits`` (N, T, R, A) in training, and no ``box_features``.
        """
        if self.stage == "train":
            return super().forward(batch)
        clip = batch.clip
        image = batch.image[:, None] if clip is None else clip.image  # (N, T, 3, S, S)
        landmarks = batch.landmarks[:, None] if clip is None else clip.landmarks  # (N, T, 68, 2)
        times = image.shape[1]
        rotation = batch.rotation[:, None].expand(-1, times).flatten()
        boxes, stand_in = self.chosen_boxes(landmarks.flatten(0, 1), rotation)  # (N * T, R, 4)
        maps = self.box_maps(image.flatten(0, 1), boxes)  # (N * T * R, D, h, w)
        maps = torch.unflatten(maps, 0, (-1, times, boxes.shape[1]))
        last, by_box = self.sequence(maps)  # (N, T, R, F), (N, T, R, A)
        of_frame = {"boxes": boxes, "mean_box": stand_in}
        parts = {name: torch.unflatten(each, 0, (-1, times))[:, -1] for name, each in of_frame.items()}
        parts["box_logits"] = by_box if self.training else by_box[:, -1]
        if not self.training:
            parts["features"] = last[:, -1].mean(dim=1)
        return AUOutput(self.merged(by_box[:, -1]), parts=parts, stand_in=parts["mean_box"].any(dim=1))

    def loss(self, output: AUOutput, batch: FaceBatch) -> dict[str, Tensor]:
        """``occurrence``, over all frames of the clips, where the output has them."""
        by_box = output.parts["box_logits"]
        if by_box.ndim == 3:
            return super().loss(output, batch)
        occurrence = batch.occurrence[:, None] if batch.clip is None else batch.clip.occurrence  # (N, T, A)
        flat = replace(output, parts={**output.parts, "box_logits": by_box.flatten(0, 1)})
        return super().loss(flat, replace(batch, occurrence=occurrence.flatten(0, 1)))

    def stage_settings(self, stage: str) -> Mapping[str, Any]:
        """For the first stage, those of an AU R-CNN."""
        settings = super().stage_settings(stage)
        if stage != "train":
            return {**settings, "system": self.system}
        return {name: value for name, value in settings.items() if name not in _OF_SEQUENCES}


class BoxSequence(nn.Module):
    """A ConvLSTM over the maps of each box, and two linear layers that read its states.

    Args:
        boxes: R, or 1 for weights that all share.
        inputs: channels of a box's map.
        side: of the map, cells.
        states: H.
        reading: F, width of the first linear layer.
        reduce: channels that a 1 x 1 convolution first makes; None for no such layer.
        count: A, logits.
    """

    def __init__(
        self, boxes: int, inputs: int, side: int, *, states: int, reading: int, reduce: int | None, count: int
    ) -> None:
        super().__init__()
        self.reduce = None if reduce is None else nn.Conv2d(inputs, reduce, 1)
        self.lstm = ConvLSTM(boxes, reduce or inputs, states)
        self.read = nn.Linear(states * side**2, reading)
        self.score = nn.Linear(reading, count)

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """Maps, (N, T, R, D, h, w), to features, (N, T, R, F), and logits, (N, T, R, A)."""
        if self.reduce is not None:
            maps = torch.unflatten(self.reduce(maps.flatten(0, 2)), 0, maps.shape[:3])
        features = self.read(self.lstm(maps).flatten(3))
        return features, self.score(features)
