"""Progress of a batch: how much is done, the time left, what every worker is at, and failures as they come."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from actionunits.cluster.records import Record
from actionunits.cluster.watch import BatchWatch, Glance


class BatchProgress(BatchWatch):
    """Bars on standard error when it is a terminal: one for the corpus, a line for every worker. Failures, always."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[said]}", markup=False),
            TimeElapsedColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
        )
        self._corpus: TaskID | None = None
        self._workers: dict[str, TaskID] = {}
        self._by_size = False
        self._total = self._ended = self._failed = 0

    def __enter__(self) -> BatchProgress:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def planned(self, to_do: int, kept: int, bytes_to_do: int) -> None:
        """See :class:`BatchWatch`. Time left goes by bytes where sizes are known: a long video is no short one."""
        self._total, self._by_size = to_do, bytes_to_do > 0
        self._say(f"{to_do} to analyse, {kept} done before")
        self._corpus = self._bars.add_task("files", total=bytes_to_do or to_do, said=f"0/{to_do}")

    def finished(self, record: Record, size: int) -> None:
        """See :class:`BatchWatch`."""
        self._step(size)

    def retried(self, record: Record) -> None:
        """See :class:`BatchWatch`."""
        self._say(f"again: {record.source}: {record.reason}")

    def failed(self, record: Record, size: int) -> None:
        """See :class:`BatchWatch`."""
        self._failed += 1
        self._say(f"error: {record.source}: {record.reason}")
        if record.attempts and size:
            self._step(size)

    def glanced(self, glances: Sequence[Glance]) -> None:
        """See :class:`BatchWatch`."""
        for glance in glances:
            said = f"{glance.frames} frames, {glance.rate:.0f} frames/s" if glance.source else ""
            description = f"{glance.worker}: {glance.source}"[-60:]
            if glance.worker not in self._workers:
                self._workers[glance.worker] = self._bars.add_task(description, total=None, said=said)
            else:
                self._bars.update(self._workers[glance.worker], description=description, said=said)
        for gone in set(self._workers) - {glance.worker for glance in glances}:
            self._bars.remove_task(self._workers.pop(gone))

    def warned(self, text: str) -> None:
        """See :class:`BatchWatch`."""
        self._say(f"warning: {text}")

    def _step(self, size: int) -> None:
        self._ended += 1
        if self._corpus is not None:
            failed = f", {self._failed} failed" if self._failed else ""
            said = f"{self._ended}/{self._total}{failed}"
            self._bars.update(self._corpus, advance=size if self._by_size else 1, said=said)

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)
