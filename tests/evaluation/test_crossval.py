"""Cross-validation: everybody once, the same bytes again, and clear words for what cannot be."""

import json

import numpy as np
import pytest

from actionunits.datasets.folds import Fold, Folds
from actionunits.errors import DatasetError, ResultsError, StoreError, UsageError
from actionunits.evaluation import baselines
from actionunits.evaluation.baselines import BASELINES, cross_validate_recipe, get_system
from actionunits.evaluation.constant import AlwaysPositive
from actionunits.evaluation.crossval import cross_validate, dealt_folds, folds_of, open_store
from actionunits.evaluation.runs import Run
from actionunits.evaluation.systems import Prediction

from .conftest import AUS, contents_of, make_store


class Recorder:
    """Says each row's number, and remembers what it was shown."""

    name, selection, packages = "recorder", "val", ()

    def __init__(self):
        self.tasks = []
        self.recipe = {"system": "recorder", "depth": 18}

    def fit(self, task):
        self.tasks.append(task)
        return self

    def predict(self, rows):
        return Prediction(np.tile((rows / 1000).astype(np.float32)[:, None], (1, len(AUS))))


def test_everybody_is_tested_once_by_a_system_that_never_saw_them(store, tmp_path):
    system = Recorder()
    run = cross_validate(system, store, tmp_path / "run", seed=5)
    assert len(run.frames) == len(store)
    subjects = np.array(store.frames["subject"].to_pylist())
    for task in system.tasks:
        shown = set(subjects[task.train]) | set(subjects[task.validation])
        tested = set(run.subjects[run.folds == task.fold])
        assert shown | tested == set(subjects)
        assert not shown & tested
        assert not set(task.train) & set(task.validation)
        assert len(task.validation)
        assert task.seed == 5
    place = {key: row for row, key in enumerate(zip(*(store.frames[name].to_pylist() for name in KEYS), strict=True))}
    rows = [place[key] for key in zip(*(run.frames[name].to_pylist() for name in KEYS), strict=True)]
    np.testing.assert_allclose(run.probability([12])[:, 0], np.array(rows) / 1000, rtol=1e-6)
    np.testing.assert_array_equal(run.labels(AUS), store.labels(AUS)[rows])
    np.testing.assert_array_equal(run.levels(AUS), store.labels(AUS, "intensity")[rows])
    assert run.facts.recipe == {"system": "recorder", "depth": 18}
    assert run.facts.store.frames_sha256 == store.header.frames_sha256
    assert run.facts.selection == "val"


KEYS = ("subject", "sequence", "frame")


def test_a_second_run_is_the_same_byte_by_byte(store, tmp_path):
    for name in ("svm-hog-landmarks", "ridge-landmarks"):
        for place in ("one", "two"):
            cross_validate(get_system(name), store, tmp_path / place / name)
    assert contents_of(tmp_path / "one") == contents_of(tmp_path / "two")


def test_a_killed_run_goes_on_after_its_last_fold(store, tmp_path):
    class Killed(AlwaysPositive):
        def fit(self, task):
            if task.fold == 3:
                raise KeyboardInterrupt
            return super().fit(task)

    class Late(AlwaysPositive):
        def fit(self, task):
            assert task.fold == 3
            return super().fit(task)

    with pytest.raises(KeyboardInterrupt):
        cross_validate(Killed(), store, tmp_path / "run")
    with pytest.raises(ResultsError):
        Run(tmp_path / "run")
    with pytest.raises(UsageError, match="begun with other settings"):
        cross_validate(AlwaysPositive(), store, tmp_path / "run", seed=1)
    cross_validate(Late(), store, tmp_path / "run")
    cross_validate(AlwaysPositive(), store, tmp_path / "whole")
    assert contents_of(tmp_path / "run") == contents_of(tmp_path / "whole")


def test_all_baselines_go_on_too(store, tmp_path, monkeypatch):
    whole = cross_validate_recipe("baselines", store, tmp_path / "whole", aus="1,12")
    assert [row.cells[0] for row in whole.rows] == list(BASELINES)

    def stop(*rest, **more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(baselines.LinearSVM, "fit", stop)
        with pytest.raises(KeyboardInterrupt):
            cross_validate_recipe("baselines", store, tmp_path / "run", aus="1,12")
    with pytest.raises(UsageError, match="other settings"):
        cross_validate_recipe("baselines", store, tmp_path / "run", aus="1,12,26")
    cross_validate_recipe("baselines", store, tmp_path / "run", aus="1,12")
    assert contents_of(tmp_path / "run") == contents_of(tmp_path / "whole")
    with pytest.raises(UsageError, match="finished run"):
        cross_validate_recipe("baselines", store, tmp_path / "run", aus="1,12")


def test_taken_folders_are_left_alone(store, tmp_path):
    cross_validate(AlwaysPositive(), store, tmp_path / "run")
    before = contents_of(tmp_path)
    with pytest.raises(UsageError, match="finished run"):
        cross_validate(AlwaysPositive(), store, tmp_path / "run")
    with pytest.raises(UsageError, match="finished run"):
        cross_validate_recipe("baselines", store, tmp_path / "run")
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").write_text("dear")
    with pytest.raises(UsageError, match="no run"):
        cross_validate(AlwaysPositive(), store, tmp_path / "letters")
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError):
        cross_validate(AlwaysPositive(), store, tmp_path / "file")
    after = contents_of(tmp_path)
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize("probability", [np.nan, 1.5, -0.1], ids=["missing", "above", "below"])
def test_a_system_that_says_nonsense_is_named(store, tmp_path, probability):
    class Wild(Recorder):
        def predict(self, rows):
            return Prediction(np.full((len(rows), len(AUS)), probability, np.float32))

    with pytest.raises(UsageError, match="probability"):
        cross_validate(Wild(), store, tmp_path / "run")


def test_a_system_may_not_leave_frames_out(store, tmp_path):
    class Lazy(Recorder):
        def predict(self, rows):
            return Prediction(np.zeros((len(rows) - 1, len(AUS)), np.float32))

    with pytest.raises(UsageError, match="every row"):
        cross_validate(Lazy(), store, tmp_path / "run")


def test_subjects_unknown_to_the_folds(store):
    with pytest.raises(DatasetError, match="subject S1: is not in bp4d-3fold"):
        folds_of(store, "bp4d-3fold")
    with pytest.raises(UsageError, match="there is no such split"):
        folds_of(store, "7fold")


def test_folds_of_subjects_that_the_store_lacks(store, tmp_path):
    odd = Folds("odd", "", (Fold(1, ("S1",), (), ("S2", "Nobody")),))
    with pytest.raises(UsageError, match="Nobody"):
        cross_validate(AlwaysPositive(), store, tmp_path / "run", folds=odd)
    skipping = Folds("skipping", "", (Fold(2, ("S1",), (), ("S2",)),))
    with pytest.raises(UsageError, match="numbered"):
        cross_validate(AlwaysPositive(), store, tmp_path / "run", folds=skipping)


def test_the_usual_folds_of_a_data_set(tmp_path, store):
    people = ("F001", "F003", "F007", "M001")
    bp4d = make_store(tmp_path / "bp4d", people=people, frames=2, dataset="bp4d")
    split = folds_of(bp4d)
    assert split.name == "bp4d-3fold"
    assert split[0].test == ("F007",)  # fold 1 tests part 3
    run = cross_validate(AlwaysPositive(), bp4d, tmp_path / "run")
    assert "F015" in run.facts.folds.missing
    assert "lacks" in (tmp_path / "run" / "table.md").read_text(encoding="utf-8")
    assert folds_of(store).name == "3fold"
    assert sorted(one for fold in folds_of(store) for one in fold.test) == sorted(store.subjects["subject"].to_pylist())
    with pytest.raises(UsageError, match="three parts"):
        dealt_folds(["S1", "S2"])


def test_one_subject_a_fold(store, tmp_path):
    run = cross_validate(AlwaysPositive(), store, tmp_path / "run", folds=folds_of(store, "loso"))
    assert run.facts.folds.count == 9
    assert "pooled F1 only" in (tmp_path / "run" / "table.md").read_text(encoding="utf-8")


def test_a_store_that_lacks_an_au_or_is_of_a_later_release(store, tmp_path):
    with pytest.raises(UsageError, match="no labels of AU 45"):
        cross_validate(AlwaysPositive(), store, tmp_path / "run", aus="12,45")
    assert not (tmp_path / "run").exists()
    later = make_store(tmp_path / "later", people=("S1",), frames=1)
    header = json.loads((later.folder / "store.json").read_text())
    (later.folder / "store.json").write_text(json.dumps(header | {"format": 2}))
    with pytest.raises(StoreError, match="Update actionunits"):
        open_store(later.folder)
    with pytest.raises(StoreError, match="no such folder"):
        open_store(tmp_path / "nowhere")


def test_a_store_without_landmarks_costs_nothing(tmp_path):
    bare = make_store(tmp_path / "bare", frames=2, contents=("occurrence",))
    with pytest.raises(UsageError, match="no landmarks"):
        cross_validate(get_system("ridge-landmarks"), bare, tmp_path / "run")
    cross_validate(get_system("base-rate"), bare, tmp_path / "rate")
    assert "ICC" not in (tmp_path / "rate" / "table.md").read_text(encoding="utf-8")


def test_progress_is_told(store, tmp_path):
    told = []
    cross_validate_recipe("baselines", store, tmp_path / "run", watch=lambda *each: told.append(each))
    assert told[0] == (0, 12)
    assert told[-1] == (12, 12)
    assert told == sorted(told)


def test_some_folds_only(store, tmp_path):
    system = Recorder()
    run = cross_validate(system, store, tmp_path / "run", only=[3, 1])
    assert [task.fold for task in system.tasks] == [1, 3]
    assert run.facts.folds.only == run.facts.folds.numbers == (1, 3)
    assert run.facts.folds.count == 3
    assert set(run.folds.tolist()) == {1, 3}
    again = Run(tmp_path / "run")
    assert len(again.frames) == again.facts.frames < len(store)
    assert "3fold (folds 1, 3 of 3 only)" in (tmp_path / "run" / "table.md").read_text()
    whole = cross_validate(Recorder(), store, tmp_path / "whole", only=[1, 2, 3])
    assert whole.facts.folds.only == ()
    assert whole.facts.folds.numbers == (1, 2, 3)
    with pytest.raises(UsageError, match="fold 4: 3fold has none of this number"):
        cross_validate(Recorder(), store, tmp_path / "none", only=[1, 4])
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("only", [(2, 1), (1, 1), (4,), (0,)])
def test_folds_that_a_run_cannot_be_about(store, tmp_path, only):
    cross_validate(AlwaysPositive(), store, tmp_path / "run", only=[1, 2])
    path = tmp_path / "run" / "run.json"
    facts = json.loads(path.read_text())
    facts["folds"]["only"] = only
    path.write_text(json.dumps(facts))
    with pytest.raises(ResultsError, match="only"):
        Run(tmp_path / "run")


def test_a_prediction_of_a_fold_that_was_not_run(store, tmp_path):
    cross_validate(AlwaysPositive(), store, tmp_path / "run", only=[1, 2])
    path = tmp_path / "run" / "run.json"
    facts = json.loads(path.read_text())
    facts["folds"]["only"] = [1, 3]
    path.write_text(json.dumps(facts))
    with pytest.raises(ResultsError, match=r"none of 3fold \(folds 1, 3 of 3 only\)"):
        _ = Run(tmp_path / "run").frames
