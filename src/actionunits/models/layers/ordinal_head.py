"""From a feature of each AU to the log-odds that its intensity reaches 1, 2, ... 5."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from actionunits.models.layers.grouped_linear import GroupedLinear

_HIGHEST = 5
_LEAST_GAP = 1e-3
_START_GAP = 0.7
"""Between two cuts before anything is known of the labels, in log-odds."""


class OrdinalHead(nn.Module):
    """A score for each AU, and five cuts through it that rise.

    Args:
        aus: A, how many.
        size: of a feature, D.

    Source: McCullagh (1980), the proportional-odds model.
    """

    def __init__(self, aus: int, size: int) -> None:
        super().__init__()
        self.score = GroupedLinear(aus, size, 1)
        self.first = nn.Parameter(torch.zeros(aus))
        self.gaps = nn.Parameter(torch.empty(aus, _HIGHEST - 1))
        nn.init.constant_(self.gaps, math.log(math.expm1(_START_GAP - _LEAST_GAP)))

    @property
    def cuts(self) -> Tensor:
        """(A, 5), rising: the scores at which levels 1 to 5 are as likely as not."""
        gaps = functional.softplus(self.gaps) + _LEAST_GAP
        return torch.cat([self.first[:, None], self.first[:, None] + gaps.cumsum(dim=1)], dim=1)

    def forward(self, features: Tensor) -> Tensor:
        """(N, A, D) to (N, A, 5), log-odds of reaching levels 1 to 5, falling."""
        score: Tensor = self.score(features)  # (N, A, 1)
        return score - self.cuts

    @torch.no_grad()
    def begin_with(self, intensity: NDArray[np.int8]) -> None:
        """Place the cuts where a score of 0 gives the levels as often as the labels have them.

        Args:
            intensity: (N, A): 0-5, or -1 for unknown; AUs without a label keep their cuts.
        """
        labels = torch.as_tensor(intensity)
        for place, levels in enumerate(labels.T):
            known = levels[levels >= 0]
            if not len(known):
                continue
            reached = torch.stack([(known >= level).sum() for level in range(1, _HIGHEST + 1)])
            share = (reached + 0.5) / (len(known) + 1)
            cuts = -torch.logit(share)  # (5,), rising or level
            self.first[place] = cuts[0]
            self.gaps[place] = _inverse_softplus((cuts.diff() - _LEAST_GAP).clamp(min=_LEAST_GAP))


def _inverse_softplus(value: Tensor) -> Tensor:
    return value + torch.log(-torch.expm1(-value))
