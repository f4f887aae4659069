"""Episodes: from when to when an action unit is shown, and when it is strongest.

A run of frames in which the action unit occurs (``AUxx_c`` is 1) begins at the timestamp of its first frame and ends
when its last frame leaves the screen, which is the timestamp of the frame that follows, whatever the frame rate. Runs
of one person and action unit that lie at most ``gap`` apart are one episode: a detector that hesitates for a frame, or
a face that is lost for one, has not seen the movement end. What is then shorter than ``least`` is no movement and is
left out. Flagged frames count like others; an episode says how many it has.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from actionunits.errors import ResultsError, UsageError
from actionunits.facs import AUSetLike
from actionunits.results.schema import as_au_set, aus_of

GAP = 0.1
"""Seconds between two runs up to which they are one episode."""
LEAST = 0.1
"""Seconds that an episode lasts at least; micro-expressions last longer from onset to offset."""

_ROUNDING = 0.001  # seconds; timestamps are rounded
_NEEDED = ("frame", "timestamp", "face_id", "flags")


@dataclass(frozen=True, slots=True)
class Episode:
    """One action unit of one person from onset to offset. Times are in seconds, the timestamps of frames.

    Attributes:
        face_id: whose.
        au: FACS number.
        onset: when its first frame appears.
        apex: when its strongest frame appears: the first of greatest intensity, or of greatest probability where the
            model says no intensity.
        offset: when its last frame leaves the screen; the onset, for a picture.
        peak: intensity at the apex, 0-5; NaN where the model says none.
        probability: at the apex, 0-1.
        apex_frame: number of that frame.
        frames: in how many frames the action unit occurs.
        flagged: how many of them carry flags.
    """

    face_id: int
    au: int
    onset: float
    apex: float
    offset: float
    peak: float
    probability: float
    apex_frame: int
    frames: int
    flagged: int

    @property
    def duration(self) -> float:
        """Seconds from onset to offset."""
        return self.offset - self.onset

    @property
    def letter(self) -> str:
        """The peak as FACS writes it, ``A`` to ``E``, to the nearest; empty where it is not known.

        >>> Episode(0, 12, 1.0, 1.2, 2.0, 3.4, 0.9, 36, 30, 0).letter
        'C'
        """
        return "ABCDE"[min(max(int(self.peak + 0.5), 1), 5) - 1] if self.peak == self.peak else ""


class EpisodeFinder:
    """Finds the episodes of one source while its rows come, in whatever batches; keeps episodes, not rows.

    Args:
        aus: the action units of the table.
        gap: seconds, see above.
        least: seconds, see above; a source of one frame, such as a picture, has episodes of no length.

    Raises:
        UsageError: ``gap`` or ``least`` is below 0.
    """

    def __init__(self, aus: AUSetLike, *, gap: float = GAP, least: float = LEAST) -> None:
        if not (gap >= 0 and least >= 0):
            raise UsageError(f"gap={gap}, least={least}", "must be 0 or more", "Give them in seconds")
        self.aus = as_au_set(aus)
        self._gap, self._least = gap + _ROUNDING, least - _ROUNDING
        stems = self.aus.columns
        self._wanted = [*_NEEDED, *(f"{stem}_{suffix}" for suffix in "crp" for stem in stems)]
        self._held: pa.Table | None = None
        self._found: dict[tuple[int, int], list[Episode]] = {}
        self._faces: set[int] = set()
        self._frames = 0
        self._first = self._last = self._step = 0.0

    @property
    def faces(self) -> tuple[int, ...]:
        """The ids seen so far, ascending."""
        return tuple(sorted(self._faces))

    @property
    def frames(self) -> int:
        """How many frames were seen; whole only after :meth:`finish`."""
        return self._frames

    @property
    def span(self) -> tuple[float, float]:
        """Seconds: when the first frame appears and the last one leaves; whole only after :meth:`finish`."""
        return self._first, self._last + self._step

    def write(self, batch: pa.RecordBatch | pa.Table) -> None:
        """Take in rows that follow the schema, in order of frames."""
        if not batch.num_rows:
            return
        rows = pa.Table.from_batches([batch]) if isinstance(batch, pa.RecordBatch) else batch
        rows = rows.select(self._wanted)
        if self._held is not None:
            rows = pa.concat_tables([self._held, rows])
        frames = rows["frame"].to_numpy()
        ready = int(np.argmax(frames == frames[-1]))  # the last frame's rows wait for the next frame's time
        self._held = rows.slice(ready)
        if ready:
            self._take_in(rows.slice(0, ready), float(self._held["timestamp"][0].as_py()))

    def finish(self) -> tuple[Episode, ...]:
        """The episodes by onset, then person, then action unit. The last frame is taken to last as long as the one
        before it.
        """
        if self._held is not None:
            held, self._held = self._held, None
            self._take_in(held, float(held["timestamp"][0].as_py()) + self._step)
        least = self._least if self._frames > 1 else 0.0
        kept = [each for runs in self._found.values() for each in runs if each.duration >= least]
        return tuple(sorted(kept, key=lambda each: (each.onset, each.face_id, self.aus.index(each.au))))

    def _take_in(self, rows: pa.Table, until: float) -> None:
        """Find the runs in whole frames; the last of them leaves the screen at ``until``."""
        numbers = rows["frame"].to_numpy()
        first = np.flatnonzero(np.r_[True, numbers[1:] != numbers[:-1]])  # (F,) each frame's first row
        place = np.cumsum(np.r_[0, numbers[1:] != numbers[:-1]])  # (N,) each row's frame
        times = np.r_[rows["timestamp"].to_numpy()[first], until]  # (F + 1,)
        if not self._frames:
            self._first = float(times[0])
        self._frames += len(first)
        self._last, self._step = float(times[-2]), float(times[-1] - times[-2])
        ids = rows["face_id"].fill_null(-1).to_numpy()
        flagged = np.array([bool(text) for text in rows["flags"].to_pylist()])
        scores = [self._columns(rows, suffix) for suffix in "crp"]  # three of (A, N)
        for face_id in np.unique(ids[ids >= 0]).tolist():
            self._faces.add(face_id)
            mine = np.flatnonzero(ids == face_id)
            dense = [np.full((len(self.aus), len(first)), empty) for empty in (0.0, np.nan, np.nan)]
            for filled, values in zip(dense, scores, strict=True):
                filled[:, place[mine]] = values[:, mine]
            doubtful = np.zeros(len(first), np.bool_)
            doubtful[place[mine]] = flagged[mine]
            self._runs(face_id, times, numbers[first], dense, doubtful)

    def _runs(
        self,
        face_id: int,
        times: NDArray[np.float64],
        numbers: NDArray[np.int64],
        scores: list[NDArray[np.float64]],
        flagged: NDArray[np.bool_],
    ) -> None:
        """Add one person's runs.

        Args:
            face_id: whose.
            times: (F + 1,), when each frame appears and the last one leaves.
            numbers: (F,) frame numbers.
            scores: occurrence, intensity and probability, (A, F) each.
            flagged: (F,).
        """
        shown, intensity, probability = scores
        padded = np.pad((shown == 1).astype(np.int8), ((0, 0), (1, 1)))
        edges = np.diff(padded, axis=1)  # (A, F + 1)
        for (row, start), (_, stop) in zip(
            np.argwhere(edges == 1).tolist(), np.argwhere(edges == -1).tolist(), strict=True
        ):
            strength = intensity[row, start:stop]
            if np.isnan(strength).all():
                strength = probability[row, start:stop]
            at = start + (0 if np.isnan(strength).all() else int(np.nanargmax(strength)))
            run = Episode(
                face_id=face_id,
                au=self.aus[row],
                onset=float(times[start]),
                apex=float(times[at]),
                offset=float(times[stop]),
                peak=float(intensity[row, at]),
                probability=float(probability[row, at]),
                apex_frame=int(numbers[at]),
                frames=stop - start,
                flagged=int(flagged[start:stop].sum()),
            )
            before = self._found.setdefault((face_id, run.au), [])
            if before and run.onset - before[-1].offset <= self._gap:
                before[-1] = _joined(before[-1], run)
            else:
                before.append(run)

    def _columns(self, rows: pa.Table, suffix: str) -> NDArray[np.float64]:
        """(A, N) float64, NaN where a cell is empty."""
        cells = [rows[f"{stem}_{suffix}"].cast(pa.float64()).to_numpy() for stem in self.aus.columns]
        return np.array(cells, np.float64).reshape(len(self.aus), rows.num_rows)


def find_episodes(table: pa.Table, *, gap: float = GAP, least: float = LEAST) -> tuple[Episode, ...]:
    """The episodes of a results table about one source, by onset.

    Args:
        table: follows the schema, as :attr:`Results.table <actionunits.results.Results.table>` does.
        gap: seconds between two runs up to which they are one episode.
        least: seconds that an episode lasts at least.

    Raises:
        ResultsError: the table is about several sources, whose times and people have nothing to do with one another.
    """
    sources = table["source"].unique().to_pylist()
    if len(sources) > 1:
        raise ResultsError("find_episodes", f"the table is about {len(sources)} sources", "Give the rows of one")
    finder = EpisodeFinder(aus_of(table.column_names), gap=gap, least=least)
    finder.write(table)
    return finder.finish()


def by_person(episodes: Iterable[Episode]) -> dict[tuple[int, int], list[Episode]]:
    """Episodes by face id and action unit, each in order of onset."""
    found: dict[tuple[int, int], list[Episode]] = {}
    for each in episodes:
        found.setdefault((each.face_id, each.au), []).append(each)
    return found


def _joined(one: Episode, other: Episode) -> Episode:
    """Two runs as one episode; ``other`` comes later."""

    def strength(run: Episode) -> float:
        return run.probability if np.isnan(run.peak) else run.peak

    top = other if strength(other) > strength(one) else one
    return Episode(
        face_id=one.face_id,
        au=one.au,
        onset=one.onset,
        apex=top.apex,
        offset=other.offset,
        peak=top.peak,
        probability=top.probability,
        apex_frame=top.apex_frame,
        frames=one.frames + other.frames,
        flagged=one.flagged + other.flagged,
    )
