"""The segment proposal network: where on a line of time something happens, whatever it is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from actionunits.models.layers.segments import decode, suppress

_SCALE = 0.01
_OVERLAP = 0.7  # of two proposals; the worse one goes
_SHORTEST = 1.0  # frames


class SegmentProposals(nn.Module):
    """Scores and moves anchors: segments of some lengths around every frame.

    Args:
        features: D, of a frame.
        channels: of the convolutions before.
        depth: how many these are.
        lengths: of the anchors, frames; L of them.

    Source: AU R-CNN (Ma et al. 2019), section 4.5.3; Faster R-CNN's proposals in one dimension.
    """

    lengths: Tensor

    def __init__(self, features: int, *, channels: int, depth: int, lengths: Sequence[int]) -> None:
        super().__init__()
        sizes = [features, *[channels] * depth]
        self.convolutions = nn.ModuleList(nn.Conv1d(a, b, 3, padding=1) for a, b in pairwise(sizes))
        self.score = nn.Conv1d(sizes[-1], len(lengths), 1)
        self.offset = nn.Conv1d(sizes[-1], 2 * len(lengths), 1)
        self.register_buffer("lengths", torch.tensor(lengths, dtype=torch.float32), persistent=False)
        for layer in (self.score, self.offset):
            nn.init.normal_(layer.weight, std=_SCALE)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Judge all anchors.

        Args:
            features: (R, D, T) of R lines.

        Returns:
            (R, T * L) log-odds that there is something, and (R, T * L, 2) offsets.
        """
        for layer in self.convolutions:
            features = functional.relu(layer(features))
        score = self.score(features).mT.flatten(1)  # (R, T * L)
        offset = self.offset(features).mT  # (R, T, 2 L)
        return score, torch.unflatten(offset, 2, (-1, 2)).flatten(1, 2)

    def anchors(self, frames: int) -> Tensor:
        """The anchors of a line, (T * L, 2); they may reach beyond its ends."""
        centre = torch.arange(frames, device=self.lengths.device)[:, None] + 0.5
        return torch.stack([centre - self.lengths / 2, centre + self.lengths / 2], dim=-1).flatten(0, 1)

    @torch.no_grad()
    def propose(self, score: Tensor, offset: Tensor, frames: int, *, before: int, after: int) -> list[Tensor]:
        """The best segments that do not overlap much.

        Args:
            score, offset: as the forward pass gives them.
            frames: T.
            before: how many of a line's best are looked at.
            after: how many of these stay.

        Returns:
            (K, 2) for each line, the best first; at least one.
        """
        found, anchors = [], self.anchors(frames)
        for scores, offsets in zip(score, offset, strict=True):
            best = scores.topk(min(before, scores.shape[0])).indices
            segments = decode(offsets[best], anchors[best], frames)
            long = (segments[:, 1] - segments[:, 0]) >= _SHORTEST
            long[0] |= ~long.any()
            segments, scores = segments[long], scores[best][long]
            found.append(segments[suppress(segments, scores, _OVERLAP)[:after]])
        return found
