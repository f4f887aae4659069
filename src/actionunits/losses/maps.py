"""How far found maps are from those that should be."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

Reduction = Literal["mean", "sum"]


def map_loss(
    found: Tensor, target: Tensor, used: Tensor, *, weight: Tensor | None = None, over: Reduction = "mean"
) -> Tensor:
    """Squared errors over the places of a map, of each AU the mean over the faces that count, then over the AUs.

    AUs that count in no face do not enter the mean; where none does, the result is 0 with a gradient of 0.

    Args:
        found: (N, A, h, w), any floating type; computed in float32.
        target: (N, A, h, w).
        used: (N, A) bool: which maps count.
        weight: (A,) factors; None for 1.
        over: the places' ``mean`` or ``sum``.

    Returns:
        A scalar, float32.

    Source: Zhang et al. 2020, Eq. 4.
    """
    errors = (found.float() - target).square()  # (N, A, h, w)
    of_maps = errors.mean(dim=(2, 3)) if over == "mean" else errors.sum(dim=(2, 3))  # (N, A)
    count = used.sum(dim=0)  # (A,)
    by_au = of_maps.masked_fill(~used, 0).sum(dim=0) / count.clamp(min=1)
    if weight is not None:
        by_au = by_au * weight
    return by_au.sum() / (count > 0).sum().clamp(min=1)
