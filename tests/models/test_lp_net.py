"""LP-Net: the paper's sizes, steps and rows, what each step computes and learns by, and weights of other AUs."""

import dataclasses
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from actionunits.errors import UsageError  # noqa: E402
from actionunits.facs import BP4D_12, DISFA_8, AUSet  # noqa: E402
from actionunits.geometry import flip_landmarks  # noqa: E402
from actionunits.loading import FaceBatch, InputRecipe  # noqa: E402
from actionunits.losses.occurrence import bce  # noqa: E402
from actionunits.models import AUModel, create_model, load_model, save_model  # noqa: E402
from actionunits.models.cells import au_cells, cell_order  # noqa: E402

TINY = InputRecipe("tiny", "lp-240-masked", 224, side=64)
LIGHT = {"input": TINY, "backbone": "resnet18", "backbone_stride": 16, "hidden": 6}  # 4 x 4 cells of 256 channels
AUS = (1, 12, 25)


def light(aus=AUS, **settings) -> AUModel:
    return create_model("lp_net", aus, **LIGHT | settings)


def parameters(*modules: nn.Module) -> int:
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def weights(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def same(module: nn.Module, other: nn.Module) -> bool:
    return all(tensor.equal(other.state_dict()[name]) for name, tensor in module.state_dict().items())


@pytest.fixture
def model() -> AUModel:
    torch.manual_seed(0)
    return light()


@pytest.fixture
def batch(make_batch, model) -> FaceBatch:
    return make_batch(model, 6, seed=3)


# Sizes, steps and rows ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("aus", "whole"), [("BP4D_12", 25_403_480), ("DISFA_8", 24_086_096)])
def test_parameters_of_the_paper(aus, whole):
    """The head of the first step is there, and no part of the last."""
    with torch.device("meta"):
        model = create_model("lp_net", aus)
    assert parameters(model.stem) == 21_284_672
    model.begin("shape")
    trained = sum(each.numel() for each in model.parameters() if each.requires_grad)
    assert trained == parameters(model.stem, model.l_net, model.p_net) == whole
    assert parameters(model) == whole + parameters(model.head)


def test_steps_of_the_paper(model):
    assert [(stage.name, dict(stage.rates)) for stage in model.stages] == [
        ("stem", {"stem": 1e-3, "head": 1e-3}),
        ("local", {"stem": 5e-4, "l_net": 1e-3}),
        ("shape", {"stem": 5e-4, "l_net": 5e-4, "p_net": 1e-3}),
    ]
    for stage in model.stages:
        assert (stage.epochs, stage.batch, stage.optimizer, stage.weight_decay) == (30, 100, "adam", 0)
        assert (stage.schedule, stage.milestones, stage.decay) == ("step", (15, 25), 0.1)


ROWS = {
    "ResNet-34": ({"local": "gap", "shape": "none", "balance": "none"}, ["stem"], {"stem", "head"}),
    "Stem-Net": ({"local": "gap", "shape": "none"}, ["stem"], {"stem", "head"}),
    "+LF": ({"local": "lf", "shape": "none"}, ["stem", "local"], {"stem", "lf"}),
    "+FACS": ({"local": "facs", "shape": "none"}, ["stem", "local"], {"stem", "facs"}),
    "+L-Net": ({"shape": "none"}, ["stem", "local"], {"stem", "l_net"}),
    "+P-Net w/o L_r": ({"local": "gap", "ortho": "none"}, ["stem", "shape"], {"stem", "head", "p_net"}),
    "+P-Net": ({"local": "gap"}, ["stem", "shape"], {"stem", "head", "p_net"}),
    "LP-Net": ({}, ["stem", "local", "shape"], {"stem", "l_net", "p_net"}),
}


@pytest.mark.parametrize("row", ROWS)
def test_rows_of_the_paper(row, make_batch):
    """What decides in the end is what the last step trains; P-Net alone asks for landmarks."""
    settings, stages, used = ROWS[row]
    torch.manual_seed(0)
    model = light(**settings)
    assert [stage.name for stage in model.stages] == stages
    assert set(model.stages[-1].rates) == used
    assert model.needs_landmarks is ("p_net" in used)
    batch = make_batch(model, 4)
    model.loss(model(batch), batch)["total"].backward()
    learned = {name for name, child in model.named_children() if all(p.grad is not None for p in child.parameters())}
    assert learned == used


@pytest.mark.parametrize("row", ROWS)
def test_rows_begin_alike_and_share_their_steps(row):
    made = []
    for settings in (ROWS[row][0], {}):
        torch.manual_seed(4)
        made.append(light(**settings))
    model, whole = made
    assert same(model.stem, whole.stem)
    assert same(model.head, whole.head)
    assert (model.stage_settings("stem") == whole.stage_settings("stem")) is (row != "ResNet-34")
    assert ("local" in ROWS[row][1] and model.stage_settings("local") == whole.stage_settings("local")) is (
        row in ("+L-Net", "LP-Net")
    )
    if row == "+L-Net":
        assert same(model.l_net, whole.l_net)


@pytest.mark.parametrize(
    ("changed", "first"),
    [
        ({"balance": "none"}, "stem"),
        ({"target": 0.4}, "stem"),
        ({"weight_cap": 5.0}, "stem"),
        ({"input": "lp-112"}, "stem"),
        ({"backbone": "resnet34"}, "stem"),
        ({"local": "facs"}, "local"),
        ({"hidden": 7}, "local"),
        ({"order": "snake"}, "local"),
        ({"ortho": "cosine"}, "shape"),
        ({"ortho_weight": 0.1}, "shape"),
        ({"fs_relu": True}, "shape"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_a_setting_matters_from_its_step_on(model, changed, first):
    other = light(**changed)
    names = ["stem", "local", "shape"]
    differ = [other.stage_settings(name) != model.stage_settings(name) for name in names]
    assert differ == [place >= names.index(first) for place in range(3)]
    assert model.stage_settings("stem")["system"] == "lp_net"


# What each step computes --------------------------------------------------------------------------------------------


def test_each_step_computes_what_it_has(model, batch):
    model.eval()
    with torch.no_grad():
        features = model.stem(batch.image)
        f_au = features.mean(dim=(2, 3))
        from_local, states = model.l_net(features)
        terms, f_s = model.p_net(batch.landmarks)
        whole = model(batch)
        found = {}
        for stage in model.stages:
            model.begin(stage.name)
            found[stage.name] = model(batch)
    torch.testing.assert_close(found["stem"].logits, model.head(f_au))
    torch.testing.assert_close(found["stem"].parts["features"], f_au)
    torch.testing.assert_close(found["local"].logits, from_local)  # Eq. 1
    torch.testing.assert_close(found["local"].parts["features"], states)
    torch.testing.assert_close(found["shape"].logits, from_local + terms)  # Eq. 4
    torch.testing.assert_close(found["shape"].parts["f_s"], f_s)
    assert f_s.shape == f_au.shape == (6, 256)
    assert terms.abs().min() > 0
    assert whole.logits.equal(found["shape"].logits)


def test_without_a_correction_it_is_the_l_net(model, batch):
    nn.init.zeros_(model.p_net.terms.weight)
    nn.init.zeros_(model.p_net.terms.bias)
    model.eval()
    corrected = model(batch).logits
    model.begin("local")
    torch.testing.assert_close(corrected, model(batch).logits, rtol=0, atol=0)


def test_local_features_are_the_mean_of_what_each_cell_says(batch):
    torch.manual_seed(1)
    model = light(local="lf", shape="none").eval()
    features = model.stem(batch.image)
    weight, bias = model.lf.weight[:, :, 0, 0], model.lf.bias
    said = torch.stack([features[:, :, cell // 4, cell % 4] @ weight.T + bias for cell in range(16)])
    torch.testing.assert_close(model(batch).logits, said.mean(dim=0))


def test_facs_reads_the_cells_of_each_action_unit_in_order():
    model = light(local="facs", order="hilbert")
    for au, walk, share in zip(AUS, model.facs.walk, model.facs.share, strict=True):
        cells = au_cells(au, TINY, 16)
        assert walk[: len(cells)].tolist() == [cell for cell in cell_order(4, "hilbert") if cell in cells]
        assert share.sum().item() == pytest.approx(1)
    whole = light(order="snake").l_net
    assert whole.walk.tolist() == [list(cell_order(4, "snake"))] * 3


def test_the_light_network_has_seven_by_seven_cells(make_batch):
    model = create_model("lp_net", 12, input="lp-112", backbone="efficientnet_lite0", backbone_stride=16, hidden=4)
    output = model.eval()(make_batch(model, 1))
    assert model.l_net.walk.shape == (1, 49)
    assert output.parts["f_s"].shape == output.parts["f_au"].shape == (1, 112)


def test_mirrored_faces_have_mirrored_shapes(model, batch):
    """Turned or not, a face's shape is its own; mirrored, it is the mirrored face's."""
    model.eval()
    landmarks = batch.landmarks.numpy()
    mirrored = torch.from_numpy(flip_landmarks(landmarks, 64))
    terms = model(dataclasses.replace(batch, landmarks=mirrored)).parts["shape_terms"]
    angle = math.radians(10)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    turned = torch.from_numpy(((flip_landmarks(landmarks, 64) - 31.5) @ turn.T + 31.5).astype(np.float32))
    again = model(dataclasses.replace(batch, landmarks=turned)).parts["shape_terms"]
    torch.testing.assert_close(again, terms, rtol=0, atol=1e-4)
    assert (terms - model(batch).parts["shape_terms"]).abs().max() > 1e-3


# What it learns by --------------------------------------------------------------------------------------------------


def known(batch: FaceBatch, labels) -> FaceBatch:
    return dataclasses.replace(batch, occurrence=torch.tensor(labels, dtype=torch.int8))


def test_the_loss_is_that_of_the_equations(batch):
    torch.manual_seed(2)
    model = light(balance="none", ortho_weight=0.5)
    output = model(batch)
    terms = model.loss(output, batch)
    f_au, f_s = output.parts["f_au"], output.parts["f_s"]
    inner = torch.stack([f_au[face].dot(f_s[face]).abs() for face in range(6)])
    torch.testing.assert_close(terms["occurrence"], bce(output.logits, batch.occurrence))
    torch.testing.assert_close(terms["orthogonality"], inner.mean())
    torch.testing.assert_close(terms["total"], terms["occurrence"] + 0.5 * terms["orthogonality"])
    cosine = inner / f_au.norm(dim=1) / f_s.norm(dim=1)
    torch.testing.assert_close(terms["log_cosine"], cosine.mean())
    torch.testing.assert_close(terms["log_f_au"], f_au.norm(dim=1).mean())
    torch.testing.assert_close(terms["log_f_s"], f_s.norm(dim=1).mean())
    assert not any(terms[name].requires_grad for name in terms if name.startswith("log_"))


def test_kinds_of_orthogonality(batch):
    torch.manual_seed(2)
    one, other, none = (light(ortho=kind, balance="none").eval() for kind in ("inner", "cosine", "none"))
    other.load_state_dict(one.state_dict())
    output = one(batch)
    torch.testing.assert_close(other(batch).logits, output.logits)
    found = other.loss(other(batch), batch)
    torch.testing.assert_close(found["orthogonality"], found["log_cosine"])
    assert found["orthogonality"] != one.loss(output, batch)["orthogonality"]
    assert "orthogonality" not in none.loss(none(batch), batch)
    one.begin("local")
    assert set(one.loss(one(batch), batch)) == {"occurrence", "total"}


def test_faces_without_a_label_have_no_part_in_orthogonality(model, batch):
    partly = known(batch, [[-1, -1, -1], [1, -1, -1], [0, 0, 0], [-1, -1, -1], [1, 1, 1], [-1, 0, 1]])
    output = model(partly)
    (gradient,) = torch.autograd.grad(model.loss(output, partly)["total"], output.parts["f_s"])
    assert gradient.abs().sum(dim=1).bool().tolist() == [False, True, True, False, True, True]


@pytest.mark.parametrize("balance", ["selective", "selective_mlcr", "none"])
def test_balance(batch, balance):
    """Six faces: two positives of AU1, none of AU12, all of AU25 unknown; logits 0, each loss log 2."""
    model = light(balance=balance, ortho="none", target=0.5)
    labels = known(batch, [[1, 0, -1], [1, 0, -1], *[[0, 0, -1]] * 4])
    output = dataclasses.replace(model(batch), logits=torch.zeros(6, 3))
    found = model.loss(output, labels)["total"].item() / math.log(2)
    masses = {
        "selective": (3 + 3) / 6 + 3 / 6,  # halves of AU1; three negatives of AU12
        "selective_mlcr": (1 * 2 + 2) / 6 + 3 / 6,
        "none": 2,
    }
    # The code that `selective_mlcr` follows aims at 0.3 for AU1 and AU12: 2 of 6 are no fewer, so AU1 is unchanged.
    masses["selective_mlcr"] = 1 + math.ceil(6 * 0.3) / 6
    aus = 1 if balance == "selective_mlcr" else 2
    assert found == pytest.approx(masses[balance] / aus)


@pytest.mark.parametrize("ortho", ["inner", "cosine"])
def test_a_few_faces_are_learned(make_batch, ortho):
    """Both terms of the loss fall, and with the cosine the shape's feature does not vanish."""
    torch.manual_seed(3)
    model = light((1, 12), input=InputRecipe("tiny", "lp-240-masked", 224, side=32), ortho=ortho)
    batch = make_batch(model, 8, seed=5)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    history = []
    for _ in range(25):
        optimizer.zero_grad()
        terms = model.train().loss(model(batch), batch)
        terms["total"].backward()
        optimizer.step()
        history.append({name: term.item() for name, term in terms.items()})
    ends = history[:3], history[-3:]
    first, last = ({name: np.mean([each[name] for each in end]) for name in history[0]} for end in ends)
    for name in ("occurrence", "orthogonality", "total"):
        assert last[name] < 0.75 * first[name], name
    if ortho == "cosine":
        assert last["log_f_s"] > 0.5 * first["log_f_s"]


# Weights of other models --------------------------------------------------------------------------------------------


def test_a_step_begins_where_the_one_before_ended(model, batch, tmp_path):
    model.begin("stem")
    save_model(model, tmp_path / "stem.safetensors")
    again = load_model(tmp_path / "stem.safetensors")
    assert again.stage == "stem"
    assert again(batch).logits.equal(model.eval()(batch).logits)
    after = light()
    after.adopt(again.state_dict(), again.aus)
    after.begin("local")
    assert same(after.stem, model.stem)
    assert after.find_stage("local").rates.keys() == {"stem", "l_net"}


@pytest.mark.parametrize("local", ["l_net", "facs", "lf", "gap"])
def test_disfa_begins_with_bp4d(local):
    """AU1 2 4 6 12 as they are, AU25 as AU23, AU26 as AU17, AU9 anew; the rest as it is."""
    torch.manual_seed(6)
    source, model = light(BP4D_12, local=local), light(DISFA_8, local=local)
    before = weights(model)
    model.adopt(source.state_dict(), source.aus)
    origin = {1: 1, 2: 2, 4: 4, 6: 6, 12: 12, 25: 23, 26: 17}
    by_au = {"head", local, "p_net"} - {"gap"}
    seen = set()
    for name, tensor in model.state_dict().items():
        if name.partition(".")[0] not in by_au or name.startswith(("p_net.first", "p_net.second")):
            assert tensor.equal(source.state_dict()[name]), name
            continue
        seen.add(name.partition(".")[0])
        for row, au in enumerate(DISFA_8):
            wanted = source.state_dict()[name][BP4D_12.index(origin[au])] if au in origin else before[name][row]
            assert tensor[row].equal(wanted), (name, au)
    assert seen == by_au
    assert not before["head.weight"].equal(model.head.weight)


def test_a_shared_action_unit_predicts_the_same(make_batch):
    torch.manual_seed(7)
    source, model = light("12,1,17"), light("26,5,12,25")
    model.adopt(source.state_dict(), source.aus)
    batch = make_batch(source, 3)
    found = model.eval()(batch).logits
    wanted = source.eval()(batch).logits
    torch.testing.assert_close(found[:, 2], wanted[:, 0])
    torch.testing.assert_close(found[:, 0], wanted[:, 2])


def test_an_action_unit_of_its_own_needs_no_stand_in():
    torch.manual_seed(8)
    source, model = light("25,23,26,17"), light("25,26")
    model.adopt(source.state_dict(), source.aus)
    assert model.head.weight.equal(source.head.weight[[0, 2]])


@pytest.mark.parametrize("settings", [{"hidden": 5}, {"local": "gap"}, {"shape": "none"}, {"backbone": "resnet50"}])
def test_weights_of_other_settings_are_refused(model, settings):
    before = weights(model)
    with pytest.raises(UsageError, match="weights"):
        model.adopt(light((1, 2), **settings).state_dict(), AUSet((1, 2)))
    assert all(tensor.equal(before[name]) for name, tensor in model.state_dict().items())


# What is refused ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {"local": "lnet"},
        {"shape": "yes"},
        {"order": "spiral"},
        {"ortho": "outer"},
        {"balance": "some"},
        {"hidden": 0},
        {"hidden": 2.5},
        {"ortho_weight": -1},
        {"ortho_weight": math.inf},
        {"target": 0},
        {"target": 1.0},
        {"target": math.nan},
        {"weight_cap": -1},
        {"backbone_stride": 8},
        {"backbone": "resnet33"},
        {"backbone_weights": "imagenet"},
    ],
    ids=str,
)
def test_values_out_of_range_are_refused(settings):
    with pytest.raises(UsageError):
        light(**settings)
