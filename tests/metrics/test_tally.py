"""What every tally promises: sums are unions, order and unknown frames do not matter, resamples are repetitions."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actionunits.errors import UsageError
from actionunits.metrics import Confusion, CrossTable, Moments, Ranking, average, f1, fold_mean, tally_by, total

seeds = st.integers(0, 2**32 - 1)
CASES = {
    "f1": (Confusion, Confusion.f1),
    "f1_macro": (Confusion, Confusion.f1_macro),
    "f1_micro": (Confusion, Confusion.f1_micro),
    "accuracy": (Confusion, Confusion.accuracy),
    "mcc": (Confusion, Confusion.mcc),
    "auroc": (Ranking, Ranking.auroc),
    "average_precision": (Ranking, Ranking.average_precision),
    "icc31": (Moments, Moments.icc31),
    "pcc": (Moments, Moments.pcc),
    "ccc": (Moments, Moments.ccc),
    "mae": (Moments, Moments.mae),
    "mse": (Moments, Moments.mse),
    "bland_altman": (Moments, Moments.bland_altman),
    "kappa": (CrossTable, lambda table: table.cohen_kappa("quadratic")),
}
every_case = pytest.mark.parametrize(("tally", "score"), CASES.values(), ids=CASES)


def draw(tally, seed, frames=60):
    """(N, 3) labels and predictions that the tally takes; a column with few known frames, and often a constant one."""
    rng = np.random.default_rng(seed)
    high = 5 if tally in (Moments, CrossTable) else 1
    target = rng.integers(0, high + 1, (frames, 3))
    target[:, 1] = np.where(rng.random(frames) < 0.9, target[0, 1] if frames else 0, target[:, 1])
    prediction = np.where(rng.random((frames, 3)) < 0.6, target, rng.integers(0, high + 1, (frames, 3)))
    if tally in (Moments, Ranking):
        prediction = prediction + np.round(rng.normal(size=(frames, 3)), 1)
    target[rng.random((frames, 3)) < (0.1, 0.2, 0.8)] = -1
    return target, prediction


def assert_same(found, expected, place=slice(None), tolerance=1e-12):
    assert type(found) is type(expected)
    for field in fields(expected):
        if field.name != "treatment":
            np.testing.assert_allclose(
                getattr(found, field.name)[place], getattr(expected, field.name), rtol=0, atol=tolerance
            )


@every_case
@settings(max_examples=20, deadline=None)
@given(seed=seeds, cut=st.integers(0, 60))
def test_a_sum_is_the_union(tally, score, seed, cut):
    target, prediction = draw(tally, seed)
    parts = tally.of(target[:cut], prediction[:cut]), tally.of(target[cut:], prediction[cut:])
    whole = score(tally.of(target, prediction))
    assert_same(score(parts[0] + parts[1]), whole, ...)
    assert_same(score(parts[1] + parts[0]), whole, ...)


@every_case
@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_order_does_not_matter(tally, score, seed):
    target, prediction = draw(tally, seed)
    order = np.random.default_rng(seed).permutation(len(target))
    assert_same(score(tally.of(target[order], prediction[order])), score(tally.of(target, prediction)), ...)


@every_case
@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_unknown_frames_do_not_matter(tally, score, seed):
    """Whatever the prediction where the label is unknown, and whatever the label where the prediction is."""
    target, prediction = draw(tally, seed)
    expected = score(tally.of(target, prediction))
    other = np.where(target < 0, prediction[::-1], prediction)
    assert_same(score(tally.of(target, other)), expected, ...)
    swapped = np.where(target < 0, np.nan, prediction)
    labels = np.where(target < 0, target[::-1], target)
    assert_same(score(tally.of(labels, swapped)), expected, ...)


@every_case
@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_aus_do_not_see_each_other(tally, score, seed):
    if score is Confusion.f1_micro:
        return
    target, prediction = draw(tally, seed)
    whole = score(tally.of(target, prediction))
    for au in range(3):
        alone = score(tally.of(target[:, au], prediction[:, au]))
        for field in fields(alone):
            if field.name != "treatment":
                np.testing.assert_array_equal(getattr(whole, field.name)[au], getattr(alone, field.name))


@every_case
@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_a_resample_is_a_repetition_of_its_parts(tally, score, seed):
    rng = np.random.default_rng(seed)
    blocks = [draw(tally, int(rng.integers(2**32)), int(rng.integers(0, 25))) for _ in range(5)]
    blocks[2] = draw(tally, 1, 40)
    times = rng.integers(0, 3, (4, 5))
    times[:, 2] = 1
    drawn = score(tally.resampled([tally.of(*block) for block in blocks], times))
    for row, repeats in enumerate(times):
        target, prediction = (
            np.concatenate([blocks[part][side] for part in np.repeat(np.arange(5), repeats)]) for side in (0, 1)
        )
        assert_same(drawn, score(tally.of(target, prediction)), row, 1e-10)


@pytest.mark.parametrize("constant", [0.1, 1 / 3, 2.7])
def test_a_resample_of_constants_does_not_vary(constant):
    still = Moments.of(np.full(7, constant), np.full(7, constant))
    other = Moments.of(np.full(9, 2 * constant), np.full(9, constant))
    drawn = Moments.resampled([still, other], np.array([[3, 0], [0, 2], [1, 1]]))
    np.testing.assert_array_equal(drawn.icc31().defined, [False, False, True])
    np.testing.assert_array_equal(drawn.ccc().defined, [False, True, True])
    np.testing.assert_array_equal(drawn.pcc().defined, [False, False, False])


@every_case
def test_other_numbers_of_aus_are_not_added(tally, score):
    target, prediction = draw(tally, 0)
    with pytest.raises(UsageError, match="different AUs"):
        tally.of(target, prediction) + tally.of(target[:, :2], prediction[:, :2])


def test_tally_by_splits_frames():
    target, prediction = draw(Confusion, 3)
    subjects = np.random.default_rng(0).choice(["F002", "F001", "M001"], len(target))
    tallies = tally_by(subjects, Confusion.of, target, prediction)
    assert list(tallies) == ["F001", "F002", "M001"]
    for subject, each in tallies.items():
        mine = subjects == subject
        assert_same(each.f1(), f1(target[mine], prediction[mine]), ...)
    assert_same(total(tallies.values()).f1(), f1(target, prediction), ...)


def test_fold_mean_and_pooled_differ_as_they_should():
    """Two folds by hand: 1 of 1 found, and 1 of 10 found."""
    folds = tally_by([1] * 2 + [2] * 10, Confusion.of, [1, 0] + [1] * 10, [1, 0] + [1] + [0] * 9)
    assert average(fold_mean([each.f1() for each in folds.values()])) == pytest.approx((1 + 2 / 11) / 2)
    assert average(total(folds.values()).f1()) == pytest.approx(4 / 13)


def test_refusals():
    with pytest.raises(UsageError, match="nothing to add"):
        total([])
    with pytest.raises(UsageError, match="lengths"):
        tally_by(["a"], Confusion.of, [0, 1], [0, 1])
