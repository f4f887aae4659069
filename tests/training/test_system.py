"""Recipes in cross-validation: every fold or some, by name, and beside baselines."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning")

from actionunits.errors import UsageError
from actionunits.evaluation import compare_runs, cross_validate, folds_of, read_runs
from actionunits.evaluation.runs import Run
from actionunits.facs import AUSet
from actionunits.models import load_model
from actionunits.training import RecipeSystem, cross_validate_named, list_recipes, predict
from actionunits.training.crossval import Settings

from .conftest import AUS, Notes, make_store


def test_every_subject_is_tested_by_a_model_that_never_saw_them(store, recipe_file, tmp_path):
    notes = Notes()
    sheet = cross_validate_named(
        str(recipe_file), store, tmp_path / "run", seed=2, settings=Settings(tier="quick"), watch=notes
    )
    assert "toy [quick] on fake, 3fold, seed 2" in sheet.title
    run = Run(tmp_path / "run")
    assert len(run.frames) == len(store)
    assert run.facts.selection == "val"
    assert run.facts.recipe["stages.base.epochs"] == 1
    assert run.facts.recipe["model.width"] == 8
    assert run.facts.recipe["pretraining"] == "none"
    assert set(run.facts.versions) >= {"torch", "torchvision", "timm", "lightning"}
    split = folds_of(store)
    for fold in split:
        model = load_model(tmp_path / "run" / "folds" / f"fold{fold.number}" / "model.safetensors", system="toy")
        rows = store.split(fold.test)
        here = run.folds == fold.number
        said = predict(model, store, rows).probability
        np.testing.assert_allclose(run.probability(AUS)[here], said, atol=1e-6)
    assert notes.lines[0] == "toy [quick]: a toy"
    with pytest.raises(UsageError, match="finished run"):
        cross_validate_named(str(recipe_file), store, tmp_path / "run", settings=Settings(tier="quick"))


def test_one_fold_is_a_run_that_says_so_and_can_be_compared(store, recipe_file, tmp_path):
    settings = Settings(tier="quick")
    for name in ("one", "two"):
        cross_validate_named(
            str(recipe_file), store, tmp_path / name, only=[2], seed=int(name == "two"), settings=settings
        )
    cross_validate_named("ridge-landmarks", store, tmp_path / "ridge", only=[2], aus=AUS)
    runs = read_runs([tmp_path / name for name in ("one", "two", "ridge")])
    assert {fold for run in runs for fold in run.folds.tolist()} == {2}
    assert all(run.facts.folds.numbers == (2,) for run in runs)
    table = (tmp_path / "one" / "table.md").read_text()
    assert "3fold (fold 2 of 3 only), seed 0" in table
    pairs = compare_runs(runs)[1]
    assert len(pairs.rows) == 2
    assert [path.name for path in (tmp_path / "one" / "folds").iterdir()] == ["fold2"]


def test_a_run_goes_on_and_takes_stages_over(store, recipe_file, tmp_path):
    settings = Settings(tier="quick")
    cross_validate_named(str(recipe_file), store, tmp_path / "first", only=[1], settings=settings)
    notes = Notes()
    other = Settings(tier="quick", changes=["model.gain=2"], reuse=[tmp_path / "first"])
    cross_validate_named(str(recipe_file), store, tmp_path / "second", only=[1, 2], settings=other, watch=notes)
    taken = [line for line in notes.lines if "taken from" in line]
    assert len(taken) == 1
    assert taken[0].startswith("fold 1, base: taken from")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"only": [4]}, "fold 4: 3fold has none of this number. Use 1 to 3"),
        ({"aus": "1,17"}, "no labels of AU 17"),
        ({"settings": Settings(changes=["store.dataset=bp4d"])}, "its dataset is fake"),
        ({"settings": Settings(reuse=["nowhere"])}, "no such folder"),
        ({"settings": Settings(device="tpu")}, "is none to train on"),
        ({"settings": Settings(changes=["stages.base.batch=5"], device="cpu", devices=2)}, "cannot be shared by 2"),
    ],
)
def test_nothing_is_written_where_it_cannot_be(store, recipe_file, tmp_path, more, said):
    with pytest.raises(UsageError, match=said):
        cross_validate_named(str(recipe_file), store, tmp_path / "run", **more)
    assert not (tmp_path / "run").exists()


def test_a_store_with_another_crop(recipe_file, tmp_path):
    other = make_store(tmp_path / "store", crop="re-256", frames=2)
    with pytest.raises(UsageError, match="jaa-200"):
        cross_validate_named(str(recipe_file), other, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_options_of_recipes_are_not_for_baselines(store, tmp_path):
    for settings in (Settings(tier="mini"), Settings(changes=["a=1"]), Settings(reuse=["a"])):
        with pytest.raises(UsageError, match="is no recipe"):
            cross_validate_named("base-rate", store, tmp_path / "run", settings=settings)
    with pytest.raises(UsageError, match="The nearest is 'lp_net/bp4d'"):
        cross_validate_named("lp_net/bp3d", store, tmp_path / "run")
    assert "lp_net/bp4d" in list_recipes()


def test_a_system_says_only_what_it_was_trained_for(store, recipe, tmp_path):
    system = RecipeSystem(recipe("aus=12", tier="quick"), folds_of(store), tmp_path / "run")
    with pytest.raises(UsageError, match="finds AU 12, not 1"):
        cross_validate(system, store, tmp_path / "run", aus="1")


def test_tables_tell_of_what_the_recipe_reports(store, recipe_file, recipe, tmp_path):
    assert recipe("report=12").reported == AUSet((12,))
    assert recipe().reported == recipe("report=4").reported == AUSet((1, 12))
    for name, changes in (("whole", ()), ("part", ("report=12",))):
        settings = Settings(tier="quick", changes=changes)
        cross_validate_named(str(recipe_file), store, tmp_path / name, only=[1], settings=settings)
    whole, part = Run(tmp_path / "whole"), Run(tmp_path / "part")
    assert (whole.facts.aus, part.facts.aus) == ((1, 12), (12,))
    np.testing.assert_array_equal(part.probability("12"), whole.probability("12"))
