"""Model files: what they keep, and how damaged or foreign ones are refused."""

import json
import struct
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from safetensors import safe_open  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

from actionunits.errors import ResultsError, UsageError  # noqa: E402
from actionunits.loading import InputRecipe  # noqa: E402
from actionunits.models import create_model, load_model, load_state_of, read_model_facts, save_model  # noqa: E402
from actionunits.models.linear import Linear  # noqa: E402

LIGHT = {"input": "lp-112", "backbone": "efficientnet_lite0", "backbone_stride": 16}


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return create_model("linear", (1, 12), **LIGHT)


@pytest.fixture
def file(model, tmp_path) -> Path:
    save_model(model, tmp_path / "model.safetensors", facts={"recipe": "linear/bp4d"})
    return tmp_path / "model.safetensors"


def rewrite(path: Path, change_header=None, change_state=None, metadata=None) -> None:
    """The same file, with something else in it."""
    with safe_open(path, "pt") as whole:
        header = json.loads(whole.metadata()["actionunits"])
        state = {name: whole.get_tensor(name) for name in whole.keys()}  # noqa: SIM118
    header = (change_header or (lambda same: same))(header)
    state = (change_state or (lambda same: same))(state)
    save_file(state, path, {"actionunits": json.dumps(header)} if metadata is None else metadata)


def test_what_a_file_says(file) -> None:
    facts = read_model_facts(file)
    assert facts["system"] == "linear"
    assert facts["aus"] == [1, 12]
    assert facts["settings"] == {**LIGHT, "backbone_weights": None, "hidden": None, "balance": "none"}
    assert facts["input"]["id"] == "lp-112"
    assert facts["input"]["crop_hash"]
    assert facts["stage"] is None
    assert facts["facts"] == {"recipe": "linear/bp4d"}


def test_the_weights_alone(file, model) -> None:
    aus, state, system = load_state_of(file)
    assert (aus, system) == (model.aus, "linear")
    assert state.keys() == model.state_dict().keys()
    assert all(torch.equal(each, state[name]) for name, each in model.state_dict().items())


def test_a_loaded_model_is_for_predicting(file) -> None:
    again = load_model(file)
    assert isinstance(again, Linear)
    assert not any(each.training for each in again.modules())


def test_the_start_weights_need_not_be_there_any_more(model, tmp_path) -> None:
    start = tmp_path / "start.safetensors"
    save_file(model.stem.state_dict(), start)
    begun = create_model("linear", (1, 12), **LIGHT, backbone_weights=str(start))
    assert torch.equal(begun.stem.conv_stem.weight, model.stem.conv_stem.weight)
    save_model(begun, tmp_path / "model.safetensors")
    start.unlink()
    assert load_model(tmp_path / "model.safetensors").settings["backbone_weights"] == str(start)


def test_a_model_file_is_a_start_for_a_backbone(file, model) -> None:
    begun = create_model("linear", (4, 6, 7), **LIGHT, backbone_weights=str(file))
    assert torch.equal(begun.stem.conv_stem.weight, model.stem.conv_stem.weight)


def test_an_input_recipe_of_ones_own_is_kept(tmp_path) -> None:
    recipe = InputRecipe("lp-112", "re-256", 200, side=50)  # a name that means something else here
    save_model(create_model("linear", 1, **LIGHT | {"input": recipe}), tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors")
    assert again.input == recipe
    save_model(again, tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == (tmp_path / "model.safetensors").read_bytes()


def test_it_sees_what_it_was_trained_on(file) -> None:
    """Even where the recipe of that name has changed since."""
    rewrite(file, lambda header: header | {"input": header["input"] | {"rotation": 33.0}})
    assert load_model(file).input.rotation == 33


def test_saving_twice_gives_the_same_bytes(file, model, tmp_path) -> None:
    save_model(model, tmp_path / "twin.safetensors", facts={"recipe": "linear/bp4d"})
    assert (tmp_path / "twin.safetensors").read_bytes() == file.read_bytes()


def test_a_failed_write_leaves_the_old_file(file, model, monkeypatch) -> None:
    before = file.read_bytes()

    def full(self, content) -> None:
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ResultsError, match="disk is full"):
        save_model(model, file)
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_only_made_models_can_be_saved(tmp_path) -> None:
    with pytest.raises(UsageError, match="create_model"):
        save_model(Linear(1, **LIGHT), tmp_path / "model.safetensors")


def test_another_system(file) -> None:
    with pytest.raises(UsageError, match=r"model\.safetensors: is a model of linear, not of lp_net"):
        load_model(file, system="lp_net")


@pytest.mark.parametrize("share", [0, 1, 4, 50, 99])
def test_cut_files(file, share) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) * share // 100])
    for read in (load_model, read_model_facts, load_state_of):
        with pytest.raises(UsageError, match="cannot be read as a model"):
            read(file)


def test_files_of_another_kind(file, tmp_path) -> None:
    (tmp_path / "text.safetensors").write_text("a model")
    (tmp_path / "claim.safetensors").write_bytes(struct.pack("<Q", 2**62) + b"{}")
    torch.save({"a": torch.zeros(1)}, tmp_path / "pickle.safetensors")
    for name in ("text.safetensors", "claim.safetensors", "pickle.safetensors", "missing.safetensors", "."):
        with pytest.raises(UsageError, match="cannot be read as a model"):
            load_model(tmp_path / name)


@pytest.mark.parametrize("said", ["", "[]", "3", "{}", "nonsense", '{"format": 1}', "[" * 100_000])
def test_files_that_do_not_say_how(file, said) -> None:
    rewrite(file, metadata={"actionunits": said})
    with pytest.raises(UsageError, match="does not say how to make its model"):
        load_model(file)


def test_safetensors_of_others(file) -> None:
    rewrite(file, metadata={"format": "pt"})
    with pytest.raises(UsageError, match="does not say how to make its model"):
        load_model(file)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": 2}, "has format 2; this release reads 1"),
        ({"format": 2, "aus": None}, "has format 2; this release reads 1"),
        ({"aus": 12}, "does not say how"),
        ({"aus": [1, "12"]}, "does not say how"),
        ({"settings": []}, "does not say how"),
        ({"system": ["linear"]}, "does not say how"),
        ({"aus": [1, 99]}, "no such action unit"),
        ({"aus": [1, 2, 12]}, r"head\.\w+ is \(2,"),
        ({"system": "openface"}, "no such system"),
        ({"system": "../linear"}, "no such system"),
        ({"settings": {"__class__": 1}}, "no such setting"),
        ({"settings": {**LIGHT, "backbone_stride": 32}}, r"model\.safetensors: stem\.\S+ is missing"),
        ({"stage": "shape"}, "none of this name"),
    ],
)
def test_headers_that_do_not_fit(file, changes, said) -> None:
    rewrite(file, lambda header: header | changes)
    with pytest.raises(UsageError, match=said):
        load_model(file)


def test_another_crop(file) -> None:
    rewrite(file, lambda header: header | {"input": header["input"] | {"crop_hash": "0" * 8}})
    with pytest.raises(UsageError, match="saw another crop lp-240-masked than this release's"):
        load_model(file)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda state: state | {"head.bias": torch.zeros(3)}, r"head\.bias is \(3,\), here \(2,\)"),
        (lambda state: {name: each for name, each in state.items() if name != "head.bias"}, r"head\.bias is missing"),
        (lambda state: state | {"spare": torch.zeros(3)}, r"spare is \(3,\), here missing"),
    ],
)
def test_weights_that_do_not_fit(file, change, said) -> None:
    rewrite(file, change_state=change)
    with pytest.raises(UsageError, match=rf"model\.safetensors: {said}"):
        load_model(file)
