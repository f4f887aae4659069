"""Backbones: pictures in, maps of features out, from torchvision and timm, with the user's weights or the pinned ones.

Every one halves the picture five times at most. Channels of its maps at each stride, and its child modules in order:

    ==================  ===  ===  ====  ====  ====================================================
    name                  4    8    16    32  children
    ==================  ===  ===  ====  ====  ====================================================
    resnet18             64  128   256   512  conv1, bn1, relu, maxpool, layer1 to layer4
    resnet34             64  128   256   512  the same
    resnet50            256  512  1024  2048  the same
    resnet101           256  512  1024  2048  the same
    vgg16, vgg19        256  512   512   512  features (0 to 30, 0 to 36)
    efficientnet_lite0   24   40   112   320  conv_stem, bn1 (with its ReLU6), blocks (0 to 6)
    ==================  ===  ===  ====  ====  ====================================================

Those of stride 16 end with ``layer3``, ``blocks.4``, or before the last of ``features``, a pooling. Names are those of
torchvision and timm.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import timm
import torch
import torchvision  # type: ignore[import-untyped]
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from actionunits.assets import asset_path
from actionunits.errors import UsageError
from actionunits.models.shipped import FACES, weights_file

STRIDES = (16, 32)
IMAGENET = "imagenet"
"""Stands for the pinned weights of EfficientNet-Lite0."""

_MAP_CHANNELS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "resnet18": (64, 128, 256, 512),
        "resnet34": (64, 128, 256, 512),
        "resnet50": (256, 512, 1024, 2048),
        "resnet101": (256, 512, 1024, 2048),
        "vgg16": (256, 512, 512, 512),
        "vgg19": (256, 512, 512, 512),
        "efficientnet_lite0": (24, 40, 112, 320),
    }
)
BACKBONES = tuple(_MAP_CHANNELS)
"""Every name that :func:`create_backbone` takes."""

_RESNET_ENDS = ("layer1", "layer2", "layer3", "layer4")
_SEQUENCES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "efficientnet_lite0": ("blocks.1", "blocks.2", "blocks.4", "blocks.6"),
        "vgg16": ("features.15", "features.22", "features.29", "features.30"),
        "vgg19": ("features.17", "features.26", "features.35", "features.36"),
    }
)
"""Where the maps come out of networks whose layers are numbered."""
_PREFIXES = ("module.", "backbone.", "stem.")
_MOST_BYTES = 2**32
_FORMATS = "Give a .safetensors or .pth file with the weights of this network"


class Backbone(nn.Module):
    """Layers that follow each other. Made by :func:`create_backbone`.

    Args:
        name: of the network.
        layers: by the network's own names, in order.
        ends: the layers whose outputs are the maps at strides 4, 8, 16 and perhaps 32; the last is the last of all.

    Attributes:
        name: of the network.
        stride: of its last map, 16 or 32.
        channels: of its last map.
        map_channels: of each map, at strides 4, 8, 16 and perhaps 32.
    """

    def __init__(self, name: str, layers: Mapping[str, nn.Module], ends: tuple[str, ...]) -> None:
        super().__init__()
        for key, layer in layers.items():
            self.add_module(key, layer)
        self.name = name
        self.stride: int = 2 ** (len(ends) + 1)
        self.map_channels = _MAP_CHANNELS[name][: len(ends)]
        self.channels = self.map_channels[-1]
        self._ends = ends

    def forward(self, image: Tensor) -> Tensor:
        """Pictures, (N, 3, S, S), to a map of features, (N, channels, ceil(S / stride), ceil(S / stride))."""
        for _, layer in self._layers():
            image = layer(image)
        return image

    def maps(self, image: Tensor) -> list[Tensor]:
        """The maps at strides 4, 8, 16 and perhaps 32, (N, map_channels[i], h, w); the last is that of the forward."""
        found = []
        for name, layer in self._layers():
            image = layer(image)
            if name in self._ends:
                found.append(image)
        return found

    @property
    def last(self) -> nn.Module:
        """Its last layer."""
        return [layer for _, layer in self._layers()][-1]

    def side(self, picture: int) -> int:
        """Side of its last map, cells, for pictures of a side in pixels."""
        return -(-picture // self.stride)

    def _layers(self) -> Iterator[tuple[str, nn.Module]]:
        """The layers in order; those of ``blocks`` and ``features`` one by one."""
        for name, layer in self.named_children():
            if name in ("blocks", "features"):
                yield from ((f"{name}.{number}", block) for number, block in layer.named_children())
            else:
                yield name, layer


def create_backbone(name: str, *, weights: str | None = None, stride: int = 32) -> Backbone:
    """Make a backbone.

    Args:
        name: of :data:`BACKBONES`.
        weights: None for random ones; ``"imagenet"`` for the pinned ones of ``efficientnet_lite0``, or one of
            :data:`~actionunits.models.shipped.FACES` for those that learned to see synthetic faces after it, up to
            stride 16, with ImageNet's beyond; else the path of a ``.pth``, ``.pt`` or ``.safetensors`` file with
            torchvision's or timm's names, perhaps after ``module.``, ``backbone.`` or ``stem.``. Those of the
            classifier, and of layers beyond the stride, are left out.
        stride: of the map that it gives, 16 or 32.

    Raises:
        UsageError: a name or a value is unknown, or the weights cannot be read or do not fit.
        AssetError: the pinned weights could not be fetched.
    """
    if name not in BACKBONES:
        raise UsageError(f"backbone {name!r}", "no such network", f"There are {', '.join(BACKBONES)}")
    if stride not in STRIDES:
        raise UsageError(f"backbone {name}", f"stride {stride!r} is not one of {STRIDES}", "Choose 16 or 32")
    whole = _lite() if name == "efficientnet_lite0" else torchvision.models.get_model(name, weights=None)
    expected = set(whole.state_dict())
    backbone = _without_head(name, whole, stride)
    if weights is not None:
        load_weights(backbone, _weights(backbone, weights), name=name, expected=expected, source=weights)
    return backbone


def fold_norms(network: nn.Module) -> None:
    """Work batch norms into the convolutions before them, in place, as they are in evaluation.

    What is left is trained and used without norms, and in training takes half the time and memory.

    Args:
        network: whose modules follow each other in the order of their names, as timm's EfficientNets do.
    """
    for module in list(network.modules()):
        conv: tuple[str, nn.Conv2d] | None = None
        for name, child in list(module.named_children()):
            if isinstance(child, nn.BatchNorm2d) and conv is not None:
                setattr(module, conv[0], fuse_conv_bn_eval(conv[1].eval(), child.eval()).train())
                setattr(module, name, getattr(child, "act", nn.Identity()))
            conv = (name, child) if isinstance(child, nn.Conv2d) else None


def _lite() -> nn.Module:
    network: nn.Module = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    return network


def _without_head(name: str, whole: nn.Module, stride: int) -> Backbone:
    children = dict(whole.named_children())
    count = STRIDES.index(stride) + 3
    if name in _SEQUENCES:
        ends = _SEQUENCES[name][:count]
        sequence, _, last = ends[-1].partition(".")
        layers = list(children[sequence].children())[: int(last) + 1]
        for layer in layers:
            if isinstance(layer, nn.MaxPool2d):
                layer.ceil_mode = True  # as in Caffe; pictures whose side 32 divides are the same either way
        first = {key: child for key, child in children.items() if key in ("conv_stem", "bn1")}
        return Backbone(name, {**first, sequence: nn.Sequential(*layers)}, ends)
    ends = _RESNET_ENDS[:count]
    names = ("conv1", "bn1", "relu", "maxpool", *ends)
    return Backbone(name, {key: children[key] for key in names}, ends)


def _weights(backbone: Backbone, source: str) -> Mapping[str, Tensor]:
    if source not in (IMAGENET, *FACES):
        return read_weights(weights_file(source))
    if backbone.name != "efficientnet_lite0":
        step = "Give the path of torchvision's file, or choose efficientnet_lite0"
        raise UsageError(f"backbone {backbone.name}", f"there are no weights {source!r} for it", step)
    if source == IMAGENET:
        return _pinned(backbone)
    faces = read_weights(weights_file(source))
    return faces if backbone.stride == STRIDES[0] else {**_pinned(backbone), **faces}


def _pinned(backbone: Backbone) -> Mapping[str, Tensor]:
    """ImageNet's weights of EfficientNet-Lite0, whose file has other names and the same order."""
    state = read_weights(asset_path("efficientnet-lite0", "efficientnet-lite0-57934424.pth"))
    return dict(zip(backbone.state_dict(), state.values(), strict=False))


def read_weights(path: Path) -> Mapping[str, Tensor]:
    """The weights in a file, by name, prefixes taken off.

    Raises:
        UsageError: the file cannot be read, or holds something else.
    """
    if path.is_file() and path.stat().st_size > _MOST_BYTES:
        raise UsageError(path, "is larger than 4 GiB", _FORMATS)
    try:
        content = _content(path)
    except Exception as failure:  # a damaged file makes PyTorch raise nearly anything
        said = str(failure).partition("\n")[0]
        raise UsageError(path, f"cannot be read as weights ({said[:120]})", _FORMATS) from failure
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        content = content["state_dict"]
    if not isinstance(content, dict):
        raise UsageError(path, f"holds a {type(content).__name__}, not weights by name", _FORMATS)
    return {_bare(str(name)): value for name, value in content.items() if isinstance(value, Tensor)}


def _content(path: Path) -> object:
    if path.suffix == ".safetensors":
        return load_file(path)
    return torch.load(path, map_location="cpu", weights_only=True)


def _bare(name: str) -> str:
    while name.startswith(_PREFIXES):
        name = name.partition(".")[2]
    return name


def load_weights(
    network: nn.Module, state: Mapping[str, Tensor], *, name: str, expected: Collection[str], source: str
) -> None:
    """Load what belongs to a network; the rest must be what the whole one has besides, or a head's.

    Args:
        network: that gets the weights.
        state: the weights.
        name: of the network, for messages.
        expected: every name in the whole network.
        source: of the weights, for messages.

    Raises:
        UsageError: they do not fit; the message names the first.
    """
    own = dict(network.state_dict())
    children = {each.partition(".")[0] for each in own}
    for each in own:
        if each not in state and each.endswith("num_batches_tracked"):
            continue  # older files have none
        found = tuple(state[each].shape) if each in state else "missing"
        if found != tuple(own[each].shape):
            reason = f"{each} is {found}, in {name} {tuple(own[each].shape)}"
            raise UsageError(source, reason, _FORMATS)
    for each in state.keys() - expected:
        if each.partition(".")[0] in children:
            raise UsageError(source, f"has {each}, which {name} has not", _FORMATS)
    network.load_state_dict({**own, **{each: state[each] for each in own.keys() & state.keys()}})
