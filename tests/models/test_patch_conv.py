"""PatchConv against one module for each patch, as the paper draws it."""

import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from actionunits.models.layers.patch_conv import PatchConv, PatchLearning

PATCHES, INPUTS, OUTPUTS, SIDE = 4, 3, 2, 5  # SIDE: of a patch


class Loop(nn.Module):
    """A module for each patch."""

    def __init__(self, grouped):
        super().__init__()
        self.shared = nn.Conv2d(INPUTS, OUTPUTS, 3, padding=1)
        self.own = nn.ModuleList(
            nn.Sequential(nn.BatchNorm2d(OUTPUTS), nn.PReLU(), nn.Conv2d(OUTPUTS, OUTPUTS, 3, padding=1))
            for _ in range(PATCHES**2)
        )
        self.shared.load_state_dict(grouped.shared.state_dict())
        self.residual = grouped.residual
        for name, layer in (("0", grouped.norm), ("1", grouped.activation), ("2", grouped.own)):
            for key, value in layer.state_dict().items():
                for patch, module in enumerate(self.own):
                    part = value if value.ndim == 0 else value.chunk(PATCHES**2)[patch]
                    dict(module.named_children())[name].state_dict()[key].copy_(part)

    def forward(self, features):
        whole = self.shared(features)
        result = torch.zeros_like(whole)
        for patch, module in enumerate(self.own):
            row, column = divmod(patch, PATCHES)
            place = (..., slice(row * SIDE, (row + 1) * SIDE), slice(column * SIDE, (column + 1) * SIDE))
            result[place] = module(whole[place]) + (whole[place] if self.residual else 0)
        return result


def shuffled(module):
    """The same module with values in which nothing is 0 or 1 or equal."""
    with torch.no_grad():
        for value in (*module.parameters(), *(buffer for buffer in module.buffers() if buffer.ndim)):
            value.add_(torch.rand_like(value))
    return module


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("training", [True, False])
def test_one_grouped_convolution_is_a_module_for_each_patch(residual, training):
    torch.manual_seed(0)
    grouped = shuffled(PatchConv(INPUTS, OUTPUTS, PATCHES, residual=residual)).train(training)
    loop = Loop(grouped).train(training)
    features = torch.randn(3, INPUTS, PATCHES * SIDE, PATCHES * SIDE)
    one, other = features.clone().requires_grad_(), features.clone().requires_grad_()
    result, expected = grouped(one), loop(other)
    torch.testing.assert_close(result, expected)
    weight = torch.randn_like(result)
    (result * weight).sum().backward()
    (expected * weight).sum().backward()
    torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(grouped.shared.weight.grad, loop.shared.weight.grad, rtol=1e-4, atol=1e-3)
    for layer, name in ((grouped.norm, "0"), (grouped.activation, "1"), (grouped.own, "2")):
        parts = [dict(module.named_children())[name] for module in loop.own]
        for key, parameter in layer.named_parameters():
            found = torch.cat([dict(part.named_parameters())[key].grad for part in parts])
            torch.testing.assert_close(parameter.grad, found, rtol=1e-4, atol=1e-4)
        for key, buffer in layer.named_buffers():
            if buffer.ndim:
                torch.testing.assert_close(buffer, torch.cat([dict(part.named_buffers())[key] for part in parts]))


def test_patches_do_not_see_each_other():
    torch.manual_seed(0)
    module = PatchConv(INPUTS, OUTPUTS, PATCHES).eval()
    features = torch.randn(1, INPUTS, PATCHES * SIDE, PATCHES * SIDE)
    other = features.clone()
    other[..., 0, 0] += 1  # beyond the first convolution, in the first patch only
    changed = (module(features) != module(other)).any(dim=1)[0]
    assert changed[:SIDE, :SIDE].any()
    assert not changed[SIDE:].any()
    assert not changed[:, SIDE:].any()


def test_parameters_and_size_of_the_papers_stem():
    """lorral.md, section 2.1."""
    with torch.device("meta"):
        stem = PatchLearning(64, 8, residual=False)
        image = torch.zeros(1, 3, 176, 176)
    counts = [sum(value.numel() for value in layer.parameters()) for layer in stem]
    assert counts == [596_928, 0, 2_390_144, 0]
    assert stem(image).shape == (1, 64, 44, 44)
