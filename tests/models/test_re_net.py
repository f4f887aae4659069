"""RE-Net, against torchvision's and timm's networks and one plain pass per action unit."""

import copy
import dataclasses

import pytest

torch = pytest.importorskip("torch")

import torchvision  # noqa: E402
from scipy.stats import chisquare  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from actionunits.errors import UsageError  # noqa: E402
from actionunits.facs import BP4D_12, BP4D_INTENSITY_5, DISFA_8  # noqa: E402
from actionunits.models import re_net  # noqa: E402
from actionunits.models.backbones import create_backbone  # noqa: E402
from actionunits.models.re_net import RENet  # noqa: E402

from .slow_re_net import (  # noqa: E402
    AUS,
    LITE,
    Slow,
    assert_same_running,
    labels,
    lite_net,
    make_faces,
    norms_of,
    paper_net,
    scatter,
)


@pytest.fixture
def resnet() -> RENet:
    return paper_net()


@pytest.fixture
def lite() -> RENet:
    return lite_net()


@pytest.mark.parametrize(
    ("aus", "settings", "count"),
    [
        (BP4D_12, {}, 11_282_625),
        (DISFA_8, {}, 11_244_225),
        (BP4D_12, {"relation": "learnable"}, 11_282_625 + 132),
        (BP4D_12, {"task": "intensity"}, 11_285_190),
        (BP4D_INTENSITY_5, {"task": "intensity"}, 11_217_990),
        (DISFA_8, {"head": "per_au", "affine": False}, 11_166_912 + 8 * 513),
    ],
)
def test_parameters(aus, settings, count) -> None:
    model = RENet(aus, **settings)
    assert sum(parameter.numel() for parameter in model.parameters()) == count
    norms = norms_of(model)
    assert (len(norms), sum(norm.channels for norm in norms)) == (20, 4800)
    assert sum(norm.running_mean.numel() + norm.running_var.numel() for norm in norms) == len(aus) * 9600
    assert not [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]


@pytest.mark.parametrize("settings", [{}, {"relation_norm": "softmax"}, {"relation": "learnable"}], ids=str)
def test_it_begins_as_the_plain_network_for_every_au(settings, tmp_path) -> None:
    """Rows of the graph sum to 1, so mixing what is equal changes nothing."""
    torch.manual_seed(0)
    plain = torchvision.models.resnet18().eval()
    for layer in plain.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.weight.data.uniform_(0.5, 1.5)
            layer.bias.data.normal_(0, 0.2)
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 2)
    torch.save(plain.state_dict(), tmp_path / "resnet18.pth")
    plain.fc = nn.Identity()
    model = RENet(AUS, backbone_weights=str(tmp_path / "resnet18.pth"), **settings).eval()
    model.observe(labels())
    batch = make_faces(3, model)
    with torch.no_grad():
        features, expected = model(batch).parts["features"], plain(batch.image)
    torch.testing.assert_close(features, expected[:, None].expand(-1, len(AUS), -1), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(model(batch).logits[:, 1:2], model.head(expected), rtol=1e-4, atol=1e-5)


def test_the_light_network_begins_as_the_plain_one() -> None:
    """Norms that hold their activation keep it."""
    torch.manual_seed(0)
    model = RENet(AUS, **LITE)
    model.observe(labels())
    torch.manual_seed(0)
    plain = create_backbone("efficientnet_lite0", stride=16)
    batch = make_faces(4, model, side=64)
    assert len(norms_of(model)) == len([layer for layer in plain.modules() if isinstance(layer, nn.BatchNorm2d)])
    with torch.no_grad():
        for training in (True, False):  # the running statistics move in the first
            expected = plain.train(training)(batch.image).mean(dim=(2, 3))
            model.train(training)
            found = [model.forward_single(batch, c).parts["features"][:, 0] for c in range(len(AUS))]
            torch.testing.assert_close(torch.stack(found), expected.expand(3, -1, -1), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_the_folded_pass_is_the_papers_one_pass_per_au(resnet, training) -> None:
    model = resnet.double().train(training)
    slow = Slow(model)
    slow.net.train(training)
    batch = make_faces(4, model)
    found = model(batch)
    expected = torch.cat([slow(batch.image, c) for c in range(len(AUS))], dim=1)
    torch.testing.assert_close(found.logits, expected, rtol=1e-5, atol=1e-5)
    assert found.columns is None
    assert_same_running(model, slow)


@pytest.mark.parametrize("training", [True, False])
def test_the_folded_pass_is_many_single_ones(resnet, training) -> None:
    model, single = resnet.train(training), copy.deepcopy(resnet).train(training)
    batch = make_faces(4, model)
    with torch.no_grad():
        found = model(batch)
        each = [single.forward_single(batch, c) for c in range(len(AUS))]
    assert [output.columns for output in each] == [(0,), (1,), (2,)]
    torch.testing.assert_close(found.logits, torch.cat([output.logits for output in each], dim=1), rtol=0, atol=1e-5)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, single.state_dict()[name], rtol=1e-5, atol=1e-5)


def test_many_faces_are_computed_in_parts(lite, monkeypatch) -> None:
    batch, rows = make_faces(5, lite, side=48), []
    lite.backbone.register_forward_hook(lambda _, __, output: rows.append(len(output)))
    lite.eval()
    with torch.no_grad():
        whole = lite(batch)
        monkeypatch.setattr(re_net, "CPU_ROWS_AT_ONCE", 8)
        parts = lite(batch)
    assert rows == [15, 6, 6, 3]
    torch.testing.assert_close(parts.logits, whole.logits, rtol=0, atol=1e-6)
    torch.testing.assert_close(parts.parts["features"], whole.parts["features"], rtol=0, atol=1e-6)


def test_one_au_is_drawn_evenly_for_each_batch() -> None:
    model = RENet((1, 4, 12, 25), **LITE, unseen=(4,))
    model.backbone = nn.Conv2d(3, 112, 1)
    batch = make_faces(1, model, side=1)
    torch.manual_seed(0)
    drawn = [model(batch).columns for _ in range(900)]
    counts = [drawn.count((c,)) for c in range(4)]
    assert counts[1] == 0
    assert sum(counts) == 900
    assert chisquare([counts[c] for c in (0, 2, 3)]).pvalue > 0.01
    torch.manual_seed(0)
    assert [model(batch).columns for _ in range(50)] == drawn[:50]


def test_the_loss_is_that_of_the_drawn_au(lite) -> None:
    batch = make_faces(8, lite, side=48)
    output = lite(batch)
    (column,) = output.columns
    terms = lite.loss(output, batch)
    known = batch.occurrence[:, column] >= 0
    truth = batch.occurrence[known, column].float()
    expected = functional.binary_cross_entropy_with_logits(output.logits[known, 0], truth)
    torch.testing.assert_close(terms["total"], expected)
    assert terms.keys() == {"occurrence", "total"}


def test_the_loss_of_all_aus_is_a_sum(lite) -> None:
    batch = make_faces(8, lite, side=48)
    lite.strategy = "all"
    output = lite(batch)
    singles = [
        lite.loss(dataclasses.replace(output, logits=output.logits[:, [c]], columns=(c,)), batch) for c in range(3)
    ]
    torch.testing.assert_close(lite.loss(output, batch)["total"], sum(terms["total"] for terms in singles))


def test_intensities() -> None:
    torch.manual_seed(0)
    model = scatter(RENet(AUS, **LITE, task="intensity", strategy="all"))
    batch = make_faces(8, model, side=48)
    output = model(batch)
    assert output.levels.shape == (8, 3, 6)
    odds = output.levels.softmax(dim=-1)
    torch.testing.assert_close(output.logits, torch.log((1 - odds[..., 0]) / odds[..., 0]), rtol=1e-4, atol=1e-4)
    expected = 0
    for c in range(3):
        known = batch.intensity[:, c] >= 0
        chosen = odds[known, c].gather(1, batch.intensity[known, c].long()[:, None])
        expected = expected - chosen.log().mean()
    terms = model.loss(output, batch)
    torch.testing.assert_close(terms["total"], expected)
    assert terms.keys() == {"intensity", "total"}


def test_maps_of_an_au_are_its_own_channels(lite) -> None:
    maps, batch = [], make_faces(2, lite, side=64)
    lite.eval().map_layer().register_forward_hook(lambda _, __, output: maps.append(output))
    output = lite(batch)
    assert maps[0].shape == (2, 3 * 112, 4, 4)
    torch.testing.assert_close(maps[0].mean(dim=(2, 3)).view(2, 3, 112), output.parts["features"])
    (gradient,) = torch.autograd.grad(output.logits[:, 1].sum(), maps)
    used = gradient.view(2, 3, -1).abs().amax(dim=2) > 0
    assert used.tolist() == [[False, True, False]] * 2
    lite.forward_single(batch, 1)
    torch.testing.assert_close(maps[1], maps[0][:, 112:224], rtol=0, atol=1e-4)


@pytest.mark.parametrize(("start", "own"), [("layer1", 19), ("layer2", 15), ("layer4", 5)])
def test_norms_by_au_from_a_later_part_on(start, own) -> None:
    torch.manual_seed(0)
    model = RENet(AUS, au_specific_from=start)
    assert len(norms_of(model)) == own
    assert len([layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]) == 20 - own
    scatter(model).eval()
    batch, rows = make_faces(2, model), []
    first = next(layer for layer in model.backbone.layer1.modules() if isinstance(layer, nn.Conv2d))
    first.register_forward_hook(lambda _, __, output: rows.append(len(output)))
    with torch.no_grad():
        found = model(batch).logits
        singles = torch.cat([model.forward_single(batch, c).logits for c in range(3)], dim=1)
    torch.testing.assert_close(found, singles, rtol=0, atol=1e-5)
    assert found.std(dim=1).min() > 1e-4
    assert rows[0] == (6 if start == "layer1" else 2)


def test_scale_1_and_bias_0(lite) -> None:
    model = RENet(AUS, **LITE, affine=False, head="per_au", strategy="all")
    batch = make_faces(6, model, side=48)
    model.observe(labels())
    features = model(batch).parts["features"]
    torch.testing.assert_close(features, features[:, :1].expand(-1, 3, -1))
    logits = model(batch).logits
    torch.testing.assert_close(logits, model.head(features[:, 0]), rtol=1e-3, atol=1e-3)


def test_the_stage() -> None:
    (stage,) = RENet(BP4D_12).stages
    assert (stage.epochs, stage.batch, stage.optimizer, stage.patience) == (60, 100, "adam", 10)
    assert dict(stage.rates) == {"backbone": 1e-4, "head": 1e-4, "norms": 1e-4}
    assert "norms" not in RENet(BP4D_12, affine=False, head="per_au").stages[0].rates
    assert RENet(DISFA_8, relation="learnable").stages[0].epochs == 40


def test_models_of_one_seed_begin_alike() -> None:
    begun = []
    for settings in ({}, {"relation": "learnable"}, {"strategy": "all", "unseen": (12,)}):
        torch.manual_seed(3)
        begun.append(RENet(AUS, **LITE, **settings).state_dict())
    for name, value in begun[0].items():
        if name.startswith(("backbone.", "head.")):
            assert all(torch.equal(value, each[name]) for each in begun[1:]), name


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"task": "emotion"}, "occurrence, intensity"),
        ({"strategy": "two"}, "single, all"),
        ({"head": "none"}, "shared, per_au"),
        ({"unseen_stats": "guess"}, "estimate, edge_mean"),
        ({"recalibrate": -1}, "0 or more"),
        ({"affine": False}, "head=per_au"),
        ({"head": "per_au", "unseen": (12,)}, "no classifier"),
        ({"unseen": AUS}, "left to train"),
        ({"unseen": (1,)}, "not among"),
        ({"relation": "learnable", "relation_norm": "paper"}, "sum to 0"),
        ({"delta": 0.0}, "above 0"),
        ({"au_specific_from": "layer1"}, "It has stem"),
    ],
)
def test_wrong_settings(settings, said) -> None:
    with pytest.raises(UsageError, match=said):
        RENet(AUS, **LITE, **settings)


def test_norms_can_learn_at_a_rate_of_their_own() -> None:
    model = RENet(AUS, **LITE)
    model.stages = (dataclasses.replace(model.stages[0], rates={"norms": 1e-2}),)
    model.begin("train")
    norms = {id(each) for module in model.parts()["norms"] for each in module.parameters()}
    assert {id(each) for each in model.parameters() if each.requires_grad} == norms != set()
    prefixes = model.part_prefixes(["norms"])
    awake = [f"{name}." for name, module in model.named_modules() if name and module.training]
    assert awake
    assert all(name.startswith(prefixes) for name in awake)


# Starting from another -----------------------------------------------------------------------------------------------


def trained(**settings) -> RENet:
    """A small net whose norms differ from AU to AU, after it saw labels."""
    torch.manual_seed(3)
    net = scatter(RENet(AUS, **LITE, **settings))
    net.observe(labels())
    return net.eval()


def test_without_relations_it_starts_as_the_mixture() -> None:
    source, alone = trained(), RENet(AUS, **LITE, relation="self").eval()
    alone.adopt(source.state_dict(), source.aus)
    alone.observe(labels())
    batch = make_faces(3, source)
    assert torch.equal(alone.relations(), torch.eye(len(AUS)))
    assert not torch.equal(source.relations(), torch.eye(len(AUS)))
    with torch.no_grad():
        torch.testing.assert_close(alone(batch).logits, source(batch).logits, atol=1e-5, rtol=1e-4)


def test_relations_are_those_of_the_labels_here() -> None:
    source, net = trained(), RENet(AUS, **LITE).eval()
    net.adopt(source.state_dict(), source.aus)
    assert torch.equal(net.relations(), source.relations())
    batch = make_faces(3, source)
    with torch.no_grad():
        assert torch.equal(net(batch).logits, source(batch).logits)
    other = labels(seed=5)
    net.observe(other)
    fresh = RENet(AUS, **LITE)
    fresh.observe(other)
    assert torch.equal(net.relations(), fresh.relations())


def test_an_au_takes_what_was_its_own_elsewhere() -> None:
    source = trained(relation="self")
    net = RENet((9, *AUS[1:]), **LITE, relation="self")  # without AU 4
    began = [norm.gamma.detach().clone() for norm in norms_of(net)]
    net.eval().adopt(source.state_dict(), source.aus)
    for norm, other, before in zip(norms_of(net), norms_of(source), began, strict=True):
        for row, au in enumerate(net.aus):
            wanted = other.gamma[source.aus.index(au)] if au in source.aus else before[row]
            assert torch.equal(norm.gamma[row], wanted)
    assert torch.equal(net.head.weight, source.head.weight)


def test_another_task_keeps_its_own_classifier() -> None:
    source, graded = trained(), RENet(AUS, **LITE, task="intensity")
    before = graded.head.weight.detach().clone()
    graded.adopt(source.state_dict(), source.aus)
    assert torch.equal(graded.head.weight, before)
    assert torch.equal(graded.backbone.conv_stem.weight, source.backbone.conv_stem.weight)
    with pytest.raises(UsageError, match="backbone"):
        graded.adopt({**RENet(AUS, input="re-224").state_dict()}, source.aus)
