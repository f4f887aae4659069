"""Every twin against its pure function."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actionunits import metrics
from actionunits.errors import UsageError

seeds = st.integers(0, 2**32 - 1)
OCCURRENCE = [
    (metrics.F1, metrics.f1),
    (metrics.F1Macro, metrics.f1_macro),
    (metrics.F1Micro, metrics.f1_micro),
    (metrics.Accuracy, metrics.accuracy),
    (metrics.MCC, metrics.mcc),
]
RANKING = [(metrics.AUROC, metrics.auroc), (metrics.AveragePrecision, metrics.average_precision)]
INTENSITY = [
    (metrics.ICC31, metrics.icc31),
    (metrics.PCC, metrics.pcc),
    (metrics.CCC, metrics.ccc),
    (metrics.MAE, metrics.mae),
    (metrics.MSE, metrics.mse),
    (metrics.BlandAltman, metrics.bland_altman),
]
TWINS = OCCURRENCE + RANKING + INTENSITY + [(metrics.CohenKappa, metrics.cohen_kappa)]
every_twin = pytest.mark.parametrize(("twin", "function"), TWINS, ids=[each.__name__ for each, _ in TWINS])


@pytest.fixture(scope="session")
def frames(occurrence, intensity):
    """A function: labels, what the twin takes, and what the function takes."""

    def draw(twin, seed):
        chosen = intensity if twin in dict(INTENSITY) else occurrence
        target, prediction = chosen(seed, 80)
        if twin is metrics.CohenKappa:
            prediction = metrics.decide(prediction)
        return target, prediction, metrics.decide(prediction) if twin in dict(OCCURRENCE) else prediction

    return draw


def assert_same(found, expected):
    for field in fields(expected):
        if field.name != "treatment":
            np.testing.assert_allclose(getattr(found, field.name), getattr(expected, field.name), rtol=0, atol=1e-12)


def test_every_metric_has_a_twin():
    twins = {name for name in metrics.__all__ if isinstance(getattr(metrics, name), type)}
    twins = {name for name in twins if issubclass(getattr(metrics, name), metrics.Metric)} - {"Metric"}
    assert twins == {each.__name__ for each, _ in TWINS}


@every_twin
@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_batches_of_any_size_and_order_give_what_the_function_gives(frames, twin, function, seed):
    target, given_to_twin, given_to_function = frames(twin, seed)
    rng = np.random.default_rng(seed)
    batches = np.split(rng.permutation(len(target)), np.sort(rng.integers(0, len(target) + 1, 6)))
    metric = twin()
    for batch in batches:
        metric.update(target[batch], given_to_twin[batch])
    assert_same(metric.compute(), function(target, given_to_function))


@every_twin
@settings(max_examples=20, deadline=None)
@given(seed=seeds, cut=st.integers(1, 79))
def test_merged_is_one_pass(frames, twin, function, seed, cut):
    target, given_to_twin, given_to_function = frames(twin, seed)
    here, there, nowhere = twin(), twin(), twin()
    here.update(target[:cut], given_to_twin[:cut])
    there.update(target[cut:], given_to_twin[cut:])
    expected_there = there.compute()
    here.merge(there)
    here.merge(nowhere)
    nowhere.merge(here)
    assert_same(here.compute(), function(target, given_to_function))
    assert_same(nowhere.compute(), here.compute())
    assert_same(there.compute(), expected_there)


@every_twin
def test_reset_forgets(frames, twin, function):
    target, given_to_twin, given_to_function = frames(twin, 5)
    metric = twin()
    metric.update(*frames(twin, 6)[:2])
    metric.reset()
    with pytest.raises(UsageError, match="Call update first"):
        metric.compute()
    metric.update(target, given_to_twin)
    assert_same(metric.compute(), function(target, given_to_function))


@every_twin
def test_a_refused_batch_changes_nothing(frames, twin, function):
    target, given_to_twin, given_to_function = frames(twin, 7)
    metric = twin()
    metric.update(target, given_to_twin)
    with pytest.raises(UsageError):
        metric.update(target[:, :2], given_to_twin[:, :2])
    with pytest.raises(UsageError):
        metric.update(np.full(3, 9), np.zeros(3))
    assert_same(metric.compute(), function(target, given_to_function))


def test_threshold_of_logits():
    metric = metrics.F1(threshold=0.0)
    metric.update([1, 0, 1], [0.0, -0.1, 0.3])
    assert float(metric.compute()) == 1


def test_the_mean_of_batches_would_be_wrong():
    """Protocol pitfall 8: F1 per batch, then averaged."""
    metric = metrics.F1()
    batches = [([1, 1], [1, 0]), ([0, 0, 1], [1, 1, 1])]
    for batch in batches:
        metric.update(*batch)
    mean = np.mean([float(metrics.f1(*batch)) for batch in batches])
    assert float(metric.compute()) == pytest.approx(4 / 7)
    assert mean != pytest.approx(4 / 7)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (metrics.F1(), metrics.MCC()),
        (metrics.F1(0.5), metrics.F1(0.4)),
        (metrics.CohenKappa("none"), metrics.CohenKappa("linear")),
    ],
)
def test_different_metrics_do_not_merge(one, other):
    with pytest.raises(UsageError, match="Merge equal ones"):
        one.merge(other)


def test_collection(occurrence):
    target, probability = occurrence(2)
    made = [metrics.Metrics({"f1": metrics.F1(), "auroc": metrics.AUROC()}) for _ in range(2)]
    made[0].update(target[:30], probability[:30])
    made[1].update(target[30:], probability[30:])
    made[0].merge(made[1])
    found = made[0].compute()
    assert_same(found["f1"], metrics.f1(target, metrics.decide(probability)))
    assert_same(found["auroc"], metrics.auroc(target, probability))
    made[0].reset()
    with pytest.raises(UsageError):
        made[0].compute()
    with pytest.raises(UsageError, match="auroc"):
        made[1].merge(metrics.Metrics({"f1": metrics.F1()}))
