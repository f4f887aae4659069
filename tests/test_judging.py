"""What ``tools/judging.py`` says of an estimator: against scikit-learn, and thresholds that stay quiet."""

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from sklearn.metrics import f1_score, roc_auc_score

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

from actionunits.facs import AUSet
from judging import Looked, at_rest, choose_gains, choose_thresholds, judge
from side_figures import figures

AUS = AUSet((4, 12))


@pytest.fixture
def looked() -> Looked:
    rng = np.random.default_rng(0)
    level = rng.choice(6, p=[0.8, 0.06, 0.05, 0.04, 0.03, 0.02], size=(3000, 2)).astype(np.int8)
    evidence = (1.5 * level - 3 + rng.normal(0, 1.5, level.shape)).astype(np.float32)
    intensity = (level + rng.normal(0, 0.7, level.shape)).astype(np.float32)
    people = np.array([f"S{row % 30}" for row in range(3000)])
    return Looked(AUS, evidence, intensity, level, people, rng.random(3000) < 0.1, missed=2)


def test_some_of_the_faces(looked: Looked) -> None:
    clear = looked.of(~looked.flagged)
    assert 0 < len(clear.subject) < 3000
    assert not clear.flagged.any()
    np.testing.assert_array_equal(clear.evidence, looked.evidence[~looked.flagged])
    assert clear.subject.tolist() == looked.subject[~looked.flagged].tolist()


def test_figures(looked: Looked) -> None:
    for place, row in enumerate(judge(looked, (0.5, 0.2))):
        level, called = looked.level[:, place], looked.probability[:, place] >= (0.5, 0.2)[place]
        shown = np.clip(looked.intensity[:, place], 0, 5).astype(float)
        assert row.au == AUS.numbers[place]
        assert row.positives == (level >= 2).sum()
        assert row.auroc == pytest.approx(roc_auc_score(level >= 2, looked.evidence[:, place]), abs=1e-4)
        assert row.f1 == pytest.approx(f1_score(level >= 2, called), abs=1e-4)
        assert row.mae == pytest.approx(np.abs(shown - level).mean(), abs=1e-4)
        assert row.false_positive_rate == pytest.approx(called[level == 0].mean(), abs=1e-4)
        within = ((shown - level) - (shown - level).mean()) ** 2
        error, total = within.sum() / 2 / 2999, np.var((shown + level) / 2, ddof=1) * 2
        assert row.icc == pytest.approx((total - error) / (total + error), abs=1e-3)


@pytest.mark.parametrize("most", [0.01, 0.05])
def test_thresholds_are_quiet_and_no_higher_than_that_takes(looked: Looked, most: float) -> None:
    thresholds = choose_thresholds(looked, most)
    for place, threshold in enumerate(thresholds):
        probability, absent = looked.probability[:, place], looked.level[:, place] == 0
        alarms = [(probability[rows] >= threshold).mean() for rows in (absent, looked.neutral)]
        assert max(alarms) <= most
        lower = [(probability[rows] >= threshold - 0.08).mean() for rows in (absent, looked.neutral)]
        assert max(lower) > most


def test_thresholds_hold_for_other_people() -> None:
    """People differ: one in six raises alarms on half of their faces. Their share among others is not known."""
    rng = np.random.default_rng(5)
    kept, plain = [], []
    for _ in range(40):
        prone = rng.random(60) < 1 / 6
        evidence = rng.normal(-4, 1, (60, 20)) + 3 * (prone[:, None] & (rng.random((60, 20)) < 0.5))
        people = np.repeat([f"S{number}" for number in range(60)], 20)

        def some(which: np.ndarray, evidence: np.ndarray = evidence, people: np.ndarray = people) -> Looked:
            chosen = evidence[which].reshape(-1, 1).astype(np.float32)
            who = people.reshape(60, 20)[which].ravel()
            level = np.zeros(chosen.shape, np.int8)
            return Looked(AUSet((12,)), chosen, chosen, level, who, np.zeros(len(chosen), bool), missed=0)

        ours, others = some(np.arange(0, 60, 2)), some(np.arange(1, 60, 2))
        (threshold,) = choose_thresholds(ours, 0.1)
        kept.append((others.probability >= threshold).mean() <= 0.1)
        plain.append((others.probability >= np.quantile(ours.probability, 0.9)).mean() <= 0.1)
    assert np.mean(kept) > np.mean(plain) + 0.15  # those others differ by chance, too


def test_thresholds_do_not_depend_on_how_often_an_action_unit_occurs(looked: Looked) -> None:
    often = looked.of((looked.level[:, 0] == 0) | (np.arange(len(looked.subject)) % 4 == 0))
    assert choose_thresholds(often, 0.05)[0] == pytest.approx(choose_thresholds(looked, 0.05)[0], abs=0.03)


def test_rest_is_the_median_of_neutral_faces(looked: Looked) -> None:
    neutral = (looked.level == 0).all(axis=1)
    np.testing.assert_allclose(at_rest(looked), np.median(looked.evidence[neutral], axis=0), atol=1e-4)
    some = looked.of(looked.subject == "S3")
    assert len(some.evidence) == 100
    assert set(some.subject) == {"S3"}


def test_gains_give_intensities_the_spread_of_levels(looked: Looked) -> None:
    faint = looked.stronger((0.5, 0.01))
    gains = choose_gains(faint)
    made = faint.stronger(gains)
    assert made.intensity[:, 0].std() == pytest.approx(looked.level[:, 0].std(), rel=1e-3)
    assert gains[1] == 3  # no farther
    before, after = (judge(each, (0.5, 0.5))[0] for each in (faint, made))
    assert after.icc > before.icc
    assert after.auroc == before.auroc


def test_figures_of_the_sides() -> None:
    rng = np.random.default_rng(1)
    level = rng.integers(0, 6, (2, 400, 2)).astype(np.int8)
    shown = np.stack([level[..., 0] + rng.normal(0, 0.3, (2, 400)), 5 - level[..., 1]], axis=-1).astype(np.float32)
    good, bad = figures(AUS, shown, level)
    uneven = np.abs(level[0].astype(int) - level[1]) >= 2
    assert (good[0], bad[0]) == AUS.numbers
    assert [good[3], bad[3]] == uneven.sum(axis=0).tolist()
    assert good[4] == pytest.approx(1.0, abs=0.01)
    assert bad[4] == 0
    assert good[1] > 0.95
    assert bad[1] == pytest.approx(-1.0)
    error = np.abs(shown[..., 0].astype(float) - level[..., 0]).mean()
    assert good[2] == pytest.approx(error, abs=1e-3)
    (even, _) = figures(AUS, shown[:, :5], np.zeros((2, 5, 2), np.int8))
    assert even[3:] == [0, None]
