"""Glasses: on the eyes, off the skin, symmetric."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from scipy.spatial import cKDTree

from actionunits.synth.glasses import put_on_glasses
from actionunits.synth.meshes import Float32, Solid
from actionunits.synth.people import draw_traits
from actionunits.synth.rig import SKIN, get_rig
from actionunits.synth.shape import neutral_head
from actionunits.synth.surface import skin_triangles, vertex_normals
from actionunits.synth.traits import Glasses, Traits
from actionunits.synth.tubes import volume

STYLES: tuple[Glasses, ...] = ("thin", "full", "rimless", "sun")


def wearer(index: int) -> Traits:
    return replace(draw_traits(7, index), glasses=STYLES[index % 4])


@lru_cache(maxsize=16)
def worn(index: int) -> tuple[Float32, tuple[Solid, ...]]:
    neutral = neutral_head(get_rig(), wearer(index))
    return neutral, put_on_glasses(get_rig(), wearer(index), neutral)


def test_nobody_wears_glasses_that_the_traits_leave_out() -> None:
    rig = get_rig()
    assert put_on_glasses(rig, replace(wearer(0), glasses="none"), rig.base) == ()


@pytest.mark.parametrize("index", range(12))
def test_frame_and_lenses_stay_outside_the_skin(index: int) -> None:
    rig = get_rig()
    neutral, solids = worn(index)
    fine = rig.fine(neutral)
    normals = vertex_normals(fine, skin_triangles(rig))
    skin = np.flatnonzero((rig.vertex_part == SKIN) & (rig.masks["ears"] < 0.05) & (rig.masks["inside-mouth"] < 0.05))
    for solid in solids:
        nearest = skin[cKDTree(fine[skin]).query(solid.points)[1]]
        away = ((solid.points - fine[nearest]) * normals[nearest]).sum(1)
        assert away.min() > 0


@pytest.mark.parametrize("index", range(12))
def test_lenses_lie_before_the_pupils(index: int) -> None:
    neutral, solids = worn(index)
    for side, lens in enumerate(solids[1:3]):
        eye = get_rig().eyeball(neutral, side)
        middle = (lens.points.min(0) + lens.points.max(0)) / 2
        assert np.abs(middle - eye.mean(0))[:2].max() < 0.12
        assert 0.08 < lens.points[:, 2].max() - eye[:, 2].max() < 0.45
        assert np.ptp(lens.points[:, 0]) == pytest.approx(0.52, abs=0.13)


@pytest.mark.parametrize("index", range(4))
def test_left_and_right_mirror_each_other(index: int) -> None:
    solids = worn(index)[1]
    frame = solids[0].points
    middle = (frame[:, 0].min() + frame[:, 0].max()) / 2
    distance = np.asarray(cKDTree(frame).query(frame * [-1, 1, 1] + [2 * middle, 0, 0])[0])
    assert distance.max() < 1e-4


@pytest.mark.parametrize("index", range(4))
def test_only_sunglasses_are_dark(index: int) -> None:
    style, solids = STYLES[index], worn(index)[1]
    low, high = (0.8, 0.93) if style == "sun" else (0.05, 0.12)
    assert solids[0].opacity == 1
    for lens in solids[1:3]:
        assert low <= lens.opacity <= high
    assert len(solids) == (5 if style == "rimless" else 3)


@pytest.mark.parametrize("index", range(4))
def test_the_frame_is_closed_and_its_triangles_look_outwards(index: int) -> None:
    frame = worn(index)[1][0]
    assert volume((frame.points, frame.triangles)) > 0
    corners = np.concatenate([frame.triangles[:, [k, (k + 1) % 3]] for k in range(3)])
    assert {tuple(edge) for edge in corners.tolist()} == {tuple(edge) for edge in corners[:, ::-1].tolist()}


def test_the_same_traits_give_the_same_bytes() -> None:
    neutral, solids = worn(1)
    for one, other in zip(solids, put_on_glasses(get_rig(), wearer(1), neutral), strict=True):
        assert one.points.tobytes() == other.points.tobytes()
        assert one.colour.tobytes() == other.colour.tobytes()


def test_frames_differ_between_wearers() -> None:
    colours = {tuple(np.round(worn(index)[1][0].colour[0], 3).tolist()) for index in range(12)}
    assert len(colours) > 6
