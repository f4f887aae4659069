"""One synthetic subject, built: shape, skin, eyes, teeth, hair, things worn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actionunits.synth.action_units import Expressions
from actionunits.synth.beard import grow_beard
from actionunits.synth.brows import grow_brows, grow_lashes
from actionunits.synth.eyes import EyeLook, look_of_eyes
from actionunits.synth.hair import grow_hair
from actionunits.synth.landmarks import landmark_vertices
from actionunits.synth.manners import draw_manner
from actionunits.synth.meshes import Solid, Strands
from actionunits.synth.people import draw_traits
from actionunits.synth.rig import Rig, get_rig
from actionunits.synth.shape import neutral_head
from actionunits.synth.skin import SkinMaps, paint_skin
from actionunits.synth.teeth import ToothLook, look_of_teeth
from actionunits.synth.traits import Traits
from actionunits.synth.wearing import dress
from actionunits.synth.wrinkles import WrinkleMaps, draw_wrinkles

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Subject:
    """One person, ready to be rendered.

    Attributes:
        traits: who it is.
        rig: the head all subjects share.
        neutral: (B, 3) coarse neutral head.
        expressions: how this face moves.
        skin: textures at rest.
        wrinkles: what each action unit adds to the skin's relief.
        eyes: iris, pupil, sclera.
        teeth: colour, gaps.
        strands: scalp hair, brows, lashes, beard.
        solids: glasses, cap, clothes.
        landmarks: (68,) fine vertex of each landmark.
    """

    traits: Traits
    rig: Rig
    neutral: Float32
    expressions: Expressions
    skin: SkinMaps
    wrinkles: WrinkleMaps
    eyes: EyeLook
    teeth: ToothLook
    strands: tuple[Strands, ...]
    solids: tuple[Solid, ...]
    landmarks: Int32


def build_subject(seed: int, index: int, *, strength: float = 1.0, variety: float = 0.0) -> Subject:
    """Build one subject; the same arguments give the same bits.

    Args:
        seed: of the set.
        index: the subject's number in the set, 0, 1, ...
        strength: of expressions, as :class:`~actionunits.synth.action_units.Expressions` takes it.
        variety: how much people differ in the way they move and rest, 0-1, see :mod:`~actionunits.synth.manners`.
    """
    return build_from_traits(draw_traits(seed, index), strength=strength, variety=variety)


def build_from_traits(traits: Traits, *, strength: float = 1.0, variety: float = 0.0) -> Subject:
    """Build the subject that the traits describe; strength and variety as in :func:`build_subject`."""
    rig = get_rig()
    manner = draw_manner(traits, variety)
    neutral = neutral_head(rig, traits, manner)
    return Subject(
        traits=traits,
        rig=rig,
        neutral=neutral,
        expressions=Expressions(rig, traits, neutral, strength=strength, manner=manner),
        skin=paint_skin(rig, traits, manner),
        wrinkles=draw_wrinkles(traits, strength=strength, manner=manner),
        eyes=look_of_eyes(rig, traits, neutral),
        teeth=look_of_teeth(rig, traits),
        strands=(
            *grow_hair(rig, traits, neutral),
            *grow_brows(rig, traits, neutral),
            *grow_lashes(rig, traits, neutral),
            *grow_beard(rig, traits, neutral),
        ),
        solids=dress(rig, traits, neutral),
        landmarks=landmark_vertices(rig, traits),
    )
