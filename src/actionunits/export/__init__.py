"""A trained model as an estimator: from PyTorch to ONNX, checked, with a card. Needs ``actionunits[train]``.

export_model("run/model.safetensors", "mine.onnx")     # writes mine.onnx and mine.json
Analyzer("mine.json").analyze("interview.mp4")         # needs no PyTorch
"""

from __future__ import annotations

import actionunits.loading  # noqa: F401  # says what to install where PyTorch is missing
from actionunits.export.exporting import Exported, export_model
from actionunits.export.graph import to_onnx
from actionunits.export.parity import TOLERANCE, Parity, check_parity
from actionunits.export.quality import Measured, measure

__all__ = ["TOLERANCE", "Exported", "Measured", "Parity", "check_parity", "export_model", "measure", "to_onnx"]
