"""What a stage leaves in its folder: a row of figures for each validation, the best weights, and where to go on."""

from __future__ import annotations

import csv
import io
import math
import time
from pathlib import Path
from typing import Any, cast

from lightning.pytorch import Callback, LightningModule, Trainer

from actionunits.atomic import write_failure
from actionunits.errors import TrainingError
from actionunits.evaluation.runs import write_text
from actionunits.models import save_model
from actionunits.training.devices import hush
from actionunits.training.figures import Figures
from actionunits.training.task import SystemTask
from actionunits.training.watch import Watch

LAST_FILE, BEST_FILE, METRICS_FILE = "last.ckpt", "best.safetensors", "metrics.csv"


class Keeper(Callback):
    """Writes a stage's files, chooses its weights, and ends it when they no longer get better.

    ``metrics.csv``
        a row for each validation, and for each epoch without one: epochs passed, seconds, learning rates, the mean
        terms of the loss since the row before, and the scores of the subjects to choose on (``val_loss``, ``f1``,
        ``auroc``, ``icc``).
    ``best.safetensors``
        the weights of the best row; of the last epoch where nothing is chosen.
    ``last.ckpt``
        where to go on after a kill: the end of the last whole epoch.

    Args:
        folder: of the stage, which exists.
        watch: is told how it goes.

    Attributes:
        rows: of ``metrics.csv``.
        best: the epochs passed and the score of the weights that are kept; None while there are none.
    """

    def __init__(self, folder: Path, watch: Watch) -> None:
        self.folder, self.watch = folder, watch
        self.rows: list[dict[str, float]] = []
        self.best: dict[str, float] | None = None
        self._since = time.perf_counter()
        self._rates: dict[str, float] = {}

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Be quiet in processes of one's own, too."""
        if trainer.world_size > 1:
            hush()

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps of this."""
        return {"rows": self.rows, "best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.rows, self.best = state_dict["rows"], state_dict["best"]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Do not go on if patience had run out."""
        self._since = time.perf_counter()
        trainer.should_stop = self._out_of_patience(_task(pl_module))

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Note the learning rates, which change after the batch."""
        self._rates = {f"rate_{group['part']}": group["lr"] for group in trainer.optimizers[0].param_groups}

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Tell how far it is."""
        task = _task(pl_module)
        what = f"fold {task.plan.fold.number}, {task.step.stage.name}"
        self.watch.steps(what, trainer.global_step, task.step.stage.epochs * int(trainer.num_training_batches))

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the weights if they are the best so far."""
        task = _task(pl_module)
        scores = task.scores()
        by = task.plan.recipe.select.by
        score = scores[by]
        passed = trainer.current_epoch + (trainer.fit_loop.batch_idx + 1) / int(trainer.num_training_batches)
        if math.isnan(score):
            where = f"fold {task.plan.fold.number}, stage {task.step.stage.name}, epoch {passed:g}"
            raise TrainingError(where, f"the {by} to choose by is not defined", "Use --set select.by=loss")
        better = self.best is None or (score < self.best["score"] if by == "loss" else score > self.best["score"])
        if better:
            self._keep(trainer, task)
            self.best = {"epoch": passed, "score": score}
        self._row(trainer, task, passed, {"val_loss": scores.pop("loss")} | scores)
        if self._out_of_patience(task):
            trainer.should_stop = True

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Make it possible to go on from here."""
        task, passed = _task(pl_module), float(trainer.current_epoch + 1)
        task.require_finite_weights()
        if not task.chooses:
            self._keep(trainer, task)
            self.best = {"epoch": passed, "score": math.nan}
        if not self.rows or self.rows[-1]["epoch"] <= trainer.current_epoch:
            self._row(trainer, task, passed, {})
        try:
            trainer.save_checkpoint(self.folder / LAST_FILE)
        except OSError as failure:
            raise write_failure(self.folder / LAST_FILE, failure) from failure

    def _keep(self, trainer: Trainer, task: SystemTask) -> None:
        task.require_finite_weights()
        if trainer.is_global_zero:
            save_model(task.model, self.folder / BEST_FILE)

    def _row(self, trainer: Trainer, task: SystemTask, passed: float, scores: Figures) -> None:
        now, before = time.perf_counter(), self._since
        self._since = now
        losses = {f"loss_{name}": value for name, value in task.losses.take().items()}
        row = {"epoch": passed, "seconds": now - before} | self._rates | losses | scores
        self.rows.append(row)
        if trainer.is_global_zero:
            write_text(self.folder / METRICS_FILE, _csv(self.rows))
            best = self.best is not None and task.chooses and self.best["epoch"] == passed
            self.watch.say(_line(task, row, best))

    def _out_of_patience(self, task: SystemTask) -> bool:
        patience = task.step.stage.patience
        if patience is None or self.best is None or not task.chooses:
            return False
        return self.rows[-1]["epoch"] - self.best["epoch"] >= patience if self.rows else False


def _task(module: LightningModule) -> SystemTask:
    return cast(SystemTask, module)


def _csv(rows: list[dict[str, float]]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        values = [row.get(name, math.nan) for name in columns]
        writer.writerow(["" if math.isnan(value) else f"{value:.6g}" for value in values])
    return out.getvalue()


def _line(task: SystemTask, row: Figures, best: bool) -> str:
    """As ``fold 1, stem, epoch 3 of 30: loss 0.41, F1 0.52, AUROC 0.71, 12 s, the best so far``."""
    stage = task.step.stage
    names = {"loss_total": "loss", "val_loss": "validation loss", "f1": "F1", "auroc": "AUROC", "icc": "ICC"}
    shown = [f"{label} {row[name]:.3g}" for name, label in names.items() if not math.isnan(row.get(name, math.nan))]
    tail = [f"{row['seconds']:.1f} s", *(["the best so far"] if best else [])]
    where = f"fold {task.plan.fold.number}, {stage.name}, epoch {row['epoch']:g} of {stage.epochs}"
    return f"{where}: {', '.join([*shown, *tail])}"
