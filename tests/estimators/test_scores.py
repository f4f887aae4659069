"""Scores: the arithmetic between a model's numbers and the table's, against scipy and as properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit

from actionunits.estimators import AUScores

numbers = st.floats(-50, 50, width=32)


def tables(rows: int | None = None) -> st.SearchStrategy[AUScores]:
    """Scores of some faces for three action units."""
    shape = st.tuples(st.integers(0, 4) if rows is None else st.just(rows), st.just(3))
    return shape.flatmap(
        lambda s: st.builds(AUScores, arrays(np.float32, s, elements=numbers), arrays(np.float32, s, elements=numbers))
    )


@given(tables(1), arrays(np.float64, 3, elements=numbers))
def test_a_person_at_rest_shows_nothing(rest: AUScores, neutral: np.ndarray) -> None:
    result = rest.relative_to(rest, neutral)
    assert (result.intensity == 0).all()
    np.testing.assert_allclose(result.evidence[0], neutral, atol=1e-5)


@given(tables(), tables(1))
def test_differences_between_faces_stay(scores: AUScores, rest: AUScores) -> None:
    result = scores.relative_to(rest, np.zeros(3))
    assert result.evidence.shape == result.intensity.shape == scores.evidence.shape
    assert result.evidence.dtype == result.intensity.dtype == np.float32
    np.testing.assert_allclose(result.intensity, scores.intensity - rest.intensity, atol=1e-5)
    np.testing.assert_allclose(result.evidence, scores.evidence - rest.evidence, atol=2e-5)


@given(arrays(np.float32, (2, 3), elements=st.floats(width=32, allow_nan=False)))
def test_probability_is_the_logistic_function(evidence: np.ndarray) -> None:
    probability = AUScores(evidence, evidence).probability()
    assert probability.dtype == np.float32
    np.testing.assert_allclose(probability, expit(evidence.astype(np.float64)), rtol=1e-6, atol=1e-12)


@given(arrays(np.float32, (2, 3), elements=st.floats(width=32, allow_nan=False)))
def test_level_stays_on_the_facs_scale(intensity: np.ndarray) -> None:
    level = AUScores(intensity, intensity).level()
    assert level.dtype == np.float32
    assert level.min() >= 0
    assert level.max() <= 5
    within = (intensity >= 0) & (intensity <= 5)
    assert (level[within] == intensity[within]).all()
    assert (level[intensity > 5] == 5).all()


def test_rows_and_columns() -> None:
    scores = AUScores(np.arange(6, dtype=np.float32).reshape(2, 3), np.arange(6, 12, dtype=np.float32).reshape(2, 3))
    assert scores.row(1).evidence.tolist() == [[3, 4, 5]]
    assert scores.row(1).intensity.tolist() == [[9, 10, 11]]
    assert scores.select(np.array([2, 0])).evidence.tolist() == [[2, 0], [5, 3]]
    assert scores.select(np.array([2, 0])).intensity.tolist() == [[8, 6], [11, 9]]


@pytest.mark.parametrize(("evidence", "probability"), [(0.0, 0.5), (1e30, 1.0), (-1e30, 0.0)])
def test_recorded_probabilities(evidence: float, probability: float) -> None:
    value = np.full((1, 1), evidence, np.float32)
    assert AUScores(value, value).probability()[0, 0] == pytest.approx(probability, abs=1e-12)
