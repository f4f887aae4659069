"""AU R-CNN's choice among the many entries that are zero."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_LEAST = 3


def hard_negative_bce(logits: Tensor, target: Tensor, *, negatives: int = 3) -> Tensor:
    """Binary cross-entropy of all positive entries and a few times as many negative ones.

    Negatives that are taken for positives (logit above 0) come first, the rest are drawn evenly from the others; which,
    is drawn anew in every call, from the global generator of the logits' device.

    Args:
        logits: any shape and floating type; computed in float32.
        target: the same shape: 0, 1, or -1 for unknown.
        negatives: entries for each positive one; where there is none at all, 3 together.

    Returns:
        The mean over the chosen entries, a scalar, float32; 0 with a gradient of 0 if nothing is known.

    Source: the published code of AU R-CNN (Ma et al. 2019); the paper does not tell.
    """
    flat, wanted = logits.float().flatten(), target.flatten()
    positive, negative = wanted == 1, wanted == 0
    ones = positive.sum()
    room = torch.where(ones > 0, negatives * ones, _LEAST).minimum(negative.sum())
    drawn = torch.rand(flat.shape, device=flat.device) + (flat.detach() > 0).float()  # false positives: 1 to 2
    rank = drawn.masked_fill(~negative, -1).argsort(descending=True).argsort()
    chosen = positive | (negative & (rank < room))
    losses = functional.binary_cross_entropy_with_logits(flat, wanted.clamp(min=0).float(), reduction="none")
    return losses.masked_fill(~chosen, 0).sum() / chosen.sum().clamp(min=1)


def box_bce(logits: Tensor, target: Tensor) -> Tensor:
    """Binary cross-entropy added up over the AUs, and averaged over the boxes of all faces.

    Args:
        logits: (N, R, A), any floating type; computed in float32.
        target: (N, R, A): 0, 1, or -1 for unknown.

    Returns:
        A scalar, float32. Boxes of which nothing is known do not count.

    Source: AU R-CNN (Ma et al. 2019), Eq. 1, whose negative term is missing in print.
    """
    known = target >= 0
    losses = functional.binary_cross_entropy_with_logits(logits.float(), target.clamp(min=0).float(), reduction="none")
    return losses.masked_fill(~known, 0).sum() / known.any(dim=-1).sum().clamp(min=1)
