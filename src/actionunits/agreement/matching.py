"""Codes laid over the frames of an analysis, by time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actionunits.agreement.codes import Codes, EventCodes, FrameCodes
from actionunits.errors import DatasetError
from actionunits.facs import AUSet

_ROUNDING = 0.0005  # seconds: coding tools write milliseconds, containers keep finer times
_ALONE = 0.02  # seconds: half the duration of a frame that is the only one


@dataclass(frozen=True, eq=False)
class Frames:
    """The frames of a recording, in order of time; N of them.

    Attributes:
        numbers: (N,) int64, rising.
        times: (N,) float64 seconds, rising.
    """

    numbers: NDArray[np.int64]
    times: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.times)

    @property
    def step(self) -> float:
        """The usual time from one frame to the next, seconds."""
        return float(np.median(np.diff(self.times))) if len(self) > 1 else 2 * _ALONE


@dataclass(frozen=True, eq=False)
class Coded:
    """What a coder says of every frame; A action units.

    Attributes:
        occurrence: (N, A) int8: 1, 0, or -1 for not coded.
        level: (N, A) int8: 0-5, or -1 for not coded or coded without a level.
        graded: (A,) whether the coder gave levels of the AU.
    """

    occurrence: NDArray[np.int8]
    level: NDArray[np.int8]
    graded: NDArray[np.bool_]


def coded_frames(codes: Codes, frames: Frames, aus: AUSet, offset: float = 0.0, first_frame: int = 0) -> Coded:
    """What the coder says of each frame of an analysis.

    A frame has the code whose time is nearest, if it is no more than half a frame away. It lies within an event if it
    appears at the onset or later and before the offset, to the half millisecond; a point event marks the frame that is
    on the screen. Outside the coder's span, and where AUs were hidden, nothing is coded.

    Args:
        codes: of the coder, about all of ``aus``.
        frames: of the analysis.
        aus: which AUs.
        offset: seconds to add to the coder's times to get those of the recording.
        first_frame: the number that the coder gives the recording's first frame.

    Raises:
        DatasetError: no code falls on a frame.
    """
    if isinstance(codes, EventCodes):
        coded = _from_events(codes, frames, aus, offset)
    else:
        coded = _from_frames(codes, frames, aus, offset, first_frame)
    if not (coded.occurrence >= 0).any():
        spoken = span_of(codes, frames, offset, first_frame)
        said = f"{spoken[0]:.2f} to {spoken[1]:.2f} s" if spoken else "none of the analysed frames"
        reason = f"its codes cover {said}, the analysis {frames.times[0]:.2f} to {frames.times[-1]:.2f} s"
        raise DatasetError(codes.path, reason, "Give the codes of this recording, or shift them with --offset")
    return coded


def span_of(codes: Codes, frames: Frames, offset: float, first_frame: int) -> tuple[float, float] | None:
    """From when to when the coder coded, seconds of the recording; None where no frame of the analysis is coded."""
    if isinstance(codes, EventCodes):
        return codes.span[0] + offset, codes.span[1] + offset
    times = _code_times(codes, frames, offset, first_frame)
    times = times[np.isfinite(times)]
    return (float(times[0]), float(times[-1])) if len(times) else None


def _code_times(codes: FrameCodes, frames: Frames, offset: float, first_frame: int) -> NDArray[np.float64]:
    """(n,) times of the rows of a file of frame codes; NaN for frame numbers that the analysis does not have."""
    if codes.times is not None:
        return codes.times + offset
    assert codes.frames is not None
    wanted = codes.frames - first_frame
    places = np.minimum(np.searchsorted(frames.numbers, wanted), len(frames) - 1)
    return np.where(frames.numbers[places] == wanted, frames.times[places] + offset, np.nan)


def _from_frames(codes: FrameCodes, frames: Frames, aus: AUSet, offset: float, first_frame: int) -> Coded:
    times = _code_times(codes, frames, offset, first_frame)
    rows = np.flatnonzero(np.isfinite(times))  # (m,), of the file
    occurrence, level = (np.full((len(frames), len(aus)), -1, np.int8) for _ in range(2))
    graded = np.array([au in codes.level for au in aus], np.bool_)
    if len(rows):
        nearest = _nearest(times[rows], frames.times)  # (N,), into rows
        near = np.abs(times[rows[nearest]] - frames.times) <= frames.step / 2 + _ROUNDING
        for place, au in enumerate(aus):
            occurrence[near, place] = codes.occurrence[au][rows[nearest[near]]]
            if graded[place]:
                level[near, place] = codes.level[au][rows[nearest[near]]]
    return Coded(occurrence, level, graded)


def _from_events(codes: EventCodes, frames: Frames, aus: AUSet, offset: float) -> Coded:
    times = frames.times - offset  # (N,), on the coder's clock
    looked = (times >= codes.span[0] - _ROUNDING) & (times <= codes.span[1] + _ROUNDING)
    occurrence = np.repeat(np.where(looked, 0, -1).astype(np.int8)[:, None], len(aus), axis=1)
    level = occurrence.copy()
    graded = np.array([any(event.au == au and event.level > 0 for event in codes.events) for au in aus], np.bool_)
    for event in codes.events:
        if event.au not in aus or event.level == 0:
            continue
        place, shown = aus.index(event.au), _within(times, event.start, event.stop, frames.step)
        known = np.where(occurrence[shown, place] == 1, level[shown, place], -1)  # of an event over the same time
        occurrence[shown, place] = 1
        level[shown, place] = np.maximum(known, event.level)
    for hidden in codes.hidden:
        columns = np.array([place for place, au in enumerate(aus) if au in hidden.aus], np.int64)
        rows = _within(times, hidden.start, hidden.stop, frames.step)
        occurrence[np.ix_(rows, columns)] = -1
        level[np.ix_(rows, columns)] = -1
    level[:, ~graded] = -1
    return Coded(occurrence, level, graded)


def _within(times: NDArray[np.float64], start: float, stop: float, step: float) -> NDArray[np.int64]:
    """The frames that appear from onset to offset; of a point event, the frame that is on the screen."""
    first, last = np.searchsorted(times, [start - _ROUNDING, stop - _ROUNDING])
    if start == stop:
        on_screen = int(np.searchsorted(times, start + _ROUNDING)) - 1
        seen = on_screen >= 0 and start - times[on_screen] <= step + _ROUNDING
        return np.array([on_screen] if seen else [], np.int64)
    return np.arange(first, last)


def _nearest(values: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.int64]:
    """(N,) places in ``values``, rising, of the value nearest to each of ``wanted``."""
    after = np.clip(np.searchsorted(values, wanted), 1, max(len(values) - 1, 1))
    before = after - 1
    after = np.minimum(after, len(values) - 1)
    return np.where(wanted - values[before] <= values[after] - wanted, before, after)
