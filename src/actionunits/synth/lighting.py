"""The light of one picture on one scene: what arrives at every vertex, and what there is to mirror."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actionunits.synth.meshes import Strands
from actionunits.synth.rig import SKIN, Rig
from actionunits.synth.scene import Scene
from actionunits.synth.shading import Lamps
from actionunits.synth.shadow import (
    add_light,
    draw_shadow_maps,
    light_frames,
    shadow_middle,
    spread_in_skin,
    visibility,
)
from actionunits.synth.strokes import Glow
from actionunits.synth.surface import coarse_triangles, refinement, smoothing

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]

MAP_SIZE = 160  # pixels of a shadow map of a key light
AMBIENT_MAP_SIZE = 80
SAME_LAMP = 0.85  # cosine; key directions nearer than this belong to one lamp
FINE_HAIR = 0.007  # world units; thinner strands cast no shadow
HAIR_STEPS = (9, 4)  # every so many points of the hair cast one, around and towards the key lights
DARKEST = 0.004  # irradiance that even the deepest fold gets
_SKIN_WRAP, _HARD_WRAP = 0.14, 0.0
_LUMINANCE = np.array([0.3, 0.59, 0.11], np.float32)


@dataclass(frozen=True, eq=False)
class Received:
    """What arrives at some vertices: ``light``, ``flow`` (n, 3) and ``reached`` (n, g), as in ``shading.Lit``."""

    light: Float32
    flow: Float32
    reached: Float32


@dataclass(frozen=True, eq=False)
class Lighting:
    """Light on skin, eyes and every solid, and what strands and reflections need."""

    skin: Received
    eyes: Received
    solids: tuple[Received, ...]
    lamps: Lamps
    glow: Glow


@dataclass(frozen=True, eq=False)
class _Source:
    """The light of a setting: (l, 3) directions and colours, key lights last, and their (k, g) shares in each lamp."""

    directions: Float32
    colours: Float32
    ambient: int
    groups: Float32


def light_scene(
    scene: Scene,
    rig: Rig,
    strands: list[tuple[Strands, Float32]],
    directions: Float32,
    colours: Float32,
    key: NDArray[np.bool_],
    eye: Float32,
) -> Lighting:
    """Light a scene.

    Args:
        scene: what stands where.
        rig: the head.
        strands: hair with its (s, k, 3) posed points.
        directions: (l, 3) towards the lights.
        colours: (l, 3) irradiance / pi that each gives a surface facing it.
        key: (l,) which belong to lamps, with sharp shadows and reflections; the rest are the surroundings.
        eye: (3,) the camera.
    """
    source = _source(directions, colours, key)
    lamps = _lamps(source, eye)
    middle = shadow_middle()
    frames = light_frames(source.directions)
    casters, thin = _casters(scene, rig)
    hairs = _casting_hair(strands)
    parts = (slice(0, source.ambient), slice(source.ambient, None))
    maps = [
        draw_shadow_maps(casters, coarse_triangles(rig), thin, hairs[::step], frames[part], middle, size)
        for part, size, step in zip(parts, (AMBIENT_MAP_SIZE, MAP_SIZE), HAIR_STEPS, strict=True)
    ]

    def reach(points: Float32, normals: Float32, which: int) -> Float32:
        return visibility(points, normals, maps[which], frames[parts[which]], middle)

    coarse = rig.coarse
    from_around = refinement(rig) @ reach(scene.skin[:coarse], scene.normals[:coarse], 0)
    skin = _received(scene.normals, from_around, reach(scene.skin, scene.normals, 1), source, _SKIN_WRAP)
    spread_in_skin(skin.light, smoothing(rig))
    np.maximum(skin.light, DARKEST, out=skin.light)
    _light_mouth(scene, rig, skin)

    def hard(points: Float32, normals: Float32, wrap: float) -> Received:
        return _received(normals, reach(points, normals, 0), reach(points, normals, 1), source, wrap)

    leading = source.groups.argmax(0) if source.groups.size else np.zeros(0, int)  # the main key light of each lamp
    return Lighting(
        skin=skin,
        eyes=hard(scene.eyes, scene.eye_normals, 0.2),
        solids=tuple(hard(one.points, one.normals, _HARD_WRAP) for one in scene.solids),
        lamps=lamps,
        glow=_glow(source, scene, maps[1][leading], frames[source.ambient + leading], middle),
    )


def _source(directions: Float32, colours: Float32, key: NDArray[np.bool_]) -> _Source:
    order = np.argsort(key, kind="stable")
    towards = np.asarray(directions, np.float32)[order]
    towards = towards / np.linalg.norm(towards, axis=1, keepdims=True)
    ambient = int((~key).sum())
    power = (np.asarray(colours, np.float32)[order] @ _LUMINANCE)[ambient:]
    leaders: list[Float32] = []
    member = np.zeros(len(power), int)
    for place, direction in enumerate(towards[ambient:]):
        close = [number for number, leader in enumerate(leaders) if direction @ leader > SAME_LAMP]
        if not close:
            leaders.append(direction)
        member[place] = close[0] if close else len(leaders) - 1
    groups = np.zeros((len(power), len(leaders)), np.float32)
    groups[np.arange(len(power)), member] = np.maximum(power, 1e-6)
    groups /= groups.sum(0, keepdims=True)
    return _Source(np.ascontiguousarray(towards, np.float32), np.asarray(colours, np.float32)[order], ambient, groups)


def _lamps(source: _Source, eye: Float32) -> Lamps:
    towards, colours = source.directions[source.ambient :], source.colours[source.ambient :]
    middle = source.groups.T @ towards
    length = np.linalg.norm(middle, axis=1, keepdims=True)
    spread = np.sqrt(np.maximum(2 * (1 - np.minimum(length[:, 0], 1)), 0))
    around = 0.3 * source.colours[: source.ambient].sum(0) if source.ambient else np.zeros(3)
    return Lamps(
        directions=np.asarray(middle / length, np.float32),
        colours=np.asarray((source.groups > 0).T.astype(np.float32) @ colours, np.float32),
        widths=np.asarray(0.04 + spread, np.float32),
        surroundings=np.asarray(around, np.float32),
        eye=np.asarray(eye, np.float32),
    )


def _received(normals: Float32, around: Float32, keyed: Float32, source: _Source, wrap: float) -> Received:
    light = np.zeros((len(normals), 3), np.float32)
    flow = np.zeros((len(normals), 3), np.float32)
    reached = np.concatenate([around, keyed], 1)
    add_light(normals, reached, source.directions, source.colours, wrap, light, flow)
    return Received(light, flow, np.ascontiguousarray(keyed @ source.groups))


def _casters(scene: Scene, rig: Rig) -> tuple[Float32, Int32]:
    """Return the points of all that casts shadows, skin first, and the triangles of solids among them."""
    points, triangles = [scene.skin[: rig.coarse]], [np.zeros((0, 3), np.int32)]
    count = rig.coarse
    for one in scene.solids:
        if one.solid.opacity >= 0.5 and one.solid.follows != "body":  # clothes lie below the face
            points.append(one.points)
            triangles.append(one.solid.triangles.astype(np.int32) + count)
            count += len(one.points)
    return np.concatenate(points), np.concatenate(triangles).astype(np.int32)


def _casting_hair(strands: list[tuple[Strands, Float32]]) -> Float32:
    thick = [points for strand, points in strands if strand.width.max(initial=0) > FINE_HAIR]
    if not thick:
        return np.zeros((0, 3), np.float32)
    return np.concatenate([points.reshape(-1, 3) for points in thick])


def _glow(source: _Source, scene: Scene, maps: Float32, frames: Float32, map_middle: Float32) -> Glow:
    """Fit the light of the surroundings on hair as a plane over the direction that is faced."""
    towards, colours = source.directions[: source.ambient], source.colours[: source.ambient]
    pivot, forward = scene.turn.pivot, scene.forward
    above = np.median(scene.eyes, 0) if len(scene.eyes) else pivot
    return Glow(
        middle=np.asarray(above - 0.95 * forward, np.float32),
        ambient=np.asarray(0.25 * colours.sum(0), np.float32),
        ambient_slope=np.asarray(0.4 * colours.T @ towards, np.float32)
        if source.ambient
        else np.zeros((3, 3), np.float32),
        maps=np.ascontiguousarray(maps),
        frames=np.ascontiguousarray(frames),
        map_middle=map_middle,
    )


def _light_mouth(scene: Scene, rig: Rig, skin: Received) -> None:
    """Light teeth, tongue and the mouth's lining in place: shadow maps are too coarse for what lies behind the lips.

    Light falls in between the lips, so that it fades with the depth behind them and with turning away from them.
    """
    lips = rig.masks["lips"] > 0.5
    front = float(np.quantile(scene.unposed[lips, 2], 0.9))
    behind = np.maximum(front - 0.1 - scene.unposed[:, 2], 0)
    arriving, flow, reached = skin.light[lips].mean(0), skin.flow[lips].mean(0), skin.reached[lips].mean(0)
    inner = np.flatnonzero(rig.vertex_part != SKIN)
    facing = np.clip(scene.normals[inner] @ scene.forward, 0, 1)[:, None]
    open_share = (0.07 + 0.93 * np.exp(-behind[inner] / 0.2))[:, None].astype(np.float32)
    skin.light[inner] = arriving * (0.45 + 0.75 * facing) * open_share
    skin.flow[inner] = flow
    skin.reached[inner] = reached * open_share
    lining = rig.masks["inside-mouth"] * (rig.vertex_part == SKIN)
    lined = lining[:, None]
    fading = (0.1 + 0.9 * np.exp(-behind / 0.25))[:, None].astype(np.float32)
    skin.light[:] = skin.light * (1 - lined) + lined * np.maximum(0.5 * arriving, DARKEST) * fading
    skin.reached[:] *= 1 - lined + lined * fading
