"""When an analysis and a coder disagree: spans of time, the longest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from actionunits.agreement.matching import Frames
from actionunits.facs import AUSet

Kind = Literal["coder only", "analysis only"]
GAP = 0.1  # seconds: spans that are no farther apart are one

_MOST_STEP = 2  # usual steps: after a longer pause a frame counts as shown for one step


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One span of time in which only one side sees an action unit.

    Attributes:
        au: FACS number.
        kind: who sees it.
        start: when its first frame appears, seconds.
        stop: when its last frame disappears, seconds.
        frames: frames that disagree; fewer than the span has where short agreements lie within.
        first_frame: number of the first of them.
        last_frame: number of the last of them.
        probability: mean probability that the analysis gives them.
        level: the coder's highest level among them, 0-5; -1 where the coder gave none.
    """

    au: int
    kind: Kind
    start: float
    stop: float
    frames: int
    first_frame: int
    last_frame: int
    probability: float
    level: int

    @property
    def seconds(self) -> float:
        """How long the span is."""
        return self.stop - self.start


def find_disagreements(
    frames: Frames,
    aus: AUSet,
    target: NDArray[np.int8],
    decision: NDArray[np.int8],
    probability: NDArray[np.float64],
    level: NDArray[np.int8],
    *,
    gap: float = GAP,
) -> list[Disagreement]:
    """All disagreements, the longest first, then by time and action unit.

    Args:
        frames: N of them.
        aus: A of them.
        target: (N, A) what the coder says: 0, 1, or -1 for not coded.
        decision: (N, A) what the analysis says, or -1 for no face.
        probability: (N, A), NaN where there is no face.
        level: (N, A) the coder's levels, -1 for none.
        gap: seconds; spans of one AU and kind that are no farther apart are merged.
    """
    found = []
    ends = _ends(frames)
    kinds: tuple[tuple[Kind, int, int], ...] = (("coder only", 1, 0), ("analysis only", 0, 1))
    for place, au in enumerate(aus):
        for kind, coder, analysis in kinds:
            wrong = np.flatnonzero((target[:, place] == coder) & (decision[:, place] == analysis))
            if not len(wrong):
                continue
            apart = frames.times[wrong[1:]] - ends[wrong[:-1]] > gap
            for rows in np.split(wrong, np.flatnonzero(apart) + 1):
                one = Disagreement(
                    au=au,
                    kind=kind,
                    start=float(frames.times[rows[0]]),
                    stop=float(ends[rows[-1]]),
                    frames=len(rows),
                    first_frame=int(frames.numbers[rows[0]]),
                    last_frame=int(frames.numbers[rows[-1]]),
                    probability=float(np.mean(probability[rows, place])),
                    level=int(level[rows, place].max()),
                )
                found.append(one)
    return sorted(found, key=lambda one: (-round(one.seconds, 6), one.start, one.au, one.kind))


def _ends(frames: Frames) -> NDArray[np.float64]:
    """(N,) when each frame disappears: when the next one appears, or a usual step later."""
    steps = np.append(np.diff(frames.times), frames.step)
    return frames.times + np.where(steps <= _MOST_STEP * frames.step, steps, frames.step)
