"""Progress on a terminal: files and frames of an analysis, folds and steps of a training, time left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from actionunits.account import SourceFacts, Watch
from actionunits.media import Frame
from actionunits.results.schema import source_text
from actionunits.training.watch import Watch as TrainingWatch

_REDRAW = 0.1  # seconds


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on standard error, with the time passed and the time left, unless that is no terminal.

    Args:
        what: is counted.

    Yields:
        A function to be told (done, total).
    """
    console = Console(stderr=True)
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    with bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


@contextmanager
def training() -> Iterator[TrainingProgress]:
    """Show folds and steps on standard error while a system is trained, and its lines above them."""
    shown = TrainingProgress()
    with shown.bars:
        yield shown


class TrainingProgress(TrainingWatch):
    """Two bars on standard error when it is a terminal; lines, always."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self.bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
        )
        self._folds = self.bars.add_task("folds", total=None)
        self._steps: TaskID | None = None
        self._what, self._drawn = "", 0.0

    def say(self, line: str) -> None:
        """Print a line."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def folds(self, done: int, total: int) -> None:
        """Show how many folds are done."""
        self.bars.update(self._folds, completed=done, total=total)

    def steps(self, what: str, done: int, total: int) -> None:
        """Show how many batches of a stage are done."""
        if self._steps is None or what != self._what:
            if self._steps is not None:
                self.bars.remove_task(self._steps)
            self._steps, self._what = self.bars.add_task(what, total=total, completed=done), what
        now = time.perf_counter()
        if now - self._drawn >= _REDRAW or done == total:
            self._drawn = now
            self.bars.update(self._steps, completed=done)


class AnalysisProgress:
    """Two bars on standard error when it is a terminal; plain lines otherwise.

    Args:
        files: how many inputs there are.
        passes: how often every frame is looked at.
        every: every Nth frame is analysed.
    """

    def __init__(self, files: int, *, passes: int = 1, every: int = 1) -> None:
        self._console = Console(stderr=True)
        self._live = self._console.is_terminal
        self._passes, self._every = passes, every
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._live,
            transient=True,
        )
        self._files: TaskID | None = self._bars.add_task("files", total=files, rate="") if files > 1 else None
        self.finished = 0

    def __enter__(self) -> AnalysisProgress:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    @contextmanager
    def one(self, path: Path) -> Iterator[Watch]:
        """Show one input while it is analysed."""
        task = self._bars.add_task(path.name, total=None, rate="")
        try:
            yield _Bar(self._bars, task, self._passes, self._every)
        finally:
            self._bars.remove_task(task)
            if self._files is not None:
                self._bars.advance(self._files)

    def say(self, line: str) -> None:
        """Print a line on standard error, above the bars."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def done(self, line: str) -> None:
        """Count an input and print its line on standard output."""
        self.finished += 1
        if self._live:
            self.say(line)
        else:
            print(source_text(line))


class _Bar(Watch):
    def __init__(self, bars: Progress, task: TaskID, passes: int, every: int) -> None:
        self._bars, self._task, self._passes, self._every = bars, task, passes, every
        self._frames = 0
        self._began = self._drawn = time.perf_counter()

    def opened(self, facts: SourceFacts) -> None:
        if facts.frame_count:
            self._bars.update(self._task, total=self._passes * -(-facts.frame_count // self._every))

    def looked_at(self, frame: Frame) -> None:
        self._frames += 1
        now = time.perf_counter()
        if now - self._drawn >= _REDRAW:
            self._drawn = now
            rate = self._frames / (now - self._began)
            self._bars.update(self._task, completed=self._frames, rate=f"{rate:.0f} frames/s")
