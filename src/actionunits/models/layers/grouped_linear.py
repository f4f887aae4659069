"""Many linear layers beside each other, one for each of the things along an axis."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class GroupedLinear(nn.Module):
    """One linear layer for each group; they share nothing, and begin as ``nn.Linear`` does.

    Args:
        groups: how many, G.
        inputs: numbers that come into each.
        outputs: numbers that go out of each.
    """

    def __init__(self, groups: int, inputs: int, outputs: int) -> None:
        super().__init__()
        bound = 1 / math.sqrt(inputs)
        self.weight = nn.Parameter(torch.empty(groups, outputs, inputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(groups, outputs).uniform_(-bound, bound))

    def forward(self, features: Tensor) -> Tensor:
        """(N, G, inputs) to (N, G, outputs)."""
        return torch.einsum("ngi,goi->ngo", features, self.weight) + self.bias
