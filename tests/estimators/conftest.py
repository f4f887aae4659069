"""Cards to damage, and faces to score."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actionunits.estimators.base import LookedAt
from actionunits.faces import FaceFinder, FaceTracker


@pytest.fixture(scope="session")
def looked_at(pictures: tuple[np.ndarray, ...]) -> tuple[LookedAt, ...]:
    """The four rendered faces, found: pairs of picture and face."""
    finder = FaceFinder()
    return tuple((picture, FaceTracker(finder).update(picture, 0.0)[0]) for picture in pictures)


@pytest.fixture
def write_card(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a small, valid card beside its weights; ``changes`` replace entries, None removes them."""

    def write(content: bytes = b"weights", **changes: Any) -> Path:
        card = {
            "format": 1,
            "name": "small",
            "version": "1",
            "title": "A small model",
            "kind": "geometry",
            "aus": [12, 25],
            "weights": {"file": "weights.bin", "sha256": sha256(content).hexdigest()},
            "thresholds": [0.5, 0.25],
            "neutral_evidence": [-2.0, -1.5],
            "limits": ["It knows nothing."],
            "intended_use": "Tests.",
            "licence": {"code": "Apache-2.0", "weights": "CC0-1.0", "training_data": "none"},
            "training": {"data": "none", "labels": "none", "command": "pytest", "seed": 0, "subjects": 0, "images": 0},
        } | changes
        (tmp_path / "weights.bin").write_bytes(content)
        path = tmp_path / "card.json"
        path.write_text(json.dumps({key: value for key, value in card.items() if value is not None}))
        return path

    return write
