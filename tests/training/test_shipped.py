"""Every recipe that comes with the package: it loads in each tier, makes its model, and says what was published."""

from functools import cache

import pytest
import torch
from pydantic import TypeAdapter

from actionunits.evaluation import published_tables
from actionunits.facs import BP4D_DISFA_15
from actionunits.models import LEVELS, list_models, load_model, read_model_facts, shipped
from actionunits.store.header import Facts
from actionunits.training import is_recipe, list_recipes, load_recipe
from actionunits.training.devices import Device
from actionunits.training.making import make_model, make_stages, untrained
from actionunits.training.plan_checks import adopt_start
from actionunits.training.plan_facts import recipe_facts
from actionunits.training.shipped import shipped_text
from actionunits.training.yaml_text import parse_yaml

ROWS = [
    "lp_net/bp4d",
    "lp_net/disfa",
    "lp_net/synthau",
    "lp_net/ablations/resnet18",
    "lp_net/ablations/resnet34",
    "lp_net/ablations/resnet50",
    "lp_net/ablations/sl",
    "lp_net/ablations/sl_da",
    "lp_net/ablations/sl_da_p",
    "lp_net/ablations/lf",
    "lp_net/ablations/facs",
    "lp_net/ablations/l_net",
    "lp_net/ablations/p_net_without_lr",
    "lp_net/ablations/p_net",
    "re_net/bp4d",
    "re_net/disfa",
    "re_net/bp4dplus",
    "re_net/synthau",
    "re_net/intensity_bp4d",
    "re_net/intensity_disfa",
    "re_net/intensity_synthau",
    "re_net/ablations/resnet18",
    "re_net/ablations/resnet18_da",
    "re_net/ablations/learnable",
    "re_net/ablations/da",
    "re_net/ablations/scale1_bias0",
    "re_net/ablations/strategy_a",
    "re_net/ablations/unseen_au23",
    "re_net/ablations/unseen_au24",
    "lorral/sa_bp4d",
    "lorral/sa_disfa",
    "lorral/sa_synthau",
    "lorral/hopfield_bp4d",
    "lorral/hopfield_disfa",
    "lorral/hopfield_synthau",
    "lorral/bilstm_bp4d",
    "lorral/bilstm_disfa",
    "lorral/bilstm_synthau",
    "lorral/none_bp4d",
    "lorral/none_disfa",
    "lorral/none_synthau",
    "roi_gcn/bp4d",
    "roi_gcn/disfa",
    "roi_gcn/synthau",
    "roi_gcn/ablations/heatmap",
    "roi_gcn/ablations/roi_map",
    "roi_gcn/ablations/graph",
    "roi_gcn/ablations/supervised",
    "roi_gcn/ablations/weighted",
    "au_rcnn/bp4d",
    "au_rcnn/disfa",
    "au_rcnn/synthau",
    *(
        f"au_rcnn/ablations/{row}"
        for row in ("vgg16", "vgg19", "mean_box", "fpn", "cnn_res", "conv_lstm", "two_stream", "crf", "tal")
    ),
    *(
        f"au_rcnn/ablations/disfa_{row}"
        for row in ("vgg16", "vgg19", "mean_box", "fpn", "cnn_res", "conv_lstm", "two_stream", "crf")
    ),
    *(f"au_rcnn/ablations/{row}side_{side}" for row in ("", "cnn_res_") for side in (256, 416, 608)),
    "linear/resnet18",
    "linear/resnet34",
    "linear/resnet50",
    "linear/synthau",
]
DESIGNS = ["picture", "picture_and_shape", "orthogonal", "attention", "guided", "related"]
STARTS = [
    "linear/start_lp",
    "linear/start_re",
    "detector/start",
    "detector/shipped",
    *(f"detector/designs/{name}" for name in DESIGNS),
]
WHOLE_STARTS = {
    "re_net_stills": "re_net/start",
    "linear_stills": "re_net/start_resnet18",
    "lorral_stills": "lorral/start",
    "roi_gcn_stills": "roi_gcn/start",
    "detector_stills": "detector/shipped",
}
LIGHT = {"roi-256": 128, "aurcnn-512": 128}  # pixels by crop, where not 112
OTHER_LIGHT = {"side_256": 64, "side_416": 104, "side_608": 152, "vgg16": 64, "vgg19": 64}  # by the end of the name
loaded = cache(load_recipe)
STORES = {"BP4D": "bp4d", "BP4D+": "bp4d+", "DISFA": "disfa"}


def test_all_rows_are_there():
    assert {*ROWS, *STARTS, *WHOLE_STARTS.values()} <= set(list_recipes())
    on_others = ("synthau", "disfa")
    ablations = {name for name in list_recipes() if "/ablations/" in name and not any(o in name for o in on_others)}
    twins = {name.replace("ablations/", "ablations/synthau_") for name in ablations}
    assert twins <= set(list_recipes())
    assert {loaded(name, tier=None).system for name in ("linear/synthau", "lp_net/synthau")} <= set(list_models())
    assert all(map(is_recipe, list_recipes()))
    assert not any(map(is_recipe, ("ridge-landmarks", "geometry", "card.json", "baselines")))


@pytest.mark.parametrize("name", list_recipes())
def test_a_recipe_loads_and_makes_its_model(name):
    sizes = []
    for tier in (None,) if name in STARTS else (None, "mini"):
        recipe = loaded(name, tier=tier)
        model = untrained(recipe)
        stages = make_stages(recipe, model)
        assert any(stage.epochs for stage in stages)
        parts = model.parts()
        assert all(set(stage.rates) <= set(parts) for stage in stages)
        assert model.input.id == recipe.input
        if recipe.select.by == "icc":
            assert recipe.model["task"] == "intensity"
        sizes.append(model.input.output)
        facts = recipe_facts(recipe.model_copy(update={"start": None}), Device("cpu"))
        assert TypeAdapter(Facts).validate_python(facts) == facts
    usual = LIGHT.get(model.input.crop, 112)
    assert sizes[-1] == next((side for end, side in OTHER_LIGHT.items() if name.endswith(end)), usual) <= sizes[0]


@pytest.mark.parametrize("name", list_recipes())
def test_what_is_published_is_what_the_paper_prints(name):
    recipe = loaded(name, tier=None)
    said = recipe.published
    if said is None:
        return
    wanted = recipe.store["dataset"]
    assert "synthau" not in name
    assert wanted == STORES[said.dataset]
    rows = [
        row
        for publication, table in published_tables(said.dataset, said.metric)
        for row in table.rows
        if (publication.paper.id, table.number, row.method) == (said.paper, said.table, said.row)
    ]
    assert [row.average for row in rows] == [said.average]
    tables = [
        table
        for publication, table in published_tables(said.dataset, said.metric)
        if (publication.paper.id, table.number) == (said.paper, said.table)
    ]
    assert recipe.reported.numbers == tables[0].aus


@pytest.mark.parametrize("name", [name for name in list_recipes() if name not in STARTS])
def test_what_makes_a_row_is_not_lost_in_its_light_tier(name):
    """A parent's tier comes after the child's own settings."""
    own = parse_yaml(shipped_text(name), name)
    light = own.get("tiers", {}).get("mini", {}).get("model", {})
    kept = loaded(name, tier="mini").model
    for key, value in {**own.get("model", {}), **light}.items():
        assert kept[key] == value, key


def test_synthau_twins_differ_in_the_data_and_its_aus_alone():
    """And, in the light tier, in a start for SynthAU's AUs and how gently it goes on from there."""
    for name in list_recipes():
        if "synthau" not in name or name.startswith(("linear", "re_net/intensity")):
            continue
        plain = name.replace("ablations/synthau_", "ablations/").replace("synthau", "bp4d")
        for tier in (None, "mini"):
            other = {"name", "title", "published", "store", "aus", "report"}
            other |= set() if loaded(name, tier=tier).start is None else {"start", "stages"}
            ours, theirs = (loaded(each, tier=tier).model_dump(exclude=other) for each in (name, plain))
            assert ours == theirs, name
        assert loaded(name, tier=None).au_set == BP4D_DISFA_15


def test_rows_of_a_study_share_their_first_stage():
    """So that it is trained once."""
    for names in (
        ["lp_net/bp4d", *(f"lp_net/ablations/{row}" for row in ("sl_da_p", "lf", "facs", "l_net", "p_net"))],
        [f"lorral/{relation}_bp4d" for relation in ("sa", "hopfield", "bilstm", "none")],
        ["au_rcnn/bp4d", *(f"au_rcnn/ablations/{row}" for row in ("mean_box", "conv_lstm", "crf"))],
        ["au_rcnn/ablations/two_stream", "au_rcnn/ablations/tal"],
    ):
        found = []
        for name in names:
            recipe = loaded(name, tier="mini")
            model = untrained(recipe)
            first = make_stages(recipe, model)[0]
            found.append((first, dict(model.stage_settings(first.name)), recipe.input))
        assert all(each == found[0] for each in found), names


def test_levels_are_said_where_they_are_learned():
    recipe = loaded("re_net/intensity_disfa", tier="mini")
    assert untrained(recipe).head.out_features == LEVELS


@pytest.mark.parametrize("start", shipped.STARTS)
def test_whole_starts_fit_what_begins_with_them(start):
    """They are what their recipe makes, and rows begin with their weights; the rest of a row is its own."""
    path = shipped.weights_file(start)
    tier = None if start == "detector_stills" else "mini"
    model, made = load_model(path), loaded(WHOLE_STARTS[start], tier=tier)
    assert (model.system, model.aus, model.input.id) == (made.system, made.au_set, made.input)
    said = {"input": made.input, "backbone_weights": None}
    assert {**model.settings, **said} == {**untrained(made).settings, **said}
    assert read_model_facts(path)["facts"]["data"]
    named = ["detector/shipped"] if tier is None else [each for each in list_recipes() if "synthau" in each]
    rows = [each for each in named if loaded(each, tier=tier).start == start]
    assert rows
    for name in rows:
        recipe = loaded(name, tier=tier)
        assert tier is None or loaded(name, tier=None).start is None
        row = make_model(recipe)
        before = {key: each.clone() for key, each in row.state_dict().items()}
        adopt_start(recipe, row)
        moved = [key for key, each in row.state_dict().items() if not torch.equal(each, before[key])]
        assert len(moved) > len(before) / 2, name


def test_what_was_never_trained_is_not_in_a_start():
    """Rows of an AU that is left out, or of a norm without scales, begin with no whole system."""
    for name in list_recipes():
        if "unseen" in name or "scale1" in name:
            assert loaded(name, tier="mini").start is None
