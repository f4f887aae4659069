"""ROI-GCN: sizes, losses, decoding and settings."""

import dataclasses
import itertools
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn.functional import binary_cross_entropy_with_logits, interpolate  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402
from torch.utils._pytree import tree_leaves  # noqa: E402

from actionunits.errors import UsageError  # noqa: E402
from actionunits.facs import BP4D_12, DISFA_8  # noqa: E402
from actionunits.geometry.mean_face import MEAN_68  # noqa: E402
from actionunits.loading import FaceBatch  # noqa: E402
from actionunits.models import TrainingLabels, create_model, load_model, save_model  # noqa: E402
from actionunits.models.layers.roi_maps import target_maps  # noqa: E402

AUS = (1, 12, 24)
LIGHT = {
    "input": {"id": "roi-at-64", "crop": "roi-256", "size": 256, "side": 64},
    "backbone": "efficientnet_lite0",
    "roi_cells": 3,
}
GRAPHS = ("none", "unsupervised", "supervised")


def made(seed=0, aus=AUS, **changes):
    torch.manual_seed(seed)
    return create_model("roi_gcn", aus, **LIGHT | changes)


def faces(count=4, side=64, seed=0):
    rng = np.random.default_rng(seed)
    landmarks = side * (0.5 + 0.28 * MEAN_68) + rng.normal(size=(count, 68, 2))
    image = torch.from_numpy(rng.normal(size=(count, 3, side, side)).astype(np.float32))
    return FaceBatch.unlabelled(image, torch.from_numpy(landmarks.astype(np.float32)), len(AUS))


@pytest.fixture
def batch():
    labels = torch.tensor([[1, 0, -1], [0, 1, 1], [-1, 0, 0], [1, 1, 0]], dtype=torch.int8)
    return dataclasses.replace(faces(), occurrence=labels)


class Given(nn.Module):
    """A head that gives these maps."""

    def __init__(self, maps):
        super().__init__()
        self.maps = nn.Parameter(maps)

    def forward(self, features):
        return self.maps


# Sizes --------------------------------------------------------------------------------------------------------------

SIZES = {  # roi_gcn.md, section 4, for 12 AUs
    "backbone": 9_562_260,
    "head": 3_252,
    "graph": 3_264 + 3_252 + 73_440,
    "eig_head": 3_252,
    "regions": 0,
}


def parameters(module):
    return sum(each.numel() for each in module.parameters())


def test_parameters():
    with torch.device("meta"):
        twelve, eight = create_model("roi_gcn", BP4D_12), create_model("roi_gcn", DISFA_8)
    assert {name: parameters(child) for name, child in twelve.named_children()} == SIZES
    assert (parameters(twelve), parameters(eight)) == (9_648_720, 9_644_380)


@pytest.mark.parametrize("graph", GRAPHS)
def test_sizes_of_the_maps(graph):
    model = create_model("roi_gcn", (12,), graph=graph, **LIGHT | {"backbone": "hrnet_w18_small", "roi_cells": 7})
    parts = model.eval()(faces(2)).parts
    assert parts["maps"].shape == (2, 1, 16, 16)
    assert parts["regions"].shape == (2, 1, 2, 16, 16)
    assert parts["unrefined"].shape == parts["refined"].shape == (2, 240, 16, 16)
    assert parts["features"].shape == (2, 1, 240)
    assert ("eigenvectors" in parts, "eig_logits" in parts) == (graph != "none", graph == "supervised")
    assert set(model.train()(faces(2)).parts) - {"eig_logits"} == {"maps", "regions"}


def test_no_tensor_has_a_number_for_every_pair_of_places():
    class Largest(TorchDispatchMode):
        numbers = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            sizes = [each.numel() for each in tree_leaves(out) if isinstance(each, torch.Tensor)]
            self.numbers = max([self.numbers, *sizes])
            return out

    recipe = {"id": "roi-at-192", "crop": "roi-256", "size": 256, "side": 192}
    model, image = made(input=recipe).train(), faces(2, side=192)
    image = dataclasses.replace(image, occurrence=torch.ones(2, 3, dtype=torch.int8))
    with Largest() as mode:
        model.loss(model(image), image)["total"].backward()
    assert model.regions.grid == 48
    assert mode.numbers < 48**4


# Decoding -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "second"), [*itertools.product((-0.4, -0.01, 0.01, 0.4), repeat=2)])
def test_an_au_is_found_where_either_region_is_above_0(first, second):
    model, one = made(aus=(12,)).eval(), faces(1)
    regions = model(one).parts["regions"][0, 0]
    maps = torch.full((1, 1, 16, 16), 5.0)  # what lies elsewhere does not count
    maps[0, 0][regions[0]], maps[0, 0][regions[1]] = first, second
    model.head = Given(maps)
    output = model(one)
    assert not (regions[0] & regions[1]).any()
    torch.testing.assert_close(output.logits, torch.tensor([[2 * max(first, second)]]))
    assert bool(output.probability > 0.5) is (first > 0 or second > 0)


@pytest.mark.parametrize("level", [0.2, 0.49, 0.51, 1.0])
def test_heatmaps_are_read_at_a_half(level):
    model, one = made(aus=(12,), target="heatmap", graph="none").eval(), faces(1)
    model.head = Given(level * target_maps(model(one).parts["regions"], torch.ones(1, 1), absent=0.0))
    torch.testing.assert_close(model(one).logits, torch.tensor([[4 * (level - 0.5)]]))


def test_other_decodings():
    torch.manual_seed(0)
    maps = torch.randn(4, 3, 16, 16)
    for decode, expected in (("mean", maps.mean(dim=(2, 3))), ("max", maps.amax(dim=(2, 3)))):
        model = made(decode=decode).eval()
        model.head = Given(maps)
        output = model(faces())
        torch.testing.assert_close(output.logits, 2 * expected)
        assert output.parts["features"].shape == (4, 176)
        assert not model.needs_landmarks
    assert made().needs_landmarks


def test_the_probability_at_the_threshold_is_that_of_the_regression():
    """A perfect regression gives m = 2 p - 1: there, logits are p's log-odds, and rise as steeply."""
    for step in (-0.01, 0.01):
        model, one = made(aus=(12,)).eval(), faces(1)
        model.head = Given(torch.full((1, 1, 16, 16), step))
        assert float(model(one).probability.detach()) == pytest.approx((1 + step) / 2, abs=1e-6)


def test_features_are_what_the_scores_are_linear_in():
    """The head has no activation: it may come before or after the mean. The lips' regions overlap, AU12's do not."""
    model = made().eval()
    output = model(faces())
    means = output.parts["features"] @ model.head.weight[:, :, 0, 0].T + model.head.bias  # (N, A, A)
    regions = output.parts["regions"].any(dim=2)
    for face, au in itertools.product(range(4), range(3)):
        expected = output.parts["maps"][face, au][regions[face, au]].mean()
        torch.testing.assert_close(means[face, au, au], expected, rtol=1e-4, atol=1e-5)


# Landmarks ----------------------------------------------------------------------------------------------------------


def test_unknown_landmarks(batch):
    """Then the mean face's regions are read, the face is flagged, and its maps are not learned; its AUs are."""
    lost = dataclasses.replace(batch, landmarks=batch.landmarks.clone())
    lost.landmarks[3, 5] = math.nan
    model = made()
    known, unknown = (model.eval()(each) for each in (batch, lost))
    assert unknown.stand_in.tolist() == [False, False, False, True]
    assert torch.equal(known.logits[:3], unknown.logits[:3])
    assert not torch.equal(known.logits[3], unknown.logits[3])
    output = model.train()(lost)
    gradient = torch.autograd.grad(model.loss(output, lost)["maps"], output.parts["maps"], retain_graph=True)[0]
    assert not gradient[3].any()
    assert gradient[0, 0].any()
    assert torch.autograd.grad(model.loss(output, lost)["eigenvectors"], output.parts["eig_logits"])[0][3].all()


# Losses -------------------------------------------------------------------------------------------------------------


def map_loss_by_hand(output, batch, weights, absent, over):
    """Eq. 4, cell by cell."""
    of_aus = []
    for au in range(3):
        of_faces = []
        for face in range(4):
            label = int(batch.occurrence[face, au])
            if label < 0:
                continue
            wanted = torch.zeros(16, 16)
            for region in output.parts["regions"][face, au]:
                wanted[region] = 1.0 if label else absent
            squares = (output.parts["maps"][face, au] - wanted) ** 2
            of_faces.append(squares.sum() / (256 if over == "mean" else 1))
        of_aus.append(weights[au] * torch.stack(of_faces).mean())
    return torch.stack(of_aus).mean()


def eigenvector_loss_by_hand(output, batch, weights):
    """Eq. 7."""
    of_aus = []
    for au in range(3):
        known = batch.occurrence[:, au] >= 0
        logits, labels = output.parts["eig_logits"][known, au], batch.occurrence[known, au].float()
        of_aus.append(weights[au] * binary_cross_entropy_with_logits(logits, labels))
    return torch.stack(of_aus).mean()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"target": "heatmap"},
        {"loss_a_reduction": "sum", "alpha_on": "a", "alpha": 0.01},
        {"eig_head": "gap", "alpha": 2.0},
        {"weighted": True},
    ],
)
def test_losses_by_hand(settings, batch):
    model = made(**settings).train()
    model.observe(TrainingLabels(np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1], [0, 1, -1]], np.int8), np.zeros((4, 3))))
    weights = torch.ones(3)
    if "weighted" in settings:
        weights = torch.tensor([4, 4 / 3, 3]) / (4 + 4 / 3 + 3) * 3
    torch.testing.assert_close(model.au_weights, weights)
    output = model(batch)
    terms = model.loss(output, batch)
    absent, over = 0.0 if "target" in settings else -1.0, settings.get("loss_a_reduction", "mean")
    maps = map_loss_by_hand(output, batch, weights, absent, over)
    eigenvectors = eigenvector_loss_by_hand(output, batch, weights)
    alpha = settings.get("alpha", 0.001)
    total = alpha * maps + eigenvectors if settings.get("alpha_on") == "a" else maps + alpha * eigenvectors
    torch.testing.assert_close(terms, {"maps": maps, "eigenvectors": eigenvectors, "total": total})


@pytest.mark.parametrize("graph", ["none", "unsupervised"])
def test_without_supervision_there_is_one_loss(graph, batch):
    model = made(graph=graph).train()
    terms = model.loss(model(batch), batch)
    assert terms.keys() == {"maps", "total"}
    assert torch.equal(terms["maps"], terms["total"])


@pytest.mark.parametrize("target", ["roi", "heatmap"])
def test_a_perfect_map_costs_nothing_and_is_right(target, batch):
    model = made(target=target, graph="none").eval()
    regions = model(batch).parts["regions"]
    model.head = Given(target_maps(regions, batch.occurrence, absent=-1.0 if target == "roi" else 0.0))
    output = model(batch)
    assert model.loss(output, batch)["total"] == 0
    known = batch.occurrence >= 0
    assert torch.equal((output.logits > 0)[known], (batch.occurrence == 1)[known])


def test_unknown_labels_give_no_gradient(batch):
    model = made().train()
    output = model(batch)
    maps, logits = torch.autograd.grad(
        model.loss(output, batch)["total"], [output.parts["maps"], output.parts["eig_logits"]]
    )
    unknown = batch.occurrence < 0
    assert not maps[unknown].any()
    assert not logits[unknown].any()
    assert maps[~unknown].flatten(1).any(dim=1).all()
    assert logits[~unknown].all()


def test_weights_travel_with_the_model(tmp_path):
    model = made(weighted=True)
    model.observe(TrainingLabels(np.array([[1, 1, 0], [0, 1, 1]], np.int8), np.zeros((2, 3))))
    save_model(model, tmp_path / "model.safetensors")
    assert torch.equal(load_model(tmp_path / "model.safetensors").au_weights, model.au_weights)


# The network --------------------------------------------------------------------------------------------------------


def test_the_forward_pass_by_hand():
    model, some = made().eval(), faces(2)
    with torch.no_grad():
        maps = model.backbone.network.maps(some.image)
        joined = torch.cat([interpolate(each, (16, 16), mode="bilinear") for each in maps], dim=1)
        raw = model.graph.project(joined)
        refined = model.graph(joined, raw.relu())
        expected = (
            torch.einsum("ndhw,ad->nahw", refined, model.head.weight[:, :, 0, 0]) + model.head.bias[:, None, None]
        )
        parts = model(some).parts
    torch.testing.assert_close(parts["maps"], expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(parts["eig_logits"], model.eig_head(joined, raw))
    assert torch.equal(parts["eigenvectors"], raw.relu())


def test_all_rows_begin_alike():
    """Under one seed."""
    starts = [dict(made(seed=4, graph=graph).state_dict()) for graph in GRAPHS]
    for name, value in starts[0].items():
        assert all(torch.equal(each[name], value) for each in starts)
    assert starts[0]["head.weight"].std() == pytest.approx(0.001, rel=0.1)
    assert not starts[0]["head.bias"].any()


def test_the_labels_reach_the_eigenvectors_and_the_features(batch):
    model = made(alpha=1.0)
    terms = model.train().loss(model(batch), batch)
    terms["eigenvectors"].backward()
    trained = {name for name, each in model.named_parameters() if each.grad is not None and each.grad.any()}
    assert {name.partition(".")[0] for name in trained} == {"backbone", "graph", "eig_head"}
    assert {name.split(".")[1] for name in trained if name.startswith("graph.")} == {"eigenvectors"}


def test_stage_of_the_paper():
    model = made()
    (stage,) = model.stages
    assert set(stage.rates) == {"backbone", "head", "graph", "eig_head"}
    assert set(stage.rates.values()) == {1e-4}
    assert (stage.optimizer, stage.weight_decay, stage.batch, stage.epochs) == ("adam", 5e-4, 32, 30)
    assert (stage.schedule, stage.milestones, stage.decay) == ("step", (10, 20), 0.1)
    assert set(made(graph="none").stages[0].rates) == {"backbone", "head"}
    assert made().map_layer() is not model.backbone


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"aus": (1, 5)}, "AU 5 have no rule"),
        ({"eigenvectors": 64}, "one for each AU"),
        ({"eigenvectors": 0, "graph": "unsupervised"}, "eigenvectors=0"),
        ({"alpha": -1.0}, "0 or more"),
        ({"roi_cells": 17}, "from 1 to the map's 16"),
        ({"roi_cells": 0}, "from 1"),
        ({"backbone": "vgg"}, "There are hrnet_w18, hrnet_w18_small, resnet18"),
        ({"backbone": "hrnet_w18", "input": "jaa-176"}, "multiple of 32"),
        ({"backbone": "hrnet_w18_small", "backbone_weights": "imagenet"}, "no weights 'imagenet'"),
        ({"laplacian": "random"}, "sym"),
        ({"decode": "sum"}, "max"),
        ({"target": "map"}, "heatmap"),
    ],
)
def test_what_is_refused(changes, said):
    with pytest.raises(UsageError) as caught:
        made(**changes)
    assert said in str(caught.value)


def test_the_start_that_comes_with_the_package():
    model = made(backbone_weights="faces_re")
    assert not torch.equal(model.backbone.network.conv_stem.weight, made().backbone.network.conv_stem.weight)
