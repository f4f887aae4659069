"""What a picture is made of besides skin: solid things and strands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]

Follows = Literal["head", "body", "camera"]

RIGID = -1  # in Strands.bind: moves with the head as a whole


@dataclass(frozen=True)
class Solid:
    """A coloured thing that is not skin: glasses, a cap, clothes, a hand, a microphone.

    Attributes:
        points: (n, 3), world units, at the upright head.
        triangles: (m, 3) vertex numbers, counter-clockwise seen from outside.
        colour: (n, 3) linear albedo.
        gloss: 0 (matt) to 1 (mirror-like).
        opacity: 1 is solid, less is see-through (lenses).
        follows: what it moves with.
    """

    points: Float32
    triangles: Int32
    colour: Float32
    gloss: float = 0.2
    opacity: float = 1.0
    follows: Follows = "head"


@dataclass(frozen=True)
class Strands:
    """Thin curves: hair, brows, lashes, beards.

    Attributes:
        points: (s, k, 3), world units, at the subject's neutral upright head, root first.
        bind: (s, k) fine skin vertex that each point moves along with; :data:`RIGID` moves with the head.
        width: (s, k), world units.
        colour: (s, 3) linear albedo.
        shade: (s, k), 0-1, how much light reaches the point through the other strands.
    """

    points: Float32
    bind: Int32
    width: Float32
    colour: Float32
    shade: Float32
