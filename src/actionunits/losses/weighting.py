"""Weights of action units against their different rates."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def jaa_weights(occurrence: NDArray[np.int8]) -> Tensor:
    """One over the share of positives among each AU's known labels, scaled so that the mean of the weights is 1.

    AUs without a positive, whose weight would be infinite, get 1 and do not enter the mean.

    Args:
        occurrence: (N, A), labels of the training part: 0, 1, or -1 for unknown.

    Returns:
        (A,) float32.

    Source: JAA-Net (Shao et al. 2018).
    """
    positives = (occurrence == 1).sum(axis=0)  # (A,)
    known = (occurrence >= 0).sum(axis=0)  # (A,)
    seen = positives > 0  # (A,)
    weights = np.ones(len(seen))
    if seen.any():
        inverse = known[seen] / positives[seen]
        weights[seen] = inverse / inverse.mean()
    return torch.from_numpy(weights.astype(np.float32))
