"""Graph convolution over all places of a map, whose P x P similarity matrix exists on paper alone.

Every place is a node. The similarity matrix is A = V diag(l) V', with K columns of V made of the features themselves,
so that every product with A is two thin ones: time and memory grow with P, not with its square.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import torch
from torch import Tensor, nn

from actionunits.models.layers.grouped_linear import GroupedLinear

Laplacian = Literal["sym", "unnorm", "adj"]

_LEAST = 1e-6  # added to degrees, and to sums that divide


class GraphConv(nn.Module):
    """A graph convolution: features are replaced by L X Theta, then batch norm and ReLU.

    Use: ``layer(features, layer.project(features).relu())``.

    Args:
        channels: D, of the map, before and after.
        vectors: K, the "eigenvectors": columns of V.
        laplacian: L, with the degrees D = diag(A 1): ``sym`` is 1 - D^-1/2 A D^-1/2, ``unnorm`` is D - A, and ``adj``
            is D^-1/2 A D^-1/2, which smooths.
        residual: add the features to the result.

    Source: Li et al., "Spatial pyramid based graph reasoning for semantic segmentation" (SpyGR, CVPR 2020), at one
        scale; Zhang et al. 2020, section 3.
    """

    def __init__(self, channels: int, vectors: int, *, laplacian: Laplacian = "sym", residual: bool = False) -> None:
        super().__init__()
        self.eigenvectors = nn.Sequential(nn.Conv2d(channels, vectors, 1, bias=False), nn.BatchNorm2d(vectors))
        self.eigenvalues = nn.Linear(channels, vectors)
        self.theta = nn.Sequential(nn.Conv2d(channels, channels, 1, bias=False), nn.BatchNorm2d(channels))
        self.laplacian, self.residual = laplacian, residual

    def project(self, features: Tensor) -> Tensor:
        """A map, (N, D, h, w), to the eigenvectors before their ReLU, (N, K, h, w)."""
        vectors: Tensor = self.eigenvectors(features)
        return vectors

    def forward(self, features: Tensor, vectors: Tensor) -> Tensor:
        """Refine a map.

        Args:
            features: X, (N, D, h, w).
            vectors: V, (N, K, h, w), not negative.

        Returns:
            (N, D, h, w).
        """
        values = self.eigenvalues(features.mean(dim=(2, 3))).sigmoid()  # (N, K), not negative either
        passed = propagate(features.flatten(2), vectors.flatten(2), values, self.laplacian)  # (N, D, P)
        refined: Tensor = self.theta(passed.view_as(features)).relu()
        return refined + features if self.residual else refined


def propagate(features: Tensor, vectors: Tensor, values: Tensor, laplacian: Laplacian) -> Tensor:
    """L X without A, in float32. A place whose vectors are all 0 has no neighbours.

    Args:
        features: X', (N, D, P).
        vectors: V', (N, K, P).
        values: (N, K), the diagonal of Lambda.
        laplacian: see :class:`GraphConv`.

    Returns:
        (L X)', (N, D, P) float32.
    """
    with _exactly(features):
        features, vectors, values = features.float(), vectors.float(), values.float()
        weighted = values[:, :, None] * vectors  # (N, K, P)
        degree = (weighted * vectors.sum(dim=2, keepdim=True)).sum(dim=1, keepdim=True)  # (N, 1, P)
        if laplacian == "unnorm":
            return degree * features - (features @ weighted.mT) @ vectors
        scale = (degree + _LEAST).rsqrt()  # (N, 1, P)
        smooth = (features @ (weighted * scale).mT) @ (vectors * scale)  # (N, D, K) @ (N, K, P)
        return smooth if laplacian == "adj" else features - smooth


class ContextHead(nn.Module):
    """From eigenvectors to logits of AUs: each AU's vector says where to look, a linear layer of its own what is there.

    Args:
        aus: A, as many as there are eigenvectors.
        channels: D, of the map.

    Source: Zhang et al. 2020, Fig. 4 and section 4.3.1, "aggregates the spatial context w.r.t. each AU".
    """

    def __init__(self, aus: int, channels: int) -> None:
        super().__init__()
        self.classify = GroupedLinear(aus, channels, 1)

    def forward(self, features: Tensor, raw: Tensor) -> Tensor:
        """A map, (N, D, h, w), and eigenvectors before their ReLU, (N, A, h, w), to logits, (N, A)."""
        with _exactly(features):
            vectors = raw.float().relu().flatten(2)  # (N, A, P)
            context = vectors @ features.float().flatten(2).mT  # (N, A, D)
            context = context / (vectors.sum(dim=2, keepdim=True) + _LEAST)
        return self.classify(context).squeeze(2)  # type: ignore[no-any-return]


class GapHead(nn.Module):
    """From eigenvectors to logits of AUs: the mean over all places, before the ReLU, times a factor, plus a bias.

    Args:
        aus: A, as many as there are eigenvectors.
    """

    def __init__(self, aus: int) -> None:
        super().__init__()
        self.classify = GroupedLinear(aus, 1, 1)

    def forward(self, features: Tensor, raw: Tensor) -> Tensor:
        """As :class:`ContextHead`; the map does not matter."""
        return self.classify(raw.mean(dim=(2, 3))[:, :, None]).squeeze(2)  # type: ignore[no-any-return]


def _exactly(like: Tensor) -> AbstractContextManager[object]:
    """Where half precision is on: without it."""
    if torch.is_autocast_enabled(like.device.type):
        return torch.autocast(like.device.type, enabled=False)
    return nullcontext()
