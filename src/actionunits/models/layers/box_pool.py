"""Features of boxes, cut out of maps that were computed once for the whole picture."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torchvision.ops import roi_align, roi_pool  # type: ignore[import-untyped]

Pooling = Literal["max", "align"]

_CANONICAL = 224.0  # pixels: a box as large belongs to the level of this stride
_CANONICAL_LEVEL = 4


class BoxPool(nn.Module):
    """Fast R-CNN's pooling: every box becomes as many cells, whatever its size.

    Args:
        size: cells along a side.
        pooling: ``max`` of the map's cells in each, or ``align``, the mean of bilinear samples (Mask R-CNN's).

    Source: AU R-CNN (Ma et al. 2019), section 3.3; levels: Eq. 2, of Lin et al., CVPR 2017.
    """

    def __init__(self, size: int, pooling: Pooling) -> None:
        super().__init__()
        self.size, self.pooling = size, pooling

    def forward(self, maps: list[Tensor], boxes: Tensor, first_level: int) -> Tensor:
        """Pool.

        Args:
            maps: M of them, (N, D, h, w), each of half the resolution of the one before.
            boxes: (N, R, 4): left, top, right, bottom, pixels of the picture.
            first_level: the first map has a stride of 2 to the power of this.

        Returns:
            (N, R, D, size, size) float32. With several maps, each box is pooled from that of its level,
            4 + log2(sqrt(width x height) / 224), rounded down, or the nearest that is there.
        """
        count, boxes_each = boxes.shape[0], boxes.shape[1]
        faces = torch.arange(count, device=boxes.device, dtype=boxes.dtype)  # (N,)
        numbered = torch.cat([faces[:, None, None].expand(-1, boxes_each, 1), boxes], dim=2).flatten(0, 1)  # (N * R, 5)
        pooled = [self._pooled(each, numbered, 2.0 ** -(first_level + i)) for i, each in enumerate(maps)]
        chosen = pooled[0]  # (N * R, D, size, size)
        if len(maps) > 1:
            level = box_level(boxes).flatten()[:, None, None, None] - first_level
            for i, each in enumerate(pooled[1:], start=1):
                chosen = torch.where(level >= i, each, chosen)
        return torch.unflatten(chosen, 0, (-1, boxes_each))

    def _pooled(self, features: Tensor, numbered: Tensor, scale: float) -> Tensor:
        pool = roi_pool if self.pooling == "max" else roi_align
        pooled: Tensor = pool(features.float(), numbered, self.size, scale)
        return pooled


def box_level(boxes: Tensor) -> Tensor:
    """The pyramid level of each box before it is limited to those that are there.

    Args:
        boxes: (..., 4): left, top, right, bottom, pixels.

    Returns:
        (...) int64: floor(4 + log2(sqrt(width x height) / 224)).
    """
    area = (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])
    level = _CANONICAL_LEVEL + 0.5 * torch.log2(area.clamp(min=1)) - math.log2(_CANONICAL)
    return torch.floor(level + 1e-6).long()
