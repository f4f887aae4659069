"""What the result of a training depends on besides the data, the fold and the seed, as plain values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from actionunits.errors import UsageError
from actionunits.evaluation.systems import Setting
from actionunits.loading import get_input
from actionunits.models import Stage
from actionunits.models.backbones import IMAGENET
from actionunits.models.shipped import FACES, weights_file
from actionunits.training.devices import Device
from actionunits.training.making import make_stages, untrained
from actionunits.training.recipe import Recipe

_STARTS = {None: "none", IMAGENET: "ImageNet"} | dict.fromkeys(FACES, "ImageNet, synthetic faces")


def recipe_facts(recipe: Recipe, device: Device) -> Mapping[str, Setting]:
    """Everything a run's numbers depend on besides data, folds and seed, as flat plain values for ``run.json``."""
    model = untrained(recipe)
    settings = {**model.settings, **recipe.model}
    weights = settings.get("backbone_weights")
    flat: dict[str, Setting] = {
        "system": recipe.system,
        "recipe": recipe.name,
        "tier": recipe.tier,
        "pretraining": _STARTS.get(weights) or Path(str(weights)).name,
        "start": recipe.start,
        "select.on": recipe.select.on,
        "select.by": recipe.select.by,
        "validate_every": recipe.validate_every,
        "calibrate": recipe.calibrate,
        "clip": recipe.clip,
        "precision": device.precision,
        "device": device.kind,
        "devices": device.count,
        "input": recipe.input,
        "crop_hash": get_input(recipe.input).crop_recipe.hash,
    }
    flat |= {f"model.{name}": _flat(value) for name, value in settings.items() if name != "input"}
    for stage in make_stages(recipe, model):
        if not stage.epochs:
            flat[f"stages.{stage.name}.epochs"] = 0
            continue
        rates = {f"stages.{stage.name}.rates.{part}": rate for part, rate in stage.rates.items()}
        flat |= rates | {f"stages.{stage.name}.{name}": _flat(value) for name, value in stage_numbers(stage).items()}
    return flat | {f"{name}_sha256": digest for name, digest in file_hashes(recipe).items()}


def stage_numbers(stage: Stage) -> dict[str, Any]:
    """What a stage says beside its name and rates, as far as it has a say."""
    unused = {"momentum"} if stage.optimizer != "sgd" else set()
    unused |= {"milestones", "decay"} if stage.schedule != "step" else set()
    unused |= {"clip"} if stage.clip is None else set()
    return {
        each.name: getattr(stage, each.name) for each in fields(stage) if each.name not in {"name", "rates"} | unused
    }


def _flat(value: object) -> Setting:
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return json.dumps(value)


def file_hashes(recipe: Recipe) -> dict[str, str]:
    """The SHA-256 of each file that a recipe begins with.

    Raises:
        UsageError: one cannot be read.
    """
    found: dict[str, str] = {}
    weights = recipe.model.get("backbone_weights")
    for name, path in (("start", recipe.start), ("backbone_weights", weights)):
        if path is None or (name == "backbone_weights" and path == IMAGENET):
            continue
        try:
            with weights_file(path).open("rb") as file:
                found[name] = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as failure:
            reason = f"cannot be read ({failure.strerror or failure})"
            raise UsageError(
                path, reason, f"Name a file with --set {'model.' * (name != 'start')}{name}=PATH"
            ) from failure
    return found
