"""How far found landmarks are from the known ones."""

from __future__ import annotations

import torch
from torch import Tensor

from actionunits.geometry import INDICES_49_IN_68, LEFT_EYE, RIGHT_EYE

_EYES = tuple([INDICES_49_IN_68.index(point) for point in eye] for eye in (RIGHT_EYE, LEFT_EYE))


def landmark_loss(found: Tensor, known: Tensor) -> Tensor:
    """Squared distances of all points, added up, over twice the squared distance of the eye centres; mean over faces.

    Faces of which one of the 49 points is unknown, or whose eye centres coincide, have no part in it; where none is
    left, the result is 0 with a gradient of 0.

    Args:
        found: (N, 49, 2), any floating type; computed in float32.
        known: (N, 68, 2) or (N, 49, 2), the same pixels; NaN where unknown. The jaw and the inner lip corners of 68
            points do not matter.

    Returns:
        A scalar, float32.

    Source: LoRRaL (Shi et al. 2020), section 3.4; the form is JAA-Net's (Shao et al. 2018), which divides by
        the distance of the eye centres.
    """
    if known.shape[1] == 68:
        known = known[:, INDICES_49_IN_68]  # (N, 49, 2)
    right, left = (known[:, eye].mean(dim=1) for eye in _EYES)  # (N, 2), (N, 2)
    distance = (left - right).square().sum(dim=-1)  # (N,), squared
    usable = known.isfinite().flatten(1).all(dim=1) & (distance > 0)  # (N,)
    target = torch.where(usable[:, None, None], known, 0)
    errors = (found.float() - target).square().sum(dim=(1, 2)) / (2 * torch.where(usable, distance, 1))  # (N,)
    return errors.masked_fill(~usable, 0).sum() / usable.sum().clamp(min=1)
