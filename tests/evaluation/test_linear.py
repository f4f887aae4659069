"""The baselines learn what is there, and nothing of what they must not see."""

import builtins
import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, roc_auc_score

from actionunits.errors import UsageError
from actionunits.evaluation.baselines import BASELINES, PROBES, get_system
from actionunits.evaluation.crossval import cross_validate
from actionunits.evaluation.linear import LinearSVM, Ridge, best_threshold
from actionunits.evaluation.scoring import summarise
from actionunits.evaluation.systems import Task
from actionunits.geometry.mean_face import MEAN_68

from .conftest import AUS, make_store


def task_of(store, train=("S1", "S2", "S3", "S4", "S5", "S6"), validation=()):
    rows = store.split(train)
    held = store.split(validation) if validation else rows[:0]
    return Task(store, store.au_set, 1, rows, held, 0)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=1, max_size=30))
def test_best_threshold_is_the_best_of_all(pairs):
    scores, occurs = np.array([score for score, _ in pairs], float), np.array([hit for _, hit in pairs])
    found = best_threshold(scores, occurs)
    if not occurs.any():
        assert np.isinf(found)
        return
    reachable = [f1_score(occurs, scores >= at, zero_division=0) for at in np.unique(scores)]
    assert f1_score(occurs, scores >= found) == pytest.approx(max(reachable))


@pytest.mark.parametrize("name", ["ridge-landmarks", "svm-hog-landmarks"])
def test_what_landmarks_show_is_learned(store, name):
    rows = store.split(["S7", "S8", "S9"])
    said = get_system(name).fit(task_of(store)).predict(rows)
    labels = store.labels(AUS)[rows]
    for place in range(len(AUS)):
        assert roc_auc_score(labels[:, place], said.probability[:, place]) > 0.8
    if said.intensity is not None:
        levels = store.labels(AUS, "intensity")[rows]
        assert np.corrcoef(levels[:, 1], said.intensity[:, 1])[0, 1] > 0.8


def test_backgrounds_tell_nothing(store):
    rows = store.split(["S7", "S8", "S9"])
    said = get_system("ridge-background").fit(task_of(store)).predict(rows)
    areas = [roc_auc_score(store.labels(AUS)[rows, au], said.probability[:, au]) for au in range(len(AUS))]
    assert np.mean(areas) == pytest.approx(0.5, abs=0.2)


@pytest.mark.parametrize("name", [*BASELINES, *PROBES])
def test_labels_of_test_subjects_are_never_seen(tmp_path, store, name):
    """The strongest test of a leak: other labels there change nothing."""

    def turned(row):
        if row.subject not in ("S7", "S8", "S9"):
            return row
        flipped = {au: 1 - label for au, label in row.occurrence.items()}
        return dataclasses.replace(row, occurrence=flipped, intensity={au: 5 * flipped[au] for au in AUS})

    other = make_store(tmp_path / "other", spoil=turned)
    rows = store.split(["S7", "S8", "S9"])
    one, two = (get_system(name).fit(task_of(each)).predict(rows) for each in (store, other))
    np.testing.assert_array_equal(one.probability, two.probability)
    if one.intensity is not None:
        np.testing.assert_array_equal(one.intensity, two.intensity)


@pytest.mark.parametrize("make", [lambda: Ridge(["landmarks"]), lambda: LinearSVM(["landmarks"])])
def test_unknown_labels_teach_nothing(tmp_path, store, make):
    """Rows with unknown labels count as if they were not there: a wrong value under the mask would show."""

    def forget(row):
        return row if row.frame < 9 else dataclasses.replace(row, occurrence={1: row.occurrence[1]}, intensity={})

    masked = make_store(tmp_path / "masked", spoil=forget)
    people = ["S1", "S2", "S3", "S4"]
    short = Task(
        store, store.au_set, 1, np.concatenate([store.split([one])[:9] for one in people]), store.split(["S1"])[:0], 0
    )
    # features are standardised by all training rows, so both must see the same ones: freeze them
    rows = store.split(["S7"])
    system = make()
    blocks = system._blocks(short, short.training)
    system._blocks = lambda task, rows: blocks
    expected = system.fit(short).predict(rows).probability
    found = system.fit(task_of(masked, people)).predict(rows).probability
    np.testing.assert_allclose(found[:, 1:], expected[:, 1:], atol=1e-6)


def test_aus_without_intensity_are_learned_from_occurrence(tmp_path):
    def ungraded(row):
        return dataclasses.replace(row, intensity={12: row.intensity[12]})

    store = make_store(tmp_path / "store", spoil=ungraded)
    said = Ridge(["landmarks"]).fit(task_of(store)).predict(store.split(["S7", "S8"]))
    assert np.isnan(said.intensity).all(axis=0).tolist() == [True, False, True]
    labels = store.labels(AUS)[store.split(["S7", "S8"])]
    assert roc_auc_score(labels[:, 0], said.probability[:, 0]) > 0.8


@pytest.mark.parametrize(("value", "expected"), [(0, 0.0), (1, 1.0)])
def test_an_au_that_never_or_always_occurs_stays_so(tmp_path, value, expected):
    def fixed(row):
        level = {26: 3 * value}
        return dataclasses.replace(row, occurrence=row.occurrence | {26: value}, intensity=row.intensity | level)

    store = make_store(tmp_path / "store", spoil=fixed)
    for system in (LinearSVM(["landmarks"]), Ridge(["landmarks"])):
        said = system.fit(task_of(store)).predict(store.split(["S7"]))
        assert ((said.probability[:, 2] >= 0.5) == expected).all()


def test_a_store_of_49_points_and_missing_faces_is_learned(tmp_path):
    def spare(row):
        points = row.landmarks.copy()
        points[:17] = np.nan
        if row.frame % 5 == 4:
            points[:] = np.nan
        return dataclasses.replace(row, landmarks=points)

    store = make_store(tmp_path / "store", spoil=spare)
    run = cross_validate(Ridge(["landmarks"]), store, tmp_path / "run")
    assert len(run.frames) == len(store)
    seen = run.frames["frame"].to_numpy() % 5 != 4
    assert roc_auc_score(run.labels([12])[seen, 0], run.probability([12])[seen, 0]) > 0.9


def test_without_scikit_learn_the_extra_is_named(store, monkeypatch):
    real = builtins.__import__

    def missing(name, *rest, **more):
        if name.split(".")[0] == "sklearn":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(UsageError, match=r"pip install 'actionunits\[train\]'"):
        get_system("ridge-landmarks").fit(task_of(store))
    get_system("base-rate").fit(task_of(store))


def test_constant_baselines_say_rates(store):
    task = task_of(store, ["S1", "S2"], ["S3"])
    rows = store.split(["S9"])
    rate = get_system("base-rate").fit(task).predict(rows)
    seen = store.labels(AUS)[store.split(["S1", "S2", "S3"])]
    np.testing.assert_allclose(rate.probability, np.tile(seen.mean(axis=0), (12, 1)), rtol=1e-6)
    graded = store.labels(AUS, "intensity")[store.split(["S1", "S2", "S3"])]
    np.testing.assert_allclose(rate.intensity[0], graded.mean(axis=0), rtol=1e-6)
    assert (get_system("always-positive").fit(task).predict(rows).probability == 1).all()


def test_unknown_names_list_the_known():
    with pytest.raises(UsageError, match="svm-hog-landmarks"):
        get_system("svm")


def test_a_movement_to_either_side_is_learned_a_side_at_a_time(tmp_path):
    rng = np.random.default_rng(0)

    def one_sided(row):
        level, side = row.intensity[12], 1 if rng.random() < 0.5 else -1
        points = 35 * np.array(MEAN_68, float) + 48 + rng.normal(0, 0.2, (68, 2))
        points[[8, 57]] += (side * 1.5 * level, 0)
        left, right = (dict.fromkeys(AUS, 0) | {12: level if side == here else 0} for here in (1, -1))
        return dataclasses.replace(row, landmarks=points.astype(np.float32), left=left, right=right)

    store = make_store(
        tmp_path / "store", contents=("occurrence", "intensity", "sides", "landmarks"), spoil=one_sided, frames=30
    )
    aurocs = []
    for sides in (False, True):
        run = cross_validate(Ridge(["landmarks"], sides=sides), store, tmp_path / f"run-{sides}")
        aurocs.append(summarise(run, resamples=1).auroc.values[AUS.index(12)])
    assert aurocs[0] < 0.7
    assert aurocs[1] > 0.9
