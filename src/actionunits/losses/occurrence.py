"""Is the AU there? Binary cross-entropy over the known labels, and Selective Learning's weights against imbalance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from actionunits.errors import UsageError

Over = Literal["au_mean", "au_sum"]

MLCR_SHARES: Mapping[int, float] = MappingProxyType(
    {1: 0.3, 2: 0.3, 4: 0.5, 6: 0.3, 7: 0.3, 10: 0.5, 12: 0.3, 14: 0.5, 15: 0.3, 17: 0.3, 23: 0.3, 24: 0.3}
)
"""The shares of positives, by AU, that the code of MLCR (Niu et al. 2019) aims at on BP4D."""

_FINEST = 10_000
_MLCR_CAP = 1.0


def bce(logits: Tensor, target: Tensor, *, weight: Tensor | None = None, over: Over = "au_mean") -> Tensor:
    """Binary cross-entropy of every AU over the faces whose label is known, then over the AUs.

    Each AU's sum of weighted losses is divided by the number of its known labels, not by the sum of the weights. AUs of
    which the batch knows nothing do not count; where it knows nothing at all, the result is 0 with a gradient of 0.

    Args:
        logits: (N, A), any floating type; computed in float32.
        target: (N, A): 0, 1, or -1 for unknown.
        weight: factors, (N, A) of single labels or (A,) of AUs; None for 1.
        over: ``au_mean`` averages the AUs (LP-Net, Eq. 5), ``au_sum`` adds them up (RE-Net, all AUs in one step).

    Returns:
        A scalar, float32.
    """
    known = target >= 0
    losses = functional.binary_cross_entropy_with_logits(logits.float(), target.clamp(min=0).float(), reduction="none")
    if weight is not None:
        losses = losses * weight
    count = known.sum(dim=0)  # (A,)
    by_au = losses.masked_fill(~known, 0).sum(dim=0) / count.clamp(min=1)  # (A,)
    total = by_au.sum()
    return total if over == "au_sum" else total / (count > 0).sum().clamp(min=1)


def selective_weights(target: Tensor, *, share: float | Sequence[float] = 0.5, cap: float = 10.0) -> Tensor:
    """Weights that bring every AU of a batch to a chosen share of positives: Selective Learning.

    Of N known labels of an AU, the class that is there too often keeps weight 1 at N times its share of them (rounded
    down), drawn evenly, and 0 at the rest; all labels of the other class get the weight that brings their sum to N
    times its share. A class that is missing stays missing. Drawn anew in every call, for each AU on its own, from the
    global generator of the labels' device.

    Args:
        target: (N, A): 0, 1, or -1 for unknown.
        share: of positives to aim at, above 0 and below 1; one for all AUs, or one for each.
        cap: largest weight.

    Returns:
        (N, A) float32; 0 where the label is unknown.

    Raises:
        UsageError: a share is out of range, or there are not as many as AUs.

    Source: Hand, Castillo & Chellappa, AAAI 2018.
    """
    part, whole = _shares(share, target)  # (A,), (A,)
    positive, negative = target == 1, target == 0
    ones, zeros = positive.sum(dim=0), negative.sum(dim=0)  # (A,), (A,)
    count = ones + zeros
    many = ones * whole > count * part  # (A,): too many positives
    frequent = torch.where(many, positive, negative)  # (N, A)
    room = torch.where(many, count * part, count * (whole - part))  # (A,), in parts of a whole
    rare = torch.where(many, zeros, ones)  # (A,)
    raised = (count * whole - room) / (whole * rare.clamp(min=1))  # (A,)
    kept = frequent & (_ranks(frequent) < room // whole)  # (N, A)
    others = (positive | negative) & ~frequent
    return kept + others * raised.clamp(max=cap)


def mlcr_weights(target: Tensor, *, share: float | Sequence[float]) -> Tensor:
    """The variant of :func:`selective_weights` in the code of MLCR, by LP-Net's first author.

    Only AUs with too few positives are changed. They keep as many negatives as the positives should be (rounded up),
    and no weight rises above 1.

    Args:
        target: (N, A): 0, 1, or -1 for unknown.
        share: of positives; :data:`MLCR_SHARES` has the code's.

    Returns:
        (N, A) float32; 0 where the label is unknown.

    Raises:
        UsageError: a share is out of range, or there are not as many as AUs.

    Source: code of Niu et al., "Multi-label Co-regularization for Semi-supervised Facial Action Unit Recognition",
        NeurIPS 2019.
    """
    part, whole = _shares(share, target)  # (A,), (A,)
    positive, negative = target == 1, target == 0
    ones = positive.sum(dim=0)  # (A,)
    count = ones + negative.sum(dim=0)
    few = ones * whole < count * part  # (A,)
    room = -(-count * part // whole)  # (A,), rounded up
    raised = count * part / (whole * ones.clamp(min=1))  # (A,)
    kept = negative & (_ranks(negative) < torch.where(few, room, count))  # (N, A)
    return kept + positive * raised.masked_fill(~few, 1).clamp(max=_MLCR_CAP)


def _shares(share: float | Sequence[float], target: Tensor) -> tuple[Tensor, Tensor]:
    """Shares as fractions, numerators and denominators (A,) int64, so that counts come out exact."""
    aus = target.shape[1]
    given = [share] * aus if isinstance(share, float | int) else list(share)
    if len(given) != aus:
        raise UsageError(f"{len(given)} shares of positives", f"there are {aus} AUs", "Give one, or one for each")
    if not all(0 < each < 1 for each in given):
        raise UsageError(f"share of positives {share}", "is not between 0 and 1", "0.5 balances the classes")
    exact = [Fraction(each).limit_denominator(_FINEST) for each in given]
    parts, wholes = [each.numerator for each in exact], [each.denominator for each in exact]
    return torch.tensor(parts, device=target.device), torch.tensor(wholes, device=target.device)


def _ranks(members: Tensor) -> Tensor:
    """A random order of each column's members, (N, A) int64: 0, 1, ...; all others come after them."""
    drawn = torch.rand(members.shape, device=members.device).masked_fill(~members, 2)
    return drawn.argsort(dim=0).argsort(dim=0)
