"""The systems that need no recipe file, by name, and their cross-validation: baselines, probes, estimators at work."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import MappingProxyType

from actionunits.errors import UsageError
from actionunits.estimators.registry import shipped_cards
from actionunits.evaluation.at_work import EstimatorAtWork
from actionunits.evaluation.comparison import compare_runs
from actionunits.evaluation.constant import AlwaysPositive, BaseRate
from actionunits.evaluation.crossval import Watch, cross_validate, folds_of, planned
from actionunits.evaluation.linear import LinearSVM, Ridge
from actionunits.evaluation.report import run_sheet
from actionunits.evaluation.runs import RUN_FILE, Run, write_text
from actionunits.evaluation.sheets import Sheet, render
from actionunits.evaluation.systems import System
from actionunits.facs import AUSet, AUSetLike
from actionunits.store import Store

ALL = "baselines"
"""Stands for every one of :data:`BASELINES`."""

BASELINES: Mapping[str, Callable[[], System]] = MappingProxyType(
    {
        "always-positive": AlwaysPositive,
        "base-rate": BaseRate,
        "ridge-landmarks": lambda: Ridge(["landmarks"]),
        "svm-hog-landmarks": lambda: LinearSVM(["hog", "landmarks"]),
    }
)
"""What every table should show beside a system."""

PROBES: Mapping[str, Callable[[], System]] = MappingProxyType(
    {
        "ridge-hog": lambda: Ridge(["hog"]),
        "ridge-background": lambda: Ridge(["background"]),
    }
)
"""What tells whether a data set can be learned from the face, and cannot from elsewhere."""


def get_system(name: str) -> System:
    """A baseline or probe by name, or an estimator by name or by the path of its card (``.json``).

    Raises:
        UsageError: there is none of that name.
        CardError: the card or its weights are malformed.
    """
    known = {**BASELINES, **PROBES}
    if name in known:
        return known[name]()
    if name in shipped_cards() or name.endswith(".json"):
        return EstimatorAtWork(name)
    names = ", ".join([ALL, *known, *shipped_cards()])
    raise UsageError(name, "there is no such baseline or estimator", f"Use {names}, or the path of a card")


def cross_validate_recipe(
    recipe: str,
    store: Store,
    out: str | Path,
    *,
    folds: str | None = None,
    only: Collection[int] = (),
    aus: AUSetLike | None = None,
    seed: int = 0,
    watch: Watch | None = None,
) -> Sheet:
    """Cross-validate a system by name, or all baselines, and give back the table.

    Args:
        recipe: as :func:`get_system` takes it, or ``baselines`` for all of :data:`BASELINES`.
        store: pictures and labels.
        out: folder for the run; for ``baselines`` a folder of runs. One that was killed goes on where it stopped.
        folds: name of the split; None for the data set's usual one.
        only: numbers of the folds to run; empty for all.
        aus: action units to find; None for all of the store's, as far as an estimator knows them.
        seed: of everything random.
        watch: is told how far it is.

    Raises:
        UsageError: there is no such baseline, the store lacks something, or the folder is taken.
        DatasetError: the store has a subject that the split does not know.
        ResultsError: the run cannot be written.
    """
    split = folds_of(store, folds)
    wanted = store.au_set if aus is None else AUSet.parse(aus)
    if recipe != ALL:
        system = get_system(recipe)
        if aus is None and isinstance(system, EstimatorAtWork):
            wanted &= system.aus
        run = cross_validate(system, store, out, folds=split, only=only, aus=wanted, seed=seed, watch=watch)
        return run_sheet(run)
    folder = Path(out)
    places = {name: folder / name for name in BASELINES}
    finished = [name for name, place in places.items() if (place / RUN_FILE).exists()]
    if (folder / RUN_FILE).exists() or len(finished) == len(places):
        raise UsageError(folder, "holds a finished run", "Choose another folder, or delete this one")
    runs = []
    for done, (name, place) in enumerate(places.items()):
        system = get_system(name)
        if name in finished:
            runs.append(Run(place))
            if runs[-1].facts != planned(system, store, split, wanted, seed, only):
                raise UsageError(place, "holds a run with other settings", "Choose another folder, or delete this one")
            continue
        part = _part_of(watch, done)
        runs.append(cross_validate(system, store, place, folds=split, only=only, aus=wanted, seed=seed, watch=part))
    sheet = compare_runs(runs)[0]
    for format in ("md", "csv"):
        write_text(folder / f"table.{format}", render([sheet], format))
    return sheet


def _part_of(watch: Watch | None, before: int) -> Watch | None:
    """A watch for one of several runs that counts them all."""
    if watch is None:
        return None
    return lambda done, total: watch(before * total + done, len(BASELINES) * total)
