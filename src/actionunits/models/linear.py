"""The baseline of every paper: a backbone, the mean over all places, and one linear layer."""

from __future__ import annotations

from typing import Literal, get_args

from torch import Tensor, nn

from actionunits.errors import UsageError
from actionunits.facs import AUSetLike
from actionunits.loading import FaceBatch, InputRecipe
from actionunits.losses.occurrence import bce, selective_weights
from actionunits.models.backbones import create_backbone
from actionunits.models.base import AUModel
from actionunits.models.layers.linear_head import LinearHead
from actionunits.models.output import AUOutput
from actionunits.models.stages import Stage

Balance = Literal["none", "selective"]


class Linear(AUModel):
    """Logits that are linear in the mean feature.

    Args:
        aus: action units to find.
        input: what it sees.
        backbone: of :data:`~actionunits.models.backbones.BACKBONES`.
        backbone_weights: that training begins with; see :func:`~actionunits.models.backbones.create_backbone`.
        backbone_stride: of its last map, 16 or 32.
        hidden: width of a layer with a ReLU before the last one, which begins as the classifier of a file of weights;
            None for no such layer. 1000 is AU R-CNN's baseline "CNN_res".
        balance: ``selective`` brings both classes of every AU to the same weight in each batch (Selective Learning).

    Raises:
        UsageError: a value is out of range.

    Source: LP-Net (Niu et al., CVPR 2019), Table 3, rows ResNet-18, -34, -50 and +SL; schedule of its Section 4.2.
    """

    system = "linear"
    stages = (
        Stage("train", rates={"stem": 1e-3, "head": 1e-3}, epochs=30, batch=100, schedule="step", milestones=(15, 25)),
    )

    def __init__(
        self,
        aus: AUSetLike,
        *,
        input: InputRecipe | str = "lp-224",
        backbone: str = "resnet34",
        backbone_weights: str | None = None,
        backbone_stride: int = 32,
        hidden: int | None = None,
        balance: Balance = "none",
    ) -> None:
        super().__init__(aus, input)
        if balance not in get_args(Balance):
            raise UsageError(f"balance {balance!r}", "not known", f"Choose one of {', '.join(get_args(Balance))}")
        self.stem = create_backbone(backbone, weights=backbone_weights, stride=backbone_stride)
        if hidden is not None and hidden < 1:
            raise UsageError(f"hidden={hidden}", "must be 1 or more", "Correct this setting")
        self.head: nn.Module
        if hidden is None:
            self.head = nn.Linear(self.stem.channels, len(self.aus))
        else:
            self.head = deeper = LinearHead(self.stem.channels, (hidden,), len(self.aus))
            deeper.begin_with(backbone_weights, backbone)
        self.balance = balance

    def forward(self, batch: FaceBatch) -> AUOutput:
        """Find the AUs in N faces."""
        features = self.stem(batch.image).mean(dim=(2, 3))  # (N, D)
        return AUOutput(self.head(features), parts={"features": features})  # (N, A)

    def loss(self, output: AUOutput, batch: FaceBatch) -> dict[str, Tensor]:
        """``occurrence``: binary cross-entropy, averaged over the AUs."""
        weight = selective_weights(batch.occurrence) if self.balance == "selective" else None
        occurrence = bce(output.logits, batch.occurrence, weight=weight)
        return {"occurrence": occurrence, "total": occurrence}

    def map_layer(self) -> nn.Module:
        """The backbone: its output is the last map."""
        return self.stem
