"""Cross-validation by name: recipes here, baselines and estimators as :mod:`actionunits.evaluation` has them.

PyTorch is imported only for recipes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from actionunits.datasets.folds import Folds
from actionunits.errors import UsageError
from actionunits.evaluation import Sheet, cross_validate, cross_validate_recipe, folds_of, run_sheet
from actionunits.facs import AUSet, AUSetLike
from actionunits.store import Store
from actionunits.training.shipped import is_recipe
from actionunits.training.watch import Watch

if TYPE_CHECKING:
    from actionunits.training.devices import Device
    from actionunits.training.recipe import Recipe

_ADVICE = "Name one that `actionunits models` lists, or a .yaml file"


@dataclass(frozen=True, slots=True)
class Settings:
    """What may be asked of the training of a recipe.

    Attributes:
        tier: a variant that the recipe has, as ``"mini"``.
        changes: as in ``"model.hidden=64"``.
        reuse: folders of runs; stages that were trained there alike are taken over.
        device: ``auto``, ``cpu`` or ``cuda``.
        devices: how many of them share every batch.
    """

    tier: str | None = None
    changes: Sequence[str] = ()
    reuse: Sequence[str | Path] = ()
    device: str = "auto"
    devices: int = 1


def cross_validate_named(
    name: str,
    store: Store,
    out: str | Path,
    *,
    folds: str | None = None,
    only: Collection[int] = (),
    aus: AUSetLike | None = None,
    seed: int = 0,
    settings: Settings | None = None,
    watch: Watch | None = None,
) -> Sheet:
    """Cross-validate a recipe, a baseline or an estimator, and give back the table.

    Args:
        name: of a recipe, its file, or as :func:`actionunits.evaluation.cross_validate_recipe` takes it.
        store: pictures and labels.
        out: folder for the run; one that was killed goes on where it stopped.
        folds: name of the split; None for the data set's usual one.
        only: numbers of the folds to run; empty for all.
        aus: action units to find; None for the recipe's, or all of the store's.
        seed: of everything random.
        settings: for recipes.
        watch: is told how it goes.

    Raises:
        UsageError: there is no such recipe, the store or a fold does not fit it, or the folder is taken; nothing is
            written then.
        DatasetError: the store has a subject that the split does not know.
        TrainingError: the loss is no number.
        ResultsError: the run cannot be written.
    """
    told, chosen = watch or Watch(), settings or Settings()
    if not is_recipe(name):
        if chosen.tier or chosen.changes or chosen.reuse:
            raise UsageError(name, "is no recipe, which --tier, --set and --reuse are for", _ADVICE)
        return cross_validate_recipe(name, store, out, folds=folds, only=only, aus=aus, seed=seed, watch=told.folds)
    from actionunits.training.plan import plan_fold
    from actionunits.training.system import RecipeSystem

    recipe, split, device = _settled(name, store, folds, aus, chosen)
    for fold in split:
        if not only or fold.number in only:
            plan_fold(recipe, store, fold, seed=seed, device=device)
    system = RecipeSystem(recipe, split, out, reuse=chosen.reuse, device=device, watch=told)
    told.say(f"{recipe.label}: {recipe.title}")
    run = cross_validate(system, store, out, folds=split, only=only, aus=recipe.reported, seed=seed, watch=told.folds)
    return run_sheet(run)


def estimate_named(
    name: str,
    store: Store,
    *,
    fold: int = 1,
    folds: str | None = None,
    aus: AUSetLike | None = None,
    seed: int = 0,
    settings: Settings | None = None,
) -> Sheet:
    """What training a recipe on one fold takes: see :func:`actionunits.training.estimate`; nothing is written.

    Raises:
        UsageError: it is no recipe, or as :func:`cross_validate_named`.
    """
    from actionunits.training.dry_run import estimate
    from actionunits.training.plan import plan_fold

    if not is_recipe(name):
        raise UsageError(name, "is no recipe", _ADVICE)
    recipe, split, device = _settled(name, store, folds, aus, settings or Settings())
    for each in split:
        if each.number == fold:
            return estimate(plan_fold(recipe, store, each, seed=seed, device=device))
    raise UsageError(f"fold {fold}", f"{split.name} has none of this number", f"Use 1 to {len(split)}")


def _settled(
    name: str, store: Store, folds: str | None, aus: AUSetLike | None, settings: Settings
) -> tuple[Recipe, Folds, Device]:
    from actionunits.training.devices import find_device
    from actionunits.training.home import require_runs
    from actionunits.training.reading import load_recipe

    changes = [*settings.changes, *([] if aus is None else [f"aus={AUSet.parse(aus)}"])]
    recipe = load_recipe(name, tier=settings.tier, changes=changes)
    require_runs(settings.reuse)
    return recipe, folds_of(store, folds), find_device(settings.device, recipe.precision, settings.devices)
