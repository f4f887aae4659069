from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from actionunits.synth.brows import brow_line
from actionunits.synth.creases import DRAWINGS, JOINT
from actionunits.synth.painting import axes
from actionunits.synth.people import draw_traits
from actionunits.synth.wrinkles import SEAM, SIZE, draw_wrinkles

U, V = axes(SIZE)
UNITS = sorted(set(DRAWINGS) - {JOINT})


@pytest.fixture(scope="module")
def traits():
    return draw_traits(5, 3)


@pytest.fixture(scope="module")
def maps(traits):
    return draw_wrinkles(traits)


def both(level: float, *units: int) -> dict[int, tuple[float, float]]:
    return dict.fromkeys(units, (level, level))


def steepness(slope: np.ndarray) -> np.ndarray:
    return np.hypot(slope[..., 0], slope[..., 1])


def within(field: np.ndarray, u: tuple[float, float], v: tuple[float, float]) -> np.ndarray:
    rows = (v[0] <= V) & (v[1] >= V)
    columns = (u[0] <= U) & (u[1] >= U)
    return field[np.ix_(rows, columns)]


def test_shape_and_rest(maps):
    for levels in ({}, both(0.0, *UNITS), both(5.0, 5, 25)):
        slope = maps.slope(levels)
        assert slope.shape == (512, 512, 2)
        assert slope.dtype == np.float32
        assert not slope.any()
        assert (maps.openness(levels) == 1).all()


@pytest.mark.parametrize("unit", UNITS)
def test_every_unit_leaves_a_trace_on_both_sides(maps, unit):
    steep = steepness(maps.slope(both(5.0, unit)))
    assert steep[:, U > 0.02].max() > 0.15
    assert steep[:, U < -0.02].max() > 0.15
    assert steep.max() < 8


def test_same_traits_same_bytes(traits, maps):
    levels = both(3.0, 1, 2, 4, 6, 12, 17)
    assert draw_wrinkles(traits).slope(levels).tobytes() == maps.slope(levels).tobytes()


def test_people_differ(maps):
    other = draw_wrinkles(draw_traits(5, 4))
    assert not np.allclose(other.slope(both(5.0, 4)), maps.slope(both(5.0, 4)), atol=0.05)


def test_linear_in_the_weight_of_the_level(maps):
    full = maps.slope(both(5.0, 12))
    for level, weight in ((1, 0.14), (3, 0.55), (4, 0.80)):
        np.testing.assert_allclose(maps.slope(both(level, 12)), weight * full, atol=1e-5)


def test_units_add_up_but_brow_raisers_join(maps):
    apart = maps.slope(both(5.0, 4)) + maps.slope(both(5.0, 12))
    np.testing.assert_allclose(maps.slope(both(5.0, 4, 12)), apart, atol=1e-5)
    apart = maps.slope(both(5.0, 1)) + maps.slope(both(5.0, 2))
    joined = maps.slope(both(5.0, 1, 2)) - apart
    assert np.abs(joined).max() > 0.1
    assert not within(joined, (-1.7, 1.7), (5.6, 7.35)).any()


@pytest.mark.parametrize("unit", [4, 6, 9, 12, 17])
def test_one_side_leaves_the_other_alone(maps, unit):
    left = maps.slope({unit: (5.0, 0.0)})
    away = SEAM + 0.02
    assert left[:, away < U].any()
    assert not left[:, -away > U].any()
    np.testing.assert_allclose(left + maps.slope({unit: (0.0, 5.0)}), maps.slope(both(5.0, unit)), atol=1e-5)


def test_slopes_come_from_a_height(maps):
    levels = {1: (5.0, 1.0), 2: (2.0, 4.0), 4: (5.0, 3.0), 6: (3.0, 5.0), 12: (4.0, 0.0), 17: (5.0, 5.0)}
    slope = maps.slope(levels).astype(float)
    step_u, step_v = U[1] - U[0], V[0] - V[1]
    across = (slope[1:-1, 2:, 1] - slope[1:-1, :-2, 1]) / (2 * step_u)
    along = (slope[:-2, 1:-1, 0] - slope[2:, 1:-1, 0]) / (2 * step_v)
    assert np.abs(along).max() > 20
    assert np.abs(along - across).max() < 0.01 * np.abs(along).max()  # half floats


def test_lowered_brows_furrow_most_between_the_brows():
    for index in range(6):
        traits = draw_traits(7, index)
        head, level = brow_line(traits)[0]
        maps = draw_wrinkles(traits)
        box = ((-float(head) - 0.03, float(head) + 0.03), (float(level) - 0.13, float(level) + 0.15))
        strength = {unit: steepness(maps.slope(both(5.0, unit))) for unit in UNITS}
        here = {unit: float(np.square(within(steep, *box)).mean()) for unit, steep in strength.items()}
        assert max(here, key=here.__getitem__) == 4
        assert strength[4].max() == within(strength[4], *box).max()
        assert within(steepness(maps.slope(both(3.0, 4))), *box).max() > 0.4
        assert within(maps.openness(both(5.0, 4)), *box).min() < 0.75


def test_furrows_deepen_lines(traits):
    smooth, lined = (
        draw_wrinkles(dataclasses.replace(traits, furrows=gain)).slope(both(5.0, 1, 9)) for gain in (0.6, 1.8)
    )
    np.testing.assert_allclose(lined, 3 * smooth, atol=0.02)


def test_blink_units_share_the_lid_line(maps):
    np.testing.assert_array_equal(maps.slope(both(4.0, 45)), maps.slope(both(4.0, 43)))
    np.testing.assert_array_equal(maps.slope({43: (2.0, 2.0), 46: (0.0, 4.0)}), maps.slope({43: (2.0, 4.0)}))


def test_the_maps_are_small(maps):
    assert maps.nbytes < 40e6


def test_strength_deepens_the_wrinkles_of_subtle_action_units_only() -> None:
    traits = draw_traits(3, 1)
    plain, strong = (draw_wrinkles(traits, strength=strength) for strength in (1.0, 1.5))
    for unit, power in ((4, 0.0), (12, 0.0), (7, 2.0), (15, 1.0)):
        before, after = (np.abs(maps.slope({unit: (5.0, 5.0)})).max() for maps in (plain, strong))
        assert after == pytest.approx(1.5**power * before, rel=0.01)
