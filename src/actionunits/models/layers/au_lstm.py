"""One LSTM for every action unit, all of them computed side by side."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class AULSTM(nn.Module):
    """Independent LSTMs of one layer and one direction, A of them, each with its own weights.

    Equal to A of :class:`torch.nn.LSTM`, whose names, order of gates (input, forget, cell, output) and two biases it
    has, stacked; one product then does a step of them all.

    Args:
        aus: A, how many.
        features: D, size of what comes in.
        hidden: H, size of the state.

    Source: LP-Net (Niu et al. 2019), section 3.2.
    """

    def __init__(self, aus: int, features: int, hidden: int) -> None:
        super().__init__()
        self.weight_ih = nn.Parameter(torch.empty(aus, 4 * hidden, features))
        self.weight_hh = nn.Parameter(torch.empty(aus, 4 * hidden, hidden))
        self.bias_ih = nn.Parameter(torch.empty(aus, 4 * hidden))
        self.bias_hh = nn.Parameter(torch.empty(aus, 4 * hidden))
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -1 / math.sqrt(hidden), 1 / math.sqrt(hidden))  # as torch.nn.LSTM

    def forward(self, sequence: Tensor) -> Tensor:
        """The states after each step, which begin with 0.

        Args:
            sequence: (N, T, D) for all, or (A, N, T, D), one for each.

        Returns:
            (T, A, N, H).
        """
        recurrent = self.weight_hh.mT  # (A, H, 4H)
        state = cell = recurrent.new_zeros(len(recurrent), sequence.shape[-3], recurrent.shape[1])  # (A, N, H)
        states = []
        for given in self._project(sequence).unbind():  # T times (A, N, 4H)
            gates = torch.baddbmm(given, state, recurrent)  # (A, N, 4H)
            enter, forget, new, leave = gates.chunk(4, dim=-1)  # (A, N, H) each
            cell = forget.sigmoid() * cell + enter.sigmoid() * new.tanh()
            state = leave.sigmoid() * cell.tanh()
            states.append(state)
        return torch.stack(states)

    def _project(self, sequence: Tensor) -> Tensor:
        """What the gates get of the sequence, (T, A, N, 4H)."""
        bias = self.bias_ih + self.bias_hh  # (A, 4H)
        if sequence.ndim == 3:
            given = functional.linear(sequence, self.weight_ih.flatten(0, 1), bias.flatten())  # (N, T, A * 4H)
            return given.view(*given.shape[:-1], *bias.shape).permute(1, 2, 0, 3)
        given = torch.baddbmm(bias[:, None], sequence.flatten(1, 2), self.weight_ih.mT)  # (A, N * T, 4H)
        return given.view(*sequence.shape[:-1], -1).permute(2, 0, 1, 3)
