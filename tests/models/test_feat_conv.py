"""Grouped convolutions against modules beside each other."""

import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from actionunits.models.layers.feat_conv import FeatConv, GroupPReLU, feat_convs
from actionunits.models.layers.grouped_linear import GroupedLinear


def parameters(module):
    return sum(each.numel() for each in module.parameters())


@pytest.mark.parametrize(
    ("channels", "groups", "count"),  # lorral.md, sections 2.3 and 2.5
    [
        ((96, 128, 160), 1, 813_318),
        ((96, 160), 1, 1_246_212 - 1441 * 512),
        ((96, 160), 3, 3 * (1_246_212 - 1441 * 512)),
    ],
)
def test_parameters(channels, groups, count):
    assert parameters(feat_convs(64, channels, groups)) == count


def test_a_slope_for_each_group():
    torch.manual_seed(0)
    activation = GroupPReLU(3)
    with torch.no_grad():
        activation.weight.copy_(torch.tensor([0.1, -0.5, 2]))
    features = torch.randn(2, 12, 5, 5)
    expected = torch.cat(
        [nn.functional.prelu(features[:, 4 * g : 4 * g + 4], activation.weight[g]) for g in range(3)], 1
    )
    torch.testing.assert_close(activation(features), expected)


@pytest.mark.parametrize("training", [True, False])
def test_groups_are_modules_beside_each_other(training):
    """With their statistics and their gradients."""
    torch.manual_seed(0)
    together = FeatConv(3, 4, groups=3)
    with torch.no_grad():
        for parameter in together.parameters():
            parameter.add_(torch.rand_like(parameter))
    apart = [FeatConv(3, 4) for _ in range(3)]
    state = together.state_dict()
    for group, module in enumerate(apart):
        own = module.state_dict()
        for name, value in own.items():
            own[name] = state[name] if value.ndim == 0 else state[name].chunk(3)[group]
        module.load_state_dict(own)
    together.train(training)
    features = torch.randn(5, 9, 7, 7)
    result = together(features)
    expected = torch.cat(
        [module.train(training)(part) for module, part in zip(apart, features.chunk(3, 1), strict=True)], 1
    )
    assert result.shape == (5, 12, 3, 3)
    torch.testing.assert_close(result, expected)
    result.square().sum().backward()
    expected.square().sum().backward()
    for name, parameter in together.named_parameters():
        found = torch.cat([dict(module.named_parameters())[name].grad for module in apart])
        torch.testing.assert_close(parameter.grad, found, rtol=1e-4, atol=1e-4)
    for name, buffer in together.named_buffers():
        if buffer.ndim:
            torch.testing.assert_close(buffer, torch.cat([dict(module.named_buffers())[name] for module in apart]))


def test_linear_layers_beside_each_other():
    torch.manual_seed(0)
    together = GroupedLinear(3, 5, 4)
    features = torch.randn(2, 3, 5)
    for group in range(3):
        linear = nn.Linear(5, 4)
        linear.load_state_dict({"weight": together.weight[group], "bias": together.bias[group]})
        torch.testing.assert_close(together(features)[:, group], linear(features[:, group]))
    bound = together.weight.abs().max()
    assert 0.9 * 5**-0.5 < bound <= 5**-0.5  # as nn.Linear draws them
