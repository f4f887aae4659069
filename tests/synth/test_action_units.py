"""Every action unit moves the face the way FACS says, on everybody, more with every level, and nothing crosses."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import pytest

from actionunits.errors import UsageError
from actionunits.facs import FACS
from actionunits.synth.action_units import AUS, Expressions, checked_levels, level_of_weight, weight_of_level
from actionunits.synth.anatomy import CHIN, eyeball, lid_rings, lip_rings, mirror
from actionunits.synth.controls import ACTIONS, Expression, Unit
from actionunits.synth.people import draw_traits
from actionunits.synth.rig import SKIN, get_rig
from actionunits.synth.shape import neutral_head

SUBJECTS = 20
BROW_INNER, BROW_OUTER = (0.12, 7.46, 1.5), (0.50, 7.46, 1.3)
CHEEK, NOSE_WING, CHEEK_SIDE = (0.36, 6.98, 1.40), (0.16, 6.87, 1.5), (0.45, 6.68, 1.25)
FURROW, CHIN_BOSS = (0.17, 6.80, 1.47), (0.0, 6.33, 1.5)


@lru_cache(maxsize=SUBJECTS)
def face(index: int) -> Expressions:
    traits = draw_traits(2026, index)
    rig = get_rig()
    return Expressions(rig, traits, neutral_head(rig, traits))


def nearest(place: tuple[float, float, float], side: int) -> int:
    rig = get_rig()
    at = np.array(place) * ((1, 1, 1) if side == 0 else (-1, 1, 1))
    skin = np.unique(rig.quads[rig.quad_part == SKIN])
    return int(skin[np.argmin(np.linalg.norm(rig.base[skin] - at, axis=1))])


@lru_cache(maxsize=1)
def places() -> dict[str, np.ndarray]:
    rings, other = lip_rings(get_rig()), mirror(get_rig())
    corner = int(rings[2, 11])
    named = {
        "brow inner": BROW_INNER, "brow outer": BROW_OUTER, "cheek": CHEEK, "wing": NOSE_WING,
        "cheek side": CHEEK_SIDE, "furrow": FURROW, "boss": CHIN_BOSS,
    }  # fmt: skip
    found = {name: np.array([nearest(place, side) for side in (0, 1)]) for name, place in named.items()}
    found["corner"] = np.array([corner, other[corner]])
    found["lower lid"] = np.array([lid_rings(get_rig(), side)[1, 15] for side in (0, 1)])
    return found


def measures(one: Expressions, points: np.ndarray) -> dict[str, float]:
    """What moved, in % of the distance between the outer canthi."""
    rings = lip_rings(get_rig())
    found: dict[str, float] = {}
    for name, pair in places().items():
        left, right = points[pair]
        found[f"{name} out"] = float(left[0] - right[0]) / 2
        found[f"{name} up"] = float(left[1] + right[1]) / 2
        found[f"{name} forward"] = float(left[2] + right[2]) / 2
    gaps = one.mouth.gaps(points)
    found["lip gap"] = float(gaps[7:14].mean())
    found["aperture"] = float(np.mean([lids.gaps(points).mean() for lids in one.lids]))
    found["upper lip up"], found["upper lip forward"] = points[rings[0, 0], 1:].tolist()
    found["lower lip up"], found["lower lip forward"] = points[rings[0, 19], 1:].tolist()
    found["upper red"] = float(points[rings[0, 0], 1] - points[rings[5, 0], 1])
    found["lower red"] = float(points[rings[5, 19], 1] - points[rings[0, 19], 1])
    found["red"] = found["upper red"] + found["lower red"]
    chin = points[list(CHIN)].mean(0)
    found["chin up"], found["chin forward"], found["chin left"] = float(chin[1]), float(chin[2]), float(chin[0])
    return {name: 100 * value / one.unit for name, value in found.items()}


# AU: (what grows (+) or shrinks (-), by at least this much at level 5), and what stays within +- this much.
MOVES: dict[int, tuple[dict[str, float], dict[str, float]]] = {
    1: ({"brow inner up": 3.0}, {"brow outer up": 1.5, "aperture": 1.0}),
    2: ({"brow outer up": 3.0}, {"brow inner up": 2.5}),
    4: ({"brow inner up": -3.0, "brow inner out": -1.0}, {"lip gap": 0.1}),
    5: ({"aperture": 1.5}, {"lower lid up": 1.0, "brow inner up": 0.5}),
    6: ({"cheek up": 3.0, "lower lid up": 0.4, "aperture": -0.4}, {"lip gap": 0.1, "corner up": 1.0}),
    7: ({"aperture": -1.0, "lower lid up": 0.8}, {"brow outer up": 1.0}),
    9: ({"wing up": 2.0, "brow inner up": -1.5}, {"corner up": 2.0}),
    10: ({"upper lip up": 2.5, "lip gap": 2.0}, {"lower lip up": 1.0}),
    11: ({"furrow forward": -0.8, "upper lip up": 0.4}, {"corner up": 2.5, "lip gap": 0.2}),
    12: ({"corner up": 7.0, "corner out": 3.5}, {"lip gap": 0.2, "brow inner up": 0.5}),
    13: ({"corner up": 6.0}, {"corner out": 1.5, "lip gap": 0.2}),
    14: ({"corner forward": -3.0, "corner out": -0.8}, {"corner up": 1.5, "lip gap": 0.2}),
    15: ({"corner up": -3.5}, {"corner out": 2.5, "lip gap": 0.2}),
    16: ({"lower lip up": -2.0, "lip gap": 2.0}, {"upper lip up": 1.0}),
    17: ({"boss up": 2.5, "lower lip up": 2.0}, {"lip gap": 0.2}),
    18: ({"corner out": -3.0, "upper lip forward": 2.0}, {"lip gap": 0.2}),
    20: ({"corner out": 3.5}, {"corner up": 2.5, "lip gap": 0.2}),
    22: ({"upper lip forward": 0.8, "corner out": -1.5, "lip gap": 4.0}, {}),
    23: ({"red": -1.0, "corner out": -0.8}, {"lip gap": 0.2, "corner up": 1.5}),
    24: ({"red": -1.2, "boss up": 0.8}, {"lip gap": 0.2, "corner out": 1.5}),
    25: ({"lip gap": 6.0}, {"chin up": 1.5}),
    26: ({"chin up": -4.0, "lip gap": 6.0}, {"brow inner up": 0.5}),
    27: ({"chin up": -14.0, "lip gap": 20.0}, {"brow inner up": 0.5}),
    28: ({"red": -3.5}, {"lip gap": 0.2}),
    29: ({"chin forward": 3.0}, {"brow inner up": 0.5}),
    34: ({"cheek side out": 1.0}, {"lip gap": 0.2, "corner up": 2.0}),
    43: ({"aperture": -2.5}, {"lower lid up": 1.0, "brow inner up": 1.0}),
    45: ({"aperture": -2.5}, {"lower lid up": 1.0, "brow inner up": 1.0}),
}  # fmt: skip


@pytest.mark.parametrize("au", MOVES)
def test_the_face_moves_as_facs_says_and_more_with_every_level(au: int) -> None:
    moves, stays = MOVES[au]
    for index in range(SUBJECTS):
        one = face(index)
        rest = measures(one, one.neutral)
        levels = [measures(one, one.deform({au: (level, level)})) for level in (1, 2, 3, 4, 5)]
        for name, least in moves.items():
            changes = np.array([found[name] - rest[name] for found in levels]) * math.copysign(1, least)
            weakest = min(one.gain[au])
            assert changes[-1] >= abs(least) * min(weakest, 1), (index, name, changes)
            assert np.all(np.diff(np.r_[0, changes]) > -0.02), (index, name, changes)
        for name, most in stays.items():
            assert abs(levels[-1][name] - rest[name]) <= most, (index, name, levels[-1][name] - rest[name])


def test_brows_come_together_by_a_believable_amount() -> None:
    gaps = []
    for index in range(SUBJECTS):
        one = face(index)
        move = measures(one, one.deform({4: (5, 5)}))["brow inner out"] - measures(one, one.neutral)["brow inner out"]
        gaps.append(-2 * move)
    assert 3 <= np.mean(gaps) <= 5.5


def test_cheek_raiser_differs_from_lid_tightener() -> None:
    for index in range(SUBJECTS):
        one = face(index)
        cheek, lids = (measures(one, one.deform({au: (5, 5)})) for au in (6, 7))
        assert cheek["cheek up"] > lids["cheek up"] + 2
        assert cheek["aperture"] > lids["aperture"]


def test_level_one_of_lips_part_shows_on_everybody() -> None:
    for index in range(SUBJECTS):
        one = face(index)
        opened = measures(one, one.deform({25: (1, 1)}))["lip gap"] - measures(one, one.neutral)["lip gap"]
        assert opened >= 1.0, index


@pytest.mark.parametrize("au", [43, 45])
def test_lids_close_without_crossing_or_touching_the_eyeball(au: int) -> None:
    for index in range(SUBJECTS):
        one = face(index)
        for level in (2, 4, 5):
            points = one.deform({au: (level, level)})
            fine = get_rig().fine(points)
            for side, lids in enumerate(one.lids):
                centre, radius = eyeball(get_rig(), points, side)
                away = np.linalg.norm(fine[lid_rings(get_rig(), side)[:3]] - centre, axis=2)
                assert away.min() > 1.05 * radius, (index, level)
                gaps = lids.gaps(points) / one.unit
                assert gaps.min() > -0.004, (index, level)
                if level == 5:
                    assert gaps.mean() < 0.003, (index, gaps)
                    assert gaps.max() < 0.009, (index, gaps)


def test_eyes_never_shut_without_closing_them() -> None:
    for index in range(SUBJECTS):
        one = face(index)
        for levels in ({7: (5, 5)}, {6: (5, 5), 7: (5, 5), 12: (5, 5)}):
            points = one.deform(levels)
            apertures = [lids.gaps(points).mean() for lids in one.lids]
            assert np.all(np.array(apertures) > 0.15 * one.aperture), (index, levels)


@pytest.mark.parametrize("au", [au for au in AUS if FACS[au].sided and au != 30])
@pytest.mark.parametrize("side", [0, 1])
def test_one_side_moves_alone(au: int, side: int) -> None:
    one = face(0)
    levels = (4.0, 0.0) if side == 0 else (0.0, 4.0)
    moved = np.linalg.norm(one.deform({au: levels}) - one.neutral, axis=1)
    x = get_rig().base[:, 0] * (1 if side == 0 else -1)
    assert moved[x > 0.1].max() > 0.01
    assert moved[x < -0.16].max() < 0.15 * moved.max()


def test_the_jaw_moves_as_one_and_to_the_side_it_is_told() -> None:
    one = face(1)
    assert np.array_equal(one.deform({26: (3, 0)}), one.deform({26: (3, 3)}))
    assert measures(one, one.deform({30: (4, 0)}))["chin left"] > measures(one, one.neutral)["chin left"] + 2
    assert measures(one, one.deform({30: (0, 4)}))["chin left"] < measures(one, one.neutral)["chin left"] - 2
    assert np.array_equal(one.deform({30: (4, 4)}), one.neutral)


def test_lower_teeth_follow_the_jaw() -> None:
    one, rig = face(2), get_rig()
    lower = np.unique(rig.quads[rig.quad_part == 2])
    upper = np.unique(rig.quads[rig.quad_part == 1])
    moved = one.deform({27: (5, 5)}) - one.neutral
    assert moved[lower, 1].mean() < -0.1
    assert np.abs(moved[upper]).max() == 0


def test_no_levels_is_the_neutral_face_exactly() -> None:
    one = face(0)
    assert np.array_equal(one.deform({}), one.neutral)
    assert np.array_equal(one.deform(dict.fromkeys(AUS, (0.0, 0.0))), one.neutral)


def test_stacked_action_units_stay_in_bounds_and_lips_and_lids_never_cross() -> None:
    random = np.random.default_rng(7)
    for _ in range(300):
        one = face(int(random.integers(SUBJECTS)))
        chosen = random.choice(AUS, random.integers(2, 8), replace=False)
        levels = {int(au): tuple(random.uniform(0, 5, 2).tolist()) for au in chosen}
        points = one.deform(levels)  # type: ignore[arg-type]
        assert np.isfinite(points).all()
        assert one.mouth.gaps(points).min() / one.unit > -0.005, levels
        assert min(lids.gaps(points).min() for lids in one.lids) / one.unit > -0.004, levels
        if not set(levels) & {10, 16, 22, 25, 26, 27}:
            assert np.abs(one.mouth.gaps(points) - one.resting_gap).max() / one.unit < 0.008, levels
        assert np.linalg.norm(points - one.neutral, axis=1).max() < 0.6, levels


def test_sadness_raises_the_inner_brows_and_draws_them_together() -> None:
    for index in range(SUBJECTS):
        one = face(index)
        rest, sad = measures(one, one.neutral), measures(one, one.deform({1: (4, 4), 4: (4, 4)}))
        assert sad["brow inner up"] > rest["brow inner up"] + 1
        assert sad["brow inner out"] < rest["brow inner out"] - 0.5


def test_people_differ_in_strength_and_a_little_between_sides() -> None:
    gains = np.array([[face(index).gain[au] for au in AUS] for index in range(SUBJECTS)])
    assert gains.min() > 0.6
    assert gains.max() < 1.4
    assert np.std(gains[:, AUS.index(12)].mean(1)) > 0.04
    assert 0.02 < np.std(gains[:, AUS.index(12), 0] - gains[:, AUS.index(12), 1]) < 0.25


@pytest.mark.parametrize(
    ("levels", "named"),
    [
        ({3: (1.0, 1.0)}, "AU3"),
        ({12: (5.1, 0.0)}, "5.1"),
        ({12: (0.0, -1.0)}, "-1"),
        ({12: (float("nan"), 0.0)}, "AU12 at level nan"),
    ],
)
def test_what_cannot_be_is_named(levels: dict[int, tuple[float, float]], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        checked_levels(levels)
    with pytest.raises(UsageError, match=named):
        face(0).deform(levels)


def test_weights_of_levels() -> None:
    assert [weight_of_level(level) for level in range(6)] == [0, 0.14, 0.32, 0.55, 0.8, 1]
    assert weight_of_level(2.5) == pytest.approx(0.435)
    assert [level_of_weight(weight_of_level(level)) for level in (0.5, 3, 4.2)] == pytest.approx([0.5, 3, 4.2])
    with pytest.raises(UsageError, match="6"):
        weight_of_level(6)


def test_the_table_names_targets_that_exist() -> None:
    names = set(get_rig().names)
    for au, action in ACTIONS.items():
        assert au in FACS
        assert action.effect
        for control in action.controls:
            if isinstance(control, Unit):
                assert {f"unit/{control.name}", f"unit/{control.name}Left"} & names, control
            if isinstance(control, Expression):
                for origin in ("african", "asian", "caucasian"):
                    assert f"expression/{origin}/{control.name.format(side='left')}" in names, control


def test_strength_scales_what_a_level_does_and_nothing_else() -> None:
    rig, traits = get_rig(), draw_traits(3, 1)
    neutral = neutral_head(rig, traits)
    plain, strong = (Expressions(rig, traits, neutral, strength=strength) for strength in (1.0, 1.5))
    for au, power in ((4, 1.0), (12, 1.0), (15, 1.7), (24, 2.0)):  # subtle AUs gain more
        weights = plain.weights({au: (3.0, 3.0)})
        assert weights == strong.weights({au: (3.0, 3.0)})  # the level that is labelled stays
        moved = np.abs(plain.own_moves(weights)).max()
        farther = np.abs(strong.own_moves(strong.weights({au: (3.0, 3.0)}))).max()
        assert farther == pytest.approx(1.5**power * moved, rel=1e-4)
    for au in (25, 26, 27, 43):
        levels = {au: (5.0, 5.0)}
        np.testing.assert_allclose(strong.deform(levels), plain.deform(levels), atol=1e-6)
    np.testing.assert_array_equal(strong.deform({}), plain.deform({}))
    wide = [expressions.lids[0].gaps(expressions.deform({5: (5.0, 5.0)})).mean() for expressions in (plain, strong)]
    assert wide[1] > wide[0] > plain.aperture[0]
    narrow = [expressions.lids[0].gaps(expressions.deform({7: (5.0, 5.0)})).mean() for expressions in (plain, strong)]
    assert narrow == pytest.approx([0.5 * plain.aperture[0]] * 2, rel=0.15)  # lids that tighten never close
