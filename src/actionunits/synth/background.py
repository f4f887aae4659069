"""What is behind the face, painted without a model of the room: variety matters here, not prettiness.

Places and lengths are shares of the picture, so that one generator state gives the same scene at every size.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Literal, cast, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from actionunits.errors import UsageError

Float32 = NDArray[np.float32]

Scene = Literal["plain", "plaster", "bricks", "stripes", "curtain", "room", "lamps", "outdoors", "street"]
SCENES: tuple[Scene, ...] = get_args(Scene)
STUDIO_SCENES: tuple[Scene, ...] = ("plain", "plaster", "curtain")

BRIGHTEST = 6.0  # linear; a lamp that is seen directly

_COARSE = 96  # pixels that defocused scenes are painted in
_CHANCES = (0.22, 0.08, 0.05, 0.05, 0.08, 0.24, 0.08, 0.12, 0.08)  # of SCENES
_STUDIO_CHANCES = (0.75, 0.15, 0.10)  # of STUDIO_SCENES


def draw_scene(random: np.random.Generator, wild: float = 1.0) -> Scene:
    """Draw what kind of background it is; ``wild`` 0 gives studio walls only, 1 everything."""
    scenes, chances = (SCENES, _CHANCES) if random.random() < wild else (STUDIO_SCENES, _STUDIO_CHANCES)
    return scenes[int(random.choice(len(scenes), p=chances))]


def paint_background(random: np.random.Generator, size: int, scene: Scene | None = None) -> Float32:
    """Paint a background.

    Args:
        random: the source of chance.
        size: height and width in pixels.
        scene: what to paint; drawn when left out.

    Returns:
        (size, size, 3) linear RGB, 0 to :data:`BRIGHTEST`, under light of strength 1.

    Raises:
        UsageError: a scene that does not exist.
    """
    chosen = draw_scene(random) if scene is None else scene
    if chosen not in _PAINTERS:
        raise UsageError(f"scene={chosen}", "is not a background", f"Use one of {', '.join(SCENES)}")
    return np.clip(_PAINTERS[chosen](random, size), 0, np.float32(BRIGHTEST))


def _colour(random: np.random.Generator, low: float, high: float, chroma: float = 0.35) -> Float32:
    """Draw a linear colour whose brightness is spread evenly to the eye; mostly greyish, now and then vivid."""
    bright = random.uniform(low ** (1 / 2.2), high ** (1 / 2.2)) ** 2.2
    tint = np.exp(random.normal(0, 1, 3) * chroma * random.beta(1, 2))
    return np.asarray(np.clip(bright * tint / tint.mean(), 0.004, 0.95), np.float32)


def _grid(size: int) -> tuple[Float32, Float32]:
    """Return y (size, 1) and x (1, size), 0 to 1."""
    axis = np.asarray((np.arange(size) + 0.5) / size, np.float32)
    return axis[:, None], axis[None]


def _slope(random: np.random.Generator, size: int, strength: float) -> Float32:
    """Return (size, size, 1) a smooth fall of light over a wall, about 1 in the middle."""
    y, x = _grid(size)
    across, down = random.normal(0, strength, 2)
    centre_x, centre_y = random.uniform(-0.2, 1.2, 2)
    pool = random.beta(1, 2) * strength * 2
    width = random.uniform(0.3, 0.9)
    spot = np.exp(-((x - centre_x) ** 2 + (y - centre_y) ** 2) / (2 * width * width))
    light = (1 + across * (x - 0.5) + down * (y - 0.5)) * (1 - pool + 1.4 * pool * spot)
    return np.asarray(np.maximum(light, 0.05)[..., None], np.float32)


def _clouds(random: np.random.Generator, size: int, cells: tuple[int, ...], fade: float = 0.6) -> Float32:
    """Return (size, size) noise of several grain sizes, mean about 0, deviation about 1."""
    total = np.zeros((size, size), np.float32)
    weight, power = 1.0, 0.0
    for count in cells:
        coarse = random.standard_normal((count, count), np.float32)
        total += np.float32(weight) * cv2.resize(coarse, (size, size), interpolation=cv2.INTER_LINEAR)
        power += weight * weight * 0.45
        weight *= fade
    return np.asarray(total / np.float32(np.sqrt(power)), np.float32)


def _finished(picture: Float32, size: int, blur: float) -> Float32:
    """Defocus a coarse picture by ``blur`` (sigma, share of the picture) and bring it to size."""
    soft = cv2.GaussianBlur(picture, (0, 0), max(blur * len(picture), 0.6), borderType=cv2.BORDER_REPLICATE)
    return cast(Float32, cv2.resize(soft, (size, size), interpolation=cv2.INTER_LINEAR))


def _plain(random: np.random.Generator, size: int) -> Float32:
    """Paint a wall, a screen or a paper roll, evenly lit, in a pool of light or black."""
    dark = random.random() < 0.15
    colour = _colour(random, 0.004, 0.03) if dark else _colour(random, 0.05, 0.85)
    picture = colour * _slope(random, _COARSE, random.uniform(0.02, 0.4))
    if random.random() < 0.2:  # the subject's soft shadow
        y, x = _grid(_COARSE)
        centre, width = 0.5 + random.normal(0, 0.2), random.uniform(0.15, 0.3)
        shadow = np.exp(-(((x - centre) / width) ** 2) - (((y - 0.55) / 0.5) ** 2))
        picture *= (1 - random.uniform(0.1, 0.5) * shadow)[..., None]
    return cast(Float32, cv2.resize(picture, (size, size), interpolation=cv2.INTER_LINEAR))


def _plaster(random: np.random.Generator, size: int) -> Float32:
    """Paint plaster, concrete, carpet or a mottled photographer's cloth."""
    coarse = int(random.integers(2, 8))
    rough = _clouds(random, size, (coarse, coarse * 3, coarse * 9, coarse * 22), random.uniform(0.4, 0.9))
    colour = _colour(random, 0.03, 0.7)
    strength = random.uniform(0.03, 0.28)
    return np.asarray(colour * np.exp(strength * rough)[..., None] * _slope(random, size, 0.25), np.float32)


def _bricks(random: np.random.Generator, size: int) -> Float32:
    """Paint rows of bricks, tiles or planks."""
    rows = int(random.integers(5, 16))
    columns = max(2, round(rows / random.uniform(1.6, 4)))
    shift = random.choice([0.0, 0.5])
    shades = np.exp(random.normal(0, random.uniform(0.05, 0.3), (rows + 1, columns + 2, 1)))
    tints = np.exp(random.normal(0, 0.04, (rows + 1, columns + 2, 3)))
    stones = (_colour(random, 0.05, 0.6, 0.5) * shades * tints).astype(np.float32)
    mortar = _colour(random, 0.05, 0.6, 0.1)
    gap = random.uniform(0.03, 0.09)
    start_x, start_y = random.random(2)
    sharp = 2 * _COARSE
    y, x = _grid(sharp)
    along_y = y * rows + start_y
    row = np.floor(along_y).astype(int)
    along_x = x * columns + start_x + shift * (row % 2)
    column = np.floor(along_x).astype(int)
    edge_y = np.minimum(along_y % 1, 1 - along_y % 1) / rows
    edge_x = np.minimum(along_x % 1, 1 - along_x % 1) / columns
    edge = np.minimum(edge_y, edge_x) * rows
    joint = np.clip((gap - edge) * sharp / rows + 0.5, 0, 1)[..., None].astype(np.float32)
    wall = stones[np.minimum(row, rows), np.minimum(column, columns + 1)]
    wall = (wall * (1 - joint) + mortar * joint) * _slope(random, sharp, 0.3)
    return _finished(np.asarray(wall, np.float32), size, random.uniform(0.003, 0.012))


def _stripes(random: np.random.Generator, size: int) -> Float32:
    """Paint wallpaper, blinds or panels: bands along or across, of two or three colours."""
    bands = int(random.integers(4, 22))
    base = _colour(random, 0.06, 0.75)
    choice = np.stack([base, base * random.uniform(0.5, 0.9), 0.5 * base + 0.5 * _colour(random, 0.05, 0.8)])
    edges = np.cumsum(random.uniform(0.4, 1.6, bands))
    shades = choice[random.integers(0, len(choice), bands)].astype(np.float32)
    fine = (np.arange(4 * size) + 0.5) / (4 * size) * edges[-1]
    line = shades[np.minimum(np.searchsorted(edges, fine), bands - 1)].reshape(size, 4, 3).mean(1)
    upright = random.random() < 0.7
    picture = np.broadcast_to(line[None] if upright else line[:, None], (size, size, 3)) * _slope(random, size, 0.3)
    return cast(Float32, cv2.GaussianBlur(picture, (0, 0), size * random.uniform(0.002, 0.02)))


def _curtain(random: np.random.Generator, size: int) -> Float32:
    """Paint hanging cloth: folds that drift and fade."""
    sharp = 2 * _COARSE
    y, x = _grid(sharp)
    drift = cv2.resize(random.standard_normal((3, 5), np.float32), (sharp, sharp), interpolation=cv2.INTER_CUBIC)
    phase = 2 * np.pi * (x * random.uniform(4, 13) + 0.12 * drift * (0.3 + y))
    folds = np.sin(phase + 0.9 * np.sin(phase * 0.37 + 1)) + 0.4 * np.sin(2.3 * phase + 3 * drift)
    depth = random.uniform(0.1, 0.55)
    picture = _colour(random, 0.02, 0.6, 0.6) * np.exp(depth * folds)[..., None] * _slope(random, sharp, 0.25)
    return _finished(np.asarray(picture, np.float32), size, random.uniform(0.002, 0.012))


def _rectangle(picture: Float32, left: float, top: float, right: float, bottom: float, colour: Float32) -> None:
    scale = len(picture)
    corner = (round(left * scale), round(top * scale))
    other = (round(right * scale) - 1, round(bottom * scale) - 1)
    if other[0] >= corner[0] and other[1] >= corner[1]:
        cv2.rectangle(picture, corner, other, [float(value) for value in colour], -1)


def _room(random: np.random.Generator, size: int) -> Float32:
    """Paint a defocused indoor scene: a wall with some of window, shelf, pictures, door, furniture and lamp."""
    wall = _colour(random, 0.06, 0.75, 0.25)
    picture = np.asarray(wall * _slope(random, _COARSE, 0.35), np.float32)
    if random.random() < 0.3:  # the corner of the room
        corner = random.uniform(0, 1)
        picture[:, round(corner * _COARSE) :] *= np.float32(random.uniform(0.6, 0.9))
    for paint, chance in ((_door, 0.35), (_frames, 0.5), (_window, 0.5), (_shelf, 0.5), (_furniture, 0.8)):
        if random.random() < chance:
            paint(random, picture)
    if random.random() < 0.3:
        centre = (random.uniform(0, 1) * _COARSE, random.uniform(0, 0.5) * _COARSE)
        glow = np.asarray(random.uniform(1, 4) * np.array([1, 0.85, 0.6]), np.float32)
        _disc(picture, centre, random.uniform(0.02, 0.09) * _COARSE, glow)
    return _finished(picture, size, random.uniform(0.005, 0.04))


def _door(random: np.random.Generator, picture: Float32) -> None:
    left, width = random.uniform(-0.2, 0.9), random.uniform(0.2, 0.4)
    colour = _colour(random, 0.02, 0.7)
    _rectangle(picture, left - 0.02, 0.05, left + width + 0.02, 1, colour * np.float32(0.6))
    _rectangle(picture, left, 0.08, left + width, 1, colour)


def _frames(random: np.random.Generator, picture: Float32) -> None:
    for _ in range(int(random.integers(1, 5))):
        left, top = random.uniform(-0.1, 0.95), random.uniform(0, 0.6)
        width, height = random.uniform(0.08, 0.3, 2)
        _rectangle(picture, left, top, left + width, top + height, _colour(random, 0.01, 0.5))
        _rectangle(
            picture, left + 0.02, top + 0.02, left + width - 0.02, top + height - 0.02, _colour(random, 0.05, 0.8)
        )


def _window(random: np.random.Generator, picture: Float32) -> None:
    left, top = random.uniform(-0.3, 0.8), random.uniform(-0.3, 0.25)
    width, height = random.uniform(0.25, 0.7), random.uniform(0.4, 0.9)
    daylight = random.uniform(0.8, 3.5) * np.exp(random.normal([-0.08, 0, 0.08], 0.06))
    _rectangle(
        picture, left - 0.025, top - 0.025, left + width + 0.025, top + height + 0.025, _colour(random, 0.1, 0.8, 0.1)
    )
    panes = int(random.integers(1, 4))
    for pane in range(panes):
        start = left + width * pane / panes
        _rectangle(
            picture, start + 0.012, top, start + width / panes - 0.012, top + height, np.asarray(daylight, np.float32)
        )
        outside = top + height * random.uniform(0.5, 0.9)
        ground = np.asarray(daylight * random.uniform(0.2, 0.7) * np.array([0.8, 1, 0.7]), np.float32)
        _rectangle(picture, start + 0.012, outside, start + width / panes - 0.012, top + height, ground)


def _shelf(random: np.random.Generator, picture: Float32) -> None:
    left, width = random.uniform(-0.3, 0.8), random.uniform(0.25, 0.8)
    boards = np.arange(random.uniform(-0.1, 0.15), 1.1, random.uniform(0.14, 0.3))
    wood = _colour(random, 0.02, 0.6)
    _rectangle(picture, left, float(boards[0]), left + width, float(boards[-1]), wood * np.float32(0.35))
    for board, following in pairwise(boards):
        place = left
        while place < left + width:
            thick = random.uniform(0.012, 0.06)
            if random.random() < 0.85:
                height = (following - board) * random.uniform(0.5, 0.9)
                _rectangle(
                    picture, place, following - height, place + thick, following, _colour(random, 0.01, 0.5, 0.5)
                )
            place += thick
        _rectangle(picture, left, following - 0.015, left + width, following + 0.01, wood)


def _furniture(random: np.random.Generator, picture: Float32) -> None:
    for _ in range(int(random.integers(1, 5))):
        centre = (round(random.uniform(0, 1) * _COARSE), round(random.uniform(0.5, 1.05) * _COARSE))
        axes = (round(random.uniform(0.06, 0.3) * _COARSE), round(random.uniform(0.06, 0.3) * _COARSE))
        colour = [float(value) for value in _colour(random, 0.008, 0.5, 0.6)]
        if random.random() < 0.5:
            cv2.ellipse(picture, centre, axes, float(random.uniform(-15, 15)), 0, 360, colour, -1)
        else:
            cv2.rectangle(
                picture, (centre[0] - axes[0], centre[1] - axes[1]), (centre[0] + axes[0], _COARSE), colour, -1
            )


def _disc(picture: Float32, centre: tuple[float, float], radius: float, light: Float32) -> None:
    """Add one out-of-focus light to the picture, a little brighter at its rim."""
    reach = int(radius + 2)
    left, top = max(int(centre[0]) - reach, 0), max(int(centre[1]) - reach, 0)
    part = picture[top : int(centre[1]) + reach + 1, left : int(centre[0]) + reach + 1]
    if not part.size:
        return
    y = np.arange(top, top + part.shape[0], dtype=np.float32)[:, None] - np.float32(centre[1])
    x = np.arange(left, left + part.shape[1], dtype=np.float32)[None] - np.float32(centre[0])
    away = np.sqrt(x * x + y * y)
    cover = np.clip(np.float32(radius) - away + 0.5, 0, 1) * (0.8 + 0.2 * away / np.float32(radius))
    part += cover[..., None] * light


def _lamps(random: np.random.Generator, size: int) -> Float32:
    """Paint a dim place full of lights far out of focus."""
    picture = np.asarray(_colour(random, 0.005, 0.12) * _slope(random, 2 * _COARSE, 0.4), np.float32)
    picture *= np.exp(0.5 * _clouds(random, 2 * _COARSE, (3, 6)))[..., None]
    radius = random.uniform(0.015, 0.06) * 2 * _COARSE
    for _ in range(int(random.integers(6, 36))):
        centre = random.uniform(0, 2 * _COARSE, 2)
        light = random.gamma(1.2, 0.35) * np.exp(random.normal([0.3, 0, -0.5], [0.3, 0.15, 0.5]))
        _disc(picture, (centre[0], centre[1] * 0.8), radius * random.uniform(0.8, 1.15), np.asarray(light, np.float32))
    return _finished(picture, size, 0.003)


def _sky(random: np.random.Generator, size: int) -> Float32:
    """Return (size, size, 3) a sky: clear, hazy or overcast, brighter towards the horizon."""
    y, _ = _grid(size)
    blue = random.uniform(0, 1)
    high = random.uniform(0.4, 1.4) * np.array([1 - 0.65 * blue, 1 - 0.35 * blue, 1.0])
    low = random.uniform(0.8, 1.8) * np.array([1.0, 1 - 0.02 * blue, 1 - random.uniform(-0.1, 0.3)])
    rows = (high + (low - high) * np.minimum(1.3 * y, 1)).astype(np.float32)[:, None]  # (size, 1, 3)
    cover = np.clip(0.5 * _clouds(random, size, (2, 5, 9)) + random.uniform(-0.4, 0.3), 0, 1)[..., None]
    return np.asarray(rows * (1 - cover) + low.mean() * cover, np.float32)


def _outdoors(random: np.random.Generator, size: int) -> Float32:
    """Paint sky, defocused foliage and ground."""
    sharp = 2 * _COARSE
    picture = _sky(random, sharp)
    y, x = _grid(sharp)
    green = _colour(random, 0.03, 0.16, 0.1) * np.exp(random.normal([-0.1, 0.12, -0.5], 0.15))
    leaves = _clouds(random, sharp, (5, 12, 26, 50), 0.85)
    foliage = np.asarray(green, np.float32) * np.exp(0.7 * leaves)[..., None]
    outline = _clouds(random, sharp, (3, 7, 18), 0.5)
    edge = random.uniform(-0.35, 0.75)
    cover = np.clip(12 * (y - edge + 0.16 * outline) + 0.5, 0, 1)[..., None]
    picture = picture * (1 - cover) + foliage * cover
    if random.random() < 0.5:  # lawn, path or sand
        start = random.uniform(0.55, 0.95)
        ground = _colour(random, 0.05, 0.4, 0.2) * np.exp([-0.05, 0.12, -0.35]) * np.exp(0.2 * leaves)[..., None]
        shore = np.clip((y - start + 0.05 * (x - 0.5)) * 40, 0, 1)[..., None]
        picture = picture * (1 - shore) + ground * shore
    return _finished(np.asarray(picture, np.float32), size, random.uniform(0.003, 0.025))


def _street(random: np.random.Generator, size: int) -> Float32:
    """Paint house fronts with rows of windows under a sky."""
    picture = np.ascontiguousarray(_sky(random, _COARSE))
    place = -random.uniform(0, 0.3)
    while place < 1:
        width, top = random.uniform(0.2, 0.6), random.uniform(-0.3, 0.55)
        front = _colour(random, 0.03, 0.6, 0.3)
        glass = _colour(random, 0.01, 0.5, 0.2)
        _rectangle(picture, place, top, place + width, 1, front)
        pitch_x, pitch_y = random.uniform(0.07, 0.16), random.uniform(0.1, 0.2)
        for row in np.arange(top + 0.05, 1, pitch_y):
            for column in np.arange(place + 0.03, place + width - 0.05, pitch_x):
                lit = np.float32(random.uniform(0.6, 1.5))
                _rectangle(picture, column, row, column + 0.55 * pitch_x, row + 0.6 * pitch_y, glass * lit)
        place += width
    _rectangle(picture, 0, random.uniform(0.75, 1), 1, 1, _colour(random, 0.03, 0.3, 0.1))
    return _finished(picture, size, random.uniform(0.006, 0.03))


_PAINTERS: dict[Scene, Callable[[np.random.Generator, int], Float32]] = {
    "plain": _plain,
    "plaster": _plaster,
    "bricks": _bricks,
    "stripes": _stripes,
    "curtain": _curtain,
    "room": _room,
    "lamps": _lamps,
    "outdoors": _outdoors,
    "street": _street,
}
