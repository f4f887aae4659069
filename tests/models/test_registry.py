"""Making systems by name, with values checked before any work."""

import json
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")

import actionunits  # noqa: E402
from actionunits.errors import UsageError  # noqa: E402
from actionunits.loading import InputRecipe  # noqa: E402
from actionunits.models import create_model, find_model, list_models, nearest  # noqa: E402
from actionunits.models.linear import Linear  # noqa: E402

LIGHT = {"input": "lp-112", "backbone": "resnet18", "backbone_stride": 16}


def test_names() -> None:
    assert {"au_rcnn", "linear", "lorral", "lp_net", "re_net", "roi_gcn"} <= set(list_models())
    assert list_models() == tuple(sorted(set(list_models())))
    assert find_model("linear") is Linear
    with pytest.raises(UsageError, match=r"'liner': no such system\. The nearest is 'linear'\."):
        find_model("liner")
    with pytest.raises(UsageError, match=rf"There are {', '.join(list_models())}\."):
        create_model("openface", 12)


def test_the_front_door_has_it() -> None:
    assert actionunits.create_model is create_model
    assert actionunits.list_models is list_models


def test_listing_needs_no_system() -> None:
    """A system's own libraries are imported when it is made."""
    code = "import sys, actionunits as au; au.list_models(); print('timm' in sys.modules, 'torchvision' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["False", "False"]


def test_without_torch_the_error_says_what_to_install() -> None:
    code = "import sys; sys.modules['torch'] = None; import actionunits as au; au.create_model"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "UsageError" in said.stderr
    assert "actionunits[train]" in said.stderr


def test_settings_are_kept_with_the_defaults() -> None:
    model = create_model("linear", "1,2", **LIGHT)
    assert model.settings == {**LIGHT, "backbone_weights": None, "hidden": None, "balance": "none"}
    assert model.aus.numbers == (1, 2)
    assert model.training


def test_an_input_recipe_of_ones_own() -> None:
    recipe = InputRecipe("mine", "re-256", 200, mean=(0.1, 0.2, 0.3), side=50)
    model = create_model("linear", 1, **LIGHT | {"input": recipe})
    assert model.input == recipe
    plain = json.loads(json.dumps(model.settings))
    assert create_model("linear", 1, **plain).input == recipe


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"balanse": "none"}, r"linear: 'balanse': no such setting\. The nearest is 'balance'"),
        ({"zzz": 1}, r"There are backbone, backbone_stride, backbone_weights, balance, hidden, input"),
        ({"aus_": 1}, "no such setting"),
        ({"balance": "some"}, r"linear: balance: 'some': .*'none' or 'selective'"),
        ({"backbone_stride": "16"}, "backbone_stride: '16': .*integer"),
        ({"backbone_stride": True}, "integer"),
        ({"backbone_stride": float("nan")}, "integer"),
        ({"backbone": ["resnet18"]}, "valid string"),
        ({"backbone": None}, "valid string"),
        ({"input": {"id": "mine", "crop": "re-256", "size": 64, "wide": 3}}, "Unexpected keyword"),
        ({"input": {"id": "mine", "crop": "re-256", "size": 640}}, "size 640"),
        ({"input": "re-1"}, "no such input recipe"),
        ({"input": object()}, "object is not a plain value"),
    ],
)
def test_wrong_settings(settings, said) -> None:
    with pytest.raises(UsageError, match=said):
        create_model("linear", 12, **settings)


def test_wrong_action_units() -> None:
    with pytest.raises(UsageError, match="no such action unit"):
        create_model("linear", "1,99", **LIGHT)


def test_nearest() -> None:
    assert nearest("backbon", ("backbone", "input")) == "The nearest is 'backbone'"
    assert nearest("x", ("b", "a")) == "There are a, b"
