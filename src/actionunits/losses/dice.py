"""One minus the overlap of what is found and what is there."""

from __future__ import annotations

from torch import Tensor


def dice(logits: Tensor, target: Tensor, *, weight: Tensor | None = None) -> Tensor:
    """One minus the Dice coefficient of each AU over the faces whose label is known, mean over the AUs.

    The coefficient is (2 sum p y + 1) / (sum p^2 + sum y^2 + 1), with probabilities p and labels y. AUs of which the
    batch knows nothing do not count; where it knows nothing at all, the result is 0 with a gradient of 0.

    Args:
        logits: (N, A), any floating type; computed in float32.
        target: (N, A): 0, 1, or -1 for unknown.
        weight: (A,) factors; None for 1.

    Returns:
        A scalar, float32.

    Source: JAA-Net (Shao et al. 2018), over the batch as in its code; Milletari et al. 2016.
    """
    known = target >= 0
    probability = logits.float().sigmoid().masked_fill(~known, 0)
    label = target.clamp(min=0).float()
    overlap = 2 * (probability * label).sum(dim=0) + 1  # (A,)
    losses = 1 - overlap / (probability.square().sum(dim=0) + label.sum(dim=0) + 1)  # (A,); 0 where nothing is known
    if weight is not None:
        losses = losses * weight
    return losses.sum() / known.any(dim=0).sum().clamp(min=1)
