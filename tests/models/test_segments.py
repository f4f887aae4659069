"""Segments of time against loops over frames and pairs."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from actionunits.models.layers.segments import decode, encode, overlap, pool, runs, suppress  # noqa: E402


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def drawn(count: int, frames: float = 50) -> torch.Tensor:
    ends = torch.rand(count, 2) * frames
    return ends.sort(dim=1).values


@pytest.mark.parametrize("pattern", ["", "0", "1", "0110", "1101", "111", "010101", "000"])
def test_runs(pattern) -> None:
    expected, start = [], None
    for frame, letter in enumerate(pattern + "0"):
        if letter == "1" and start is None:
            start = frame
        if letter == "0" and start is not None:
            expected.append([start, frame])
            start = None
    found = runs(torch.tensor([letter == "1" for letter in pattern], dtype=torch.bool))
    assert found.shape == (len(expected), 2)
    assert found.tolist() == expected


def iou(one, other) -> float:
    shared = max(0.0, min(one[1], other[1]) - max(one[0], other[0]))
    return shared / (one[1] - one[0] + other[1] - other[0] - shared)


def test_overlap() -> None:
    one, other = drawn(6), drawn(9)
    expected = torch.tensor([[iou(a, b) for b in other.tolist()] for a in one.tolist()])
    torch.testing.assert_close(overlap(one, other), expected)
    assert overlap(torch.tensor([[0.0, 10]]), torch.tensor([[5.0, 15]])).item() == pytest.approx(1 / 3)
    assert overlap(torch.tensor([[2.0, 2]]), torch.tensor([[2.0, 2]])).item() == 0


def test_offsets_there_and_back() -> None:
    segments, references = drawn(20), drawn(20) + torch.tensor([0.0, 1.0])
    torch.testing.assert_close(decode(encode(segments, references), references, 60), segments, rtol=1e-4, atol=1e-4)
    shift, ratio = encode(torch.tensor([12.0, 32.0]), torch.tensor([0.0, 10.0])).tolist()
    assert (shift, ratio) == (pytest.approx(1.7), pytest.approx(np.log(2)))
    assert decode(torch.tensor([0.0, 0.0]), torch.tensor([-20.0, 80.0]), 60).tolist() == [0, 60]
    assert decode(torch.tensor([0.0, 1e9]), torch.tensor([1.0, 2.0]), 60).tolist() == [0, 60]


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.7])
@pytest.mark.parametrize("groups", [None, 3])
def test_suppression(threshold, groups) -> None:
    segments, scores = drawn(40), torch.rand(40)
    group = None if groups is None else torch.randint(0, groups, (40,))
    kept: list[int] = []
    for place in scores.argsort(descending=True).tolist():
        rivals = [one for one in kept if group is None or group[one] == group[place]]
        if all(iou(segments[place].tolist(), segments[one].tolist()) <= threshold for one in rivals):
            kept.append(place)
    assert suppress(segments, scores, threshold, groups=group).tolist() == kept
    assert 1 < len(kept) < 40


def test_suppression_of_nothing() -> None:
    assert suppress(torch.zeros(0, 2), torch.zeros(0), 0.5).shape == (0,)


def slowly_pooled(line: np.ndarray, start: float, end: float, bins: int) -> list[np.ndarray]:
    """Fast R-CNN's: the segment's whole frames in equal parts, each widened to whole frames."""
    first = round(start)
    last = min(max(round(end) - 1, first), line.shape[1] - 1)
    first = min(first, last)
    size = (last - first + 1) / bins
    parts = []
    for part in range(bins):
        begin, stop = first + int(np.floor(part * size)), first + int(np.ceil((part + 1) * size))
        parts.append(line[:, begin:stop].max(axis=1))
    return parts


@pytest.mark.parametrize("bins", [1, 3, 7])
def test_pooling(bins) -> None:
    features = torch.randn(3, 4, 30)
    segments = torch.cat([drawn(12, 30), torch.tensor([[0.0, 30], [29.6, 30], [3, 3.2], [7, 8], [5, 12], [30, 30]])])
    line = torch.randint(0, 3, (len(segments),))
    found = pool(features, line, segments, bins)
    for row, which, (start, end) in zip(found, line.tolist(), segments.tolist(), strict=True):
        expected = np.stack(slowly_pooled(features[which].numpy(), start, end, bins), axis=1)
        np.testing.assert_allclose(row.view(4, bins).numpy(), expected)


def test_pooling_sees_only_the_segment_and_has_gradients() -> None:
    features = torch.zeros(1, 2, 20)
    features[..., 5:10] = 1
    line = torch.zeros(2, dtype=torch.int64)
    found = pool(features, line, torch.tensor([[5.0, 10], [10, 20]]), 7)
    assert (found[0] == 1).all()
    assert (found[1] == 0).all()
    features.requires_grad_()
    pool(features, line, torch.tensor([[5.0, 10], [10, 20]]), 7).sum().backward()
    assert features.grad[..., 5:].any()
    assert not features.grad[..., :5].any()
    assert pool(features, line[:0], torch.zeros(0, 2), 7).shape == (0, 14)
