"""What the training of one fold is, settled and checked before anything is written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import actionunits
from actionunits.datasets.folds import Fold
from actionunits.errors import UsageError
from actionunits.loading import FaceDataset, get_input
from actionunits.models import AUModel, Stage
from actionunits.store import Store, StoredFlow
from actionunits.training.devices import Device, seed_of
from actionunits.training.making import make_stages, untrained
from actionunits.training.plan_checks import check_batches, check_choice, check_start, check_store
from actionunits.training.plan_facts import file_hashes, recipe_facts, stage_numbers
from actionunits.training.recipe import Recipe

PACKAGES = ("torch", "torchvision", "timm", "lightning")
FORMAT = 1


@dataclass(frozen=True, slots=True)
class People:
    """Who does what in a fold.

    Attributes:
        train: subjects to train on.
        choose: subjects on whom weights are chosen; nobody where the last ones are taken.
    """

    train: tuple[str, ...]
    choose: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Step:
    """A stage of a fold.

    Attributes:
        stage: its numbers.
        fingerprint: a hash of all that its result depends on; equal ones have equal results.
    """

    stage: Stage
    fingerprint: str


@dataclass(frozen=True, eq=False)
class Plan:
    """The training of one fold.

    Attributes:
        recipe: the same.
        store: pictures and labels.
        fold: who is tested.
        people: who trains, and on whom weights are chosen.
        seed: of everything random.
        device: what computes.
        steps: the stages that train, in order.
        windows: the frames around each one that the model looks at in each stage, by name.
        flows: likewise the frames whose optical flow it looks at.
        chunks: how many consecutive frames it looks at together in each stage; None where it looks at single ones.
        facts: what is noted beside the weights; plain values.
    """

    recipe: Recipe
    store: Store
    fold: Fold
    people: People
    seed: int
    device: Device
    steps: tuple[Step, ...]
    windows: Mapping[str, str | None]
    flows: Mapping[str, str | None]
    chunks: Mapping[str, int | None]
    facts: Mapping[str, Any]

    def dataset(self, stage: str) -> FaceDataset:
        """What a stage trains on: varied, differently in every stage; chunks are as they are."""
        return FaceDataset(
            self.store,
            self.recipe.input,
            subjects=self.people.train,
            aus=self.recipe.au_set,
            training=self.chunks[stage] is None,
            window=self.windows[stage],
            flow=self.flows[stage],
            seed=self.seed_for(stage, "data"),
        )

    def choosing(self, stage: str) -> FaceDataset | None:
        """What weights of a stage are chosen on, as it is; None where the last ones are taken."""
        if not self.people.choose:
            return None
        return FaceDataset(
            self.store,
            self.recipe.input,
            subjects=self.people.choose,
            aus=self.recipe.au_set,
            window=self.windows[stage],
            flow=self.flows[stage],
        )

    def seed_for(self, *parts: str | int) -> int:
        """A seed for one purpose in this fold."""
        return seed_of(self.seed, self.fold.number, *parts)


def plan_fold(recipe: Recipe, store: Store, fold: Fold, *, seed: int, device: Device) -> Plan:
    """Settle what a training is.

    Raises:
        UsageError: the store lacks an AU, a subject, a fact or the crop that the recipe needs; nobody can be chosen on;
            or a file that the recipe names does not fit.
    """
    people = people_of(recipe, fold)
    model = untrained(recipe)
    check_store(recipe, store, model)
    rows = {name: store.split(subjects) for name, subjects in _parts(people, fold).items() if subjects}
    if people.choose:
        check_choice(recipe, store, rows["choose"])
    stages = [stage for stage in make_stages(recipe, model) if stage.epochs]
    check_batches(stages, model, device)
    files = file_hashes(recipe)
    check_start(recipe)
    facts = {
        "format": FORMAT,
        "recipe": dict(recipe_facts(recipe, device)),
        "files": files,
        "seed": seed,
        "fold": {"number": fold.number, "train": list(people.train), "choose": list(people.choose)},
        "store": {
            "dataset": store.header.dataset,
            "protocol": dict(store.header.protocol),
            "crop": store.header.crop,
            "crop_hash": store.header.crop_hash,
            "frames_sha256": store.header.frames_sha256,
            **({} if model.flow_window() is None else {"flow": StoredFlow(store).facts.model_dump()}),
        },
        "versions": {"actionunits": actionunits.__version__} | {name: version(name) for name in PACKAGES},
    }
    steps = _steps(recipe, model, stages, facts)
    windows = {stage.name: model.window(stage.name) for stage in model.stages}
    flows = {stage.name: model.flow_window(stage.name) for stage in model.stages}
    chunks = {stage.name: model.chunk(stage.name) for stage in model.stages}
    return Plan(recipe, store, fold, people, seed, device, steps, windows, flows, chunks, facts)


def people_of(recipe: Recipe, fold: Fold) -> People:
    """Who trains, and on whom weights are chosen.

    Raises:
        UsageError: weights are to be chosen on validation subjects, and the fold has none.
    """
    everybody = tuple(sorted((*fold.train, *fold.validation)))
    if recipe.select.on == "last":
        return People(everybody, ())
    if recipe.select.on == "test_oracle":
        return People(everybody, fold.test)
    if not fold.validation:
        advice = "Use --set select.on=last, or folds with validation subjects"
        raise UsageError(f"fold {fold.number}", "has no validation subjects to choose weights on", advice)
    return People(fold.train, fold.validation)


def _parts(people: People, fold: Fold) -> dict[str, tuple[str, ...]]:
    return {"train": people.train, "choose": people.choose, "test": fold.test}


def _steps(recipe: Recipe, model: AUModel, stages: list[Stage], facts: Mapping[str, Any]) -> tuple[Step, ...]:
    """Each stage with its fingerprint, which holds that of the stage before."""
    chosen = facts["recipe"]
    shared = ("pretraining", "select.on", "select.by", "validate_every", "clip", "precision", "device", "devices")
    first = model.stage_settings(stages[0].name) if stages else {}  # systems may share it
    before = _hash(
        [
            first.get("system", recipe.system),
            list(recipe.aus),
            get_input(recipe.input).to_dict(),
            {name: chosen[name] for name in shared},
            {name: each for name, each in facts.items() if name != "recipe"},
        ]
    )
    steps = []
    for stage in stages:
        settings = dict(model.stage_settings(stage.name))
        before = _hash([before, settings, stage.name, dict(stage.rates), stage_numbers(stage)])
        steps.append(Step(stage, before))
    return tuple(steps)


def _hash(values: object) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
