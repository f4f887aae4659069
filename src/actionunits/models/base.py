"""The contract of every trainable system: training, evaluation, export and the tests know nothing else about one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from actionunits.errors import UsageError
from actionunits.facs import AUSet, AUSetLike
from actionunits.geometry import CropRecipe
from actionunits.loading import FaceBatch, InputRecipe, get_input
from actionunits.models.output import AUOutput
from actionunits.models.stages import Stage

Batches = Callable[[], Iterator[FaceBatch]]
"""Gives the training batches of one more epoch, normalised, on the model's device."""


@dataclass(frozen=True, eq=False)
class TrainingLabels:
    """The labels of a fold's training part, which some systems look at before they train.

    Attributes:
        occurrence: (N, A) int8: 0, 1, or -1 for unknown.
        intensity: (N, A) int8: 0-5, or -1.
    """

    occurrence: NDArray[np.int8]
    intensity: NDArray[np.int8]


class AUModel(nn.Module, ABC):
    """A system: pictures in, action units out. Subclasses are made by :func:`actionunits.models.create_model`.

    When it predicts, ``parts["features"]`` of its output is what its classifier sees, (N, D) or (N, A, D).

    A subclass builds the parts that its stages name as child modules; it is made for its last stage, with all parts
    awake, so that a new model works without training.

    Args:
        aus: action units to find, A of them.
        input: an input recipe, or its name.

    Attributes:
        aus: the same.
        input: what it sees.
        stages: the paper's training steps, in order.
        trained: places of the AUs whose labels may be learned and chosen by; all, but for AUs that a system is to find
            without having been trained on them.
        stage: the step it is in, by name.
        settings: what it was made with, plain values by the constructor's names, those left at their defaults too; set
            by ``create_model``.
        system: name in the registry.
        needs_landmarks: whether it looks at the landmarks when it predicts, not only when it trains.
    """

    system: ClassVar[str] = ""
    needs_landmarks: bool = False
    stages: tuple[Stage, ...]

    def __init__(self, aus: AUSetLike, input: InputRecipe | str) -> None:
        super().__init__()
        self.aus = AUSet.parse(aus)
        self.input = get_input(input)
        self.settings: Mapping[str, Any] = {}
        self.trained: tuple[int, ...] = tuple(range(len(self.aus)))
        self.stage: str | None = None
        self._awake: frozenset[str] | None = None  # None: all parts

    @property
    def crop(self) -> CropRecipe:
        """The crop recipe of the stores it can use."""
        return self.input.crop_recipe

    @abstractmethod
    def forward(self, batch: FaceBatch) -> AUOutput:
        """Find the AUs in N faces, whose pictures are normalised as :attr:`input` says."""

    @abstractmethod
    def loss(self, output: AUOutput, batch: FaceBatch) -> dict[str, Tensor]:
        """The named terms of the loss of the stage it is in, scalars, and their weighted sum as ``total``.

        Labels of -1 have no part in it. Where a batch has no label at all, ``total`` is 0 with a gradient of 0.
        """

    @abstractmethod
    def map_layer(self) -> nn.Module:
        """The last layer whose output, (N, D, h, w), still has places: where class-activation maps are read."""

    def window(self, stage: str | None = None) -> str | None:
        """The frames around each one that it looks at, by name of :data:`actionunits.loading.WINDOWS`; None for none.

        Args:
            stage: in which it trains; None when it predicts.
        """
        return None

    def flow_window(self, stage: str | None = None) -> str | None:
        """The frames whose optical flow it looks at, by name of :data:`actionunits.loading.WINDOWS`; None for none.

        Args:
            stage: in which it trains; None when it predicts.
        """
        return None

    def chunk(self, stage: str | None = None) -> int | None:
        """How many consecutive frames it looks at together; None for a system that judges every face on its own.

        A batch is then a run of so many frames of one sequence, or fewer where that ends, in order: N is time, and what
        is said of a face depends on the others. Pictures are not varied. :attr:`Stage.batch` is the same number.

        Args:
            stage: in which it trains; None when it predicts.
        """
        return None

    def relations(self) -> Tensor | None:
        """How strongly each AU (row) listens to each other one, (A, A); None for systems without such weights."""
        return None

    def parts(self) -> Mapping[str, tuple[nn.Module, ...]]:
        """What stages train or freeze, by name: the child modules.

        A system may add pieces of a child that learn at a rate of their own; they come after the child.
        """
        return {name: (child,) for name, child in self.named_children()}

    def part_prefixes(self, names: Collection[str]) -> tuple[str, ...]:
        """How the names of some parts' weights begin in the ``state_dict``."""
        paths = {module: path for path, module in self.named_modules()}
        return tuple(f"{paths[module]}." for name in names for module in self.parts()[name])

    def observe(self, labels: TrainingLabels) -> None:
        """Look at the training labels; called once before the first stage, in every fold."""

    def calibrate(self, batches: Batches) -> None:
        """Settle what is not learned by gradient; called once after the last stage, gradients off."""

    def begin(self, stage: str) -> None:
        """Enter a stage: wake the parts that it trains, and freeze all others, running statistics too.

        Raises:
            UsageError: there is no such stage, or it trains a part that the model does not have.
        """
        chosen, parts = self.find_stage(stage), self.parts()
        missing = sorted(chosen.rates.keys() - parts.keys())
        if missing:
            known = f"It has {', '.join(parts)}"
            raise UsageError(f"stage {stage!r}", f"trains {missing[0]!r}, which this model does not have", known)
        self.stage, self._awake = stage, frozenset(chosen.rates)
        self.zero_grad()  # what an earlier stage left must not count where gradients are clipped
        for name, modules in parts.items():
            for module in modules:
                module.requires_grad_(name in self._awake)
        self.train(self.training)

    def find_stage(self, name: str) -> Stage:
        """The stage of this name.

        Raises:
            UsageError: there is none.
        """
        for stage in self.stages:
            if stage.name == name:
                return stage
        known = ", ".join(stage.name for stage in self.stages)
        raise UsageError(f"stage {name!r}", f"{self.system} has none of this name", f"It has {known}")

    def train(self, mode: bool = True) -> AUModel:
        """As in PyTorch, but frozen parts stay as they are when they predict."""
        super().train(mode)
        if mode and self._awake is not None:
            for name, modules in self.parts().items():
                for module in modules:
                    module.train(name in self._awake)
        return self

    def stage_settings(self, stage: str) -> Mapping[str, Any]:
        """The settings that this stage's result depends on; two models that agree in them can share it."""
        self.find_stage(stage)
        return self.settings

    def adopt(self, state: Mapping[str, Tensor], aus: AUSet) -> None:
        """Start from the weights of the same system trained elsewhere.

        Args:
            state: its ``state_dict``.
            aus: its action units.

        Raises:
            UsageError: the weights do not fit; systems that know how take those of other AUs too.
        """
        if aus != self.aus:
            reason = f"its weights are for AU {aus}, not {self.aus}"
            raise UsageError(self.system, reason, f"Train with --set aus={str(aus)!r}, or without: --set start=null")
        load_state(self, state)


def by_au(
    own: Mapping[str, Tensor],
    given: Mapping[str, Tensor],
    prefixes: tuple[str, ...],
    pairs: Sequence[tuple[int, int]],
    count: int,
) -> dict[str, Tensor]:
    """Weights given for other AUs, fitted to a model's own: rows of the same AU are taken, those of others stay.

    Args:
        own: ``state_dict`` of the model.
        given: that of the other.
        prefixes: of the names whose first axis is AUs.
        pairs: places of an AU in the model and in the other.
        count: how many AUs the other has.

    Returns:
        ``given``, with what belongs to single AUs in the model's order; what has another shape is left as it is.
    """
    taken = dict(given)
    for name, rows in own.items():
        if name.startswith(prefixes) and name in taken and taken[name].shape == (count, *rows.shape[1:]):
            rows = rows.clone()
            for row, source in pairs:
                rows[row] = taken[name][source]
            taken[name] = rows
    return taken


def load_state(model: nn.Module, state: Mapping[str, Tensor], *, source: object = "weights") -> None:
    """Load weights that must fit exactly.

    Args:
        model: that gets them.
        state: its ``state_dict``.
        source: where they are from, for messages.

    Raises:
        UsageError: names or shapes differ; the message names the first.
    """
    own = model.state_dict()
    for name in [*own, *state]:
        found = tuple(state[name].shape) if name in state else "missing"
        wanted = tuple(own[name].shape) if name in own else "missing"
        if found != wanted:
            raise UsageError(source, f"{name} is {found}, here {wanted}", "Use the model that they were saved from")
    model.load_state_dict(dict(state))
