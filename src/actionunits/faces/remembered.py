"""What a tracker knows, as plain JSON values: exact to the last bit, and without anything that could be run."""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actionunits.faces.finder import FoundFace

_KINDS = ("float32", "float64", "int16")
_MOST_CELLS = 1 << 24


def written(array: NDArray[Any]) -> dict[str, Any]:
    """An array as JSON values."""
    return {
        "kind": array.dtype.name,
        "shape": list(array.shape),
        "bytes": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode(),
    }


def read(facts: dict[str, Any]) -> NDArray[Any]:
    """The array that :func:`written` wrote.

    Raises:
        ValueError: it is none.
    """
    kind, shape = str(facts["kind"]), [int(side) for side in facts["shape"]]
    if kind not in _KINDS or any(side < 0 for side in shape) or math.prod(shape) > _MOST_CELLS:
        raise ValueError(f"no array of a tracker: {kind} {shape}")
    return np.frombuffer(base64.b64decode(facts["bytes"]), kind).reshape(shape).copy()


def written_face(face: FoundFace) -> dict[str, Any]:
    """A face as JSON values, without the picture that the mesh network saw: the next frame brings another."""
    return {"mesh": written(face.mesh), "confidence": face.confidence, "box": list(face.box)}


def read_face(facts: dict[str, Any]) -> FoundFace:
    """The face that :func:`written_face` wrote.

    Raises:
        ValueError: it is none.
    """
    x, y, width, height = (float(side) for side in facts["box"])
    nothing = np.empty((0, 0, 3), np.uint8)
    return FoundFace(read(facts["mesh"]), float(facts["confidence"]), (x, y, width, height), nothing)
