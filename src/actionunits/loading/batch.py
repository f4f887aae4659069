"""What a system is trained and tested on: one batch of faces with all that is known of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from actionunits.errors import UsageError
from actionunits.loading.inputs import InputRecipe

Channels = NDArray[np.float32]

UNKNOWN = -1
_WHITE = 255


@dataclass(frozen=True, eq=False, slots=True)
class Clip:
    """The frames around each frame of a batch, T of them; the frame's own variation holds for all.

    Attributes:
        image: (N, T, 3, H, W), as in :class:`FaceBatch`.
        landmarks: (N, T, 68, 2) float32.
        occurrence: (N, T, A) int8.
        intensity: (N, T, A) int8.
        frame: (N, T) int64. Where the sequence has no such frame, at its ends above all, the nearest one stands in.
        centre: which of the T is the frame itself.
    """

    image: Tensor
    landmarks: Tensor
    occurrence: Tensor
    intensity: Tensor
    frame: Tensor
    centre: int


@dataclass(frozen=True, eq=False, slots=True)
class FaceBatch:
    """N faces.

    Attributes:
        image: (N, 3, H, W) red, green, blue. uint8, 0-255, as the loader gives it; float32, scaled as the input recipe
            says, once :meth:`normalised`: that is what a system takes.
        landmarks: (N, 68, 2) float32, pixels of the image, centres at integers; NaN where unknown.
        occurrence: (N, A) int8: 0, 1, or -1 for unknown.
        intensity: (N, A) int8: 0-5, or -1.
        rotation: (N,) float32: by how many degrees the face was turned, counter-clockwise, after it was mirrored.
        row: (N,) int64: of the store.
        frame: (N,) int64: its number in the sequence.
        subject: who is seen.
        sequence: its name.
        clip: the frames around; None where no window was asked for.
        flow: (N, 2 F, H, W) optical flow from F frames to the next of each: of the first to the right, of the first
            down, of the second ... uint8 as :mod:`actionunits.store.flow` has it; float32 once normalised: less the
            mean of each field, so that what moves all of the face alike is nothing, and divided by 255 and by the mean
            of the recipe's std. None where it was not asked for.
    """

    image: Tensor
    landmarks: Tensor
    occurrence: Tensor
    intensity: Tensor
    rotation: Tensor
    row: Tensor
    frame: Tensor
    subject: tuple[str, ...]
    sequence: tuple[str, ...]
    clip: Clip | None = None
    flow: Tensor | None = None

    @classmethod
    def unlabelled(cls, image: Tensor, landmarks: Tensor, aus: int) -> FaceBatch:
        """Faces of which nothing else is known.

        Args:
            image: (N, 3, H, W).
            landmarks: (N, 68, 2).
            aus: how many AUs the labels are to have, all unknown.
        """
        count = len(image)
        unknown = torch.full((count, aus), UNKNOWN, dtype=torch.int8, device=image.device)
        numbers = torch.arange(count, device=image.device)
        upright = torch.zeros(count, device=image.device)
        names = ("",) * count
        return cls(image, landmarks, unknown, unknown, upright, numbers, numbers, names, names)

    def __len__(self) -> int:
        return len(self.image)

    def to(self, device: torch.device | str, *, non_blocking: bool = False) -> FaceBatch:
        """The same batch on another device."""
        return self._changed(lambda tensor: tensor.to(device, non_blocking=non_blocking))

    def pin_memory(self) -> FaceBatch:
        """The same batch where a graphics card can fetch it; called by PyTorch."""
        return self._changed(lambda tensor: tensor.pin_memory())

    def normalised(self, recipe: InputRecipe) -> FaceBatch:
        """The same batch, its pictures float32 and scaled: (value / 255 - mean) / std.

        Args:
            recipe: with mean and std.

        Raises:
            UsageError: it is normalised already.
        """
        if self.image.dtype != torch.uint8:
            raise UsageError("batch", "its pictures are normalised already", "Normalise what the loader gives")
        std = np.array(recipe.std, np.float32)[:, None, None]
        shift = -np.array(recipe.mean, np.float32)[:, None, None] / std
        batch = self._with_image(lambda image: _scaled(image, (1 / (_WHITE * std)).astype(np.float32), shift))
        return batch if self.flow is None else replace(batch, flow=_centred(self.flow, _WHITE * float(std.mean())))

    def upright_landmarks(self) -> Tensor:
        """The landmarks as if the faces had not been turned, (N, 68, 2); mirrored faces stay mirrored.

        Source: LP-Net's P-Net input, which rotation does not touch.
        """
        height, width = self.image.shape[-2:]
        centre = torch.tensor([(width - 1) / 2, (height - 1) / 2], device=self.landmarks.device)
        angle = torch.deg2rad(self.rotation)
        cosine, sine = angle.cos(), angle.sin()
        back = torch.stack([cosine, -sine, sine, cosine], dim=-1).view(-1, 2, 2)  # clockwise
        return (self.landmarks - centre) @ back.mT + centre

    def _changed(self, change: Callable[[Tensor], Tensor]) -> FaceBatch:
        batch = self._with_image(change)
        clip = None if batch.clip is None else _others_changed(batch.clip, change)
        return replace(_others_changed(batch, change), clip=clip)

    def _with_image(self, change: Callable[[Tensor], Tensor]) -> FaceBatch:
        """The pictures changed; a frame's stays the part of its clip that it is."""
        if self.clip is None:
            return replace(self, image=change(self.image))
        clip = replace(self.clip, image=change(self.clip.image))
        return replace(self, image=clip.image[:, clip.centre], clip=clip)


Part = TypeVar("Part", Clip, FaceBatch)


def _others_changed(part: Part, change: Callable[[Tensor], Tensor]) -> Part:
    """Every tensor changed but the pictures."""
    values = {each.name: getattr(part, each.name) for each in fields(part) if each.name != "image"}
    changed: dict[str, Any] = {name: change(value) for name, value in values.items() if isinstance(value, Tensor)}
    return replace(part, **changed)


def _centred(flow: Tensor, scale: float) -> Tensor:
    """Fields, (N, 2 F, H, W) uint8, less their means and divided by a scale, float32."""
    values = flow.float()
    return (values - values.mean(dim=(2, 3), keepdim=True)) / scale


def _scaled(image: Tensor, scale: Channels, shift: Channels) -> Tensor:
    """Pictures, (..., 3, H, W) uint8, times scale plus shift, float32."""
    if image.device.type != "cpu":
        return image * torch.from_numpy(scale).to(image.device) + torch.from_numpy(shift).to(image.device)
    # In NumPy, and picture by picture: PyTorch's threads wait for each other busily, on cores that the workers need.
    scaled = np.empty(image.shape, np.float32)
    for one, out in zip(image.flatten(0, -4).numpy(), scaled.reshape(-1, *image.shape[-3:]), strict=True):
        np.multiply(one, scale, out=out)
        out += shift
    return torch.from_numpy(scaled)
