"""How features of AUs enter a layer that relates them: a linear layer, and where in the sequence each one stands."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

_LONGEST_WAVE = 10_000


def sinusoidal_positions(count: int, size: int) -> Tensor:
    """Waves that tell places apart: sin(p / 10000^(2i/D)) at 2i, the cosine of the same at 2i + 1.

    Args:
        count: of places p = 0, 1, ...
        size: D, even.

    Returns:
        (count, size) float32.

    Source: LoRRaL (Shi et al. 2020), Eqs. 3.1 and 3.2; Vaswani et al. 2017.
    """
    place = torch.arange(count, dtype=torch.float64)[:, None]  # (count, 1)
    angle = place / _LONGEST_WAVE ** (torch.arange(0, size, 2, dtype=torch.float64) / size)  # (count, size / 2)
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1).float()


class Placed(nn.Module):
    """A linear layer, layer norm and dropout; then the place of each AU is added.

    Args:
        places: of each of the A AUs in the sequence, 0 to A - 1.
        size: of a feature, D, even.
        dropout: probability.
    """

    positions: Tensor

    def __init__(self, places: Sequence[int], size: int, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(size, size)
        self.norm = nn.LayerNorm(size)
        self.dropout = nn.Dropout(dropout)
        positions = sinusoidal_positions(len(places), size)[list(places)]
        self.register_buffer("positions", positions, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """Features, (N, A, D), to the same shape."""
        placed: Tensor = self.dropout(self.norm(self.linear(features))) + self.positions
        return placed
