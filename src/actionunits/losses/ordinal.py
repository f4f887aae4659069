"""How strong is the AU? Levels in order: a score for each AU, and five cuts of growing height through it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from actionunits.losses.occurrence import Over


def cumulative_levels(cumulative: Tensor) -> Tensor:
    """Log-probabilities of the levels from the log-odds of reaching them.

    Args:
        cumulative: (..., K) log-odds that the level is at least 1, 2, ... K; each is above the next.

    Returns:
        (..., K + 1) log-probabilities of the levels 0 to K; float32.

    Source: McCullagh, "Regression models for ordinal data" (1980), the proportional-odds model.
    """
    reached = cumulative.float()
    upper, lower = reached[..., :-1], reached[..., 1:]
    # sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - exp(b - a))
    between = functional.logsigmoid(upper) + functional.logsigmoid(-lower) + torch.log(-torch.expm1(lower - upper))
    none, most = functional.logsigmoid(-reached[..., :1]), functional.logsigmoid(reached[..., -1:])
    return torch.cat([none, between, most], dim=-1)


def level_loss(levels: Tensor, target: Tensor, *, over: Over = "au_mean") -> Tensor:
    """Cross-entropy of every AU's levels over the faces whose level is known, then over the AUs.

    AUs of which the batch knows nothing do not count; where it knows nothing at all, the result is 0 with a gradient of
    0.

    Args:
        levels: (N, A, 6) unnormalised log-probabilities; computed in float32.
        target: (N, A): 0-5, or -1 for unknown.
        over: ``au_mean`` averages the AUs, ``au_sum`` adds them up, as :func:`~actionunits.losses.occurrence.bce` does.

    Returns:
        A scalar, float32.
    """
    known = target >= 0
    losses = functional.cross_entropy(levels.float().mT, target.clamp(min=0).long(), reduction="none")  # (N, A)
    count = known.sum(dim=0)  # (A,)
    by_au = losses.masked_fill(~known, 0).sum(dim=0) / count.clamp(min=1)  # (A,)
    total = by_au.sum()
    return total if over == "au_sum" else total / (count > 0).sum().clamp(min=1)
