"""Why a model says what it says: class-activation maps, relations of AUs, pictures of features. Needs [train]."""

from __future__ import annotations

import actionunits.loading  # noqa: F401  # says what to install where PyTorch is missing
from actionunits.explain.class_maps import class_maps, grad_cam
from actionunits.explain.embedding import embed
from actionunits.explain.explaining import Explained, explain_picture, explain_store
from actionunits.explain.faces import SeenFaces, faces_of_picture, faces_of_store
from actionunits.explain.relations import Relations, relations_of

__all__ = [
    "Explained",
    "Relations",
    "SeenFaces",
    "class_maps",
    "embed",
    "explain_picture",
    "explain_store",
    "faces_of_picture",
    "faces_of_store",
    "grad_cam",
    "relations_of",
]
