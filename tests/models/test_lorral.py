"""LoRRaL: the spec's numbers, its branches against slow loops, its losses by hand, its two steps."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from actionunits.errors import UsageError
from actionunits.facs import BP4D_12, DISFA_8, AUSet
from actionunits.geometry import central_cut, crop, to_49
from actionunits.geometry.mean_face import MEAN_68
from actionunits.loading import FaceBatch, get_input
from actionunits.losses.dice import dice
from actionunits.losses.landmarks import landmark_loss
from actionunits.models import TrainingLabels, create_model, load_model, save_model
from actionunits.models.face_branches import LocalBranch, mean_landmarks
from actionunits.models.layers.au_regions import cut_regions
from actionunits.models.layers.feat_conv import feat_convs

RELATIONS = ("none", "bilstm", "self_attention", "hopfield")
AUS = (1, 12, 24)
LIGHT = {
    "input": "jaa-112",
    "patches": 4,
    "feature_channels": 8,
    "global_channels": [8, 8, 8],
    "landmark_channels": [8, 8, 8],
    "local_channels": [8, 8],
    "feature_size": 16,
    "hidden": 16,
    "heads": 2,
}


def made(relation="hopfield", aus=AUS, seed=0, **changes):
    torch.manual_seed(seed)
    return create_model("lorral", aus, relation=relation, **LIGHT | changes)


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    landmarks = 112 * (0.5 + 0.3 * MEAN_68) + rng.normal(size=(4, 68, 2))
    image = torch.from_numpy(rng.normal(size=(4, 3, 112, 112)).astype(np.float32))
    faces = FaceBatch.unlabelled(image, torch.from_numpy(landmarks.astype(np.float32)), len(AUS))
    labels = torch.tensor([[1, 0, -1], [0, 1, 1], [-1, 0, 0], [1, 1, 0]], dtype=torch.int8)
    return dataclasses.replace(faces, occurrence=labels)


def learn(model, batch, steps=2):
    optimizer = torch.optim.SGD(
        [each for each in model.parameters() if each.requires_grad], 0.01, 0.9, weight_decay=5e-4
    )
    model.train()
    for _ in range(steps):
        optimizer.zero_grad()
        model.loss(model(batch), batch)["total"].backward()
        optimizer.step()


# Sizes --------------------------------------------------------------------------------------------------------------

TOTALS = {  # lorral.md, section 2.7
    ("none", 12): 28_921_590,
    ("bilstm", 12): 30_498_550,
    ("self_attention", 12): 35_490_038,
    ("hopfield", 12): 30_235_894,
    ("none", 8): 22_884_062,
    ("bilstm", 8): 24_461_022,
    ("self_attention", 8): 29_452_510,
    ("hopfield", 8): 24_198_366,
}
PARTS = {  # sections 2.1 to 2.7
    "stem": 2_987_072,
    "global_branch": 813_318,
    "landmark_branch": 2_912_104,
    "local_branch": 14_954_544,
    "local_head": 6_156,
    "prediction": 7_248_396,
    "relation": 1_314_304,
}


def parameters(module):
    return sum(each.numel() for each in module.parameters())


@pytest.mark.parametrize(("relation", "aus"), TOTALS)
def test_parameters(relation, aus):
    with torch.device("meta"):
        model = create_model("lorral", BP4D_12 if aus == 12 else DISFA_8, relation=relation)
    assert parameters(model) == TOTALS[relation, aus]
    if (relation, aus) == ("hopfield", 12):
        assert {name: parameters(child) for name, child in model.named_children()} == PARTS


def test_sizes_of_the_paper():
    model = create_model("lorral", (12,)).eval()
    image = torch.randn(1, 3, 176, 176)
    with torch.no_grad():
        features = model.stem(image)
        output = model(FaceBatch.unlabelled(image, torch.full((1, 68, 2), torch.nan), 1))
    assert features.shape == (1, 64, 44, 44)
    assert model.local_branch.cells == 12
    assert model.global_branch(features).shape == model.landmark_branch(features).shape == (1, 4000)
    assert output.parts["landmarks"].shape == (1, 49, 2)
    assert output.parts["features"].shape == (1, 1, 512)


@pytest.mark.parametrize("backbone", ["patch", "efficientnet_lite0", "resnet18"])
def test_light_sizes_follow_from_the_map(backbone, batch):
    model = made(backbone=backbone).eval()
    assert model.stem(batch.image).shape == (4, 8, 28, 28)
    assert model.local_branch.cells == 8  # 27 % of 28
    assert model(batch).logits.shape == (4, 3)


# Branches -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["jaa-176", "jaa-112", "lp-224", "roi-256"])
def test_the_mean_face_lies_where_a_cropped_face_does(name):
    recipe = get_input(name)
    face = crop(np.zeros((500, 500), np.uint8), 80 * MEAN_68 + 250, recipe.crop_recipe)
    _, landmarks = central_cut(face.image, face.landmarks, recipe.size, recipe.side)
    np.testing.assert_allclose(mean_landmarks(recipe), to_49(landmarks), atol=1e-3)


def test_landmarks_begin_at_the_mean_face(batch):
    model = made().train()
    found = model(batch).parts["landmarks"]
    torch.testing.assert_close(found, mean_landmarks(model.input).expand_as(found), rtol=0, atol=3)
    assert found.std(dim=0).min() > 1e-3


def test_the_local_branch_is_a_module_for_each_au():
    torch.manual_seed(0)
    aus, cells = AUSet(AUS), 6
    branch = LocalBranch(aus, 4, (5, 3), 7, cells=cells, side=48)
    features = torch.randn(2, 4, 12, 12)
    landmarks = torch.rand(2, 49, 2) * 48
    together, state = branch(features, landmarks), branch.convs.state_dict()
    for column in range(len(aus)):
        convs = feat_convs(4, (5, 3))
        own = {name: value if value.ndim == 0 else value.chunk(len(aus))[column] for name, value in state.items()}
        convs.load_state_dict(own)
        centres = branch.centres(landmarks)[:, column]  # (N, 2, 2)
        regions = cut_regions(features, centres, cells=cells, side=48)  # (N, 2, 4, c, c)
        found = convs(regions.flatten(0, 1))  # statistics of both regions together
        mean = (found[0::2] + found[1::2]) / 2
        expected = mean.flatten(1) @ branch.project.weight[column].T + branch.project.bias[column]
        torch.testing.assert_close(together[:, column], expected, rtol=1e-4, atol=1e-5)


def test_regions_lie_where_the_found_landmarks_say(batch):
    model = made("none").eval()
    before = model(batch).parts["features"]
    model.landmark_branch.mean_face += 8
    after = model(batch).parts["features"]
    model.landmark_branch.mean_face[:31] -= 8  # all but the mouth
    mouth = model(batch).parts["features"]
    assert not torch.allclose(before, after, atol=1e-4)
    torch.testing.assert_close(mouth[:, 1:], after[:, 1:], rtol=1e-3, atol=1e-4)  # AU 12 and 24
    torch.testing.assert_close(mouth[:, 0], before[:, 0], rtol=1e-3, atol=1e-4)  # AU 1


@pytest.mark.parametrize("relation", RELATIONS)
def test_parts(relation, batch):
    model = made(relation)
    assert model.train()(batch).parts.keys() == {"local", "landmarks"}
    parts = model.eval()(batch).parts
    assert parts["local"].shape == (4, 3)
    assert parts["features"].shape == (4, 3, 16)
    assert ("attention" in parts) is (relation in ("self_attention", "hopfield"))
    if "attention" in parts:
        assert parts["attention"].shape == (4, 2, 3, 3)
        torch.testing.assert_close(parts["attention"].sum(dim=-1), torch.ones(4, 2, 3))
    assert model.relations() is None
    local = torch.einsum("nad,ad->na", parts["features"], model.local_head.weight[:, 0]) + model.local_head.bias[:, 0]
    torch.testing.assert_close(parts["local"], local)


# Losses -------------------------------------------------------------------------------------------------------------


def by_hand(logits, labels, weights):
    columns = []
    for column in range(labels.shape[1]):
        known = labels[:, column] >= 0
        loss = binary_cross_entropy_with_logits(logits[known, column], labels[known, column].float())
        columns.append(weights[column] * loss)
    return torch.stack(columns).mean()


def test_losses_by_hand(batch):
    model = made().train()
    model.observe(TrainingLabels(np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1], [0, 1, -1]], np.int8), np.zeros((4, 3))))
    weights = torch.tensor([4, 4 / 3, 3]) / (4 + 4 / 3 + 3) * 3
    torch.testing.assert_close(model.au_weights, weights)
    output = model(batch)
    terms = model.loss(output, batch)
    torch.testing.assert_close(terms["occurrence"], by_hand(output.logits, batch.occurrence, weights))
    torch.testing.assert_close(terms["local"], by_hand(output.parts["local"], batch.occurrence, weights))
    torch.testing.assert_close(terms["landmarks"], landmark_loss(output.parts["landmarks"], batch.landmarks))
    torch.testing.assert_close(terms["total"], terms["occurrence"] + terms["local"] + 0.5 * terms["landmarks"])
    assert terms.keys() == {"occurrence", "local", "landmarks", "total"}


def test_settings_of_the_losses(batch):
    model = made(au_weighting="none", dice=True, landmark_weight=2.0).train()
    model.observe(TrainingLabels(np.array([[1, 1, 0], [0, 1, 0]], np.int8), np.zeros((2, 3))))
    assert (model.au_weights == 1).all()
    output = model(batch)
    terms = model.loss(output, batch)
    torch.testing.assert_close(terms["dice"], dice(output.logits, batch.occurrence))
    torch.testing.assert_close(terms["local_dice"], dice(output.parts["local"], batch.occurrence))
    cross_entropies = terms["occurrence"] + terms["local"]
    expected = cross_entropies + terms["dice"] + terms["local_dice"] + 2 * terms["landmarks"]
    torch.testing.assert_close(terms["total"], expected)


def test_au_weights_travel_with_the_model(tmp_path):
    model = made()
    model.observe(TrainingLabels(np.array([[1, 1, 0], [0, 1, 1]], np.int8), np.zeros((2, 3))))
    save_model(model, tmp_path / "model.safetensors")
    assert torch.equal(load_model(tmp_path / "model.safetensors").au_weights, model.au_weights)


def reached(model, term):
    """The parts that a loss trains."""
    model.zero_grad()
    term.backward(retain_graph=True)
    return {
        name
        for name, child in model.named_children()
        if any(each.grad is not None and each.grad.any() for each in child.parameters())
    }


def test_what_each_loss_reaches(batch):
    model = made()
    model.begin("base")
    terms = model.loss(model(batch), batch)
    assert reached(model, terms["occurrence"]) == {
        "stem",
        "global_branch",
        "landmark_branch",
        "local_branch",
        "prediction",
    }
    assert not any(each.grad is not None and each.grad.any() for each in model.landmark_branch.offsets.parameters())
    assert reached(model, terms["local"]) == {"stem", "local_branch", "local_head"}
    assert reached(model, terms["landmarks"]) == {"stem", "landmark_branch"}
    model.begin("relation")
    terms = model.loss(model(batch), batch)
    assert reached(model, terms["occurrence"]) == {"landmark_branch", "relation", "prediction"}
    assert reached(model, terms["local"]) == {"relation", "local_head"}


def test_detached_local_features(batch):
    model = made("none", detach_local=True)
    terms = model.loss(model(batch), batch)
    assert "local_branch" not in reached(model, terms["occurrence"])
    assert reached(model, terms["local"]) == {"stem", "local_branch", "local_head"}


# Two steps ----------------------------------------------------------------------------------------------------------


def test_stages_of_the_paper():
    first, second = create_model("lorral", (12,), relation="bilstm", **{"feature_channels": 8}).stages
    everything = {"stem", "global_branch", "landmark_branch", "local_branch", "local_head", "prediction"}
    assert (first.name, set(first.rates)) == ("base", everything)
    assert (second.name, set(second.rates)) == ("relation", {"relation", "prediction", "local_head", "landmark_branch"})
    for stage in (first, second):
        assert set(stage.rates.values()) == {0.01}
        assert (stage.optimizer, stage.momentum, stage.weight_decay) == ("sgd", 0.9, 5e-4)
        assert (stage.epochs, stage.batch, stage.decay) == (30, 16, 0.3)
        assert stage.milestones[:5] == (2, 4, 6, 8, 10)
        assert stage.milestones[-1] == 28


def test_variants_of_the_stages():
    assert [stage.name for stage in made("none").stages] == ["base"]
    assert "landmark_branch" not in made(freeze_landmarks=True).stages[1].rates


@pytest.mark.parametrize("freeze_landmarks", [False, True])
@pytest.mark.parametrize("relation", RELATIONS[1:])
def test_frozen_parts_are_frozen(relation, freeze_landmarks, batch):
    model = made(relation, freeze_landmarks=freeze_landmarks)
    model.begin("base")
    learn(model, batch)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.begin("relation")
    learn(model, batch, steps=3)
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    frozen = {"stem", "global_branch", "local_branch"} | ({"landmark_branch"} if freeze_landmarks else set())
    assert not {name for name in changed if name.partition(".")[0] in frozen}
    trained = {name for name, _ in model.named_parameters() if name.partition(".")[0] not in frozen}
    assert trained <= changed
    assert any("running_mean" in name for name in changed) is not freeze_landmarks


def test_the_first_step_knows_no_relation(batch):
    """All variants begin it alike, and come out of it alike."""
    models = {relation: made(relation) for relation in RELATIONS}
    logits = {}
    for relation, model in models.items():
        model.begin("base")
        torch.manual_seed(3)
        learn(model, batch)
        logits[relation] = model.eval()(batch).logits
    for relation in RELATIONS[1:]:
        assert torch.equal(logits[relation], logits["none"])
        models[relation].begin("relation")
        assert not torch.allclose(models[relation].eval()(batch).logits, logits["none"])


def test_which_settings_the_first_step_depends_on():
    base = made().stage_settings("base")
    for change in ({"relation": "bilstm"}, {"steps": 9, "beta": 2.0}, {"layers": 1, "heads": 4}, {"dropout": 0.5}):
        assert made(**change).stage_settings("base") == base
    for change in ({"dice": True}, {"feature_size": 32}, {"landmark_weight": 1.0}, {"au_weighting": "none"}):
        assert made(**change).stage_settings("base") != base
    assert made(steps=9).stage_settings("relation") != made().stage_settings("relation")


# Settings -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"aus": (1, 5)}, "AU 5 have no rule"),
        ({"patches": 3}, "does not divide pictures of 112"),
        ({"patches": 0}, "1 or more"),
        ({"local_channels": []}, "1 or more"),
        ({"global_channels": [8, 0]}, "1 or more"),
        ({"global_channels": [8] * 6}, "too many"),
        ({"crop_cells": 3}, "too many"),
        ({"heads": 3}, "heads must divide"),
        ({"dropout": 1.0}, "below 1"),
        ({"feature_size": 15}, "even"),
        ({"steps": -1}, "0 or more"),
        ({"tolerance": -1e-4}, "0 or more"),
        ({"relation": "graph"}, "hopfield"),
        ({"backbone": "vgg"}, "There are patch, resnet18"),
        ({"backbone_weights": "imagenet"}, "patch learning begins without any"),
    ],
)
def test_what_is_refused(changes, said):
    with pytest.raises(UsageError) as caught:
        made(**changes)
    assert said in str(caught.value)


def test_batch_norms_of_frozen_parts_do_not_move():
    model = made()
    model.begin("relation")
    norms = [
        each
        for child in (model.stem, model.local_branch)
        for each in child.modules()
        if isinstance(each, nn.BatchNorm2d)
    ]
    assert norms
    assert not any(each.training for each in norms)


def test_it_starts_from_another_and_keeps_its_own_relation(batch):
    source, model = made("none", seed=3), made("hopfield", seed=4)
    before = {name: each.clone() for name, each in model.state_dict().items() if name.startswith("relation.")}
    assert before
    model.adopt(source.state_dict(), source.aus)
    state = model.state_dict()
    assert all(torch.equal(state[name], each) for name, each in before.items())
    assert all(torch.equal(state[name], each) for name, each in source.state_dict().items())
    model.begin("base")
    source.begin("base")
    with torch.no_grad():
        assert torch.equal(model.eval()(batch).logits, source.eval()(batch).logits)
    with pytest.raises(UsageError):
        model.adopt(source.state_dict(), made("none", aus=(1, 12, 25)).aus)
