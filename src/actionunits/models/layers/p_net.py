"""LP-Net's P-Net: what a face's shape says of its action units."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from actionunits.geometry import LEFT_EYE, RIGHT_EYE
from actionunits.geometry.mean_face import MEAN_68

_HIDDEN = 256


def face_shape(landmarks: Tensor) -> Tensor:
    """Landmarks relative to the middle between the eye centres, with the line through these as x axis and unit.

    Any shift, scaling and turning of the picture leaves the result as it is. Of a mirrored face, whose left and right
    points have changed places, x changes its sign.

    Args:
        landmarks: (N, 68, 2), pixels of any picture, x right, y down; NaN where unknown.

    Returns:
        (N, 136): x of point 0, y of point 0, x of point 1 ...; y points down the face. Not finite where a point is
        unknown, and all of it where an eye is, or both eyes coincide.

    Source: LP-Net (Niu et al. 2019), Eq. 2.
    """
    right = landmarks[:, RIGHT_EYE[0] : RIGHT_EYE[-1] + 1].mean(dim=1, keepdim=True)  # (N, 1, 2), image-left
    left = landmarks[:, LEFT_EYE[0] : LEFT_EYE[-1] + 1].mean(dim=1, keepdim=True)  # (N, 1, 2)
    from_middle = landmarks - (right + left) / 2
    across = left - right
    down = torch.stack([-across[..., 1], across[..., 0]], dim=-1)  # (N, 1, 2)
    turned = torch.stack([(from_middle * across).sum(dim=-1), (from_middle * down).sum(dim=-1)], dim=-1)  # (N, 68, 2)
    return (turned / across.square().sum(dim=-1, keepdim=True)).flatten(1)


class PNet(nn.Module):
    """From a face's shape to a correction of each AU's logit.

    A point that is unknown is taken to be where the mean face has it.

    Args:
        aus: A, how many.
        size: D, of the feature that is to be orthogonal to the picture's.
        relu: take that feature after its ReLU.

    Source: LP-Net (Niu et al. 2019), section 3.3 and Fig. 4.
    """

    mean_shape: Tensor

    def __init__(self, aus: int, size: int, *, relu: bool) -> None:
        super().__init__()
        mean_shape = face_shape(torch.tensor(MEAN_68)[None])[0].float()  # (136,)
        self.register_buffer("mean_shape", mean_shape, persistent=False)
        self.first = nn.Linear(len(mean_shape), _HIDDEN)
        self.second = nn.Linear(_HIDDEN, size)
        self.terms = nn.Linear(size, aus)
        self.relu = relu

    def forward(self, landmarks: Tensor) -> tuple[Tensor, Tensor]:
        """Corrections and shape feature.

        Args:
            landmarks: (N, 68, 2), pixels; NaN where unknown.

        Returns:
            m, (N, A), and f_s, (N, D).
        """
        shape = face_shape(landmarks)  # (N, 136)
        known = torch.where(torch.isfinite(shape), shape, self.mean_shape)
        feature = self.second(self.first(known).relu())  # (N, D)
        positive = feature.relu()
        return self.terms(positive), positive if self.relu else feature
