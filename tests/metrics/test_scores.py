import numpy as np
import pytest

from actionunits.errors import UsageError
from actionunits.metrics import Scores, average, f1, fold_mean, icc31, pcc


def make_scores(values, defined=None, count=None, treatment="zero"):
    values = np.array(values, float)
    defined = ~np.isnan(values) if defined is None else np.array(defined)
    count = np.full(values.shape, 10) if count is None else np.array(count)
    return Scores(values, defined, count, treatment)


def test_average_is_the_mean_over_aus():
    assert average(make_scores([0.2, 0.4, 0.9])) == pytest.approx(0.5)
    assert average(make_scores(0.3)) == 0.3


@pytest.mark.parametrize(
    ("treatment", "expected"), [("zero", (0.6 + 0.5 + 0 + 0) / 4), ("skip", 0.6)], ids=["zero", "skip"]
)
def test_what_undefined_scores_do(treatment, expected):
    values, defined = [0.6, 0.5, 0.0, np.nan], [True, False, False, False]
    assert average(make_scores(values, defined), treatment) == pytest.approx(expected)
    assert average(make_scores(values, defined, treatment=treatment)) == pytest.approx(expected)


def test_an_au_without_frames_never_counts():
    scores = make_scores([0.6, np.nan], count=[10, 0])
    assert average(scores, "zero") == average(scores, "skip") == 0.6


def test_nothing_left_is_nan():
    assert np.isnan(average(make_scores([np.nan, np.nan]), "skip"))
    assert np.isnan(average(make_scores([np.nan], count=[0]), "zero"))


def test_a_collapsed_model_does_not_profit():
    target = np.array([[0, 1], [3, 2], [5, 0]])
    half_dead = np.array([[0.0, 2.0], [3.0, 2.0], [5.0, 2.0]])
    assert average(pcc(target, half_dead)) == pytest.approx(0.5)
    assert average(icc31(target, half_dead)) == pytest.approx(0.5)


def test_fold_mean_is_the_mean_of_the_folds_scores():
    folds = [make_scores([0.2, 0.8]), make_scores([0.4, 0.8]), make_scores([0.9, 0.2])]
    found = fold_mean(folds)
    np.testing.assert_allclose(found.values, [0.5, 0.6])
    np.testing.assert_array_equal(found.count, [30, 30])
    assert found.defined.all()


def test_fold_mean_counts_an_undefined_f1_as_nought_and_says_so():
    folds = [f1([0, 0], [0, 0]), f1([1, 0], [1, 0])]
    assert float(fold_mean(folds)) == 0.5
    assert not fold_mean(folds).defined
    assert float(fold_mean(folds, "skip")) == 1
    assert fold_mean(folds, "skip").defined


def test_fold_mean_leaves_out_a_fold_that_does_not_code_the_au():
    folds = [f1([[-1, 1]], [[1, 1]]), f1([[1, 1]], [[1, 0]])]
    found = fold_mean(folds)
    np.testing.assert_array_equal(found.values, [1, 0.5])
    assert found.defined.all()


def test_refusals():
    with pytest.raises(UsageError, match="zero or skip"):
        average(make_scores([0.1]), "drop")
    with pytest.raises(UsageError, match="fold_mean first"):
        average(make_scores([[0.1], [0.2]]))
    with pytest.raises(UsageError, match="no fold"):
        fold_mean([])
    with pytest.raises(UsageError, match="different numbers"):
        fold_mean([make_scores([0.1]), make_scores([0.1, 0.2])])
