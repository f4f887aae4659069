"""Everything a subject wears."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from actionunits.synth.clothes import clothe
from actionunits.synth.glasses import put_on_glasses
from actionunits.synth.headgear import cover_head
from actionunits.synth.meshes import Solid
from actionunits.synth.rig import Rig
from actionunits.synth.traits import Traits

Float32 = NDArray[np.float32]


def dress(rig: Rig, traits: Traits, neutral: Float32) -> tuple[Solid, ...]:
    """Return clothes, headgear and glasses.

    Args:
        rig: the head.
        traits: who wears them.
        neutral: (B, 3) coarse neutral head.
    """
    return (*clothe(rig, traits, neutral), *cover_head(rig, traits, neutral), *put_on_glasses(rig, traits, neutral))
