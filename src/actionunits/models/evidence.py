"""Evidence for AUs: above 0 where one was decided to be there, and higher the likelier it is."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

ABSENT = -20.0
"""Where nothing speaks for an AU."""

_MARGIN = 1e-6


def never_found(evidence: Tensor) -> Tensor:
    """Evidence, of any shape, for what was decided to be absent: in the same order, but always below 0."""
    return functional.logsigmoid(evidence).clamp(max=-_MARGIN)
