"""Training by recipe: typed YAML in, a run with its models out. Needs ``actionunits[train]``.

    recipe = load_recipe("lp_net/bp4d", changes=["model.hidden=64"])       # list_recipes() names them all
    model = train_fold(recipe, store, folds[0], "runs/lp/folds/fold1")     # goes on where it was killed
    said = predict(model, store, rows)

:class:`RecipeSystem` puts a recipe into :func:`actionunits.evaluation.cross_validate`, and :func:`cross_validate_named`
does so by name, for recipes and baselines alike; it is what the command line calls.
"""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import Any

_HOMES = MappingProxyType(
    {
        "RecipeSystem": "system",
        "Recipe": "recipe",
        "Watch": "watch",
        "cross_validate_named": "crossval",
        "estimate": "dry_run",
        "is_recipe": "shipped",
        "list_recipes": "shipped",
        "load_recipe": "reading",
        "predict": "prediction",
        "train_fold": "engine",
    }
)

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    """Import PyTorch and Lightning, which takes seconds, only where they are used."""
    if name in _HOMES:
        return getattr(import_module(f"actionunits.training.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'actionunits.training' has no attribute {name!r}")
