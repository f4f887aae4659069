"""Scalp hair: strands rooted on the scalp, combed, pulled down, kept off head and face, curled and cut."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from actionunits.synth.hair_styles import STYLES, Marks, Style, flow_of, marks_of, parting_place, under_cap
from actionunits.synth.meshes import RIGID, Strands
from actionunits.synth.rig import SKIN, Rig
from actionunits.synth.scalp import hairline, scalp_cover
from actionunits.synth.strands import (
    Bool,
    Float64,
    HeadField,
    Roots,
    Surface,
    colours,
    head_field,
    light_within,
    resample,
    smoothstep,
    surface_of,
    unit,
)
from actionunits.synth.tied import tail_of, tie_back
from actionunits.synth.traits import Part, Traits

_DOWN = np.array([0.0, -1.0, 0.0])
_SPARE = 1.08  # roots drawn for each strand wanted; some fall away


@dataclass(frozen=True)
class Scene:
    """What strands of one subject grow in.

    Attributes:
        traits: whose hair.
        style: its family's numbers.
        marks: heights of the head.
        field: distance to the head.
        window: how much of the face's half width hair leaves free, 0-1.
    """

    traits: Traits
    style: Style
    marks: Marks
    field: HeadField
    window: float


@dataclass(frozen=True)
class Plan:
    """How each of s strands is to grow.

    Attributes:
        comb: (s, 3) where it is combed.
        length: (s,) world units.
        height: (s,) how far off the skin it lies.
        side: (s,) 1 or -1, the side of the face it falls on.
        fringe: (s,) whether it falls over the forehead.
        cut: (s,) y below which it is cut off.
    """

    comb: Float64
    length: Float64
    height: Float64
    side: Float64
    fringe: Bool
    cut: Float64


def grow_hair(rig: Rig, traits: Traits, neutral: NDArray[np.floating]) -> tuple[Strands, ...]:
    """Grow the hair of the scalp.

    Args:
        rig: the head.
        traits: family, length, curl, parting, fringe, colour, grey; hair under a cap lies flat, a scarf hides it all.
        neutral: (B, 3) the subject's coarse points.

    Returns:
        Rigid bundles; none for bald heads.
    """
    if traits.hair == "bald" or traits.cap == "scarf":
        return ()
    random = traits.random(Part.HAIR)
    style = STYLES[traits.hair]
    surface = surface_of(rig, neutral)
    solid = (rig.vertex_part == SKIN) & (rig.masks["inside-mouth"] < 0.5)
    if random.random() < 0.6 or traits.hair not in ("bob", "long", "curly"):  # ears stick out of the hair
        solid &= rig.masks["ears"] < 0.3
    scene = Scene(
        traits, style, marks_of(surface, traits), head_field(surface, solid), float(random.uniform(0.76, 0.95))
    )
    roots = _roots(rig, surface, scene, random)
    if traits.hair == "afro":
        curves = _puff(roots, scene, random)
    elif traits.hair == "tied":
        return _tied(roots, scene, random)
    else:
        plan = _plan(roots, scene, random)
        curves = _grow(roots, plan, scene)
        curves = _curl(curves, roots, scene, random)
        curves = _tidy(curves, plan, scene)
    return (_bundle(curves, roots, scene, random),)


def _roots(rig: Rig, surface: Surface, scene: Scene, random: np.random.Generator) -> Roots:
    """Spread roots over the scalp: none on the ears, none along the parting, none under a cap that would hide them."""
    traits = scene.traits
    u, v = rig.chart[:, 0], rig.chart[:, 1]
    weight = scalp_cover(u, v, traits).astype(np.float64)
    if traits.hair == "balding":
        weight *= np.clip((v - hairline(u, traits)) / 0.3 + 0.1, 0, 1)
    weight *= (rig.vertex_part == SKIN) * smoothstep(0.3, 0.1, rig.masks["ears"])
    if traits.cap != "none" and traits.hair in ("balding", "buzz", "short", "afro"):
        weight *= 1 - under_cap(surface.points)
    roots = surface.scatter(weight, int(scene.style.count * _SPARE), random)
    keep = np.ones(len(roots), bool)
    if traits.parting != "none" and traits.hair not in ("buzz", "balding", "afro"):
        apart = np.abs(roots.points[:, 0] - parting_place(traits) - 0.006 * np.sin(17 * roots.points[:, 2]))
        line = (roots.normals[:, 1] > 0.35) & (roots.points[:, 2] > scene.marks.centre[2] - 0.35)
        if traits.fringe in ("straight", "long"):
            line &= roots.chart[:, 1] - hairline(roots.chart[:, 0], traits) > 0.45
        keep = ~line | (apart > 0.014)
    return roots[np.flatnonzero(keep)[: scene.style.count]]


def _plan(roots: Roots, scene: Scene, random: np.random.Generator) -> Plan:
    """Decide for each root where its strand is combed, how long it is and how high it lies."""
    traits, style, marks = scene.traits, scene.style, scene.marks
    count = len(roots)
    top = smoothstep(0.15, 0.75, roots.normals[:, 1])
    side = np.where(roots.points[:, 0] >= parting_place(traits) + random.normal(0, 0.02, count), 1.0, -1.0)
    comb = _comb(roots, scene, side, top, random)
    length = (style.short + (style.long - style.short) * traits.hair_length) * (style.sides + (1 - style.sides) * top)
    length = length * np.exp(random.normal(0, 0.10, count))
    above = roots.chart[:, 1] - hairline(roots.chart[:, 0], traits)
    if style.long < 0.5:
        length = length * (0.45 + 0.55 * smoothstep(0.0, 0.25, above + random.normal(0, 0.03, count)))
    volume = style.volume * (0.75 + 0.5 * float(random.random())) * (1 + 0.5 * traits.hair_curl)
    edge = 0.35 + 0.65 * smoothstep(0.0, 0.3, above)
    height = 0.012 + volume * (0.55 + 0.45 * top) * edge * random.random(count) ** 0.8
    cut = np.full(count, -np.inf)
    if style.level is not None:
        level = marks.level(style.level[1] + (style.level[0] - style.level[1]) * traits.hair_length)
        cut = level + random.normal(0, 0.035, count) + 0.10 * traits.hair_curl * random.normal(0, 1, count)
    fringe = np.zeros(count, bool)
    if traits.fringe != "none" and traits.cap == "none":
        fringe, cut = _fringe(roots, scene, above, cut, random)
        aside = (
            side
            if traits.parting != "none" and traits.fringe == "swept"
            else np.full(count, 1.0 if random.random() < 0.5 else -1.0)
        )
        aside = (
            aside * {"swept": 1.0, "straight": 0.0, "long": 0.2}[traits.fringe] + 0.25 * roots.points[:, 0] / marks.half
        )
        forward = np.stack([aside, np.full(count, -0.25), np.full(count, 1.0)], 1)
        comb = np.where(fringe[:, None], forward + random.normal(0, 0.08, (count, 3)), comb)
        length = np.where(fringe, np.maximum(length, 1.15), length)
        height = np.where(fringe, 0.015 + 0.075 * random.random(count), height)
    return Plan(comb, length, height, side, fringe, cut)


def _comb(roots: Roots, scene: Scene, side: Float64, top: Float64, random: np.random.Generator) -> Float64:
    """Return (s, 3) where each strand is combed, before gravity."""
    traits, marks = scene.traits, scene.marks
    count = len(roots)
    messy = random.normal(0, 0.10 + 0.12 * traits.hair_curl, (count, 3))
    flow = flow_of(traits)
    sides = np.stack([0.25 * side, np.full(count, -1.0), np.full(count, -0.45)], 1)
    if flow == "parted":
        back = -0.55 if traits.hair in ("medium", "bob", "long", "curly") else 0.25
        over = np.stack([side, np.full(count, 0.15), np.full(count, back)], 1)
    elif flow == "back":
        over = np.stack([0.5 * roots.points[:, 0] / marks.half, np.full(count, 0.2), np.full(count, -1.0)], 1)
    else:
        crown = marks.centre + np.array([0.10 if random.random() < 0.5 else -0.10, 0.0, -0.45])
        over = unit((roots.points - crown) * (1.0, 0.0, 1.0))
        over[:, 1] -= 0.15
        sides[:, 2] = 0.2
    return over * top[:, None] + sides * (1 - top)[:, None] + messy


def _fringe(
    roots: Roots, scene: Scene, above: Float64, cut: Float64, random: np.random.Generator
) -> tuple[Bool, Float64]:
    """Return which strands make the fringe, and where every strand is cut with it."""
    traits, marks = scene.traits, scene.marks
    u = roots.chart[:, 0]
    depth = 0.22 + 0.2 * float(random.random())
    wide = 0.62 + 0.14 * float(random.random())
    edge = np.abs(u) + random.normal(0, 0.03, len(u))
    above = above + random.normal(0, 0.07, len(u))
    fringe = (
        (above < depth * (1 - 0.5 * (u / wide) ** 2)) & (edge < wide) & (roots.points[:, 2] > marks.centre[2] + 0.3)
    )
    lowest = {
        "swept": marks.brow + 0.18 * (marks.front - marks.brow),
        "straight": marks.brow + 0.01,
        "long": marks.eye + 0.35 * (marks.brow - marks.eye),
    }[traits.fringe]
    ragged = 0.015 + 0.05 * float(random.random()) + 0.05 * (traits.fringe == "long")
    curved = lowest - 0.10 * np.abs(u / wide) ** 3 * (traits.fringe == "straight")
    if traits.fringe == "swept":
        ragged = 0.14
        curved = lowest - 0.40 * smoothstep(0.25, 0.65, np.abs(u))
    return fringe, np.where(fringe, curved + ragged * np.abs(random.normal(0, 1, len(u))), cut)


def _grow(roots: Roots, plan: Plan, scene: Scene) -> Float64:
    """Grow (s, points, 3) strands step by step."""
    style = scene.style
    steps = max(style.points, int(7 * np.sqrt(style.long)) + 6)
    nodes = np.linspace(0, 1, steps + 1) ** (
        1.0 if style.long < 0.8 else 1.5
    )  # short steps over the head, long ones below
    place = roots.points - 0.01 * roots.normals
    along_skin = plan.comb - np.einsum("si,si->s", plan.comb, roots.normals)[:, None] * roots.normals
    heading = unit(
        unit(along_skin) + style.lift * roots.normals * (0.4 + 0.8 * smoothstep(0.3, 0.9, roots.normals[:, 1]))[:, None]
    )
    ahead = np.where(roots.points[:, 2] > scene.marks.centre[2] + 0.1, 1.0, -1.0)
    past_shoulders = np.stack([-0.4 * plan.side, np.zeros_like(ahead), 0.9 * ahead], 1)
    curves = [place]
    for before, after in pairwise(nodes):
        gone, pace = plan.length * after, plan.length * (after - before)
        distance, outward = scene.field.away(place)
        drawn = smoothstep(0.1, style.fall, gone)[:, None]
        low = smoothstep(scene.marks.chin + 0.1, scene.marks.chin - 0.4, place[:, 1])[:, None]
        wish = unit(plan.comb) * (1 - drawn) + _DOWN * (0.12 + drawn) + low * past_shoulders
        into = np.minimum(np.einsum("si,si->s", wish, outward), 0) * smoothstep(0.25, 0.05, distance - plan.height)
        wish = unit(wish - into[:, None] * outward)
        heading = unit(style.stiff * heading + (1 - style.stiff) * wish)
        place = _settle(place + pace[:, None] * heading, gone, plan, scene)
        curves.append(place)
    return resample(np.stack(curves, 1), np.ones(len(roots)), style.points + 4)


def _settle(place: Float64, gone: Float64, plan: Plan, scene: Scene) -> Float64:
    """Lay points on the layer of hair they belong to, off the head and off the face."""
    distance, outward = scene.field.away(place)
    height = plan.height * smoothstep(0, 0.22, gone) + 0.008
    if scene.traits.cap != "none":
        height = height * (1 - under_cap(place)) + 0.015
    lack = height - distance
    rests = (0.32 + 0.5 * smoothstep(-0.1, 0.5, outward[:, 1])) * smoothstep(0.6, 0.2, distance)
    rests = np.where(plan.fringe, 0.5, rests)
    place = place + np.where(lack > 0, lack, lack * rests)[:, None] * outward
    return _clear_face(place, plan.side, plan.fringe, scene)


def _clear_face(place: Float64, side: Float64, fringe: Bool, scene: Scene) -> Float64:
    """Move points that would hide the face to its side."""
    marks = scene.marks
    x, y, z = place.T
    side = np.where(x * side < -0.12, -side, side)  # it has fallen to the other side already
    over = np.clip((y - marks.brow) / max(marks.front - marks.brow, 0.1), 0, 1)
    under = smoothstep(marks.chin + 0.1, marks.chin - 0.5, y)
    width = scene.window * marks.half * np.sqrt(1 - over**2) * (1 - 0.35 * under)
    width = np.where(fringe, 0.0, width)
    lack = np.maximum(width - x * side, 0) * smoothstep(marks.centre[2] + 0.05, marks.centre[2] + 0.35, z)
    foremost = marks.centre[2] + 0.42 + 0.75 * over + 0.3 * (1 - scene.window)
    ahead = np.where(fringe, 0.0, np.maximum(z - foremost, 0)) * (1 - under)
    return np.asarray(place + np.stack([side * lack, np.zeros_like(x), -0.35 * ahead], 1))


def _curl(curves: Float64, roots: Roots, scene: Scene, random: np.random.Generator) -> Float64:
    """Gather strands into locks, wind them, and let single ones stray."""
    style, traits = scene.style, scene.traits
    count, points = len(curves), curves.shape[1]
    leaders = random.choice(count, max(count // 14, 1), replace=False)
    lock = leaders[cKDTree(roots.points[leaders]).query(roots.points)[1]]
    gone = np.concatenate([np.zeros((count, 1)), np.cumsum(np.linalg.norm(np.diff(curves, axis=1), axis=2), 1)], 1)
    share = np.linspace(0, 1, points)[None, :, None]
    close = random.uniform(0.1, 0.75, (count, 1, 1)) * (0.35 + 0.4 * traits.hair_curl) * share**1.5
    near = np.linalg.norm(curves[lock] - curves, axis=2).max(1) < 0.45
    curves = curves + close * (curves[lock] - curves) * near[:, None, None]
    radius = style.curl * traits.hair_curl * (0.7 + 0.6 * random.random(count))[lock]
    turns = style.turns * np.exp(random.normal(0, 0.25, count))[lock] * (1 + 0.6 * traits.hair_curl)
    turns = np.minimum(turns, (points - 1) / (4.5 * np.maximum(gone[:, -1], 0.05)))  # more could not be drawn
    phase = random.uniform(0, 2 * np.pi, count)[lock] + random.normal(0, 0.5, count)
    angle = 2 * np.pi * turns[:, None] * gone + phase[:, None]
    ramp = smoothstep(0.02, 0.25, gone) * radius[:, None]
    along = unit(np.gradient(curves, axis=1))
    first = unit(np.cross(along, np.array([0.31, 0.2, 0.93])))
    second = np.cross(along, first)
    stray = np.cumsum(random.normal(0, 1, (count, points, 3)), 1) * share
    frizz = (0.004 + 0.008 * traits.hair_curl) * np.exp(random.normal(0, 0.6, (count, 1, 1)))
    wound = np.cos(angle)[..., None] * first + np.sin(angle)[..., None] * second
    return np.asarray(curves + ramp[..., None] * wound + np.minimum(frizz, 0.014) * stray * min(1.0, style.long * 2))


def _tidy(curves: Float64, plan: Plan, scene: Scene) -> Float64:
    """Push strands off head and face once more and cut them."""
    count, points, _ = curves.shape
    flat = scene.field.push_out(curves[:, 1:].reshape(-1, 3), 0.012)
    flat = _clear_face(flat, np.repeat(plan.side, points - 1), np.repeat(plan.fringe, points - 1), scene)
    curves = np.concatenate([curves[:, :1], flat.reshape(count, points - 1, 3)], 1)
    below = (curves[..., 1] < plan.cut[:, None]) & (np.arange(points) > 0)
    first = np.where(below.any(1), below.argmax(1), points)
    rows = np.arange(count)
    last = np.minimum(first, points - 1)
    before, after = curves[rows, last - 1, 1], curves[rows, last, 1]
    part = np.clip((before - plan.cut) / np.maximum(before - after, 1e-6), 0, 1)
    keep = np.where(first < points, (first - 1 + np.where(np.isfinite(part), part, 1)) / (points - 1), 1.0)
    return resample(curves, np.maximum(keep, 0.02), scene.style.points)


def _puff(roots: Roots, scene: Scene, random: np.random.Generator) -> Float64:
    """Grow the round puff of an afro."""
    style, traits, marks = scene.style, scene.traits, scene.marks
    count = len(roots)
    middle = marks.centre + np.array([0, 0.05, 0])
    away = unit(0.35 * roots.normals + 0.65 * unit(roots.points - middle) + random.normal(0, 0.16, (count, 3)))
    above = roots.chart[:, 1] - hairline(roots.chart[:, 0], traits)
    length = (style.short + (style.long - style.short) * traits.hair_length) * (
        0.3 + 0.7 * smoothstep(0.0, 0.35, above)
    )
    length *= (0.55 + 0.45 * random.random(count) ** 0.5) * (0.8 + 0.2 * smoothstep(-0.4, 0.4, away[:, 1]))
    gone = np.linspace(0, 1, style.points)
    curves = roots.points[:, None] + (length[:, None] * gone)[..., None] * away[:, None]
    wound = _curl(curves, roots, replace(scene, traits=replace(traits, hair_curl=0.5 + 0.5 * traits.hair_curl)), random)
    flat = scene.field.push_out(wound[:, 1:].reshape(-1, 3), 0.012)
    side = np.repeat(np.where(roots.points[:, 0] >= 0, 1.0, -1.0), style.points - 1)
    flat = _clear_face(flat, side, np.zeros(len(side), bool), scene)
    return np.concatenate([wound[:, :1], flat.reshape(count, -1, 3)], 1)


def _tied(roots: Roots, scene: Scene, random: np.random.Generator) -> tuple[Strands, ...]:
    """Comb everything to a knot at the back and hang a tail or a bun on it."""
    curves, knot, outward = tie_back(roots, scene.field, scene.marks, scene.style, random)
    curves = _curl(curves, roots, scene, random)
    flat = scene.field.push_out(curves[:, 1:].reshape(-1, 3), 0.012)
    curves = np.concatenate([curves[:, :1], flat.reshape(len(curves), -1, 3)], 1)
    tail = tail_of(knot, outward, scene.field, scene.traits, random)
    everywhere = roots[random.integers(0, len(roots), len(tail))]
    return _bundle(curves, roots, scene, random), _bundle(tail, everywhere, scene, random)


def _bundle(curves: Float64, roots: Roots, scene: Scene, random: np.random.Generator) -> Strands:
    """Colour and light finished strands."""
    traits, style = scene.traits, scene.style
    count, points, _ = curves.shape
    taper = np.interp(np.linspace(0, 1, points), [0, 0.15, 0.7, 1], [0.75, 1, 1, 0.45])
    width = style.width * np.exp(random.normal(0, 0.18, (count, 1))) * taper
    temples = np.exp(-(((np.abs(roots.chart[:, 0]) - 1.1) / 0.4) ** 2))
    grey = np.clip(traits.grey * (0.75 + 0.6 * temples) + 0.25 * (traits.grey > 0.6), 0, 1)
    inner = light_within(curves, width, scene.marks.centre, strength=0.12)
    tips = 0.72 + 0.28 * np.linspace(0, 1, points) ** 0.6
    return Strands(
        points=curves.astype(np.float32),
        bind=np.full((count, points), RIGID, np.int32),
        width=width.astype(np.float32),
        colour=colours(traits.hair_rgb, grey, random, spread=0.17, hairs=12),
        shade=np.clip((0.16 + 0.74 * inner) * tips, 0, 1).astype(np.float32),
    )
