"""What cannot be trained is refused before anything is written."""

import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning")


from actionunits.datasets.folds import Fold
from actionunits.errors import UsageError
from actionunits.models import save_model
from actionunits.training import train_fold

from .conftest import AUS, FOLD, make_store


class TestNothingIsWritten:
    """Where a request cannot be met."""

    @pytest.fixture(autouse=True)
    def nothing(self, tmp_path):
        yield
        assert not (tmp_path / "fold").exists()

    def refused(self, tmp_path, chosen, store, match, fold=FOLD, **more):
        with pytest.raises(UsageError, match=match):
            train_fold(chosen, store, fold, tmp_path / "fold", **more)

    def test_aus_that_the_store_lacks(self, store, recipe, tmp_path):
        self.refused(tmp_path, recipe("aus=1,12,17"), store, r"no labels of AU 17.*--set aus=1,12")

    def test_another_crop(self, recipe, tmp_path):
        other = make_store(tmp_path / "store", crop="re-256", frames=2)
        self.refused(tmp_path, recipe(), other, r"cropped as re-256.*--crop jaa-200")

    def test_other_facts(self, store, recipe, tmp_path):
        self.refused(tmp_path, recipe("store.occurs_from=1"), store, r"its occurs_from is 2.*store\.occurs_from=null")
        self.refused(tmp_path, recipe("store.dataset=[bp4d, disfa]"), store, "its dataset is fake.*bp4d or disfa")

    def test_subjects_that_are_not_there(self, store, recipe, tmp_path):
        for fold in (Fold(1, ("S9",), ("S1",), ("S2",)), Fold(1, ("S3",), ("S1",), ("S9",))):
            self.refused(tmp_path, recipe(), store, "subject S9", fold=fold)

    def test_nobody_to_choose_on(self, store, recipe, tmp_path):
        fold = Fold(1, ("S2", "S3"), (), ("S1",))
        self.refused(tmp_path, recipe(), store, r"no validation subjects.*select\.on=last", fold=fold)

    def test_nothing_to_choose_by(self, store, recipe, tmp_path):
        blind = make_store(tmp_path / "store", frames=2, unlabelled=FOLD.validation)
        self.refused(tmp_path, recipe(), blind, "no label of occurrence")
        plain = make_store(tmp_path / "plain", frames=2, contents=("occurrence", "landmarks"))
        self.refused(tmp_path, recipe("select.by=icc"), plain, "no label of intensity")

    def test_weights_of_another_system_or_other_aus(self, store, recipe, tmp_path):
        from actionunits.models import create_model

        path = tmp_path / "other.safetensors"
        save_model(create_model("linear", AUS, input="jaa-112", backbone="resnet18"), path)
        self.refused(tmp_path, recipe(f"start={path}"), store, "is a model of linear, not of toy")
        save_model(create_model("toy", (1, 2)), path)
        self.refused(tmp_path, recipe(f"start={path}"), store, "its weights are for AU 1,2")
        path.write_text("no model")
        self.refused(tmp_path, recipe(f"start={path}"), store, "cannot be read as a model")
        self.refused(tmp_path, recipe("start=nowhere.safetensors"), store, r"nowhere\.safetensors.*--set start=PATH")

    def test_runs_to_reuse_that_are_not_there(self, store, recipe, tmp_path):
        self.refused(tmp_path, recipe(), store, "no such folder to take stages from", reuse=[tmp_path / "nowhere"])


def test_folders_that_are_taken(store, recipe, tmp_path):
    train_fold(recipe(tier="quick"), store, FOLD, tmp_path / "fold")
    with pytest.raises(UsageError, match="other settings"):
        train_fold(recipe(tier="quick"), store, FOLD, tmp_path / "fold", seed=1)
    before = (tmp_path / "fold" / "model.safetensors").stat().st_mtime_ns
    train_fold(recipe(tier="quick"), store, FOLD, tmp_path / "fold")
    assert (tmp_path / "fold" / "model.safetensors").stat().st_mtime_ns == before
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").write_text("dear")
    with pytest.raises(UsageError, match="no trained fold"):
        train_fold(recipe(), store, FOLD, tmp_path / "letters")
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["a.txt"]
