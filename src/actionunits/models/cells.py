"""The cells of a backbone's last map: in which order they are read, and which of them show an action unit."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from actionunits.facs import AULike, au_number
from actionunits.geometry import AU_CENTRES, CropRecipe, apply_affine, au_centres, central_cut, crop_matrix
from actionunits.geometry.mean_face import MEAN_68
from actionunits.loading import InputRecipe

Order = Literal["raster", "snake", "hilbert"]

_REACH = 1.5  # cells
_EYES_APART = 100.0  # pixels; that of the picture, from which crops are cut, matters to no similarity
_TURNS = ((0, 0), (0, 1), (1, 1), (1, 0))  # the quarters of a square, as Hilbert's curve comes through them


def cell_order(grid: int, order: Order) -> tuple[int, ...]:
    """The cells of a square map, as a walk over it.

    Args:
        grid: cells along a side.
        order: ``raster`` reads as one reads a page; ``snake`` turns back at the end of each row; ``hilbert`` follows
            Hilbert's curve through the smallest square of 2, 4, 8 ... cells that covers the map, and skips what lies
            beyond the map.

    Returns:
        All cells by number, row times ``grid`` plus column.
    """
    if order == "hilbert":
        side = 1 << (grid - 1).bit_length()
        walk = [_hilbert(step, side) for step in range(side * side)]
        return tuple(row * grid + column for row, column in walk if row < grid and column < grid)
    rows = np.arange(grid * grid).reshape(grid, grid)
    if order == "snake":
        rows[1::2] = rows[1::2, ::-1]
    return tuple(rows.ravel().tolist())


def _hilbert(step: int, side: int) -> tuple[int, int]:
    """Row and column of a step along Hilbert's curve through side x side cells, built up from the finest square."""
    row = column = 0
    size = 1
    while size < side:
        down, right = _TURNS[step % 4]
        if not right:  # the first quarter lies on its side, and so does the last, turned about
            if down:
                row, column = size - 1 - row, size - 1 - column
            row, column = column, row
        row, column = row + down * size, column + right * size
        step, size = step // 4, size * 2
    return row, column


def mean_face(recipe: InputRecipe) -> NDArray[np.float64]:
    """Where the mean face's 68 landmarks lie in what a network is given, when nothing is varied.

    Returns:
        (68, 2), pixels of the network's picture.
    """
    crop: CropRecipe = recipe.crop_recipe
    picture = _EYES_APART * (MEAN_68 - MEAN_68.min(axis=0) + 1.0)
    landmarks = apply_affine(picture, crop_matrix(crop, picture))
    blank: NDArray[Any] = np.zeros((crop.size, crop.size), np.uint8)
    return central_cut(blank, landmarks, recipe.size, recipe.side)[1].astype(np.float64)


def au_cells(au: AULike, recipe: InputRecipe, stride: int) -> tuple[int, ...]:
    """The cells of a backbone's map that show an action unit: its region of FACS.

    A cell belongs to it if both down and across, its middle is at most 1.5 cells from one of the AU's two centres on
    the mean face.

    Args:
        au: the action unit.
        recipe: what the network is given.
        stride: of the map, pixels to a cell.

    Returns:
        Numbers, row times the grid's side plus column, ascending; all cells for an AU without centres, or with none
        near the picture.

    Source: LP-Net (Niu et al. 2019), Table 3, "FACS", which does not say which cells; the rule is ours.
    """
    grid = -(-recipe.output // stride)
    every = tuple(range(grid * grid))
    if au_number(au) not in AU_CENTRES:
        return every
    centres = au_centres(mean_face(recipe), au)  # (2, 2): x, y
    middles = (np.stack(np.divmod(every, grid)[::-1], axis=-1) + 0.5) * stride - 0.5  # (P, 2): x, y
    distance = np.abs(middles[:, None] - centres).max(axis=-1).min(axis=-1) / stride  # (P,)
    return tuple(np.flatnonzero(distance <= _REACH).tolist()) or every
