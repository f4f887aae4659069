"""Caps, beanies and headscarves: closed, above the brows, off the face."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from actionunits.synth.hair_styles import under_cap
from actionunits.synth.headgear import RIM_HEIGHT, cover_head, rim_height
from actionunits.synth.landmarks import landmark_vertices
from actionunits.synth.meshes import Solid
from actionunits.synth.people import draw_traits
from actionunits.synth.rig import Rig, get_rig
from actionunits.synth.shape import neutral_head
from actionunits.synth.solids import rims, volume
from actionunits.synth.traits import Cap
from actionunits.synth.wearing import dress

WORN: tuple[Cap, ...] = ("baseball", "beanie", "scarf")


@pytest.fixture(scope="module")
def rig() -> Rig:
    return get_rig()


def worn(rig: Rig, cap: Cap, index: int) -> tuple[Solid, np.ndarray, np.ndarray]:
    """Return the headgear, the skin's points and the landmarks' points."""
    traits = replace(draw_traits(5, index), cap=cap)
    neutral = neutral_head(rig, traits)
    (solid,) = cover_head(rig, traits, neutral)
    skin = rig.fine(neutral)
    return solid, skin[rig.vertex_part == 0], skin[landmark_vertices(rig, traits)]


def before(solid: Solid, point: np.ndarray) -> bool:
    """Return whether a solid lies between a point and a viewer far away in front."""
    a, b, c = np.swapaxes(solid.points[solid.triangles].astype(float), 0, 1)
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1])
    area = np.where(np.abs(area) < 1e-12, np.nan, area)
    x, y = point[0], point[1]
    first = ((b[:, 0] - x) * (c[:, 1] - y) - (c[:, 0] - x) * (b[:, 1] - y)) / area
    second = ((c[:, 0] - x) * (a[:, 1] - y) - (a[:, 0] - x) * (c[:, 1] - y)) / area
    third = 1 - first - second
    depth = first * a[:, 2] + second * b[:, 2] + third * c[:, 2]
    hit = (first >= 0) & (second >= 0) & (third >= 0) & (depth > point[2] + 0.02)
    return bool(hit.any())


@pytest.mark.parametrize("cap", WORN)
def test_headgear_is_closed_faces_outwards_and_moves_with_the_head(rig: Rig, cap: Cap) -> None:
    solid, skin, _ = worn(rig, cap, 2)
    assert rims(solid.triangles) == []
    assert volume(solid.points, solid.triangles) > 0
    assert solid.follows == "head"
    assert solid.points[:, 1].max() > skin[:, 1].max() + 0.03
    assert np.isfinite(solid.points).all()
    assert solid.colour.min() > 0
    assert solid.colour.max() <= 0.8


@pytest.mark.parametrize("cap", ["baseball", "beanie"])
@pytest.mark.parametrize("index", range(6))
def test_caps_end_above_the_brows(rig: Rig, cap: Cap, index: int) -> None:
    solid, _, landmarks = worn(rig, cap, index)
    brows = landmarks[17:27]
    front = solid.points[(solid.points[:, 2] > 1.0) & (np.abs(solid.points[:, 0]) < 0.3)]
    assert front[:, 1].min() > brows[:, 1].max() + 0.1
    assert not any(before(solid, point) for point in landmarks[17:])


@pytest.mark.parametrize("index", range(4))
def test_a_scarf_hides_the_ears_and_leaves_the_face_open(rig: Rig, index: int) -> None:
    traits = replace(draw_traits(5, index), cap="scarf")
    solid, _, landmarks = worn(rig, "scarf", index)
    assert not any(before(solid, point) for point in landmarks[5:12])
    assert not any(before(solid, point) for point in landmarks[17:])
    skin = rig.fine(neutral_head(rig, traits))
    ears = skin[rig.masks["ears"] > 0.9]
    assert np.abs(solid.points[:, 0]).max() > np.abs(ears[:, 0]).max()


def test_no_headgear_is_nothing_and_everything_worn_comes_together(rig: Rig) -> None:
    traits = replace(draw_traits(5, 0), cap="none", glasses="none")
    neutral = neutral_head(rig, traits)
    assert cover_head(rig, traits, neutral) == ()
    both = dress(rig, replace(traits, cap="beanie"), neutral)
    assert [one.follows for one in both] == ["body", "head"]


def test_the_same_person_wears_the_same(rig: Rig) -> None:
    for cap in WORN:
        first, second = worn(rig, cap, 1)[0], worn(rig, cap, 1)[0]
        np.testing.assert_array_equal(first.points, second.points)
        np.testing.assert_array_equal(first.colour, second.colour)


def test_hair_is_pressed_flat_from_the_rim_upwards() -> None:
    around = np.linspace(-3, 3, 25)
    points = np.stack([np.sin(around), rim_height(around) + 0.1, 0.2 + np.cos(around)], 1)
    np.testing.assert_allclose(under_cap(points), 1)
    points[:, 1] -= 0.12
    np.testing.assert_allclose(under_cap(points), 0, atol=0.2)
    assert rim_height(np.zeros(1), 0.2)[0] == pytest.approx(RIM_HEIGHT[0] + 0.2)
