"""Stretches of time on a line: overlap, offsets, suppression, pooling.

A segment is its start and its end, in frames: frame t lasts from t to t + 1.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torchvision.ops import batched_nms, roi_pool  # type: ignore[import-untyped]

_LEAST = 1e-3  # frames, of a segment whose length is divided by
_LONGEST = 8.0  # logarithm of how many times longer a segment may become


def runs(present: Tensor) -> Tensor:
    """The stretches of consecutive frames in which something is there, (T,) bool to (S, 2), in order."""
    padded = torch.nn.functional.pad(present.to(torch.int8), (1, 1))
    change = padded.diff()  # (T + 1,)
    return torch.stack([(change == 1).nonzero()[:, 0], (change == -1).nonzero()[:, 0]], dim=1).float()


def overlap(one: Tensor, other: Tensor) -> Tensor:
    """Intersection over union of all pairs, (K, 2) and (M, 2) to (K, M)."""
    start = torch.maximum(one[:, None, 0], other[None, :, 0])
    end = torch.minimum(one[:, None, 1], other[None, :, 1])
    shared = (end - start).clamp(min=0)
    union = (one[:, 1] - one[:, 0])[:, None] + (other[:, 1] - other[:, 0])[None] - shared
    return shared / union.clamp(min=_LEAST)


def encode(segments: Tensor, references: Tensor) -> Tensor:
    """How far segments are from references, (..., 2): shift by the length, log of the ratio of lengths."""
    length = (references[..., 1] - references[..., 0]).clamp(min=_LEAST)
    wanted = (segments[..., 1] - segments[..., 0]).clamp(min=_LEAST)
    shift = (segments.sum(dim=-1) - references.sum(dim=-1)) / 2
    return torch.stack([shift / length, (wanted / length).log()], dim=-1)


def decode(offsets: Tensor, references: Tensor, frames: int) -> Tensor:
    """The segments of offsets, (..., 2), cut off at 0 and at so many frames; the reverse of :func:`encode`."""
    length = references[..., 1] - references[..., 0]
    centre = references.sum(dim=-1) / 2 + offsets[..., 0] * length
    half = length * offsets[..., 1].clamp(max=_LONGEST).exp() / 2
    return torch.stack([centre - half, centre + half], dim=-1).clamp(0, frames)


def suppress(segments: Tensor, scores: Tensor, threshold: float, *, groups: Tensor | None = None) -> Tensor:
    """Which segments are not suppressed by one of a higher score that they overlap more than so much.

    Args:
        segments: (K, 2).
        scores: (K,).
        threshold: intersection over union.
        groups: (K,) int64; only segments of the same one suppress each other. None for one group.

    Returns:
        Places, the highest score first.
    """
    flat = torch.stack([segments[:, 0], torch.zeros_like(scores), segments[:, 1], torch.ones_like(scores)], dim=1)
    alike = torch.zeros_like(scores, dtype=torch.int64) if groups is None else groups
    kept: Tensor = batched_nms(flat, scores, alike, threshold)
    return kept


def pool(features: Tensor, line: Tensor, segments: Tensor, bins: int) -> Tensor:
    """The maximum of the features in each of so many parts of a segment, as Fast R-CNN pools.

    Args:
        features: (R, D, T) of R lines.
        line: (K,) int64, on which each segment lies.
        segments: (K, 2).
        bins: parts.

    Returns:
        (K, D * bins) float32. Ends are rounded to whole frames; the parts of a short segment share frames.
    """
    first = segments[:, 0].round()
    last = (segments[:, 1].round() - 1).maximum(first).clamp(max=features.shape[2] - 1)  # roi_pool counts it in
    nothing = torch.zeros_like(first)
    boxes = torch.stack([line.to(first.dtype), first.minimum(last), nothing, last, nothing], dim=1)  # (K, 5)
    pooled: Tensor = roi_pool(features.float()[:, :, None], boxes.float(), (1, bins))  # (K, D, 1, bins)
    return pooled.flatten(1)
