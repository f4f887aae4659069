import numpy as np
import pytest

from actionunits.errors import UsageError
from actionunits.metrics import Confusion, Moments, coverage, decide, f1, mae


def test_decide_thresholds_floats_and_keeps_decisions():
    np.testing.assert_array_equal(decide([0.5, 0.49999, 1.0, np.nan]), [1, 0, 1, -1])
    np.testing.assert_array_equal(decide([-0.1, 0.0], threshold=0.0), [0, 1])
    np.testing.assert_array_equal(decide(np.array([0, 1, -1], np.int8), threshold=0.0), [0, 1, -1])
    np.testing.assert_array_equal(decide(np.array([True, False])), [1, 0])


def test_half_is_half_in_single_precision():
    assert decide(np.array([0.5], np.float32)) == [1]


def test_coverage_tells_the_two_reasons_apart():
    target = np.array([[1, -1], [0, -1], [-1, 1], [1, 0]])
    found = coverage(target, [[0.1, np.nan], [np.nan, 0.2], [0.3, 0.3], [0.9, 0.1]])
    np.testing.assert_array_equal(found.used, [2, 2])
    np.testing.assert_array_equal(found.unlabelled, [1, 2])
    np.testing.assert_array_equal(found.unpredicted, [1, 0])


@pytest.mark.parametrize("metric", [f1, mae])
def test_the_code_nine_is_refused(metric):
    with pytest.raises(UsageError, match="Write the code 9 as -1"):
        metric(np.array([0, 9, 1]), np.array([0, 1, 1]))


@pytest.mark.parametrize("metric", [f1, mae])
def test_unknown_cast_to_float_is_refused(metric):
    with pytest.raises(UsageError, match="-1 as a float"):
        metric(np.array([0.0, -1.0, 1.0]), np.array([0.0, 1.0, 1.0]))


def test_a_prediction_of_minus_one_is_a_number():
    assert float(mae([0.0], [-1.0])) == 1


@pytest.mark.parametrize(
    ("target", "prediction"),
    [
        ([0, 1], [0, 1, 1]),
        ([[0, 1]], [0, 1]),
        (1, 1),
        (np.zeros((3, 0), int), np.zeros((3, 0), int)),
        (np.zeros((2, 2, 2), int), np.zeros((2, 2, 2), int)),
        (["0", "1"], [0, 1]),
        ([0, None], [0, 1]),
    ],
)
def test_arrays_that_do_not_pair_are_refused(target, prediction):
    for count in (Confusion.of, Moments.of):
        with pytest.raises(UsageError):
            count(target, prediction)


@pytest.mark.parametrize(("target", "decision"), [([0, 2], [0, 1]), ([0, 1], [0.5, 1.0]), ([0.5, 1.0], [0, 1])])
def test_only_zero_and_one_are_occurrence(target, decision):
    with pytest.raises(UsageError, match="0 or 1"):
        f1(target, decision)


def test_infinite_values_are_refused():
    with pytest.raises(UsageError, match="finite"):
        mae([0.0, 1.0], [np.inf, 1.0])
