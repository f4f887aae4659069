"""Performances: expressions that rise and fall in time, blinks, speech, and how head and eyes move meanwhile.

Time is cut into spans of 0.9 s and more; each span's expression is one draw of :mod:`actionunits.synth.sampler`, so the
share of frames that show an AU follows the preset's rates. At a boundary every AU moves from its old level to its new
one along a raised cosine, and an AU that opposes a coming one has left before that one starts.

Head, gaze, blinks and speech have generators of their own: nothing but the face tells which AUs are drawn.
"""

from __future__ import annotations

import dataclasses
import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from actionunits.errors import UsageError
from actionunits.faces.face import Pose
from actionunits.synth.performance import Moment
from actionunits.synth.presets import (
    AUS,
    MAX_LEVEL,
    PAUSE_SECONDS,
    SYLLABLES,
    SYLLABLES_PER_SECOND,
    TALK_SECONDS,
    Preset,
)
from actionunits.synth.sampler import draw_expression, opponents

Float64 = NDArray[np.float64]

TRACKS = (*AUS, 45)
POSE_LIMITS = (25.0, 45.0, 20.0)
"""Largest head (pitch, yaw, roll) either way, degrees."""
GAZE_LIMITS = (15.0, 25.0)
"""Largest gaze (pitch, yaw) either way relative to the head, degrees."""

ONSET, APEX, OFFSET = (0.2, 0.9), (0.2, 1.6), (0.3, 1.4)  # seconds
_OVERLAP = 0.8  # of onset and offset count towards a span: neighbours overlap by the rest
_SHORTEST_SPAN = 0.9
_BURN_IN = 8.0
_JITTER = 0.08  # seconds, standard deviation between AUs of one expression; cut at twice that
_LIDS = 0.4  # closing eyes (43) take this part of other AUs' time
_SHORTEST_LIDS = 0.15
_TREMOR, _TREMOR_SECONDS = 0.025, 0.5
_FAINT = 0.01  # lower levels count as none

_BLINK_SECONDS, _BLINK_CLOSING, _BLINK_PEAK = (0.2, 0.35), 0.36, (4.0, 5.0)
_BLINK_APART = 1.0

_HEAD_SECONDS, _HEAD_SMOOTHING = 1.6, 0.7
_NOD_HERTZ, _NOD_SECONDS, _NOD_DEGREES = (1.5, 3.0), (0.7, 1.5), (2.0, 6.0)

_FIXATION_SECONDS, _SACCADE_SECONDS = (0.2, 0.7), 0.05  # a fixation lasts the first plus an exponential of the second
_AT_CAMERA = 0.6  # share of fixations near the camera
_COMPENSATION = (0.4, 0.95)  # part of the head's turn that the eyes take back


def draw_sequence(
    random: np.random.Generator, preset: Preset, frames: int, fps: float = 25.0, every: int = 1
) -> list[Moment]:
    """Draw a performance.

    Args:
        random: where chance comes from; its bit generator must be able to spawn, as that of ``default_rng`` is.
        preset: statistics to follow.
        frames: how many moments to return, at least 1.
        fps: frames per second of the performance.
        every: keep each ``every``-th frame, beginning with the first.

    Returns:
        ``frames`` moments with timestamps ``i * every / fps``.

    Raises:
        UsageError: ``frames`` or ``every`` below 1, or ``fps`` that is not a positive number.
    """
    _check_count("frames", frames)
    _check_count("every", every)
    if not (math.isfinite(fps) and fps > 0):
        raise UsageError(f"fps={fps}", "not a positive number", "Give frames per second, such as 25")
    total = (frames - 1) * every + 1
    times = np.arange(total) / fps
    face, voice, lids, head, eyes = random.spawn(5)
    levels = _expressions(face, preset, times)
    _talk(voice, preset, times, levels)
    _blink(lids, preset, times, levels)
    poses = _head(head, preset, total, fps)
    gazes = _gaze(eyes, preset, times, poses)
    return [_moment(times[at], levels[at], poses[at], gazes[at]) for at in range(0, total, every)]


def still_moments(random: np.random.Generator, preset: Preset, count: int) -> list[Moment]:
    """Draw moments that have nothing to do with each other, at timestamp 0 and without blinks or speech.

    Args:
        random: where chance comes from; its bit generator must be able to spawn.
        preset: statistics to follow.
        count: how many, at least 1.

    Raises:
        UsageError: ``count`` below 1.
    """
    _check_count("count", count)
    face, head, eyes = random.spawn(3)
    spread = np.hypot(preset.pose_spread, preset.pose_motion)
    poses = _limit(head.normal(0, spread, (count, 3)), POSE_LIMITS)
    looks = _targets(eyes, preset, count) - eyes.uniform(*_COMPENSATION, (count, 1)) * poses[:, :2]
    gazes = _limit(looks, GAZE_LIMITS)
    moments = []
    for pose, gaze in zip(poses, gazes, strict=True):
        expression = draw_expression(face, preset)
        moments.append(Moment(0.0, expression, _pose(pose), (float(gaze[0]), float(gaze[1]))))
    return moments


def _check_count(name: str, value: int) -> None:
    if value < 1:
        raise UsageError(f"{name}={value}", "less than 1", "Give a whole number from 1")


def _pose(angles: Float64) -> Pose:
    pitch, yaw, roll = (float(angle) for angle in angles)
    return Pose(pitch=pitch, yaw=yaw, roll=roll)


def _moment(time: float, levels: Float64, pose: Float64, gaze: Float64) -> Moment:
    shown = np.flatnonzero(levels.max(axis=1) > 0)
    expression = {TRACKS[track]: (float(levels[track, 0]), float(levels[track, 1])) for track in shown}
    return Moment(float(time), expression, _pose(pose), (float(gaze[0]), float(gaze[1])))


def _limit(angles: Float64, limits: tuple[float, ...]) -> Float64:
    """Bend angles (..., n) smoothly so that they stay within the n limits."""
    bound = np.array(limits)
    limited: Float64 = bound * np.tanh(angles / bound)
    return limited


def _rise(times: Float64, start: float, length: float) -> Float64:
    """Raised cosine from 0 at ``start`` to 1 at ``start + length``."""
    part = np.clip((times - start) / length, 0, 1)
    risen: Float64 = 0.5 - 0.5 * np.cos(np.pi * part)
    return risen


# ---- expressions -----------------------------------------------------------------------------------------------------

_OPPONENTS = tuple(np.array([TRACKS.index(au) for au in sorted(opponents(one))], dtype=np.intp) for one in TRACKS)


def spoken_rates(preset: Preset) -> dict[int, float]:
    """Return, per AU that speech moves, about the share of frames in which speech alone makes it present."""
    talk, pause = sum(TALK_SECONDS), sum(PAUSE_SECONDS)
    total = sum(syllable.weight for syllable in SYLLABLES)
    shares: dict[int, float] = {}
    for syllable in SYLLABLES:
        for au, (least, most) in syllable.levels.items():
            peaks = np.maximum(np.linspace(least, most, 101), preset.threshold)
            above = 1 - np.arccos(1 - 2 * preset.threshold / peaks) / np.pi  # of the syllable's raised cosine
            free = math.prod(1 - preset.rates.get(other, 0.0) for other in opponents(au))
            shares[au] = shares.get(au, 0.0) + syllable.weight / total * float(above.mean()) * free
    return {au: share * preset.speech * talk / (talk + pause) for au, share in shares.items()}


@lru_cache(maxsize=32)
def _silent(preset: Preset) -> Preset:
    """The preset whose expressions, with this one's speech on top, have this one's rates."""
    spoken = spoken_rates(preset)
    rates = {au: max(0.0, 1 - (1 - rate) / (1 - spoken.get(au, 0.0))) for au, rate in preset.rates.items()}
    return dataclasses.replace(preset, rates=rates)


def _expressions(random: np.random.Generator, preset: Preset, times: Float64) -> Float64:
    """Levels of all tracks at all times, (n, tracks, 2)."""
    silent = _silent(preset)
    levels = np.zeros((len(times), len(TRACKS), 2))
    held = np.zeros((len(TRACKS), 2))
    ended = np.full(len(TRACKS), -np.inf)  # when each track's latest movement ends
    boundary = -_BURN_IN - random.uniform(0, 3)
    offset = random.uniform(*OFFSET)
    while boundary < times[-1] + 2 * OFFSET[1]:
        coming = np.zeros_like(held)
        for au, sides in draw_expression(random, silent).items():
            coming[TRACKS.index(au)] = sides
        onset, apex, next_offset = random.uniform(*ONSET), random.uniform(*APEX), random.uniform(*OFFSET)
        moving = np.flatnonzero((held != coming).any(axis=1))
        appearing = held[moving].max(axis=1) == 0
        for track in (*moving[~appearing], *moving[appearing]):  # what leaves makes way first
            growing = coming[track].max() > held[track].max()
            length = _length(random, int(track), (onset, ONSET[0]) if growing else (offset, OFFSET[0]))
            start = _start(random, int(track), boundary, length, held, coming, preset.threshold)
            blocked = _OPPONENTS[track] if held[track].max() == 0 else _OPPONENTS[track][:0]
            start = max(start, ended[track], *ended[blocked])
            ended[track] = start + length
            _move(levels[:, track], times, start, length, held[track], coming[track])
        held, offset = coming, next_offset
        boundary += max(_OVERLAP * (onset + offset) + apex, _SHORTEST_SPAN)
    levels *= 1 + _tremor(random, len(times), times)[:, :, None]
    levels[levels < _FAINT] = 0
    return np.minimum(levels, MAX_LEVEL)


def _length(random: np.random.Generator, track: int, slowest_and_least: tuple[float, float]) -> float:
    slowest, least = slowest_and_least
    length = max(slowest * random.uniform(0.7, 1.0), least)
    return max(length * _LIDS, _SHORTEST_LIDS) if TRACKS[track] == 43 else length


def _start(
    random: np.random.Generator,
    track: int,
    boundary: float,
    length: float,
    held: Float64,
    coming: Float64,
    threshold: float,
) -> float:
    """When a movement starts: such that it passes the threshold, or else its middle, at the boundary."""
    before, after = float(held[track].max()), float(coming[track].max())
    passed = 0.5
    if (before < threshold) != (after < threshold):
        passed = math.acos(1 - 2 * (threshold - before) / (after - before)) / math.pi
    jitter = float(np.clip(random.normal(0, _JITTER), -2 * _JITTER, 2 * _JITTER))
    if TRACKS[track] == 43:
        jitter = 0.0
    makes_way = after == 0 and bool(coming[_OPPONENTS[track]].any())
    return boundary - length if makes_way else boundary + jitter - passed * length


def _move(levels: Float64, times: Float64, start: float, length: float, before: Float64, after: Float64) -> None:
    first, last = np.searchsorted(times, (start, start + length))
    levels[first:last] = before + (after - before) * _rise(times[first:last], start, length)[:, None]
    levels[last:] = after


def _tremor(random: np.random.Generator, count: int, times: Float64) -> Float64:
    """Slow relative wavering of every track, (n, tracks)."""
    step = times[1] - times[0] if count > 1 else 1.0
    return _wander(random, count, np.full(len(TRACKS), _TREMOR), _TREMOR_SECONDS / step, _TREMOR_SECONDS / step)


# ---- speech and blinks -----------------------------------------------------------------------------------------------


def _talk(random: np.random.Generator, preset: Preset, times: Float64, levels: Float64) -> None:
    """Add speech to ``levels`` (n, tracks, 2), except where an expression holds the mouth another way."""
    if random.random() >= preset.speech:
        return
    weights = np.cumsum([syllable.weight for syllable in SYLLABLES])
    time = -random.uniform(0, 3 * (TALK_SECONDS[1] + PAUSE_SECONDS[1]))
    while time < times[-1]:
        silence = time + random.uniform(*TALK_SECONDS)
        pace = random.uniform(*SYLLABLES_PER_SECOND)
        while time < silence:
            syllable = SYLLABLES[int(np.searchsorted(weights, random.random() * weights[-1], side="right"))]
            slowest, fastest = (1 / limit for limit in SYLLABLES_PER_SECOND)
            length = float(np.clip(random.uniform(0.8, 1.25) / pace, fastest, slowest))
            first, last = np.searchsorted(times, (time, time + length))
            shape = np.sin(np.pi * (times[first:last] - time) / length) ** 2
            for au, (least, most) in syllable.levels.items():
                track = TRACKS.index(au)
                peak = random.uniform(least, most)
                if not levels[first:last, _OPPONENTS[track]].any():
                    np.maximum(levels[first:last, track], peak * shape[:, None], out=levels[first:last, track])
            time += length
        time = silence + random.uniform(*PAUSE_SECONDS)
    levels[levels < _FAINT] = 0


def _blink(random: np.random.Generator, preset: Preset, times: Float64, levels: Float64) -> None:
    """Add blinks to ``levels`` (n, tracks, 2), except while the eyes are closed anyway."""
    track, closed = TRACKS.index(45), TRACKS.index(43)
    pause = 60 / random.uniform(*preset.blinks) - _BLINK_APART
    time = -random.exponential(pause)
    while time < times[-1]:
        length, peak = random.uniform(*_BLINK_SECONDS), random.uniform(*_BLINK_PEAK)
        first, last = np.searchsorted(times, (time, time + length))
        span = times[first:last]
        shut = time + _BLINK_CLOSING * length
        profile = np.minimum(_rise(span, time, shut - time), 1 - _rise(span, shut, time + length - shut))
        if not levels[first:last, closed].any():
            levels[first:last, track] = peak * profile[:, None]
        time += _BLINK_APART + random.exponential(pause)
    levels[:, track][levels[:, track] < _FAINT] = 0


# ---- head and eyes ---------------------------------------------------------------------------------------------------


def _wander(random: np.random.Generator, count: int, spread: Float64, memory: float, smoothing: float) -> Float64:
    """Smoothed Ornstein-Uhlenbeck processes, (count, k), of k standard deviations; the times are in frames."""
    window = np.hanning(2 * max(int(smoothing / 2), 1) + 1)
    window = window[window > 0] / window.sum()
    keep = math.exp(-1 / memory)
    noise = random.standard_normal((count + len(window) - 1, len(spread)))
    noise[1:] *= math.sqrt(1 - keep * keep)
    path = lfilter([1.0], [1.0, -keep], noise, axis=0)
    smooth = lfilter(window, [1.0], path, axis=0)[len(window) - 1 :]
    wandering: Float64 = smooth * spread
    return wandering


def _head(random: np.random.Generator, preset: Preset, count: int, fps: float) -> Float64:
    """(pitch, yaw, roll) in degrees of every frame, (n, 3)."""
    centre = random.normal(0, preset.pose_spread)
    angles = centre + _wander(random, count, np.array(preset.pose_motion), _HEAD_SECONDS * fps, _HEAD_SMOOTHING * fps)
    times = np.arange(count) / fps
    time = -_NOD_SECONDS[1]
    while preset.gestures > 0:
        time += random.exponential(60 / preset.gestures)
        if time >= times[-1]:
            break
        axis = int(random.random() < 0.5)  # a nod or a shake
        length = random.uniform(*_NOD_SECONDS)
        first, last = np.searchsorted(times, (time, time + length))
        since = times[first:last] - time
        swing = np.sin(2 * np.pi * random.uniform(*_NOD_HERTZ) * since) * np.sin(np.pi * since / length) ** 2
        angles[first:last, axis] += random.uniform(*_NOD_DEGREES) * swing
        time += length
    return _limit(angles, POSE_LIMITS)


def _targets(random: np.random.Generator, preset: Preset, count: int) -> Float64:
    """What the eyes look at, (count, 2): pitch and yaw from the camera, degrees."""
    near = np.where(random.random(count) < _AT_CAMERA, 0.25, 1.0)
    targets: Float64 = random.normal(0, preset.gaze_spread, (count, 2)) * near[:, None]
    return targets


def _gaze(random: np.random.Generator, preset: Preset, times: Float64, poses: Float64) -> Float64:
    """(pitch, yaw) of the eyes relative to the head in degrees, (n, 2): fixations with saccades between."""
    shortest, mean_rest = _FIXATION_SECONDS
    count = int(times[-1] / (shortest + mean_rest) * 2) + 30  # more than enough
    starts = np.cumsum(shortest + random.exponential(mean_rest, count))
    starts -= starts[0] + random.uniform(0, shortest + mean_rest)
    targets = _targets(random, preset, count)
    knots = np.stack((starts, starts + _SACCADE_SECONDS), axis=1).ravel()
    before = np.concatenate((targets[:1], targets[:-1]))
    values = np.stack((before, targets), axis=1).reshape(-1, 2)
    looks = np.stack([np.interp(times, knots, values[:, axis]) for axis in range(2)], axis=1)
    return _limit(looks - random.uniform(*_COMPENSATION) * poses[:, :2], GAZE_LIMITS)
