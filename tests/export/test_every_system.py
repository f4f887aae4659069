"""Every registered system becomes a graph that says the same, for any number of faces."""

from collections.abc import Mapping
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from actionunits.errors import UsageError  # noqa: E402
from actionunits.export import check_parity, to_onnx  # noqa: E402
from actionunits.models import create_model, list_models  # noqa: E402


def _tiny(crop: str, size: int, side: int) -> dict[str, Any]:
    return {"id": "tiny", "crop": crop, "size": size, "side": side}


_RESNET = {"backbone": "resnet18", "backbone_stride": 16}
_LORRAL = {
    "input": _tiny("jaa-200", 176, 64),
    "patches": 4,
    "feature_channels": 4,
    "global_channels": [4, 4],
    "landmark_channels": [4, 4],
    "local_channels": [4, 4],
    "feature_size": 8,
    "hidden": 8,
    "heads": 2,
}
_RCNN = {"input": _tiny("aurcnn-512", 512, 64), "backbone": "efficientnet_lite0", "hidden": 8, "pool": 4}
CASES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "detector": ("detector", {"input": _tiny("face-160", 140, 48), "size": 8, "relation": "self_attention", **_RESNET}),
    "detector-mean": ("detector", {"input": _tiny("face-160", 140, 48), "size": 8, "look": "mean", "shape": False}),
    "lp_net": ("lp_net", {"input": _tiny("lp-240-masked", 224, 48), "hidden": 4, **_RESNET}),
    "re_net": ("re_net", {"input": _tiny("re-256", 224, 32), **_RESNET}),
    "lorral-hopfield": ("lorral", _LORRAL),
    "lorral-attention": ("lorral", {**_LORRAL, "relation": "self_attention"}),
    "lorral-bilstm": ("lorral", {**_LORRAL, "relation": "bilstm"}),
    "au_rcnn": ("au_rcnn", {**_RCNN, "backbone": "resnet18"}),
    "au_rcnn-mean": ("au_rcnn", {**_RCNN, "boxes": "mean", "pooling": "align", "tail": False}),
    "au_rcnn-fpn": ("au_rcnn", {**_RCNN, "neck": "fpn"}),
    "roi_gcn": ("roi_gcn", {"input": _tiny("roi-256", 256, 64), "backbone": "hrnet_w18_small", "roi_cells": 3}),
}
OVER_TIME: Mapping[str, Mapping[str, Any]] = {
    "au_rcnn_conv_lstm": {**_RCNN, "states": 4, "reading": 8},
    "au_rcnn_crf": _RCNN,
    "au_rcnn_tal": {**_RCNN, "anchors": [2, 4], "channels": 4, "depth": 1, "width": 8},
}


def test_no_system_is_left_out() -> None:
    elsewhere = {"linear"}  # in test_exporting
    assert {system for system, _ in CASES.values()} | elsewhere | OVER_TIME.keys() == set(list_models())


@pytest.mark.parametrize("system", OVER_TIME)
def test_systems_that_look_at_several_frames_are_refused(system: str) -> None:
    with pytest.raises(UsageError, match=f"{system}: looks at several frames"):
        to_onnx(create_model(system, (1, 4, 12), **OVER_TIME[system]))


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_the_graph_says_the_same(name: str) -> None:
    system, settings = CASES[name]
    torch.manual_seed(0)
    model = create_model(system, (1, 4, 12), **settings).eval()
    assert check_parity(model, to_onnx(model)).scale > 1e-2  # raises where they differ by more than 1e-4
