"""What every system gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

LEVELS = 6
"""FACS intensities: 0 (absent) and A-E (1-5)."""


@dataclass(frozen=True, eq=False, slots=True)
class AUOutput:
    """What a system says of N faces.

    Attributes:
        logits: (N, A) log-odds of occurrence; (N, len(columns)) where only some AUs were computed.
        levels: (N, A, 6) unnormalised log-probabilities of the intensities 0-5; None for systems without.
        parts: what else the losses and the pictures of :mod:`actionunits.explain` need, by name.
        columns: the places, among the model's AUs, that were computed; None for all. Only in training.
        stand_in: (N,) bool, faces of which a landmark that it looks at was unknown, so that a mean face's stood in;
            None for systems that look at none.
        reached: (N, A, 5) log-odds that the intensity is at least 1, 2, ... 5, which say the same as ``levels``; None
            for systems that do not take the levels to be in order.
    """

    logits: Tensor
    levels: Tensor | None = None
    parts: Mapping[str, Tensor] = field(default_factory=dict)
    columns: tuple[int, ...] | None = None
    stand_in: Tensor | None = None
    reached: Tensor | None = None

    @property
    def probability(self) -> Tensor:
        """(N, A) probability of occurrence, 0 to 1, float32."""
        return self.logits.float().sigmoid()

    @property
    def intensity(self) -> Tensor | None:
        """(N, A) the likeliest intensity, 0 to 5, float32; None for systems without."""
        return None if self.levels is None else self.levels.argmax(dim=-1).float()

    @property
    def mean_intensity(self) -> Tensor | None:
        """(N, A) the mean of the intensities by their probabilities, 0 to 5, float32; None for systems without."""
        if self.reached is not None:
            return self.reached.float().sigmoid().sum(dim=-1)
        if self.levels is None:
            return None
        values = torch.arange(float(LEVELS), device=self.levels.device)
        return (self.levels.float().softmax(dim=-1) * values).sum(dim=-1)


def occurrence_logits(levels: Tensor) -> Tensor:
    """Log-odds that an AU occurs at all, from the logits of its intensities.

    Args:
        levels: (..., 6).

    Returns:
        (...): log of P(1 to 5) over P(0).
    """
    return torch.logsumexp(levels[..., 1:], dim=-1) - levels[..., 0]
