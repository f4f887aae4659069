"""Scenes made of the rendered faces in tests/data: several faces at chosen places on a plain background."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from actionunits.faces import FaceFinder

Image = NDArray[np.uint8]
Placed = tuple[int, float, float, int]  # which face, centre x, centre y, side
Scene = Callable[..., Image]

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="session")
def rendered() -> list[Image]:
    return [cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB) for path in sorted(DATA.glob("face*.jpg"))]


@pytest.fixture(scope="session")
def finder() -> FaceFinder:
    return FaceFinder()


@pytest.fixture(scope="session")
def scene(rendered: list[Image]) -> Scene:
    """Paint faces, later ones in front, cut out as ellipses."""

    def paint(placed: Sequence[Placed], *, width: int = 640, height: int = 360, grey: int = 110) -> Image:
        picture = np.full((height, width, 3), grey, np.uint8)
        picture += (np.arange(width) * 40 // width).astype(np.uint8)[None, :, None]
        for which, x, y, side in placed:
            face = cv2.resize(rendered[which], (side, side), interpolation=cv2.INTER_AREA)
            mask = np.zeros((side, side), np.uint8)
            cv2.ellipse(mask, (side // 2, int(side * 0.45)), (int(side * 0.36), int(side * 0.45)), 0, 0, 360, 255, -1)
            left, top = round(x - side / 2), round(y - side / 2)
            x0, y0, x1, y1 = max(0, left), max(0, top), min(width, left + side), min(height, top + side)
            if x0 < x1 and y0 < y1:
                seen = mask[y0 - top : y1 - top, x0 - left : x1 - left] > 0
                picture[y0:y1, x0:x1][seen] = face[y0 - top : y1 - top, x0 - left : x1 - left][seen]
        return picture

    return paint
