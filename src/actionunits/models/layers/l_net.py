"""LP-Net's L-Net: for each action unit an LSTM that walks over the face."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from actionunits.models.layers.au_lstm import AULSTM
from actionunits.models.layers.grouped_linear import GroupedLinear


class LNet(nn.Module):
    """An LSTM per action unit over cells of a map; the mean of what they say at each step is the logit.

    Args:
        channels: D, of the map.
        walks: for each of A AUs, its cells in order.
        hidden: H, size of an LSTM's state; with 1, the state itself is the logit.

    Source: LP-Net (Niu et al. 2019), Eq. 1.
    """

    walk: Tensor
    share: Tensor

    def __init__(self, channels: int, walks: Sequence[Sequence[int]], hidden: int) -> None:
        super().__init__()
        self.lstm = AULSTM(len(walks), channels, hidden)
        self.head = None if hidden == 1 else GroupedLinear(len(walks), hidden, 1)
        self.alike = all(walk == walks[0] for walk in walks)
        longest = max(map(len, walks))
        padded = [[*walk, *[0] * (longest - len(walk))] for walk in walks]  # what comes after the end counts 0
        shares = [[1 / len(walk)] * len(walk) + [0.0] * (longest - len(walk)) for walk in walks]
        self.register_buffer("walk", torch.tensor(padded), persistent=False)  # (A, T)
        self.register_buffer("share", torch.tensor(shares), persistent=False)  # (A, T)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and mean states.

        Args:
            features: (N, D, h, w).

        Returns:
            (N, A), and (N, A, H): the mean over the steps comes first, as the head is linear.
        """
        cells = features.flatten(2).mT  # (N, h * w, D)
        if self.alike:
            sequence = cells.index_select(1, self.walk[0])  # (N, T, D)
        else:
            sequence = torch.stack([cells.index_select(1, walk) for walk in self.walk])  # (A, N, T, D)
        states = self.lstm(sequence)  # (T, A, N, H)
        mean = torch.einsum("tanh,at->nah", states, self.share.to(states.dtype))  # (N, A, H)
        logits = mean if self.head is None else self.head(mean)  # (N, A, 1)
        return logits.squeeze(-1), mean
