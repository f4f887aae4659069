"""Every system in light settings, and batches for it: tests that ask for ``case`` or ``model`` run over all of them."""

import copy
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from actionunits.geometry.mean_face import MEAN_68  # noqa: E402
from actionunits.loading import FaceBatch, get_window  # noqa: E402
from actionunits.models import AUModel, TrainingLabels, create_model, find_model  # noqa: E402

EXPECTED = frozenset(
    {
        "detector",
        "linear",
        "lp_net",
        "re_net",
        "lorral",
        "roi_gcn",
        "au_rcnn",
        "au_rcnn_conv_lstm",
        "au_rcnn_crf",
        "au_rcnn_tal",
    }
)
"""Systems that are registered and may not be there yet."""

AUS = (1, 4, 12, 25)  # each has a place on the face


class Case(NamedTuple):
    """A system, and settings with which it is quick."""

    system: str
    name: str
    settings: Mapping[str, Any]

    @property
    def id(self) -> str:
        return f"{self.system}-{self.name}"


def _small(crop: str, size: int) -> dict[str, Any]:
    """An input recipe of one's own, as plain values: the whole square at 64 x 64 pixels."""
    return {"id": f"{crop}-at-64", "crop": crop, "size": size, "side": 64}


_LITE = {"backbone": "efficientnet_lite0", "backbone_stride": 16}
_LP = {"input": _small("lp-240-masked", 224), "hidden": 8, **_LITE}
_RE = {"input": _small("re-256", 224), **_LITE}
_LORRAL = {
    "input": _small("jaa-200", 176),
    "backbone": "efficientnet_lite0",
    "feature_channels": 8,
    "global_channels": [8, 8, 8],
    "landmark_channels": [8, 8, 8],
    "local_channels": [8, 8],
    "feature_size": 16,
    "hidden": 16,
    "heads": 2,
}
_RCNN = {"input": _small("aurcnn-512", 512), "backbone": "efficientnet_lite0", "hidden": 16, "pool": 4}
_ROI = {"input": _small("roi-256", 256), "backbone": "efficientnet_lite0", "roi_cells": 3}

_FACE = {"input": _small("face-160", 140), "size": 16, **_LITE}

CASES = (
    Case("detector", "attention", {**_FACE, "guide": 0.1}),
    Case("detector", "mean", {**_FACE, "look": "mean", "ortho": 0.1, "occurs_from": 1}),
    Case("detector", "related", {**_FACE, "relation": "self_attention", "shape": False}),
    Case("linear", "resnet", {"input": _small("lp-240-masked", 224), "backbone": "resnet18"}),
    Case("linear", "selective", {"input": _small("re-256", 224), **_LITE, "balance": "selective"}),
    Case("lp_net", "whole", _LP),
    Case("lp_net", "facs", {**_LP, "local": "facs", "shape": "none", "balance": "selective_mlcr"}),
    Case("lp_net", "shape-only", {**_LP, "local": "gap", "ortho": "cosine"}),
    Case("re_net", "single", _RE),
    Case("re_net", "all", {**_RE, "strategy": "all", "relation": "learnable", "recalibrate": 2}),
    Case("re_net", "intensity", {**_RE, "task": "intensity", "head": "per_au", "affine": False}),
    Case("re_net", "unseen", {**_RE, "strategy": "all", "unseen": [12], "recalibrate": 1}),
    Case("lorral", "patch", {**_LORRAL, "backbone": "patch", "patches": 4, "steps": 1}),
    Case("lorral", "hopfield", {**_LORRAL, "steps": 5, "tolerance": 1e-3, "normalise": True}),
    Case("lorral", "attention", {**_LORRAL, "relation": "self_attention", "freeze_landmarks": True}),
    Case("lorral", "bilstm", {**_LORRAL, "relation": "bilstm", "detach_local": True}),
    Case("lorral", "none", {**_LORRAL, "relation": "none", "dice": True}),
    Case("au_rcnn", "resnet", {**_RCNN, "backbone": "resnet18", "merge": "all"}),
    Case("au_rcnn", "lite", {**_RCNN, "pooling": "align", "loss": "bce", "norms": "frozen"}),
    Case("au_rcnn", "mean", {**_RCNN, "tail": False, "boxes": "mean", "mask_impossible": True}),
    Case("au_rcnn", "fpn", {**_RCNN, "neck": "fpn"}),
    Case("au_rcnn", "streams", {**_RCNN, "backbone": "resnet18", "streams": "picture_and_flow"}),
    Case("au_rcnn", "streams-frozen", {**_RCNN, "tail": False, "streams": "picture_and_flow", "norms": "frozen"}),
    Case("au_rcnn_conv_lstm", "separate", {**_RCNN, "states": 4, "reading": 8}),
    Case("au_rcnn_conv_lstm", "shared", {**_RCNN, "tail": False, "states": 4, "reading": 8, "shared_kernel": True}),
    Case("au_rcnn_crf", "splits", {**_RCNN, "chunk": 6}),
    Case("au_rcnn_crf", "binary", {**_RCNN, "tail": False, "mode": "binary", "edges": "apart"}),
    Case("au_rcnn_tal", "short", {**_RCNN, "anchors": [1, 2, 4], "channels": 8, "depth": 2, "width": 8, "chunk": 6}),
    Case("roi_gcn", "hrnet", {**_ROI, "backbone": "hrnet_w18_small", "roi_cells": 2}),
    Case("roi_gcn", "gap", {**_ROI, "eig_head": "gap", "laplacian": "adj", "residual": True, "alpha_on": "a"}),
    Case("roi_gcn", "graph", {**_ROI, "graph": "unsupervised", "eigenvectors": 6, "loss_a_reduction": "sum"}),
    Case("roi_gcn", "heatmap", {**_ROI, "target": "heatmap", "graph": "none", "weighted": True, "decode": "max"}),
)


@pytest.fixture(scope="session", params=CASES, ids=[case.id for case in CASES])
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


@pytest.fixture(scope="session")
def cases() -> tuple[Case, ...]:
    return CASES


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def _made(case: Case) -> AUModel:
    try:
        find_model(case.system)
    except ModuleNotFoundError as failure:
        if case.system in EXPECTED and str(failure.name).startswith("actionunits.models."):
            pytest.skip(f"{case.system} is not built yet: {failure}")
        raise
    torch.manual_seed(0)
    made = create_model(case.system, AUS, **case.settings)
    made.observe(_training_labels())
    return made


@pytest.fixture
def model(_made: AUModel) -> AUModel:
    """The system of the case, untrained, after it saw the labels; a copy of its own for every test."""
    torch.manual_seed(1)
    return copy.deepcopy(_made)


@pytest.fixture(scope="session")
def make_batch() -> Callable[..., FaceBatch]:
    """A function: ``make_batch(model, n=4, seed=0, *, unknown=0)``, n normalised faces as the model takes them.

    ``unknown`` is the share of labels that are -1. Landmarks are all known.
    """
    return _make_batch


def _make_batch(model: AUModel, n: int = 4, seed: int = 0, *, unknown: float = 0.0) -> FaceBatch:
    rng = np.random.default_rng(seed)
    side, aus = model.input.output, len(model.aus)
    image = rng.normal(0, 1, (n, 3, side, side)).astype(np.float32)
    landmarks = (side * (0.5 + 0.3 * MEAN_68) + rng.normal(0, 2, (n, 68, 2))).astype(np.float32)
    intensity = rng.integers(0, 6, (n, aus)).astype(np.int8)
    occurrence = (intensity >= 2).astype(np.int8)
    hidden = rng.random((n, aus)) < unknown
    intensity[hidden] = occurrence[hidden] = -1
    window = model.flow_window()
    moving = None if window is None else (n, 2 * len(get_window(window).offsets), side, side)
    return FaceBatch(
        flow=None if moving is None else torch.from_numpy(rng.normal(0, 1, moving).astype(np.float32)),
        image=torch.from_numpy(image),
        landmarks=torch.from_numpy(landmarks),
        occurrence=torch.from_numpy(occurrence),
        intensity=torch.from_numpy(intensity),
        rotation=torch.from_numpy(rng.uniform(-10, 10, n).astype(np.float32)),
        row=torch.arange(n),
        frame=torch.arange(n),
        subject=("S1",) * n,
        sequence=("S1-a",) * n,
    )


def _training_labels() -> TrainingLabels:
    """For 200 frames, a tenth of them unknown; AUs occur together, and unequally often."""
    rng = np.random.default_rng(2)
    share = np.linspace(0.15, 0.6, len(AUS))
    together = rng.random((200, 1)) * 0.5 + rng.random((200, len(AUS))) * 0.5
    occurrence = (together < share).astype(np.int8)
    intensity = (occurrence * rng.integers(2, 6, occurrence.shape)).astype(np.int8)
    hidden = rng.random(occurrence.shape) < 0.1
    occurrence[hidden] = intensity[hidden] = -1
    return TrainingLabels(occurrence, intensity)
