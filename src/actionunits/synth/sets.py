"""The named sets: SynthAU and SynthAU-mini, generated from a seed and never committed, and their subject folds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal

from actionunits.errors import UsageError
from actionunits.synth.people import draw_traits
from actionunits.synth.presets import PRESETS

FOLDS = 3
LARGEST_SIZE, SMALLEST_SIZE = 1024, 64  # pixels
MOST_SUBJECTS, MOST_FRAMES = 9999, 100_000
Content = Literal["sequences", "stills"]


@dataclass(frozen=True, slots=True)
class SetRecipe:
    """Everything that a set's bytes depend on, besides the generator's version.

    Attributes:
        name: of the set.
        subjects: how many.
        frames: per subject.
        size: width and height in pixels.
        seed: not negative.
        preset: base rates (:data:`~actionunits.synth.presets.PRESETS`).
        content: ``"sequences"`` of a performance under one light, or ``"stills"``: a moment, light and camera of its
            own for every picture.
        sequence_frames: frames kept of each sequence.
        every: every so-manyth frame of the 25 a second is kept.
        wild: 0 (studio) to 1 (any camera and light).
        strength: how far faces move at each level; 1 in the named sets, whose level 5 is strong but not the utmost that
            FACS means by E: that is about 1.5.
        variety: 0 to 1, how much people differ in the way they move and rest, beyond how strongly; 0 in the named sets.

    Raises:
        UsageError: a number out of range, or an unknown preset or content.
    """

    name: str = "synthetic"
    subjects: int = 24
    frames: int = 100
    size: int = 256
    seed: int = 0
    preset: str = "uniform"
    content: Content = "sequences"
    sequence_frames: int = 25
    every: int = 5
    wild: float = 1.0
    strength: float = 1.0
    variety: float = 0.0

    def __post_init__(self) -> None:
        limits = {
            "subjects": (1, MOST_SUBJECTS),
            "frames": (1, MOST_FRAMES),
            "size": (SMALLEST_SIZE, LARGEST_SIZE),
            "seed": (0, 2**31 - 1),
            "sequence_frames": (1, MOST_FRAMES),
            "every": (1, 1000),
            "wild": (0, 1),
            "strength": (0.5, 2),
            "variety": (0, 1),
        }
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise UsageError(f"{name}={value}", "it is out of range", f"Use {low} to {high}")
        if self.preset not in PRESETS:
            raise UsageError(f"preset={self.preset}", "there is no such preset", f"Use {', '.join(PRESETS)}")
        if self.content not in ("sequences", "stills"):
            raise UsageError(f"content={self.content}", "there is no such content", "Use sequences or stills")

    def sequence_lengths(self) -> tuple[int, ...]:
        """Return how many frames each sequence of a subject has; the last may be shorter."""
        full, rest = divmod(self.frames, self.sequence_frames)
        return (self.sequence_frames,) * full + ((rest,) if rest else ())


NAMED_SETS: Mapping[str, SetRecipe] = {
    recipe.name: recipe
    for recipe in (
        SetRecipe(name="SynthAU-mini", subjects=24, frames=100, size=256, seed=24, sequence_frames=10, every=10),
        SetRecipe(name="SynthAU", subjects=200, frames=200, size=256, seed=200),
    )
}


def get_set(name: str) -> SetRecipe:
    """Return a named set's recipe.

    Raises:
        UsageError: there is no set of that name.
    """
    if name not in NAMED_SETS:
        raise UsageError(name, "there is no such set", f"Use {', '.join(NAMED_SETS)}")
    return NAMED_SETS[name]


@lru_cache(maxsize=1)
def _all_folds() -> dict[str, dict[str, list[str]]]:
    text = files("actionunits.synth").joinpath("folds.json").read_text(encoding="utf-8")
    folds: dict[str, dict[str, list[str]]] = json.loads(text)
    return folds


def synth_folds(name: str) -> tuple[tuple[str, ...], ...]:
    """Return the test subjects of the three folds of a named set; every subject is in exactly one.

    Raises:
        UsageError: there is no set of that name.
    """
    get_set(name)
    parts = _all_folds()[name]
    return tuple(tuple(parts[f"part{number}"]) for number in range(1, FOLDS + 1))


def deal_folds(recipe: SetRecipe) -> tuple[tuple[str, ...], ...]:
    """Deal a set's subjects into three parts, alike in tone, gender and age; ``folds.json`` was made with this."""
    people = [draw_traits(recipe.seed, index) for index in range(recipe.subjects)]
    people.sort(key=lambda one: (one.gender, one.tone_band, one.age_band, one.index))
    return tuple(
        tuple(sorted(one.name for place, one in enumerate(people) if place % FOLDS == fold)) for fold in range(FOLDS)
    )
