"""What AU R-CNN makes of the features of a box: the rest of its backbone, and linear layers."""

from __future__ import annotations

from torch import Tensor, nn

from actionunits.models.backbones import Backbone, create_backbone
from actionunits.models.layers.linear_head import LinearHead

_VGG_WIDTHS = (4096, 4096)
_PYRAMID_WIDTHS = (1024, 1024)


class BoxHead(nn.Module):
    """Layers that see one box.

    Args:
        tail: convolutions, (K, inputs, s, s) to (K, channels, h, w); None for none.
        linear: the layers after them.
        flatten: these see every place of the map, not the mean over all.
    """

    def __init__(self, tail: nn.Module | None, linear: LinearHead, *, flatten: bool) -> None:
        super().__init__()
        self.tail, self.linear, self.flatten = tail, linear, flatten

    def maps(self, pooled: Tensor) -> Tensor:
        """The boxes' maps, (K, inputs, s, s) to (K, channels, h, w)."""
        return pooled if self.tail is None else self.tail(pooled)

    def features(self, maps: Tensor) -> Tensor:
        """What the linear layers see of the boxes' maps, (K, channels, h, w) to (K, D)."""
        return maps.flatten(1) if self.flatten else maps.mean(dim=(2, 3))


def make_head(
    backbone: str, weights: str | None, *, stem: Backbone, pool: int, tail: bool, hidden: int, count: int
) -> BoxHead:
    """The head that belongs to a backbone.

    Args:
        backbone: its name.
        weights: of it.
        stem: its layers up to stride 16.
        pool: cells along the side of a pooled box.
        tail: the layers from stride 16 to stride 32 are the head's first.
        hidden: width of the last hidden layer.
        count: A, logits.

    Raises:
        UsageError: the weights do not fit.
    """
    if backbone.startswith("vgg"):
        linear = LinearHead(stem.channels * pool**2, (*_VGG_WIDTHS, hidden), count)
        head = BoxHead(None, linear, flatten=True)
    elif tail:
        whole = create_backbone(backbone, weights=weights, stride=32)
        head = BoxHead(_last_stage(whole), LinearHead(whole.channels, (hidden,), count), flatten=False)
    else:
        head = BoxHead(None, LinearHead(stem.channels, (hidden,), count), flatten=False)
    head.linear.begin_with(weights, backbone)
    return head


def make_pyramid_head(channels: int, pool: int, count: int) -> BoxHead:
    """The head of AU R-CNN with a feature pyramid, whose levels have so many channels."""
    return BoxHead(None, LinearHead(channels * pool**2, _PYRAMID_WIDTHS, count), flatten=True)


def _last_stage(whole: Backbone) -> nn.Module:
    """The layers of a backbone between strides 16 and 32."""
    if whole.name.startswith("resnet"):
        return whole.get_submodule("layer4")
    return nn.Sequential(*list(whole.get_submodule("blocks").children())[5:])
