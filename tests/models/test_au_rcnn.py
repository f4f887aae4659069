"""AU R-CNN on single pictures: the paper's sizes, its labels by box, its boxes at work."""

import dataclasses
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torchvision  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from torch import nn  # noqa: E402

from actionunits.errors import UsageError  # noqa: E402
from actionunits.facs import BP4D_22, DISFA_12  # noqa: E402
from actionunits.geometry.mean_face import MEAN_68  # noqa: E402
from actionunits.loading import FaceBatch  # noqa: E402
from actionunits.models import create_model  # noqa: E402
from actionunits.models.au_rcnn import AURCNN  # noqa: E402
from actionunits.models.layers.box_pool import box_level  # noqa: E402

SMALL = {"id": "aurcnn-at-64", "crop": "aurcnn-512", "size": 512, "side": 64}
LITE = {"input": SMALL, "backbone": "resnet18", "hidden": 16, "pool": 4}
AUS = (1, 4, 12, 17, 25)


def faces(count: int, side: int, aus: int, seed: int = 0) -> FaceBatch:
    drawn = torch.Generator().manual_seed(seed)
    mean = torch.from_numpy((MEAN_68 - MEAN_68.min(axis=0)) * 190 + [50, 70]).float() * (side / 512)
    landmarks = mean + torch.randn(count, 68, 2, generator=drawn) * side / 100
    batch = FaceBatch.unlabelled(torch.randn(count, 3, side, side, generator=drawn), landmarks, aus)
    return dataclasses.replace(batch, occurrence=torch.randint(-1, 2, (count, aus), generator=drawn).to(torch.int8))


@pytest.fixture
def model() -> AURCNN:
    torch.manual_seed(0)
    return create_model("au_rcnn", AUS, **LITE)


def parameters(module: nn.Module) -> int:
    return sum(each.numel() for each in module.parameters())


@pytest.mark.parametrize(
    ("aus", "settings", "count"),
    [
        (BP4D_22, {}, 44_571_182),
        (DISFA_12, {}, 44_561_172),
        (BP4D_22, {"backbone": "vgg16"}, 138_379_566),
        (BP4D_22, {"backbone": "vgg19"}, 143_689_262),
        (BP4D_22, {"backbone": "vgg16", "tail": False, "hidden": 256}, 14_851_670),
    ],
)
def test_parameters(aus, settings, count) -> None:
    model = create_model("au_rcnn", aus, **settings)
    assert parameters(model) == count
    if not settings:
        assert parameters(model.stem) == 27_535_424
        assert parameters(model.tail) == 14_964_736
        assert parameters(model.head) == 2048 * 1000 + 1000 + 1001 * len(aus)


def test_boxes_and_cells_of_the_paper() -> None:
    model = create_model("au_rcnn", BP4D_22, backbone="resnet18")
    assert len(model.boxes.rule) == 9
    assert model.pool.size == 14
    assert create_model("au_rcnn", BP4D_22, backbone="resnet18", neck="fpn").pool.size == 7
    sizes = []
    model.tail.register_forward_hook(lambda _, given, output: sizes.append((given[0].shape, output.shape)))
    model.eval()(faces(1, 512, 22))
    assert sizes == [((9, 256, 14, 14), (9, 512, 7, 7))]


def test_the_stage_is_the_papers(model) -> None:
    (stage,) = model.stages
    assert (stage.optimizer, stage.momentum, stage.nesterov, stage.weight_decay) == ("sgd", 0.9, False, 5e-4)
    assert (stage.epochs, stage.batch, stage.milestones, stage.decay) == (25, 5, (10, 20), 0.1)
    assert dict(stage.rates) == {"stem": 1e-3, "tail": 1e-3, "head": 1e-3}


def test_the_head_begins_with_imagenets_classifier(tmp_path) -> None:
    torch.manual_seed(0)
    whole = torchvision.models.resnet18()
    save_file(whole.state_dict(), tmp_path / "resnet18.safetensors")
    weights = str(tmp_path / "resnet18.safetensors")
    model = create_model("au_rcnn", AUS, **{**LITE, "hidden": 1000, "backbone_weights": weights})
    assert torch.equal(model.head.hidden[0].weight, whole.fc.weight)
    assert torch.equal(model.head.hidden[0].bias, whole.fc.bias)
    assert torch.equal(model.tail[1].conv2.weight, whole.layer4[1].conv2.weight)
    assert torch.equal(model.stem.layer3[0].conv1.weight, whole.layer3[0].conv1.weight)
    assert float(model.head.score.weight.detach().std()) == pytest.approx(0.01, rel=0.1)
    other = create_model("au_rcnn", AUS, **{**LITE, "backbone_weights": weights})
    assert other.head.hidden[0].weight.shape == (16, 512)


def test_labels_by_box(model) -> None:
    occurrence = torch.tensor([[1, 0, 1, 0, -1], [0, 1, 0, 1, 1]], dtype=torch.int8)  # AU 1, 4, 12, 17, 25
    groups = model.boxes.rule.groups
    assert groups == (1, 1, 2, 5, 6, 7)
    labels = model.box_labels(occurrence)
    assert labels.dtype == torch.int8
    assert labels[0].tolist() == [
        [1, 0, 0, 0, -1],
        [1, 0, 0, 0, -1],
        [1, 0, 0, 0, -1],
        [0, 0, 1, 0, -1],
        [0, 0, 1, 0, -1],
        [0, 0, 0, 0, -1],
    ]
    assert labels[1, 2].tolist() == [0, 1, 0, 0, 0]
    assert labels[1, 4].tolist() == [0, 0, 0, 1, 1]
    model.mask_impossible = True
    assert model.box_labels(occurrence)[1, 2].tolist() == [0, 1, -1, -1, -1]
    assert model.box_labels(occurrence)[1, 5].tolist() == [-1, -1, -1, 1, -1]


def test_an_au_is_there_if_a_box_that_carries_it_says_so(model) -> None:
    output = model.eval()(faces(3, 64, len(AUS)))
    by_box = output.parts["box_logits"]  # (N, R, A)
    carries = model.boxes.rule.carries()
    for a in range(len(AUS)):
        torch.testing.assert_close(output.logits[:, a], by_box[:, np.flatnonzero(carries[:, a]), a].amax(dim=1))
    model.merge = "all"
    torch.testing.assert_close(model(faces(3, 64, len(AUS))).logits, by_box.amax(dim=1))


def test_the_backbone_runs_once_however_many_boxes(model) -> None:
    calls = []
    model.stem.register_forward_hook(lambda _, given, output: calls.append(given[0].shape[0]))
    model.eval()(faces(4, 64, len(AUS)))
    assert calls == [4]


def test_a_box_does_not_see_what_lies_far_outside_it() -> None:
    """Only the picture is shared: with a stem that sees a pixel at a time, a box is blind beyond its edge."""
    torch.manual_seed(0)
    model = create_model("au_rcnn", AUS, **{**LITE, "norms": "frozen"}).eval()

    class Shrink(nn.Module):
        stride = 16

        def forward(self, image):
            return nn.functional.avg_pool2d(image, 16).repeat(1, 86, 1, 1)[:, :256]

    model.stem = Shrink()
    batch = faces(1, 64, len(AUS))
    boxes = model(batch).parts["boxes"][0]
    chin = model.boxes.rule.groups.index(7)
    top = int(boxes[chin, 1]) // 16 * 16
    assert top >= 32
    changed = batch.image.clone()
    changed[:, :, : top - 16] += 1
    before, after = (
        model(dataclasses.replace(batch, image=each)).parts["box_logits"][0] for each in (batch.image, changed)
    )
    torch.testing.assert_close(after[chin], before[chin])
    assert not torch.allclose(after[0], before[0])


def test_mean_boxes_only_matter_when_it_predicts() -> None:
    torch.manual_seed(0)
    straight = create_model("au_rcnn", AUS, **LITE)
    torch.manual_seed(0)
    mean = create_model("au_rcnn", AUS, **LITE, boxes="mean")
    assert straight.needs_landmarks
    assert not mean.needs_landmarks
    assert straight.stage_settings("train") == mean.stage_settings("train")
    batch = faces(3, 64, len(AUS))
    torch.testing.assert_close(straight.train()(batch).logits, mean.train()(batch).logits)
    torch.testing.assert_close(mean.state_dict(), straight.state_dict())
    for model in (straight, mean):
        model.calibrate(lambda: iter([batch]))
    shown = mean.eval()(batch).parts["boxes"]
    assert torch.equal(shown[0], shown[2])
    torch.testing.assert_close(shown[0], straight.eval()(batch).parts["boxes"].mean(dim=0))


def test_faces_without_landmarks_get_mean_boxes_and_say_so(model) -> None:
    batch = faces(3, 64, len(AUS))
    batch.landmarks[1] = torch.nan
    output = model.eval()(batch)
    assert output.logits.isfinite().all()
    assert output.parts["mean_box"].all(dim=1).tolist() == [False, True, False]
    assert output.stand_in.tolist() == [False, True, False]


def test_the_pyramid_pools_each_box_at_its_level() -> None:
    torch.manual_seed(0)
    model = create_model("au_rcnn", BP4D_22, backbone="resnet18", neck="fpn").eval()
    batch = faces(1, 512, 22)
    output = model(batch)
    level = box_level(output.parts["boxes"])
    assert set(level.flatten().tolist()) <= {2, 3, 4, 5}
    assert len(set(level.flatten().tolist())) > 1
    width = output.parts["boxes"][0, 5, 2] - output.parts["boxes"][0, 5, 0]
    height = output.parts["boxes"][0, 5, 3] - output.parts["boxes"][0, 5, 1]
    assert level[0, 5] == math.floor(4 + math.log2(float(width * height) ** 0.5 / 224))
    assert model.head.hidden[0].weight.shape == (1024, 256 * 49)


def test_parameters_of_two_streams() -> None:
    """The sizes of section 4.1 of the specification; 17 more channels in the first convolution of the flow's."""
    model = create_model("au_rcnn", BP4D_22, streams="picture_and_flow")
    assert parameters(model.flow_stem) == 27_535_424 + 17 * 64 * 7 * 7
    assert parameters(model.flow_tail) == 14_964_736
    assert (model.fuse.weight.shape, model.fuse.bias) == ((2048, 4096, 1, 1), None)
    assert parameters(model.head) == (2048 + 1) * 1024 + (1024 + 1) * 22
    assert parameters(model) == sum(parameters(each) for each in model.children())
    assert model.flow_window() == "flow-10"
    assert model.stages[0].rates.keys() == {"stem", "tail", "flow_stem", "flow_tail", "fuse", "head"}


@pytest.mark.parametrize("settings", [{}, {"tail": False}, {"backbone": "efficientnet_lite0"}])
def test_the_flow_begins_as_the_picture_does(settings) -> None:
    """Its first convolution has the mean of the picture's in each of 20 channels; all other weights are the same."""
    torch.manual_seed(0)
    model = create_model("au_rcnn", AUS, **{**LITE, **settings}, streams="picture_and_flow")
    first, *others = zip(model.stem.state_dict().items(), model.flow_stem.state_dict().items(), strict=True)
    (_, old), (_, new) = first
    assert new.shape == (old.shape[0], 20, *old.shape[2:])
    assert all(torch.equal(new[:, channel], old.mean(dim=1)) for channel in range(20))
    assert all(ours == theirs and torch.equal(one, other) for (ours, one), (theirs, other) in others)
    grey = torch.rand(1, 1, 64, 64)
    with torch.no_grad():  # ten times as bright, as each of three channels became 20 / 3
        seen = torch.nn.functional.conv2d(grey.repeat(1, 3, 1, 1), old, padding=1)
        moved = torch.nn.functional.conv2d(grey.repeat(1, 20, 1, 1), new, padding=1)
    torch.testing.assert_close(moved, seen * 20 / 3, atol=1e-4, rtol=1e-4)


def test_both_streams_have_a_say_in_the_same_boxes() -> None:
    torch.manual_seed(0)
    model = create_model("au_rcnn", AUS, **LITE, streams="picture_and_flow").eval()
    batch = faces(2, 64, len(AUS))
    flow = torch.randn(2, 20, 64, 64)
    still = dataclasses.replace(batch, flow=torch.zeros_like(flow))
    moving = dataclasses.replace(batch, flow=flow)
    with torch.no_grad():
        assert torch.equal(model(batch).logits, model(still).logits)  # without flow nothing moves
        assert not torch.equal(model(moving).logits, model(still).logits)
        boxes = model(moving).parts["boxes"]
        assert torch.equal(boxes, model(batch).parts["boxes"])
        seen = model.tail(model.pool([model.stem(batch.image)], boxes, 4).flatten(0, 1))
        moved = model.flow_tail(model.pool([model.flow_stem(flow)], boxes, 4).flatten(0, 1))
        joined = torch.einsum("oi,nihw->nohw", model.fuse.weight[:, :, 0, 0], torch.cat([seen, moved], dim=1))
        by_hand = model.head.score(model.head.last(joined.mean(dim=(2, 3)).view(2, len(boxes[0]), -1)))
    torch.testing.assert_close(model(moving).parts["box_logits"], by_hand, atol=1e-5, rtol=1e-4)


def test_frozen_norms_stay(tmp_path) -> None:
    torch.manual_seed(0)
    model = create_model("au_rcnn", AUS, **LITE, norms="frozen").train()
    assert not any(isinstance(each, nn.BatchNorm2d) for each in model.modules())
    before = {name: each.clone() for name, each in model.state_dict().items()}
    model(faces(3, 64, len(AUS)))
    assert all(torch.equal(each, before[name]) for name, each in model.state_dict().items())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"input": "lp-112"}, "whole crop of AU R-CNN"),
        ({"input": {**SMALL, "size": 480}}, "whole crop of AU R-CNN"),
        ({"boxes": "median"}, "'landmarks' or 'mean'"),
        ({"hidden": 0}, "1 or more"),
        ({"backbone": "vgg16", "neck": "fpn"}, "neither a pyramid nor two streams"),
        ({"backbone": "vgg16", "streams": "picture_and_flow"}, "neither a pyramid nor two streams"),
        ({"neck": "fpn", "streams": "picture_and_flow"}, "does not go with two streams"),
    ],
)
def test_wrong_settings(settings, said) -> None:
    with pytest.raises(UsageError, match=said):
        create_model("au_rcnn", AUS, **{**LITE, **settings})
