"""AUs as a sequence, read from both ends."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class BiLSTM(nn.Module):
    """A bidirectional LSTM over the AUs of a face.

    Args:
        places: of each of the A AUs in the sequence, 0 to A - 1.
        size: of a feature, D, even; half of it comes from each direction.

    Source: LoRRaL (Shi et al. 2020), section 3.1.
    """

    order: Tensor
    places: Tensor

    def __init__(self, places: Sequence[int], size: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(size, size // 2, batch_first=True, bidirectional=True)
        self.register_buffer("places", torch.tensor(list(places)), persistent=False)
        self.register_buffer("order", torch.argsort(self.places), persistent=False)

    def forward(self, features: Tensor) -> tuple[Tensor, None]:
        """Features, (N, A, D), to those of the same AUs, each of which has heard of all others; no attention."""
        related, _ = self.lstm(features[:, self.order])
        return related[:, self.places], None
