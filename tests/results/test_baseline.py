"""Baselines: the three spellings, and resting scores against NumPy's median."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actionunits.errors import ResultsError, UsageError
from actionunits.results import Baseline


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", Baseline("none")),
        ("median", Baseline("median")),
        (" Median ", Baseline("median")),
        ("neutral:0-5", Baseline("neutral", 0, 5)),
        ("neutral:1.5-2.25", Baseline("neutral", 1.5, 2.25)),
        ("neutral:.5-1.", Baseline("neutral", 0.5, 1)),
        ("neutral: 3 - 4", Baseline("neutral", 3, 4)),
    ],
)
def test_parse(text, expected):
    assert Baseline.parse(text) == expected
    assert Baseline.parse(str(expected)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mean",
        "neutral",
        "neutral:",
        "neutral:5",
        "neutral:5-5",
        "neutral:5-2",
        "neutral:-1-2",
        "neutral:1e0-2",
        "neutral:a-b",
        "neutral:0-nan",
        "neutral:0-inf",
        "median:0-1",
        "neutral:0-1-2",
        "neutral:٠-٢",
        "neutral:0.1.2-3",
    ],
)
def test_parse_teaches_the_three_forms(text):
    with pytest.raises(UsageError, match=r"none, median, or neutral:START-END in seconds"):
        Baseline.parse(text)


@pytest.mark.parametrize("words", [("mean",), ("none", 0, 1), ("median", 0, None), ("neutral", 0, None), ("neutral",)])
def test_impossible_baselines_cannot_be_built(words):
    with pytest.raises(UsageError, match="neutral:START-END"):
        Baseline(*words)


@settings(deadline=None)
@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_text_round_trips(one, other):
    if one != other:
        baseline = Baseline("neutral", min(one, other), max(one, other))
        assert Baseline.parse(str(baseline)) == baseline


scores = np.array([[0, 5], [1, 5], [2, np.nan], [9, 1], [np.nan, np.nan]], np.float32)  # (T=5, A=2)
times = np.array([0, 0.5, 1, 1.5, 2])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", [0, 0]),
        ("median", [1.5, 5]),
        ("neutral:0-1", [1, 5]),  # both ends count
        ("neutral:0.4-0.6", [1, 5]),
        ("neutral:1-1.2", [2, np.nan]),
        ("neutral:1.5-99", [9, 1]),
    ],
)
def test_resting(text, expected):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        resting = Baseline.parse(text).resting(scores, times)
    np.testing.assert_array_equal(resting, expected)
    assert resting.dtype == scores.dtype


def test_median_is_numpys():
    random = np.random.default_rng(0).random((31, 4))
    np.testing.assert_array_equal(Baseline("median").resting(random, np.arange(31)), np.median(random, axis=0))


@pytest.mark.parametrize("text", ["neutral:3-4", "neutral:1.9-2.1", "neutral:0.6-0.9"])
def test_span_without_the_face_is_an_error_that_says_where_it_is(text):
    with pytest.raises(ResultsError, match=rf"baseline {text}: .*from 0 s to 1.5 s"):
        Baseline.parse(text).resting(scores, times)


@pytest.mark.parametrize("text", ["median", "neutral:0-1"])
def test_face_without_scores_is_an_error(text):
    with pytest.raises(ResultsError, match="no frame with scores"):
        Baseline.parse(text).resting(np.full((3, 2), np.nan), np.arange(3.0))


def test_shapes_must_fit():
    with pytest.raises(ValueError, match=r"\(T, A\)"):
        Baseline("median").resting(scores, times[:2])
