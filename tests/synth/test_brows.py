"""Brows, lashes and beards: what the traits do to them, and that they sit where such hair grows."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from actionunits.synth.beard import grow_beard
from actionunits.synth.brows import brow_line, grow_brows, grow_lashes
from actionunits.synth.meshes import Strands
from actionunits.synth.people import draw_traits
from actionunits.synth.rig import LASHES, SKIN, get_rig
from actionunits.synth.traits import Beard, Traits

PLAIN = replace(draw_traits(4, 1), male=1.0, grey=0.0, hair_rgb=(0.05, 0.03, 0.02), age=30.0)


def resting(**changes: float) -> Traits:
    plain = dict.fromkeys(("brow_height", "brow_slant", "brow_distance"), 0.0)
    return replace(PLAIN, rest=replace(PLAIN.rest, **{**plain, **changes}))


@lru_cache(maxsize=16)
def brows(traits: Traits) -> Strands:
    rig = get_rig()
    (bundle,) = grow_brows(rig, traits, rig.base)
    return bundle


@lru_cache(maxsize=16)
def beard(traits: Traits) -> Strands:
    rig = get_rig()
    (bundle,) = grow_beard(rig, traits, rig.base)
    return bundle


def nearest(points: np.ndarray, part: int) -> tuple[np.ndarray, np.ndarray]:
    """Nearest fine vertex of a part to each point, and how far it is: the slow way."""
    rig = get_rig()
    candidates = np.flatnonzero(rig.vertex_part == part)
    apart = np.linalg.norm(rig.fine_base[candidates][None] - points[:, None], axis=2)
    return candidates[apart.argmin(1)], apart.min(1)


def well_made(bundle: Strands, points: int) -> bool:
    count = len(bundle.points)
    assert bundle.points.shape == (count, points, 3)
    assert bundle.bind.shape == bundle.width.shape == bundle.shade.shape == (count, points)
    assert bundle.colour.shape == (count, 3)
    assert bundle.bind.dtype == np.int32
    assert {one.dtype.name for one in (bundle.points, bundle.width, bundle.colour, bundle.shade)} == {"float32"}
    assert 0 <= bundle.bind.min() <= bundle.bind.max() < len(get_rig().fine_base)
    return bool(np.isfinite(bundle.points).all())


def test_the_line_runs_outwards_at_even_steps() -> None:
    line = brow_line(PLAIN)
    assert line.shape == (25, 2)
    assert (np.diff(line[:, 0]) > 0).all()
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    assert steps.max() < 1.05 * steps.min()


def test_the_line_moves_as_the_resting_brow_says() -> None:
    low, high = (brow_line(resting(brow_height=value)) for value in (-1.0, 1.0))
    assert (high - low)[:, 1].mean() == pytest.approx(0.09, abs=0.01)
    sad, stern = (brow_line(resting(brow_slant=value)) for value in (1.0, -1.0))
    assert (sad - stern)[0, 1] > 0.05
    assert (sad - stern)[-1, 1] < -0.05
    near, apart = (brow_line(resting(brow_distance=value)) for value in (-1.0, 1.0))
    assert (apart - near)[0, 0] == pytest.approx(0.07, abs=0.005)
    assert abs((apart - near)[-1, 0]) < 0.01
    flat, arched = (brow_line(replace(resting(), brow_arch=value)) for value in (-1.0, 1.0))
    chord = [line[8:20, 1].max() - (line[0, 1] + line[-1, 1]) / 2 for line in (flat, arched)]
    assert chord[1] > chord[0] + 0.02


def test_people_differ_at_rest() -> None:
    lines = np.stack([brow_line(draw_traits(9, index)) for index in range(60)])
    assert lines[:, 12, 1].std() > 0.015
    assert (lines[:, 0, 1] - lines[:, -1, 1]).std() > 0.015
    assert lines[:, 0, 0].std() > 0.01


def test_brow_hairs_are_rooted_along_the_line_and_lie_close_to_the_skin() -> None:
    bundle = brows(PLAIN)
    assert well_made(bundle, 4)
    assert 250 < len(bundle.points) < 1000
    rig = get_rig()
    vertex, apart = nearest(bundle.points[:, 0], SKIN)
    assert apart.max() < 0.06
    assert (rig.vertex_part[bundle.bind] == SKIN).all()
    line = brow_line(PLAIN)
    both = np.concatenate([line, line * (-1, 1)])
    off_line = np.linalg.norm(rig.chart[bundle.bind[:, 0]][:, None] - both[None], axis=2).min(1)
    assert np.mean(off_line < 0.05) > 0.9
    assert off_line.max() < 0.12
    sides = np.sign(bundle.points[:, 0, 0])
    assert abs(sides.mean()) < 0.05
    tips, tips_apart = nearest(bundle.points[:, -1], SKIN)
    normal_gap = tips_apart.mean()
    assert 0.005 < normal_gap < 0.05
    assert len(tips) == len(vertex)


def test_inner_hairs_rise_and_outer_hairs_lie_along_the_brow() -> None:
    bundle = brows(replace(resting(), brow_arch=0.0))
    left = bundle.points[bundle.points[:, 0, 0] > 0].astype(float)
    along = left[:, 2] - left[:, 0]
    inner = left[:, 0, 0] < np.quantile(left[:, 0, 0], 0.12)
    outer = left[:, 0, 0] > np.quantile(left[:, 0, 0], 0.7)
    angle = np.degrees(np.arctan2(along[:, 1], np.hypot(along[:, 0], along[:, 2])))
    assert np.median(angle[inner]) > 35
    assert np.median(angle[outer]) < 10


def test_thick_and_dense_brows_have_more_hair() -> None:
    thin = brows(replace(PLAIN, brow_thickness=0.6, brow_density=0.4))
    thick = brows(replace(PLAIN, brow_thickness=1.6, brow_density=1.2))
    assert len(thick.points) > 2 * len(thin.points)
    tall = [np.ptp(one.points[:, 0, 1]) for one in (thin, thick)]
    assert tall[1] > 1.3 * tall[0]


def test_grey_and_dark_brows() -> None:
    assert brows(replace(PLAIN, grey=0.9)).colour.mean() > 2 * brows(PLAIN).colour.mean()


def test_growing_twice_gives_the_same_bytes() -> None:
    rig = get_rig()
    for grow in (grow_brows, grow_lashes, grow_beard):
        first, second = (grow(rig, replace(PLAIN, beard="full"), rig.base) for _ in range(2))
        assert [one.points.tobytes() for one in first] == [one.points.tobytes() for one in second]
        assert [one.colour.tobytes() for one in first] == [one.colour.tobytes() for one in second]


def test_lashes_are_rooted_on_the_lids_and_point_away_from_the_eye() -> None:
    rig = get_rig()
    (bundle,) = grow_lashes(rig, PLAIN, rig.base)
    assert well_made(bundle, 5)
    assert (rig.vertex_part[bundle.bind] == LASHES).all()
    vertex, apart = nearest(bundle.points[:, 0], SKIN)
    assert apart.max() < 0.06
    assert np.mean(rig.masks["eyelids"][vertex] > 0.3) > 0.9
    for side in (0, 1):
        eye = rig.eyeball(rig.base, side).mean(0)
        mine = bundle.points[np.sign(bundle.points[:, 0, 0]) == (1 if side == 0 else -1)]
        reach = np.linalg.norm(mine - eye, axis=2)
        assert (reach[:, -1] > reach[:, 0]).all()
    upper = bundle.points[:, -1, 1] > bundle.points[:, 0, 1]
    assert upper.sum() > 1.2 * (~upper).sum()


def test_lashes_follow_a_blink() -> None:
    rig = get_rig()
    closed = rig.base.copy()
    for side in ("L", "R"):
        names = [name for name in rig.names if "eyeBlink" in name and name.endswith(side)]
        for name in names or [name for name in rig.names if "eyeBlink" in name][:1]:
            rig.add_target(closed, name, 1.0)
    (bundle,) = grow_lashes(rig, PLAIN, rig.base)
    moved = (rig.fine(closed) - rig.fine_base)[bundle.bind]
    upper = bundle.points[:, -1, 1] > bundle.points[:, 0, 1]
    assert moved[upper, :, 1].mean() < -0.02


def test_mascara_thickens_lashes() -> None:
    rig = get_rig()
    bare, made_up = (
        grow_lashes(rig, replace(PLAIN, makeup=replace(PLAIN.makeup, mascara=value)), rig.base)[0]
        for value in (0.0, 1.0)
    )
    assert made_up.width.mean() > 1.2 * bare.width.mean()
    assert made_up.colour.mean() < bare.colour.mean()


def test_a_shaved_face_has_no_beard() -> None:
    assert grow_beard(get_rig(), replace(PLAIN, beard="none"), get_rig().base) == ()


@pytest.mark.parametrize("style", ["stubble", "moustache", "goatee", "full"])
def test_beards_leave_the_lips_free(style: Beard) -> None:
    rig = get_rig()
    bundle = beard(replace(PLAIN, beard=style, beard_length=1.0))
    assert well_made(bundle, 5)
    assert 1000 < len(bundle.points) <= 5000
    assert rig.masks["lips"][bundle.bind].max() < 0.3
    assert rig.masks["inside-mouth"][bundle.bind].max() < 0.1
    red = (np.abs(bundle.points[..., 0]) < 0.16) & (bundle.points[..., 1] > 6.54) & (bundle.points[..., 1] < 6.67)
    assert np.mean(red) < 0.01


def test_beards_grow_where_they_say() -> None:
    def above(style: Beard) -> np.ndarray:
        return get_rig().chart[beard(replace(PLAIN, beard=style)).bind[:, 0]]

    assert above("moustache")[:, 1].min() > 6.4
    assert np.abs(above("goatee")[:, 0]).max() < 0.4
    assert np.abs(above("full")[:, 0]).max() > 0.8


def test_a_long_beard_hangs_lower() -> None:
    short, long = (
        beard(replace(PLAIN, beard="full", beard_length=length)).points[..., 1].min() for length in (0.1, 1.0)
    )
    assert long < short - 0.1
