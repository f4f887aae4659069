"""HRNet: four branches, at strides 4, 8, 16 and 32, that hear of each other again and again."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import timm
from torch import Tensor, nn

from actionunits.errors import UsageError
from actionunits.models.backbones import IMAGENET, load_weights, read_weights
from actionunits.models.shipped import FACES, weights_file

HRNETS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {"hrnet_w18": (18, 36, 72, 144), "hrnet_w18_small": (16, 32, 64, 128)}
)
"""Every name that :class:`HRNet` takes, which are timm's, and the channels of each branch."""

_COARSEST = 32  # pixels to a cell
_MOMENTUM = 0.01


class HRNet(nn.Module):
    """timm's HRNet up to the branches of its fourth stage, with the details of the face-landmark HRNet.

    Those are: coarse maps are brought to finer ones bilinearly, and running statistics move by 1 % a batch.

    Args:
        name: of :data:`HRNETS`.
        weights: None for random ones, else the path of a ``.pth``, ``.pt`` or ``.safetensors`` file with timm's or the
            authors' names, which are the same. Those of the classifier and the layers before it are left out.

    Attributes:
        name: the same.
        map_channels: of each branch.

    Raises:
        UsageError: there is no such network, or its weights cannot be read or do not fit.

    Source: Wang et al., "Deep high-resolution representation learning for visual recognition" (TPAMI 2020).
    """

    def __init__(self, name: str, weights: str | None = None) -> None:
        super().__init__()
        if name not in HRNETS:
            raise UsageError(f"backbone {name!r}", "no such network", f"There are {', '.join(HRNETS)}")
        self.name = name
        self.network = timm.create_model(name, pretrained=False, head="")
        self.map_channels = HRNETS[name]
        for layer in self.network.modules():
            if isinstance(layer, nn.Upsample):
                layer.mode, layer.align_corners = "bilinear", False
            elif isinstance(layer, nn.BatchNorm2d):
                layer.momentum = _MOMENTUM
        if weights is not None:
            self._load(weights)

    def maps(self, image: Tensor) -> list[Tensor]:
        """The four branches, (N, map_channels[i], S / 4 ... S / 32, the same).

        Args:
            image: (N, 3, S, S); S is a multiple of 32.
        """
        branches: list[Tensor] = self.network(image)
        return branches

    def _load(self, source: str) -> None:
        if source in (IMAGENET, *FACES):
            step = "Give the path of a file of timm's or the authors', or choose efficientnet_lite0"
            raise UsageError(f"backbone {self.name}", f"there are no weights {source!r} for it", step)
        expected = self.network.state_dict().keys()
        load_weights(self.network, read_weights(weights_file(source)), name=self.name, expected=expected, source=source)


def require_side(name: str, pixels: int) -> None:
    """Require pictures whose branches all have whole cells.

    Args:
        name: of :data:`HRNETS`.
        pixels: side of the pictures.

    Raises:
        UsageError: it is no multiple of 32.
    """
    if pixels % _COARSEST:
        reason = f"takes pictures whose side is a multiple of {_COARSEST} pixels, not {pixels}"
        raise UsageError(f"backbone {name}", reason, "Choose another input")
