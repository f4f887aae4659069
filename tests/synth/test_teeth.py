"""Teeth: colours, symmetry, gaps and gums."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from actionunits.synth.people import draw_traits
from actionunits.synth.rig import Rig, get_rig
from actionunits.synth.teeth import ToothLook, look_of_teeth, part_teeth


@pytest.fixture(scope="module")
def rig() -> Rig:
    return get_rig()


@pytest.fixture(scope="module")
def look(rig: Rig) -> ToothLook:
    return look_of_teeth(rig, draw_traits(3, 1))


def test_colours_are_albedos_and_teeth_are_brighter_than_tongue_and_gums(rig: Rig, look: ToothLook) -> None:
    enamel, tongue = look.colour[look.row >= 0], look.colour[rig.vertex_part == 3]
    assert look.colour.min() >= 0
    assert look.colour.max() <= 1
    assert enamel.mean() > 2 * tongue.mean()
    assert look.gum.max() < 0.8
    assert look.gum[1] < look.gum[0]


def test_the_two_sides_mirror_each_other(rig: Rig, look: ToothLook) -> None:
    for row in (0, 1):
        here = np.flatnonzero(look.row == row)
        points = rig.fine_base[here]
        mirror = np.linalg.norm(points[:, None] - points[None] * (-1, 1, 1), axis=2)
        other = mirror.argmin(1)
        np.testing.assert_allclose(look.place[here][other], look.place[here] * (-1, 1), atol=2e-3)


def test_the_same_subject_has_the_same_teeth(rig: Rig, look: ToothLook) -> None:
    again, other = look_of_teeth(rig, draw_traits(3, 1)), look_of_teeth(rig, draw_traits(3, 2))
    np.testing.assert_array_equal(again.bright, look.bright)
    assert not np.array_equal(other.bright, look.bright)


def test_front_teeth_are_wider_than_their_neighbours_above_and_teeth_reach_the_last_vertex(look: ToothLook) -> None:
    widths = np.diff(look.ends, axis=1, prepend=0)
    assert widths[0, 0] > 1.1 * widths[0, 1]
    assert widths[0, 0] > 1.3 * widths[1, 0]
    assert look.place[look.row >= 0, 0].max() < look.ends[:, -1].min()


def drawn(look: ToothLook, size: int = 200) -> np.ndarray:
    """Return a flat picture of one upper row: x from -0.1 to 0.1 along the arch, y up to 0.2 towards the root."""
    screen = np.array([[0, size, 1], [size, size, 1], [size, 0, 1], [0, 0, 1]], np.float32)
    place = np.array([[-0.1, 0.02], [0.1, 0.02], [0.1, 0.2], [-0.1, 0.2]], np.float32)
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    y, x = np.mgrid[:size, :size]
    ids = np.where(x > size - y, 0, 1).astype(np.int32)
    out = np.ones((size, size, 3), np.float32)
    row = np.zeros(4, np.int32)
    part_teeth(ids, 0, triangles, screen, row, place, *look.lines()[2:], size / 0.2, out)
    return out


def test_gaps_are_dark_lines_between_teeth_and_gums_are_red_at_the_root(rig: Rig) -> None:
    traits = replace(draw_traits(3, 1), tooth_gap=0.0)
    picture = drawn(look_of_teeth(rig, traits))
    middle, tooth, gum = picture[170, 100], picture[170, 143], picture[5, 143]
    assert middle.max() < 0.6 * tooth.min()
    assert gum[0] > 1.5 * gum[1]
    assert tooth.mean() > 2 * gum.mean()
    wide = drawn(look_of_teeth(rig, replace(traits, tooth_gap=1.0)))
    assert (wide[170, :, 1] < 0.7 * tooth[1]).sum() > 2 * (picture[170, :, 1] < 0.7 * tooth[1]).sum()


def test_what_is_no_tooth_stays_as_it_is(look: ToothLook) -> None:
    out = np.full((4, 4, 3), 0.3, np.float32)
    ids = np.full((4, 4), -1, np.int32)
    part_teeth(ids, 0, np.zeros((1, 3), np.int32), np.ones((3, 3), np.float32), *look.lines(), 100.0, out)
    np.testing.assert_array_equal(out, np.float32(0.3))
