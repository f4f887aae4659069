"""Presets and expressions: their rates, their limits, and what the literature says of them."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
import pytest

from actionunits.errors import UsageError
from actionunits.facs import BP4D_12, DISFA_8, FACS
from actionunits.synth.presets import AUS, PRESETS, get_preset
from actionunits.synth.sampler import (
    CORRELATIONS,
    EXCLUSIONS,
    PLACE,
    PROTOTYPES,
    correlation_matrix,
    draw_expression,
    opponents,
    settle,
)

DRAWS = 4000
PROTOTYPE = {prototype.name: prototype for prototype in PROTOTYPES}


@pytest.fixture(scope="module", params=sorted(PRESETS))
def drawn(request):
    preset = get_preset(request.param)
    random = np.random.default_rng(7)
    return preset, [draw_expression(random, preset) for _ in range(DRAWS)]


def only(source: str):
    """The uniform preset with one source of expressions."""
    shares = dict.fromkeys(("neutral", "single", "prototype", "copula"), 0.0) | {source: 1.0}
    return dataclasses.replace(get_preset("uniform"), **shares)


def test_an_unknown_preset_names_the_choices() -> None:
    with pytest.raises(UsageError, match="bp4d, disfa, uniform"):
        get_preset("affwild")


@pytest.mark.parametrize(
    "change", [{"neutral": 0.5}, {"intensities": (1.0, 1.0, 0.0, 0.0, 0.0)}, {"rates": {1: 0.2}}, {"copula": -0.1}]
)
def test_a_preset_that_does_not_add_up_is_refused(change) -> None:
    with pytest.raises(UsageError, match="preset bp4d"):
        dataclasses.replace(get_preset("bp4d"), **change)


def test_published_rates() -> None:
    published = (0.19, 0.15, 0.21, 0.46, 0.59, 0.59, 0.56, 0.47, 0.18, 0.36, 0.17, 0.15)
    assert tuple(get_preset("bp4d").rates[au] for au in BP4D_12) == published
    assert len(set(get_preset("uniform").rates.values())) == 1


def test_disfa_rates_are_inverse_to_the_published_weights() -> None:
    rates = np.array([get_preset("disfa").rates[au] for au in DISFA_8])
    weights = (1 / rates) / (1 / rates).sum() * 8
    first_fold = (1.422290, 2.347771, 0.399672, 0.795021, 1.878217, 0.440125, 0.195583, 0.521322)
    second_fold = (1.390215, 1.469573, 0.527298, 1.034498, 1.672842, 0.656650, 0.303915, 0.945009)
    third_fold = (1.510590, 1.560063, 0.475896, 0.884891, 1.656857, 0.570937, 0.277589, 1.063177)
    np.testing.assert_allclose(weights, np.mean([first_fold, second_fold, third_fold], axis=0), rtol=0.12)


def test_rates_follow_the_preset(drawn) -> None:
    preset, expressions = drawn
    present = Counter(au for one in expressions for au, sides in one.items() if max(sides) >= preset.threshold)
    for au, rate in preset.rates.items():
        error = 4 * np.sqrt(rate * (1 - rate) / DRAWS) + 0.03 * rate
        assert present[au] / DRAWS == pytest.approx(rate, abs=error), f"AU{au}"


def test_intensities_follow_the_preset() -> None:
    random = np.random.default_rng(3)
    for source in ("single", "copula"):
        preset = only(source)
        grades = [round(max(sides)) for _ in range(2000) for sides in draw_expression(random, preset).values()]
        shares = np.bincount(grades, minlength=6)[1:] / len(grades)
        np.testing.assert_allclose(shares, preset.intensities, atol=0.04)


def test_levels_are_in_range_and_sides_agree_with_facs(drawn) -> None:
    _, expressions = drawn
    for one in expressions:
        for au, (left, right) in one.items():
            assert au in AUS
            assert min(left, right) >= 0
            assert 0.5 < max(left, right) <= 5
            assert left == right or FACS[au].sided
            if au == 30:
                assert min(left, right) == 0
            if au == 43:
                assert min(left, right) > 0


def test_both_sides_are_favoured_alike_and_mildly(drawn) -> None:
    _, expressions = drawn
    pairs = [sides for one in expressions for au, sides in one.items() if FACS[au].sided and min(sides) > 0]
    left, right = np.array(pairs).T
    assert np.mean(left > right) == pytest.approx(0.5, abs=0.04)
    assert 0.02 < np.mean(np.abs(left - right) / np.maximum(left, right)) < 0.1


def test_opposing_units_never_show_together(drawn) -> None:
    _, expressions = drawn
    for one in expressions:
        assert not [pair for pair in EXCLUSIONS if pair[0] in one and pair[1] in one]


def test_settling_keeps_one_of_each_opposing_pair_fairly() -> None:
    shows = np.zeros((2000, len(AUS)), bool)
    shows[:, [PLACE[24], PLACE[25], PLACE[1]]] = True
    settled = settle(shows, np.random.default_rng(1))
    assert (settled[:, PLACE[24]] ^ settled[:, PLACE[25]]).all()
    assert settled[:, PLACE[1]].all()
    assert settled[:, PLACE[24]].mean() == pytest.approx(0.5, abs=0.05)
    assert shows[:, PLACE[24]].all()  # the argument stays


def test_exclusions_are_a_table_of_distinct_pairs() -> None:
    assert len({frozenset(pair) for pair in EXCLUSIONS}) == len(EXCLUSIONS)
    assert {24, 26, 28} & opponents(25) == {24, 28}
    assert opponents(24) >= {25, 26, 27, 22}


def test_correlations_are_a_correlation_matrix_near_the_table() -> None:
    matrix = correlation_matrix()
    assert matrix.shape == (len(AUS), len(AUS))
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_allclose(np.diag(matrix), 1)
    assert np.linalg.eigvalsh(matrix).min() > 0.005
    for (one, other), value in CORRELATIONS.items():
        assert matrix[PLACE[one], PLACE[other]] == pytest.approx(value, abs=0.12)


def test_the_copula_couples_what_facs_couples() -> None:
    random = np.random.default_rng(5)
    preset = only("copula")
    shows = np.zeros((DRAWS, len(AUS)))
    for row in shows:
        row[[PLACE[au] for au in draw_expression(random, preset)]] = 1
    coupling = np.corrcoef(shows.T)
    assert coupling[PLACE[6], PLACE[12]] > 0.2
    assert coupling[PLACE[1], PLACE[2]] > 0.2
    assert coupling[PLACE[12], PLACE[15]] < -0.05
    assert abs(coupling[PLACE[2], PLACE[34]]) < 0.07


@pytest.mark.parametrize(
    ("name", "aus"),
    [
        ("happiness", {6, 12}),
        ("surprise", {1, 2, 5, 26}),
        ("sadness", {1, 4, 15}),
        ("fear", {1, 2, 4, 5, 7, 20, 26}),
        ("anger, lips tight", {4, 5, 7, 23}),
        ("anger, lips pressed", {4, 7, 17, 24}),
        ("disgust, lower lip", {9, 15, 16}),
        ("disgust, upper lip", {10, 17}),
        ("contempt", {14}),
        ("pain", {4, 6, 7, 9, 43}),
        ("embarrassment", {12, 24}),
    ],
)
def test_prototypes_hold_what_the_literature_says(name, aus) -> None:
    assert set(PROTOTYPE[name].core) == aus


@pytest.mark.parametrize("prototype", PROTOTYPES, ids=lambda prototype: prototype.name)
def test_prototypes_hold_no_opponents(prototype) -> None:
    members = {**prototype.core, **prototype.extra}
    assert len(members) == len(prototype.core) + len(prototype.extra)
    assert not [au for au in members if opponents(au) & set(members)]
    assert all(0 < level <= 5 for level in members.values())
    assert all(FACS[au].sided for au in prototype.one_sided)


def test_contempt_is_on_one_side_and_the_same_for_both_units() -> None:
    random = np.random.default_rng(11)
    preset = only("prototype")
    pairs = [one for one in (draw_expression(random, preset) for _ in range(1500)) if set(one) == {12, 14}]
    sneers = [one for one in pairs if min(one[14]) == 0]
    assert len(sneers) > 20
    for one in sneers:
        sides = {au: (left > 0, right > 0) for au, (left, right) in one.items()}
        assert sides[12] == sides[14]
    assert {one[14][0] > 0 for one in sneers} == {True, False}


def test_same_seed_same_expressions() -> None:
    preset = get_preset("bp4d")

    def draws(seed: int):
        random = np.random.default_rng(seed)
        return [draw_expression(random, preset) for _ in range(20)]

    assert draws(1) == draws(1)
    assert draws(1) != draws(2)


def test_neutral_and_single_shares() -> None:
    random = np.random.default_rng(2)
    assert draw_expression(random, only("neutral")) == {}
    singles = [draw_expression(random, only("single")) for _ in range(1500)]
    assert {len(one) for one in singles} == {1}
    assert {au for one in singles for au in one} == set(AUS)
    one_sided = [au for one in singles for au, sides in one.items() if min(sides) == 0]
    assert one_sided
    assert all(FACS[au].sided for au in one_sided)
