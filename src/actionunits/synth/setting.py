"""Everything of a sequence but the face: camera, light, background, what hides the face, and sensor.

Nothing here sees action units, poses or subjects, so nothing of a setting can tell them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from actionunits.errors import UsageError
from actionunits.synth.background import Scene, draw_scene, paint_background
from actionunits.synth.camera import HEAD_HEIGHT, Camera
from actionunits.synth.sensor import Sensor, draw_sensor

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Bool = NDArray[np.bool_]
Range = tuple[float, float]

KELVINS = (2700.0, 7500.0)
DOME = 10  # directions of the ambient light
CLOSEST = 3.0  # world units; nobody holds a phone nearer
HIDDEN_SHARE = 0.06  # of sequences that have an occluder

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
_RGB_OF_XYZ = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
_GOLDEN = math.pi * (3 - math.sqrt(5))


@dataclass(frozen=True, eq=False)
class Light:
    """The light on the face: far away, from a few directions.

    Attributes:
        directions: (n, 3) unit vectors towards the light, world.
        colours: (n, 3) linear RGB, the irradiance of a surface that faces the light. All together give a face's front
            surfaces a mean luminance of 1.
        key: (n,) which belong to lamps, windows or the sun; the rest is the dome of ambient light. An area light is
            3-5 neighbouring directions, none more than 30 degrees from the first.
    """

    directions: Float32
    colours: Float32
    key: Bool


@dataclass(frozen=True, slots=True)
class Backdrop:
    """A background to be painted.

    Attributes:
        scene: what it shows.
        seed: of its details.
        strength: brightness relative to the light on the face.
    """

    scene: Scene
    seed: int
    strength: float = 1.0


@dataclass(frozen=True, slots=True)
class Occluder:
    """A thing before the face.

    Attributes:
        kind: what it is.
        place: (x, y) world point of the upright head's front that the fingertips or the microphone's head cover.
        angle: degrees, where it reaches in from: 0 from below, positive from the picture's right.
        scale: size relative to an average one.
        seed: of its details.
    """

    kind: Literal["hand", "microphone"]
    place: tuple[float, float]
    angle: float
    scale: float
    seed: int


@dataclass(frozen=True)
class Setting:
    """What stays the same during a sequence.

    Attributes:
        camera: camera.
        light: light on the face.
        backdrop: what is behind.
        occluder: what hides a part of the face, mostly None.
        sensor: how light becomes a picture.
    """

    camera: Camera
    light: Light
    backdrop: Backdrop
    occluder: Occluder | None
    sensor: Sensor

    def background(self, size: int) -> Float32:
        """Paint the background: (size, size, 3) linear RGB; the same at every call."""
        painted = paint_background(np.random.default_rng(self.backdrop.seed), size, self.backdrop.scene)
        painted *= np.float32(self.backdrop.strength)
        return painted


@dataclass(frozen=True, slots=True)
class _Lamp:
    """Ranges of one area light.

    ``azimuth`` (0 from the viewer, positive from the picture's right) and ``height`` are mean and deviation in degrees;
    ``power`` is irradiance, ``radius`` that of the light's disc in radians.
    """

    azimuth: Range
    height: Range
    power: Range
    radius: Range
    kelvin: Range
    chance: float = 1.0


@dataclass(frozen=True, slots=True)
class _Rig:
    """Lamps and the dome that goes with them; ``ground`` is the brightness of light from below relative to above."""

    lamps: tuple[_Lamp, ...]
    ambient: Range
    ground: Range
    kelvin: Range
    chance: float


_RIGS: dict[str, _Rig] = {
    "laboratory": _Rig(
        (
            _Lamp((40, 8), (22, 8), (0.6, 1.0), (0.12, 0.25), (4500, 6000)),
            _Lamp((-40, 8), (22, 8), (0.55, 1.0), (0.12, 0.25), (4500, 6000)),
        ),
        (0.3, 0.7), (0.4, 0.8), (4500, 6000), 0.12,
    ),
    "ring": _Rig(
        (_Lamp((0, 7), (6, 7), (0.8, 1.3), (0.12, 0.22), (4000, 6500)),),
        (0.2, 0.6), (0.3, 0.7), (3500, 6000), 0.08,
    ),
    "portrait": _Rig(
        (
            _Lamp((42, 12), (32, 8), (0.9, 1.2), (0.06, 0.22), (4500, 6000)),
            _Lamp((-45, 15), (10, 10), (0.2, 0.5), (0.1, 0.25), (4500, 6000)),
            _Lamp((150, 15), (35, 10), (0.3, 1.1), (0.05, 0.2), (3200, 6500), 0.5),
        ),
        (0.1, 0.4), (0.2, 0.6), (4000, 6000), 0.12,
    ),
    "window": _Rig(
        (
            _Lamp((65, 22), (18, 10), (0.8, 1.5), (0.18, 0.26), (5500, 7500)),
            _Lamp((-60, 30), (25, 15), (0.1, 0.35), (0.05, 0.2), (2700, 4000), 0.5),
        ),
        (0.2, 0.6), (0.3, 0.8), (4500, 7000), 0.18,
    ),
    "office": _Rig(
        (
            _Lamp((5, 40), (62, 9), (0.6, 1.1), (0.15, 0.26), (3500, 5500)),
            _Lamp((180, 50), (58, 10), (0.3, 0.9), (0.15, 0.26), (3500, 5500), 0.7),
            _Lamp((0, 12), (-8, 8), (0.1, 0.35), (0.1, 0.2), (6000, 7500), 0.5),
        ),
        (0.4, 0.9), (0.3, 0.8), (3500, 5500), 0.18,
    ),
    "side": _Rig(
        (_Lamp((82, 18), (15, 15), (1.0, 1.8), (0.03, 0.2), KELVINS),),
        (0.08, 0.3), (0.2, 0.8), KELVINS, 0.07,
    ),
    "low": _Rig(
        (
            _Lamp((0, 25), (-28, 10), (0.6, 1.1), (0.1, 0.25), (5500, 7500)),
            _Lamp((60, 50), (35, 15), (0.1, 0.5), (0.05, 0.2), (2700, 3500), 0.5),
        ),
        (0.12, 0.45), (0.5, 1.2), (2700, 5000), 0.05,
    ),
    "evening": _Rig(
        (
            _Lamp((45, 45), (25, 18), (0.6, 1.2), (0.04, 0.15), (2700, 3300)),
            _Lamp((-70, 40), (15, 12), (0.1, 0.5), (0.15, 0.26), (5500, 7500), 0.4),
        ),
        (0.2, 0.6), (0.3, 0.9), (2700, 3500), 0.08,
    ),
    "sun": _Rig(
        (_Lamp((25, 60), (45, 15), (1.0, 2.0), (0.01, 0.05), (4800, 5800)),),
        (0.35, 0.9), (0.3, 0.9), (6000, 7500), 0.06,
    ),
    "overcast": _Rig(
        (_Lamp((0, 70), (60, 12), (0.1, 0.4), (0.2, 0.26), (6000, 7500)),),
        (0.8, 1.0), (0.15, 0.6), (6000, 7500), 0.06,
    ),
}  # fmt: skip
_BODY_REACH = 2.15  # world units from the middle of the head to where the rig's body is cut, below and beside
_STUDIO_RIGS = {"laboratory": 0.75, "ring": 0.25}

_HAND_PLACES = ((0.0, 6.3), (0.45, 6.35), (0.7, 6.75), (0.1, 6.6), (0.35, 7.75), (0.75, 7.45))  # chin ... temple


def draw_setting(random: np.random.Generator, wild: float = 1.0) -> Setting:
    """Draw the setting of one sequence.

    Args:
        random: the source of chance.
        wild: 0 is a studio (even frontal light, plain wall, good camera, nothing before the face), 1 the full range
            of webcams, phones and video.

    Raises:
        UsageError: ``wild`` outside 0-1.
    """
    if not 0 <= wild <= 1:
        raise UsageError(f"wild={wild}", "is out of range", "Use 0 (studio) to 1 (anything)")
    parts = [np.random.default_rng(int(seed)) for seed in random.integers(0, 2**63, 5)]
    return Setting(
        camera=_draw_camera(parts[0], wild),
        light=draw_light(parts[1], wild),
        backdrop=_draw_backdrop(parts[2], wild),
        occluder=_draw_occluder(parts[3]) if parts[3].random() < HIDDEN_SHARE * wild else None,
        sensor=draw_sensor(parts[4], wild),
    )


def draw_light(random: np.random.Generator, wild: float = 1.0) -> Light:
    """Draw a light: a dome of ambient light and one to three area lights, white-balanced as a camera would, nearly."""
    chances = {name: rig.chance for name, rig in _RIGS.items()} if random.random() < wild else _STUDIO_RIGS
    weights = np.array(list(chances.values()))
    rig = _RIGS[list(chances)[int(random.choice(len(weights), p=weights / weights.sum()))]]
    directions, colours = _dome(random, rig)
    key = [False] * len(directions)
    mirror = random.choice([-1.0, 1.0])
    for lamp in rig.lamps:
        if random.random() < lamp.chance:
            points, colour = _area(random, lamp, mirror)
            directions = np.concatenate([directions, points])
            colours = np.concatenate([colours, np.tile(colour / len(points), (len(points), 1))])
            key += [True] * len(points)
    normals = _front_normals()
    white = (np.maximum(normals @ directions.T, 0) @ colours).mean(0)  # (3,) mean irradiance of the face
    balance = (white / (white @ _LUMINANCE)) ** random.uniform(0.8, 1.0)
    colours = colours / balance
    level = (np.maximum(normals @ directions.T, 0) @ colours).mean(0) @ _LUMINANCE
    return Light(directions.astype(np.float32), (colours / level).astype(np.float32), np.array(key))


def blackbody(kelvin: float) -> Float32:
    """Return the linear RGB of a black body, (3,), luminance 1, white at about 6500 K.

    Args:
        kelvin: 1667-25000.

    The chromaticity is the cubic fit to the Planckian locus of Kim et al., US patent 7024034.

    Raises:
        UsageError: a temperature outside the fit.
    """
    if not 1667 <= kelvin <= 25000:
        raise UsageError(f"kelvin={kelvin}", "is outside the fit", "Use 1667 to 25000")
    inverse = 1000 / kelvin
    if kelvin < 4000:
        x = -0.2661239 * inverse**3 - 0.2343589 * inverse**2 + 0.8776956 * inverse + 0.179910
    else:
        x = -3.0258469 * inverse**3 + 2.1070379 * inverse**2 + 0.2226347 * inverse + 0.240390
    if kelvin < 2222:
        y = -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    elif kelvin < 4000:
        y = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    else:
        y = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    rgb = np.maximum(_RGB_OF_XYZ @ np.array([x / y, 1.0, (1 - x - y) / y]), 0)
    return np.asarray(rgb / (rgb @ _LUMINANCE), np.float32)


def _sphere(count: int, top: float, bottom: float) -> Float64:
    """Return (count, 3) unit vectors spread evenly over the heights ``top`` to ``bottom``, a spiral about y."""
    place = np.arange(count) + 0.5
    height = top + (bottom - top) * place / count
    ring = np.sqrt(1 - height**2)
    return np.stack([ring * np.cos(_GOLDEN * place), height, ring * np.sin(_GOLDEN * place)], 1)


def _front_normals() -> Float64:
    """Return (32, 3) directions that the front of a face looks in: within 70 degrees of the viewer."""
    return _sphere(32, 1.0, math.cos(math.radians(70)))[:, [0, 2, 1]]


def _dome(random: np.random.Generator, rig: _Rig) -> tuple[Float64, Float64]:
    """Return directions (n, 3) and colours (n, 3) of the ambient light."""
    spiral = _sphere(DOME, 1.0, -0.8)
    turn = random.uniform(0, 2 * math.pi)
    across = spiral[:, 0] * math.cos(turn) - spiral[:, 2] * math.sin(turn)
    along = spiral[:, 0] * math.sin(turn) + spiral[:, 2] * math.cos(turn)
    directions = np.stack([across, spiral[:, 1], along], 1)
    sky = blackbody(random.uniform(*rig.kelvin)) * np.exp(random.normal(0, 0.04, 3))
    ground = sky * random.uniform(*rig.ground) * np.exp(random.normal([0.06, 0, -0.06], 0.08))
    share = (0.5 + 0.5 * directions[:, 1])[:, None]
    colours = (sky * share + ground * (1 - share)) * np.where(directions[:, 2:] > 0, 1.1, 0.85)
    level = (np.maximum(_front_normals() @ directions.T, 0) @ colours).mean(0) @ _LUMINANCE
    return directions, colours * random.uniform(*rig.ambient) / level


def _area(random: np.random.Generator, lamp: _Lamp, mirror: float) -> tuple[Float64, Float64]:
    """Return directions (n, 3) over the disc of an area light, n 3-5, and the colour of all of it."""
    azimuth = math.radians(mirror * random.normal(*lamp.azimuth))
    height = math.radians(float(np.clip(random.normal(*lamp.height), -45, 85)))
    towards = np.array([math.sin(azimuth) * math.cos(height), math.sin(height), math.cos(azimuth) * math.cos(height)])
    right = np.array([math.cos(azimuth), 0.0, -math.sin(azimuth)])
    up = np.cross(towards, right)
    radius = random.uniform(*lamp.radius)
    count = 3 if radius < 0.1 else 4 if radius < 0.18 else 5
    place = np.arange(count) + 0.5
    away = radius * np.sqrt(place / count)
    angle = random.uniform(0, 2 * math.pi) + _GOLDEN * place
    points = towards + (away * np.cos(angle))[:, None] * right + (away * np.sin(angle))[:, None] * up
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points, random.uniform(*lamp.power) * blackbody(random.uniform(*lamp.kelvin)).astype(np.float64)


def _draw_camera(random: np.random.Generator, wild: float) -> Camera:
    share = random.uniform(0.6 - 0.04 * wild, 0.72 + 0.13 * wild)
    widest = math.degrees(2 * math.atan(HEAD_HEIGHT / (2 * share * CLOSEST)))
    view = math.exp(random.uniform(math.log(14 - 2 * wild), math.log(26 + 24 * wild)))
    right, down = random.normal(0, 0.01 + 0.03 * wild, 2)
    room = (1 - share) / 2
    spare = _BODY_REACH * share / HEAD_HEIGHT - 0.5  # share of the picture before the cut edge of the body shows
    return Camera(
        view=min(view, widest),
        face_share=share,
        offset=(float(np.clip(right, -spare - 0.02, spare + 0.02)), float(np.clip(down, -max(spare, 0.0), room))),
        elevation=float(np.clip(random.normal(0, 1.5 + 5.5 * wild), -18, 18)),
    )


def _draw_backdrop(random: np.random.Generator, wild: float) -> Backdrop:
    strength = math.exp(random.normal(0, 0.1 + 0.35 * wild))
    return Backdrop(draw_scene(random, wild), int(random.integers(2**32)), float(np.clip(strength, 0.3, 2.5)))


def _draw_occluder(random: np.random.Generator) -> Occluder:
    side = random.choice([-1.0, 1.0])
    seed, scale = int(random.integers(2**32)), float(random.uniform(0.85, 1.15))
    if random.random() < 0.35:
        place = (side * random.uniform(0, 0.45), random.uniform(6.05, 6.5))
        return Occluder(
            "microphone", (float(place[0]), float(place[1])), float(side * random.uniform(0, 55)), scale, seed
        )
    x, y = np.array(_HAND_PLACES[int(random.integers(len(_HAND_PLACES)))]) + random.normal(0, 0.1, 2)
    return Occluder("hand", (float(side * x), float(y)), float(side * random.uniform(5, 50)), scale, seed)
