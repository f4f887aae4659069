"""One stage of one fold, as Lightning trains it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor

from actionunits.errors import TrainingError
from actionunits.loading import FaceBatch, FaceDataset, FaceLoader, InputRecipe, face_loader
from actionunits.models import AUModel
from actionunits.training.devices import settle
from actionunits.training.figures import Answers, Figures, Means
from actionunits.training.optimise import make_optimizer, make_schedule
from actionunits.training.plan import Plan, Step


class SystemTask(LightningModule):
    """A model in one of its stages.

    What is drawn at random in a batch depends on the seed, the fold, the stage, the epoch and the batch, and on nothing
    else, so that a training that was killed goes on to the same result.

    Args:
        model: has begun the stage.
        plan: of the fold.
        step: which stage.

    Attributes:
        model, plan, step: the same.
        losses: means of the loss's terms over the training faces.
    """

    def __init__(self, model: AUModel, plan: Plan, step: Step) -> None:
        super().__init__()
        self.model = model
        self.plan, self.step = plan, step
        self.losses = Means()
        self._checked, self._answers = Means(), Answers(model.trained)
        self._training_set, self._choosing_set = plan.dataset(step.stage.name), plan.choosing(step.stage.name)

    @property
    def batches(self) -> int:
        """Batches of an epoch, for each device."""
        return len(self._loader(self._training_set, shuffle=True))

    @property
    def chooses(self) -> bool:
        """Whether weights are chosen by scores."""
        return self._choosing_set is not None

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """As the stage says; called by Lightning, as is what follows."""
        optimizer = make_optimizer(self.model, self.step.stage)
        schedule = make_schedule(optimizer, self.step.stage, self.batches)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def train_dataloader(self) -> FaceLoader:
        """The training subjects."""
        return self._loader(self._training_set, shuffle=True)

    def val_dataloader(self) -> FaceLoader | list[FaceLoader]:
        """The subjects to choose on; an empty list where there are none."""
        return [] if self._choosing_set is None else self._loader(self._choosing_set, shuffle=False)

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> FaceBatch:
        """The batch as the model takes it."""
        return ready(batch, self.model.input)

    def on_train_batch_start(self, batch: FaceBatch, batch_idx: int) -> None:
        """Settle what this batch draws."""
        settle(self._seed("batch"), self.current_epoch, batch_idx, self.global_rank)

    def training_step(self, batch: FaceBatch, batch_idx: int) -> Tensor:
        """The loss of one batch.

        Raises:
            TrainingError: it is no number.
        """
        terms = self.model.loss(self.model(batch), batch)
        self._require_numbers(terms, f"batch {batch_idx + 1}")
        self.losses.add(terms, len(batch))
        return terms["total"]

    def on_validation_batch_start(self, batch: FaceBatch, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Settle what this batch draws: the same in every epoch."""
        settle(self._seed("choice"), batch_idx, self.global_rank)

    def validation_step(self, batch: FaceBatch, batch_idx: int) -> None:
        """Score one batch."""
        output = self.model(batch)
        terms = self.model.loss(output, batch)
        self._require_numbers(terms, f"batch {batch_idx + 1} of the validation")
        self._checked.add({"loss": terms["total"]}, len(batch))
        self._answers.add(output, batch)

    def scores(self) -> Figures:
        """The validation just done: ``loss``, ``f1``, ``auroc`` and ``icc``, those of all processes together."""
        return self._checked.take() | self._answers.take()

    def require_finite_weights(self) -> None:
        """Require that the weights are numbers, before they are kept.

        Raises:
            TrainingError: one is not.
        """
        for name, each in self.model.named_parameters():
            if each.requires_grad and not bool(torch.isfinite(each).all()):
                raise self._no_number("the end", f"the weights {name} are no longer finite")

    def _require_numbers(self, terms: Mapping[str, Tensor], when: str) -> None:
        if bool(torch.isfinite(terms["total"])):
            return
        named = {name: float(value.detach()) for name, value in terms.items() if not bool(torch.isfinite(value))}
        first = next((name for name in named if name != "total"), "total")
        raise self._no_number(when, f"the loss's term {first!r} is {named[first]}")

    def _no_number(self, when: str, reason: str) -> TrainingError:
        where = f"fold {self.plan.fold.number}, stage {self.step.stage.name}, epoch {self.current_epoch + 1}, {when}"
        part = next(iter(self.step.stage.rates))
        advice = f"Lower a rate with --set stages.{self.step.stage.name}.rates.{part}=..., or --set clip=1.0"
        return TrainingError(where, f"{reason}; the checkpoint of the last good epoch is kept", advice)

    def _seed(self, what: str) -> int:
        return self.plan.seed_for(self.step.stage.name, what)

    def _loader(self, dataset: FaceDataset, *, shuffle: bool) -> FaceLoader:
        stage, workers = self.step.stage, self.plan.recipe.workers
        share, chunk = stage.batch // self.plan.device.count, self.plan.chunks[stage.name]
        return face_loader(dataset, batch_size=max(1, share), workers=workers, chunk=chunk, shuffle=shuffle)


def ready(batch: FaceBatch, recipe: InputRecipe) -> FaceBatch:
    """A batch of the loader as systems take it: normalised, and with the channels last in memory, which is faster."""
    made = batch.normalised(recipe)
    return replace(made, image=made.image.contiguous(memory_format=torch.channels_last))
