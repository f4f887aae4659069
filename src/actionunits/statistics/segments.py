"""How long action units last: runs of frames from onset to offset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Segments:
    """The segments of one action unit; S of them.

    Attributes:
        frames: (S,) int64, frames in each.
        seconds: (S,) float64, how long each lasts.
        cut: (S,) whether the recording, or what is known of it, begins or ends within the segment.
    """

    frames: NDArray[np.int64]
    seconds: NDArray[np.float64]
    cut: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.frames)


def find_segments(
    labels: NDArray[np.int8], lengths: Sequence[int], frames: NDArray[np.int32], times: NDArray[np.float64]
) -> Segments:
    """The runs of consecutive frames of one sequence that show an AU (AU R-CNN, Tables 14 and 15).

    An unknown label or a missing frame ends a run. Frames are consecutive if their numbers are the most frequent step
    of their sequence apart, so a store of every fifth frame has runs too; ``frames`` then counts the frames kept.

    Args:
        labels: (N,) occurrence: 0, 1, or -1 for unknown.
        lengths: frames of each sequence, in order; their sum is N.
        frames: (N,) frame numbers, rising within a sequence.
        times: (N,) seconds.
    """
    shown = labels == 1
    starts = np.cumsum([0, *lengths])
    begins = np.zeros(len(labels), np.bool_)  # a recording, or a stretch without gaps
    lasting = np.zeros(len(labels), np.float64)  # how long one frame of the sequence lasts
    for first, last in pairwise(starts):
        begins[first] = True
        if last - first > 1:
            steps = np.diff(frames[first:last])
            sizes, counts = np.unique(steps, return_counts=True)
            begins[first + 1 : last] = steps != sizes[counts.argmax()]
            lasting[first:last] = np.median(np.diff(times[first:last]))
    before = np.append(False, shown[:-1]) & ~begins
    after = np.append(shown[1:] & ~begins[1:], False)
    onsets, offsets = np.flatnonzero(shown & ~before), np.flatnonzero(shown & ~after)
    known_before = np.append(False, labels[:-1] >= 0) & ~begins
    known_after = np.append((labels[1:] >= 0) & ~begins[1:], False)
    return Segments(
        frames=(offsets - onsets + 1).astype(np.int64),
        seconds=times[offsets] - times[onsets] + lasting[onsets],
        cut=~known_before[onsets] | ~known_after[offsets],
    )
