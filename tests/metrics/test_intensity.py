"""Against the ANOVA form of ICC, scipy and scikit-learn on the known frames, one AU at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr
from sklearn import metrics as reference

from actionunits.metrics import bland_altman, ccc, icc31, mae, mse, pcc

seeds = st.integers(0, 2**32 - 1)


def icc31_anova(target, prediction):
    """Shrout & Fleiss 1979: (BMS - EMS) / (BMS + (k - 1) EMS), k = 2 raters."""
    ratings = np.stack([target, prediction], axis=1)
    frames, raters = ratings.shape
    of_frame, of_rater = ratings.mean(axis=1, keepdims=True), ratings.mean(axis=0, keepdims=True)
    between = raters * np.sum((of_frame - ratings.mean()) ** 2) / (frames - 1)
    error = np.sum((ratings - of_frame - of_rater + ratings.mean()) ** 2) / ((frames - 1) * (raters - 1))
    return (between - error) / (between + (raters - 1) * error)


def ccc_by_hand(target, prediction):
    """Lin 1989, with population moments."""
    covariance = np.mean((target - target.mean()) * (prediction - prediction.mean()))
    return 2 * covariance / (target.var() + prediction.var() + (target.mean() - prediction.mean()) ** 2)


REFERENCES = [
    (icc31, icc31_anova),
    (pcc, lambda t, p: pearsonr(t, p).statistic),
    (ccc, ccc_by_hand),
    (mae, reference.mean_absolute_error),
    (mse, reference.mean_squared_error),
]


@pytest.mark.parametrize(("metric", "expected"), REFERENCES, ids=[each.__name__ for each, _ in REFERENCES])
@settings(max_examples=40, deadline=None)
@given(seed=seeds, frames=st.integers(20, 150), offset=st.sampled_from([0, 1000]))
def test_agrees_with_the_reference(intensity, metric, expected, seed, frames, offset):
    target, prediction = intensity(seed, frames)
    labels = np.where(target < 0, np.nan, target + float(offset))
    scores = metric(labels, prediction + offset)
    for au in range(target.shape[1]):
        known = target[:, au] >= 0
        value = expected(target[known, au].astype(float), prediction[known, au])
        assert scores.values[au] == pytest.approx(value, abs=1e-9 if offset else 1e-12)
    assert scores.defined.all()


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_bland_altman(intensity, seed):
    target, prediction = intensity(seed)
    limits = bland_altman(target, prediction)
    for au in range(target.shape[1]):
        apart = (prediction - target)[target[:, au] >= 0, au]
        assert limits.bias[au] == pytest.approx(apart.mean(), abs=1e-12)
        assert limits.sd[au] == pytest.approx(apart.std(ddof=1), abs=1e-12)
        assert limits.upper[au] - limits.lower[au] == pytest.approx(2 * 1.96 * apart.std(ddof=1))
        assert limits.count[au] == len(apart)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, shift=st.floats(-5, 5), scale=st.floats(0.5, 3))
def test_what_each_forgives(intensity, seed, shift, scale):
    target, prediction = intensity(seed)
    np.testing.assert_allclose(icc31(target, prediction + shift).values, icc31(target, prediction).values, atol=1e-9)
    np.testing.assert_allclose(
        pcc(target, prediction * scale + shift).values, pcc(target, prediction).values, atol=1e-9
    )
    assert (np.abs(ccc(target, prediction).values) <= np.abs(icc31(target, prediction).values) + 1e-12).all()


@pytest.mark.parametrize("constant", [0.0, 0.1, 1 / 3, 4.7])
def test_sides_that_do_not_vary(constant):
    still, moving = np.full(77, constant), np.linspace(0, 5, 77)
    both = icc31(still, still + 1)
    assert float(both) == 0
    assert not both.defined
    assert float(icc31(moving, still)) == 0
    assert icc31(moving, still).defined
    for target, prediction in ((still, moving), (moving, still), (still, still)):
        assert np.isnan(pcc(target, prediction).values)
        assert not pcc(target, prediction).defined
    assert np.isnan(ccc(still, still).values)
    assert float(ccc(still, still + 1)) == 0
    assert float(mse(still, still)) == 0


@pytest.mark.parametrize("frames", [0, 3])
def test_without_a_known_frame_all_is_nan(frames):
    unknown = np.full((frames, 2), -1)
    for metric, _ in REFERENCES:
        scores = metric(unknown, np.zeros((frames, 2)))
        assert np.isnan(scores.values).all()
        assert not scores.defined.any()
    limits = bland_altman(unknown, np.zeros((frames, 2)))
    assert np.isnan(limits.bias).all()
    assert not limits.defined.any()


def test_one_frame():
    assert float(mae([3], [1.0])) == 2
    assert float(icc31([3], [1.0])) == 0
    limits = bland_altman([3], [1.0])
    assert float(limits.bias) == -2
    assert np.isnan(limits.sd)


def test_perfect_prediction():
    target = np.array([0, 1, 5, 2, -1])
    for metric in (icc31, pcc, ccc):
        assert float(metric(target, target.astype(float))) == pytest.approx(1, abs=1e-15)


def test_correlation_never_leaves_its_range():
    values = np.random.default_rng(0).normal(size=(1000, 200))
    assert (np.abs(pcc(values, values * 0.1).values) <= 1).all()
