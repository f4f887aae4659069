"""Timelines as compact text: a byte a value, in base64, thinned where a recording is long, without losing a peak."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actionunits.report.rows import PersonRows, Recording

STEPS = 250
"""How many steps there are from 0 to the greatest value."""
MISSING = 255

_MOST_BYTES = 3_000_000  # of all timelines of a report
_MOST_FRAMES = 200_000  # whose times are kept one by one


def encoded(values: NDArray[Any], kind: str) -> str:
    """An array as base64 of its bytes, little-endian; ``kind`` is NumPy's, such as ``<f8``."""
    return base64.b64encode(np.ascontiguousarray(values, kind).tobytes()).decode("ascii")


def frame_times(recording: Recording) -> dict[str, str]:
    """Numbers and times of the frames that one can step through: all of them, or evenly fewer where there are many."""
    step = -(-len(recording.times) // _MOST_FRAMES) or 1
    return {"times": encoded(recording.times[::step], "<f8"), "numbers": encoded(recording.frames[::step], "<i4")}


def timelines(recording: Recording) -> list[dict[str, Any]]:
    """For each person the times of the points, and the points of each action unit.

    Returns:
        ``x``: float32 seconds; ``y``: for each action unit bytes, 0 to :data:`STEPS` of the greatest value (5, or 1
        for probabilities), or :data:`MISSING`, where the line breaks.
    """
    total = sum(person.strength.size for person in recording.people)
    bin_size = -(-2 * total // _MOST_BYTES) if total > _MOST_BYTES else 1
    most = np.where(recording.graded, 5.0, 1.0)[:, None]  # (A, 1)
    drawn = []
    for person in recording.people:
        times, values = _with_breaks(recording, person)
        times, values = thinned(times, values, bin_size)
        known = ~np.isnan(values)
        steps = np.where(known, np.clip(np.rint(np.where(known, values, 0) / most * STEPS), 0, STEPS), MISSING)
        drawn.append({"x": encoded(times, "<f4"), "y": [encoded(row, "u1") for row in steps]})
    return drawn


def thinned(
    times: NDArray[np.float64], values: NDArray[np.floating[Any]], bin_size: int
) -> tuple[NDArray[np.float64], NDArray[np.floating[Any]]]:
    """Two points for every so many: the least and the greatest of each line, in the order in which they come.

    Args:
        times: (n,), seconds.
        values: (A, n), NaN where unknown.
        bin_size: points that become two; up to 2 changes nothing.

    Returns:
        Times (m,) and values (A, m) with m about 2 n / bin_size; the times are those of a bin's first and middle point.
    """
    if bin_size <= 2 or len(times) <= bin_size:
        return times, values
    count = -(-len(times) // bin_size)
    missing = count * bin_size - len(times)
    padded = np.pad(values, ((0, 0), (0, missing)), constant_values=np.nan)
    bins = padded.reshape(len(values), count, bin_size)  # (A, count, bin_size)
    known = ~np.isnan(bins)
    low = np.where(known, bins, np.inf).argmin(axis=2)
    high = np.where(known, bins, -np.inf).argmax(axis=2)
    picked = np.sort(np.stack([low, high], axis=2), axis=2)  # (A, count, 2) in the order in which they come
    points = np.take_along_axis(bins, picked, axis=2).reshape(len(values), -1)
    firsts = np.arange(count) * bin_size
    middles = np.minimum(firsts + bin_size // 2, len(times) - 1)
    return times[np.stack([firsts, middles], axis=1).ravel()], points


def _with_breaks(recording: Recording, person: PersonRows) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Times (n,) and strengths (A, n), with an empty point wherever the person is not seen for a while."""
    gaps = np.flatnonzero(np.diff(person.place) > 1) + 1
    ends = recording.times[person.place] + recording.lasting[person.place]
    times = np.insert(recording.times[person.place], gaps, ends[gaps - 1])
    return times, np.insert(person.strength, gaps, np.nan, axis=1)
