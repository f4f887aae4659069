"""Ordered levels against scipy, a slow loop, and what must hold of any order."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from scipy.special import expit  # noqa: E402

from actionunits.losses.ordinal import cumulative_levels, level_loss  # noqa: E402
from actionunits.models.output import occurrence_logits  # noqa: E402


@pytest.fixture
def cumulative():
    torch.manual_seed(0)
    return torch.randn(7, 3, 5).mul(3).sort(dim=-1, descending=True).values.requires_grad_()


def test_differences_of_the_cumulative_probabilities(cumulative) -> None:
    reached = expit(cumulative.detach().double().numpy())
    ends = [np.ones_like(reached[..., :1]), reached, np.zeros_like(reached[..., :1])]
    expected = -np.diff(np.concatenate(ends, axis=-1), axis=-1)
    found = cumulative_levels(cumulative).exp().detach().numpy()
    assert found.shape == (7, 3, 6)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(found.sum(axis=-1), 1, atol=1e-6)


def test_the_log_odds_of_any_level_are_those_of_reaching_one(cumulative) -> None:
    torch.testing.assert_close(occurrence_logits(cumulative_levels(cumulative)), cumulative[..., 0])


def test_far_cuts_stay_finite() -> None:
    far = torch.tensor([[[80.0, 60.0, 0.0, -60.0, -80.0]]], requires_grad=True)
    levels = cumulative_levels(far)
    assert levels.isfinite().all()
    level_loss(levels, torch.tensor([[0]])).backward()
    assert far.grad.isfinite().all()


def test_the_loss_by_hand(cumulative) -> None:
    levels = cumulative_levels(cumulative)
    target = torch.tensor([[0, 5, -1], [1, -1, -1], [2, 4, -1], [-1, 0, -1], [3, 1, -1], [0, 0, -1], [5, 2, -1]])
    means = []
    for column in (0, 1):
        known = [face for face in range(7) if target[face, column] >= 0]
        means.append(np.mean([-levels[face, column, target[face, column]].item() for face in known]))
    assert level_loss(levels, target).item() == pytest.approx(np.mean(means), rel=1e-6)


def test_nothing_known_gives_nothing_to_learn(cumulative) -> None:
    loss = level_loss(cumulative_levels(cumulative), torch.full((7, 3), -1))
    loss.backward()
    assert loss.item() == 0
    assert not cumulative.grad.any()
