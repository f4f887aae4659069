"""Hands and microphones: before the face, where the setting says, of a size that hides a part of it."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from scipy.spatial import cKDTree

from actionunits.synth.complexion import base_colour
from actionunits.synth.meshes import Solid
from actionunits.synth.occluders import TOUCH, hold_occluder
from actionunits.synth.people import draw_traits
from actionunits.synth.rig import SKIN, get_rig
from actionunits.synth.setting import Occluder
from actionunits.synth.tubes import surface_of, volume

TRAITS = draw_traits(3, 5)
HANDS = tuple(
    Occluder("hand", place, angle, 1.0, seed)
    for seed, (place, angle) in enumerate(
        [((0.0, 6.3), 20.0), ((-0.45, 6.35), -45.0), ((0.7, 6.75), 8.0), ((-0.1, 6.6), -20.0), ((0.35, 7.75), 30.0)]
    )
)
MICROPHONES = tuple(
    Occluder("microphone", (x, 6.3), angle, scale, seed)
    for seed, (x, angle, scale) in enumerate([(0.0, 0.0, 1.0), (0.4, 50.0, 0.85), (-0.3, -30.0, 1.15)])
)
EVERYTHING = (*HANDS, *MICROPHONES)


@lru_cache(maxsize=16)
def held(occluder: Occluder) -> tuple[Solid, ...]:
    rig = get_rig()
    return hold_occluder(occluder, TRAITS, rig, rig.base)


def test_no_occluder_no_solids() -> None:
    rig = get_rig()
    assert hold_occluder(None, TRAITS, rig, rig.base) == ()


@pytest.mark.parametrize("occluder", EVERYTHING)
def test_nothing_held_lies_behind_the_skin(occluder: Occluder) -> None:
    rig = get_rig()
    skin = rig.fine_base[(rig.vertex_part == SKIN) & (rig.masks["face"] > 0.5)]
    points = held(occluder)[0].points
    distance, nearest = map(np.asarray, cKDTree(skin[:, :2]).query(points[:, :2]))
    over = distance < 0.03
    gap = points[over, 2] - skin[nearest[over], 2]
    assert gap.min() > (-0.04 if occluder.kind == "hand" else 0.05)  # neighbours on a slope differ by less than 0.04


@pytest.mark.parametrize("occluder", HANDS)
def test_a_hand_touches_the_face_near_its_place(occluder: Occluder) -> None:
    rig = get_rig()
    skin = rig.fine_base[rig.vertex_part == SKIN]
    points = held(occluder)[0].points
    assert np.abs(points[:, :2] - occluder.place).max(1).min() < 0.05
    assert np.min(cKDTree(skin).query(points)[0]) < TOUCH + 0.03


@pytest.mark.parametrize("occluder", EVERYTHING)
def test_it_hides_a_part_of_the_face_only(occluder: Occluder) -> None:
    rig = get_rig()
    face = rig.fine_base[rig.masks["face"] > 0.5]
    front = face[face[:, 2] > 1.0]
    points = np.concatenate([solid.points for solid in held(occluder)])
    hidden = np.mean(np.asarray(cKDTree(points[:, :2]).query(front[:, :2])[0]) < 0.05)
    assert 0.005 < hidden < 0.4


def test_a_hand_has_a_size() -> None:
    for occluder in HANDS:
        size = np.ptp(held(occluder)[0].points, axis=0)
        assert 1.2 < np.linalg.norm(size) < 3.2


@pytest.mark.parametrize("occluder", EVERYTHING)
def test_solids_are_closed_and_look_outwards(occluder: Occluder) -> None:
    for solid in held(occluder):
        assert volume((solid.points, solid.triangles)) > 0
        edges = np.concatenate([solid.triangles[:, [k, (k + 1) % 3]] for k in range(3)])
        assert {tuple(edge) for edge in edges.tolist()} == {tuple(edge) for edge in edges[:, ::-1].tolist()}
        assert np.isfinite(solid.points).all()
        assert solid.points.dtype == solid.colour.dtype == np.float32


@pytest.mark.parametrize("occluder", [*HANDS[:3], *MICROPHONES[1:]])
def test_it_reaches_in_from_the_side_of_its_angle_and_out_of_the_picture(occluder: Occluder) -> None:
    arm = held(occluder)[-1].points
    farthest = arm[arm[:, 1].argmin()]
    assert (farthest[0] - occluder.place[0]) * occluder.angle > 0
    assert farthest[1] < 5.0


def test_the_hand_is_the_subjects() -> None:
    rig = get_rig()
    for tone in (0.5, 5.5):
        traits = replace(TRAITS, tone=tone)
        hand = hold_occluder(HANDS[0], traits, rig, rig.base)[0]
        assert np.median(hand.colour, axis=0) == pytest.approx(base_colour(traits), rel=0.15)


def test_the_seed_alone_decides_the_details() -> None:
    rig = get_rig()
    again = hold_occluder(HANDS[0], TRAITS, rig, rig.base)
    other = hold_occluder(replace(HANDS[0], seed=99), TRAITS, rig, rig.base)
    assert again[0].points.tobytes() == held(HANDS[0])[0].points.tobytes()
    assert other[0].points.tobytes() != again[0].points.tobytes()


def test_the_surface_of_a_ball_is_a_ball() -> None:
    axis = np.arange(-1, 1.01, 0.1)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1)
    mesh = surface_of((np.linalg.norm(grid, axis=-1) - 0.7).astype(np.float32), np.full(3, -1.0), 0.1)
    assert np.linalg.norm(mesh[0], axis=1) == pytest.approx(0.7, abs=0.02)
    assert volume(mesh) == pytest.approx(4 / 3 * np.pi * 0.7**3, rel=0.04)
