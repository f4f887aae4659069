"""Orthogonality against NumPy, and that it is learned."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from actionunits.losses.orthogonality import orthogonality


@pytest.fixture
def features():
    torch.manual_seed(0)
    return torch.randn(7, 16), torch.randn(7, 16)


def test_sizes_are_those_of_numpy(features):
    one, other = (each.double().numpy() for each in features)
    inner = np.einsum("nd,nd->n", one, other)
    cosine = inner / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
    assert orthogonality(*features).item() == pytest.approx(np.abs(inner).mean(), rel=1e-5)
    assert orthogonality(*features, kind="cosine").item() == pytest.approx(np.abs(cosine).mean(), rel=1e-5)
    used = np.arange(7) % 2 == 0
    found = orthogonality(*features, used=torch.from_numpy(used)).item()
    assert found == pytest.approx(np.abs(inner[used]).mean(), rel=1e-5)


def test_only_the_inner_product_depends_on_length(features):
    one, other = features
    assert orthogonality(3 * one, other).item() == pytest.approx(3 * orthogonality(one, other).item())
    longer = orthogonality(3 * one, other, kind="cosine").item()
    assert longer == pytest.approx(orthogonality(one, other, kind="cosine").item())


@pytest.mark.parametrize("kind", ["inner", "cosine"])
def test_no_face_and_no_feature_give_no_gradient(kind, features):
    one, other = (each.requires_grad_() for each in features)
    nothing = orthogonality(one, other, kind=kind, used=torch.zeros(7, dtype=torch.bool))
    nothing.backward()
    assert nothing == 0
    assert (one.grad == 0).all()
    assert (other.grad == 0).all()
    zero = torch.zeros(2, 16, requires_grad=True)
    orthogonality(zero, other[:2], kind=kind).backward()
    assert (zero.grad == 0).all()
    assert orthogonality(torch.zeros(0, 16), torch.zeros(0, 16), kind=kind) == 0


def test_half_precision_is_computed_in_full():
    long = torch.full((1, 4096), 300.0, dtype=torch.float16)
    assert orthogonality(long, long).item() == pytest.approx(4096 * 300.0**2)
    assert orthogonality(long, long, kind="cosine").item() == pytest.approx(1)


@pytest.mark.parametrize("kind", ["inner", "cosine"])
def test_it_falls_when_learned(kind):
    torch.manual_seed(1)
    inputs = torch.randn(64, 8)
    one, other = nn.Linear(8, 16), nn.Linear(8, 16)
    optimizer = torch.optim.Adam([*one.parameters(), *other.parameters()], lr=0.01)
    sizes, cosines = [], []
    for _ in range(100):
        optimizer.zero_grad()
        size = orthogonality(one(inputs), other(inputs), kind=kind)
        size.backward()
        optimizer.step()
        sizes.append(size.item())
        cosines.append(orthogonality(one(inputs), other(inputs), kind="cosine").item())
    assert sizes[-1] < 0.3 * sizes[0]
    if kind == "cosine":
        assert cosines[-1] < 0.3 * cosines[0]
