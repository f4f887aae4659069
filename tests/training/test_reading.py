"""From files to a recipe: parents, tiers, changes, and words for every mistake."""

import pytest

from actionunits.errors import UsageError
from actionunits.facs import BP4D_12
from actionunits.models import Stage
from actionunits.training import load_recipe
from actionunits.training.making import make_model, make_stages, untrained
from actionunits.training.recipe import Recipe, Select


@pytest.fixture
def family(tmp_path, recipe_file):
    """A child of the toy's recipe, in a folder of its own."""
    (tmp_path / "rows").mkdir()
    path = tmp_path / "rows" / "child.yaml"
    path.write_text(
        """
base: ../toy.yaml
title: a child
store: {occurs_from: null, cameras: left}
model: {width: 4}
stages: {more: {rates: {extra: 0.5, stem: 0.25, head: null}, epochs: 7}}
tiers:
  quick: {model: {width: 3}}
  slow: {stages: {base: null, more: {epochs: 9}}}
"""
    )
    return path


def test_a_child_takes_what_it_does_not_say_from_its_parent(family):
    recipe = load_recipe(family)
    assert (recipe.name, recipe.title, recipe.tier) == ("child", "a child", None)
    assert recipe.system == "toy"
    assert recipe.store == {"dataset": "fake", "cameras": "left"}
    assert recipe.model == {"width": 4}
    base, more = make_stages(recipe, untrained(recipe))
    assert base == Stage("base", {"stem": 1e-2, "head": 1e-2}, epochs=3, batch=16)
    assert dict(more.rates) == {"extra": 0.5, "stem": 0.25}
    assert (more.epochs, more.batch, more.schedule) == (7, 8, "cosine")
    assert make_model(recipe).stages == (base, more)


def test_tiers_come_after_all_files_and_changes_last(family):
    recipe = load_recipe(family, tier="quick", changes=["stages.more.epochs=2", "aus=BP4D_12", "precision=32"])
    assert recipe.label == "child [quick]"
    assert recipe.model == {"width": 3}
    assert [stage.epochs for stage in make_stages(recipe, untrained(recipe))] == [1, 2]
    assert recipe.au_set == BP4D_12
    assert recipe.precision == "32"
    slow = load_recipe(family, tier="slow")
    assert [stage.epochs for stage in make_stages(slow, untrained(slow))] == [3, 9]


def test_a_saved_recipe_is_the_same_recipe(family, tmp_path):
    recipe = load_recipe(family, tier="quick", changes=["select.by=loss", "clip=1", "start=a.safetensors"])
    recipe.save(tmp_path / "saved.yaml")
    assert load_recipe(tmp_path / "saved.yaml") == recipe
    assert recipe.select == Select(on="validation", by="loss")
    (tmp_path / "child.yaml").write_text("base: saved.yaml")
    child = load_recipe(tmp_path / "child.yaml")
    assert (child.name, child.tier, child.model) == ("child", None, recipe.model)


def test_a_parent_may_be_a_shipped_recipe(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("base: linear/resnet34\ntitle: mine\nmodel: {backbone: resnet18}\n")
    recipe = load_recipe(path, tier="mini")
    assert recipe.model["backbone"] == "efficientnet_lite0"
    assert recipe.system == "linear"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("modle.width=3", "modle: no such key. The nearest is 'model'"),
        ("model.widht=3", "model.widht: toy has no such setting. The nearest is 'width'"),
        ("model.width=wide", "model.width: 'wide' will not do: Input should be a valid integer"),
        ("model.width=true", "model.width: True will not do"),
        ("model.input=jaa-176", "model.input: is no setting of the model. Write input at the top"),
        ("stages.bse.epochs=1", "stages.bse: no such stage. The nearest is 'base'"),
        ("stages.base.epoch=1", "stages.base.epoch: no such key. The nearest is 'epochs'"),
        ("stages.base.epochs=1.5", "stages.base.epochs: 1.5 will not do"),
        ("stages.base.optimizer=adamax", "stages.base.optimizer: 'adamax' will not do"),
        ("stages.base.rates.hed=1", "stages.base.rates.hed: toy has no such part. The nearest is 'head'"),
        ("stages.base.rates.head=-1", "stage 'base': needs a learning rate above 0"),
        ("select.bye=f1", "select.bye: no such key. The nearest is 'by'"),
        ("select.by=f2", "select.by: Input should be 'f1', 'auroc', 'icc' or 'loss'"),
        ("workers=two", "workers: Input should be a valid integer"),
        ("workers=-1", "workers: Input should be greater than or equal to 0"),
        ("validate_every=0", "validate_every: Input should be greater than 0"),
        ("precision=16", "precision: Input should be 'auto', '32' or 'bf16'"),
        ("clip=1e999", "a number is too large"),
        ("input=jaa-113", "input='jaa-113': no such input recipe. The nearest is 'jaa-112'"),
        ("aus=1,2,99", "aus='1,2,99': FACS has no such action unit"),
        ("aus=null", "aus=None"),
        ("system=lpnet", "'lpnet': no such system. The nearest is 'lp_net'"),
        ("base=toy", "base: no such key"),
        ("model", "is no change. Write it as in --set model.hidden=64"),
        ("=3", "is no change"),
        ("model..width=3", "is no change"),
        ("model=[1", "cannot be read as YAML"),
        ("model=3", "model: Input should be an object"),
        ("stages.base=3", "stages.base: Input should be an object"),
    ],
)
def test_mistakes_in_changes_name_the_words(recipe, change, said):
    with pytest.raises(UsageError) as caught:
        recipe(change)
    assert said in str(caught.value)
    if "system=" not in change and "rates.head=-1" not in change:
        assert f"--set {change}" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title: a\ntitel: b", "{path}: titel: no such key. The nearest is 'title'"),
        ("- 1", "{path}: holds no keys"),
        ("title: a\nsystem: toy\naus: 1\ninput: jaa-112\ntiers: {quick: {modell: {}}}", "{path}: tier quick: modell"),
        ("tiers: 3", "{path}: tiers: must hold keys"),
        ("base: 3", "{path}: base: 3 is no name"),
        ("base: lp_net/bp4", "base 'lp_net/bp4': no such recipe. The nearest is 'lp_net/bp4d'"),
        ("base: nowhere.yaml", "nowhere.yaml: cannot be read"),
        ("system: toy\naus: 1\ninput: jaa-112", "title: Field required"),
        ("title: a\nsystem: toy\naus: 1\ninput: jaa-112\nmodel: {widht: 3}", "{path}: model.widht"),
        ("title: a\nsystem: toy\naus: 1\ninput: jaa-112\npublished: {paper: x}", "{path}: published.table: Field"),
        ("title: a\nsystem: toy\naus: 1\ninput: jaa-112\npublished: {papers: x}", "published.papers: no such key"),
    ],
)
def test_mistakes_in_files_name_the_file(tmp_path, text, said):
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        load_recipe(path, tier="quick" if "tiers: {" in text else None)
    assert said.format(path=path) in str(caught.value)


def test_a_mistake_of_a_parent_names_the_parent(tmp_path, family):
    parent = tmp_path / "toy.yaml"
    parent.write_text(parent.read_text() + "model: {hieght: 2}\n")
    with pytest.raises(UsageError, match=r"toy\.yaml: model\.hieght"):
        load_recipe(family)


def test_families_without_end(tmp_path):
    (tmp_path / "a.yaml").write_text("base: b.yaml")
    (tmp_path / "b.yaml").write_text("base: ./a.yaml")
    with pytest.raises(UsageError, match=r"is its own parent \(a -> b -> a"):
        load_recipe(tmp_path / "a.yaml")


def test_names_and_tiers_that_are_not_there(recipe_file):
    with pytest.raises(UsageError, match=r"'lp_net/bp4': no such recipe. The nearest is 'lp_net/bp4d'"):
        load_recipe("lp_net/bp4")
    with pytest.raises(UsageError, match=r"tier 'quik': .*toy\.yaml has none of this name. The nearest is 'quick'"):
        load_recipe(recipe_file, tier="quik")
    with pytest.raises(UsageError, match=r"nowhere\.yaml: cannot be read"):
        load_recipe("nowhere.yaml")


def test_every_key_of_a_recipe_is_explained():
    for name in Recipe.model_fields:
        assert f"        {name}: " in Recipe.__doc__, name
