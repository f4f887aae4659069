"""One fine map made of a network's maps at several strides, laid beside each other."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional


class _Network(Protocol):
    map_channels: tuple[int, ...]

    def maps(self, image: Tensor) -> list[Tensor]: ...


class JoinedMaps(nn.Module):
    """The maps of a network, all as fine as the finest.

    Args:
        network: a :class:`~actionunits.models.hrnet.HRNet` or a :class:`~actionunits.models.backbones.Backbone`.

    Attributes:
        network: the same.
        channels: of the map, D: those of all maps together.

    Takes pictures, (N, 3, S, S), gives (N, D, S / 4, S / 4), rounded up.

    Source: HRNetV2 (Wang et al. 2020), which so makes 270 channels of 18, 36, 72 and 144.
    """

    def __init__(self, network: _Network) -> None:
        super().__init__()
        self.network = network
        self.channels = sum(network.map_channels)

    def forward(self, image: Tensor) -> Tensor:
        """Pictures to one map."""
        finest, *coarse = self.network.maps(image)
        size = finest.shape[-2:]
        fine = [functional.interpolate(each, size, mode="bilinear", align_corners=False) for each in coarse]
        return torch.cat([finest, *fine], dim=1)
