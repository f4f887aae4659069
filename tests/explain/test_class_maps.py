"""Grad-CAM against the paper's formula worked out in loops, and against what a model can look at."""

import copy
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from actionunits.errors import UsageError  # noqa: E402
from actionunits.explain import class_maps, grad_cam  # noqa: E402
from actionunits.models import create_model, list_models  # noqa: E402


def by_hand(activation: np.ndarray, weight: np.ndarray, side: int) -> np.ndarray:
    """The map of one face, (side, side), for logit = sum of weight * relu(activation), (D, h, w) each."""
    channels, height, width = activation.shape
    coarse = np.zeros((height, width))
    for channel in range(channels):
        alpha = 0.0
        for y, x in np.ndindex(height, width):
            alpha += weight[channel, y, x] * (activation[channel, y, x] > 0)  # the derivative of the logit
        coarse += alpha / (height * width) * activation[channel]
    coarse = np.maximum(coarse, 0).astype(np.float32)
    large = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_LINEAR)  # centres of pixels, as PyTorch's
    return large / large.max()


def test_the_formula_by_hand(toy, faces) -> None:
    model, batch = toy(), faces(3)
    with torch.no_grad():
        activation = model.stem(batch.image).numpy()
    weight = model.weight.detach().numpy()
    maps = class_maps(model, batch, [2, 0])
    assert maps.shape == (3, 2, 32, 32)
    assert maps.dtype == np.float32
    for face in range(3):
        for place, column in enumerate((2, 0)):
            expected = by_hand(activation[face], weight[column], 32)
            np.testing.assert_allclose(maps[face, place], expected, atol=1e-4)
    np.testing.assert_array_equal(grad_cam(model, batch, 2), maps[:, 0])


def test_places_beyond_what_the_logit_reads_have_no_map(toy, faces) -> None:
    """As of a system that reads boxes: what is bright beyond them cannot speak for an AU."""
    model, batch = toy(), faces(2)
    with torch.no_grad():
        model.stem[2].bias.fill_(9.0)  # every channel is above 0 everywhere
        model.weight.fill_(1.0)
        model.weight[..., model.weight.shape[-1] // 2 :] = 0.0
    maps = grad_cam(model, batch, 0)
    assert maps[:, :, :12].min() > 0.1
    assert not maps[:, :, 20:].any()  # between them the map is brought to the picture's size


def test_a_face_does_not_depend_on_the_others(toy, faces) -> None:
    model = toy()
    together = grad_cam(model, faces(4), 1)
    alone = np.concatenate([grad_cam(model, part, 1) for part in split(faces(4))])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def split(batch):
    from actionunits.loading import FaceBatch

    return [
        FaceBatch.unlabelled(batch.image[n : n + 1], batch.landmarks[n : n + 1], batch.occurrence.shape[1])
        for n in range(len(batch))
    ]


@pytest.mark.parametrize(("rows", "columns"), [(slice(0, 2), slice(0, 2)), (slice(2, 4), slice(0, 2))])
def test_what_shows_in_one_quadrant_is_found_there(toy, faces, rows: slice, columns: slice) -> None:
    """Something bright that the model is made to see lies in one quadrant, and the map with it."""
    model, batch = toy(), faces(2)
    with torch.no_grad():
        model.stem[0].weight.fill_(0.02)
        model.stem[0].bias.zero_()
        model.stem[2].weight.fill_(0.1)
        model.stem[2].bias.zero_()
        model.weight.fill_(1.0)
        batch.image.zero_()
        batch.image[:, :, 8 * rows.start : 8 * rows.stop, 8 * columns.start : 8 * columns.stop] = 1.0
    maps = grad_cam(model, batch, 0)
    inside = maps[:, 8 * rows.start : 8 * rows.stop, 8 * columns.start : 8 * columns.stop]
    assert inside.sum() > 0.85 * maps.sum()
    assert inside.mean() > 0.8
    assert maps.max() == 1.0


def test_what_speaks_against_an_au_has_no_map(toy, faces) -> None:
    model, batch = toy(), faces(2)
    with torch.no_grad():
        model.stem[2].bias.fill_(9.0)  # every channel is above 0
        model.weight[0] = -1.0
        model.weight[1] = 0.0
    maps = class_maps(model, batch, [0, 1])
    assert not maps.any()


def test_an_au_that_does_not_hang_on_the_layer_has_no_map(toy, faces, monkeypatch: pytest.MonkeyPatch) -> None:
    model, batch = toy(), faces(2)
    whole = type(model).forward

    def cut(self: Any, batch: Any) -> Any:
        output = whole(self, batch)
        output.logits[:, 1] = 3.0
        return output

    monkeypatch.setattr(type(model), "forward", cut)
    maps = class_maps(model, batch, [0, 1])
    assert maps[:, 0].any()
    assert not maps[:, 1].any()


@pytest.mark.parametrize("training", [True, False])
def test_the_model_ends_as_it_was(toy, faces, training: bool) -> None:
    model = toy().train(training)
    before = copy.deepcopy(model.state_dict())
    first = grad_cam(model, faces(2), 0)
    np.testing.assert_array_equal(grad_cam(model, faces(2), 0), first)  # no dropout while it looks
    assert model.training is training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(each.grad is None for each in model.parameters())
    assert not model.stem._forward_hooks


def test_frozen_parameters_and_no_grad_around(toy, faces) -> None:
    expected = grad_cam(toy(), faces(2), 0)
    model = toy().requires_grad_(False)
    with torch.no_grad():
        np.testing.assert_array_equal(grad_cam(model, faces(2), 0), expected)


@pytest.mark.parametrize("column", [-1, 3])
def test_columns_that_are_not_there(toy, faces, column: int) -> None:
    with pytest.raises(UsageError, match=f"column {column}: the model has 3 action units"):
        grad_cam(toy(), faces(1), column)


def test_a_layer_without_places(toy, faces, monkeypatch: pytest.MonkeyPatch) -> None:
    model = toy()
    monkeypatch.setattr(model, "map_layer", lambda: torch.nn.Identity())
    with pytest.raises(UsageError, match="map layer of toy: gave nothing, not one map of each face"):
        grad_cam(model, faces(1), 0)


_RESNET = {"backbone": "resnet18", "backbone_stride": 16}
_LORRAL = {
    "input": {"id": "tiny", "crop": "jaa-200", "size": 176, "side": 64},
    "patches": 4,
    "feature_channels": 4,
    "global_channels": [4, 4],
    "landmark_channels": [4, 4],
    "local_channels": [4, 4],
    "feature_size": 8,
    "hidden": 8,
    "heads": 2,
}
_RCNN = {
    "input": {"id": "tiny", "crop": "aurcnn-512", "size": 512, "side": 64},
    "backbone": "resnet18",
    "hidden": 32,
}
CASES = {
    "linear": {"input": {"id": "tiny", "crop": "lp-240-masked", "size": 224, "side": 64}, **_RESNET},
    "detector": {"input": {"id": "tiny", "crop": "face-160", "size": 140, "side": 64}, "size": 16, **_RESNET},
    "lp_net": {"input": {"id": "tiny", "crop": "lp-240-masked", "size": 224, "side": 64}, "hidden": 8, **_RESNET},
    "re_net": {"input": {"id": "tiny", "crop": "re-256", "size": 224, "side": 64}, **_RESNET},
    "lorral": _LORRAL,
    "au_rcnn": _RCNN,
    "au_rcnn_conv_lstm": {**_RCNN, "states": 4, "reading": 8},
    "au_rcnn_crf": _RCNN,
    "au_rcnn_tal": {**_RCNN, "anchors": [2, 4], "channels": 4, "depth": 1, "width": 8},
    "roi_gcn": {
        "input": {"id": "tiny", "crop": "roi-256", "size": 256, "side": 64},
        "backbone": "hrnet_w18_small",
        "roi_cells": 3,
    },
}


def test_no_system_is_left_out() -> None:
    assert set(CASES) == set(list_models())


@pytest.mark.parametrize("system", CASES)
def test_every_system_has_maps_of_its_own_for_every_au(system: str) -> None:
    from actionunits.loading import FaceBatch

    torch.manual_seed(0)
    model = create_model(system, (1, 4, 12), **CASES[system]).eval()
    image = torch.randn(2, 3, 64, 64)
    batch = FaceBatch.unlabelled(image, torch.rand(2, 68, 2) * 64, 3)
    maps = class_maps(model, batch, range(3))
    assert maps.shape == (2, 3, 64, 64)
    assert np.isfinite(maps).all()
    assert ((maps >= 0) & (maps <= 1)).all()
    tops = maps.max(axis=(2, 3))
    assert set(np.unique(tops)) <= {0.0, 1.0}
    assert tops.any()
    single = np.stack([grad_cam(model, batch, column) for column in range(3)], axis=1)
    np.testing.assert_allclose(single, maps, atol=1e-4)
