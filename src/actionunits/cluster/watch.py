"""What a batch tells on its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from actionunits.cluster.records import Record


@dataclass(frozen=True)
class Glance:
    """What a worker is doing.

    Attributes:
        worker: its name.
        source: the file in hand; empty while it is idle.
        frames: of it so far.
        rate: frames a second.
    """

    worker: str
    source: str = ""
    frames: int = 0
    rate: float = 0.0


class BatchWatch:
    """Told how a batch goes on; does nothing itself."""

    def planned(self, to_do: int, kept: int, bytes_to_do: int) -> None:
        """So many files are to be analysed, so many are done already; bytes where known."""

    def finished(self, record: Record, size: int) -> None:
        """A file is done; ``size`` bytes."""

    def retried(self, record: Record) -> None:
        """A file failed and will be tried once more."""

    def failed(self, record: Record, size: int) -> None:
        """A file failed for good."""

    def glanced(self, glances: Sequence[Glance]) -> None:
        """About once a second: what every worker is doing."""

    def warned(self, text: str) -> None:
        """Something to know."""
