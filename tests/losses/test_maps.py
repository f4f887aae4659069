"""Squared errors of maps against a slow loop."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from actionunits.losses.maps import map_loss  # noqa: E402


def by_hand(found, target, used, weight, over):
    of_aus = []
    for au in range(found.shape[1]):
        errors = []
        for face in range(found.shape[0]):
            if used[face, au]:
                squares = [(a - b) ** 2 for a, b in zip(found[face, au].flat, target[face, au].flat, strict=True)]
                errors.append(sum(squares) / (len(squares) if over == "mean" else 1))
        if errors:
            of_aus.append(weight[au] * sum(errors) / len(errors))
    return sum(of_aus) / len(of_aus)


@pytest.mark.parametrize("over", ["mean", "sum"])
@pytest.mark.parametrize("weighted", [False, True])
def test_by_hand(over, weighted):
    rng = np.random.default_rng(0)
    found, target = rng.normal(size=(2, 5, 4, 3, 6))
    used = rng.random((5, 4)) < 0.5
    used[:, 2] = False  # nothing is known of it: it does not dilute the mean
    weight = rng.uniform(0.5, 2, 4) if weighted else np.ones(4)
    given = torch.from_numpy(weight) if weighted else None
    loss = map_loss(*map(torch.from_numpy, (found, target, used)), weight=given, over=over)
    assert float(loss) == pytest.approx(by_hand(found, target, used, weight, over), rel=1e-5)


def test_half_precision_is_computed_in_full():
    found = torch.full((2, 1, 8, 8), 0.999, dtype=torch.bfloat16)
    loss = map_loss(found, torch.zeros(2, 1, 8, 8), torch.ones(2, 1, dtype=torch.bool))
    assert loss.dtype == torch.float32
    assert float(loss) == float(found[0, 0, 0, 0].float().square())


def test_nothing_known_is_nothing_lost():
    found = torch.randn(2, 3, 4, 4, requires_grad=True)
    loss = map_loss(found, torch.zeros(2, 3, 4, 4), torch.zeros(2, 3, dtype=torch.bool))
    loss.backward()
    assert loss == 0
    assert not found.grad.any()


def test_a_perfect_map_costs_nothing():
    maps = torch.randn(2, 3, 4, 4)
    assert map_loss(maps, maps, torch.ones(2, 3, dtype=torch.bool)) == 0
