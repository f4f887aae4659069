"""Folds: the counts that are published, no subject in two parts, and validation subjects."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionunits.datasets import Fold, Folds, fold_names, get_folds, published_subjects, validation_subjects
from actionunits.errors import DatasetError, UsageError

CROSS = ("bp4d-3fold", "disfa-3fold", "bp4dplus-bigsmall-3fold", "synthau-3fold", "synthau-mini-3fold")


@pytest.mark.parametrize(
    ("name", "people", "tested"),
    [
        ("bp4d-3fold", 41, [13, 14, 14]),  # parts 3, 2, 1
        ("disfa-3fold", 27, [9, 9, 9]),
        ("bp4dplus-bigsmall-3fold", 140, [46, 47, 47]),
        ("fera2015", 41, [20]),
        ("synthau-3fold", 200, [67, 67, 66]),
        ("synthau-mini-3fold", 24, [8, 8, 8]),
    ],
)
def test_published_counts(name, people, tested):
    folds = get_folds(name)
    assert sorted(len(fold.test) for fold in folds) == sorted(tested)
    assert name.startswith("synth") or [len(fold.test) for fold in folds] == tested
    assert [fold.number for fold in folds] == list(range(1, len(tested) + 1))
    assert folds.missing == ()
    for fold in folds:
        everybody = [*fold.train, *fold.validation, *fold.test]
        assert len(everybody) == len(set(everybody)) == people
        assert len(fold.validation) == (people - len(fold.test)) // 7
    if name in CROSS:
        assert {who for fold in folds for who in fold.test} == {*folds[0].train, *folds[0].validation, *folds[0].test}
        assert all(not set(one.test) & set(other.test) for one, other in combinations(folds, 2))


def test_some_facts_of_the_lists():
    folds = get_folds("bp4d-3fold")
    assert folds[0].test[:3] == ("F007", "F015", "F006")  # fold 1 tests part 3
    assert folds[2].test[:3] == ("F001", "M007", "F018")  # fold 3 tests part 1
    assert get_folds("disfa-3fold")[0].test[0] == "SN003"
    plus = get_folds("bp4dplus-bigsmall-3fold")
    assert [fold.test[0] for fold in plus] == ["F003", "F001", "F007"]
    fera = get_folds("fera2015")[0]
    assert all(int(who[1:]) % 2 == 0 for who in fera.test)
    assert all(int(who[1:]) % 2 == 1 for who in (*fera.train, *fera.validation))
    assert published_subjects("bp4d") == tuple(
        [f"F{k:03d}" for k in range(1, 24)] + [f"M{k:03d}" for k in range(1, 19)]
    )
    women = [who for who in published_subjects("bp4d+") if who[0] == "F"]
    assert (len(women), len(published_subjects("bp4d+"))) == (82, 140)
    assert published_subjects("manifest") == ()


def test_every_seventh_validates():
    people = [f"S{k:02d}" for k in range(1, 22)]
    assert validation_subjects(reversed(people)) == ("S07", "S14", "S21")
    assert validation_subjects(people[:3]) == ("S03",)
    assert validation_subjects(people[:1]) == ()


@given(st.sets(st.from_regex(r"[A-Z][0-9]{2}", fullmatch=True), min_size=2, max_size=40))
def test_leave_one_subject_out(people):
    folds = get_folds("loso", people)
    assert [fold.test for fold in folds] == [(who,) for who in sorted(people)]
    for fold in folds:
        assert sorted((*fold.train, *fold.validation, *fold.test)) == sorted(people)


def test_leave_one_data_set_out():
    folds = get_folds("lodo", {"bp4d": ["F001", "F002"], "bp4d+": ["F001"], "disfa": ["SN001"]})
    assert [fold.test for fold in folds] == [("bp4d/F001", "bp4d/F002"), ("bp4d+/F001",), ("disfa/SN001",)]
    assert folds[0].train == ("bp4d+/F001",)
    assert folds[0].validation == ("disfa/SN001",)
    for wrong in (None, ["F001"]):
        with pytest.raises(UsageError):
            get_folds("lodo", wrong)


def test_a_half_copied_data_set():
    there = [who for who in published_subjects("bp4d") if who != "F007"]
    folds = get_folds("bp4d-3fold", there)
    assert folds.missing == ("F007",)
    assert len(folds[0].test) == 12
    assert all("F007" not in (*fold.train, *fold.validation, *fold.test) for fold in folds)


def test_unknown_subjects_and_splits():
    with pytest.raises(DatasetError, match="F024"):
        get_folds("bp4d-3fold", [*published_subjects("bp4d"), "F024"])
    with pytest.raises(UsageError, match="no such split"):
        get_folds("bp4d-5fold")
    with pytest.raises(UsageError, match="one data set"):
        get_folds("bp4d-3fold", {"bp4d": ["F001"]})
    with pytest.raises(UsageError, match="nobody"):
        get_folds("bp4d-3fold", ["F001"])
    with pytest.raises(UsageError, match="twice"):
        get_folds("loso", ["F001", "F001"])
    with pytest.raises(UsageError, match="subjects"):
        get_folds("loso")
    assert set(CROSS) < set(fold_names())


@pytest.mark.parametrize("parts", [("AB", "", "BC"), ("AB", "B", "C"), ("AB", "C", "CD"), ("AA", "", "B")])
def test_overlap_is_an_error(parts):
    with pytest.raises(UsageError, match="twice"):
        Fold(1, *map(tuple, parts))


def test_nobody_is_tested_twice():
    with pytest.raises(UsageError, match="folds 1 and 2"):
        Folds("mine", "me", (Fold(1, ("A",), (), ("B",)), Fold(2, ("C",), (), ("B",))))


@pytest.mark.parametrize(("name", "count"), [("3fold", 3), ("5fold", 5), ("10fold", 10)])
def test_any_data_set_can_be_split_evenly(name: str, count: int) -> None:
    people = [f"P{number:03}" for number in range(47)]
    folds = get_folds(name, people[::-1])
    assert len(folds) == count
    tested = [subject for fold in folds for subject in fold.test]
    assert sorted(tested) == people
    assert {len(fold.test) for fold in folds} <= {47 // count, 47 // count + 1}
    assert all(not set(fold.test) & {*fold.train, *fold.validation} for fold in folds)
    with pytest.raises(UsageError, match="only 2 subjects"):
        get_folds(name, people[:2])
