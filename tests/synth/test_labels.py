"""Labels say what is to be seen: parted lips and dropped jaws whatever made them, nothing where nothing shows."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from actionunits.errors import UsageError
from actionunits.synth.action_units import AUS, Expressions
from actionunits.synth.labels import JAW_DROP_LEVELS, LIP_GAP_LEVELS, VisibleLabels, visible_labels
from actionunits.synth.people import draw_traits
from actionunits.synth.rig import get_rig
from actionunits.synth.shape import neutral_head

SUBJECTS = 8


@lru_cache(maxsize=SUBJECTS)
def face(index: int) -> Expressions:
    traits = draw_traits(77, index)
    rig = get_rig()
    return Expressions(rig, traits, neutral_head(rig, traits))


def labels(one: Expressions, levels: dict[int, tuple[float, float]]) -> VisibleLabels:
    return visible_labels(one, levels, one.deform(levels))


def shown(found: VisibleLabels) -> set[int]:
    return {au for au, level in found.intensity.items() if level}


def test_a_resting_face_shows_nothing() -> None:
    for index in range(SUBJECTS):
        found = labels(face(index), {})
        assert tuple(found.intensity) == AUS
        assert not shown(found)
        assert found.lip_gap == found.jaw_drop == 0


@pytest.mark.parametrize("au", [au for au in AUS if au != 30])
def test_levels_follow_what_is_commanded(au: int) -> None:
    means = []
    for level in range(1, 6):
        got = [labels(face(index), {au: (level, level)}).intensity[au] for index in range(SUBJECTS)]
        means.append(np.mean(got))
        assert np.max(np.abs(np.array(got) - level)) <= 1, (level, got)
    assert np.all(np.diff(means) > 0.3)


@pytest.mark.parametrize(("au", "implied"), [(10, {25}), (16, {25}), (22, {25}), (27, {25, 26}), (26, {25})])
def test_what_an_action_unit_implies_is_labelled(au: int, implied: set[int]) -> None:
    for index in range(SUBJECTS):
        found = shown(labels(face(index), {au: (5, 5)}))
        assert {au, *implied} == found, index


@pytest.mark.parametrize("au", [au for au in AUS if au not in (10, 16, 22, 25, 26, 27, 30)])
def test_nothing_else_is_labelled(au: int) -> None:
    for index in range(SUBJECTS):
        assert shown(labels(face(index), {au: (5, 5)})) == {au}, index


def test_pressed_lips_are_not_parted() -> None:
    for index in range(SUBJECTS):
        apart = labels(face(index), {25: (3, 3)})
        pressed = labels(face(index), {24: (5, 5), 25: (3, 3)})
        assert pressed.lip_gap < apart.lip_gap
        assert pressed.intensity[25] < apart.intensity[25]
        assert labels(face(index), {24: (5, 5)}).intensity[25] == 0


def test_what_others_undo_is_not_labelled() -> None:
    for index in range(SUBJECTS):
        found = labels(face(index), {12: (5, 5), 15: (4, 4)})
        assert 12 in shown(found)
        assert 15 not in shown(found)
        assert 5 not in shown(labels(face(index), {5: (4, 4), 43: (5, 5)}))


def test_helpers_do_not_hide_each_other() -> None:
    for index in range(SUBJECTS):
        assert {6, 12} <= shown(labels(face(index), {6: (4, 4), 12: (4, 4)}))
        assert {1, 4} <= shown(labels(face(index), {1: (4, 4), 4: (4, 4)}))
        assert {1, 2, 5, 25, 26} <= shown(labels(face(index), {1: (4, 4), 2: (4, 4), 5: (4, 4), 26: (4, 4)}))
        assert {15, 17} <= shown(labels(face(index), {15: (4, 4), 17: (4, 4)}))
        assert {17, 26} <= shown(labels(face(index), {17: (4, 4), 26: (3, 3)}))
        assert {4, 5, 7, 23} <= shown(labels(face(index), {4: (4, 4), 5: (4, 4), 7: (3, 3), 23: (4, 4)}))


def test_a_trace_too_weak_to_see_is_nothing() -> None:
    for au in AUS:
        if au != 30:
            assert labels(face(0), {au: (0.2, 0.2)}).intensity[au] == 0


def test_sides_are_labelled_apart() -> None:
    found = labels(face(0), {12: (4.0, 0.0)})
    assert found.left[12] >= 3
    assert found.right[12] == 0
    assert found.intensity[12] == found.left[12]
    assert labels(face(0), {30: (0.0, 4.0)}).right[30] >= 3


def test_thresholds_rise() -> None:
    for thresholds in (LIP_GAP_LEVELS, JAW_DROP_LEVELS):
        assert len(thresholds) == 5
        assert np.all(np.diff(thresholds) > 0)
        assert thresholds[0] > 0


def test_unknown_action_units_are_named() -> None:
    with pytest.raises(UsageError, match="AU99"):
        visible_labels(face(0), {99: (1.0, 1.0)}, face(0).neutral)
