"""Long videos in stretches: each is kept as soon as it is done, so that a kill costs a stretch and not a day.

A stretch begins at a key frame and with all that the tracker knew at the end of the one before, exactly; so ids, tracks
and every number are those of the video analysed in one piece. Stretches of one video therefore follow one another; what
runs at once are different videos. A finished stretch lies in the output under ``stretches/`` until the video is done.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from actionunits.analyzer import Analyzer, Stretch
from actionunits.cluster.inputs import CorpusFile
from actionunits.cluster.places import Place
from actionunits.errors import MediaError
from actionunits.media import MediaInput, Portion, cut_points

FOLDER = "stretches"
_STATE = b"actionunits.stretch"


@dataclass(frozen=True)
class Plan:
    """A video in stretches.

    Attributes:
        place: the output.
        file: the video.
        tag: tells apart what was made of another content, with other options, or cut elsewhere.
        cuts: presentation times of the key frames where stretches begin.
    """

    place: Place
    file: CorpusFile
    tag: str
    cuts: tuple[int, ...]

    def name(self, number: int) -> str:
        """Where a stretch lies."""
        return f"{FOLDER}/{self.file.key}/{self.tag}-{number:05d}.parquet"

    def end(self, number: int) -> int | None:
        """Where a stretch ends."""
        return self.cuts[number] if number < len(self.cuts) else None

    @property
    def count(self) -> int:
        """How many stretches there are."""
        return len(self.cuts) + 1


def plan_stretches(
    place: Place, file: CorpusFile, source: MediaInput, seconds: float, identity: str, work: str
) -> Plan | None:
    """Cut a video; None where it is short, or cannot be cut for certain.

    Args:
        place: the output.
        file: the video.
        source: the same as a local file.
        seconds: the least length of a stretch.
        identity: of its content.
        work: SHA-256 of weights and options.
    """
    try:
        cuts = cut_points(source.path, seconds)
    except MediaError:  # reading it as a whole says more
        return None
    tag = hashlib.sha256(json.dumps([identity, work, cuts]).encode()).hexdigest()[:16]
    return Plan(place, file, tag, cuts) if cuts else None


class Analysis:
    """Analyses a video stretch after stretch, from the first that is not kept yet.

    Args:
        plan: the cuts.
        analyzer: without a person baseline.
        folder: for stretches on their way.
        account: gives what is known of the frames so far as JSON values, and takes it back.
    """

    def __init__(
        self,
        plan: Plan,
        analyzer: Analyzer,
        folder: Path,
        account: tuple[Callable[[], dict[str, Any]], Callable[[dict[str, Any]], None]],
    ) -> None:
        self._plan, self._analyzer, self._folder = plan, analyzer, folder
        self._told, self._tell = account
        self._tracker = analyzer.tracker()
        self._portion = Portion(end=plan.end(0))

    def run(
        self,
        source: MediaInput,
        rows: Callable[[Stretch], Iterator[pa.RecordBatch]],
        schema: pa.Schema,
        check: Callable[[], None],
    ) -> None:
        """Analyse what is missing.

        Args:
            source: the video.
            rows: analyses a stretch.
            schema: of the rows.
            check: raises where the run has lost its lock.
        """
        for number in range(self._begin(), self._plan.count):
            stretch = Stretch(self._portion, self._tracker)
            path = self._folder / f"{self._plan.file.key}-stretch-{number}.parquet"
            try:
                with pq.ParquetWriter(path, schema, compression="zstd") as writer:
                    for batch in rows(stretch):
                        writer.write_batch(batch)
                    following = stretch.following or Portion()
                    self._portion = Portion(**(asdict(following) | {"end": self._plan.end(number + 1)}))
                    state = {
                        "portion": asdict(self._portion),
                        "tracker": self._tracker.state(),
                        "account": self._told(),
                    }
                    writer.add_key_value_metadata({_STATE: json.dumps(state).encode()})
                check()
                self._plan.place.put(path, self._plan.name(number))
            finally:
                path.unlink(missing_ok=True)

    def all_rows(self) -> Iterator[pa.RecordBatch]:
        """The rows of every stretch, in order."""
        for number in range(self._plan.count):
            content = self._plan.place.read(self._plan.name(number))
            if content is None:
                raise MediaError(self._plan.file.source, "a finished stretch of it is gone", "Run again")
            yield from pq.ParquetFile(io.BytesIO(content)).iter_batches()

    def _begin(self) -> int:
        """Go on after the last stretch of an unbroken row that is kept; say which is next."""
        kept = self._plan.place.names(f"{FOLDER}/{self._plan.file.key}")
        number = 0
        while number < self._plan.count and self._plan.name(number) in kept:
            number += 1
        while number:
            content = self._plan.place.read(self._plan.name(number - 1))
            try:
                state = json.loads(pq.read_metadata(io.BytesIO(content or b"")).metadata[_STATE])
                self._portion = Portion(**state["portion"])
                self._tracker.resume(state["tracker"])
                self._tell(state["account"])
            except (pa.ArrowException, KeyError, TypeError, ValueError):  # damaged: the one before will do
                number -= 1
                self._tracker.reset()
                self._portion = Portion(end=self._plan.end(0))
                continue
            return number
        return 0


def forget(place: Place, key: str) -> None:
    """Take the stretches of a video away."""
    for name in place.names(f"{FOLDER}/{key}"):
        place.remove(name)
