"""Lightning's loop over one stage."""

from __future__ import annotations

import signal
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch import Trainer
from torch.multiprocessing.spawn import ProcessRaisedException

from actionunits.errors import TrainingError
from actionunits.training.keeper import LAST_FILE, Keeper
from actionunits.training.task import SystemTask
from actionunits.training.watch import Watch

_PRECISIONS: dict[str, Any] = {"32": "32-true", "bf16": "bf16-mixed"}


def fit(task: SystemTask, folder: Path, watch: Watch) -> dict[str, float]:
    """Train a stage, from its last checkpoint on if there is one.

    Args:
        task: the model, which has begun the stage; its weights are those of the last epoch afterwards.
        folder: of the stage, which exists; :class:`Keeper` says what is written there.
        watch: is told how it goes; with several devices it is not.

    Returns:
        The epochs passed when the weights that are kept were best, and their score.

    Raises:
        TrainingError: the loss is no number, or the checkpoint cannot be read.
    """
    device = task.plan.device
    keeper = Keeper(folder, watch if device.count == 1 else Watch())
    last = folder / LAST_FILE
    trainer = _trainer(task, keeper, folder)
    before = signal.getsignal(signal.SIGINT)
    try:
        trainer.fit(task, ckpt_path=last if last.is_file() else None, weights_only=True)
    except (UnpicklingError, EOFError, RuntimeError, KeyError) as failure:
        if not last.is_file() or trainer.global_step:
            raise
        raise TrainingError(
            last, f"cannot be read ({type(failure).__name__})", "Delete it to begin the stage again"
        ) from failure
    except ProcessRaisedException as failure:
        said = str(failure).strip().splitlines()[-1]
        raise TrainingError(folder, f"a process ended ({said})", "Mend that, and run again") from failure
    except SystemExit as ended:
        if isinstance(ended.__context__, KeyboardInterrupt):  # Lightning makes one of Ctrl-C
            signal.signal(signal.SIGINT, before)
            raise KeyboardInterrupt from None
        raise
    said = torch.load(last, map_location="cpu", weights_only=True, mmap=True)  # several processes have no other way
    best: dict[str, float] = said["callbacks"][keeper.state_key]["best"]
    return best


def _trainer(task: SystemTask, keeper: Keeper, folder: Path) -> Trainer:
    device, recipe = task.plan.device, task.plan.recipe
    return Trainer(
        accelerator="gpu" if device.kind == "cuda" else "cpu",
        devices=device.count,
        strategy="auto" if device.count == 1 else "ddp_spawn_find_unused_parameters_true",
        precision=_PRECISIONS[device.precision],
        plugins=[LightningEnvironment()],
        callbacks=[keeper],
        max_epochs=task.step.stage.epochs,
        gradient_clip_val=task.step.stage.clip or recipe.clip,
        num_sanity_val_steps=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
        **_validation(task),
    )


def _validation(task: SystemTask) -> dict[str, Any]:
    """When to validate."""
    every = task.plan.recipe.validate_every
    if not task.chooses:
        return {"limit_val_batches": 0}
    if every < 1:
        return {"val_check_interval": max(1, round(every * task.batches))}
    return {"check_val_every_n_epoch": min(round(every), task.step.stage.epochs)}
