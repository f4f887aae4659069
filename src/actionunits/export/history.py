"""What a model's file says of its training, read leniently: files of other tools, and later ones, say other things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LABELS = ("labels", "occurs_from")  # of a store's protocol
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True)
class History:
    """How a model came to be; None for what its file does not say.

    Attributes:
        dataset: the store's, by name.
        labels: what the labels mean.
        recipe: name of the recipe.
        fold: number of the fold that was held out, from 1.
        seed: of everything random.
        known_subjects: those that the training saw, or that it was chosen on; empty where the file does not say.
        begun_with: names of the weights that training began with.
    """

    dataset: str | None
    labels: str | None
    recipe: str | None
    fold: int | None
    seed: int | None
    known_subjects: frozenset[str]
    begun_with: tuple[str, ...]

    @classmethod
    def read(cls, facts: Mapping[str, Any], settings: Mapping[str, Any]) -> History:
        """From what :func:`~actionunits.models.read_model_facts` gives: the facts, and the model's settings."""
        store, recipe, fold = (_mapping(facts.get(name)) for name in ("store", "recipe", "fold"))
        people = [subject for part in ("train", "choose") for subject in _list(fold.get(part))]
        protocol = _mapping(store.get("protocol"))
        begun = (settings.get("backbone_weights"), recipe.get("start"))
        return cls(
            dataset=_text(store.get("dataset")),
            labels=", ".join(f"{name} {protocol[name]}" for name in _LABELS if name in protocol) or None,
            recipe=_text(recipe.get("recipe")),
            fold=_number(fold.get("number")),
            seed=_number(facts.get("seed")),
            known_subjects=frozenset(map(str, people)),
            begun_with=tuple(Path(each).name for each in begun if isinstance(each, str) and each),
        )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else _NOTHING


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
