"""Stages: the steps in which a paper trains its system, as data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from actionunits.errors import UsageError

Optimizer = Literal["adam", "adamw", "sgd"]
Schedule = Literal["constant", "step", "cosine"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a system's training; recipes may change every number of it.

    Attributes:
        name: of the step.
        rates: learning rate of each part of the model that trains, by the name of the child module. Parts that are not
            named are frozen: neither their parameters nor their running statistics change.
        epochs: at most; 0 leaves the step out.
        batch: frames; of one sequence where the system looks at chunks, see :meth:`AUModel.chunk`.
        optimizer: ``adam``, ``adamw`` or ``sgd``.
        momentum: of ``sgd``.
        nesterov: that momentum is Nesterov's.
        weight_decay: of every parameter but the biases and those of normalisation layers with ``adamw``; of every
            parameter otherwise, as the papers have it.
        schedule: how learning rates change: not at all; times ``decay`` at each of ``milestones`` (``step``); or along
            half a cosine to 0, batch by batch (``cosine``).
        milestones: epochs, counted from 0, with whose beginning a decay comes.
        decay: factor.
        warmup: share of the batches over which rates rise from 0 to theirs, 0 to 1.
        patience: epochs without a better validation score after which the step ends; None for never.
        clip: largest norm of all gradients together in this step; None for what the recipe says of all steps.

    Raises:
        UsageError: a value is out of range.
    """

    name: str
    rates: Mapping[str, float]
    epochs: int
    batch: int
    optimizer: Optimizer = "adam"
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 0.0
    schedule: Schedule = "constant"
    milestones: tuple[int, ...] = field(default=())
    decay: float = 0.1
    warmup: float = 0.0
    patience: int | None = None
    clip: float | None = None

    def __post_init__(self) -> None:
        fault = self._fault()
        if fault is not None:
            raise UsageError(f"stage {self.name!r}", fault, "See actionunits.models.Stage")

    def _fault(self) -> str | None:
        if self.optimizer not in get_args(Optimizer) or self.schedule not in get_args(Schedule):
            return f"optimizer {self.optimizer!r} or schedule {self.schedule!r} is not known"
        if not self.rates or not all(math.isfinite(rate) and rate > 0 for rate in self.rates.values()):
            return "needs a learning rate above 0 for every part that trains"
        if self.epochs < 0 or self.batch < 1 or (self.patience is not None and self.patience < 1):
            return "epochs must be 0 or more, batch and patience 1 or more"
        if any(milestone < 0 for milestone in self.milestones):
            return f"milestones {self.milestones} must be 0 or more"
        if not (0 <= self.momentum < 1 and 0 <= self.warmup < 1 and self.weight_decay >= 0 and 0 < self.decay <= 1):
            return "momentum and warmup must be from 0 to 1, weight_decay 0 or more, decay from 0 to 1"
        if self.clip is not None and not 0 < self.clip < math.inf:
            return f"clip {self.clip} must be above 0"
        return None
