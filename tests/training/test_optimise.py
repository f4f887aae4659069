"""Optimisers and learning rates, against PyTorch's own."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn
from torch.optim.lr_scheduler import MultiStepLR

from actionunits.models import Stage, create_model
from actionunits.training.optimise import make_optimizer, make_schedule, rate_factor

from .conftest import AUS


@pytest.fixture
def model():
    torch.manual_seed(0)
    return create_model("toy", AUS)


@pytest.mark.parametrize(("optimizer", "kind"), [("adam", "Adam"), ("adamw", "AdamW"), ("sgd", "SGD")])
def test_parts_have_their_own_rates(model, optimizer, kind):
    stage = Stage("base", {"stem": 0.1, "head": 0.2}, epochs=1, batch=1, optimizer=optimizer, weight_decay=0.3)
    made = make_optimizer(model, stage)
    assert type(made).__name__ == kind
    rates = {each: group["lr"] for group in made.param_groups for each in group["params"]}
    assert rates == dict.fromkeys(model.stem.parameters(), 0.1) | dict.fromkeys(model.head.parameters(), 0.2)
    assert {group["part"] for group in made.param_groups} == {"stem", "head"}
    if optimizer == "sgd":
        assert all(group["nesterov"] and group["momentum"] == 0.9 for group in made.param_groups)


def test_adamw_spares_biases_and_norms_and_the_others_nothing(model):
    class Norm(nn.Module):
        """Of two axes, as one that has a row for each AU."""

        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(2, 3))
            self.register_buffer("running_mean", torch.zeros(2, 3))

    model.stem.append(Norm())
    model.stem.append(nn.PReLU())
    model.stem.append(nn.LSTM(2, 2))
    decayed = {}
    for optimizer in ("adamw", "adam", "sgd"):
        stage = Stage("base", {"stem": 0.1, "head": 0.2}, epochs=1, batch=1, optimizer=optimizer, weight_decay=0.3)
        groups = make_optimizer(model, stage).param_groups
        decay = {each: group["weight_decay"] for group in groups for each in group["params"]}
        decayed[optimizer] = {name for name, each in model.named_parameters() if decay.get(each)}
    assert decayed["adamw"] == {"stem.1.weight", "stem.6.weight_ih_l0", "stem.6.weight_hh_l0", "head.weight"}
    everything = {name for name, _ in model.named_parameters() if name.startswith(("stem", "head"))}
    assert decayed["adam"] == decayed["sgd"] == everything


def test_a_parameter_of_two_parts_is_trained_once(model):
    model.extra[1].weight = model.head.weight
    stage = Stage("more", {"extra": 0.1, "head": 0.2}, epochs=1, batch=1)
    groups = make_optimizer(model, stage).param_groups
    assert sum(len(group["params"]) for group in groups) == 3


def factors(stage, batches):
    return [rate_factor(stage, step, batches) for step in range(stage.epochs * batches)]


def test_steps_are_those_of_pytorch(model):
    stage = Stage("base", {"head": 0.4}, epochs=6, batch=1, schedule="step", milestones=(2, 5), decay=0.3)
    batches = 4
    ours, theirs = (make_optimizer(model, stage) for _ in range(2))
    schedule = make_schedule(ours, stage, batches)
    reference = MultiStepLR(theirs, [8, 20], gamma=0.3)
    for _ in range(stage.epochs * batches):
        assert ours.param_groups[0]["lr"] == pytest.approx(theirs.param_groups[0]["lr"])
        for each in (ours, theirs):
            each.step()
        schedule.step()
        reference.step()


def test_warm_up_then_half_a_cosine():
    stage = Stage("base", {"head": 1.0}, epochs=10, batch=1, schedule="cosine", warmup=0.2)
    found = np.array(factors(stage, 5))
    np.testing.assert_allclose(found[:10], np.arange(1, 11) / 11)
    np.testing.assert_allclose(found[10:], 0.5 * (1 + np.cos(np.pi * np.arange(40) / 40)))
    assert (np.diff(found[10:]) < 0).all()
    assert found.min() > 0
    assert found.max() == 1


def test_constant_is_constant():
    assert set(factors(Stage("base", {"head": 1.0}, epochs=3, batch=1), 4)) == {1.0}
