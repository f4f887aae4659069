"""Where in the stored pictures a batch's squares lie: at random for training, in the middle otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from actionunits.geometry import FLIP_68, apply_affine, warp
from actionunits.loading.inputs import InputRecipe

Floats = NDArray[np.floating[Any]]
Image = NDArray[np.uint8]

DRAWS = 4
"""Random numbers that one placement takes: across, down, mirror, angle."""


@dataclass(frozen=True, eq=False)
class Placement:
    """How N squares are cut out of stored pictures: cut, then mirrored, then turned about their middle.

    Attributes:
        recipe: size of the squares.
        corner: (N, 2) int64, pixel of the stored picture that is the top left one before mirroring and turning.
        flipped: (N,) bool.
        rotation: (N,) float64, degrees, counter-clockwise.
    """

    recipe: InputRecipe
    corner: NDArray[np.int64]
    flipped: NDArray[np.bool_]
    rotation: NDArray[np.float64]

    @classmethod
    def central(cls, recipe: InputRecipe, count: int) -> Placement:
        """The squares in the middle, as they are."""
        corner = np.full((count, 2), recipe.spare // 2, np.int64)
        return cls(recipe, corner, np.zeros(count, bool), np.zeros(count))

    @classmethod
    def drawn(cls, recipe: InputRecipe, uniform: NDArray[np.float64]) -> Placement:
        """Random squares.

        Args:
            recipe: how far they vary.
            uniform: (N, DRAWS), evenly distributed over 0 <= u < 1.
        """
        corner = np.floor(uniform[:, :2] * (recipe.spare + 1)).astype(np.int64)
        return cls(recipe, corner, uniform[:, 2] < recipe.flip, (2 * uniform[:, 3] - 1) * recipe.rotation)

    @cached_property
    def matrices(self) -> NDArray[np.float64]:
        """From pixels of the stored picture to pixels of the square, (N, 2, 3)."""
        middle = (self.recipe.size - 1) / 2
        cosine, sine = np.cos(np.deg2rad(self.rotation)), np.sin(np.deg2rad(self.rotation))
        side = np.where(self.flipped, -1.0, 1.0)
        linear = np.stack([cosine * side, sine, -sine * side, cosine], axis=-1).reshape(-1, 2, 2)  # y points down
        centre = (self.corner + middle)[..., None]  # (N, 2, 1), comes to the middle
        return np.concatenate([linear, middle - linear @ centre], axis=-1)

    def landmarks(self, stored: Floats) -> NDArray[np.float32]:
        """The landmarks of the squares.

        Args:
            stored: (N, T, 68, 2), pixels of the stored pictures; T frames share a square.

        Returns:
            (N, T, 68, 2) float32, pixels of the squares; in mirrored ones, left and right points change places.
        """
        points = apply_affine(stored, self.matrices[:, None]).astype(np.float32)
        points[self.flipped] = points[self.flipped][..., FLIP_68, :]
        return points

    def cut(self, place: int, picture: Image, out: Image) -> None:
        """Cut one square.

        Where nothing is turned the pixels are copied, otherwise each is one bilinear sample of the stored picture.

        Args:
            place: which square, 0 to N - 1.
            picture: (S, S, 3), the stored one.
            out: (3, size, size), contiguous; is filled.
        """
        size = self.recipe.size
        if self.rotation[place]:
            border = self.recipe.crop_recipe.border
            # Four channels: OpenCV takes half the time of three.
            padded = cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA)
            turned = warp(padded, self.matrices[place], size, border=border, average=False)
            square = cv2.cvtColor(turned, cv2.COLOR_RGBA2RGB)
        else:
            left, top = self.corner[place]
            square = picture[top : top + size, left : left + size]
            square = cv2.flip(square, 1) if self.flipped[place] else square
        cv2.split(square, list(out))
