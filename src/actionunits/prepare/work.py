"""A recording's work in one process, and what many processes have done together."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Protocol

from actionunits.datasets import Dataset
from actionunits.errors import ActionUnitsError
from actionunits.faces import FaceFinder
from actionunits.pool import share_out
from actionunits.prepare.cropping import crop_recording
from actionunits.prepare.landmarks import DatasetLocator, Locator, MeshLocator, require_outline
from actionunits.prepare.options import Preparation, keeps_faceless
from actionunits.prepare.report import RecordingReport, write_part
from actionunits.store import StoreWriter

Watch = Callable[[int, int], None]
"""Told (frames done, frames expected) now and then; expected from the recordings that were opened so far."""


Outcome = RecordingReport | ActionUnitsError


class _Number(Protocol):
    """A number that processes share."""

    value: int

    def get_lock(self) -> Any:
        """The lock that guards it."""


@dataclass(frozen=True, slots=True)
class Counters:
    """What all processes have done.

    Attributes:
        done: frames.
        known: frames in the recordings that were opened.
        opened: recordings.
    """

    done: _Number
    known: _Number
    opened: _Number

    def open(self, frames: int) -> None:
        """Count a recording."""
        _add(self.known, frames)
        _add(self.opened, 1)

    def tick(self, frames: int = 1) -> None:
        """Count frames that are done."""
        _add(self.done, frames)


class Progress:
    """Counts frames over all processes, and tells.

    Args:
        recordings: how many there are.
        watch: is told.
    """

    def __init__(self, recordings: int, watch: Watch | None) -> None:
        self._recordings, self._watch = recordings, watch
        context = get_context("spawn")
        self.counters = Counters(context.Value("q", 0), context.Value("q", 0), context.Value("q", 0))

    def skip(self, frames: int) -> None:
        """Count a recording that is there already."""
        self.counters.open(frames)
        self.counters.tick(frames)

    def tell(self) -> None:
        """Tell how far all processes are."""
        done, opened = self.counters.done.value, self.counters.opened.value
        if self._watch is not None and opened:
            self._watch(done, max(done, round(self.counters.known.value / opened * self._recordings)))


@dataclass(slots=True)
class Work:
    """What does a recording; one in every process.

    Attributes:
        dataset: whose recordings.
        writer: of the store.
        how: they are prepared.
        finder: the networks, once they are needed.
    """

    dataset: Dataset
    writer: StoreWriter
    how: Preparation
    finder: FaceFinder | None = None

    def do(self, name: str, counters: Counters, tell: Callable[[], None] = lambda: None) -> Outcome:
        """Write one recording; errors of this package are returned."""

        def tick() -> None:
            counters.tick()
            tell()

        try:
            recording = self.dataset.recording(name)
            counters.open(len(recording))
            locator: Locator
            if self.how.landmarks_of(self.dataset) == "mesh":
                self.finder = self.finder or FaceFinder()
                locator = MeshLocator(recording, self.finder)
            else:
                require_outline(recording, self.how.recipe)
                locator = DatasetLocator(recording)
            cropped = crop_recording(
                recording,
                self.dataset.aus,
                self.how.recipe,
                locator,
                keep_faceless=keeps_faceless(self.dataset),
                quality=self.how.jpeg_quality,
                tick=tick,
            )
            write_part(self.writer.folder, cropped.report)
            if cropped.rows:
                self.writer.add(name, cropped.rows, cropped.jpegs)
        except ActionUnitsError as error:
            return error
        return cropped.report


_HERE: list[tuple[Work, Counters]] = []  # of a worker process: set once, when it begins


def outcomes(work: Work, names: Sequence[str], workers: int, progress: Progress) -> Generator[Outcome]:
    """Do recordings, here or in other processes; closing the generator ends them.

    Args:
        work: does one.
        names: of the recordings.
        workers: processes; 1 for this one alone.
        progress: is kept.

    Yields:
        What became of each, in the order in which they end.
    """
    progress.tell()
    if workers > 1:
        facts = (work.dataset, work.writer, work.how, progress.counters)
        yield from share_out(names, _do, workers=workers, begin=_begin, facts=facts, tick=progress.tell)
    else:
        for name in names:
            yield work.do(name, progress.counters, progress.tell)


def _begin(dataset: Dataset, writer: StoreWriter, how: Preparation, counters: Counters) -> None:
    _HERE[:] = [(Work(dataset, writer, how), counters)]


def _do(name: str) -> Outcome:
    work, counters = _HERE[0]
    return work.do(name, counters)


def _add(number: _Number, count: int) -> None:
    with number.get_lock():
        number.value += count
