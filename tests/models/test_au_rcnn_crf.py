"""AU R-CNN with a CRF: its graph, its labels, its decisions, and what it shares with AU R-CNN."""

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from actionunits.errors import UsageError  # noqa: E402
from actionunits.facs import BP4D_22  # noqa: E402
from actionunits.geometry.au_groups import AUBoxes  # noqa: E402
from actionunits.geometry.mean_face import MEAN_68  # noqa: E402
from actionunits.loading import FaceBatch  # noqa: E402
from actionunits.models import au_rcnn_over_time as over_time  # noqa: E402
from actionunits.models import create_model  # noqa: E402
from actionunits.models.box_crfs import BoxCRFs  # noqa: E402
from actionunits.models.evidence import never_found  # noqa: E402
from actionunits.models.label_splits import one_au_alone, one_au_each  # noqa: E402

SMALL = {"id": "aurcnn-at-64", "crop": "aurcnn-512", "size": 512, "side": 64}
LITE = {"input": SMALL, "backbone": "resnet18", "hidden": 16, "pool": 4}
AUS = (1, 4, 10, 12, 25)
MODES = ("repo_splits", "binary")


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def frames(count: int, seed: int = 0) -> FaceBatch:
    drawn = torch.Generator().manual_seed(seed)
    mean = torch.from_numpy((MEAN_68 - MEAN_68.min(axis=0)) * 190 + [50, 70]).float() / 8
    landmarks = mean + torch.randn(count, 68, 2, generator=drawn)
    batch = FaceBatch.unlabelled(torch.randn(count, 3, 64, 64, generator=drawn), landmarks, len(AUS))
    return dataclasses.replace(batch, occurrence=torch.randint(0, 2, (count, len(AUS)), generator=drawn).to(torch.int8))


def crfs(mode: str, aus=AUS, features: int = 6, scale: float = 2.0, **settings) -> BoxCRFs:
    rule = AUBoxes.of(aus)
    splits = one_au_each(rule) if mode == "repo_splits" else one_au_alone(rule)
    made = BoxCRFs(
        features,
        len(rule.aus),
        splits,
        compete=mode == "repo_splits",
        **{"edges": "apart", "iterations": 5, **settings},
    )
    with torch.no_grad():
        for each in made.parameters():
            each.normal_(std=scale)
    return made


def parameters(module) -> int:
    return sum(each.numel() for each in module.parameters())


def test_parameters() -> None:
    model = create_model("au_rcnn_crf", BP4D_22)
    assert parameters(model) - parameters(model.crf) == 44_571_182
    assert parameters(model.crf) == 7 * (10 * 2048 + 10**2)
    assert parameters(crfs("repo_splits", BP4D_22, 2048, edges="alike")) == parameters(model.crf)
    assert parameters(crfs("repo_splits", BP4D_22, 2048)) == 7 * (10 * 2048 + 2 * 10**2)
    assert parameters(crfs("binary", BP4D_22, 2048, edges="alike")) == 22 * (2 * 2048 + 2**2)


def test_the_stage_is_that_of_the_code() -> None:
    model = create_model("au_rcnn_crf", AUS, **LITE)
    train, crf = model.stages
    assert dict(crf.rates) == {"crf": 0.1}
    assert (crf.optimizer, crf.momentum, crf.weight_decay, crf.epochs, crf.clip) == ("sgd", 0, 5e-4, 40, 5)
    assert crf.batch == 100
    assert (model.chunk(), model.chunk("crf"), model.chunk("train")) == (100, 100, None)
    assert train == create_model("au_rcnn", AUS, **LITE).stages[0]
    assert all(each.iterations == 10 for each in model.crf.each)


def test_the_first_stage_is_au_rcnns() -> None:
    """So that a run of AU R-CNN can give it."""
    torch.manual_seed(3)
    plain = create_model("au_rcnn", AUS, **LITE)
    torch.manual_seed(3)
    model = create_model("au_rcnn_crf", AUS, **LITE, mode="binary", chunk=7, boxes="mean")
    assert model.stage_settings("train") == plain.stage_settings("train")
    assert model.stage_settings("crf")["mode"] == "binary"
    assert model.stage_settings("crf")["system"] == "au_rcnn_crf"
    own = model.state_dict()
    assert all(torch.equal(each, own[name]) for name, each in plain.state_dict().items())
    batch = frames(3)
    for each in (plain, model):
        each.begin("train")
    assert torch.equal(model.train()(batch).logits, plain.train()(batch).logits)
    torch.manual_seed(4)
    one = plain.loss(plain(batch), batch)["total"]
    torch.manual_seed(4)
    assert torch.equal(model.loss(model(batch), batch)["total"], one)


@pytest.mark.parametrize("edges", ["alike", "apart"])
def test_the_graph(edges) -> None:
    graph = crfs("repo_splits", edges=edges)._graph(torch.zeros(4, 3, 2))
    found = sorted(zip(*graph.edges.tolist(), graph.kinds.tolist(), strict=True))
    expected = []
    for frame in range(4):
        for box in range(3):
            node = 3 * frame + box
            expected += [(node, 3 * frame + other, 0) for other in range(box + 1, 3)]
            if frame < 3:
                expected.append((node, node + 3, int(edges == "apart")))
    assert found == sorted(expected)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(1, 1), (5, 1), (1, 4)])
def test_short_runs_and_single_boxes(mode, shape) -> None:
    count, boxes = shape
    made = crfs(mode, aus=(4,) if boxes == 1 else (1, 4, 12))
    scores = made.scores(torch.randn(count, boxes, 6))
    assert made(scores).isfinite().all()
    made.loss(scores, torch.ones(count, made.count, dtype=torch.int8)).backward()
    assert all(each.grad is not None for each in made.parameters())


def test_the_most_confident_crf_decides_about_a_box() -> None:
    """The rule in words, box by box, against the marginals."""
    made = crfs("repo_splits", scale=1.0)
    features = torch.randn(6, len(AUBoxes.of(AUS)), 6)
    scores = made.scores(features)
    found = made(scores)  # (N, R, A)
    marginals = []
    for split, crf, own in made._parts(scores):
        probability = crf.beliefs(own.flatten(0, 1), made._graph(own)).nodes.exp().view(*own.shape)
        marginals.append((split.aus, probability.detach().numpy()))
    used = set()
    for frame in range(6):
        for box in range(features.shape[1]):
            aus, probability = max(marginals, key=lambda each: each[1][frame, box].max())
            label = int(probability[frame, box].argmax())
            used.add(label)
            said = {aus[label - 1]} if label else set()
            assert set(np.flatnonzero(found[frame, box].detach().numpy() > 0)) == said
            for au in said:
                rest = np.delete(probability[frame, box], label).max()
                expected = np.log(probability[frame, box, label] / rest)
                assert found[frame, box, au].item() == pytest.approx(expected, abs=1e-4)
    assert len(used) > 1


def test_a_crf_that_knows_no_au_for_a_box_does_not_decide_about_it() -> None:
    """It would always be sure that there is nothing."""
    made = crfs("repo_splits", aus=(1, 12), scale=0.1)
    assert [split.aus for split in made.splits] == [(0,), (0, 1)]
    box = AUBoxes.of((1, 12)).groups.index(5)
    scores = torch.zeros(3, 3, 5)
    scores[:, box, 0] = 50  # the first: background
    scores[:, box, 4] = 5  # the second: AU 12
    assert (made(scores)[:, box, 1] > 0).all()


def test_each_may_decide_about_its_aus() -> None:
    made = crfs("repo_splits", scale=1.0)
    scores = made.scores(torch.randn(6, 5, 6))
    made.compete = False
    found, parts = made(scores), []
    for split, crf, own in made._parts(scores):
        beliefs = crf.beliefs(own.flatten(0, 1), made._graph(own)).nodes
        parts.append({au: (beliefs.argmax(dim=1) == 1 + split.aus.index(au)).view(6, 5) for au in split.aus})
    for au in range(len(AUS)):
        said = torch.stack([part[au] for part in parts if au in part]).any(dim=0)
        assert torch.equal(found[:, :, au] > 0, said)
    one, other = (create_model("au_rcnn_crf", AUS, **LITE, decide=decide) for decide in ("surest", "each"))
    assert (one.crf.compete, other.crf.compete) == (True, False)
    assert one.stage_settings("crf") == other.stage_settings("crf")


def test_a_crf_of_its_own_gives_the_log_odds() -> None:
    made = crfs("binary")
    rule = AUBoxes.of(AUS)
    scores = made.scores(torch.randn(4, len(rule), 6))
    found = made(scores)
    for au, (split, crf, own) in enumerate(made._parts(scores)):
        boxes = np.flatnonzero(rule.carries()[:, au]).tolist()
        assert list(split.boxes) == boxes
        log_p = crf.beliefs(own.flatten(0, 1), made._graph(own)).nodes.view(4, len(boxes), 2)
        torch.testing.assert_close(found[:, boxes, au], log_p[..., 1] - log_p[..., 0], rtol=0, atol=1e-4)
        others = [box for box in range(len(rule)) if box not in boxes]
        assert (found[:, others, au] < -10).all()


def test_never_found_keeps_the_order_below_zero() -> None:
    evidence = torch.tensor([-30.0, -2, 0, 1, 5])
    found = never_found(evidence)
    assert (found < 0).all()
    assert (found.sigmoid() < 0.5).all()
    assert (found.diff() > 0).all()
    assert float(never_found(torch.tensor(1e4)).sigmoid()) < 0.5


def test_labels_of_boxes() -> None:
    made = crfs("repo_splits")
    occurrence = torch.tensor([[1, 0, 0, 1, -1], [0, -1, 1, 0, 1], [-1] * 5])  # AU 1, 4, 10, 12, 25
    groups = AUBoxes.of(AUS).groups
    assert groups == (1, 1, 2, 5, 6)
    first, second = made.splits
    assert [first.aus, second.aus] == [(0, 1, 2, 4), (0, 1, 3, 4)]
    assert made._labels(first, occurrence).tolist() == [[1, 1, 0, 0, -1], [0, 0, -1, 3, 4], [-1] * 5]
    assert made._labels(second, occurrence).tolist() == [[1, 1, 0, 3, -1], [0, 0, -1, 0, 4], [-1] * 5]


def test_a_box_without_an_au_is_background_where_anything_is_known() -> None:
    made = crfs("repo_splits", aus=BP4D_22)
    bare = dataclasses.replace(made.splits[0], au_of_box=(None,) * 9)
    occurrence = torch.full((2, 22), -1)
    occurrence[0, 3] = 1
    assert made._labels(bare, occurrence).tolist() == [[0] * 9, [-1] * 9]


@pytest.mark.parametrize("mode", MODES)
def test_the_loss_is_the_mean_over_known_boxes(mode) -> None:
    made = crfs(mode)
    occurrence = torch.randint(-1, 2, (4, len(AUS)))
    scores = made.scores(torch.randn(4, 5, 6)).detach().requires_grad_()
    expected = 0.0
    for split, crf, own in made._parts(scores):
        labels = made._labels(split, occurrence).flatten()
        expected += crf.surprise(own.flatten(0, 1), made._graph(own), labels) / int((labels >= 0).sum())
    loss = made.loss(scores, occurrence)
    torch.testing.assert_close(loss, expected)
    (gradient,) = torch.autograd.grad(loss, scores)
    blocks = torch.split(gradient, [1 + len(split.aus) for split in made.splits], dim=-1)
    for split, block in zip(made.splits, blocks, strict=True):
        unknown = made._labels(split, occurrence) < 0
        assert not block[:, list(split.boxes)][unknown].any()
        assert block[:, list(split.boxes)][~unknown].any(dim=-1).all()


@pytest.mark.parametrize("mode", MODES)
def test_frames_help_each_other_in_order(mode) -> None:
    """Noisy boxes, labels that last: the CRF learns to listen to the frames before and after."""
    drawn = torch.Generator().manual_seed(1)
    occurrence = torch.repeat_interleave(torch.randint(0, 2, (15, len(AUS)), generator=drawn), 8, dim=0)  # (120, A)
    carried = torch.from_numpy(AUBoxes.of(AUS).carries()).float()  # (R, A)
    clean = torch.cat([occurrence[:, None] * carried, carried.expand(120, -1, -1)], dim=-1)  # (120, R, 2 A)
    features = clean + 0.8 * torch.randn(clean.shape, generator=drawn)
    made = crfs(mode, features=2 * len(AUS), scale=0.01, edges="apart", iterations=10)
    optimizer = torch.optim.Adam(made.parameters(), 0.1)
    losses = []
    for _ in range(25):
        optimizer.zero_grad()
        losses.append(made.loss(made.scores(features), occurrence))
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < 0.6 * losses[0]
    across = torch.stack([crf.tables.detach()[1].trace() for crf in made.each])
    assert (across > 0.5).all()  # a label stays what it was
    said = made(made.scores(features)).amax(dim=1) > 0
    alone = torch.cat([made(made.scores(frame)) for frame in features.split(1)]).amax(dim=1) > 0
    right, lone = ((each == (occurrence == 1)).float().mean() for each in (said, alone))
    assert right > lone + 0.02


@pytest.mark.parametrize("mode", MODES)
def test_features_are_those_of_the_frozen_network_in_pieces(mode, monkeypatch) -> None:
    model = create_model("au_rcnn_crf", AUS, **LITE, mode=mode)
    batch = frames(5)
    model.begin("crf")
    before = {name: each.clone() for name, each in model.state_dict().items()}
    whole = model.train()(batch)
    seen = []
    model.stem.register_forward_hook(lambda _, given, __: seen.append(len(given[0])))
    monkeypatch.setattr(over_time, "FRAMES_AT_ONCE", 2)
    pieces = model(batch)
    assert seen == [2, 2, 1]
    torch.testing.assert_close(pieces.parts["scores"], whole.parts["scores"], rtol=0, atol=1e-5)
    assert pieces.parts["scores"].requires_grad
    model.loss(pieces, batch)["total"].backward()
    assert {name for name, each in model.named_parameters() if each.grad is not None} == {
        name for name, _ in model.named_parameters() if name.startswith("crf.")
    }
    assert all(torch.equal(each, before[name]) for name, each in model.state_dict().items())
    output = model.eval()(batch)
    assert output.parts["box_features"].shape == (5, len(model.boxes.rule), 512)
    torch.testing.assert_close(output.logits, model.merged(output.parts["box_logits"]))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"chunk": 0}, "chunk=0"),
        ({"iterations": 0}, "iterations=0"),
        ({"mode": "splits"}, "'repo_splits' or 'binary'"),
        ({"edges": "two"}, "'alike' or 'apart'"),
    ],
)
def test_wrong_settings(settings, said) -> None:
    with pytest.raises(UsageError, match=said):
        create_model("au_rcnn_crf", AUS, **{**LITE, **settings})
