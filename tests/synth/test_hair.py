"""Scalp hair: where it is rooted, where it may not be, and what the traits change."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from actionunits.synth.hair import grow_hair
from actionunits.synth.hair_styles import STYLES, marks_of
from actionunits.synth.meshes import RIGID, Strands
from actionunits.synth.people import draw_traits
from actionunits.synth.rig import SKIN, get_rig
from actionunits.synth.scalp import hairline
from actionunits.synth.strands import head_field, surface_of
from actionunits.synth.traits import Hair, Traits

PLAIN = replace(draw_traits(4, 0), cap="none", fringe="none", parting="none", grey=0.0)


@lru_cache(maxsize=32)
def grown(traits: Traits) -> tuple[Strands, ...]:
    rig = get_rig()
    return grow_hair(rig, traits, rig.base)


def with_hair(family: Hair, **changes: object) -> Traits:
    return replace(PLAIN, hair=family, **changes)


@pytest.mark.parametrize("family", sorted(STYLES))
def test_every_family_grows_rigid_strands_of_one_kind(family: Hair) -> None:
    bundles = grown(with_hair(family))
    first = bundles[0]
    assert first.points.shape[1] == STYLES[family].points
    assert 3000 < sum(len(one.points) for one in bundles) <= 10_000
    for one in bundles:
        count, points, _ = one.points.shape
        assert one.points.dtype == one.width.dtype == one.colour.dtype == one.shade.dtype == np.float32
        assert one.bind.dtype == np.int32
        assert one.bind.shape == one.width.shape == one.shade.shape == (count, points)
        assert one.colour.shape == (count, 3)
        assert (one.bind == RIGID).all()
        assert np.isfinite(one.points).all()
        assert one.width.min() > 0
        assert one.width.max() < 0.06
        assert 0 <= one.shade.min() < one.shade.max() <= 1


def test_bald_heads_and_scarves_show_no_hair() -> None:
    assert grown(with_hair("bald")) == ()
    assert grown(with_hair("long", cap="scarf")) == ()


def test_the_same_traits_give_the_same_bytes() -> None:
    rig = get_rig()
    again = grow_hair(rig, with_hair("curly"), rig.base)
    for one, other in zip(grown(with_hair("curly")), again, strict=True):
        assert one.points.tobytes() == other.points.tobytes()
        assert one.colour.tobytes() == other.colour.tobytes()


@pytest.mark.parametrize("family", ["buzz", "balding", "short", "long", "afro", "tied"])
def test_roots_are_on_the_scalp(family: Hair) -> None:
    traits = with_hair(family)
    rig = get_rig()
    skin = np.flatnonzero(rig.vertex_part == SKIN)
    roots = grown(traits)[0].points[:, 0].astype(np.float64)
    apart = np.linalg.norm(rig.fine_base[skin][None, ::1] - roots[::40, None], axis=2)
    nearest = skin[apart.argmin(1)]
    normals = surface_of(rig, rig.base).normals[nearest]
    above = ((roots[::40] - rig.fine_base[nearest]) * normals).sum(1)
    assert np.abs(above).max() < 0.04
    assert apart.min(1).max() < 0.12
    u, v = rig.chart[nearest].T
    assert np.mean(v > hairline(u, traits) - 0.06) > 0.99
    assert rig.masks["ears"][nearest].max() < 0.5


@pytest.mark.parametrize("family", sorted(STYLES))
def test_no_strand_runs_through_the_head(family: Hair) -> None:
    rig = get_rig()
    surface = surface_of(rig, rig.base)
    solid = (rig.vertex_part == SKIN) & (rig.masks["inside-mouth"] < 0.5) & (rig.masks["ears"] < 0.3)
    field = head_field(surface, solid)
    points = grown(with_hair(family))[0].points[:, 2:].reshape(-1, 3).astype(np.float64)
    depth, _ = field.away(points)
    assert depth.min() > -0.08
    assert np.mean(depth < -0.02) < 0.003


@pytest.mark.parametrize("family", sorted(STYLES))
@pytest.mark.parametrize("parting", ["none", "left"])
def test_the_face_stays_free(family: Hair, parting: str) -> None:
    for one in grown(with_hair(family, parting=parting)):
        x, y, z = one.points.reshape(-1, 3).T
        assert not ((np.abs(x) < 0.48) & (y > 6.3) & (y < 7.35) & (z > 0.9)).any()


def test_fringes_reach_as_far_as_they_say() -> None:
    rig = get_rig()
    marks = marks_of(surface_of(rig, rig.base), PLAIN)
    lowest = {}
    for fringe in ("none", "straight", "long"):
        points = grown(with_hair("long", fringe=fringe))[0].points.reshape(-1, 3)
        over = (np.abs(points[:, 0]) < 0.4) & (points[:, 2] > 1.2) & (points[:, 1] < 8)
        lowest[fringe] = points[over, 1].min()
    assert lowest["long"] < marks.brow < lowest["straight"] + 0.02 < lowest["none"] - 0.1
    assert lowest["long"] > marks.eye


def test_longer_hair_hangs_lower() -> None:
    hangs = [float(grown(with_hair(family))[0].points[..., 1].min()) for family in ("short", "bob", "long")]
    assert hangs[0] > hangs[1] > hangs[2]
    trimmed, grown_out = (grown(with_hair("long", hair_length=length))[0].points[..., 1].min() for length in (0.0, 1.0))
    assert trimmed > grown_out + 0.3


def test_a_parting_bares_a_line_of_scalp() -> None:
    def on_line(parting: str, place: float) -> int:
        roots = grown(with_hair("medium", parting=parting))[0].points[:, 0]
        return int(np.sum((np.abs(roots[:, 0] - place) < 0.007) & (roots[:, 1] > 8) & (roots[:, 2] > 0.4)))

    assert on_line("left", 0.30) < 0.3 * on_line("none", 0.30)


def test_grey_share_whitens_and_curl_winds() -> None:
    dark = (0.012, 0.010, 0.009)
    shades = [grown(with_hair("bob", grey=grey, hair_rgb=dark))[0].colour.mean() for grey in (0.0, 0.4, 0.9)]
    assert shades[0] < 0.03 < shades[1] < shades[2]

    def bend(curl: float) -> float:
        along = np.diff(grown(with_hair("long", hair_curl=curl))[0].points, axis=1)
        along /= np.linalg.norm(along, axis=2, keepdims=True) + 1e-9
        return float(1 - (along[:, 1:] * along[:, :-1]).sum(2).mean())

    assert bend(0.9) > 1.3 * bend(0.0)


def test_hair_under_a_cap_lies_flat() -> None:
    rig = get_rig()
    crown = float(rig.fine_base[:, 1].max())
    free = grown(with_hair("long"))[0].points[..., 1].max() - crown
    capped = grown(with_hair("long", cap="beanie"))[0].points[..., 1].max() - crown
    assert capped < 0.6 * free
    short = grown(with_hair("short", cap="baseball"))[0].points[:, 0]
    assert short[short[:, 2] > 1.0, 1].max(initial=0.0) < 7.85
