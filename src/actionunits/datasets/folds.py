"""Who trains, who validates, who tests: the published splits by name, as data, always by subject."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import combinations
from typing import Any

from actionunits.datasets.protocol import Kind
from actionunits.errors import DatasetError, UsageError

VALIDATION_EVERY = 7
"""Every so-manyth of the sorted training subjects is held out for validation."""

_SYNTHETIC = {"synthau-3fold": "SynthAU", "synthau-mini-3fold": "SynthAU-mini"}
_EVEN = {"3fold": (3, "third"), "5fold": (5, "fifth"), "10fold": (10, "tenth")}
_MADE = (*_EVEN, "loso", "lodo")
_CROSS = {"bp4d": "bp4d-3fold", "bp4d+": "bp4dplus-bigsmall-3fold", "disfa": "disfa-3fold"}

Subjects = Iterable[str] | Mapping[str, Iterable[str]]


@dataclass(frozen=True, slots=True)
class Fold:
    """One split of subjects.

    Attributes:
        number: from 1.
        train: subjects to train on.
        validation: subjects to choose by; taken from the training part.
        test: subjects to test on.

    Raises:
        UsageError: somebody is in two parts or twice in one, or nobody trains or is tested.
    """

    number: int
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    def __post_init__(self) -> None:
        about = f"fold {self.number}"
        everybody = (*self.train, *self.validation, *self.test)
        twice = sorted({subject for subject in everybody if everybody.count(subject) > 1})
        if twice:
            raise UsageError(about, f"subject {twice[0]} is in it twice", "Give each subject to one part")
        if not self.train or not self.test:
            raise UsageError(about, "nobody trains, or nobody is tested", "Use more subjects, or another split")


@dataclass(frozen=True, slots=True)
class Folds:
    """A named list of folds; iterates over them.

    Attributes:
        name: of the split.
        source: where it comes from.
        parts: the folds; no subject is tested in two of them.
        missing: subjects of the published list that are not there.

    Raises:
        UsageError: a subject is tested in two folds.
    """

    name: str
    source: str
    parts: tuple[Fold, ...]
    missing: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for one, other in combinations(self.parts, 2):
            both = sorted(set(one.test) & set(other.test))
            if both:
                reason = f"subject {both[0]} is tested in folds {one.number} and {other.number}"
                raise UsageError(self.name, reason, "Test each subject once")

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, place: int) -> Fold:
        return self.parts[place]

    def __iter__(self) -> Iterator[Fold]:
        return iter(self.parts)


def fold_names() -> tuple[str, ...]:
    """The names that `get_folds` knows."""
    return (*_published(), *_SYNTHETIC, *_MADE)


def get_folds(name: str, subjects: Subjects | None = None) -> Folds:
    """A split by name.

    ========================= ====================================================================================
    bp4d-3fold, disfa-3fold   the lists of JAA-Net and ME-GraphAU, numbered as in ME-GraphAU: fold 1 tests part 3
    bp4dplus-bigsmall-3fold   BigSmall's lists of BP4D+; RE-Net's are not published
    fera2015                  BP4D, one fold: odd numbers train, even ones (the development part) test
    synthau(-mini)-3fold      the parts of SynthAU and SynthAU-mini; fold k tests part k
    3fold, 5fold, 10fold      of any data set: fold k of n tests every n-th of the sorted subjects from the k-th on
    loso                      leave one subject out: one fold a subject
    lodo                      leave one data set out: one fold a data set; subjects are called ``bp4d/F001``
    ========================= ====================================================================================

    Every 7th of the sorted training subjects validates (the 7th, the 14th, ...), of fewer than 7 the last one, if two
    or more are there. The papers define no validation part.

    Args:
        name: of the split.
        subjects: those that are there; None for the whole published list. For ``lodo``, those of each data set by its
            name.

    Raises:
        UsageError: there is no such split, it needs other ``subjects``, or a part would be empty.
        DatasetError: a subject is not in the published list.
    """
    if name not in fold_names():
        raise UsageError(name, "there is no such split", f"Use {', '.join(fold_names())}")
    if name == "lodo":
        if not isinstance(subjects, Mapping):
            raise UsageError(name, "needs the subjects of each data set", "Give them by the data set's name")
        tests = [tuple(sorted(f"{dataset}/{one}" for one in people)) for dataset, people in subjects.items()]
        return Folds(name, "one fold a data set", _folds(tests))
    if isinstance(subjects, Mapping):
        raise UsageError(name, "is for one data set", "Give its subjects as a list")
    if name in _EVEN or name == "loso":
        if subjects is None:
            raise UsageError(name, "needs subjects", "Give those of the data set")
        ordered = sorted(_distinct(subjects, name))
        count, which = _EVEN.get(name, (len(ordered), ""))
        title = f"every {which} of the sorted subjects" if which else "one fold a subject"
        if len(ordered) < count:
            raise UsageError(name, f"there are only {len(ordered)} subjects", "Use fewer folds, or loso")
        return Folds(name, title, _folds([tuple(ordered[first::count]) for first in range(count)]))
    tests, source = _test_lists(name)
    listed = {subject for test in tests for subject in test} | set(_only_training(name))
    there = listed if subjects is None else _distinct(subjects, name)
    unknown = sorted(there - listed)
    if unknown:
        reason = f"is not in {name}"
        raise DatasetError(f"subject {unknown[0]}", reason, "Leave it out, or use loso")
    kept = [tuple(subject for subject in test if subject in there) for test in tests]
    return Folds(name, source, _folds(kept, there), tuple(sorted(listed - there)))


def published_subjects(kind: Kind) -> tuple[str, ...]:
    """The people of BP4D (41), BP4D+ (140) or DISFA (27), sorted; nobody for other data sets."""
    if kind not in _CROSS:
        return ()
    tests, _ = _test_lists(_CROSS[kind])
    return tuple(sorted(subject for test in tests for subject in test))


def validation_subjects(training: Iterable[str]) -> tuple[str, ...]:
    """Those of the training subjects who validate; see `get_folds`."""
    ordered = sorted(training)
    chosen = ordered[VALIDATION_EVERY - 1 :: VALIDATION_EVERY]
    return tuple(chosen or ordered[1:][-1:])


def _folds(tests: Sequence[tuple[str, ...]], everybody: Iterable[str] = ()) -> tuple[Fold, ...]:
    people = {subject for test in tests for subject in test} | set(everybody)
    folds = []
    for number, test in enumerate(tests, 1):
        training = sorted(people - set(test))
        held = validation_subjects(training)
        folds.append(Fold(number, tuple(one for one in training if one not in held), held, test))
    return tuple(folds)


def _distinct(subjects: Iterable[str], name: str) -> set[str]:
    listed = list(subjects)
    if not listed or len(set(listed)) != len(listed):
        raise UsageError(name, "the list of subjects is empty, or names one twice", "Name each subject once")
    return set(listed)


def _test_lists(name: str) -> tuple[list[tuple[str, ...]], str]:
    """The test subjects of each fold in the published order, and their source."""
    if name in _SYNTHETIC:
        from actionunits.synth.sets import synth_folds

        return list(synth_folds(_SYNTHETIC[name])), f"the parts of {_SYNTHETIC[name]}"
    split = _published()[name]
    return [tuple(test) for test in split["tests"]], split["source"]


def _only_training(name: str) -> tuple[str, ...]:
    """People of a split that no fold tests."""
    if name in _published():
        return published_subjects(_published()[name]["dataset"])
    return ()


@lru_cache(maxsize=1)
def _published() -> dict[str, Any]:
    text = files("actionunits.datasets").joinpath("folds.json").read_text(encoding="utf-8")
    splits: dict[str, Any] = json.loads(text)
    return splits
