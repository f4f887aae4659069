"""Training one fold: the stages in their order, each from the best weights of the one before."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import torch

from actionunits.datasets.folds import Fold
from actionunits.evaluation.constant import intensities
from actionunits.loading import FaceBatch, face_loader
from actionunits.models import AUModel, TrainingLabels, load_model, load_state, load_state_of, save_model
from actionunits.store import Store
from actionunits.training.devices import Device, quiet, reproducible, settle
from actionunits.training.fitting import fit
from actionunits.training.home import Finished, FoldHome, find_finished, require_runs
from actionunits.training.making import make_model
from actionunits.training.plan import Plan, Step, plan_fold
from actionunits.training.plan_checks import adopt_start
from actionunits.training.recipe import Recipe
from actionunits.training.task import SystemTask, ready
from actionunits.training.watch import Watch


def train_fold(
    recipe: Recipe,
    store: Store,
    fold: Fold,
    folder: str | Path,
    *,
    seed: int = 0,
    reuse: Sequence[str | Path] = (),
    device: Device | None = None,
    watch: Watch | None = None,
) -> AUModel:
    """Train a system on one fold.

    The same recipe, store, fold, seed, device and versions give the same weights, bit by bit, also when the training
    was killed in between and went on. On several devices, and for operations that a graphics card cannot repeat, of
    which PyTorch warns, they are equal up to rounding.

    Args:
        recipe: what to train, and how.
        store: pictures and labels.
        fold: who trains, validates and is tested; the latter are not looked at, unless the recipe says
            ``test_oracle``.
        folder: new, empty, or of the same training, which goes on where it was killed; see
            :mod:`actionunits.training.home`.
        seed: of everything random.
        reuse: folders of runs; a stage that was trained there with the same settings, data and seed is taken over.
        device: what computes; None for the CPU.
        watch: is told how it goes.

    Returns:
        The trained model, on the CPU, ready to predict.

    Raises:
        UsageError: the store, the fold or a file does not fit the recipe, or the folder is taken; nothing is written
            then.
        TrainingError: the loss is no number; the last good checkpoint stays.
        ResultsError: a file cannot be written.
    """
    plan = plan_fold(recipe, store, fold, seed=seed, device=device or Device("cpu"))
    home, told = FoldHome(folder, plan), watch or Watch()
    require_runs(reuse)
    if not home.model.is_file():
        home.begin()
        with quiet(), reproducible(plan.device):
            _train(plan, home, reuse, told)
    return load_model(home.model, system=recipe.system)


def begin_model(plan: Plan) -> AUModel:
    """The model before its first stage: it has seen the training labels, and the weights to start from."""
    settle(plan.seed_for("begin"))
    model = make_model(plan.recipe).to(memory_format=torch.channels_last)
    adopt_start(plan.recipe, model)
    rows, aus = plan.store.split(plan.people.train), plan.recipe.au_set
    model.observe(TrainingLabels(plan.store.labels(aus)[rows], intensities(plan.store, aus)[rows]))
    return model


def _train(plan: Plan, home: FoldHome, reuse: Sequence[str | Path], watch: Watch) -> None:
    model = begin_model(plan)
    trained: set[str] = set()
    stages: dict[str, Any] = {}
    for step in plan.steps:
        name = step.stage.name
        settle(plan.seed_for(name, "begin"))
        model.begin(name)
        done = home.finished(step) or _taken(plan, home, step, reuse, watch)
        if done is None:
            folder = home.stage(step)
            model.train()
            done = home.finish(step, fit(SystemTask(model, plan, step), folder, watch))
        trained |= step.stage.rates.keys()
        _load_parts(model, done.weights, trained)
        stages[name] = {"epoch": done.epoch, "score": done.score, "fingerprint": done.fingerprint}
    if plan.recipe.calibrate:
        _calibrate(plan, model, watch)
    facts = {**plan.facts, "stages": stages, "selection": plan.recipe.selection}
    save_model(model.eval(), home.model, facts=facts)


def _taken(plan: Plan, home: FoldHome, step: Step, reuse: Sequence[str | Path], watch: Watch) -> Finished | None:
    """The stage, if it was trained in another run."""
    if (home.folder / step.stage.name).exists():  # begun here
        return None
    found = find_finished(reuse, step)
    if found is None:
        return None
    watch.say(f"fold {plan.fold.number}, {step.stage.name}: taken from {found.folder}")
    return home.take(step, found)


def _load_parts(model: AUModel, path: Path, parts: Collection[str]) -> None:
    """Load the weights of the parts that have been trained, and of what belongs to no part; others stay.

    The file may be that of a system with other parts beside these: of another row of an ablation.
    """
    own, ours, every = model.state_dict(), model.part_prefixes(parts), model.part_prefixes(model.parts())

    def wanted(name: str) -> bool:
        return name.startswith(ours) or (name in own and not name.startswith(every))

    _, state, _ = load_state_of(path)
    others = {name: value for name, value in own.items() if not name.startswith(ours)}
    load_state(model, others | {name: value for name, value in state.items() if wanted(name)})


def _calibrate(plan: Plan, model: AUModel, watch: Watch) -> None:
    stage = plan.steps[-1].stage if plan.steps else model.stages[-1]
    device, epochs, dataset = torch.device(plan.device.kind), count(stage.epochs), plan.dataset(stage.name)

    def batches() -> Iterator[FaceBatch]:
        loader = face_loader(dataset, batch_size=stage.batch, workers=plan.recipe.workers)
        for batch in loader.epoch(next(epochs)):
            yield ready(batch.to(device), model.input)

    watch.say(f"fold {plan.fold.number}: settles what gradients do not teach")
    settle(plan.seed_for("calibrate"))
    model.to(device)
    with torch.no_grad():
        model.calibrate(batches)
    model.to("cpu")
