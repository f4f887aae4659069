"""LoRRaL's three branches: the whole face, its landmarks, and the region of each AU."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from actionunits.errors import UsageError
from actionunits.facs import AUSet
from actionunits.geometry import INDICES_49_IN_68
from actionunits.loading import InputRecipe
from actionunits.models.cells import mean_face
from actionunits.models.layers.au_regions import AUCentres, cut_regions
from actionunits.models.layers.feat_conv import feat_convs
from actionunits.models.layers.grouped_linear import GroupedLinear

LANDMARKS = len(INDICES_49_IN_68)


class GlobalBranch(nn.Module):
    """Convolutions over the whole map, and their last map as one feature.

    Args:
        inputs: channels of the map.
        channels: of each layer; each halves the map.
        side: of the map.

    Attributes:
        size: of the feature, D.

    Raises:
        UsageError: the map is too small for so many layers.
    """

    def __init__(self, inputs: int, channels: tuple[int, ...], side: int) -> None:
        super().__init__()
        self.convs = feat_convs(inputs, channels)
        self.size = channels[-1] * _halved(side, channels) ** 2

    def forward(self, features: Tensor) -> Tensor:
        """A map, (N, inputs, h, h), to (N, D)."""
        return self.convs(features).flatten(1)  # type: ignore[no-any-return]


class LandmarkBranch(GlobalBranch):
    """The same, and from its feature the 49 landmarks: how far they are from those of a mean face.

    Pixels are the network's; in them the last layer finds offsets, so that it begins close to the mean face without
    biases for weight decay to shrink.

    Args:
        inputs: channels of the map.
        channels: of each layer.
        side: of the map.
        hidden: size of the layer before the landmarks.
        recipe: what the network sees.

    Raises:
        UsageError: the map is too small for so many layers.
    """

    mean_face: Tensor

    def __init__(self, inputs: int, channels: tuple[int, ...], side: int, hidden: int, recipe: InputRecipe) -> None:
        super().__init__(inputs, channels, side)
        self.offsets = nn.Sequential(nn.Linear(self.size, hidden), nn.Linear(hidden, 2 * LANDMARKS))  # as JAA-Net's
        self.register_buffer("mean_face", mean_landmarks(recipe))

    def landmarks(self, feature: Tensor) -> Tensor:
        """The branch's feature, (N, D), to landmarks (x, y), (N, 49, 2), pixels of the network's picture, float32."""
        return self.mean_face + torch.unflatten(self.offsets(feature).float(), 1, (LANDMARKS, 2))


class LocalBranch(nn.Module):
    """The regions of each AU, around its two centres, as one feature. AUs share no weights, its two regions do.

    Args:
        aus: A of them.
        inputs: channels of the map.
        channels: of each layer, for each AU; each halves the region.
        size: of each AU's feature, D.
        cells: side of a region, cells of the map.
        side: of the network's picture, pixels.

    Raises:
        UsageError: an AU has no rule for its place, or the region is too small for so many layers.
    """

    def __init__(self, aus: AUSet, inputs: int, channels: tuple[int, ...], size: int, *, cells: int, side: int) -> None:
        super().__init__()
        self.count, self.cells, self.side = len(aus), cells, side
        self.centres = AUCentres(aus, LANDMARKS)
        self.convs = feat_convs(inputs, channels, groups=self.count)
        self.project = GroupedLinear(self.count, channels[-1] * _halved(cells, channels) ** 2, size)

    def forward(self, features: Tensor, landmarks: Tensor) -> Tensor:
        """A map, (N, inputs, h, h), and landmarks, (N, 49, 2), pixels, to (N, A, D)."""
        centres = self.centres(landmarks).flatten(1, 2)  # (N, A * 2, 2)
        regions = cut_regions(features, centres, cells=self.cells, side=self.side)  # (N, A * 2, inputs, c, c)
        pairs = torch.unflatten(regions, 1, (self.count, 2)).transpose(1, 2)  # (N, 2, A, inputs, c, c)
        found = self.convs(pairs.flatten(0, 1).flatten(1, 2))  # (N * 2, A * channels, c', c')
        both = torch.unflatten(found, 0, (-1, 2)).mean(dim=1)  # (N, A * channels, c', c')
        return self.project(torch.unflatten(both, 1, (self.count, -1)).flatten(2))  # type: ignore[no-any-return]


def mean_landmarks(recipe: InputRecipe) -> Tensor:
    """Where a mean face has its 49 landmarks in the middle square of its crop, (49, 2) float32, network's pixels."""
    return torch.from_numpy(mean_face(recipe)[list(INDICES_49_IN_68)]).float()


def _halved(side: int, channels: tuple[int, ...]) -> int:
    """The side of a map after as many halvings."""
    left = side >> len(channels)
    if left < 1:
        reason = f"{len(channels)} layers, each of which halves it, are too many"
        raise UsageError(f"map of {side} x {side}", reason, "Leave layers out, or choose a larger input")
    return left
