"""AU R-CNN (Ma et al. 2019): a detector of action units that looks at fixed boxes of expert knowledge.

picture, stem --- map, once ---+
landmarks --- R boxes ---------+-- pooled boxes, head --- logits of every box --- the largest of those that carry the AU

With two streams, the optical flow around the frame goes through a stem of its own, and its boxes join the picture's.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any, Literal

import torch
from timm.layers.norm_act import freeze_batch_norm_2d
from torch import Tensor, nn
from torchvision.ops import FeaturePyramidNetwork  # type: ignore[import-untyped]

from actionunits.errors import UsageError
from actionunits.facs import AUSetLike
from actionunits.geometry.face_regions import Lift
from actionunits.loading import FaceBatch, InputRecipe, get_window
from actionunits.losses.hard_negatives import box_bce, hard_negative_bce
from actionunits.models.backbones import create_backbone
from actionunits.models.base import AUModel, Batches
from actionunits.models.box_layers import flow_twin, make_layers, make_pyramid_layers
from actionunits.models.layers.box_pool import BoxPool, Pooling
from actionunits.models.layers.face_boxes import FaceBoxes
from actionunits.models.output import AUOutput
from actionunits.models.stages import Stage

Boxes = Literal["landmarks", "mean"]
Neck = Literal["none", "fpn"]
Loss = Literal["hnm", "bce"]
Norms = Literal["batch", "frozen"]
Merge = Literal["carrying", "all"]
Streams = Literal["picture", "picture_and_flow"]

_PYRAMID_CHANNELS = 256
_FLOW = "flow-10"
_AT_WORK = ("boxes", "merge")
"""Settings that only matter when it predicts."""


class AURCNN(AUModel):
    """AU R-CNN on single pictures. Defaults are the paper's; where it is silent, its code's.

    A face with unknown landmarks, or partly outside the picture, gets mean boxes where its own are missing; the part
    ``mean_box`` of what it gives back says where.

    Args:
        aus: action units to find; each must belong to one of the eight groups.
        input: what it sees: a whole crop of AU R-CNN's, at any size.
        backbone: of :data:`~actionunits.models.backbones.BACKBONES`.
        backbone_weights: that training begins with; of files, the classifier's layers too, as far as the head has them.
        streams: ``picture_and_flow`` looks at ten fields of optical flow too, in the boxes of the picture.
        neck: ``fpn`` pools each box from the level of a feature pyramid that fits its size.
        tail: the backbone's layers from stride 16 on look at each box, as in the paper; without, linear layers do.
        pool: cells along the side of a pooled box; None for 14, and 7 for VGG and the pyramid.
        pooling: ``max``, Fast R-CNN's, or ``align``, bilinear samples.
        hidden: width of the layer before the logits; None for 1000, and 1024 with two streams; the pyramid has its own.
        boxes: ``mean`` takes the mean boxes of the training faces when it predicts; training is the same.
        lift: how the corners above the brows are placed; see :func:`actionunits.geometry.face_regions.crop_lift`.
        loss: ``hnm`` chooses among the many zeros, as the code does; ``bce`` takes all, as the paper's Eq. 1.
        negatives: zeros for each one, with ``hnm``.
        mask_impossible: AUs that a box does not carry have no part in the loss; else they are zeros there.
        norms: ``frozen`` leaves the batch norms as the weights have them.
        merge: an AU is there if a box that carries it says so (``carrying``), or any box (``all``).

    Raises:
        UsageError: a value is out of range, or the input is no whole crop of AU R-CNN's.

    Source: AU R-CNN (Ma, Chen & Yong, Neurocomputing 2019).
    """

    system = "au_rcnn"
    carries: Tensor

    def __init__(
        self,
        aus: AUSetLike,
        *,
        input: InputRecipe | str = "aurcnn-512",
        backbone: str = "resnet101",
        backbone_weights: str | None = None,
        streams: Streams = "picture",
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
    ) -> None:
        super().__init__(aus, input)
        _require_crop(self.input)
        self.two_streams = streams == "picture_and_flow"
        hidden = (1024 if self.two_streams else 1000) if hidden is None else hidden
        if hidden < 1 or negatives < 1 or (pool is not None and pool < 1):
            reason = f"hidden={hidden}, negatives={negatives} and pool={pool} must be 1 or more"
            raise UsageError(self.system, reason, "Correct these settings")
        count, pyramid, vgg = len(self.aus), neck == "fpn", backbone.startswith("vgg")
        cells = pool or (7 if pyramid or vgg else 14)
        if vgg and (pyramid or self.two_streams):
            reason = "has neither a pyramid nor two streams here"
            raise UsageError(f"backbone {backbone}", reason, "Choose a ResNet, or --set model.neck=none")
        if pyramid and self.two_streams:
            raise UsageError("neck='fpn'", "does not go with two streams", "Choose --set model.neck=none")
        self.stem = create_backbone(backbone, weights=backbone_weights, stride=32 if pyramid else 16)
        if pyramid:
            self.neck = FeaturePyramidNetwork(list(self.stem.map_channels), _PYRAMID_CHANNELS)
            layers = make_pyramid_layers(_PYRAMID_CHANNELS, cells, count)
        else:
            layers = make_layers(
                backbone, backbone_weights, stem=self.stem, pool=cells, tail=tail, hidden=hidden, count=count
            )
        if layers.tail is not None:
            self.tail = layers.tail
        self.head, self.flatten, self.map_shape = layers.head, layers.flatten, (layers.channels, layers.side)
        if self.two_streams:
            self.flow_stem = flow_twin(self.stem, 2 * len(get_window(_FLOW).offsets))
            if layers.tail is not None:
                self.flow_tail = copy.deepcopy(layers.tail)
            self.fuse = nn.Conv2d(2 * layers.channels, layers.channels, 1, bias=False)
        if norms == "frozen":
            for name in {"stem", "tail", "flow_stem", "flow_tail"} & dict(self.named_children()).keys():
                self.set_submodule(name, freeze_batch_norm_2d(self.get_submodule(name)))  # type: ignore[no-untyped-call]
        self.stages = (_stage(list(dict(self.named_children()))),)
        self.boxes = FaceBoxes(self.aus, self.input.output, lift)
        self.pool = BoxPool(cells, pooling)
        self.register_buffer("carries", torch.from_numpy(self.boxes.rule.carries()), persistent=False)  # (R, A)
        self.kind, self.negatives, self.mask_impossible, self.merge = loss, negatives, mask_impossible, merge
        self.mean_boxes = boxes == "mean"
        self.needs_landmarks = not self.mean_boxes

    def forward(self, batch: FaceBatch) -> AUOutput:
        """Find the AUs in N faces.

        Returns:
            Logits, with the parts ``box_logits``, (N, R, A); ``boxes``, (N, R, 4), left, top, right, bottom, pixels;
            ``mean_box``, (N, R) bool, where a mean box stood in for one that was wanted; and in eval mode
            ``box_features``, (N, R, D), what the linear layers see, and ``features``, (N, H), the mean over the boxes
            of what the logits are read from.
        """
        boxes, stand_in = self.chosen_boxes(batch.landmarks, batch.rotation)  # (N, R, 4), (N, R)
        features = self.box_features(batch.image, boxes, batch.flow)  # (N, R, D)
        last = self.head.last(features)  # (N, R, H)
        by_box = self.head.score(last)  # (N, R, A)
        parts = {"box_logits": by_box, "boxes": boxes, "mean_box": stand_in}
        if not self.training:
            parts |= {"box_features": features, "features": last.mean(dim=1)}
        return AUOutput(self.merged(by_box), parts=parts, stand_in=stand_in.any(dim=1))

    def chosen_boxes(self, landmarks: Tensor, rotation: Tensor) -> tuple[Tensor, Tensor]:
        """As :class:`~actionunits.models.layers.face_boxes.FaceBoxes`, or the mean ones where these are asked for."""
        boxes, stand_in = self.boxes(landmarks, rotation)  # (N, R, 4), (N, R)
        if self.mean_boxes and not self.training:
            return self.boxes.mean.expand_as(boxes), torch.zeros_like(stand_in)
        return boxes, stand_in

    def flow_window(self, stage: str | None = None) -> str | None:
        """Ten fields, five before the frame, where it has two streams."""
        return _FLOW if self.two_streams else None

    def box_maps(self, image: Tensor, boxes: Tensor, flow: Tensor | None = None) -> Tensor:
        """The maps of all boxes, one after the other.

        Args:
            image: N pictures, (N, 3, S, S).
            boxes: (N, R, 4).
            flow: of N pictures, (N, 20, S, S); where two streams get none, nothing moves.

        Returns:
            (N * R, D, h, w).
        """
        if hasattr(self, "neck"):
            levels = {str(level): each for level, each in enumerate(self.stem.maps(image))}
            maps, first = [*self.neck(levels).values()], 2
        else:
            maps, first = [self.stem(image)], int(math.log2(self.stem.stride))
        pooled: Tensor = self.pool(maps, boxes, first).flatten(0, 1)
        seen = self.tail(pooled) if hasattr(self, "tail") else pooled
        if not self.two_streams:
            return seen
        if flow is None:
            flow = image.new_zeros(len(image), 2 * len(get_window(_FLOW).offsets), *image.shape[2:])
        moving = self.pool([self.flow_stem(flow)], boxes, first).flatten(0, 1)
        moving = self.flow_tail(moving) if hasattr(self, "flow_tail") else moving
        fused: Tensor = self.fuse(torch.cat([seen, moving], dim=1))
        return fused

    def box_features(self, image: Tensor, boxes: Tensor, flow: Tensor | None = None) -> Tensor:
        """What the linear layers see of all boxes, (N, R, D); arguments are those of :meth:`box_maps`."""
        maps = self.box_maps(image, boxes, flow)  # (N * R, D, h, w)
        flat = maps.flatten(1) if self.flatten else maps.mean(dim=(2, 3))
        return torch.unflatten(flat, 0, boxes.shape[:2])

    def loss(self, output: AUOutput, batch: FaceBatch) -> dict[str, Tensor]:
        """``occurrence``, over the boxes and AUs."""
        target = self.box_labels(batch.occurrence)
        if self.kind == "bce":
            occurrence = box_bce(output.parts["box_logits"], target)
        else:
            occurrence = hard_negative_bce(output.parts["box_logits"], target, negatives=self.negatives)
        return {"occurrence": occurrence, "total": occurrence}

    def box_labels(self, occurrence: Tensor) -> Tensor:
        """The label of every AU in every box, from those of the faces, (N, A).

        Returns:
            (N, R, A) int8: 0, 1, or -1 for unknown; AUs that a box does not carry are absent there.
        """
        known = (occurrence >= 0)[:, None] & (self.carries | (not self.mask_impossible))  # (N, R, A)
        present = (occurrence == 1)[:, None] & self.carries
        return torch.where(known, present.to(torch.int8), -1)

    def calibrate(self, batches: Batches) -> None:
        """Take the mean boxes of the training faces."""
        self.boxes.settle((batch.landmarks, batch.rotation) for batch in batches())

    def map_layer(self) -> nn.Module:
        """The stem, or the last of its layers under a pyramid: the map is that of the whole picture."""
        return self.stem.last if hasattr(self, "neck") else self.stem

    def stage_settings(self, stage: str) -> Mapping[str, Any]:
        """All settings but ``boxes`` and ``merge``, which only matter when it predicts."""
        settings = super().stage_settings(stage)
        kept = {name: each for name, each in settings.items() if name not in _AT_WORK}
        return {"system": AURCNN.system, "streams": "picture", "neck": "none"} | kept  # subclasses may lack the latter

    def merged(self, by_box: Tensor) -> Tensor:
        """The largest logit of every AU, (N, R, A) to (N, A)."""
        if self.merge == "all":
            return by_box.amax(dim=1)
        return by_box.masked_fill(~self.carries, -torch.inf).amax(dim=1)


def _stage(parts: list[str]) -> Stage:
    """The paper's training, section 4.1."""
    return Stage(
        "train",
        rates=dict.fromkeys(parts, 1e-3),
        epochs=25,
        batch=5,
        optimizer="sgd",
        nesterov=False,
        weight_decay=5e-4,
        schedule="step",
        milestones=(10, 20),
    )


def _require_crop(recipe: InputRecipe) -> None:
    """Refuse inputs whose boxes cannot be told: AU R-CNN's geometry is that of its whole crop."""
    crop = recipe.crop_recipe
    if crop.kind != "margins" or recipe.size != crop.size:
        reason = f"is not a whole crop of AU R-CNN's ({crop.id}, {recipe.size} of {crop.size} pixels)"
        raise UsageError(f"input {recipe.id}", reason, "Choose aurcnn-512, or another of its sizes")
