"""Episodes as a table of events, in the columns that BORIS exports as *tabular events*.

BORIS (Friard & Gamba, Methods in Ecology and Evolution, 2016) writes a row for each START and STOP of a state event.
``actionunits agree`` reads such tables, and so do scripts made for BORIS.
"""

from __future__ import annotations

import csv
import io
from abc import abstractmethod
from pathlib import PurePath
from typing import Any, BinaryIO

import pyarrow as pa
from numpy.typing import NDArray

from actionunits.facs import AUSetLike, column
from actionunits.results.episodes import Episode, EpisodeFinder
from actionunits.results.sinks import FileSink

EVENT_COLUMNS = (
    *("Observation id", "Observation date", "Description", "Observation duration", "Observation type", "Source"),
    *("Time offset (s)", "Media duration (s)", "FPS", "Subject", "Behavior", "Behavioral category", "Modifier #1"),
    *("Behavior type", "Time", "Media file name", "Image index", "Image file path", "Comment"),
)
"""The columns of tabular events as BORIS 8 and 9 write them."""


class EpisodeSink(FileSink):
    """A file of episodes: rows are looked through as they come, and episodes written at the end.

    See :mod:`actionunits.results.episodes` for what an episode is; rows, probabilities and measures of single frames
    are not in such a file.
    """

    def __init__(self, path: Any, aus: AUSetLike, *, sides: bool = False) -> None:
        super().__init__(path, aus, sides=sides)
        self._finder = EpisodeFinder(aus)
        self._source = ""
        self._to: BinaryIO | None = None

    def _begin(self, file: BinaryIO) -> None:
        self._to = file

    def _append(self, file: BinaryIO, batch: pa.RecordBatch, landmarks: NDArray[Any] | None) -> None:
        if batch.num_rows:
            self._source = str(batch.column("source")[0])
        self._finder.write(batch)

    def _finish(self) -> None:
        if self._to is not None:
            self._to.write(self._content(self._finder.finish()))

    @abstractmethod
    def _content(self, episodes: tuple[Episode, ...]) -> bytes:
        """The file's content."""


class EventsSink(EpisodeSink):
    """Tabular events: behaviour ``AU12``, subject ``person 0``, as modifier the letter of the peak, START and STOP.

    A picture, which has no time, gives POINT events. Times have three decimals.
    """

    def _content(self, episodes: tuple[Episode, ...]) -> bytes:
        first, last = self._finder.span
        steps = self._finder.frames - 1
        rate = f"{steps / (last - first) * (steps + 1) / steps:.3f}" if steps > 0 and last > first else "NA"
        name = PurePath(self._source).name
        about = {
            "Observation id": name,
            "Observation duration": f"{last - first:.3f}",
            "Observation type": "Media file(s)",
            "Source": f"player #1:{self._source}",
            "Time offset (s)": "0.0",
            "Media duration (s)": f"{last:.3f}",
            "FPS": rate,
            "Media file name": self._source,
            "Image file path": "NA",
        }
        rows = [(time, order, kind, each) for each in episodes for order, kind, time in _marks(each)]
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, EVENT_COLUMNS, lineterminator="\n")
        writer.writeheader()
        for time, _, kind, each in sorted(rows, key=lambda row: row[:2]):
            own = {
                "Subject": f"person {each.face_id}",
                "Behavior": column(each.au),
                "Modifier #1": each.letter,
                "Behavior type": kind,
                "Time": f"{time:.3f}",
                "Image index": "NA",
                "Comment": _comment(each) if kind != "STOP" else "",
            }
            writer.writerow(about | own)
        return text.getvalue().encode()


def _marks(episode: Episode) -> tuple[tuple[int, str, float], ...]:
    """(order at equal times, type, time) of an episode's rows; what stops at a moment stops before anything starts."""
    if episode.duration <= 0:
        return ((1, "POINT", episode.onset),)
    return (1, "START", episode.onset), (0, "STOP", episode.offset)


def _comment(episode: Episode) -> str:
    strongest = f"peak {episode.peak:.2f}" if episode.letter else f"probability {episode.probability:.2f}"
    doubtful = f"; {episode.flagged} of {episode.frames} frames flagged" if episode.flagged else ""
    return f"{strongest} at {episode.apex:.3f} s{doubtful}"
