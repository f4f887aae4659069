"""Against scikit-learn on the known frames, one AU at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from actionunits.errors import UsageError
from actionunits.metrics import (
    Confusion,
    accuracy,
    always_positive_f1,
    confusion,
    decide,
    f1,
    f1_macro,
    f1_micro,
    mcc,
)

seeds = st.integers(0, 2**32 - 1)


def columns(target, decision):
    for truth, found in zip(target.T, decision.T, strict=True):
        yield truth[truth >= 0], found[truth >= 0]


REFERENCES = [
    (f1, lambda t, d: reference.f1_score(t, d, zero_division=0)),
    (f1_macro, lambda t, d: reference.f1_score(t, d, labels=[0, 1], average="macro", zero_division=0)),
    (accuracy, reference.accuracy_score),
    (mcc, reference.matthews_corrcoef),
]


@pytest.mark.parametrize(("metric", "expected"), REFERENCES, ids=lambda each: getattr(each, "__name__", ""))
@settings(max_examples=40, deadline=None)
@given(seed=seeds, frames=st.integers(5, 200))
def test_agrees_with_scikit_learn(occurrence, metric, expected, seed, frames):
    target, probability = occurrence(seed, frames)
    decision = decide(probability)
    scores = metric(target, decision)
    for value, defined, (truth, found) in zip(scores.values, scores.defined, columns(target, decision), strict=True):
        if not len(truth):
            assert np.isnan(value)
        elif defined:
            assert value == pytest.approx(expected(truth, found), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, frames=st.integers(5, 200))
def test_micro_f1_agrees_with_scikit_learn(occurrence, seed, frames):
    target, probability = occurrence(seed, frames, unknown=0)
    decision = decide(probability)
    assert float(f1_micro(target, decision)) == pytest.approx(reference.f1_score(target, decision, average="micro"))


@settings(max_examples=40, deadline=None)
@given(seed=seeds, frames=st.integers(5, 200))
def test_counts_agree_with_scikit_learn(occurrence, seed, frames):
    target, probability = occurrence(seed, frames)
    decision = decide(probability)
    counts = confusion(target, decision)
    for au, (truth, found) in enumerate(columns(target, decision)):
        expected = reference.confusion_matrix(truth, found, labels=[0, 1]).ravel() if len(truth) else [0] * 4
        np.testing.assert_array_equal([each[au] for each in (counts.tn, counts.fp, counts.fn, counts.tp)], expected)
    np.testing.assert_array_equal(counts.count, (target >= 0).sum(axis=0))


def test_f1_is_nought_and_flagged_where_nothing_occurs_or_is_found():
    scores = f1([[0, -1, 1, 0], [0, -1, 1, 1]], [[0, 1, 0, 1], [0, 0, 0, 0]])
    np.testing.assert_array_equal(scores.values, [0, np.nan, 0, 0])
    np.testing.assert_array_equal(scores.defined, [False, False, True, True])
    np.testing.assert_array_equal(scores.count, [2, 0, 2, 2])


@pytest.mark.parametrize(("target", "decision"), [([0, 0], [0, 1]), ([0, 1], [1, 1]), ([1, 1], [1, 1])])
def test_mcc_of_constants_is_undefined(target, decision):
    scores = mcc(target, decision)
    assert np.isnan(scores.values)
    assert not scores.defined


def test_macro_f1_is_flagged_where_a_class_is_undefined():
    scores = f1_macro([1, 1], [1, 1])
    assert float(scores) == 0.5
    assert not scores.defined


def test_mcc_of_large_counts_does_not_overflow():
    many = 3_000_000_000
    assert float(Confusion(*np.array([many, 0, 0, many])).mcc()) == pytest.approx(1)


def test_one_au_gives_one_number():
    assert f1([0, 1], [1, 1]).values.shape == ()
    assert f1([[0], [1]], [[1], [1]]).values.shape == (1,)
    with pytest.raises(UsageError, match="not one number"):
        float(f1([[0, 1]], [[0, 1]]))
    with pytest.raises(UsageError, match="no sum over AUs"):
        f1_micro([0, 1], [1, 1])


def test_the_kinds_of_arrays_do_not_matter():
    target, decision = np.array([1, 0, 1, -1]), np.array([1, 1, 0, 1])
    floats = np.array([1, 0, 1, np.nan], np.float32)
    expected = float(f1(target, decision))
    assert float(f1(floats, decision.astype(bool))) == expected
    assert float(f1(target.astype(np.int8), decision.astype(np.float64))) == expected
    assert float(f1(target.tolist(), decision.astype(np.uint8))) == expected


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 500), st.integers(0, 500), st.integers(0, 20))
def test_always_positive_baseline(positive, negative, unknown):
    target = np.repeat([1, 0, -1], [positive, negative, unknown])
    rate = positive / (positive + negative)
    assert float(always_positive_f1(target)) == pytest.approx(2 * rate / (1 + rate), abs=1e-12)


def test_bp4d_baseline_is_roughly_48():
    rates = [0.19, 0.15, 0.21, 0.46, 0.59, 0.59, 0.56, 0.47, 0.18, 0.36, 0.17, 0.15]  # protocol.md, section 3
    target = np.arange(10_000)[:, None] < np.array(rates) * 10_000
    assert 100 * always_positive_f1(target).values.mean() == pytest.approx(48, abs=1.5)


@pytest.mark.parametrize("counts", [([1], [1], [1], [-1]), ([1], [1], [1], [0.5]), ([1], [1], [1], [1, 2])])
def test_counts_that_are_none_are_refused(counts):
    with pytest.raises(UsageError):
        Confusion(*map(np.array, counts))
