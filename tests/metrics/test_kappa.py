"""Against scikit-learn on the known frames, one AU at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from actionunits.errors import UsageError
from actionunits.metrics import cohen_kappa

seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
@settings(max_examples=40, deadline=None)
@given(seed=seeds, frames=st.integers(20, 150))
def test_agrees_with_scikit_learn(intensity, weights, seed, frames):
    target, prediction = intensity(seed, frames)
    levels = np.clip(np.rint(prediction), 0, 5).astype(int)
    scores = cohen_kappa(target, levels, weights)
    for au in range(target.shape[1]):
        known = target[:, au] >= 0
        expected = reference.cohen_kappa_score(
            target[known, au], levels[known, au], labels=range(6), weights=None if weights == "none" else weights
        )
        assert scores.values[au] == pytest.approx(expected, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_weights_make_no_difference_to_occurrence(occurrence, seed):
    target, probability = occurrence(seed)
    decision = (probability >= 0.5).astype(int)
    plain = cohen_kappa(target, decision)
    for weights in ("linear", "quadratic"):
        np.testing.assert_allclose(cohen_kappa(target, decision, weights).values, plain.values, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_neither_coder_comes_first(intensity, seed):
    first, second = intensity(seed)[0], intensity(seed + 1)[0]
    np.testing.assert_allclose(
        cohen_kappa(first, second, "linear").values, cohen_kappa(second, first, "linear").values, atol=1e-12
    )


def test_undefined_only_where_both_are_one_constant():
    scores = cohen_kappa([[2, 0, -1], [2, 1, -1]], [[2, 0, 0], [2, 0, 0]])
    np.testing.assert_array_equal(scores.values, [np.nan, 0, np.nan])
    np.testing.assert_array_equal(scores.defined, [False, True, False])


def test_refusals():
    with pytest.raises(UsageError, match="whole level"):
        cohen_kappa([0.5, 1.0], [0, 1])
    with pytest.raises(UsageError, match="linear"):
        cohen_kappa([0, 1], [0, 1], "cubic")
