"""An LSTM whose states are maps, with weights of its own for each of several boxes."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ConvLSTM(nn.Module):
    """One layer; gates and candidate are one convolution of the input beside the last state.

    Args:
        boxes: R, each with weights of its own; 1 for weights that all share.
        inputs: channels of the input.
        size: H, channels of the state.
        kernel: side of the convolutions, odd.

    Source: Shi et al., NeurIPS 2015, without peepholes; separate weights for each box: AU R-CNN (Ma et al. 2019).
    """

    def __init__(self, boxes: int, inputs: int, size: int, kernel: int = 3) -> None:
        super().__init__()
        self.boxes, self.size = boxes, size
        self.gates = nn.Conv2d(boxes * (inputs + size), boxes * 4 * size, kernel, padding=kernel // 2, groups=boxes)

    def forward(self, maps: Tensor) -> Tensor:
        """Sequences of maps, (N, T, R, inputs, h, w), to the states, (N, T, R, H, h, w), from a state of zeros on."""
        count, times, boxes, inputs, height, width = maps.shape
        each = 1 if self.boxes == 1 else boxes  # boxes beside each other in the channels
        rows = count * boxes // each
        flat = maps.transpose(1, 2).reshape(rows, each, times, inputs, height, width)
        hidden = maps.new_zeros(rows, each, self.size, height, width)
        cell, states = hidden, []
        for time in range(times):
            both = torch.cat([flat[:, :, time], hidden], dim=2).flatten(1, 2)  # (rows, each * (inputs + H), h, w)
            gates = self.gates(both).view(rows, each, 4, self.size, height, width)
            keep, write, show = gates[:, :, :3].sigmoid().unbind(dim=2)
            cell = keep * cell + write * gates[:, :, 3].tanh()
            hidden = show * cell.tanh()
            states.append(hidden.view(count, boxes, self.size, height, width))
        return torch.stack(states, dim=1)
