"""One job: what is known of it while it waits, runs and is kept, and how its analysis is watched."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, RLock

from actionunits.account import SourceFacts, Watch
from actionunits.media import Frame, MediaInput
from actionunits.outputs import Written
from actionunits.service.analyzers import Options
from actionunits.service.answers import State
from actionunits.service.media_check import check_duration, check_size
from actionunits.service.problems import Problem, ProblemError
from actionunits.service.settings import Limits
from actionunits.service.uploads import Upload

ENDED = frozenset({State.DONE, State.FAILED, State.CANCELLED, State.LOST})


@dataclass(eq=False)
class Job:
    """One analysis.

    Attributes:
        id: cannot be guessed.
        kind: ``image`` or ``video``.
        source: the file's name.
        folder: where its results lie, under the stem ``result``.
        passes: how often every frame is looked at.
        frames, frames_total: looks so far, and in all as far as the container says.
    """

    id: str
    kind: str
    source: str
    folder: Path
    options: Options
    model: str
    overlay: bool = False
    report: bool = False
    passes: int = 1
    upload: Upload | None = None
    media: MediaInput | None = None
    state: State = State.QUEUED
    frames: int = 0
    frames_total: int | None = None
    began: float | None = None
    ended: float | None = None
    written: Written | None = None
    problem: Problem | None = None
    stop: Event = field(default_factory=Event)
    files: RLock = field(default_factory=RLock)  # held by whoever makes further files of the results

    @property
    def frames_of_video(self) -> int | None:
        """How many frames are analysed in all, as far as the container says; once done, how many were."""
        if self.written is not None:
            return self.written.frames
        return None if self.frames_total is None else self.frames_total // self.passes

    @property
    def progress(self) -> float:
        """0-1; below 1 until it is done."""
        if self.state == State.DONE:
            return 1.0
        if not self.frames_total:
            return 0.0
        return round(min(self.frames / self.frames_total, 0.99), 4)


class StoppedError(Exception):
    """Ends an analysis that is no longer wanted."""


class JobWatch(Watch):
    """Counts frames, and ends an analysis that was cancelled or goes beyond a limit."""

    def __init__(self, job: Job, limits: Limits, counted: Callable[[int], None]) -> None:
        self._job, self._limits, self._counted = job, limits, counted
        self._ends = time.monotonic() + limits.job_seconds
        self._first: float | None = None

    def opened(self, facts: SourceFacts) -> None:
        """See :meth:`Watch.opened`."""
        check_duration(self._job.source, facts.duration, self._limits)
        if facts.frame_count:
            self._job.frames_total = self._job.passes * -(-facts.frame_count // self._job.options.every)

    def looked_at(self, frame: Frame) -> None:
        """See :meth:`Watch.looked_at`."""
        if self._job.stop.is_set():
            raise StoppedError
        self._job.frames += 1
        self._counted(1)
        self._first = frame.timestamp if self._first is None else self._first
        check_duration(self._job.source, frame.timestamp - self._first, self._limits)
        check_size(self._job.source, frame.image.shape[1], frame.image.shape[0], self._limits)
        if time.monotonic() > self._ends:
            reason = f"its analysis takes longer than {self._limits.job_seconds:.0f} s"
            raise ProblemError(413, self._job.source, reason, "Cut it into parts, or use `actionunits analyze`")
