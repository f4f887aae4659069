"""Brightness and contrast, varied at random in training."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from actionunits.loading.inputs import InputRecipe

Image = NDArray[np.uint8]

LIGHT_DRAWS = 2
"""Random numbers that the light of one frame takes: brightness, contrast."""

_GREY = np.array([0.299, 0.587, 0.114])  # of red, green and blue, as in BT.601
_VALUES = np.arange(256.0)


@dataclass(frozen=True, eq=False)
class Light:
    """What is done to the light of N pictures: brightness first, then contrast.

    Attributes:
        brightness: (N,) float64, factor of every value.
        contrast: (N,) float64, factor of the differences from the picture's mean grey.
    """

    brightness: NDArray[np.float64]
    contrast: NDArray[np.float64]

    @classmethod
    def drawn(cls, recipe: InputRecipe, uniform: NDArray[np.float64]) -> Light:
        """Random light.

        Args:
            recipe: how far it varies.
            uniform: (N, LIGHT_DRAWS), evenly distributed over 0 <= u < 1.
        """
        factors = 1 + (2 * uniform - 1) * [recipe.brightness, recipe.contrast]
        return cls(factors[:, 0], factors[:, 1])

    def shine(self, place: int, picture: Image) -> None:
        """Change one picture in place.

        Args:
            place: whose light, 0 to N - 1.
            picture: (3, S, S) red, green, blue; contiguous.
        """
        values = _VALUES * self.brightness[place]
        mean = float(_GREY @ [cv2.mean(channel)[0] for channel in picture]) * self.brightness[place]
        table = np.clip(np.rint(mean + (values - mean) * self.contrast[place]), 0, 255).astype(np.uint8)
        plane = picture.reshape(-1, picture.shape[-1])  # (3 S, S)
        cv2.LUT(plane, table, dst=plane)
