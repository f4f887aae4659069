"""The shared tools of hair: places on the skin, distance to the head, cutting, light, colours."""

from __future__ import annotations

import numpy as np
import pytest

from actionunits.synth.rig import SKIN, get_rig
from actionunits.synth.strands import (
    GREY,
    Surface,
    colours,
    head_field,
    light_within,
    resample,
    smoothstep,
    surface_of,
)


@pytest.fixture(scope="module")
def surface() -> Surface:
    rig = get_rig()
    return surface_of(rig, rig.base)


def test_smoothstep_runs_both_ways() -> None:
    value = np.array([0.0, 1.0, 1.5, 2.0, 3.0])
    assert smoothstep(1, 2, value) == pytest.approx([0, 0, 0.5, 1, 1])
    assert smoothstep(2, 1, value) == pytest.approx([1, 1, 0.5, 0, 0])


def test_scattered_places_are_even_by_area(surface: Surface) -> None:
    rig = get_rig()
    weight = (rig.vertex_part == SKIN).astype(float)
    roots = surface.scatter(weight, 20_000, np.random.default_rng(0))
    high = surface.points[surface.triangles].mean(1)[:, 1] > 7.6
    expected = surface.area[high].sum() / surface.area.sum()
    assert np.mean(roots.points[:, 1] > 7.6) == pytest.approx(expected, rel=0.05)
    frame = np.stack([roots.right, roots.up, roots.normals], 1)
    square = np.einsum("sij,skj->sik", frame, frame)
    away_from_crown = roots.points[:, 1] < 8.2
    assert square[away_from_crown] == pytest.approx(np.broadcast_to(np.eye(3), square[away_from_crown].shape), abs=1e-6)


def test_nothing_grows_where_the_weight_is_nought(surface: Surface) -> None:
    assert len(surface.scatter(np.zeros(len(surface.points)), 10, np.random.default_rng(0))) == 0


def test_located_places_have_their_chart(surface: Surface) -> None:
    places = np.array([(0.1, 7.45), (-0.3, 7.5), (0.0, 6.3), (0.5, 6.9), (-0.8, 7.2)])
    roots = surface.locate(places)
    assert roots.chart == pytest.approx(places, abs=2e-3)
    assert (roots.points[:, 2] > 0.7).all()
    assert np.arctan2(roots.points[:, 0], roots.points[:, 2] - 0.2) == pytest.approx(places[:, 0], abs=0.02)
    assert (roots.right[:, 0] > 0.1).all()
    assert (roots.up[:, 1] > 0.5).all()


def test_distance_to_the_head(surface: Surface) -> None:
    rig = get_rig()
    field = head_field(surface, (rig.vertex_part == SKIN) & (rig.masks["inside-mouth"] < 0.5))
    crown = np.flatnonzero((rig.vertex_part == SKIN) & (rig.chart[:, 1] > 7.6))[::20]
    for height in (-0.1, 0.0, 0.1, 0.4):
        points = surface.points[crown] + height * surface.normals[crown]
        distance, outward = field.away(points)
        assert distance == pytest.approx(np.full(len(crown), height), abs=0.045)
        assert np.mean((outward * surface.normals[crown]).sum(1)) > 0.97
    pushed, _ = field.away(field.push_out(surface.points[crown], 0.1))
    assert pushed.min() > 0.06


def test_cut_curves_end_where_they_are_cut() -> None:
    straight = np.linspace(0, 1, 11)[None, :, None] * np.array([0.0, -2.0, 0.0])
    cut = resample(np.repeat(straight, 2, 0), np.array([1.0, 0.25]), 6)
    assert cut[0, -1] == pytest.approx([0, -2, 0])
    assert cut[1, -1] == pytest.approx([0, -0.5, 0])
    assert np.diff(cut[1, :, 1]) == pytest.approx(np.full(5, -0.1))


def test_inner_strands_are_darker() -> None:
    random = np.random.default_rng(1)
    towards = random.normal(size=(3000, 3))
    towards[:, 1] = np.abs(towards[:, 1])
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    curves = towards[:, None] * np.linspace(0.8, 1.6, 8)[None, :, None]
    light = light_within(curves, np.full(curves.shape[:2], 0.02), np.zeros(3), strength=0.15)
    assert light.dtype == np.float32
    assert light[:, 0].mean() < 0.7 * light[:, -1].mean()
    assert light.max() <= 1


def test_grey_hairs_come_in_the_share_asked_for() -> None:
    dark = (0.01, 0.01, 0.01)
    mixed = colours(dark, np.full(4000, 0.3), np.random.default_rng(2))
    assert np.mean(mixed[:, 1] > 0.1) == pytest.approx(0.3, abs=0.03)
    blended = colours(dark, np.full(4000, 0.3), np.random.default_rng(2), hairs=12)
    assert blended[:, 1].mean() == pytest.approx(mixed[:, 1].mean(), rel=0.1)
    assert blended[:, 1].std() < 0.5 * mixed[:, 1].std()
    assert blended[:, 1].max() < GREY[1] * 1.5
