"""From a recipe to its model and its stages, with every name and type checked."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, get_type_hints

import torch
from pydantic import TypeAdapter, ValidationError

from actionunits.errors import UsageError
from actionunits.models import AUModel, Stage, create_model, find_model, nearest
from actionunits.training.recipe import Recipe

Where = Callable[[str], str]
"""Gives the file, or the words, in which a key such as ``"model.hidden"`` is written."""

OF_RECIPES = ("aus", "input")
"""What a recipe says beside the settings of its model."""
_WEIGHTS = "backbone_weights"
_STAGE_KEYS = tuple(each.name for each in fields(Stage) if each.name != "name")


def in_recipe(recipe: Recipe) -> Where:
    """A :data:`Where` for recipes whose files are not at hand."""
    return lambda key: f"recipe {recipe.name}"


def check_settings(recipe: Recipe, where: Where) -> None:
    """Require that the system's constructor takes the settings.

    Raises:
        UsageError: there is no such system; a setting is unknown, and the nearest is named; or one has a wrong type.
    """
    kind = find_model(recipe.system)
    parameters = inspect.signature(kind).parameters
    hints = get_type_hints(kind.__init__)
    known = tuple(name for name in parameters if name not in OF_RECIPES)
    for name, value in recipe.model.items():
        about = f"{where(f'model.{name}')}: model.{name}"
        if name in OF_RECIPES:
            raise UsageError(about, "is no setting of the model", f"Write {name} at the top of the recipe")
        if name not in known:
            raise UsageError(about, f"{recipe.system} has no such setting", nearest(name, known))
        _require_type(hints[name], value, about)


def make_model(recipe: Recipe) -> AUModel:
    """The model, as it begins; its weights come from PyTorch's generator.

    Raises:
        UsageError: a value is out of range, or a file of weights cannot be read.
    """
    model = create_model(recipe.system, recipe.au_set, input=recipe.input, **recipe.model)
    model.stages = make_stages(recipe, model)
    return model


def untrained(recipe: Recipe) -> AUModel:
    """The model without numbers, with its own stages: quick to make, good for questions about its parts.

    Raises:
        UsageError: a value is out of range.
    """
    settings = {**recipe.model, "input": recipe.input}
    if _WEIGHTS in settings:
        settings[_WEIGHTS] = None
    try:
        with torch.device("meta"):
            return create_model(recipe.system, recipe.au_set, **settings)
    except NotImplementedError:  # it looks at its numbers while it is made
        return create_model(recipe.system, recipe.au_set, **settings)


def make_stages(recipe: Recipe, model: AUModel, where: Where | None = None) -> tuple[Stage, ...]:
    """The model's stages with the recipe's changes.

    Raises:
        UsageError: a stage, a key or a part is unknown, and the nearest is named; or a value has a wrong type.
    """
    find = where or in_recipe(recipe)
    names = tuple(stage.name for stage in model.stages)
    for name in recipe.stages:
        if name not in names:
            raise UsageError(f"{find(f'stages.{name}')}: stages.{name}", "no such stage", nearest(name, names))
    return tuple(_changed(stage, recipe.stages.get(stage.name, {}), model, find) for stage in model.stages)


def _changed(stage: Stage, changes: Mapping[str, Any], model: AUModel, where: Where) -> Stage:
    values: dict[str, Any] = {key: getattr(stage, key) for key in _STAGE_KEYS} | {"rates": dict(stage.rates)}
    hints = get_type_hints(Stage)
    for key, value in changes.items():
        path = f"stages.{stage.name}.{key}"
        about = f"{where(path)}: {path}"
        if key not in _STAGE_KEYS:
            raise UsageError(about, "no such key", nearest(key, _STAGE_KEYS))
        _require_type(dict[str, float | None] if key == "rates" else hints[key], value, about)
        values[key] = _rates(values["rates"], value, model, path, where) if key == "rates" else value
    values["milestones"] = tuple(values["milestones"])
    return Stage(stage.name, **values)


def _rates(
    old: Mapping[str, float], changes: Mapping[str, float | None], model: AUModel, path: str, where: Where
) -> dict[str, float]:
    parts = tuple(model.parts())
    for part, rate in changes.items():
        if rate is not None and part not in parts:
            here = f"{path}.{part}"
            raise UsageError(f"{where(here)}: {here}", f"{model.system} has no such part", nearest(part, parts))
    return {part: rate for part, rate in {**old, **changes}.items() if rate is not None}


def _require_type(hint: Any, value: object, about: str) -> None:
    try:
        TypeAdapter(hint).validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        said = error.errors(include_url=False, include_context=False, include_input=False)[0]["msg"]
        raise UsageError(about, f"{value!r} will not do: {said}", "Write a value of that kind") from error
