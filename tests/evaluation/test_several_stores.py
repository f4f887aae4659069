"""Several stores as one, and leaving out each in turn."""

import pickle

import numpy as np
import pytest

from actionunits.errors import UsageError
from actionunits.evaluation.baselines import cross_validate_recipe
from actionunits.evaluation.crossval import folds_of, open_store
from actionunits.evaluation.runs import Run
from actionunits.store import Store, StoreUnion

from .conftest import make_store


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    parent = tmp_path_factory.mktemp("several")
    make_store(parent / "one", people=("S1", "S2", "S3"), frames=8, dataset="one", protocol={"occurs_from": 1})
    make_store(parent / "two", people=("S3", "S4"), frames=6, dataset="two", contents=("occurrence", "landmarks"))
    return parent / "one", parent / "two"


def test_rows_are_those_of_the_stores_one_after_the_other(folders):
    one, two = map(Store, folders)
    both = open_store(*folders)
    assert len(both) == len(one) + len(two)
    assert both.header.contents == ("occurrence", "landmarks")
    assert dict(both.header.protocol) == {"one.occurs_from": 1}
    assert both.header.counts.subjects == 5
    labels = np.concatenate([one.labels((1, 12)), two.labels((1, 12))])
    assert np.array_equal(both.labels((1, 12)), labels)
    landmarks = np.concatenate([one.landmarks(slice(None)), two.landmarks(slice(None))])
    assert np.array_equal(both.landmarks(slice(None)), landmarks)
    for row, store, place in (
        (0, one, 0),
        (len(one) - 1, one, len(one) - 1),
        (len(one), two, 0),
        (len(both) - 1, two, 11),
    ):
        assert np.array_equal(both.image(row), store.image(place))
    with pytest.raises(IndexError):
        both.jpeg(len(both))


def test_people_of_one_name_are_two_people(folders):
    both = open_store(*folders)
    assert both.subjects["subject"].to_pylist() == ["one/S1", "one/S2", "one/S3", "two/S3", "two/S4"]
    rows = both.split(["two/S3"])
    assert rows.tolist() == list(range(24, 30))
    assert both.frames["subject"].take(rows).to_pylist() == ["two/S3"] * 6
    assert list(both.rows_of("two/S3-a")) == rows.tolist()


def test_it_travels_to_another_process(folders):
    both = open_store(*folders)
    again = pickle.loads(pickle.dumps(both))
    assert isinstance(again, StoreUnion)
    assert np.array_equal(again.labels((1,)), both.labels((1,)))
    assert bytes(again.jpeg(30)) == bytes(both.jpeg(30))


def test_every_data_set_is_left_out_once(folders, tmp_path):
    both = open_store(*folders)
    folds = folds_of(both)
    assert [set(fold.test) for fold in folds] == [{"one/S1", "one/S2", "one/S3"}, {"two/S3", "two/S4"}]
    cross_validate_recipe("ridge-landmarks", both, tmp_path / "run")
    run = Run(tmp_path / "run")
    assert run.facts.folds.name == "lodo"
    assert run.facts.store.dataset == "one+two"
    tested = run.frames.to_pandas().groupby("fold")["subject"].unique()
    assert set(tested[1]) == {"one/S1", "one/S2", "one/S3"}
    assert set(tested[2]) == {"two/S3", "two/S4"}


def test_what_does_not_go_together(folders, tmp_path):
    one, two = folders
    with pytest.raises(UsageError, match="once each"):
        open_store(one, one)
    with pytest.raises(UsageError, match="is for one data set"):
        folds_of(open_store(one, two), "loso")
    make_store(tmp_path / "other", people=("S9",), frames=1, dataset="other", crop="jaa-200", crop_hash="0" * 16)
    with pytest.raises(UsageError, match="cropped differently"):
        open_store(one, tmp_path / "other")
