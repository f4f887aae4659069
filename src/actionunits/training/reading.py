"""From recipe files to a recipe: parents first, then the tier, then the caller's changes; each key is checked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from actionunits.errors import UsageError
from actionunits.facs import AUSet
from actionunits.loading import INPUT_RECIPES
from actionunits.models import nearest
from actionunits.training.making import check_settings, make_stages, untrained
from actionunits.training.recipe import Published, Recipe, Select
from actionunits.training.shipped import SUFFIXES, list_recipes, shipped_text
from actionunits.training.yaml_text import MOST_BYTES, parse_yaml

OF_FILES = ("base", "tiers")
"""What a file may hold beside the keys of a recipe: the name of its parent, and changes by name."""
_MOST_PARENTS = 10


@dataclass(frozen=True)
class _Layer:
    """Some of a recipe's values, and where they are written."""

    where: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class _File:
    where: str
    name: str
    base: str | None
    values: dict[str, Any]
    tiers: Mapping[str, Mapping[str, Any]]


def load_recipe(name_or_path: str | Path, *, tier: str | None = None, changes: Sequence[str] = ()) -> Recipe:
    """Read a recipe.

    Args:
        name_or_path: of :func:`~actionunits.training.list_recipes`, or the path of a ``.yaml`` file.
        tier: one of the file's or its parents' ``tiers``, as ``"mini"``.
        changes: as in ``"model.hidden=64"``; values are YAML.

    Raises:
        UsageError: there is no such recipe, parent or tier; a file cannot be read; or a key is unknown or its value of
            the wrong type: the message names the file, the key, and for unknown ones the nearest.
    """
    files = _family(str(name_or_path))
    for parent in files[:-1]:  # what it is called is no one else's name
        for key in ("name", "tier"):
            parent.values.pop(key, None)
    layers = [_Layer(file.where, file.values) for file in files]
    layers += _tiers(files, tier)
    layers += [_change(text) for text in changes]
    values: dict[str, Any] = {}
    for layer in layers:
        _require_keys(layer, "", layer.values, Recipe.model_fields)
        values = _merged(values, layer.values)
    for key in ("stages", "store"):
        if isinstance(values.get(key), dict):  # None takes back what a parent says
            values[key] = {name: each for name, each in values[key].items() if each is not None}
    values |= {"name": values.get("name", files[-1].name)} | ({} if tier is None else {"tier": tier})
    for key, part in (("select", Select), ("published", Published)):
        _require_keys(_owner(layers, key), f"{key}.", values.get(key), part.model_fields)
    recipe = _validated(values, layers)
    check_settings(recipe, lambda key: _owner(layers, key).where)
    make_stages(recipe, untrained(recipe), lambda key: _owner(layers, key).where)
    return recipe


def _family(name: str) -> list[_File]:
    """The file and its parents, the eldest first."""
    files = [_read(name, None)]
    while files[0].base is not None:
        parent = _read(files[0].base, files[0])
        if parent.where in [each.where for each in files] or len(files) > _MOST_PARENTS:
            chain = " -> ".join(each.name for each in (*reversed(files), parent))
            raise UsageError(files[-1].where, f"is its own parent ({chain})", "Take a base out")
        files.insert(0, parent)
    return files


def _read(name: str, child: _File | None) -> _File:
    """A recipe's file; a child may name its parent by a path from its own folder."""
    if name.endswith(SUFFIXES):
        path = Path(name) if child is None else Path(child.where).parent / name
        where, own, text = str(path), path.stem, _text(path)
    else:
        if name not in list_recipes():
            about = repr(name) if child is None else f"{child.where}: base {name!r}"
            raise UsageError(about, "no such recipe", nearest(name, list_recipes()))
        where, own, text = f"recipe {name}", name, shipped_text(name)
    values = parse_yaml(text, where)
    if not isinstance(values, dict):
        raise UsageError(where, "holds no keys", "Write a recipe: key: value")
    layer = _Layer(where, values)
    _require_keys(layer, "", values, (*Recipe.model_fields, *OF_FILES))
    base, tiers = values.pop("base", None), values.pop("tiers", None) or {}
    if not (base is None or isinstance(base, str)):
        raise UsageError(f"{where}: base", f"{base!r} is no name", "Name a recipe, or a .yaml file beside this one")
    if not isinstance(tiers, dict) or not all(isinstance(each, dict) for each in tiers.values()):
        raise UsageError(f"{where}: tiers", "must hold keys by the tier's name", "Write tiers: {mini: {...}}")
    return _File(where, own, base, values, tiers)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(4 * MOST_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError) as failure:
        known = f"Name a .yaml file, or one of {', '.join(list_recipes())}"
        raise UsageError(path, f"cannot be read ({getattr(failure, 'strerror', None) or failure})", known) from failure


def _tiers(files: Iterable[_File], tier: str | None) -> list[_Layer]:
    every = list(files)
    if tier is None:
        return []
    found = [_Layer(f"{file.where}: tier {tier}", file.tiers[tier]) for file in every if tier in file.tiers]
    if not found:
        known = tuple(sorted({name for file in every for name in file.tiers}))
        advice = nearest(tier, known) if known else "It has none"
        raise UsageError(f"tier {tier!r}", f"{every[-1].where} has none of this name", advice)
    return found


def _change(text: str) -> _Layer:
    """What ``--set key=value`` says."""
    where = f"--set {text}"
    key, equals, value = text.partition("=")
    names = key.strip().split(".")
    if not equals or not all(names):
        raise UsageError(where, "is no change", "Write it as in --set model.hidden=64")
    values: Any = parse_yaml(value, where)
    for name in reversed(names):
        values = {name: values}
    return _Layer(where, values)


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The new values over the old ones; mappings are merged key by key."""
    out = dict(old)
    for key, value in new.items():
        before = out.get(key)
        out[key] = _merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return out


def _owner(layers: Sequence[_Layer], path: str) -> _Layer:
    """The last layer that says something of a key, as ``"stages.stem.epochs"``, or of what it is in."""
    names = path.split(".")
    for depth in range(len(names), 0, -1):
        for layer in reversed(layers):
            values: Any = layer.values
            for name in names[:depth]:
                values = values.get(name, _NOTHING) if isinstance(values, Mapping) else _NOTHING
            if values is not _NOTHING:
                return layer
    return layers[0]


_NOTHING = object()


def _require_keys(layer: _Layer, prefix: str, values: object, known: Iterable[str]) -> None:
    names = tuple(known)
    for key in values if isinstance(values, Mapping) else ():
        if key not in names:
            raise UsageError(f"{layer.where}: {prefix}{key}", "no such key", nearest(str(key), names))


def _validated(values: Mapping[str, Any], layers: Sequence[_Layer]) -> Recipe:
    def where(key: str) -> str:
        return f"{_owner(layers, key).where}: {key}"

    key, plain = "aus", dict(values)
    try:
        for key in ("aus", "report"):
            if key in plain:
                plain[key] = AUSet.parse(plain[key]).numbers
        if values.get("input", "") not in ("", *INPUT_RECIPES):
            raise UsageError(
                repr(values["input"]), "no such input recipe", nearest(str(values["input"]), (*INPUT_RECIPES,))
            )
    except (UsageError, TypeError) as failure:
        key = "input" if "input recipe" in str(failure) else key
        reason, advice = getattr(failure, "reason", "is no list of action units"), getattr(failure, "next_step", "")
        raise UsageError(f"{where(key)}={values[key]!r}", reason, advice or "Write 1,2,12 or BP4D_12") from failure
    if isinstance(plain.get("precision"), int):
        plain["precision"] = str(plain["precision"])
    try:
        return Recipe.model_validate_json(json.dumps(plain, default=str, allow_nan=False), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"] if not str(part).startswith("function-"))
        raise UsageError(where(key), first["msg"], "See actionunits.training.Recipe") from error
    except ValueError as error:
        raise UsageError(layers[-1].where, "a number is too large", "Write a smaller one") from error
