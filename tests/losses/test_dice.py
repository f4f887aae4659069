"""The Dice loss against a loop over AUs."""

import pytest

pytest.importorskip("torch")

import torch

from actionunits.losses.dice import dice


def by_hand(logits, target, column):
    faces = [face for face in range(len(target)) if target[face, column] >= 0]
    probability = [torch.sigmoid(logits[face, column]).item() for face in faces]
    label = [target[face, column].item() for face in faces]
    overlap = sum(p * y for p, y in zip(probability, label, strict=True))
    return 1 - (2 * overlap + 1) / (sum(p * p for p in probability) + sum(label) + 1)


@pytest.fixture
def logits():
    torch.manual_seed(0)
    return torch.randn(5, 3, requires_grad=True)


TARGET = torch.tensor([[1, 0, -1], [0, 0, -1], [1, -1, -1], [-1, 0, -1], [0, 0, -1]], dtype=torch.int8)


def test_the_formula(logits):
    expected = (by_hand(logits, TARGET, 0) + by_hand(logits, TARGET, 1)) / 2
    assert dice(logits, TARGET).item() == pytest.approx(expected, rel=1e-6)


def test_weights(logits):
    expected = (3 * by_hand(logits, TARGET, 0) + by_hand(logits, TARGET, 1) / 2) / 2
    assert dice(logits, TARGET, weight=torch.tensor([3, 0.5, 7])).item() == pytest.approx(expected, rel=1e-6)


def test_unknown_labels_get_no_gradient(logits):
    dice(logits, TARGET).backward()
    assert ((logits.grad != 0) == (TARGET >= 0)).all()


def test_nothing_known(logits):
    loss = dice(logits, torch.full((5, 3), -1))
    loss.backward()
    assert loss.item() == 0
    assert (logits.grad == 0).all()


def test_a_perfect_guess_costs_nothing():
    target = torch.tensor([[1, 0], [0, 0], [1, 0]])
    assert dice(target * 80.0 - 40, target).item() == pytest.approx(0, abs=1e-6)
