"""From a subject and a seed to labelled pictures: one sequence, or a row of stills."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from actionunits.synth.labels import VisibleLabels, visible_labels
from actionunits.synth.meshes import Solid
from actionunits.synth.occluders import hold_occluder
from actionunits.synth.performance import Moment
from actionunits.synth.presets import get_preset
from actionunits.synth.render import Picture, render
from actionunits.synth.sequence import draw_sequence, still_moments
from actionunits.synth.sets import SetRecipe
from actionunits.synth.setting import Setting, draw_setting
from actionunits.synth.subject import Subject

FPS = 25.0
_SEQUENCES = 0x5E9  # keeps the random streams of sequences apart from those of a subject's parts


@dataclass(frozen=True, eq=False)
class Take:
    """One labelled picture.

    Attributes:
        moment: what was commanded.
        setting: camera, light and sensor.
        picture: what was seen.
        labels: the action units that show.
    """

    moment: Moment
    setting: Setting
    picture: Picture
    labels: VisibleLabels


def film(subject: Subject, recipe: SetRecipe, number: int, frames: int) -> Iterator[Take]:
    """Yield the pictures of one sequence of a subject; the same arguments give the same bytes.

    What the face does, where the camera and the lights stand, and the sensor's noise come from streams of their own, so
    nothing in a picture but the face tells its action units.

    Args:
        subject: who is filmed.
        recipe: of the set.
        number: of the sequence, 0, 1, ...
        frames: how many.
    """
    streams = [
        np.random.default_rng(part)
        for part in np.random.SeedSequence([recipe.seed, subject.traits.index, _SEQUENCES, number]).spawn(3)
    ]
    performance, place, noise = streams
    preset = get_preset(recipe.preset)
    if recipe.content == "stills":
        moments = still_moments(performance, preset, frames)
        settings = [draw_setting(place, wild=recipe.wild) for _ in moments]
    else:
        moments = draw_sequence(performance, preset, frames, fps=FPS, every=recipe.every)
        settings = [draw_setting(place, wild=recipe.wild)] * frames
    held: tuple[Solid, ...] = ()
    built: Setting | None = None
    for moment, setting in zip(moments, settings, strict=True):
        if setting is not built:
            held, built = hold_occluder(setting.occluder, subject.traits, subject.rig, subject.neutral), setting
        yield shoot(subject, moment, setting, recipe.size, noise, held)


def shoot(
    subject: Subject,
    moment: Moment,
    setting: Setting,
    size: int,
    noise: np.random.Generator,
    held: tuple[Solid, ...] | None = None,
) -> Take:
    """Take one picture and read off what shows.

    Args:
        subject: who is seen.
        moment: what the face does.
        setting: camera, light and sensor.
        size: width and height, pixels.
        noise: of the sensor.
        held: what the setting's occluder is made of, if it is built already (:func:`hold_occluder`).
    """
    if held is None:
        held = hold_occluder(setting.occluder, subject.traits, subject.rig, subject.neutral)
    picture = render(subject, moment, setting, size, noise, held=held)
    deformed = subject.expressions.deform(moment.levels)
    return Take(moment, setting, picture, visible_labels(subject.expressions, moment.levels, deformed))
