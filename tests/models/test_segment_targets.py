"""Which candidates a temporal detector learns from, against the rules in words."""

import pytest

torch = pytest.importorskip("torch")

from actionunits.models.layers.segments import overlap  # noqa: E402
from actionunits.models.segment_targets import Truth, choose_anchors, choose_proposals, truth_of  # noqa: E402

FRAMES = 60


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def truth(*segments, unknown=()) -> Truth:
    missing = torch.zeros(FRAMES, dtype=torch.bool)
    missing[list(unknown)] = True
    return Truth(torch.tensor(segments).float().reshape(-1, 2), torch.arange(len(segments)), missing)


def candidates(count: int = 200) -> torch.Tensor:
    start = torch.rand(count) * FRAMES - 5
    return torch.stack([start, start + 1 + 25 * torch.rand(count)], dim=1)


def test_segments_of_the_labels() -> None:
    occurrence = torch.tensor([[1, 1, 0, -1, 1, 1], [0, 1, 1, 0, 1, 1], [1, 1, 1, 1, 1, 1]]).T  # (T, 3)
    found = truth_of(occurrence, torch.tensor([True, True, False]))
    said = sorted(
        (*segment, label) for segment, label in zip(found.segments.tolist(), found.classes.tolist(), strict=True)
    )
    assert said == [(0, 2, 0), (1, 3, 1), (4, 6, 0), (4, 6, 1)]
    assert found.unknown.tolist() == [False, False, False, True, False, False]
    orders = {tuple(truth_of(occurrence, torch.tensor([True, True, False])).classes.tolist()) for _ in range(20)}
    assert len(orders) > 2  # of AUs with one segment, another one comes first each time


def test_nothing_there() -> None:
    found = truth_of(torch.zeros(FRAMES, 2), torch.tensor([True, True]))
    assert found.segments.shape == (0, 2)
    chosen = choose_anchors(candidates(), found, count=16)
    assert chosen.places.shape == (16,)
    assert chosen.match.shape == (0,)
    assert choose_proposals(candidates(), found, count=16, share=0.25).places.shape == (16,)


def test_anchors() -> None:
    told = truth([3, 13], [20, 45], [50, 52])
    anchors = candidates()
    anchors[:3] = torch.tensor([[3.0, 12.0], [22.0, 44.0], [48.0, 56.0]])  # the last is near none, yet the nearest
    anchors = anchors[(overlap(anchors, told.segments)[:, 2] <= 0.26) | (torch.arange(200) == 2)]
    shared = overlap(anchors, told.segments)
    chosen = choose_anchors(anchors, told, count=1000)
    right = {
        place
        for place in range(len(anchors))
        if shared[place].max() >= 0.7 or any(shared[place, s] == shared[:, s].max() > 0 for s in range(3))
    }
    wrong = {place for place in range(len(anchors)) if shared[place].max() < 0.3 and place not in right}
    inside = {place for place in wrong if anchors[place, 1] > 0 and anchors[place, 0] < FRAMES}
    count = chosen.match.shape[0]
    assert set(chosen.right.tolist()) == right
    assert {0, 1, 2} <= right
    assert set(chosen.places[count:].tolist()) == inside
    assert all(
        match == shared[place].argmax() for place, match in zip(chosen.right.tolist(), chosen.match, strict=True)
    )
    assert len(set(chosen.places.tolist())) == len(chosen.places)


def test_as_many_right_as_wrong_at_most() -> None:
    told = truth([10, 30])
    anchors = torch.cat([torch.tensor([[10.0, 30.0]]).repeat(50, 1), torch.tensor([[40.0, 55.0]]).repeat(50, 1)])
    chosen = choose_anchors(anchors, told, count=16)
    assert (chosen.places[:8] < 50).all()
    assert (chosen.places[8:] >= 50).all()
    assert chosen.match.shape == (8,)
    few = choose_anchors(anchors[48:], told, count=16)  # two right ones
    assert few.match.shape == (2,)
    assert few.places.shape == (16,)


def test_proposals() -> None:
    told, found = truth([3, 13], [20, 45]), candidates(400)
    shared = overlap(found, told.segments).amax(dim=1)
    chosen = choose_proposals(found, told, count=40, share=0.25)
    count = chosen.match.shape[0]
    assert count == 10
    assert (shared[chosen.right] >= 0.5).all()
    assert (shared[chosen.places[count:]] < 0.5).all()
    assert chosen.places.shape == (40,)
    assert torch.equal(overlap(found, told.segments)[chosen.right].argmax(dim=1), chosen.match)
    assert not torch.equal(choose_proposals(found, told, count=40, share=0.25).places, chosen.places)


def test_over_unknown_frames_nothing_is_wrong() -> None:
    told = truth([3, 13], unknown=[30, 31])
    found = torch.tensor([[3.0, 13.0], [20.0, 30.0], [20.0, 30.1], [31.9, 40.0], [32.0, 40.0], [25.0, 50.0]])
    for chosen in (choose_anchors(found, told, count=16), choose_proposals(found, told, count=16, share=0.25)):
        assert chosen.right.tolist() == [0]
        assert sorted(chosen.places[1:].tolist()) == [1, 4]
    blind = Truth(told.segments[:0], told.classes[:0], torch.ones(FRAMES, dtype=torch.bool))
    assert choose_anchors(found, blind, count=16).places.shape == (0,)
