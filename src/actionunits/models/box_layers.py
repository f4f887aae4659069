"""What AU R-CNN makes of a box: the rest of its backbone, and linear layers."""

from __future__ import annotations

import copy
from dataclasses import dataclass

from torch import nn

from actionunits.models.backbones import Backbone, create_backbone
from actionunits.models.layers.linear_head import LinearHead

_VGG_WIDTHS = (4096, 4096)
_PYRAMID_WIDTHS = (1024, 1024)


@dataclass(frozen=True, eq=False)
class BoxLayers:
    """Layers that see one box.

    Attributes:
        tail: convolutions, (K, inputs, s, s) to (K, channels, side, side); None for none.
        head: linear layers after them.
        channels, side: of the maps between.
        flatten: the linear layers see every place of these maps, not the mean over all.
    """

    tail: nn.Module | None
    head: LinearHead
    channels: int
    side: int
    flatten: bool


def make_layers(
    backbone: str, weights: str | None, *, stem: Backbone, pool: int, tail: bool, hidden: int, count: int
) -> BoxLayers:
    """The layers that belong to a backbone.

    Args:
        backbone: its name.
        weights: of it.
        stem: its layers up to stride 16.
        pool: cells along the side of a pooled box.
        tail: what the backbone has after stride 16 looks at each box first: layers to stride 32, or VGG's two of 4096.
        hidden: width of the last hidden layer.
        count: A, logits.

    Raises:
        UsageError: the weights do not fit.
    """
    convolutions: nn.Module | None = None
    channels, side, flatten, widths = stem.channels, pool, False, [hidden]
    if tail and backbone.startswith("vgg"):
        flatten, widths = True, [*_VGG_WIDTHS, hidden]
    elif tail:
        whole = create_backbone(backbone, weights=weights, stride=32)
        convolutions, channels, side = _last_stage(whole), whole.channels, -(-pool // 2)
    head = LinearHead(channels * side**2 if flatten else channels, tuple(widths), count)
    head.begin_with(weights, backbone)
    return BoxLayers(convolutions, head, channels, side, flatten)


def flow_twin(stem: Backbone, channels: int) -> Backbone:
    """A copy of a stem that sees optical flow: each of its new input channels weighs like the mean of the old ones.

    Args:
        stem: of pictures.
        channels: of the flow.
    """
    twin = copy.deepcopy(stem)
    name, old = next((name, each) for name, each in twin.named_modules() if isinstance(each, nn.Conv2d))
    new = copy.deepcopy(old)
    new.in_channels = channels
    new.weight = nn.Parameter(old.weight.detach().mean(dim=1, keepdim=True).repeat(1, channels, 1, 1))
    twin.set_submodule(name, new)
    return twin


def make_pyramid_layers(channels: int, pool: int, count: int) -> BoxLayers:
    """The layers of AU R-CNN with a feature pyramid, whose levels have so many channels."""
    head = LinearHead(channels * pool**2, _PYRAMID_WIDTHS, count)
    return BoxLayers(None, head, channels, pool, flatten=True)


def _last_stage(whole: Backbone) -> nn.Module:
    """The layers of a backbone between strides 16 and 32."""
    if whole.name.startswith("resnet"):
        return whole.get_submodule("layer4")
    return nn.Sequential(*list(whole.get_submodule("blocks").children())[5:])
