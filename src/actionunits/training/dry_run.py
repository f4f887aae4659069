"""What a training would take, before it is begun: sizes, steps, and time measured on this machine."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from actionunits.evaluation.sheets import Row, Sheet
from actionunits.loading import FaceBatch, face_loader
from actionunits.models import AUModel, Stage
from actionunits.training.devices import Device, quiet
from actionunits.training.engine import begin_model
from actionunits.training.optimise import make_optimizer
from actionunits.training.plan import Plan, Step
from actionunits.training.task import ready

TIMED_STEPS = 2
MOST_TRIED = 16
"""Frames, on a CPU."""
_COLUMNS = (
    *("stage", "trains", "parameters", "frozen", "epochs", "batch", "batches", "steps"),
    *("s a step", "s a validation", "time", "memory"),
)


@dataclass(frozen=True, slots=True)
class _Measured:
    """Seconds of a step and of looking at a batch, bytes, and the shapes of what went in and came out."""

    step: float
    look: float
    memory: int | None
    shapes: str


def estimate(plan: Plan) -> Sheet:
    """Try two steps of every stage, and tell what all of them take. Nothing is written.

    Times are upper limits for stages that patience may end, and leave out loading, which other processes do. On a CPU
    part of a batch is tried, and the rest is reckoned from it.

    Args:
        plan: of a fold's training.

    Raises:
        UsageError: the model cannot be made.
    """
    model = begin_model(plan).to(plan.device.kind)
    rows, total, loading, measured = [], 0.0, 0.0, None
    for step in plan.steps:
        stage, chunk = step.stage, plan.chunks[step.stage.name]
        share = chunk or stage.batch // plan.device.count
        dataset, choosing = plan.dataset(stage.name), plan.choosing(stage.name)
        batches = len(face_loader(dataset, batch_size=share, workers=0, chunk=chunk))
        share = share if chunk is None else -(-len(dataset) // batches)  # sequences may be shorter than a chunk
        began = time.perf_counter()
        tried = min(share, len(dataset), MOST_TRIED if plan.device.kind == "cpu" else share)
        batch = dataset.batch(list(range(tried)))
        loading = (time.perf_counter() - began) * share / tried
        measured = _measure(plan, model, step, batch, scale=share / tried)
        looks = 0 if choosing is None else -(-len(choosing) // share)
        checks = 0 if choosing is None else max(1, int(stage.epochs / plan.recipe.validate_every))
        seconds = stage.epochs * batches * measured.step + checks * looks * measured.look
        total += seconds
        rows.append(_row(stage, model, batches, measured, looks * measured.look, seconds))
    rows.append(Row(("all", *[""] * 7, "", "", _duration(total), ""), ours=True))
    people = plan.people
    notes = [
        f"{len(people.train)} subjects train, weights are chosen on {len(people.choose) or 'nobody'}; "
        f"input {plan.recipe.input}, seed {plan.seed}, {plan.device.kind}, precision {plan.device.precision}.",
        f"{measured.shapes if measured else 'No stage trains'}.",
        f"A process loads such a batch in {loading:.2f} s; the recipe asks for {plan.recipe.workers}.",
        "Memory is the most that the graphics card holds; on a CPU, about what this process needs.",
    ]
    title = f"{plan.recipe.label} on {plan.store.header.dataset}, fold {plan.fold.number}: {plan.recipe.title}"
    return Sheet(title, _COLUMNS, tuple(rows), tuple(notes))


def _measure(plan: Plan, model: AUModel, step: Step, loaded: FaceBatch, *, scale: float) -> _Measured:
    device, before = plan.device, _memory(plan.device)
    model.begin(step.stage.name)
    model.train()
    optimizer = make_optimizer(model, step.stage)
    batch = ready(loaded.to(device.kind), model.input)
    halves = torch.autocast(device.kind, torch.bfloat16, enabled=device.precision == "bf16")
    if device.kind == "cuda":
        torch.cuda.reset_peak_memory_stats()

    def train() -> None:
        with halves:
            loss: Tensor = model.loss(model(batch), batch)["total"]
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()

    with quiet():
        train()
        step_seconds = _seconds(train, device)
    model.eval()
    with torch.inference_mode(), halves:
        output = model(batch)
        look = _seconds(lambda: model(batch), device)
    shapes = f"Tried with pictures {tuple(batch.image.shape)}: logits {tuple(output.logits.shape)}"
    shapes += "" if output.levels is None else f", levels {tuple(output.levels.shape)}"
    memory = _memory(device)
    if device.kind == "cpu" and before is not None and memory is not None:
        memory = before + round((memory - before) * scale)
    return _Measured(step_seconds * scale, look * scale, memory, shapes)


def _seconds(run: Callable[[], object], device: Device) -> float:
    """The mean of a few runs."""
    wait: Callable[[], object] = torch.cuda.synchronize if device.kind == "cuda" else bool
    wait()
    began = time.perf_counter()
    for _ in range(TIMED_STEPS):
        run()
    wait()
    return (time.perf_counter() - began) / TIMED_STEPS


def _memory(device: Device) -> int | None:
    """Bytes: the peak of the graphics card, or of this process where the system tells."""
    if device.kind == "cuda":
        return int(torch.cuda.max_memory_allocated())
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _row(stage: Stage, model: AUModel, batches: int, measured: _Measured, look: float, seconds: float) -> Row:
    counts = {
        wanted: sum(p.numel() for p in model.parameters() if p.requires_grad == wanted) for wanted in (True, False)
    }
    memory = "" if measured.memory is None else f"{measured.memory / 2**30:.1f} GiB"
    return Row(
        (
            stage.name,
            ", ".join(f"{part} {rate:g}" for part, rate in stage.rates.items()),
            f"{counts[True]:,}",
            f"{counts[False]:,}",
            str(stage.epochs),
            str(stage.batch),
            str(batches),
            f"{stage.epochs * batches:,}",
            f"{measured.step:.3f}",
            f"{look:.1f}",
            _duration(seconds),
            memory,
        )
    )


def _duration(seconds: float) -> str:
    """As ``1 h 05 min`` or ``4 min 10 s``."""
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
