"""Which recipes come with the package; needs neither PyTorch nor YAML."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable

SUFFIXES = (".yaml", ".yml")


@lru_cache(maxsize=1)
def list_recipes() -> tuple[str, ...]:
    """The names of all shipped recipes, sorted, as ``"lp_net/bp4d"``."""
    return tuple(sorted(_below(_home(), "")))


def is_recipe(name: str) -> bool:
    """Whether a name is that of a shipped recipe, or of a recipe's file, or at least looks like one.

    >>> is_recipe("lp_net/bp4d"), is_recipe("mine.yaml"), is_recipe("ridge-landmarks")
    (True, True, False)
    """
    return name.endswith(SUFFIXES) or name.partition("/")[0] in {known.partition("/")[0] for known in list_recipes()}


def shipped_text(name: str) -> str:
    """The text of a recipe of :func:`list_recipes`."""
    return _home().joinpath(f"{name}.yaml").read_text(encoding="utf-8")


def _home() -> Traversable:
    return files("actionunits.training").joinpath("recipes")


def _below(folder: Traversable, prefix: str) -> list[str]:
    found = []
    for each in folder.iterdir():
        if each.is_dir():
            found += _below(each, f"{prefix}{each.name}/")
        elif each.name.endswith(".yaml"):
            found.append(prefix + each.name.removesuffix(".yaml"))
    return found
