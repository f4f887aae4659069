"""Against scikit-learn on the known frames, one AU at a time, ties included."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu
from sklearn import metrics as reference

from actionunits.errors import UsageError
from actionunits.metrics import Ranking, auroc, average_precision

seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [(auroc, reference.roc_auc_score), (average_precision, reference.average_precision_score)],
    ids=["auroc", "average_precision"],
)
@settings(max_examples=40, deadline=None)
@given(seed=seeds, frames=st.integers(2, 150), decimals=st.integers(0, 3))
def test_agrees_with_scikit_learn(occurrence, metric, expected, seed, frames, decimals):
    target, probability = occurrence(seed, frames)
    probability = np.round(probability, decimals)
    scores = metric(target, probability)
    for au, (value, defined) in enumerate(zip(scores.values, scores.defined, strict=True)):
        known = target[:, au] >= 0
        truth = target[known, au]
        needed = {1} if metric is average_precision else {0, 1}
        assert defined == (needed <= set(truth.tolist()))
        if defined:
            assert value == pytest.approx(expected(truth, probability[known, au]), abs=1e-12)
        else:
            assert np.isnan(value)


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_auroc_is_mann_whitney(occurrence, seed):
    target, score = occurrence(seed, 80, 1, unknown=0)
    present, absent = score[target == 1], score[target == 0]
    if len(present) and len(absent):
        u = mannwhitneyu(present, absent).statistic
        assert float(auroc(target, score)) == pytest.approx(u / len(present) / len(absent), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_only_the_order_counts(occurrence, seed):
    target, score = occurrence(seed)
    for metric in (auroc, average_precision):
        np.testing.assert_array_equal(metric(target, score).values, metric(target, np.exp(3 * score) - 9).values)


def test_logits_may_be_infinite():
    assert float(auroc([0, 1, 1], [-np.inf, 0.0, np.inf])) == 1


def test_constant_scores_are_chance():
    target = np.array([0, 1, 1, 0, 1])
    assert float(auroc(target, np.zeros(5))) == 0.5
    assert float(average_precision(target, np.zeros(5))) == pytest.approx(0.6)


def test_no_frames():
    for metric in (auroc, average_precision):
        assert np.isnan(metric(np.zeros((0, 2), int), np.zeros((0, 2))).values).all()


def test_undefined_is_left_out_of_averages():
    assert Ranking.of([0, 0], [0.1, 0.2]).auroc().treatment == "skip"


def test_intensities_are_refused():
    with pytest.raises(UsageError, match="labelled 0 or 1"):
        auroc([0, 3], [0.1, 0.2])
