"""What RE-Net takes from the labels and from a pass over the pictures: relations, recalibration, AUs never trained."""

import copy
import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from actionunits.models import re_net  # noqa: E402
from actionunits.models.layers.graph_norm import GraphNorm  # noqa: E402
from actionunits.models.re_net import RENet  # noqa: E402
from actionunits.statistics import relation_matrix  # noqa: E402

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


def test_what_it_sees_in_the_labels(lite) -> None:
    seen = labels()
    lite.observe(seen)
    expected = relation_matrix(seen.occurrence)
    np.testing.assert_allclose(lite.graph.relation, expected, rtol=1e-6)
    np.testing.assert_allclose(lite.relations(), expected / expected.sum(axis=1, keepdims=True), rtol=1e-5)
    levels = RENet(AUS, **LITE, task="intensity")
    levels.observe(seen)
    np.testing.assert_allclose(levels.graph.relation, relation_matrix(seen.intensity), rtol=1e-6)


@pytest.mark.parametrize("rows", [512, 9])
def test_recalibration_is_a_plain_mean_over_batches(resnet, monkeypatch, rows) -> None:
    monkeypatch.setattr(re_net, "ROWS_AT_ONCE", rows)
    model = resnet.double().eval()
    model.recalibrate = 3
    slow = Slow(model, momentum=None)
    epoch = [make_faces(4, model, seed=seed) for seed in range(2)]
    model.calibrate(lambda: iter(epoch))
    with torch.no_grad():
        for batch in [*epoch, epoch[0]]:
            for column in range(len(AUS)):
                slow(batch.image, column)
    assert_same_running(model, slow)
    assert not any(norm.training for norm in norms_of(model))


def test_nothing_is_recalibrated_unless_asked(lite) -> None:
    before = copy.deepcopy(lite.state_dict())
    lite.calibrate(lambda: iter([make_faces(4, lite, side=48)]))
    assert all(torch.equal(value, before[name]) for name, value in lite.state_dict().items())


def test_recalibration_without_pictures_ends(lite) -> None:
    before = copy.deepcopy(lite.state_dict())
    lite.recalibrate = 3
    lite.calibrate(lambda: iter([]))
    assert all(torch.equal(value, before[name]) for name, value in lite.state_dict().items())


@pytest.mark.parametrize("strategy", ["single", "all"])
def test_an_unseen_au_is_not_trained(strategy) -> None:
    torch.manual_seed(0)
    model = scatter(RENet(AUS, **LITE, strategy=strategy, unseen=(12,)))
    model.observe(labels())
    before = [(norm.running_mean[1].clone(), norm.running_var[1].clone()) for norm in norms_of(model)]
    batch = make_faces(6, model, side=48)
    other = dataclasses.replace(batch, occurrence=batch.occurrence.clone())
    other.occurrence[:, 1] = 1 - other.occurrence[:, 1].clamp(min=0)
    for _ in range(3):
        output = model(batch)
        assert 1 not in output.columns
        loss = model.loss(output, batch)["total"]
        assert torch.equal(loss, model.loss(output, other)["total"])
        loss.backward()
    for norm, (mean, var) in zip(norms_of(model), before, strict=True):
        assert not norm.gamma.grad[1].any()
        assert norm.gamma.grad[[0, 2]].any()
        assert torch.equal(norm.running_mean[1], mean)
        assert torch.equal(norm.running_var[1], var)
    model.eval()
    whole = model(batch)
    assert whole.logits.shape == (6, 3)
    assert torch.equal(model.loss(whole, batch)["total"], model.loss(whole, other)["total"])
    assert model.stages[0].epochs == 10


def test_the_statistics_of_an_unseen_au_are_estimated(monkeypatch) -> None:
    monkeypatch.setattr(re_net, "ESTIMATE_BATCHES", 2)
    torch.manual_seed(0)
    model = scatter(RENet(AUS, **LITE, unseen=(12,))).double()
    model.observe(labels())
    before = copy.deepcopy(model)
    epoch = [make_faces(4, model, side=48, seed=seed) for seed in range(3)]
    model.eval().calibrate(lambda: iter(epoch))
    plain = copy.deepcopy(before.backbone)  # what AU 12 makes of it, one batch norm for all
    for name, norm in before.backbone.named_modules():
        if isinstance(norm, GraphNorm):
            one = nn.BatchNorm2d(norm.channels, eps=norm.eps, momentum=None).double()
            one.weight.data, one.bias.data = (
                (before.relations()[1] @ each).detach() for each in (norm.gamma, norm.beta)
            )
            plain.set_submodule(name, nn.Sequential(one, norm.act))
    for batch in epoch[:2]:
        plain(batch.image)
    ones = [layer for layer in plain.modules() if isinstance(layer, nn.BatchNorm2d)]
    for norm, old, one in zip(norms_of(model), norms_of(before), ones, strict=True):
        torch.testing.assert_close(norm.running_mean[1], one.running_mean)
        torch.testing.assert_close(norm.running_var[1], one.running_var)
        assert torch.equal(norm.running_mean[[0, 2]], old.running_mean[[0, 2]])


def test_the_statistics_of_an_unseen_au_are_those_of_its_neighbours() -> None:
    torch.manual_seed(0)
    model = scatter(RENet(AUS, **LITE, unseen=(12,), unseen_stats="edge_mean"))
    model.observe(labels())
    model.calibrate(lambda: pytest.fail("needs no pictures"))
    weights = model.graph.relation[1, [0, 2]]
    assert (weights > 0).all()
    norm = norms_of(model)[3]
    share = weights / weights.sum()
    torch.testing.assert_close(norm.running_mean[1], share @ norm.running_mean[[0, 2]])
    between = (share[0] * share[1]) * (norm.running_mean[0] - norm.running_mean[2]).square()
    torch.testing.assert_close(norm.running_var[1], share @ norm.running_var[[0, 2]] + between)
