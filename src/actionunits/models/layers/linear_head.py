"""Linear layers with ReLUs between them, which may begin as the classifier of an ImageNet network."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from actionunits.models.backbones import read_weights
from actionunits.models.shipped import weights_file

_SCORE_SCALE = 0.01
_CLASSIFIERS: Mapping[str, tuple[str, ...]] = {
    "resnet": ("fc",),
    "vgg": ("classifier.0", "classifier.3", "classifier.6"),
}
"""torchvision's names of the linear layers of a classifier."""


class LinearHead(nn.Module):
    """From features to logits, (..., inputs) to (..., A).

    Args:
        inputs: features.
        widths: of the layers before the last, each followed by a ReLU.
        count: A, logits.

    Source: AU R-CNN (Ma et al. 2019), section 3.3.
    """

    def __init__(self, inputs: int, widths: tuple[int, ...], count: int) -> None:
        super().__init__()
        sizes = (inputs, *widths)
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, widths, strict=False))
        self.score = nn.Linear(sizes[-1], count)
        nn.init.normal_(self.score.weight, std=_SCORE_SCALE)
        nn.init.zeros_(self.score.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Logits."""
        logits: Tensor = self.score(self.last(features))
        return logits

    def last(self, features: Tensor) -> Tensor:
        """What the logits are read from, (..., the last of the widths)."""
        for layer in self.hidden:
            features = layer(features).relu()
        return features

    def begin_with(self, weights: str | None, backbone: str) -> None:
        """Take the classifier of an ImageNet network over, as far as layers have its shape.

        Args:
            weights: as :func:`~actionunits.models.backbones.create_backbone` takes them; only files have a classifier.
            backbone: whose file it is.
        """
        names = next((names for start, names in _CLASSIFIERS.items() if backbone.startswith(start)), ())
        if weights is None or not names:
            return
        state = read_weights(weights_file(weights))
        for name, layer in zip(names, self.hidden, strict=False):
            found = {kind: state[f"{name}.{kind}"] for kind in ("weight", "bias") if f"{name}.{kind}" in state}
            if {kind: each.shape for kind, each in found.items()} == _shapes(layer):
                layer.load_state_dict(found)


def _shapes(layer: nn.Module) -> dict[str, torch.Size]:
    return {name: each.shape for name, each in layer.state_dict().items()}
