"""One picture of one subject: geometry, light, pixels, sensor."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from actionunits.faces.face import Pose
from actionunits.synth.camera import pose_in_camera
from actionunits.synth.chart import SIZE as CHART_SIZE
from actionunits.synth.chart import U_HIGH, U_LOW, V_HIGH, V_LOW
from actionunits.synth.eye_shading import shade_eyes
from actionunits.synth.eyes import IRIS, OUTMOST
from actionunits.synth.lighting import Lighting, Received, light_scene
from actionunits.synth.meshes import Solid, Strands
from actionunits.synth.performance import Moment
from actionunits.synth.raster import View, blank, rasterise
from actionunits.synth.scene import Scene, place
from actionunits.synth.sensor import develop
from actionunits.synth.setting import Setting
from actionunits.synth.shading import Lit, rim_shade, shade_coloured, shade_lenses
from actionunits.synth.skin import SkinMaps
from actionunits.synth.skin_shading import Relief, shade_skin
from actionunits.synth.strokes import draw_strands, move_strands
from actionunits.synth.subject import Subject
from actionunits.synth.surface import chart_slopes, mouth_triangles, skin_triangles
from actionunits.synth.teeth import part_teeth

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]
Bool = NDArray[np.bool_]
UInt8 = NDArray[np.uint8]

TEXELS = CHART_SIZE / (V_HIGH - V_LOW)  # per world unit
SUPERSAMPLING = 2  # pixels across one pixel of the picture
DARK = 0.5  # opacity from which a lens hides what is behind it
HIDDEN = 0.06  # world units by which a landmark lies behind what hides it
SKIN_ROUGH, SKIN_MIRROR = np.float32(0.44), np.float32(0.028)
TOOTH_ROUGH, TOOTH_MIRROR = np.float32(0.25), np.float32(0.04)


@dataclass(frozen=True, eq=False)
class Picture:
    """One rendered picture and what is known of it exactly.

    Attributes:
        rgb: (size, size, 3) sRGB.
        landmarks: (68, 2) x and y in pixels, centres at integers.
        visible: (68,) whether each landmark is inside the picture and nothing lies before it.
        pose: the head's as the camera sees it, degrees.
        gaze: (pitch, yaw) of the eyes relative to the head, degrees.
        face_mask: (size, size) where the skin of the face shows.
    """

    rgb: UInt8
    landmarks: Float32
    visible: Bool
    pose: Pose
    gaze: tuple[float, float]
    face_mask: Bool


@dataclass(frozen=True, eq=False)
class Canvas:
    """The picture while it is drawn: ``out`` (h, w, 3) linear RGB, ``near`` (h, w), ``ids`` (h, w)."""

    out: Float32
    near: Float32
    ids: Int32


def render(
    subject: Subject,
    moment: Moment,
    setting: Setting,
    size: int,
    random: np.random.Generator,
    *,
    held: tuple[Solid, ...] = (),
) -> Picture:
    """Render one picture; the same arguments give the same bytes.

    Args:
        subject: the person.
        moment: what the face does.
        setting: camera, light, background, sensor.
        size: height and width in pixels.
        random: source of the sensor's noise.
        held: things before the face, besides what is worn.
    """
    view = View(setting.camera, size * SUPERSAMPLING)
    scene = place(subject, moment, held)
    strands = [(one, move_strands(one.points, one.bind, scene.moved, scene.turn)) for one in subject.strands]
    light = setting.light
    lighting = light_scene(
        scene, subject.rig, strands, light.directions, light.colours, light.key, setting.camera.position
    )
    whole = (view.pixels, view.pixels)
    background = np.asarray(cv2.resize(setting.background(size), whole, interpolation=cv2.INTER_LINEAR), np.float32)
    canvas = _draw(subject, moment, scene, lighting, view, background)
    bare = canvas.near.copy()
    _draw_strands(strands, lighting, view, canvas)
    _draw_lenses(scene, lighting, view, canvas)
    mask = _face_mask(subject, canvas, bare)
    landmarks, visible = _landmarks(subject, scene, view, canvas, size)
    rgb = develop(
        canvas.out, setting.sensor, random, size, subject.skin.luminance, exposure_target(subject.traits.tone)
    )
    small = cv2.resize(mask.astype(np.uint8) * 255, (size, size), interpolation=cv2.INTER_AREA) > 127
    pose = pose_in_camera(moment.pose, setting.camera)
    return Picture(rgb, landmarks, visible, pose, moment.gaze, np.asarray(small))


def exposure_target(tone: float) -> float:
    """Return the linear luminance that a camera gives skin of a tone, 0 (lightest) to 6 (darkest)."""
    return float(np.interp(tone, [0, 2, 4, 6], [0.36, 0.25, 0.15, 0.085]))


def _draw(
    subject: Subject, moment: Moment, scene: Scene, lighting: Lighting, view: View, background: Float32
) -> Canvas:
    """Draw and shade everything that is solid: skin, teeth, tongue, eyes, things worn and held."""
    unit = view.focal / view.camera.distance  # pixels per world unit at the face
    rig = subject.rig
    near, ids = blank(view.pixels)
    canvas = Canvas(background, near, ids)
    skin, mouth = skin_triangles(rig), mouth_triangles(rig)
    screen, eye_screen = view.screen(scene.skin), view.screen(scene.eyes)
    eyes_first = len(skin) + len(mouth)
    rasterise(screen, skin, 0, False, near, ids)
    rasterise(screen, mouth, len(skin), False, near, ids)
    rasterise(eye_screen, scene.eye_triangles, eyes_first, False, near, ids)
    first = eyes_first + len(scene.eye_triangles)
    solids = []
    for one, received in zip(scene.solids, lighting.solids, strict=True):
        if one.solid.opacity >= 1:
            lit = _lit(view.screen(one.points), one.points, one.normals, received)
            rasterise(lit.screen, one.solid.triangles, first, True, near, ids)
            solids.append((first, one.solid, lit))
            first += len(one.solid.triangles)

    lamps = lighting.lamps
    lit = _lit(screen, scene.skin, scene.normals, lighting.skin)
    shade_skin(
        ids, skin, lit, lamps, _relief(subject, moment, scene, TEXELS / unit), SKIN_ROUGH, SKIN_MIRROR, canvas.out
    )
    lips = rim_shade(ids, len(skin), eyes_first, 0.03 * unit, 0.02 * unit, 0.4)
    teeth = subject.teeth.colour
    shade_coloured(ids, len(skin), mouth, lit, lamps, teeth, TOOTH_ROUGH, TOOTH_MIRROR, lips, canvas.out)
    part_teeth(ids, len(skin), mouth, screen, *subject.teeth.lines(), unit, canvas.out)
    lids = rim_shade(ids, eyes_first, eyes_first + len(scene.eye_triangles), 0.05 * unit, 0.035 * unit, 0.65)
    lit = _lit(eye_screen, scene.eyes, scene.eye_normals, lighting.eyes)
    shade_eyes(
        ids, eyes_first, scene.eye_triangles, lit, lamps, scene.eye_inner, scene.eye_axis, subject.eyes.texture,
        IRIS, OUTMOST, lids, canvas.out,
    )  # fmt: skip
    even = np.ones_like(lids)
    for start, solid, lit in solids:
        rough, mirror = _finish(solid.gloss)
        shade_coloured(ids, start, solid.triangles, lit, lamps, solid.colour, rough, mirror, even, canvas.out)
    return canvas


def _draw_strands(strands: list[tuple[Strands, Float32]], lighting: Lighting, view: View, canvas: Canvas) -> None:
    for one, points in strands:
        if len(points):
            screen = view.screen(points.reshape(-1, 3))
            draw_strands(
                points, screen, one.width, one.colour, one.shade, view.focal, lighting.lamps, lighting.glow,
                canvas.near, canvas.out,
            )  # fmt: skip


def _draw_lenses(scene: Scene, lighting: Lighting, view: View, canvas: Canvas) -> None:
    """Lay see-through solids over the finished picture."""
    for one, received in zip(scene.solids, lighting.solids, strict=True):
        if one.solid.opacity < 1:
            lit = _lit(view.screen(one.points), one.points, one.normals, received)
            near, ids = canvas.near.copy(), np.full_like(canvas.ids, -1)
            rasterise(lit.screen, one.solid.triangles, 0, True, near, ids)
            mirror = _finish(one.solid.gloss)[1]
            triangles, opacity = one.solid.triangles, np.float32(one.solid.opacity)
            shade_lenses(ids, triangles, lit, lighting.lamps, one.solid.colour, opacity, mirror, canvas.out)
            if opacity >= DARK:
                canvas.near[:] = near


def _lit(screen: Float32, points: Float32, normals: Float32, received: Received) -> Lit:
    return Lit(screen, points, normals, received.light, received.flow, received.reached)


def _finish(gloss: float) -> tuple[np.float32, np.float32]:
    """Return roughness and Fresnel's F0 of a solid's gloss."""
    return np.float32(0.85 - 0.7 * gloss), np.float32(0.01 + 0.05 * gloss)


def _relief(subject: Subject, moment: Moment, scene: Scene, texels: float) -> Relief:
    """Return the skin's textures; ``texels`` is how many of them fall on a pixel."""
    rig = subject.rig
    skin = _reduced(subject.skin, 1 if texels < 2.8 else 2 if texels < 5.6 else 4)
    folds = np.dstack([subject.wrinkles.slope(moment.levels), subject.wrinkles.openness(moment.levels)])
    places = np.stack([(rig.chart[:, 0] - U_LOW) / (U_HIGH - U_LOW), (V_HIGH - rig.chart[:, 1]) / (V_HIGH - V_LOW)], 1)
    return Relief(
        albedo=skin.albedo,
        slope=skin.slope,
        gloss=skin.gloss,
        folds=folds.astype(np.float32, copy=False),
        places=places,
        gradients=chart_slopes(scene.skin, skin_triangles(rig), rig.chart),
        tint=skin.tint,
        lips=rig.masks["lips"],
        inside=rig.masks["inside-mouth"],
    )


@lru_cache(maxsize=2)
def _reduced(skin: SkinMaps, factor: int) -> SkinMaps:
    """Return skin whose textures are smaller by a factor, so that small pictures do not glitter."""
    if factor == 1:
        return skin
    side = CHART_SIZE // factor

    def smaller(texture: Float32) -> Float32:
        return np.asarray(cv2.resize(texture, (side, side), interpolation=cv2.INTER_AREA), np.float32)

    return replace(skin, albedo=smaller(skin.albedo), slope=smaller(skin.slope), gloss=smaller(skin.gloss))


def _face_mask(subject: Subject, canvas: Canvas, bare: Float32) -> Bool:
    """Return (h, w) where facial skin shows: neither mouth nor eyes, and no hair before it."""
    skin = skin_triangles(subject.rig)
    facial = subject.rig.masks["face"][skin].min(1) > 0.5
    shown = (canvas.ids >= 0) & (canvas.ids < len(skin)) & (canvas.near <= bare)
    return np.asarray(shown & facial[np.clip(canvas.ids, 0, len(skin) - 1)])


def _landmarks(subject: Subject, scene: Scene, view: View, canvas: Canvas, size: int) -> tuple[Float32, Bool]:
    """Return (68, 2) places in the picture and (68,) whether they can be seen."""
    points = scene.skin[subject.landmarks]
    screen = view.screen(points)
    cells = np.round(screen[:, :2]).astype(int)
    inside = ((cells >= 0) & (cells < view.pixels)).all(1)
    held = np.clip(cells, 1, view.pixels - 2)
    around = np.stack(
        [canvas.near[held[:, 1] + down, held[:, 0] + across] for down in (-1, 0, 1) for across in (-1, 0, 1)]
    )
    farthest = around.min(0)  # nearness of what lies deepest in the landmark's neighbourhood
    visible = inside & (screen[:, 2] * (1 + HIDDEN * screen[:, 2]) >= farthest)
    landmarks = (screen[:, :2] + 0.5) * (size / view.pixels) - 0.5
    return landmarks.astype(np.float32), visible
