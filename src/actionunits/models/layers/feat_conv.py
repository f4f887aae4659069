"""The convolutions of LoRRaL's branches, for one branch or for many beside each other."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class GroupPReLU(nn.PReLU):
    """A leaky rectifier with one learned slope for each group of channels.

    Args:
        groups: into how many equal runs the channels fall.
    """

    def __init__(self, groups: int) -> None:
        super().__init__(groups)

    def forward(self, features: Tensor) -> Tensor:
        """Features, (N, groups * D, h, w), to the same shape."""
        apart = torch.unflatten(features, 1, (self.num_parameters, -1))  # (N, groups, D, h, w)
        return super().forward(apart).flatten(1, 2)


class FeatConv(nn.Sequential):
    """Twice a convolution, batch norm and PReLU, then a pooling that halves the map.

    Groups share nothing: the result is that of as many separate modules, each with its own run of channels.

    Args:
        inputs: channels of each group that come in.
        outputs: channels of each group that go out.
        groups: how many modules stand beside each other.

    Takes (N, groups * inputs, h, w), gives (N, groups * outputs, h // 2, w // 2).

    Source: LoRRaL (Shi et al. 2020), Fig. 3a.
    """

    def __init__(self, inputs: int, outputs: int, groups: int = 1) -> None:
        layers: list[nn.Module] = []
        for channels in (inputs, outputs):
            layers += [
                nn.Conv2d(groups * channels, groups * outputs, 3, padding=1, groups=groups),
                nn.BatchNorm2d(groups * outputs),
                GroupPReLU(groups),
            ]
        super().__init__(*layers, nn.MaxPool2d(2))


def feat_convs(inputs: int, channels: tuple[int, ...], groups: int = 1) -> nn.Sequential:
    """Several :class:`FeatConv` in a row; each halves the map.

    Args:
        inputs: channels of each group that come in.
        channels: of each group behind each of them.
        groups: how many rows stand beside each other.
    """
    counts = (inputs, *channels)
    return nn.Sequential(*(FeatConv(*pair, groups) for pair in zip(counts[:-1], channels, strict=True)))
