"""Grad-CAM: which places of the picture an action unit's logit hangs on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from actionunits.errors import UsageError
from actionunits.loading import FaceBatch
from actionunits.models import AUModel

Float32 = NDArray[np.float32]


def grad_cam(model: AUModel, batch: FaceBatch, column: int) -> Float32:
    """The class-activation maps of one action unit: :func:`class_maps` of one column, (N, H, W)."""
    return class_maps(model, batch, [column])[:, 0]


def class_maps(model: AUModel, batch: FaceBatch, columns: Sequence[int]) -> Float32:
    """The class-activation maps of some action units.

    A map is the sum of the map layer's channels, each weighted by the mean gradient of the AU's logit over its places;
    what is negative speaks against the AU and is left out, and so are places that the logit cannot hang on, where no
    channel has a gradient: what lies beyond the boxes of a system that reads boxes. It is brought to the picture's size
    and divided by its highest value: maps show where, not how much.

    Args:
        model: ends as it was, in training mode or not.
        batch: N normalised faces.
        columns: places of C action units among the model's.

    Returns:
        (N, C, H, W) float32, 0 to 1, for the network's pictures of (H, W); 0 everywhere where nothing speaks for an AU.

    Raises:
        UsageError: there is no such column, or the model's map layer gives no map.

    Source: Selvaraju et al., "Grad-CAM" (ICCV 2017), Eq. 1 and 2; LP-Net, Fig. 5.
    """
    for column in columns:
        if not 0 <= column < len(model.aus):
            raise UsageError(f"column {column}", f"the model has {len(model.aus)} action units", "Count from 0")
    was = model.training
    model.eval()
    try:
        # cuDNN has no gradients of LSTMs that predict.
        with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
            activation, logits = _watched(model, batch)
            maps = [_coarse(activation, logits[:, column]) for column in columns]
    finally:
        model.train(was)
    return _scaled(torch.stack(maps, dim=1), batch.image.shape[-2:])


def _watched(model: AUModel, batch: FaceBatch) -> tuple[Tensor, Tensor]:
    """The output of the map layer, (N, D, h, w), and the logits that were computed from it, (N, A)."""
    seen: list[Tensor] = []

    def watch(layer: nn.Module, given: object, output: Tensor) -> Tensor:
        seen.append(output.detach().requires_grad_())
        return seen[-1].clone()  # what follows may write into it

    handle = model.map_layer().register_forward_hook(watch)
    try:
        logits = model(batch).logits
    finally:
        handle.remove()
    if [each.ndim for each in seen] != [4] or len(seen[0]) != len(batch):
        shapes = ", ".join(str(tuple(each.shape)) for each in seen) or "nothing"
        raise UsageError(f"map layer of {model.system}", f"gave {shapes}, not one map of each face", "Mend the model")
    return seen[0], logits


def _coarse(activation: Tensor, logit: Tensor) -> Tensor:
    """The map of one AU, (N, h, w), from an activation, (N, D, h, w), and the logits computed from it, (N,)."""
    if not logit.requires_grad:
        return torch.zeros_like(activation[:, 0])
    found: tuple[Tensor | None, ...] = torch.autograd.grad(
        logit.sum(), activation, retain_graph=True, allow_unused=True
    )
    if found[0] is None:
        return torch.zeros_like(activation[:, 0])
    gradient = found[0].float()
    weight = gradient.mean(dim=(2, 3), keepdim=True)  # (N, D, 1, 1), Eq. 1
    reached = gradient.ne(0).any(dim=1)
    return (weight * activation.detach().float()).sum(dim=1).relu() * reached  # Eq. 2


def _scaled(maps: Tensor, size: torch.Size) -> Float32:
    """Maps, (N, C, h, w), at the size of the pictures, each divided by its highest value."""
    large = functional.interpolate(maps.detach(), size=tuple(size), mode="bilinear", align_corners=False)
    highest = large.amax(dim=(2, 3), keepdim=True)
    scaled = torch.where(highest > 0, large / highest.clamp_min(torch.finfo(torch.float32).tiny), 0.0)
    return np.asarray(scaled.cpu().numpy(), np.float32)
