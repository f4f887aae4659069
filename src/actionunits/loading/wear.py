"""Pictures made worse at random: light, colour, focus, size, noise, compression, and things in front of the face.

For networks that learn from rendered faces and are to work on photographs (domain randomisation). Most changes are
torchvision's; each comes or stays away on its own.
"""

from __future__ import annotations

import math
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

_JITTER, _HUE = 0.4, 0.03  # brightness, contrast and saturation; hue, as a share of a full turn
_YIQ_OF_RGB = np.array([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
_RGB_OF_YIQ = np.linalg.inv(_YIQ_OF_RGB)


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


class _Colour(torch.nn.Module):
    """Brightness, contrast, saturation and hue, each by up to as much: one linear map of the colours.

    As torchvision's ColorJitter, at a tenth of its cost, which would be a third of what a training spends on a picture:
    hue turns about the grey axis of YIQ.
    """

    def forward(self, picture: Tensor) -> Tensor:
        """(3, S, S) uint8 to the same."""
        brightness, contrast, saturation, turn = (2 * torch.rand(4, dtype=torch.float64) - 1).tolist()
        bright, steep, vivid = (1 + _JITTER * each for each in (brightness, contrast, saturation))
        angle = 2 * math.pi * _HUE * turn
        turned = vivid * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        chroma = np.eye(3)
        chroma[1:, 1:] = turned
        colours = _RGB_OF_YIQ @ chroma @ _YIQ_OF_RGB * (bright * steep)
        image = picture.permute(1, 2, 0).numpy()
        grey = float(_YIQ_OF_RGB[0] @ cv2.mean(np.ascontiguousarray(image))[:3]) * bright
        offset = np.full((3, 1), grey * (1 - steep))
        made = cv2.transform(np.ascontiguousarray(image), np.hstack([colours, offset]))
        return torch.from_numpy(made).permute(2, 0, 1)


class _Blurred(torch.nn.Module):
    """Out of focus by 0.3 to 1.6 pixels."""

    def forward(self, picture: Tensor) -> Tensor:
        """(3, S, S) uint8 to the same."""
        sigma = 0.3 + 1.3 * torch.rand(()).item()
        image = np.ascontiguousarray(picture.permute(1, 2, 0).numpy())
        return torch.from_numpy(cv2.GaussianBlur(image, (5, 5), sigma)).permute(2, 0, 1)


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
            _Colour(),
            v2.RandomGrayscale(0.1),
            v2.RandomApply([_Coarse()], 0.3),
            v2.RandomApply([_Blurred()], 0.25),
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
