"""Cross-validation: every subject is tested once, by a system that never saw a frame of them."""

from __future__ import annotations

import platform
from collections.abc import Callable, Collection, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

import actionunits
from actionunits.datasets.folds import Fold, Folds, get_folds, validation_subjects
from actionunits.errors import StoreError, UsageError
from actionunits.evaluation.constant import intensities
from actionunits.evaluation.predictions import prediction_table
from actionunits.evaluation.report import run_texts
from actionunits.evaluation.run_facts import FoldFacts, RunFacts, StoreFacts
from actionunits.evaluation.runs import Run, RunWriter
from actionunits.evaluation.systems import System, Task
from actionunits.facs import AUSet, AUSetLike
from actionunits.store import Store, StoreUnion

PACKAGES = ("numpy", "scipy", "pyarrow", "opencv-python-headless")
DEALT = "3fold"
LEAVE_OUT = "lodo"
PARTS = 3
USUAL_FOLDS = {
    "bp4d": "bp4d-3fold",
    "bp4d+": "bp4dplus-bigsmall-3fold",
    "disfa": "disfa-3fold",
    "SynthAU": "synthau-3fold",
    "SynthAU-mini": "synthau-mini-3fold",
}
"""The split of each data set that has a published one; others are dealt into three parts, see :func:`dealt_folds`."""

Watch = Callable[[int, int], None]
"""Told (folds done, folds in all)."""


def dealt_folds(subjects: Sequence[str]) -> Folds:
    """Three parts of the sorted subjects, dealt in turn; part k is tested in fold k.

    Raises:
        UsageError: there are fewer than three subjects.
    """
    people = sorted(set(subjects))
    if len(people) < PARTS:
        raise UsageError(f"{len(people)} subjects", "cannot be divided into three parts", "Use more subjects, or loso")
    folds = []
    for number in range(PARTS):
        test = tuple(people[number::PARTS])
        training = [subject for subject in people if subject not in test]
        held = validation_subjects(training)
        kept = tuple(subject for subject in training if subject not in held)
        folds.append(Fold(number + 1, kept, held, test))
    return Folds(DEALT, "the store's sorted subjects, dealt in turn", tuple(folds))


def folds_of(store: Store, name: str | None = None) -> Folds:
    """The split of a store's subjects.

    Args:
        store: with the subjects.
        name: as in :func:`actionunits.datasets.folds.get_folds`, or ``3fold`` for :func:`dealt_folds`; None for the
            data set's usual one. Several data sets together are left out in turn.

    Raises:
        UsageError: there is no such split, or it needs more subjects.
        DatasetError: the store has a subject that the split does not know.
    """
    if isinstance(store, StoreUnion):
        people = {one.header.dataset: one.subjects["subject"].to_pylist() for one in store.stores}
        if name not in (None, LEAVE_OUT):
            raise UsageError(f"--folds {name}", "is for one data set", f"Use {LEAVE_OUT}")
        return get_folds(LEAVE_OUT, people)
    subjects = store.subjects["subject"].to_pylist()
    chosen = USUAL_FOLDS.get(store.header.dataset, DEALT) if name is None else name
    return dealt_folds(subjects) if chosen == DEALT else get_folds(chosen, subjects)


def cross_validate(
    system: System,
    store: Store,
    out: str | Path,
    *,
    folds: Folds | None = None,
    only: Collection[int] = (),
    aus: AUSetLike | None = None,
    seed: int = 0,
    watch: Watch | None = None,
) -> Run:
    """Train and test a system on every fold, and keep what it says of every test frame.

    The same store, folds, seed and versions give the same files, byte by byte.

    Args:
        system: what to train.
        store: pictures and labels.
        out: folder for the run: new, empty, or of a run that was killed with these very settings, which goes on.
        folds: who is tested when; None for :func:`folds_of`.
        only: numbers of the folds to run, from 1; empty for all. The run says which.
        aus: action units to find; None for all of the store's.
        seed: of everything random.
        watch: is told how far it is.

    Raises:
        UsageError: the store lacks what the system needs, an AU, or a subject; there is no such fold; or the folder is
            taken.
        ResultsError: the run cannot be written.
    """
    split = folds_of(store) if folds is None else folds
    wanted = store.au_set if aus is None else AUSet.parse(aus)
    labels, levels = store.labels(wanted), intensities(store, wanted)
    facts = planned(system, store, split, wanted, seed, only)
    chosen = [fold for fold in split if fold.number in facts.folds.numbers]
    tests = [store.split(fold.test) for fold in chosen]
    writer = RunWriter(out, facts)
    for done, (fold, rows) in enumerate(zip(chosen, tests, strict=True)):
        if watch:
            watch(done, len(chosen))
        if writer.has(fold.number):
            continue
        task = Task(store, wanted, fold.number, store.split(fold.train), _rows(store, fold.validation), seed)
        said = system.fit(task).predict(rows)
        keys = {name: store.frames[name].take(rows).combine_chunks() for name in ("subject", "sequence", "frame")}
        keys["fold"] = np.full(len(rows), fold.number, np.int16)
        graded = levels[rows] if facts.graded else None
        writer.add(fold.number, prediction_table(keys, wanted, labels[rows], graded, said))
    if watch:
        watch(len(chosen), len(chosen))
    run = writer.merge()
    writer.finish(run_texts(run))
    return run


def _rows(store: Store, subjects: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return store.split(subjects) if subjects else np.zeros(0, np.int64)


def planned(system: System, store: Store, folds: Folds, aus: AUSet, seed: int, only: Collection[int] = ()) -> RunFacts:
    """The facts of a run before it starts: what ``run.json`` will say.

    Raises:
        UsageError: the store lacks a subject, there is no such fold, or the folds are not numbered from 1.
    """
    header = store.header
    numbers = [fold.number for fold in folds]
    if numbers != list(range(1, len(numbers) + 1)):
        raise UsageError(folds.name, f"its folds are numbered {numbers[:5]}", "Number them from 1")
    unknown = sorted(set(only) - set(numbers))
    if unknown:
        raise UsageError(f"fold {unknown[0]}", f"{folds.name} has none of this number", f"Use 1 to {len(numbers)}")
    tested = [fold for fold in folds if not only or fold.number in only]
    return RunFacts(
        system=system.name,
        recipe=dict(system.recipe),
        selection=system.selection,
        store=StoreFacts(
            dataset=header.dataset,
            protocol=header.protocol,
            crop=header.crop,
            crop_hash=header.crop_hash,
            made_by=header.made_by,
            subjects=header.counts.subjects,
            frames=header.counts.frames,
            frames_sha256=header.frames_sha256,
        ),
        folds=FoldFacts(
            name=folds.name,
            source=folds.source,
            count=len(folds),
            validation=tuple(fold.validation for fold in folds),
            missing=folds.missing,
            only=tuple(sorted(set(only))) if len(tested) < len(numbers) else (),
        ),
        aus=aus.numbers,
        graded="intensity" in header.contents,
        frames=sum(len(store.split(fold.test)) for fold in tested),
        seed=seed,
        versions={"python": platform.python_version(), "actionunits": actionunits.__version__}
        | {name: _version(name) for name in (*PACKAGES, *system.packages)},
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:  # another build of the same library, as of OpenCV
        return None


def open_store(*folders: str | Path) -> Store:
    """Open a store to be evaluated, or several of different data sets as one.

    Raises:
        StoreError: one is missing, damaged, or of a later release; the message says which.
        UsageError: several do not go together.
    """
    paths = [Path(folder) for folder in folders]
    for path in paths:
        if not path.is_dir():
            raise StoreError(path, "there is no such folder", "Make a store first: actionunits data prepare")
    return Store(paths[0]) if len(paths) == 1 else StoreUnion([Store(path) for path in paths])
