"""Pictures to look at: every action unit on several people, random mixes, a strip of a sequence, close-ups, a clip."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import count, islice
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from actionunits.errors import UsageError
from actionunits.media import VideoWriter
from actionunits.synth.action_units import AUS
from actionunits.synth.camera import Camera
from actionunits.synth.filming import FPS, Take, film, shoot
from actionunits.synth.people import draw_traits
from actionunits.synth.performance import Levels, Moment
from actionunits.synth.presets import get_preset
from actionunits.synth.sequence import still_moments
from actionunits.synth.sets import SetRecipe
from actionunits.synth.setting import draw_setting
from actionunits.synth.subject import Subject, build_subject
from actionunits.viz.text import line_height, shortened, text_ink

Picture = NDArray[np.uint8]
SheetKind = Literal["aus", "people", "mixes", "strip", "closeups", "manners"]
SHEETS: tuple[SheetKind, ...] = get_args(SheetKind)
MOST_LEVEL = 5.0

_LETTERS = 12  # pixels
_COLUMNS = 8
_CLOSE = Camera(view=20, face_share=0.82)
_PEOPLE = 4  # identities on the sheet of action units
_CLOSEUPS: tuple[Levels, ...] = tuple(
    {au: (level, level) for au, level in levels.items()}
    for levels in (
        {6: 4.0, 12: 4.0, 25: 3.0},
        {1: 4.0, 4: 4.0, 15: 3.0, 17: 2.0},
        {4: 5.0, 7: 3.0, 24: 3.0},
        {1: 4.0, 2: 4.0, 5: 3.0, 26: 3.0},
        {9: 4.0, 10: 3.0},
        {},
    )
)
_MANNERS: tuple[Levels, ...] = tuple(
    {au: (level, level) for au, level in levels.items()}
    for levels in ({}, {12: 2.0}, {12: 4.0}, {6: 3.0, 12: 4.0, 25: 3.0}, {4: 4.0}, {17: 4.0}, {20: 3.0})
)


@dataclass(frozen=True)
class Tile:
    """A picture on a sheet, with a line of text above it."""

    text: str
    rgb: Picture


def make_sheet(kind: SheetKind, *, seed: int = 0, size: int | None = None) -> Picture:
    """Render a sheet.

    Args:
        kind: ``"aus"``: every action unit at its highest level on four people, in two blocks that begin with the
            neutral face; ``"people"``: 48 neutral people, a whole deck; ``"mixes"``: random expressions, cameras and
            lights; ``"strip"``: four seconds of a sequence; ``"closeups"``: six faces, large; ``"manners"``: people who
            each move in a manner of their own, a row each.
        seed: of the people and everything else.
        size: of one picture in pixels; None for what suits the sheet.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        UsageError: there is no such sheet, or the size is out of range.
    """
    makers = {
        "aus": _aus, "people": _people, "mixes": _mixes, "strip": _strip, "closeups": _closeups, "manners": _manners,
    }  # fmt: skip
    if kind not in makers:
        raise UsageError(f"--kind {kind}", "there is no such sheet", f"Use {', '.join(SHEETS)}")
    pixels = size or {"aus": 144, "people": 160, "mixes": 192, "strip": 160, "closeups": 512, "manners": 192}[kind]
    recipe = SetRecipe(seed=seed, size=pixels)  # checks both
    columns = {"aus": 1 + (len(AUS) + 1) // 2, "strip": 10, "closeups": 3, "manners": len(_MANNERS)}.get(kind, _COLUMNS)
    return lay_out(makers[kind](recipe), columns)


def lay_out(tiles: Iterable[Tile], columns: int) -> Picture:
    """Lay tiles out in rows, each with its text above.

    Args:
        tiles: of one size; at least one.
        columns: pictures a row.
    """
    shown = list(tiles)
    height, width = shown[0].rgb.shape[:2]
    band = line_height(_LETTERS)
    rows = -(-len(shown) // columns)
    sheet = np.full((rows * (height + band), columns * width, 3), 255, np.uint8)
    for place, tile in enumerate(shown):
        row, column = divmod(place, columns)
        top, left = row * (height + band), column * width
        sheet[top + band : top + band + height, left : left + width] = tile.rgb
        ink = text_ink(shortened(tile.text, _LETTERS, width - 4), _LETTERS)
        sheet[top : top + band, left + 2 : left + 2 + ink.shape[1]] -= ink[..., None]
    return sheet


def describe(levels: Levels, least: float = 0.5) -> str:
    """Write levels in a line, as ``1:3 12L:2``; L and R mark one-sided ones."""
    parts = []
    for au, (left, right) in sorted(levels.items()):
        if max(left, right) < least:
            continue
        side = "L" if right < least else "R" if left < least else ""
        parts.append(f"{au}{side}:{max(left, right):.0f}")
    return " ".join(parts) or "neutral"


def write_clip(
    path: Path, *, seconds: float = 5.0, size: int = 320, seed: int = 0, subject: int = 0, preset: str = "uniform"
) -> Iterator[Take]:
    """Render a performance into a video at 25 frames a second; yields each frame as it is written.

    Args:
        path: ``.mp4``, ``.mov`` or ``.m4v``.
        seconds: how long, above 0.
        size: width and height, pixels.
        seed: of the subject and the performance.
        subject: which of the seed's subjects.
        preset: base rates.

    Raises:
        UsageError: a number is out of range, or the suffix is no video's.
        MediaError: the file cannot be written.
    """
    if not 0 < seconds <= 3600:
        raise UsageError(f"seconds={seconds}", "it is out of range", "Use more than 0, at most 3600")
    frames = max(1, round(seconds * FPS))
    recipe = SetRecipe(seed=seed, size=size, preset=preset, frames=frames, sequence_frames=frames, every=1)
    with VideoWriter(path, width=size, height=size, time_base=Fraction(1, 25_000), rate_hint=FPS) as writer:
        for take in film(build_subject(seed, subject), recipe, 0, frames):
            writer.write(take.picture.rgb, take.moment.timestamp)
            yield take


@lru_cache(maxsize=8)
def _person(seed: int, index: int) -> Subject:
    return build_subject(seed, index)


def _in_studio(person: Subject, levels: Levels, size: int) -> Picture:
    random = np.random.default_rng([person.traits.seed, person.traits.index])
    setting = replace(draw_setting(random, wild=0), camera=_CLOSE)
    return shoot(person, Moment(levels=levels), setting, size, random).picture.rgb


def _bare_faces(seed: int) -> Iterator[int]:
    """Yield the numbers of people with neither glasses nor beard nor headgear."""
    for index in count():
        one = draw_traits(seed, index)
        if one.glasses == one.cap == "none" and one.beard in ("none", "stubble") and one.fringe in ("none", "swept"):
            yield index


def _aus(recipe: SetRecipe) -> Iterator[Tile]:
    half = (len(AUS) + 1) // 2
    shown = list(islice(_bare_faces(recipe.seed), _PEOPLE))
    for block in (AUS[:half], AUS[half:]):
        for index in shown:
            person = _person(recipe.seed, index)
            yield Tile(f"{person.traits.name} neutral", _in_studio(person, {}, recipe.size))
            for au in block:
                levels = {au: (MOST_LEVEL, 0.0 if au == 30 else MOST_LEVEL)}
                yield Tile(f"AU{au}", _in_studio(person, levels, recipe.size))
            for _ in range(half - len(block)):
                yield Tile("", np.full((recipe.size, recipe.size, 3), 255, np.uint8))


def _people(recipe: SetRecipe) -> Iterator[Tile]:
    for index in range(48):
        person = build_subject(recipe.seed, index)
        yield Tile(person.traits.name, _in_studio(person, {}, recipe.size))


def _mixes(recipe: SetRecipe) -> Iterator[Tile]:
    preset = get_preset(recipe.preset)
    for index in range(20):
        person = build_subject(recipe.seed, index)
        random = np.random.default_rng([recipe.seed, index, 1])
        for moment in still_moments(random, preset, 2):
            setting = draw_setting(random)
            take = shoot(person, moment, setting, recipe.size, random)
            yield Tile(describe(_seen(take)), take.picture.rgb)


def _strip(recipe: SetRecipe) -> Iterator[Tile]:
    for take in film(_person(recipe.seed, 3), recipe, 0, 20):
        yield Tile(f"{take.moment.timestamp:.1f} s {describe(_seen(take))}", take.picture.rgb)


def _seen(take: Take) -> Levels:
    """The labels of a picture: what is visible, not what was commanded."""
    return {au: (float(take.labels.left[au]), float(take.labels.right[au])) for au in take.labels.intensity}


def _closeups(recipe: SetRecipe) -> Iterator[Tile]:
    for index, levels in zip(_bare_faces(recipe.seed), _CLOSEUPS, strict=False):
        person = _person(recipe.seed, index)
        yield Tile(f"{person.traits.name} {describe(levels)}", _in_studio(person, levels, recipe.size))


def _manners(recipe: SetRecipe) -> Iterator[Tile]:
    for index in islice(_bare_faces(recipe.seed), _PEOPLE + 2):
        person = build_subject(recipe.seed, index, variety=1)
        for levels in _MANNERS:
            yield Tile(f"{person.traits.name} {describe(levels)}", _in_studio(person, levels, recipe.size))
