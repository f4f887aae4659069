"""Whole pictures of a plain head: what is known of them must fit what they show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from actionunits.faces.face import Pose
from actionunits.geometry import FLIP_68
from actionunits.synth.action_units import Expressions
from actionunits.synth.camera import Camera
from actionunits.synth.chart import SIZE as CHART_SIZE
from actionunits.synth.eyes import IRIS, OUTMOST, look_of_eyes, turn_eyes
from actionunits.synth.landmarks import VERTICES_68
from actionunits.synth.meshes import Solid
from actionunits.synth.people import draw_traits
from actionunits.synth.performance import Moment
from actionunits.synth.render import Picture, render
from actionunits.synth.rig import get_rig
from actionunits.synth.sensor import Sensor
from actionunits.synth.setting import Backdrop, Light, Setting
from actionunits.synth.skin import SkinMaps
from actionunits.synth.subject import Subject
from actionunits.synth.teeth import look_of_teeth
from actionunits.synth.wrinkles import WrinkleMaps

SIZE = 128


@pytest.fixture(scope="module")
def subject() -> Subject:
    """The average head, symmetric, without hair or clothes, of even colour."""
    rig, traits = get_rig(), draw_traits(0, 0)
    flat = np.zeros((CHART_SIZE, CHART_SIZE), np.float32)
    skin = SkinMaps(
        albedo=np.full((CHART_SIZE, CHART_SIZE, 3), 0.4, np.float32),
        slope=np.dstack([flat, flat]),
        gloss=flat + 1,
        tint=np.ones((len(rig.chart), 3), np.float32),
    )
    return Subject(
        traits=traits,
        rig=rig,
        neutral=rig.base,
        expressions=Expressions(rig, traits, rig.base),
        skin=skin,
        wrinkles=WrinkleMaps({}),
        eyes=look_of_eyes(rig, traits, rig.base),
        teeth=look_of_teeth(rig, traits),
        strands=(),
        solids=(),
        landmarks=np.array(VERTICES_68, np.int32),
    )


@pytest.fixture(scope="module")
def setting() -> Setting:
    directions = np.array([[0, 1, 0], [0, -1, 0], [1, 0, 0.2], [-1, 0, 0.2], [0, 0, 1], [0, 0.3, 1]], np.float32)
    colours = np.full((6, 3), 0.25, np.float32)
    light = Light(directions, colours, np.array([False] * 5 + [True]))
    return Setting(Camera(), light, Backdrop("plain", seed=1), None, Sensor())


def shot(subject: Subject, setting: Setting, moment: Moment, **further: tuple[Solid, ...]) -> Picture:
    return render(subject, moment, setting, SIZE, np.random.default_rng(0), **further)


def turned(pitch: float = 0, yaw: float = 0, roll: float = 0) -> Moment:
    return Moment(pose=Pose(pitch=pitch, yaw=yaw, roll=roll))


def test_frontal_face(subject: Subject, setting: Setting) -> None:
    picture = shot(subject, setting, Moment())
    x, y = picture.landmarks.T
    assert picture.rgb.shape == (SIZE, SIZE, 3)
    assert picture.rgb.dtype == np.uint8
    assert ((picture.landmarks > 0) & (picture.landmarks < SIZE - 1)).all()
    assert (np.diff(x[:17]) > 0).all()  # the jaw, from the picture's left
    assert x[36] < x[39] < x[42] < x[45]
    assert x[48] < x[51] < x[54]
    assert y[24] < y[43] < y[30] < y[51] < y[57] < y[8]
    assert picture.visible[17:].all()
    assert picture.face_mask[round(float(y[30])), round(float(x[30]))]
    assert not picture.face_mask[:3].any()
    assert 80 < picture.rgb[picture.face_mask].mean() < 200


def test_same_arguments_same_bytes(subject: Subject, setting: Setting) -> None:
    noisy = replace(setting, sensor=Sensor(shot=0.001, read=0.002, defocus=0.5))
    moment = Moment(levels={12: (4, 4), 25: (3, 3)}, pose=Pose(pitch=3, yaw=10, roll=2), gaze=(3, 5))
    first, second = (shot(subject, noisy, moment) for _ in range(2))
    np.testing.assert_array_equal(first.rgb, second.rgb)
    np.testing.assert_array_equal(first.landmarks, second.landmarks)


@pytest.mark.parametrize(("yaw", "roll"), [(25, 0), (10, 12)])
def test_mirrored_pose_mirrors_the_face(subject: Subject, setting: Setting, yaw: float, roll: float) -> None:
    one, other = shot(subject, setting, turned(8, yaw, roll)), shot(subject, setting, turned(8, -yaw, -roll))
    mirrored = (SIZE - 1 - other.landmarks[:, 0], other.landmarks[:, 1])
    np.testing.assert_allclose(one.landmarks[list(FLIP_68)], np.stack(mirrored, 1), atol=0.25)
    same = one.face_mask == other.face_mask[:, ::-1]
    assert same.mean() > 0.99


def test_pose_turns_the_way_it_says(subject: Subject, setting: Setting) -> None:
    rest = shot(subject, setting, Moment()).landmarks[30]
    assert shot(subject, setting, turned(yaw=20)).landmarks[30, 0] > rest[0] + 5
    assert shot(subject, setting, turned(pitch=15)).landmarks[30, 1] < rest[1] - 3
    rolled = shot(subject, setting, turned(roll=20)).landmarks
    assert rolled[27, 0] > rolled[8, 0] + 5  # clockwise: the top goes right


def test_turned_away_landmarks_are_hidden(subject: Subject, setting: Setting) -> None:
    picture = shot(subject, setting, turned(yaw=60))
    assert picture.visible[0:3].all()
    assert not picture.visible[13:17].any()
    close = replace(setting, camera=Camera(offset=(0.5, 0.0)))
    picture = shot(subject, close, Moment())
    outside = picture.landmarks[:, 0] > SIZE - 0.5
    assert outside.any()
    assert not picture.visible[outside].any()


def test_what_is_held_before_the_face_hides_it(subject: Subject, setting: Setting) -> None:
    corners = np.array([[-0.5, 6.3, 2], [0.5, 6.3, 2], [0.5, 6.8, 2], [-0.5, 6.8, 2]], np.float32)
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    plate = Solid(corners, triangles, np.full((4, 3), 0.2, np.float32), follows="camera")
    bare, hidden = shot(subject, setting, Moment()), shot(subject, setting, Moment(), held=(plate,))
    assert not hidden.visible[48:].any()
    assert hidden.visible[36:48].all()
    assert hidden.face_mask.sum() < 0.85 * bare.face_mask.sum()
    lens = replace(plate, opacity=0.2)
    seen_through = shot(subject, setting, Moment(), held=(lens,))
    assert seen_through.visible[48:].all()
    assert (seen_through.rgb != bare.rgb).any()
    dark = replace(plate, opacity=0.8)
    assert not shot(subject, setting, Moment(), held=(dark,)).visible[48:].any()


def test_gaze_turns_the_eyes(subject: Subject) -> None:
    ahead = turn_eyes(subject.rig, subject.neutral, subject.eyes, (0, 0))
    right = turn_eyes(subject.rig, subject.neutral, subject.eyes, (0, 15))
    up = turn_eyes(subject.rig, subject.neutral, subject.eyes, (15, 0))
    pole = ahead.inner[:, 2].argmax()
    assert right.points[pole, 0] > ahead.points[pole, 0] + 0.02
    assert up.points[pole, 1] > ahead.points[pole, 1] + 0.02
    np.testing.assert_allclose(np.linalg.norm(right.normals, axis=1), 1, atol=1e-5)


def test_eye_texture_has_pupil_iris_and_white(subject: Subject) -> None:
    bright = subject.eyes.texture.mean((1, 2))
    rows = len(bright)
    rim = IRIS / OUTMOST * rows
    pupil, white = bright[: int(0.15 * rim)].mean(), bright[int(1.2 * rim) : int(1.6 * rim)].mean()
    iris = bright[int(0.65 * rim) : int(0.8 * rim)].mean()
    assert pupil < 0.01 < iris < white < 0.75
    seam = np.abs(subject.eyes.texture[:, 0] - subject.eyes.texture[:, -1]).mean()
    assert seam < 3 * np.abs(np.diff(subject.eyes.texture, axis=1)).mean() + 1e-3


@pytest.mark.parametrize("key", [True, False])
def test_light_may_be_all_lamps_or_none(subject: Subject, setting: Setting, key: bool) -> None:
    light = Light(setting.light.directions, setting.light.colours, np.full(6, key))
    picture = shot(subject, replace(setting, light=light), Moment())
    assert 60 < picture.rgb[picture.face_mask].mean() < 220


def test_light_from_one_side_lights_that_side(subject: Subject, setting: Setting) -> None:
    light = Light(np.array([[1, 0.1, 0.3]], np.float32), np.ones((1, 3), np.float32), np.array([True]))
    rgb = shot(subject, replace(setting, light=light), Moment()).rgb.mean(2)
    cheek, other = rgb[60:80, 75:85].mean(), rgb[60:80, 43:53].mean()
    assert cheek > 3 * other


def test_teeth_are_brighter_than_the_mouth_behind_them(subject: Subject, setting: Setting) -> None:
    near = replace(setting, camera=Camera(view=12, face_share=0.8))
    picture = render(subject, Moment(levels={25: (5, 5), 16: (5, 5)}), near, 256, np.random.default_rng(0))
    x, top, bottom = (round(float(value)) for value in (*picture.landmarks[62], picture.landmarks[66, 1]))
    column = picture.rgb[top : bottom + 1, x].astype(float)
    assert len(column) > 8
    assert column[:, 1].max() > 2.5 * column[:, 1].min()
    assert column[column[:, 1].argmax(), 2] > 0.7 * column[column[:, 1].argmax(), 0]  # white, not lip red
