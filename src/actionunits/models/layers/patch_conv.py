"""Patch learning: each patch of the face has its own convolution."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from actionunits.models.layers.feat_conv import GroupPReLU


class PatchConv(nn.Module):
    """A convolution, then for each patch of a grid its own batch norm, PReLU and convolution, put together again.

    Patches share nothing, neither weights nor statistics, and each is padded with zeros at its own edges. All of them
    run as one grouped convolution.

    Args:
        inputs: channels that come in.
        outputs: channels that go out.
        patches: along each side of the grid.
        residual: add the patches as they came, as DRML does.

    Source: LoRRaL (Shi et al. 2020), Fig. 3b; DRML (Zhao et al. 2016) for the grid of 8 by 8.
    """

    def __init__(self, inputs: int, outputs: int, patches: int = 8, *, residual: bool = False) -> None:
        super().__init__()
        count = patches**2
        self.patches, self.residual = patches, residual
        self.shared = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm = nn.BatchNorm2d(count * outputs)
        self.activation = GroupPReLU(count)
        self.own = nn.Conv2d(count * outputs, count * outputs, 3, padding=1, groups=count)

    def forward(self, features: Tensor) -> Tensor:
        """Features, (N, inputs, H, W), both sides whole multiples of the grid's, to (N, outputs, H, W)."""
        apart = self._apart(self.shared(features))  # (N, P * P * outputs, h, w)
        changed = self.own(self.activation(self.norm(apart)))
        return self._together(changed + apart if self.residual else changed)

    def _apart(self, features: Tensor) -> Tensor:
        """(N, D, P * h, P * w) to (N, P * P * D, h, w), the patches row by row."""
        rows = torch.unflatten(features, 2, (self.patches, -1))  # (N, D, P, h, W)
        grid = torch.unflatten(rows, 4, (self.patches, -1))  # (N, D, P, h, P, w)
        return grid.permute(0, 2, 4, 1, 3, 5).flatten(1, 3)

    def _together(self, patches: Tensor) -> Tensor:
        """Back again."""
        grid = torch.unflatten(patches, 1, (self.patches, self.patches, -1))  # (N, P, P, D, h, w)
        return grid.permute(0, 3, 1, 4, 2, 5).flatten(4, 5).flatten(2, 3)


class PatchLearning(nn.Sequential):
    """LoRRaL's first layers: two :class:`PatchConv`, each before a pooling that halves the map.

    Args:
        channels: of the map; half as many between the two.
        patches: along each side of the grid.
        residual: as in :class:`PatchConv`.

    Takes pictures, (N, 3, S, S) with S a whole multiple of twice the grid's side, gives (N, channels, S / 4, S / 4).
    """

    def __init__(self, channels: int, patches: int, *, residual: bool) -> None:
        super().__init__(
            PatchConv(3, channels // 2, patches, residual=residual),
            nn.MaxPool2d(2),
            PatchConv(channels // 2, channels, patches, residual=residual),
            nn.MaxPool2d(2),
        )
