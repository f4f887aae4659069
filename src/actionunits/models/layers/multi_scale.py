"""One fine map made of a backbone's maps at several strides."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from actionunits.models.backbones import create_backbone


class MultiScale(nn.Module):
    """The maps of a backbone at strides 4, 8 and 16, brought to the same channels and the finest size, and added up.

    Args:
        name: of the backbone.
        weights: of the backbone, as :func:`~actionunits.models.backbones.create_backbone` takes them.
        channels: of the map.

    Takes pictures, (N, 3, S, S), gives (N, channels, S / 4, S / 4), rounded up.

    Raises:
        UsageError: there is no such backbone, or its weights do not fit.
    """

    def __init__(self, name: str, weights: str | None, channels: int) -> None:
        super().__init__()
        self.backbone = create_backbone(name, weights=weights, stride=16)
        self.project = nn.ModuleList(nn.Conv2d(inputs, channels, 1) for inputs in self.backbone.map_channels)

    def forward(self, image: Tensor) -> Tensor:
        """Pictures to one map."""
        projected = [project(each) for project, each in zip(self.project, self.backbone.maps(image), strict=True)]
        finest: Tensor = projected[0]  # (N, channels, S / 4, S / 4)
        for coarse in projected[1:]:
            size = finest.shape[-2:]
            finest = finest + functional.interpolate(coarse, size, mode="bilinear", align_corners=False)
        return finest
