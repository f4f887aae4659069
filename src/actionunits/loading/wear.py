"""Pictures made worse at random: light, colour, focus, size, noise, compression, and things in front of the face.

For networks that learn from rendered faces and are to work on photographs (domain randomisation). Most changes are
torchvision's; each comes or stays away on its own.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms import v2  # type: ignore[import-untyped]

Image = NDArray[np.uint8]

_COARSEST = 0.4
"""Smallest share of its pixels that a side keeps, where a picture is shrunk and enlarged again."""


class _Coarse(torch.nn.Module):
    """Shrink a picture and enlarge it again, as if the face had been far away."""

    def forward(self, picture: Tensor) -> Tensor:
        """(3, S, S) to (3, S, S)."""
        side = picture.shape[-1]
        small = int(side * (_COARSEST + (1 - _COARSEST) * torch.rand(()).item()))
        shrunk = v2.functional.resize(picture, [small, small], antialias=True)
        return v2.functional.resize(shrunk, [side, side], antialias=True)  # type: ignore[no-any-return]


class _Slope(torch.nn.Module):
    """Light that falls off to one side: a factor that changes evenly across the picture, 0.5 to 1.5 at most."""

    def forward(self, picture: Tensor) -> Tensor:
        """(3, S, S) uint8 to the same."""
        side = picture.shape[-1]
        angle, depth = 2 * torch.pi * torch.rand(()), torch.rand(()) / 2
        line = torch.linspace(-1, 1, side)
        across = (line[None] * angle.cos() + line[:, None] * angle.sin()) / 2**0.5  # (S, S), -1 to 1
        return (picture * (1 + depth * across)).clamp(0, 255).to(torch.uint8)


class _Noise(torch.nn.Module):
    """Grain, alike in all channels or not, with a spread of up to 16 of 255."""

    def forward(self, picture: Tensor) -> Tensor:
        """(3, S, S) uint8 to the same."""
        spread = 16 * torch.rand(()).item()
        channels = 1 if torch.rand(()) < 0.5 else len(picture)
        noise = torch.randn(channels, *picture.shape[1:]) * spread
        return (picture + noise).round().clamp(0, 255).to(torch.uint8)


class _Compressed(torch.nn.Module):
    """As a JPEG file of quality 20 to 90 gives it back."""

    def forward(self, picture: Tensor) -> Tensor:
        """(3, S, S) uint8 to the same."""
        quality = int(torch.randint(20, 91, ()))
        image = np.ascontiguousarray(picture.permute(1, 2, 0).numpy())
        _, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        return torch.from_numpy(cv2.imdecode(coded, cv2.IMREAD_COLOR)).permute(2, 0, 1)


@cache
def _changes() -> v2.Transform:
    """All changes, in the order in which a camera makes them."""
    return v2.Compose(
        [
            v2.RandomApply([_Slope()], 0.3),
            v2.RandomErasing(p=0.2, scale=(0.02, 0.12), ratio=(0.3, 3.3), value=[0]),
            v2.RandomErasing(p=0.1, scale=(0.02, 0.12), ratio=(0.3, 3.3), value="random"),
            v2.ColorJitter(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.03),
            v2.RandomGrayscale(0.1),
            v2.RandomApply([_Coarse()], 0.3),
            v2.RandomApply([v2.GaussianBlur(5, (0.3, 1.6))], 0.25),
            v2.RandomApply([_Noise()], 0.3),
            v2.RandomApply([_Compressed()], 0.35),
        ]
    )


def worn(picture: Image, seed: int) -> Image:
    """A picture made worse.

    Args:
        picture: (3, S, S) uint8 red, green, blue.
        seed: decides how, and nothing else does: not the process, nor what was drawn before.

    Returns:
        (3, S, S) uint8.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made: Tensor = _changes()(torch.from_numpy(np.ascontiguousarray(picture)))
    return np.ascontiguousarray(made.numpy())
