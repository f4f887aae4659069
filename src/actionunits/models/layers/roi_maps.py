"""Regions of interest on a map: two squares for each AU, around its two centres, and maps that are high or low there.

A cell of the map covers a square of the picture; a region is made of the cells nearest to an AU's centre, so that
mirrored faces have mirrored regions. Regions are clipped where the map ends. One that lies wholly beyond it becomes
those of the map's border cells that are nearest, so that no region is ever empty.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from actionunits.facs import AUSet
from actionunits.loading import InputRecipe
from actionunits.models.cells import mean_face
from actionunits.models.layers.au_regions import AUCentres


class ROIRegions(nn.Module):
    """The regions of every AU, from a face's landmarks.

    A face of which one landmark is unknown has its regions where the mean face has them in an unvaried crop.

    Args:
        aus: A of them.
        recipe: what the network sees.
        grid: side of the map, cells.
        cells: side of a region, cells.

    Raises:
        UsageError: an AU has no rule for its place.

    Source: Zhang et al. 2020, section 4.1; offsets run along the face's own down axis, as crops are turned.
    """

    mean_face: Tensor

    def __init__(self, aus: AUSet, recipe: InputRecipe, grid: int, cells: int) -> None:
        super().__init__()
        self.grid, self.cells, self.side = grid, cells, recipe.output
        self.centres = AUCentres(aus, points=68)
        self.register_buffer("mean_face", torch.from_numpy(mean_face(recipe)).float(), persistent=False)

    def forward(self, landmarks: Tensor) -> tuple[Tensor, Tensor]:
        """Find the regions.

        Args:
            landmarks: (N, 68, 2), pixels of the network's picture; NaN where unknown.

        Returns:
            (N, A, 2, grid, grid) bool, in the order of the AU's centres; and (N,) bool, whether the landmarks of a face
            are all known.
        """
        known = landmarks.isfinite().flatten(1).all(dim=1)  # (N,)
        there = torch.where(known[:, None, None], landmarks, self.mean_face)  # (N, 68, 2)
        return squares(self.centres(there), cells=self.cells, grid=self.grid, side=self.side), known


def squares(centres: Tensor, *, cells: int, grid: int, side: int) -> Tensor:
    """Squares of cells around places of the picture, clipped where the map ends.

    Args:
        centres: (..., 2), x and y, pixels of the picture, pixel centres at integers.
        cells: side of each square.
        grid: side of the map, cells; it covers the whole picture.
        side: of the picture, pixels.

    Returns:
        (..., grid, grid) bool, True inside.
    """
    middle = (centres + 0.5) * (grid / side) - 0.5  # (..., 2), in cells, whose centres are at integers
    first = (middle - (cells - 1) / 2 + 0.5).floor().clamp(1 - cells, grid - 1)  # (..., 2)
    steps = torch.arange(grid, device=centres.device)
    inside = (steps >= first[..., None]) & (steps < first[..., None] + cells)  # (..., 2, grid)
    return inside[..., 1, :, None] & inside[..., 0, None, :]


def target_maps(regions: Tensor, occurrence: Tensor, *, absent: float = -1.0) -> Tensor:
    """The maps to regress: 1 in both regions of an AU that occurs, ``absent`` in those of one that does not, else 0.

    Args:
        regions: (N, A, 2, h, w) bool.
        occurrence: (N, A): 0, 1, or -1 for unknown, which gives 0 everywhere.
        absent: -1 for ROI maps, 0 for heatmaps.

    Returns:
        (N, A, h, w) float32.

    Source: Zhang et al. 2020, Eq. 1.
    """
    sign = torch.where(occurrence == 1, 1.0, torch.where(occurrence == 0, absent, 0.0))  # (N, A)
    return regions.any(dim=2) * sign[:, :, None, None]


def region_means(maps: Tensor, regions: Tensor) -> Tensor:
    """The mean of every AU's map in each of its two regions: (N, A, h, w) and (N, A, 2, h, w) to (N, A, 2) float32."""
    within = (maps.float()[:, :, None] * regions).sum(dim=(3, 4))
    return within / regions.sum(dim=(3, 4))
