import numpy as np
import pytest

from actionunits.errors import UsageError
from actionunits.metrics import Confusion, Moments, Ranking, average, bootstrap, compare, f1, fold_mean, tally_by


def make_run(seed, subjects=30, frames=40, aus=3, skill=0.7, spread=0.1):
    """Subjects (N,), labels and decisions (N, A); people differ in their rates and in how well they are read."""
    rng = np.random.default_rng(seed)
    names = np.repeat([f"S{number:03d}" for number in range(subjects)], frames)
    rate = np.repeat(rng.beta(2, 3, (subjects, aus)), frames, axis=0)
    right = np.repeat(np.clip(rng.normal(skill, spread, (subjects, aus)), 0, 1), frames, axis=0)
    target = (rng.random(rate.shape) < rate).astype(int)
    return names, target, np.where(rng.random(rate.shape) < right, target, 1 - target)


def by_subject(run):
    names, target, decision = run
    return tally_by(names, Confusion.of, target, decision)


def test_resamples_are_those_of_a_slow_loop():
    """The same draws, made frame by frame."""
    names, target, decision = make_run(0, subjects=12)
    found = bootstrap(by_subject((names, target, decision)), Confusion.f1, resamples=60, seed=4, level=0.9)
    times = np.random.default_rng(4).multinomial(12, np.full(12, 1 / 12), size=60)
    subjects = np.unique(names)
    drawn = []
    for row in times:
        rows = np.concatenate([np.flatnonzero(names == name) for name in np.repeat(subjects, row)])
        drawn.append(f1(target[rows], decision[rows]))
    values = np.stack([each.values for each in drawn])
    np.testing.assert_allclose(found.per_au.low, np.quantile(values, 0.05, axis=0), atol=1e-12)
    np.testing.assert_allclose(found.per_au.high, np.quantile(values, 0.95, axis=0), atol=1e-12)
    np.testing.assert_allclose(found.average.low, np.quantile([average(each) for each in drawn], 0.05), atol=1e-12)
    np.testing.assert_allclose(found.scores.values, f1(target, decision).values)
    assert float(found.average.value) == pytest.approx(average(f1(target, decision)))


def test_with_folds_the_score_is_the_mean_over_folds_and_draws_stay_in_their_fold():
    parts = by_subject(make_run(1, subjects=9))
    folds = {subject: number % 3 for number, subject in enumerate(sorted(parts))}
    found = bootstrap(parts, Confusion.f1, folds=folds, resamples=40)
    per_fold = []
    for fold in range(3):
        members = [parts[subject] for subject in parts if folds[subject] == fold]
        per_fold.append((members[0] + members[1] + members[2]).f1())
    np.testing.assert_allclose(found.scores.values, fold_mean(per_fold).values, atol=1e-12)
    assert float(found.average.value) == pytest.approx(average(fold_mean(per_fold)))
    alike = {subject: parts[sorted(parts)[folds[subject]]] for subject in parts}  # no spread inside a fold
    still = bootstrap(alike, Confusion.f1, folds=folds, resamples=40)
    np.testing.assert_allclose(still.per_au.low, still.per_au.high, atol=1e-12)


def test_one_au_and_a_score_over_aus():
    names, target, decision = make_run(2)
    alone = tally_by(names, Confusion.of, target[:, 0], decision[:, 0])
    found = bootstrap(alone, Confusion.f1, resamples=50)
    assert found.per_au.low.shape == ()
    assert float(found.average.low) == float(found.per_au.low)
    assert found.per_au.low < found.scores.values < found.per_au.high
    micro = bootstrap(by_subject((names, target, decision)), Confusion.f1_micro, resamples=50)
    assert micro.per_au.low.shape == ()
    with pytest.raises(UsageError, match="no sum over AUs"):
        bootstrap(alone, Confusion.f1_micro)


@pytest.mark.parametrize(("tally", "score"), [(Moments, Moments.icc31), (Ranking, Ranking.auroc)])
def test_other_tallies(tally, score):
    names, target, decision = make_run(3, subjects=10, frames=15)
    noisy = decision + np.random.default_rng(0).normal(0, 0.3, decision.shape)
    found = bootstrap(tally_by(names, tally.of, target, noisy), score, resamples=80)
    assert (found.per_au.low < found.scores.values).all()
    assert (found.scores.values < found.per_au.high).all()
    assert (found.without_value == 0).all()


def test_resamples_without_a_value_are_left_out_and_counted():
    """Only one of four people shows the AU: (3/4)^4 of the resamples lack it."""
    names = np.repeat(["a", "b", "c", "d"], 5)
    target = np.where(names == "a", [1, 0, 1, 0, 1] * 4, 0)
    score = np.random.default_rng(0).random(20)
    found = bootstrap(tally_by(names, Ranking.of, target, score), Ranking.auroc, resamples=2000)
    assert float(found.without_value) == pytest.approx(0.75**4, abs=0.04)
    assert found.per_au.low <= found.per_au.high
    never = bootstrap(tally_by(names, Ranking.of, np.zeros(20, int), score), Ranking.auroc, resamples=20)
    assert np.isnan(never.per_au.low)
    assert np.isnan(never.scores.values)


def test_the_seed_decides_and_the_order_does_not():
    parts = by_subject(make_run(4))
    turned = dict(reversed(parts.items()))
    first, again, other = (
        bootstrap(each, Confusion.f1, resamples=100, seed=seed) for each, seed in ((parts, 1), (turned, 1), (parts, 2))
    )
    np.testing.assert_array_equal(first.per_au.low, again.per_au.low)
    assert (first.per_au.low != other.per_au.low).any()
    one, two = (compare(each, by_subject(make_run(5)), Confusion.f1, resamples=100) for each in (parts, turned))
    np.testing.assert_array_equal(one.p, two.p)
    np.testing.assert_array_equal(one.per_au.high, two.per_au.high)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    """Accuracy, whose true value is known: the mean skill; frames of a person are alike."""
    held = []
    for seed in range(300):
        parts = by_subject(make_run(seed, subjects=40, frames=20, aus=1, spread=0.08))
        found = bootstrap(parts, Confusion.accuracy, resamples=300, seed=seed)
        held.append(found.per_au.low[0] <= 0.7 <= found.per_au.high[0])
    assert 0.90 <= np.mean(held) <= 0.98


def test_chance_differences_are_found_about_as_often_as_they_should():
    significant = []
    for seed in range(300):
        names, target, first = make_run(seed, subjects=16, frames=20, aus=1)
        second = np.where(np.random.default_rng([seed, 1]).random(target.shape) < 0.7, target, 1 - target)
        swap = np.repeat(np.random.default_rng([seed, 2]).integers(0, 2, 16), 20)[:, None] == 1
        runs = np.where(swap, second, first), np.where(swap, first, second)
        tallies = [tally_by(names, Confusion.of, target, run) for run in runs]
        significant.append(compare(*tallies, Confusion.f1, resamples=199, seed=seed).p[0] <= 0.05)
    assert np.mean(significant) == pytest.approx(0.05, abs=0.035)


def test_a_real_difference_is_found_and_has_its_sign():
    names, target, worse = make_run(6)
    better = np.where(np.random.default_rng(0).random(target.shape) < 0.3, target, worse)
    runs = [by_subject((names, target, each)) for each in (better, worse)]
    found = compare(*runs, Confusion.f1)
    assert (found.per_au.low > 0).all()
    assert (found.p < 0.01).all()
    assert found.p_average < 0.01
    assert found.average.low > 0
    np.testing.assert_allclose(found.per_au.value, found.first.values - found.second.values)
    turned = compare(*reversed(runs), Confusion.f1)
    np.testing.assert_array_equal(turned.per_au.low, -found.per_au.high)
    np.testing.assert_array_equal(turned.p, found.p)


def test_pairing_narrows_the_interval():
    """Two runs that err alike: the spread of people drops out."""
    names, target, first = make_run(7, spread=0.2)
    second = np.where(np.random.default_rng(1).random(target.shape) < 0.02, 1 - first, first)
    runs = [by_subject((names, target, each)) for each in (first, second)]
    paired = compare(*runs, Confusion.f1, resamples=200).average
    alone = bootstrap(runs[0], Confusion.f1, resamples=200).average
    assert paired.high - paired.low < 0.5 * (alone.high - alone.low)


def test_a_run_against_itself():
    parts = by_subject(make_run(8))
    found = compare(parts, parts, Confusion.f1, resamples=50)
    assert (found.p == 1).all()
    assert (found.per_au.low == 0).all()
    assert (found.per_au.high == 0).all()


def test_swaps_with_folds():
    names, target, worse = make_run(9, subjects=12)
    better = np.where(np.random.default_rng(0).random(target.shape) < 0.3, target, worse)
    runs = [by_subject((names, target, each)) for each in (better, worse)]
    folds = {subject: number % 3 for number, subject in enumerate(runs[0])}
    found = compare(*runs, Confusion.f1, folds=folds, resamples=400)
    assert found.p_average < 0.02
    np.testing.assert_allclose(found.first.values, bootstrap(runs[0], Confusion.f1, folds=folds).scores.values)


def test_refusals():
    parts = by_subject(make_run(11, subjects=3))
    some = {subject: parts[subject] for subject in list(parts)[:2]}
    with pytest.raises(UsageError, match="S002"):
        compare(parts, some, Confusion.f1)
    with pytest.raises(UsageError, match="no fold"):
        bootstrap(parts, Confusion.f1, folds=dict.fromkeys(some, 1))
    with pytest.raises(UsageError, match="fold of one"):
        bootstrap(parts, Confusion.f1, folds={subject: subject for subject in parts})
    with pytest.raises(UsageError, match="one subject alone"):
        bootstrap({}, Confusion.f1)
    for wrong in ({"resamples": 0}, {"level": 1.0}, {"seed": -1}):
        with pytest.raises(UsageError, match="in range"):
            bootstrap(parts, Confusion.f1, **wrong)
        with pytest.raises(UsageError, match="in range"):
            compare(parts, parts, Confusion.f1, **wrong)
