"""AU R-CNN's losses, against plain loops."""

import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402

from actionunits.losses.hard_negatives import box_bce, hard_negative_bce  # noqa: E402


def entries(logits, target):
    return functional.binary_cross_entropy_with_logits(logits, target.float(), reduction="none")


def test_false_positives_come_first() -> None:
    logits = torch.tensor([[2.0, -1.0, 3.0, -2.0, 0.5, -3.0, -4.0, -5.0]])
    target = torch.tensor([[1, 0, 0, 0, 0, 0, 0, -1]])
    chosen = set()
    for seed in range(40):
        torch.manual_seed(seed)
        leaf = logits.clone().requires_grad_()
        hard_negative_bce(leaf, target).backward()
        used = leaf.grad[0].nonzero().flatten().tolist()
        assert {0, 2, 4} <= set(used)  # the positive one, and both that are taken for one
        assert len(used) == 4  # three negatives to one positive
        assert 7 not in used
        chosen |= set(used)
    assert chosen == {0, 1, 2, 3, 4, 5, 6}  # any of the others may fill up


def test_it_is_a_mean_over_the_chosen() -> None:
    torch.manual_seed(0)
    logits = torch.randn(4, 9, 5)
    target = (torch.rand(4, 9, 5) < 0.3).long()
    positive = target == 1
    loss = hard_negative_bce(logits, target, negatives=100)  # all of them
    torch.testing.assert_close(loss, entries(logits, target).mean())
    leaf = logits.clone().requires_grad_()
    one = hard_negative_bce(leaf, target, negatives=1)
    one.backward()
    used = leaf.grad != 0
    assert (used & positive).sum() == positive.sum() == (used & ~positive).sum()
    torch.testing.assert_close(one.detach(), entries(logits, target)[used].mean())


def test_without_positives_there_are_three() -> None:
    leaf = torch.randn(2, 6, requires_grad=True)
    hard_negative_bce(leaf, torch.zeros(2, 6)).backward()
    assert (leaf.grad != 0).sum() == 3
    few = torch.randn(1, 2, requires_grad=True)
    hard_negative_bce(few, torch.zeros(1, 2)).backward()
    assert (few.grad != 0).sum() == 2


def test_the_rest_is_drawn_evenly() -> None:
    torch.manual_seed(0)
    target = torch.zeros(1, 11).long()
    target[0, 0] = 1
    logits = torch.full((1, 11), -1.0)
    counts = torch.zeros(11)
    for _ in range(400):
        leaf = logits.clone().requires_grad_()
        hard_negative_bce(leaf, target).backward()
        counts += leaf.grad[0] != 0
    assert counts[0] == 400
    assert counts[1:].min() > 85
    assert counts[1:].max() < 155  # 120 expected


def test_box_loss_is_equation_1() -> None:
    torch.manual_seed(0)
    logits, target = torch.randn(3, 4, 5), (torch.rand(3, 4, 5) < 0.5).long()
    target[0, :, 2] = -1
    target[1, 3] = -1
    total, boxes = 0.0, 0
    for n in range(3):
        for r in range(4):
            known = target[n, r] >= 0
            boxes += int(known.any())
            total += entries(logits[n, r], target[n, r])[known].sum()
    torch.testing.assert_close(box_bce(logits, target), total / boxes)


@pytest.mark.parametrize("loss", [hard_negative_bce, box_bce])
def test_nothing_known_teaches_nothing(loss) -> None:
    leaf = torch.randn(2, 3, 4, requires_grad=True)
    value = loss(leaf, torch.full((2, 3, 4), -1))
    value.backward()
    assert value == 0
    assert not leaf.grad.any()


@pytest.mark.parametrize("loss", [hard_negative_bce, box_bce])
def test_half_precision_is_computed_in_single(loss) -> None:
    torch.manual_seed(0)
    logits, target = torch.randn(2, 3, 4).bfloat16(), torch.randint(0, 2, (2, 3, 4))
    torch.manual_seed(1)
    low = loss(logits, target)
    torch.manual_seed(1)
    assert low.dtype == torch.float32
    torch.testing.assert_close(low, loss(logits.float(), target))
