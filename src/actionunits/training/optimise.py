"""The optimiser and the learning rates of a stage."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from actionunits.models import AUModel, Stage

_NORMS = (nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)


def make_optimizer(model: AUModel, stage: Stage) -> Optimizer:
    """The optimiser of the parts that a stage trains, each with its own rate.

    Every group of parameters has the name of its part as ``part``.
    """
    groups = list(_groups(model, stage))
    if stage.optimizer == "sgd":
        nesterov = stage.nesterov and stage.momentum > 0
        return SGD(groups, momentum=stage.momentum, nesterov=nesterov, weight_decay=stage.weight_decay)
    kind = AdamW if stage.optimizer == "adamw" else Adam
    return kind(groups, weight_decay=stage.weight_decay)


def make_schedule(optimizer: Optimizer, stage: Stage, batches: int) -> LambdaLR:
    """The learning rates of a stage, to be stepped after each of its batches.

    Args:
        optimizer: of the stage.
        stage: with its schedule.
        batches: an epoch.
    """
    return LambdaLR(optimizer, lambda step: rate_factor(stage, step, batches))


def rate_factor(stage: Stage, step: int, batches: int) -> float:
    """What the learning rates are multiplied with.

    Args:
        stage: with its schedule.
        step: the batch, counted from 0 over all epochs.
        batches: an epoch.

    Returns:
        Above 0, at most 1: it rises in even steps over the warm-up, and then follows the schedule.

    >>> stage = Stage("train", {"head": 1.0}, epochs=2, batch=1, schedule="step", milestones=(1,), warmup=0.5)
    >>> [rate_factor(stage, step, 2) for step in range(4)]
    [0.3333333333333333, 0.6666666666666666, 0.1, 0.1]
    """
    total = stage.epochs * batches
    warm = round(stage.warmup * total)
    rise = min(1.0, (step + 1) / (warm + 1))
    if stage.schedule == "step":
        return float(rise * stage.decay ** sum(step // batches >= milestone for milestone in stage.milestones))
    if stage.schedule == "cosine" and step >= warm:
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, total - warm))))
    return rise


def _groups(model: AUModel, stage: Stage) -> Iterator[dict[str, Any]]:
    owners = {
        each: (part, spared)
        for part, modules in model.parts().items()  # a piece of another part comes after it
        for module in modules
        for spared, each in _parameters(module)
    }
    for part, rate in stage.rates.items():
        found = [(spared, each) for each, (owner, spared) in owners.items() if owner == part]
        bare = [each for spared, each in found if spared] if stage.optimizer == "adamw" else []
        rest = [each for spared, each in found if not (bare and spared)]
        if rest:
            yield {"params": rest, "lr": rate, "part": part}
        if bare:
            yield {"params": bare, "lr": rate, "part": part, "weight_decay": 0.0}


def _parameters(part: nn.Module) -> Iterator[tuple[bool, nn.Parameter]]:
    """Each parameter, and whether it is a bias, a scale, or a normalisation layer's."""
    for module in part.modules():
        norm = isinstance(module, _NORMS) or hasattr(module, "running_mean")
        for name, each in module.named_parameters(recurse=False):
            yield norm or "bias" in name or each.ndim < 2, each
