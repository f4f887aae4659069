"""AUs that attend to each other: the encoder of the Transformer over the AUs of a face."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn

from actionunits.models.layers.sequence import Placed

_WIDENING = 4  # of the feed-forward layer, 2048 for features of 512


class SelfAttention(nn.Module):
    """Encoder layers, layer norm last, over placed AU features.

    Args:
        places: of each of the A AUs in the sequence, 0 to A - 1.
        size: of a feature, D, a multiple of the heads, even.
        heads: of each layer.
        layers: how many.
        dropout: probability, everywhere.

    Source: LoRRaL (Shi et al. 2020), section 3.2.
    """

    def __init__(self, places: Sequence[int], size: int, *, heads: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.placed = Placed(places, size, dropout)
        # AUs first: with faces first PyTorch switches to fused kernels in eval, which cannot be exported.
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(size, heads, _WIDENING * size, dropout) for _ in range(layers)
        )

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor | None]:
        """Features, (N, A, D), to related ones and, when it predicts, the last layer's attention, (N, heads, A, A)."""
        before = state = self.placed(features).transpose(0, 1)  # (A, N, D)
        for layer in self.layers:
            before, state = state, layer(state)
        attention = None
        if not self.training:
            last = cast(nn.TransformerEncoderLayer, self.layers[-1]).self_attn
            _, attention = last(before, before, before, average_attn_weights=False)
        return state.transpose(0, 1), attention
