"""The segment proposal network: its anchors, and what it proposes."""

import pytest

torch = pytest.importorskip("torch")

from actionunits.models.layers.segments import overlap  # noqa: E402
from actionunits.models.layers.temporal_proposals import SegmentProposals  # noqa: E402

LENGTHS = (4, 7)


@pytest.fixture
def network() -> SegmentProposals:
    torch.manual_seed(0)
    return SegmentProposals(3, channels=5, depth=2, lengths=LENGTHS)


def test_anchors(network) -> None:
    expected = [[t + 0.5 - length / 2, t + 0.5 + length / 2] for t in range(6) for length in LENGTHS]
    assert network.anchors(6).tolist() == expected


def test_scores_and_offsets_belong_to_their_anchor(network) -> None:
    """Anchor by anchor: what the last layers say at its frame."""
    features = torch.randn(2, 3, 6)
    score, offset = network(features)
    hidden = features
    for layer in network.convolutions:
        hidden = layer(hidden).relu()
    for line in range(2):
        for frame in range(6):
            for place in range(len(LENGTHS)):
                anchor, seen = frame * len(LENGTHS) + place, hidden[line, :, frame]
                wanted = network.score.weight[place, :, 0] @ seen + network.score.bias[place]
                torch.testing.assert_close(score[line, anchor], wanted)
                for part in range(2):
                    row = 2 * place + part
                    wanted = network.offset.weight[row, :, 0] @ seen + network.offset.bias[row]
                    torch.testing.assert_close(offset[line, anchor, part], wanted)


def test_how_far_it_sees() -> None:
    """Ten layers of three frames: ten frames to either side."""
    torch.manual_seed(0)
    network = SegmentProposals(1, channels=2, depth=10, lengths=(5,)).double()
    with torch.no_grad():
        for layer in network.convolutions:  # nothing is cut off by a ReLU
            layer.weight.abs_()
            layer.bias.fill_(1)
    features = torch.ones(1, 1, 41, dtype=torch.float64, requires_grad=True)
    network(features)[0][0, 20].backward()
    assert features.grad[0, 0].nonzero()[:, 0].tolist() == list(range(10, 31))
    assert len(network.convolutions) == 10


def test_proposals_are_the_best_that_do_not_overlap_much(network) -> None:
    score, offset = torch.randn(2, 40), 0.3 * torch.randn(2, 40, 2)
    found = network.propose(score, offset, 20, before=30, after=100)
    for segments, scores, moves in zip(found, score, offset, strict=True):
        wanted: list[list[float]] = []
        anchors = network.anchors(20)
        for place in scores.argsort(descending=True)[:30].tolist():
            length = float(anchors[place, 1] - anchors[place, 0])
            centre = float(anchors[place].mean()) + float(moves[place, 0]) * length
            half = length * float(moves[place, 1].exp()) / 2
            segment = [min(max(end, 0), 20) for end in (centre - half, centre + half)]
            if segment[1] - segment[0] < 1:
                continue
            if not wanted or overlap(torch.tensor([segment]), torch.tensor(wanted)).max() <= 0.7:
                wanted.append(segment)
        torch.testing.assert_close(segments, torch.tensor(wanted), rtol=1e-4, atol=1e-4)
    assert [len(each) for each in network.propose(score, offset, 20, before=30, after=4)] == [4, 4]


def test_there_is_always_one(network) -> None:
    shrunk = torch.full((1, 2, 2), -20.0)
    (found,) = network.propose(torch.zeros(1, 2), shrunk, 1, before=10, after=10)
    assert found.shape == (1, 2)
