"""The papers' inputs, number by number, as specified."""

import json

import pytest

pytest.importorskip("torch")

from actionunits.errors import UsageError
from actionunits.geometry import CROP_RECIPES
from actionunits.loading import INPUT_RECIPES, InputRecipe, get_input

HALF = (0.5, 0.5, 0.5)
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
LP = (0.5355, 0.4249, 0.3801), (0.2832, 0.2578, 0.2548)
LITE = (127 / 255,) * 3, (128 / 255,) * 3  # EfficientNet-Lite's own: (value - 127) / 128


@pytest.mark.parametrize(
    ("name", "crop", "stored", "size", "rotation", "scaling"),
    [
        ("jaa-176", "jaa-200", 200, 176, 0, (HALF, HALF)),
        ("lp-224", "lp-240-masked", 240, 224, 10, LP),
        ("lp-224-imagenet", "lp-240-masked", 240, 224, 10, IMAGENET),
        ("re-224", "re-256", 256, 224, 0, IMAGENET),
        ("re-224-da", "re-256", 256, 224, 0, IMAGENET),
        ("roi-256", "roi-256", 256, 256, 30, IMAGENET),
        ("roi-256-disfa", "roi-256", 256, 256, 10, IMAGENET),
        ("aurcnn-512", "aurcnn-512", 512, 512, 0, IMAGENET),
    ],
)
def test_the_papers_numbers(name, crop, stored, size, rotation, scaling):
    recipe = get_input(name)
    assert (recipe.crop, recipe.crop_recipe.size, recipe.size, recipe.rotation) == (crop, stored, size, rotation)
    assert (recipe.mean, recipe.std) == scaling
    assert recipe.flip == 0.5
    assert recipe.spare == stored - size
    assert recipe.duplicate == ((1, 2, 15, 23, 24) if name == "re-224-da" else ())
    assert (recipe.shift, recipe.output, recipe.brightness, recipe.contrast) == (True, size, 0, 0)


@pytest.mark.parametrize(
    ("name", "papers", "scaling"),
    [
        ("lp-112", "lp-224", LITE),
        ("re-112", "re-224", LITE),
        ("jaa-112", "jaa-176", LITE),
        ("roi-128", "roi-256-disfa", LITE),
    ],
)
def test_light_networks_see_the_papers_cuts_smaller(name, papers, scaling):
    recipe, paper = get_input(name), get_input(papers)
    assert recipe.output == recipe.side == int(name.rpartition("-")[2])
    assert (recipe.mean, recipe.std) == scaling
    varied = ("crop", "size", "flip", "rotation", "shift", "duplicate", "brightness", "contrast")
    assert [getattr(recipe, each) for each in varied] == [getattr(paper, each) for each in varied]


@pytest.mark.parametrize("name", ["lp-224", "lp-112"])
def test_plain_inputs_are_not_varied_and_otherwise_the_same(name):
    varied, plain = get_input(name).to_dict(), get_input(f"{name}-plain").to_dict()
    changed = {key: plain[key] for key in varied if plain[key] != varied[key]}
    assert changed == {"id": f"{name}-plain", "flip": 0, "rotation": 0, "shift": False}


def test_a_recipe_as_plain_values():
    recipe = get_input("lp-112")
    values = json.loads(json.dumps(recipe.to_dict()))
    assert values.pop("crop_hash") == CROP_RECIPES["lp-240-masked"].hash
    lists = {key: tuple(values[key]) for key in ("mean", "std", "duplicate")}
    assert InputRecipe(**(values | lists)) == recipe


def test_every_paper_crop_has_an_input():
    assert {recipe.crop for recipe in INPUT_RECIPES.values()} == set(CROP_RECIPES) - {"face-112"}
    assert all(name == recipe.id for name, recipe in INPUT_RECIPES.items())


def test_a_recipe_of_ones_own_is_taken_as_it_is():
    own = InputRecipe("own", "face-112", 100, flip=0)
    assert get_input(own) is own
    with pytest.raises(UsageError, match="lp-224"):
        get_input("lp-225")


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": 201},
        {"size": 0},
        {"crop": "jaa-201"},
        {"flip": 1.5},
        {"rotation": -1},
        {"std": (1, 1, 0)},
        {"mean": (0, 0, float("nan"))},
        {"duplicate": (3,)},
        {"side": 0},
        {"side": 177},
        {"brightness": -0.1},
        {"brightness": 1.1},
        {"contrast": float("nan")},
    ],
)
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(UsageError):
        InputRecipe(**({"id": "own", "crop": "jaa-200", "size": 176} | wrong))
