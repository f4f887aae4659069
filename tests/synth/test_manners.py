"""Manners: everybody moves and rests in an own way, as far as by the table, and smiles go where people's smiles go."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from actionunits.synth.action_units import AUS, Expressions
from actionunits.synth.anatomy import MOUTH_CORNERS
from actionunits.synth.controls import ACTIONS, Expression, Field, Unit
from actionunits.synth.labels import visible_labels
from actionunits.synth.manners import AVERAGE, JOINING, Manner, draw_manner
from actionunits.synth.painting import axes
from actionunits.synth.people import draw_traits
from actionunits.synth.rig import get_rig
from actionunits.synth.shape import neutral_head
from actionunits.synth.skin import SIZE, paint_skin
from actionunits.synth.subject import build_subject
from actionunits.synth.wrinkles import draw_wrinkles

SUBJECTS = 16


@lru_cache(maxsize=2 * SUBJECTS)
def face(index: int, variety: float) -> tuple[Expressions, Manner]:
    rig, traits = get_rig(), draw_traits(2027, index)
    manner = draw_manner(traits, variety)
    return Expressions(rig, traits, neutral_head(rig, traits, manner), manner=manner), manner


def moved(one: Expressions, au: int, level: float = 3.0) -> np.ndarray:
    """(2, B, 3), what each side of an AU does by itself."""
    total = np.zeros((2, len(one.neutral), 3))
    weights = one.weights({au: (level, level)})
    for (_, side), move in zip(weights, one.own_moves(weights), strict=True):
        total[side, one.rows] = move / weights[au, side]
    return total


def angles(one: Expressions) -> list[float]:
    """Degrees above the horizontal at which each corner of a smiling mouth moves."""
    found = []
    for move, corner, outward in zip(moved(one, 12), MOUTH_CORNERS, (1, -1), strict=True):
        found.append(float(np.degrees(np.arctan2(move[corner, 1], outward * move[corner, 0]))))
    return found


def test_without_variety_everybody_moves_by_the_table() -> None:
    traits = draw_traits(3, 0)
    assert draw_manner(traits, 0) is AVERAGE
    rig, neutral = get_rig(), neutral_head(get_rig(), traits)
    own_table = Manner({au: action.controls for au, action in ACTIONS.items()}, None, {}, {}, 0, 0)
    levels = {12: (4.0, 4.0), 17: (3.0, 0.0), 1: (2.0, 2.0)}
    plain, same = Expressions(rig, traits, neutral), Expressions(rig, traits, neutral, manner=own_table)
    np.testing.assert_allclose(same.deform(levels), plain.deform(levels), atol=1e-6)


def test_the_same_person_has_the_same_manner_and_others_have_others() -> None:
    one, again, other = (draw_manner(draw_traits(5, index), 1) for index in (0, 0, 1))
    assert one == again
    assert one != other
    assert set(one.controls) == set(ACTIONS)


def test_what_joins_exists_in_the_rig() -> None:
    names = set(get_rig().names)
    for controls in JOINING.values():
        for control in controls:
            if isinstance(control, Unit):
                assert {f"unit/{control.name}", f"unit/{control.name}Left"} & names, control
            if isinstance(control, Expression):
                assert f"expression/asian/{control.name.format(side='left')}" in names, control


@pytest.mark.parametrize(
    "au", [au for au in AUS if au not in (5, 6, 7, 25, 30, 43, 45)]
)  # those are fitted to eyes, lips
def test_it_moves_otherwise_but_as_far(au: int) -> None:
    apart = []
    for index in range(4):
        (own, manner), (plain, _) = face(index, 1.0), face(index, 0.0)
        one, usual = moved(own, au).sum(0), moved(plain, au).sum(0)
        assert np.linalg.norm(one, axis=1).max() == pytest.approx(np.linalg.norm(usual, axis=1).max(), rel=0.02)
        apart.append(np.abs(one - usual).max() / np.abs(usual).max())
        assert len(manner.controls[au]) == len(ACTIONS[au].controls) + len(JOINING.get(au, ()))
    several = len(ACTIONS[au].controls) + len(JOINING.get(au, ())) > 1
    assert (max(apart) > 0.01) == several  # one control alone is what it is, as far as ever


def test_smiles_go_where_peoples_smiles_go() -> None:
    """47 degrees on average, in children (Tarantili et al. 2005); the rig takes everybody's to 61."""
    aims, seen = [], []
    for index in range(SUBJECTS):
        expressions, manner = face(index, 1.0)
        assert manner.smile is not None
        assert angles(expressions) == pytest.approx([manner.smile] * 2, abs=2.5)
        aims.append(manner.smile)
        seen += angles(face(index, 0.0)[0])
    assert np.mean(aims) == pytest.approx(47, abs=6)
    assert 4 < np.std(aims) < 12
    assert 58 < min(seen) <= max(seen) < 64


def test_variety_says_how_much() -> None:
    def spread(variety: float) -> float:
        shares = []
        for index in range(SUBJECTS):
            manner = draw_manner(draw_traits(8, index), variety)
            for au, action in ACTIONS.items():
                for own, usual in zip(manner.controls[au], action.controls, strict=False):
                    if not isinstance(own, Field) and not isinstance(usual, Field):
                        shares.append(np.log(own.weight / usual.weight))
        return float(np.std(shares))

    def smiles(variety: float) -> np.ndarray:
        return np.array([draw_manner(draw_traits(8, index), variety).smile for index in range(SUBJECTS)])

    np.testing.assert_allclose(smiles(0.5) - 47, (smiles(1.0) - 47) / 2, atol=1e-9)  # none of these is at its limit
    assert spread(0.5) == pytest.approx(spread(1.0) / 2, rel=0.05)
    assert spread(1.0) == pytest.approx(0.25, rel=0.1)


def test_slight_movements_are_still_seen() -> None:
    for au in (1, 2, 4, 10, 12, 14, 15, 17, 20, 24):
        found = []
        for index in range(8):
            expressions, _ = face(index, 1.0)
            levels = {au: (2.0, 2.0)}
            found.append(visible_labels(expressions, levels, expressions.deform(levels)).intensity[au])
        assert np.mean(found) == pytest.approx(2, abs=0.5), au


def test_only_chin_and_lips_rest_otherwise() -> None:
    rig = get_rig()
    raised = 0
    for index in range(8):
        (own, manner), (plain, _) = face(index, 1.0), face(index, 0.0)
        assert own.mouth.gaps(own.neutral).max() < 0.01 * own.unit
        apart = np.linalg.norm(own.neutral - plain.neutral, axis=1)
        if apart[rig.base[:, 1] > 7.5].max() > 1e-4:
            continue  # with that chin its proportions were odd, so that the whole head is drawn milder
        assert (apart.max() > 1e-3) == (max(manner.rest.values()) > 0)
        raised += apart.max() > 1e-3
        assert rig.base[apart > 1e-3][:, 1].max(initial=0) < 7.05  # nothing above the nose's wings
    assert raised > 0


def test_chins_rest_pebbled_or_smooth() -> None:
    rig, (u, v) = get_rig(), axes(SIZE)
    traits = next(
        one
        for one in (draw_traits(9, k) for k in range(40))
        if draw_manner(one, 1).pebbles > 0.2 and one.beard == "none"
    )
    before, after = paint_skin(rig, traits), paint_skin(rig, traits, draw_manner(traits, 1))
    changed = np.abs(after.slope - before.slope).max(2)
    below = (v < 6.55)[:, None] & (np.abs(u) < 0.35)[None]
    assert changed[below].max() > 0.2
    assert changed[~below].max() < 0.02


def test_furrows_are_deep_or_hardly_there() -> None:
    traits = draw_traits(9, 2)
    manner = draw_manner(traits, 1)
    plain, own = draw_wrinkles(traits), draw_wrinkles(traits, manner=manner)
    for au in (4, 12, 17):
        before, after = (np.abs(maps.slope({au: (5.0, 5.0)})).max() for maps in (plain, own))
        assert after == pytest.approx(manner.furrows[au] * before, rel=0.01)


def test_a_subject_of_variety_zero_is_the_subject_of_before() -> None:
    plain, same, own = build_subject(4, 1), build_subject(4, 1, variety=0), build_subject(4, 1, variety=1)
    levels = {12: (3.0, 3.0), 6: (2.0, 2.0)}
    np.testing.assert_array_equal(plain.expressions.deform(levels), same.expressions.deform(levels))
    assert np.abs(own.expressions.deform(levels) - plain.expressions.deform(levels)).max() > 1e-3
