"""From a store to batches for PyTorch: each paper's cropping, mirroring and turning, windows of a sequence, splits.

    data = FaceData("stores/bp4d-lp", get_folds("bp4d-3fold")[0], "lp-224", batch_size=32)   # for Lightning
    trainer.fit(model, data)                                                                 # gives FaceBatch

    dataset = FaceDataset("stores/bp4d-lp", "lp-224", training=True)                         # for a loop of one's own
    loader = face_loader(dataset, batch_size=32)
    for batch in loader.epoch(0):
        batch = batch.to("cuda").normalised(dataset.recipe)

Workers hand over bytes; a batch is made floating point once, where it is used. Needs ``actionunits[train]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actionunits.errors import UsageError

try:
    import torch as _torch  # noqa: F401
except ImportError as failure:
    raise UsageError("training", "needs PyTorch", "Install it: pip install 'actionunits[train]'") from failure

from actionunits.loading.batch import Clip, FaceBatch
from actionunits.loading.dataset import FaceDataset, Pick
from actionunits.loading.inputs import INPUT_RECIPES, InputRecipe, get_input
from actionunits.loading.loader import FaceLoader, face_loader
from actionunits.loading.windows import WINDOWS, Window, get_window

if TYPE_CHECKING:
    from actionunits.loading.data import FaceData

__all__ = [
    "INPUT_RECIPES",
    "WINDOWS",
    "Clip",
    "FaceBatch",
    "FaceData",
    "FaceDataset",
    "FaceLoader",
    "InputRecipe",
    "Pick",
    "Window",
    "face_loader",
    "get_input",
    "get_window",
]


def __getattr__(name: str) -> Any:
    """Import Lightning, which takes seconds, only where it is used: not in the workers."""
    if name == "FaceData":
        from actionunits.loading.data import FaceData

        return FaceData
    raise AttributeError(f"module 'actionunits.loading' has no attribute {name!r}")
