from dataclasses import replace

import numpy as np
import pytest

from actionunits.errors import UsageError
from actionunits.synth.people import CELLS, deal, draw_traits
from actionunits.synth.traits import Part, balance


def test_the_same_seed_gives_the_same_person() -> None:
    assert draw_traits(3, 7) == draw_traits(3, 7)
    assert draw_traits(3, 7) != draw_traits(4, 7)
    assert draw_traits(3, 7) != draw_traits(3, 8)


@pytest.mark.parametrize("seed", [0, 1, 24, 200])
def test_a_deck_has_every_cell_once(seed: int) -> None:
    assert sorted(deal(seed, index) for index in range(48)) == sorted(CELLS)
    assert sorted(deal(seed, index) for index in range(48, 96)) == sorted(CELLS)


@pytest.mark.parametrize("start", [0, 24, 48])
def test_half_a_deck_is_balanced(start: int) -> None:
    counts = balance(draw_traits(5, index) for index in range(start, start + 24))
    assert set(counts["skin tone"].values()) == {4}
    assert set(counts["gender"].values()) == {12}
    assert set(counts["age"].values()) == {6}
    assert len(counts["skin tone"]) == 6
    assert len(counts["age"]) == 4


def test_traits_follow_the_cell() -> None:
    for index in range(96):
        one = draw_traits(11, index)
        tone, gender, age = deal(11, index)
        assert one.tone_band == tone + 1
        assert one.gender == ("female", "male")[gender]
        assert one.age_band == ("18-29", "30-44", "45-59", "60-79")[age]
        assert sum(one.ethnicity) == pytest.approx(1)
        assert one.beard == "none" or one.gender == "male"


def test_resting_faces_vary() -> None:
    """What people differ in at rest must not be left at the average, or it reads as an action unit."""
    rests = [draw_traits(2, index).rest for index in range(200)]
    for name in ("brow_height", "brow_slant", "brow_distance", "lip_fullness", "chin", "lid", "nose_length"):
        values = np.array([getattr(rest, name) for rest in rests])
        assert values.std() > 0.35
        assert abs(values.mean()) < 0.12
        assert values.min() < -0.8
        assert values.max() > 0.8


def test_every_choice_is_made_by_somebody() -> None:
    people = [draw_traits(9, index) for index in range(600)]
    seen = {
        "hair": 10,
        "parting": 4,
        "fringe": 4,
        "beard": 5,
        "glasses": 5,
        "cap": 4,
    }
    for name, choices in seen.items():
        assert len({getattr(one, name) for one in people}) == choices


def test_parts_have_streams_of_their_own() -> None:
    one = draw_traits(1, 1)
    first = one.random(Part.HAIR).random(4)
    assert np.array_equal(first, one.random(Part.HAIR).random(4))
    assert not np.array_equal(first, one.random(Part.SKIN).random(4))
    assert np.array_equal(first, replace(one, hair="bald").random(Part.HAIR).random(4))


@pytest.mark.parametrize(("seed", "index"), [(-1, 0), (0, -1)])
def test_negative_numbers_are_refused(seed: int, index: int) -> None:
    with pytest.raises(UsageError, match="numbered from 0"):
        draw_traits(seed, index)
