"""What the systems have in common that read the features of a trained AU R-CNN's boxes, a run of frames at a time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from actionunits.loading import FaceBatch
from actionunits.models.au_rcnn import AURCNN
from actionunits.models.output import AUOutput
from actionunits.models.stages import Stage

FRAMES_AT_ONCE = 32
"""Of a run, whose features are computed together where no gradient is wanted, to bound the memory."""

_FIRST = "train"


class AURCNNOverTime(AURCNN):
    """AU R-CNN, and in a stage of its own a part that looks at the boxes' features over time.

    The stage ``train`` is AU R-CNN's, on single pictures, and can be taken from a run of it. After it AU R-CNN stays as
    it is, as if its features were written down.

    A subclass calls :meth:`_add_stage` at the end of its constructor.

    Attributes:
        own: names of the settings that AU R-CNN does not have.
        at_work: those of them that only matter when it predicts.
    """

    own: ClassVar[frozenset[str]]
    at_work: ClassVar[frozenset[str]] = frozenset()

    def chunk(self, stage: str | None = None) -> int | None:
        """The setting of this name, after the first stage."""
        return None if (stage or self.stage) == _FIRST else self.length

    def forward(self, batch: FaceBatch) -> AUOutput:
        """Find the AUs in N frames of a sequence; in the first stage, in N faces.

        Returns:
            As :meth:`AURCNN.forward`, with what :meth:`over_time` adds; ``features`` is (N, D), the mean over the boxes
            of ``box_features``.
        """
        if self.stage == _FIRST:
            return super().forward(batch)
        boxes, stand_in = self.chosen_boxes(batch.landmarks, batch.rotation)  # (N, R, 4), (N, R)
        features = self._features(batch, boxes)  # (N, R, D)
        with torch.autocast(features.device.type, enabled=False):
            by_box, parts = self.over_time(features.float())  # (N, R, A)
        parts |= {"box_logits": by_box, "boxes": boxes, "mean_box": stand_in, "box_features": features}
        if not self.training:
            parts["features"] = features.mean(dim=1)
        return AUOutput(self.merged(by_box), parts=parts)

    @abstractmethod
    def over_time(self, features: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Judge the boxes of a run.

        Args:
            features: (N, R, D) float32.

        Returns:
            (N, R, A): above 0 where an AU is there, and higher the likelier it is; and what the loss needs.
        """

    @abstractmethod
    def loss_over_time(self, output: AUOutput, occurrence: Tensor) -> dict[str, Tensor]:
        """As :meth:`loss`, after the first stage, from the labels of the run, (N, A)."""

    def loss(self, output: AUOutput, batch: FaceBatch) -> dict[str, Tensor]:
        """In the first stage AU R-CNN's."""
        if self.stage == _FIRST:
            return super().loss(output, batch)
        with torch.autocast(batch.image.device.type, enabled=False):
            return self.loss_over_time(output, batch.occurrence)

    def stage_settings(self, stage: str) -> Mapping[str, Any]:
        """For the first stage, those of an AU R-CNN."""
        settings = super().stage_settings(stage)
        unused = self.own if stage == _FIRST else self.at_work
        kept = {name: value for name, value in settings.items() if name not in unused}
        return kept if stage == _FIRST else {**kept, "system": self.system}

    def _add_stage(self, stage: Stage) -> None:
        """Settle the run's length, the batch of the stage that reads over time, and put that after the first."""
        self.length = stage.batch
        self.stages = (*self.stages, stage)

    @property
    def _feature_count(self) -> int:
        """D, of ``box_features``."""
        channels, side = self.map_shape
        return channels * side**2 if self.flatten else channels

    def _features(self, batch: FaceBatch, boxes: Tensor) -> Tensor:
        """The boxes' features, (N, R, D); with a gradient only where one looks at what a trained model does."""
        given = [each for each in (batch.image, boxes, batch.flow) if each is not None]
        if self.training or not torch.is_grad_enabled():
            with torch.no_grad():
                pieces = zip(*(torch.split(each, FRAMES_AT_ONCE) for each in given), strict=True)
                return torch.cat([self.box_features(*piece) for piece in pieces])
        return self.box_features(*given)
