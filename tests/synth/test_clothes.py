"""Clothes and the pieces they are built of."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from actionunits.synth.clothes import CUTS, clothe, neckline
from actionunits.synth.landmarks import landmark_vertices
from actionunits.synth.people import draw_traits
from actionunits.synth.rig import Rig, get_rig
from actionunits.synth.shape import neutral_head
from actionunits.synth.solids import ball, cut, rims, roll, sheet_triangles, thick, volume
from actionunits.synth.surface import vertex_normals

PEOPLE = range(5)  # wear at least three kinds of garment


@pytest.fixture(scope="module")
def rig() -> Rig:
    return get_rig()


def square(count: int = 6) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[:count, :count] / (count - 1)
    points = np.stack([x, -y, 0 * x], 2).reshape(-1, 3).astype(np.float32)
    return points, sheet_triangles(count, count)


def area(points: np.ndarray, triangles: np.ndarray) -> float:
    a, b, c = np.swapaxes(points[triangles], 0, 1)
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def test_a_cut_keeps_the_area_on_one_side_and_its_border_lies_on_the_line() -> None:
    points, triangles = square()
    level = 0.37 - points[:, 0] - 0.2 * points[:, 1]
    kept, faces, old = cut(points, triangles, level)
    assert area(kept, faces) == pytest.approx(0.37 + 0.1, abs=1e-5)  # mean of 0.37 + 0.2 y over the square
    np.testing.assert_allclose(kept[old:, 0] + 0.2 * kept[old:, 1], 0.37, atol=1e-6)
    assert area(*cut(points, triangles, -level)[:2]) == pytest.approx(1 - 0.47, abs=1e-5)


def test_a_square_has_one_rim_and_becomes_a_closed_plate() -> None:
    points, triangles = square()
    assert [len(loop) for loop in rims(triangles)] == [20]
    plate, faces = thick(points, triangles, 0.1)
    assert rims(faces) == []
    assert abs(volume(plate, faces)) == pytest.approx(0.1, rel=1e-4)


def test_rolls_and_balls_face_outwards_and_are_as_large_as_asked() -> None:
    turn = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    ring = np.stack([np.cos(turn), 0 * turn, -np.sin(turn)], 1)
    assert volume(*roll(ring, 0.1, 40)) == pytest.approx(2 * np.pi**2 * 0.01, rel=0.02)
    assert volume(*ball((1, 2, 3), 0.5, 40)) == pytest.approx(4 / 3 * np.pi * 0.125, rel=0.02)


@pytest.mark.parametrize("index", PEOPLE)
def test_clothes_lie_below_the_chin_outside_the_skin_and_reach_out_of_the_picture(rig: Rig, index: int) -> None:
    traits = draw_traits(11, index)
    neutral = neutral_head(rig, traits)
    (garment,) = clothe(rig, traits, neutral)
    skin = rig.fine(neutral)
    assert garment.follows == "body"
    front = garment.points[garment.points[:, 2] > 0.5]
    assert front[:, 1].max() < skin[landmark_vertices(rig, traits)[8], 1] - 0.1
    assert garment.points[:, 1].min() < 4
    normals = vertex_normals(skin, rig.triangles)
    trunk = (rig.vertex_part == 0) & (np.abs(rig.chart[:, 1] - 5.05) < 0.1) & (np.abs(skin[:, 0]) < 0.7)
    nearest = garment.points[cKDTree(garment.points).query(skin[trunk])[1]]
    assert ((nearest - skin[trunk]) * normals[trunk]).sum(1).min() > 0.005
    assert volume(garment.points, garment.triangles) > 0
    assert garment.colour.min() > 0
    assert garment.colour.max() <= 0.8
    assert np.isfinite(garment.points).all()


def test_the_same_person_wears_the_same(rig: Rig) -> None:
    traits = draw_traits(11, 0)
    neutral = neutral_head(rig, traits)
    (first,), (second,) = clothe(rig, traits, neutral), clothe(rig, traits, neutral)
    np.testing.assert_array_equal(first.points, second.points)
    np.testing.assert_array_equal(first.colour, second.colour)


def test_necklines_are_symmetric_and_lower_in_front() -> None:
    around = np.linspace(0, np.pi, 50)
    for one in CUTS.values():
        line = neckline(around, one)
        np.testing.assert_allclose(line, neckline(-around, one))
        assert line[0] < line[-1] - 0.2
    assert neckline(np.zeros(1), CUTS["v-neck"])[0] < neckline(np.zeros(1), CUTS["crew"])[0] - 0.3
