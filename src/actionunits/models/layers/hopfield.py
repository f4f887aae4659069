"""AUs as memories of each other: a modern Hopfield network over the AUs of a face."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from actionunits.models.layers.sequence import Placed


def associate(state: Tensor, stored: Tensor, *, beta: float, steps: int, tolerance: float | None = None) -> Tensor:
    """With what each state is associated, once it has been replaced a few times by what it was associated with.

    The association is softmax(beta * state stored^T), the new state is the association times the stored patterns. It
    comes to rest at a stored pattern or at a mean of some of them.

    Args:
        state: (..., L, d).
        stored: (..., M, d).
        beta: inverse temperature, above 0.
        steps: how often states are replaced; 0 is attention.
        tolerance: a set of L states rests as soon as its association changes by no more than this (Frobenius norm)
            in a step; None for never.

    Returns:
        (..., L, M), association; rows add up to 1.

    Source: Ramsauer et al. 2021, "Hopfield Networks is All You Need", Eq. 3.
    """
    association = _association(state, stored, beta)
    moving = torch.ones_like(association[..., :1, :1], dtype=torch.bool)  # (..., 1, 1)
    for _ in range(steps):
        changed = _association(association @ stored, stored, beta)
        if tolerance is not None:
            change = (changed - association).flatten(-2).norm(dim=-1)[..., None, None]  # (..., 1, 1)
            changed = torch.where(moving, changed, association)
            moving = moving & (change > tolerance)
        association = changed
    return association


def _association(state: Tensor, stored: Tensor, beta: float) -> Tensor:
    return torch.softmax(beta * (state @ stored.mT), dim=-1).to(stored.dtype)


class Hopfield(nn.Module):
    """A Hopfield layer over placed AU features, which are states and stored patterns at once.

    Args:
        places: of each of the A AUs in the sequence, 0 to A - 1.
        size: of a feature, D, a multiple of the heads, even.
        heads: that associate independently.
        steps: replacements of the state; 0 is one attention layer.
        beta: inverse temperature; None for 1 / sqrt(D / heads).
        tolerance: as :func:`associate` takes it.
        dropout: probability, before the association.
        normalise: layer norms of states and of stored patterns, as in the authors' code.

    Source: LoRRaL (Shi et al. 2020), section 3.3.
    """

    def __init__(
        self,
        places: Sequence[int],
        size: int,
        *,
        heads: int,
        steps: int,
        beta: float | None,
        tolerance: float | None,
        dropout: float,
        normalise: bool,
    ) -> None:
        super().__init__()
        self.heads, self.steps, self.tolerance = heads, steps, tolerance
        self.beta = 1 / math.sqrt(size // heads) if beta is None else beta
        self.placed = Placed(places, size, dropout)
        self.state_norm = nn.LayerNorm(size) if normalise else nn.Identity()
        self.stored_norm = nn.LayerNorm(size) if normalise else nn.Identity()
        self.query, self.key, self.value, self.out = (nn.Linear(size, size) for _ in range(4))
        for projection in (self.query, self.key, self.value):  # as nn.MultiheadAttention begins, with all in one
            nn.init.xavier_uniform_(projection.weight, gain=math.sqrt(0.5))
            nn.init.zeros_(projection.bias)
        nn.init.zeros_(self.out.bias)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Features, (N, A, D), to related ones, and the associations, (N, heads, A, A)."""
        placed = self.placed(features)
        patterns = self.stored_norm(placed)
        state = self._apart(self.query(self.state_norm(placed)))  # (N, heads, A, D / heads)
        stored, value = self._apart(self.key(patterns)), self._apart(self.value(patterns))
        association = associate(state, stored, beta=self.beta, steps=self.steps, tolerance=self.tolerance)
        related: Tensor = self.out((association @ value).transpose(1, 2).flatten(2))
        return related, association

    def _apart(self, features: Tensor) -> Tensor:
        return torch.unflatten(features, 2, (self.heads, -1)).transpose(1, 2)
