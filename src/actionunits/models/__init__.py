"""The published systems, one readable file each, behind one contract. Needs ``actionunits[train]``.

model = create_model("re_net", aus=BP4D_12)     # list_models() names them all
output = model(batch)                           # FaceBatch -> AUOutput
terms = model.loss(output, batch)               # named scalars, and their weighted "total"
"""

from __future__ import annotations

import actionunits.loading  # noqa: F401  # says what to install where PyTorch is missing
from actionunits.models.base import AUModel, Batches, TrainingLabels, load_state
from actionunits.models.files import load_model, load_state_of, read_model_facts, save_model
from actionunits.models.output import LEVELS, AUOutput, occurrence_logits
from actionunits.models.registry import create_model, find_model, list_models, nearest
from actionunits.models.stages import Stage

__all__ = [
    "LEVELS",
    "AUModel",
    "AUOutput",
    "Batches",
    "Stage",
    "TrainingLabels",
    "create_model",
    "find_model",
    "list_models",
    "load_model",
    "load_state",
    "load_state_of",
    "nearest",
    "occurrence_logits",
    "read_model_facts",
    "save_model",
]
