"""AU R-CNN with temporal action localisation: its sizes, its decisions, its losses, what it learns."""

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402

from actionunits.errors import UsageError  # noqa: E402
from actionunits.facs import BP4D_22  # noqa: E402
from actionunits.geometry.au_groups import AUBoxes  # noqa: E402
from actionunits.geometry.mean_face import MEAN_68  # noqa: E402
from actionunits.loading import FaceBatch  # noqa: E402
from actionunits.models import box_timelines, create_model  # noqa: E402
from actionunits.models.box_timelines import BoxTimelines  # noqa: E402
from actionunits.models.layers.segments import decode, encode, overlap  # noqa: E402
from actionunits.models.segment_targets import Chosen, truth_of  # noqa: E402

SMALL = {"id": "aurcnn-at-64", "crop": "aurcnn-512", "size": 512, "side": 64}
LITE = {"input": SMALL, "backbone": "resnet18", "hidden": 16, "pool": 4}
SHORT = {"streams": "picture", "anchors": [2, 4], "channels": 8, "depth": 2, "width": 8, "chunk": 6}
AUS = (1, 4, 12)
CARRIES = torch.from_numpy(AUBoxes.of(AUS).carries())  # (R, A)


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


@pytest.fixture
def tal() -> BoxTimelines:
    made = BoxTimelines(6, CARRIES, channels=8, depth=2, lengths=(4, 8, 16), width=16)
    with torch.no_grad():
        for layer in (made.head.score, made.head.offset, made.proposals.score, made.proposals.offset):
            layer.weight.normal_(std=0.5)
    return made.eval()


def frames(count: int) -> FaceBatch:
    drawn = torch.Generator().manual_seed(0)
    mean = torch.from_numpy((MEAN_68 - MEAN_68.min(axis=0)) * 190 + [50, 70]).float() / 8
    landmarks = mean + torch.randn(count, 68, 2, generator=drawn)
    batch = FaceBatch.unlabelled(torch.randn(count, 3, 64, 64, generator=drawn), landmarks, len(AUS))
    return dataclasses.replace(batch, occurrence=torch.randint(0, 2, (count, len(AUS)), generator=drawn).to(torch.int8))


def test_sizes_of_the_paper() -> None:
    model = create_model("au_rcnn_tal", BP4D_22)
    shapes = {name: tuple(each.shape) for name, each in model.tal.named_parameters() if name.endswith("weight")}
    assert shapes == {
        "proposals.convolutions.0.weight": (1024, 2048, 3),
        **{f"proposals.convolutions.{layer}.weight": (1024, 1024, 3) for layer in range(1, 10)},
        "proposals.score.weight": (7, 1024, 1),
        "proposals.offset.weight": (14, 1024, 1),
        "head.first.weight": (1024, 7 * 2048),
        "head.second.weight": (1024, 1024),
        "head.score.weight": (23, 1024),
        "head.offset.weight": (44, 1024),
    }
    assert model.tal.proposals.lengths.tolist() == [30, 40, 65, 70, 120, 140, 180]
    _, stage = model.stages
    assert (dict(stage.rates), stage.epochs, stage.milestones, stage.decay) == ({"tal": 1e-4}, 20, (10,), 0.1)
    assert model.chunk() == stage.batch == 500
    assert model.chunk("train") is None


def test_the_first_stage_is_au_rcnns() -> None:
    torch.manual_seed(3)
    plain = create_model("au_rcnn", AUS, **LITE)
    torch.manual_seed(3)
    model = create_model("au_rcnn_tal", AUS, **LITE, **SHORT)
    assert model.stage_settings("train") == plain.stage_settings("train")
    assert model.stage_settings("tal")["system"] == "au_rcnn_tal"
    own = model.state_dict()
    assert all(torch.equal(each, own[name]) for name, each in plain.state_dict().items())


def test_frames_inside_a_kept_segment_have_the_au(tal) -> None:
    """The rule in words, segment by segment."""
    features = torch.randn(40, len(CARRIES), 6)
    found, logits, offsets = tal(features)
    assert found.shape == (40, len(CARRIES), 3)
    kept_somewhere, dropped = 0, 0
    for line, proposals in enumerate(tal.proposals.propose(logits, offsets, 40, before=6000, after=300)):
        which = torch.full((len(proposals),), line)
        said, moved = tal.head(features.permute(1, 2, 0), which, proposals)
        score = said.softmax(dim=1)[:, 1:].detach()
        segments = decode(moved * torch.tensor([0.1, 0.2]), proposals[:, None], 40).detach()
        for au in range(3):
            kept: list[int] = []
            for place in score[:, au].argsort(descending=True).tolist():
                rivals = segments[kept, au]
                free = not kept or overlap(segments[place, au][None], rivals).max() <= 0.3
                if score[place, au] > 0.05 and free:
                    kept.append(place)
            kept_somewhere, dropped = kept_somewhere + len(kept), dropped + len(proposals) - len(kept)
            for frame in range(40):
                covers = [start <= frame + 0.5 < end for start, end in segments[:, au].tolist()]
                inside = [place for place in kept if covers[place]]
                value = found[frame, line, au].item()
                assert (value > 0) == bool(inside)
                if inside:
                    best = max(float(score[place, au]) for place in inside)
                    assert value == pytest.approx(np.log(best / (1 - best)) - np.log(0.05 / 0.95), abs=1e-3)
    assert min(kept_somewhere, dropped) > 0


def test_more_evidence_where_a_better_segment_was_not_kept() -> None:
    score = torch.tensor([[0.9], [0.8], [0.04], [0.01]])
    segments = torch.tensor([[[0.0, 10]], [[2.0, 12]], [[12.0, 14]], [[12.0, 16]]])
    found = box_timelines._evidence(score, segments, 18)[:, 0]
    assert (found[:10] > 0).all()
    assert (found[10:] < 0).all()
    assert found[10] > found[12] > found[14] > found[16]
    assert (found[16:] == -20).all()


def slow_loss(tal, features, logits, offsets, occurrence, anchors, chosen):
    """The four terms, candidate by candidate, for the candidates that were chosen."""
    sums, counts = torch.zeros(4), [0, 0]
    for line, (of_anchors, of_segments, candidates, truth) in enumerate(chosen):
        for place in of_anchors.places.tolist():
            right = place in of_anchors.right.tolist()
            sign = 1 if right else -1
            sums[0] += functional.softplus(-sign * logits[line, place])
            counts[0] += 1
        for place, match in zip(of_anchors.right.tolist(), of_anchors.match.tolist(), strict=True):
            target = encode(truth.segments[match], anchors[place])
            for part in range(2):
                error = abs(offsets[line, place, part] - target[part])
                sums[1] += 0.5 * 9 * error**2 if error < 1 / 9 else error - 0.5 / 9
        for number, place in enumerate(of_segments.places.tolist()):
            said, moved = tal.head(features.permute(1, 2, 0), torch.tensor([line]), candidates[place][None])
            right = number < len(of_segments.match)
            au = int(truth.classes[of_segments.match[number]]) if right else None
            sums[2] -= said[0].log_softmax(dim=0)[au + 1 if right else 0]
            counts[1] += 1
            if right:
                target = encode(truth.segments[of_segments.match[number]], candidates[place]) / torch.tensor([0.1, 0.2])
                for part in range(2):
                    error = abs(moved[0, au, part] - target[part])
                    sums[3] += 0.5 * error**2 if error < 1 else error - 0.5
    return sums / torch.tensor([counts[0], counts[0], counts[1], counts[1]])


def test_the_loss_is_that_of_the_chosen_candidates(tal, monkeypatch) -> None:
    features, occurrence = torch.randn(30, len(CARRIES), 6), (torch.rand(30, 3) < 0.6).long()
    occurrence[10:20] = 1
    kept = []
    for name in ("choose_anchors", "choose_proposals"):
        original = getattr(box_timelines, name)

        def noted(candidates, truth, *, original=original, **settings) -> Chosen:
            assert settings in ({"count": 256}, {"count": 128, "share": 0.25})
            kept.append((original(candidates, truth, **settings), candidates, truth))
            return kept[-1][0]

        monkeypatch.setattr(box_timelines, name, noted)
    _, logits, offsets = tal(features)
    terms = tal.loss(features, logits, offsets, occurrence)
    chosen = [
        (one, other, candidates, truth)
        for (one, _, _), (other, candidates, truth) in zip(kept[::2], kept[1::2], strict=True)
    ]
    assert len(chosen) == len(CARRIES)
    expected = slow_loss(tal, features, logits, offsets, occurrence, tal.proposals.anchors(30), chosen)
    names = ("proposal", "proposal_offset", "segment", "segment_offset")
    torch.testing.assert_close(torch.stack([terms[name] for name in names]), expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(terms["total"], expected.sum(), rtol=1e-4, atol=1e-5)
    assert (expected > 0).all()
    for *_, candidates, truth in chosen:  # the true segments are candidates too
        assert torch.equal(candidates[len(candidates) - len(truth.segments) :], truth.segments)


def test_without_labels_nothing_is_learned(tal) -> None:
    features = torch.randn(20, len(CARRIES), 6)
    _, logits, offsets = tal.train()(features)
    terms = tal.loss(features, logits, offsets, torch.full((20, 3), -1))
    terms["total"].backward()
    assert not any(term for term in terms.values())
    gradients = [each.grad for each in tal.parameters()]
    assert not [each for each in gradients if each is None or each.any()]


def test_an_unknown_label_never_makes_a_segment_wrong(tal) -> None:
    """Where an AU of every box is unknown, only right candidates are left."""
    occurrence = torch.zeros(20, 3, dtype=torch.int64)
    occurrence[5:15, 0] = 1
    occurrence[:, 1] = -1
    occurrence[:, 2] = -1
    _, logits, offsets = tal.train()(torch.randn(20, len(CARRIES), 6))
    (gradient,) = torch.autograd.grad(
        tal.loss(torch.randn(20, len(CARRIES), 6), logits, offsets, occurrence)["proposal"], logits
    )
    carries_more = CARRIES[:, 1:].any(dim=1)
    assert carries_more.any()
    assert (gradient[carries_more] <= 0).all()
    assert (gradient[~carries_more] > 0).any()


def test_it_learns_to_find_segments() -> None:
    drawn = torch.Generator().manual_seed(1)
    occurrence = torch.repeat_interleave(torch.randint(0, 2, (10, 3), generator=drawn), 12, dim=0)  # (120, A)
    carried = CARRIES.float()
    features = torch.cat([occurrence[:, None] * carried, carried.expand(120, -1, -1)], dim=-1)
    features = features + 0.2 * torch.randn(features.shape, generator=drawn)
    tal = BoxTimelines(6, CARRIES, channels=16, depth=2, lengths=(12, 24, 48), width=32)
    optimizer = torch.optim.Adam(tal.parameters(), 5e-3)
    losses = []
    for _ in range(140):
        _, logits, offsets = tal.train()(features)
        optimizer.zero_grad()
        losses.append(tal.loss(features, logits, offsets, occurrence)["total"])
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < 0.35 * losses[0]
    found = tal.eval()(features)[0].masked_fill(~CARRIES, -torch.inf).amax(dim=1) > 0
    hits = (found & (occurrence == 1)).sum(dim=0)
    f1 = 2 * hits / (found.sum(dim=0) + (occurrence == 1).sum(dim=0))
    assert (f1 > 0.75).all()


def test_only_its_part_learns() -> None:
    model = create_model("au_rcnn_tal", AUS, **LITE, **SHORT)
    batch = frames(6)
    model.begin("tal")
    before = {name: each.clone() for name, each in model.state_dict().items()}
    output = model.train()(batch)
    assert not output.logits.requires_grad
    model.loss(output, batch)["total"].backward()
    with_gradient = {name for name, each in model.named_parameters() if each.grad is not None}
    assert with_gradient == {name for name, _ in model.named_parameters() if name.startswith("tal.")}
    assert all(torch.equal(each, before[name]) for name, each in model.state_dict().items())
    output = model.eval()(batch)
    torch.testing.assert_close(output.logits, model.merged(output.parts["box_logits"]))


def test_segments_of_a_box_are_those_of_the_aus_that_it_carries() -> None:
    occurrence = torch.ones(5, 3)
    for carried in CARRIES:
        assert sorted(truth_of(occurrence, carried).classes.tolist()) == carried.nonzero()[:, 0].tolist()


@pytest.mark.parametrize("wrong", [{"anchors": []}, {"anchors": [0, 5]}, {"depth": 0}, {"width": 0}, {"chunk": 0}])
def test_wrong_settings(wrong) -> None:
    with pytest.raises(UsageError, match="1 or more"):
        create_model("au_rcnn_tal", AUS, **LITE, **{**SHORT, **wrong})
