"""The 68 landmarks as vertices of the rig: a fixed table, and the subject's own brow line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from actionunits.geometry import LEFT_BROW, RIGHT_BROW
from actionunits.synth.brows import brow_line
from actionunits.synth.rig import SKIN, Rig
from actionunits.synth.traits import Traits

VERTICES_68 = (
    9395, 10063, 17934, 7450, 7449, 7045, 16462, 7018, 747, 11668, 18772, 11688, 12036, 12037, 20235, 14528, 13864,
    719, 232, 15852, 5850, 15847, 18163, 10663, 18168, 2623, 3060,
    136, 5644, 201, 6049, 344, 313, 6091, 2694, 2723,
    17066, 1602, 1618, 8872, 2390, 7816, 13385, 3914, 3898, 19373, 12369, 4665,
    6346, 1957, 6184, 455, 10954, 4237, 11112, 11230, 2859, 492, 486, 6480,
    16969, 472, 474, 2846, 19277, 2882, 523, 517,
)  # fmt: skip
"""Fine vertex of every landmark of the average head, mirrored left to right exactly."""


def landmark_vertices(rig: Rig, traits: Traits) -> NDArray[np.int32]:
    """Return the (68,) fine vertices of a subject's landmarks (iBUG order, ``geometry.GROUPS_68``).

    All but the brows are the same for everybody; brow landmarks lie evenly on the hair of the subject's own brows.
    """
    vertices = np.array(VERTICES_68, np.int32)
    skin = np.flatnonzero((rig.vertex_part == SKIN) & (rig.fine_base[:, 2] > 0))
    tree = cKDTree(rig.chart[skin])
    left = brow_line(traits)  # the person's left side, inner end first
    evenly = left[np.round(np.linspace(0, len(left) - 1, 5)).astype(int)]
    vertices[list(LEFT_BROW)] = skin[tree.query(evenly)[1]]
    vertices[list(RIGHT_BROW)] = skin[tree.query(evenly * (-1, 1))[1]][::-1]
    return vertices
