"""The label splits of AU R-CNN's code, and those for other AUs."""

import pytest

pytest.importorskip("torch")

from actionunits.facs import BP4D_12, BP4D_22, BP4D_DISFA_15, DISFA_8, DISFA_12, AUSet
from actionunits.geometry.au_groups import AU_GROUPS, AUBoxes
from actionunits.models.label_splits import one_au_alone, one_au_each

OWN = {group.number: group.aus for group in AU_GROUPS}
OTHERS = ["1 4 12 25", "12", "1", "1 2 5 7", "10 11 12 13 14 25", "25 26 1 2 5"]


def found(aus) -> list[tuple[int, ...]]:
    """The AUs of each split."""
    rule = AUBoxes.of(aus)
    return [tuple(rule.aus.numbers[place] for place in split.aus) for split in one_au_each(rule)]


def test_those_of_the_code() -> None:
    assert found(BP4D_22) == [
        (1, 4, 6, 7, 9, 10, 17, 18, 27),
        (1, 2, 4, 6, 9, 12, 17, 22, 27),
        (1, 4, 5, 6, 9, 15, 17, 18, 20),
        (1, 2, 4, 6, 9, 10, 17, 24, 27),
        (4, 5, 6, 7, 9, 14, 16, 17, 22),
        (4, 5, 6, 7, 9, 14, 17, 23, 27),
        (4, 5, 6, 7, 9, 10, 17, 20, 23),
    ]
    assert found(DISFA_12) == [(1, 2, 4, 6, 9, 15, 17, 25), (2, 4, 5, 6, 9, 12, 17, 26), (1, 2, 4, 6, 9, 12, 17, 26)]


def test_only_the_aus_that_are_asked_for() -> None:
    assert found(BP4D_12)[:3] == [(1, 4, 6, 7, 10, 17), (1, 2, 4, 6, 12, 17), (1, 4, 6, 15, 17)]
    assert found(DISFA_8) == [(1, 2, 4, 6, 9, 25), (2, 4, 6, 9, 12, 26), (1, 2, 4, 6, 9, 12, 26)]


def test_each_box_shows_an_au_of_its_group() -> None:
    for aus in (BP4D_22, DISFA_12, BP4D_12, DISFA_8, BP4D_DISFA_15, *map(AUSet.parse, OTHERS)):
        rule = AUBoxes.of(aus)
        for split in one_au_each(rule):
            assert split.boxes == tuple(range(len(rule)))
            shown = {au for au in split.au_of_box if au is not None}
            assert shown == set(split.aus)  # every AU has a box
            for group, au, label in zip(rule.groups, split.au_of_box, split.label_of_box(), strict=True):
                if au is None:
                    assert label == 0
                    assert not OWN[group] & AUSet(tuple(rule.aus.numbers[place] for place in split.aus))
                else:
                    assert rule.aus.numbers[au] in OWN[group]
                    assert split.aus[label - 1] == au


def test_the_two_boxes_of_the_eyes() -> None:
    rule = AUBoxes.of(BP4D_22)
    first, third = one_au_each(rule)[0], one_au_each(rule)[2]
    assert [rule.aus.numbers[au] for au in first.au_of_box] == [1, 7, 4, 6, 9, 10, 27, 17, 18]
    assert [rule.aus.numbers[au] for au in third.au_of_box[:2]] == [1, 5]
    one = AUBoxes.of("1 4 10 25")
    assert [split.au_of_box[:2] for split in one_au_each(one)] == [(0, 0)] * len(one_au_each(one))


@pytest.mark.parametrize("aus", [BP4D_DISFA_15, *map(AUSet.parse, OTHERS)])
def test_other_aus_are_all_in_one(aus) -> None:
    assert {au for split in found(aus) for au in split} == set(aus)
    assert len(set(found(aus))) == len(found(aus))


def test_as_many_splits_as_the_largest_group_needs() -> None:
    assert found("1 2 5 7 26") == [(1, 2, 26), (5, 7, 26)]
    assert found("1 2 5 26 27") == [(1, 2, 26), (1, 5, 27)]
    assert found("10 11 12 25 26") == [(10, 25), (11, 26), (12, 25)]


def test_an_au_alone_is_in_all_boxes_that_carry_it() -> None:
    rule = AUBoxes.of("1 4 17")
    assert rule.groups == (1, 1, 2, 7)
    splits = one_au_alone(rule)
    assert [split.boxes for split in splits] == [(0, 1, 2), (2,), (3,)]
    assert [split.aus for split in splits] == [(0,), (1,), (2,)]
    assert splits[0].label_of_box() == (1, 1, 1)
