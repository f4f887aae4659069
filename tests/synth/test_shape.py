"""Neutral heads: at rest, human, and different from each other."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from actionunits.synth.anatomy import (
    CHIN,
    LIP_MIDDLES,
    canthus_distance,
    eyeball,
    lid_opening,
    lid_rings,
    lip_rings,
    mouth_opening,
)
from actionunits.synth.people import draw_traits
from actionunits.synth.rig import LOWER_TEETH, UPPER_TEETH, get_rig
from actionunits.synth.shape import local_shapes, neutral_head, odd_proportions, resting_weights
from actionunits.synth.traits import Rest, Traits

SUBJECTS = 40
AVERAGE = Rest(*[0.0] * len(Rest.__dataclass_fields__))


@lru_cache(maxsize=SUBJECTS)
def head(index: int) -> np.ndarray:
    return neutral_head(get_rig(), draw_traits(5, index))


def resting(name: str, value: float) -> np.ndarray:
    traits: Traits = draw_traits(5, 3)
    return neutral_head(get_rig(), replace(traits, rest=replace(AVERAGE, **{name: value})))


def test_the_same_traits_give_the_same_bytes() -> None:
    again = neutral_head(get_rig(), draw_traits(5, 4))
    assert again.dtype == np.float32
    assert again.tobytes() == head(4).tobytes()
    assert again.tobytes() != head(5).tobytes()


def test_lips_are_closed_and_teeth_hidden() -> None:
    rig = get_rig()
    innermost = lip_rings(rig)[-1]
    teeth = np.unique(rig.quads[np.isin(rig.quad_part, (UPPER_TEETH, LOWER_TEETH))])
    for index in range(SUBJECTS):
        points = head(index)
        gaps = mouth_opening(rig).gaps(points) / canthus_distance(rig, points)
        assert gaps.min() > -0.003, index
        assert gaps.max() < 0.008, index
        assert points[teeth, 2].max() < points[innermost, 2].max(), index


def test_lids_are_open_and_outside_the_eyeballs() -> None:
    rig = get_rig()
    apertures = []
    for index in range(SUBJECTS):
        points, fine = head(index), rig.fine(head(index))
        for side in (0, 1):
            centre, radius = eyeball(rig, points, side)
            assert np.linalg.norm(fine[lid_rings(rig, side)[:3]] - centre, axis=2).min() > 1.07 * radius, index
            gaps = lid_opening(rig, side).gaps(points) / canthus_distance(rig, points)
            assert gaps.min() > 0.003, index
            apertures.append(gaps.mean())
    assert min(apertures) > 0.035
    assert max(apertures) < 0.095
    assert np.std(apertures) > 0.008


def test_heads_are_centred_on_the_eyes_and_of_one_size() -> None:
    rig = get_rig()

    def eyes(points: np.ndarray) -> np.ndarray:
        return np.array([eyeball(rig, points, side)[0] for side in (0, 1)])

    wanted = eyes(rig.base)
    for index in range(SUBJECTS):
        found = eyes(head(index))
        assert found.mean(0) == pytest.approx(wanted.mean(0), abs=1e-3)
        apart = np.ptp(found[:, 0]) / np.ptp(wanted[:, 0])
        assert 0.9 < apart < 1.1


def test_proportions_are_human_and_vary() -> None:
    rig = get_rig()
    assert odd_proportions(rig, rig.base) == ()
    odd = [index for index in range(SUBJECTS) if odd_proportions(rig, head(index))]
    assert len(odd) <= SUBJECTS // 8
    heads = np.array([head(index) / canthus_distance(rig, head(index)) for index in range(SUBJECTS)])
    red = heads[:, LIP_MIDDLES[0], 1] - heads[:, LIP_MIDDLES[1], 1]
    chin = heads[:, LIP_MIDDLES[1], 2] - heads[:, CHIN[1], 2]
    nose = heads[:, 136, 1] - heads[:, 317, 1]
    assert np.std(red) > 0.03
    assert np.std(chin) > 0.035
    assert np.std(nose) > 0.035


def lip_height(points: np.ndarray) -> float:
    return float(points[LIP_MIDDLES[0], 1] - points[LIP_MIDDLES[1], 1])


def corner_height(points: np.ndarray) -> float:
    rings = lip_rings(get_rig())
    return float(points[rings[2, 11], 1] - (points[rings[5, 0], 1] + points[rings[5, 19], 1]) / 2)


def mouth_width(points: np.ndarray) -> float:
    return float(points[lip_rings(get_rig())[2, 11], 0])


def chin_depth(points: np.ndarray) -> float:
    return float(points[CHIN[1], 2] - points[LIP_MIDDLES[1], 2])


def aperture(points: np.ndarray) -> float:
    return float(lid_opening(get_rig(), 0).gaps(points).mean())


def lower_lid(points: np.ndarray) -> float:
    return float(points[lid_rings(get_rig(), 0)[1, 15], 1])


def nose_length(points: np.ndarray) -> float:
    return float(points[136, 1] - points[317, 1])


@pytest.mark.parametrize(
    ("name", "low", "measure", "least"),
    [
        ("lip_fullness", -1, lip_height, 0.06),
        ("lip_press", 0, lambda points: -lip_height(points), 0.015),
        ("lip_corners", -1, corner_height, 0.04),
        ("mouth_width", -1, mouth_width, 0.02),
        ("chin", -1, chin_depth, 0.08),
        ("lid", -1, aperture, 0.012),
        ("lower_lid", -1, lower_lid, 0.005),
        ("nose_length", -1, nose_length, 0.05),
    ],
)
def test_resting_positions_show(name: str, low: float, measure, least: float) -> None:  # type: ignore[no-untyped-def]
    assert measure(resting(name, 1.0)) - measure(resting(name, low)) > least


def test_resting_weights_name_targets_that_exist() -> None:
    names = set(get_rig().names)
    for value in (-1.0, 1.0):
        assert set(resting_weights(Rest(*[value] * len(Rest.__dataclass_fields__)))) <= names


def test_local_shapes_are_many_and_opposites_are_paired() -> None:
    groups = local_shapes(get_rig())
    assert 160 <= sum(len(names) for names in groups) <= 200
    assert ("nose/nose-hump-decr", "nose/nose-hump-incr") in groups
    assert not any("measure" in name or "/r-" in name for names in groups for name in names)
