"""``actionunits bench train``: whether the device that trains waits for the processes that decode.

Three rates of each recipe: the loader with nobody to wait for; steps on a batch that is there already; and both at
once, as training goes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from pathlib import Path

import torch

from actionunits.bench.tables import save_table
from actionunits.evaluation import folds_of
from actionunits.loading import FaceBatch, face_loader, get_input
from actionunits.models import AUModel
from actionunits.store import Store
from actionunits.training.devices import Device
from actionunits.training.making import make_model, make_stages
from actionunits.training.optimise import make_optimizer
from actionunits.training.plan import plan_fold
from actionunits.training.recipe import Recipe
from actionunits.training.task import ready


@dataclass(frozen=True, slots=True)
class TrainingRate:
    """One line of the table.

    Attributes:
        recipe: with its tier.
        stage: that was timed.
        what: ``loader only``, ``steps only`` or ``together``.
        workers: processes that decoded.
        device: what trained, and how precisely.
        images: that were timed.
        seconds: they took.
    """

    recipe: str
    stage: str
    what: str
    workers: int
    device: str
    images: int
    seconds: float

    @property
    def rate(self) -> float:
        """Images a second."""
        return self.images / self.seconds


def run_benchmark(
    recipes: Sequence[Recipe],
    stores: Sequence[Store],
    *,
    device: Device | None = None,
    batches: int = 20,
    watch: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[TrainingRate]:
    """Time the last stage of each recipe, from weights drawn at random.

    Args:
        recipes: what to train.
        stores: pictures and labels; each recipe gets the first of its crop, and the training subjects of its first
            fold.
        device: what trains; None for the CPU.
        batches: that are timed, after two that are not; fewer if an epoch has fewer.
        watch: progress, in timings.

    Raises:
        UsageError: no store has the crop of a recipe, or it does not fit otherwise.
    """
    used = device or Device("cpu")
    for done, recipe in enumerate(recipes):
        wanted = get_input(recipe.input).crop
        store = next((each for each in stores if each.header.crop == wanted), stores[0])
        plan = plan_fold(recipe, store, folds_of(store)[0], seed=0, device=used)
        model = make_model(recipe)
        stage = make_stages(recipe, model)[-1]
        model.begin(stage.name)
        model = model.to(used.kind, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        chunk = plan.chunks[stage.name]
        loader = face_loader(plan.dataset(stage.name), batch_size=stage.batch, workers=recipe.workers, chunk=chunk)
        step = _stepper(model, make_optimizer(model, stage), used)
        first = next(loader.epoch(0)).to(used.kind)
        said = f"{used.kind} {used.precision}"
        ways: tuple[tuple[str, Iterator[FaceBatch], Callable[[FaceBatch], object]], ...] = (
            ("loader only", loader.epoch(1), partial(ready, recipe=model.input)),
            ("steps only", repeat(first), step),
            ("together", loader.epoch(2), step),
        )
        for place, (what, source, act) in enumerate(ways):
            images, seconds = _timed(source, act, batches, used)
            yield TrainingRate(recipe.label, stage.name, what, recipe.workers, said, images, seconds)
            watch(3 * done + place + 1, 3 * len(recipes))


def save(lines: Sequence[TrainingRate], path: Path) -> None:
    """Write the table as CSV, the machine in its last column."""
    head = ("recipe", "stage", "what", "workers", "device", "images", "seconds", "images_per_second")
    rows = [
        (
            line.recipe,
            line.stage,
            line.what,
            line.workers,
            line.device,
            line.images,
            f"{line.seconds:.2f}",
            f"{line.rate:.1f}",
        )
        for line in lines
    ]
    save_table(path, head, rows)


def _stepper(model: AUModel, optimizer: torch.optim.Optimizer, device: Device) -> Callable[[FaceBatch], None]:
    def step(batch: FaceBatch) -> None:
        faces = ready(batch.to(device.kind, non_blocking=True), model.input)
        with torch.autocast(device.kind, torch.bfloat16, enabled=device.precision == "bf16"):
            total = model.loss(model(faces), faces)["total"]
        total.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()

    return step


def _timed(
    source: Iterator[FaceBatch], act: Callable[[FaceBatch], object], batches: int, device: Device
) -> tuple[int, float]:
    """Images and seconds, from the third batch on."""
    began, images = time.perf_counter(), 0
    for place, batch in enumerate(source):
        act(batch)
        if device.kind == "cuda":
            torch.cuda.synchronize()
        if place == 1:
            began, images = time.perf_counter(), 0
            continue
        images += len(batch)
        if place == batches + 1:
            break
    return images, time.perf_counter() - began
