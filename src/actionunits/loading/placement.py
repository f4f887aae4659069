"""Where in the stored pictures a batch's squares lie: at random for training, in the middle otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from actionunits.geometry import FLIP_68, apply_affine, compose_affine, warp
from actionunits.geometry.centre import averaged_down
from actionunits.loading.inputs import InputRecipe
from actionunits.store.flow import STILL

Floats = NDArray[np.floating[Any]]
Image = NDArray[np.uint8]

DRAWS = 4
"""Random numbers that one placement takes: across, down, mirror, angle."""


@dataclass(frozen=True, eq=False)
class Placement:
    """How N squares are cut out of stored pictures: cut, mirrored, turned about their middle, then averaged down.

    Attributes:
        recipe: size of the squares, and of the pictures that they become.
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
        """The squares in the middle, neither mirrored nor turned."""
        return cls(recipe, _middle(recipe, count), np.zeros(count, bool), np.zeros(count))

    @classmethod
    def drawn(cls, recipe: InputRecipe, uniform: NDArray[np.float64]) -> Placement:
        """Random squares.

        Args:
            recipe: how far they vary.
            uniform: (N, DRAWS), evenly distributed over 0 <= u < 1.
        """
        corner = _middle(recipe, len(uniform))
        if recipe.shift:
            corner = np.floor(uniform[:, :2] * (recipe.spare + 1)).astype(np.int64)
        return cls(recipe, corner, uniform[:, 2] < recipe.flip, (2 * uniform[:, 3] - 1) * recipe.rotation)

    @cached_property
    def matrices(self) -> NDArray[np.float64]:
        """From pixels of the stored picture to pixels of the network's, (N, 2, 3)."""
        return self._matrices(self.recipe.output)

    def landmarks(self, stored: Floats) -> NDArray[np.float32]:
        """The landmarks in the network's pictures.

        Args:
            stored: (N, T, 68, 2), pixels of the stored pictures; T frames share a square.

        Returns:
            (N, T, 68, 2) float32, pixels of the network's pictures; in mirrored ones, left and right points change
            places.
        """
        points = apply_affine(stored, self.matrices[:, None]).astype(np.float32)
        points[self.flipped] = points[self.flipped][..., FLIP_68, :]
        return points

    def cut(self, place: int, picture: Image, out: Image) -> None:
        """Cut one square, and average it down where the recipe says so.

        Each pixel is the mean of k x k bilinear samples, evenly spread over it, of the stored picture; k is the whole
        number from size / side on, 1 where nothing is scaled. Where nothing is turned either, and size / side is whole,
        the samples are the stored pixels themselves.

        Args:
            place: which square, 0 to N - 1.
            picture: (S, S, 3), the stored one.
            out: (3, output, output), contiguous; is filled.
        """
        cv2.split(self._square(place, picture, self.recipe.crop_recipe.border), list(out))

    def cut_flow(self, place: int, field: Image, out: Image) -> None:
        """Cut one square of optical flow as :meth:`cut` does; where it is mirrored or turned, so are its movements.

        Their lengths stay in pixels of the stored pictures.

        Args:
            place: which square, 0 to N - 1.
            field: (S, S, 2), to the right and down, :data:`~actionunits.store.flow.STILL` for none.
            out: (2, output, output), contiguous; is filled.
        """
        square = self._square(place, np.dstack([field, field[..., 0]]), STILL)[..., :2]
        if self.rotation[place]:
            linear = self.matrices[place, :, :2] * (self.recipe.size / self.recipe.output)
            moved = (square - STILL) @ linear.T + STILL
            square = np.rint(np.clip(moved, 0, 255)).astype(np.uint8)
        elif self.flipped[place]:
            square = np.stack([255 - square[..., 0], square[..., 1]], axis=-1)
        out[:] = square.transpose(2, 0, 1)

    def _square(self, place: int, picture: Image, border: float) -> Image:
        """One square of a picture with three channels, (output, output, 3)."""
        if self.rotation[place]:
            # Four channels: OpenCV takes half the time of three.
            padded = cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA)
            turned = warp(padded, self._fine_matrices[place], self._fine, border=border, average=False)
            return np.asarray(cv2.cvtColor(averaged_down(turned, self.recipe.output), cv2.COLOR_RGBA2RGB))
        (left, top), size = self.corner[place], self.recipe.size
        square = averaged_down(picture[top : top + size, left : left + size], self.recipe.output)
        return np.asarray(cv2.flip(square, 1)) if self.flipped[place] else square

    @property
    def _fine(self) -> int:
        """Side of the square of samples: the smallest multiple of the network's side that is not below ``size``."""
        return -(-self.recipe.size // self.recipe.output) * self.recipe.output

    @cached_property
    def _fine_matrices(self) -> NDArray[np.float64]:
        return self._matrices(self._fine)

    def _matrices(self, side: int) -> NDArray[np.float64]:
        """From pixels of the stored picture to pixels of the square scaled to ``side``, (N, 2, 3)."""
        middle = (self.recipe.size - 1) / 2
        cosine, sine = np.cos(np.deg2rad(self.rotation)), np.sin(np.deg2rad(self.rotation))
        sign = np.where(self.flipped, -1.0, 1.0)
        linear = np.stack([cosine * sign, sine, -sine * sign, cosine], axis=-1).reshape(-1, 2, 2)  # y points down
        centre = (self.corner + middle)[..., None]  # (N, 2, 1), comes to the middle
        square = np.concatenate([linear, middle - linear @ centre], axis=-1)
        zoom = side / self.recipe.size
        offset = (zoom - 1) / 2  # x' = (x + 0.5) zoom - 0.5: pixel centres are at integers
        return compose_affine(np.array([[zoom, 0.0, offset], [0.0, zoom, offset]]), square)


def _middle(recipe: InputRecipe, count: int) -> NDArray[np.int64]:
    return np.full((count, 2), recipe.spare // 2, np.int64)
