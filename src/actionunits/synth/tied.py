"""Hair tied at the back of the head: combed to a knot, with a tail or a bun."""

from __future__ import annotations

import numpy as np

from actionunits.synth.hair_styles import Marks, Style
from actionunits.synth.strands import Float64, HeadField, Roots, smoothstep, unit
from actionunits.synth.traits import Traits

_TAIL_STRANDS, _TAIL_POINTS = 1300, 12


def tie_back(
    roots: Roots, field: HeadField, marks: Marks, style: Style, random: np.random.Generator
) -> tuple[Float64, Float64, Float64]:
    """Comb strands over the head to a knot.

    Returns:
        (s, points, 3) strands, the (3,) knot and the (3,) direction away from the head there.
    """
    rise = random.uniform(-0.35, 0.95)
    ray = np.array([0.0, np.sin(rise), -np.cos(rise)])
    line = marks.centre + np.linspace(0.3, 2.2, 80)[:, None] * ray
    distance, outward = field.away(line)
    reached = int(np.argmax(distance > 0.07))
    knot, away = line[reached], outward[reached]
    count = len(roots)
    height = 0.012 + style.volume * random.random(count)
    place = roots.points - 0.01 * roots.normals
    curves = [place]
    for left in range(style.points - 1, 0, -1):
        toward = knot - place
        far = np.linalg.norm(toward, axis=1)
        distance, outward = field.away(place)
        into = np.minimum(np.einsum("si,si->s", toward, outward), 0) * smoothstep(0.05, 0.3, far)
        heading = unit(toward - into[:, None] * outward)
        place = place + (far * (1.12 if left > 1 else 1.0) / left)[:, None] * heading
        distance, outward = field.away(place)
        near_knot = smoothstep(0.35, 0.05, np.linalg.norm(knot - place, axis=1))
        place = place + ((height - distance) * (1 - near_knot))[:, None] * outward
        curves.append(place)
    curves[-1] = knot + random.normal(0, 0.03, (count, 3))
    return np.stack(curves, 1), knot, away


def tail_of(knot: Float64, away: Float64, field: HeadField, traits: Traits, random: np.random.Generator) -> Float64:
    """Return (s, 12, 3) strands of a horse's tail, or of a bun wound about the knot."""
    if random.random() < 0.45:
        return _bun(knot, away, random)
    count = _TAIL_STRANDS
    length = (0.7 + 1.5 * traits.hair_length) * (0.75 + 0.25 * random.random(count))
    place = knot + random.normal(0, 0.035, (count, 3))
    heading = unit(away + random.normal(0, 0.13, (count, 3)))
    pace = (length / (_TAIL_POINTS - 1))[:, None]
    curves = [place]
    for step in range(1, _TAIL_POINTS):
        heading = unit(heading + (0.10 + 0.10 * step) * np.array([0.0, -1.0, 0.0]))
        place = field.push_out(place + pace * heading, 0.03)
        curves.append(place)
    return np.stack(curves, 1)


def _bun(knot: Float64, away: Float64, random: np.random.Generator) -> Float64:
    size = random.uniform(0.16, 0.30)
    middle = knot + 0.75 * size * away
    count = _TAIL_STRANDS
    across = unit(np.cross(away, (1.0, 0.0, 0.0)))
    third = np.cross(away, across)
    level = random.uniform(-0.95, 0.95, count)  # rings about the direction away from the head
    start, sweep = random.uniform(0, 2 * np.pi, count), random.uniform(1.2, 2.6, count)
    angle = start[:, None] + sweep[:, None] * np.linspace(0, 1, _TAIL_POINTS)
    depth = size * random.uniform(0.8, 1.0, count)
    drift = level[:, None] + 0.25 * np.sin(angle + start[::-1, None])
    ring = np.sqrt(np.clip(1 - drift**2, 0.02, 1))
    return np.asarray(
        middle
        + (depth[:, None] * ring * np.cos(angle))[..., None] * across
        + (depth[:, None] * ring * np.sin(angle))[..., None] * third
        + (0.8 * depth[:, None] * np.clip(drift, -1, 1))[..., None] * away
    )
