"""Cross-entropy and weights against slow loops written from the papers' rules."""

import math
from fractions import Fraction

import pytest

pytest.importorskip("torch")

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from actionunits.errors import UsageError
from actionunits.losses.occurrence import MLCR_SHARES, bce, mlcr_weights, selective_weights

COUNTS = [(12, 3, 2), (3, 12, 0), (7, 8, 4), (10, 10, 0), (0, 9, 1), (9, 0, 1), (1, 0, 3), (0, 0, 5), (1, 60, 0)]


def labels(*columns: tuple[int, int, int]) -> torch.Tensor:
    """Columns with so many ones, zeros and unknown labels, shuffled, filled up with unknown ones."""
    longest = max(map(sum, columns))
    filled = [[1] * ones + [0] * zeros + [-1] * (longest - ones - zeros) for ones, zeros, _ in columns]
    return torch.stack([torch.tensor(each, dtype=torch.int8)[torch.randperm(longest)] for each in filled], dim=1)


def slow_bce(logits, target, weight, over):
    by_au = []
    for au in range(target.shape[1]):
        known = [face for face in range(len(target)) if target[face, au] >= 0]
        if known:
            terms = [
                weight[face, au] * binary_cross_entropy_with_logits(logits[face, au], target[face, au].float())
                for face in known
            ]
            by_au.append(sum(terms) / len(known))
    return sum(by_au) / (len(by_au) if over == "au_mean" else 1)


@pytest.mark.parametrize("over", ["au_mean", "au_sum"])
def test_cross_entropy_is_that_of_a_loop(over):
    torch.manual_seed(0)
    target = labels(*COUNTS)
    logits, weight = torch.randn(target.shape), torch.rand(target.shape)
    found = bce(logits, target, weight=weight, over=over)
    torch.testing.assert_close(found, slow_bce(logits, target, weight, over))
    plain = bce(logits, target, over=over)
    torch.testing.assert_close(plain, slow_bce(logits, target, torch.ones(target.shape), over))
    of_aus = weight[0]
    by_au = bce(logits, target, weight=of_aus, over=over)
    torch.testing.assert_close(by_au, slow_bce(logits, target, of_aus.expand(target.shape), over))


def test_cross_entropy_of_full_labels_is_pytorchs():
    torch.manual_seed(1)
    logits, target = torch.randn(20, 5), torch.randint(0, 2, (20, 5), dtype=torch.int8)
    torch.testing.assert_close(bce(logits, target), binary_cross_entropy_with_logits(logits, target.float()))


def test_unknown_labels_have_no_part():
    torch.manual_seed(2)
    target = labels((3, 4, 2), (5, 0, 0))
    logits = torch.randn(target.shape, requires_grad=True)
    bce(logits, target).backward()
    assert (logits.grad[target < 0] == 0).all()
    assert (logits.grad[target >= 0] != 0).all()
    nothing = torch.randn(4, 3, requires_grad=True)
    total = bce(nothing, torch.full((4, 3), -1, dtype=torch.int8), weight=torch.ones(4, 3))
    total.backward()
    assert total == 0
    assert (nothing.grad == 0).all()


def test_half_precision_is_computed_in_full():
    logits = torch.tensor([[20.0], [-20.0]], dtype=torch.bfloat16)
    found = bce(logits, torch.tensor([[1], [0]], dtype=torch.int8))
    assert found.dtype == torch.float32
    assert 0 < found < 1e-8


def test_extreme_logits_stay_finite():
    logits = torch.tensor([[1e4, -1e4]], requires_grad=True)
    found = bce(logits, torch.tensor([[0, 1]], dtype=torch.int8))
    found.backward()
    assert found == 1e4
    assert torch.isfinite(logits.grad).all()


def selective_rule(ones: int, zeros: int, share: Fraction, cap: float) -> tuple[list[float], list[float]]:
    """What the weights of positives and negatives must be, but for their order: the rule, case by case."""
    count = ones + zeros
    if ones == count * share:
        return [1.0] * ones, [1.0] * zeros
    if ones > count * share:
        kept = math.floor(count * share)
        raised = min(cap, float((1 - share) * count / zeros)) if zeros else 0.0
        return [1.0] * kept + [0.0] * (ones - kept), [raised] * zeros
    kept = math.floor(count * (1 - share))
    raised = min(cap, float(share * count / ones)) if ones else 0.0
    return [raised] * ones, [1.0] * kept + [0.0] * (zeros - kept)


def mlcr_rule(ones: int, zeros: int, share: Fraction) -> tuple[list[float], list[float]]:
    count = ones + zeros
    if ones >= count * share:
        return [1.0] * ones, [1.0] * zeros
    kept = min(zeros, math.ceil(count * share))
    return [1.0] * ones, [1.0] * kept + [0.0] * (zeros - kept)


def check(weights, target, au, rule):
    positive, negative = (weights[target[:, au] == label, au].sort(descending=True).values for label in (1, 0))
    torch.testing.assert_close(positive, torch.tensor(rule[0]).sort(descending=True).values, rtol=1e-6, atol=0)
    torch.testing.assert_close(negative, torch.tensor(rule[1]).sort(descending=True).values, rtol=1e-6, atol=0)
    assert (weights[target[:, au] < 0, au] == 0).all()


@pytest.mark.parametrize("share", ["0.5", "0.1", "0.3", "0.7", "0.9", "1/3"])
@pytest.mark.parametrize("cap", [10.0, 2.0])
def test_selective_weights_follow_the_rule(share, cap):
    """0.9 and the like show that counts are exact: 10 * (1 - 0.9) is below 1 in binary fractions."""
    torch.manual_seed(3)
    target = labels(*COUNTS, (1, 9, 0), (9, 1, 0), (3, 7, 0))
    weights = selective_weights(target, share=float(Fraction(share)), cap=cap)
    assert weights.dtype == torch.float32
    for au, (ones, zeros, _) in enumerate([*COUNTS, (1, 9, 0), (9, 1, 0), (3, 7, 0)]):
        check(weights, target, au, selective_rule(ones, zeros, Fraction(share), cap))


@pytest.mark.parametrize("share", [0.5, 0.3])
def test_mlcr_weights_follow_the_rule(share):
    torch.manual_seed(4)
    target = labels(*COUNTS)
    weights = mlcr_weights(target, share=share)
    for au, (ones, zeros, _) in enumerate(COUNTS):
        check(weights, target, au, mlcr_rule(ones, zeros, Fraction(share).limit_denominator(10)))


def test_both_classes_reach_their_mass():
    torch.manual_seed(5)
    target = labels((4, 36, 0), (30, 10, 3), (20, 20, 0), (6, 34, 1))
    for share in (0.5, 0.25, 0.7):
        weights = selective_weights(target, share=share, cap=math.inf)
        for au in range(4):
            positive, negative = (weights[target[:, au] == label, au].sum().item() for label in (1, 0))
            assert positive == pytest.approx(40 * share)
            assert negative == pytest.approx(40 * (1 - share))


def test_each_au_has_its_own_share():
    torch.manual_seed(6)
    target = labels((10, 30, 0), (10, 30, 0))
    weights = selective_weights(target, share=[0.5, 0.75])
    assert [weights[target[:, au] == 1, au].sum().item() for au in range(2)] == [20, 30]
    assert set(MLCR_SHARES) == {1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24}


def test_the_choice_is_even_and_independent():
    """Each of 12 positives is kept in 8 of 20 draws; the deviation of a frequency over 2000 draws is 0.011."""
    torch.manual_seed(7)
    target = torch.tensor([[1, 1]] * 12 + [[0, 0]] * 4, dtype=torch.int8)
    draws = torch.stack([selective_weights(target) for _ in range(2000)])[:, :12]  # (2000, 12, 2)
    assert (draws.mean(dim=0) - 8 / 12).abs().max() < 0.06
    assert abs(torch.corrcoef(draws.flatten(0, 1).T)[0, 1]) < 0.05
    assert (draws[0] != draws[1]).any()


def test_the_seed_decides():
    target = labels((12, 3, 0), (3, 12, 0))
    drawn = []
    for seed in (8, 8, 9):
        torch.manual_seed(seed)
        drawn.append(selective_weights(target))
    assert drawn[0].equal(drawn[1])
    assert not drawn[0].equal(drawn[2])


@pytest.mark.parametrize("share", [0.0, 1.0, -1, math.nan, [0.5], [0.5, 0.5, 2]])
def test_bad_shares_are_refused(share):
    for weigh in (selective_weights, mlcr_weights):
        with pytest.raises(UsageError, match="share"):
            weigh(torch.zeros(2, 3, dtype=torch.int8), share=share)


def test_an_empty_batch_is_nothing():
    empty = torch.zeros(0, 3, dtype=torch.int8)
    assert bce(torch.zeros(0, 3), empty) == 0
    assert selective_weights(empty).shape == (0, 3)
