"""A worker: keeps the model warm, analyses one file after the other, commits each."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

import actionunits
from actionunits.account import Account, Watch
from actionunits.analyzer import Stretch
from actionunits.cluster.identity import Check, identity_of, stamp_of
from actionunits.cluster.inputs import CorpusFile, missing
from actionunits.cluster.lock import holds
from actionunits.cluster.persistence import storage_errors
from actionunits.cluster.places import ASIDE, Place, cannot_write, fetched, shown
from actionunits.cluster.records import Fault, Record
from actionunits.cluster.rows_file import RowsFile, rows_name, rows_schema
from actionunits.cluster.settings import BatchSettings, work_hash
from actionunits.cluster.stretches import Analysis, forget, plan_stretches
from actionunits.cluster.watch import Glance
from actionunits.errors import ActionUnitsError, ClusterError, MediaError
from actionunits.media import Frame, MediaInput, VideoReader
from actionunits.media.signatures import kind_of_file
from actionunits.results import RowCollector
from actionunits.results.schema import arrow_schema

_ROWS_AT_ONCE = 1024
_FRAMES_KEPT = 20_000  # with a baseline: a longer video is looked through twice, so that its rows need not be kept


@dataclass(frozen=True)
class Orders:
    """What all files of a run have in common; travels to every worker.

    Attributes:
        out: the output.
        lock: number of the run's lock.
        settings: of the analysis.
        metadata: names and types of the manifest's columns.
        check: how inputs are told apart.
        cores: that a worker uses.
        split_seconds: keep longer videos stretch after stretch, each at least so long; None for in one piece.
        journal: a local file that gets a line at every beginning and every commit; for checks.
    """

    out: Place
    lock: int
    settings: BatchSettings
    metadata: pa.Schema = field(default_factory=lambda: pa.schema([]))
    check: Check = "content"
    cores: int = 1
    split_seconds: float | None = None
    journal: Path | None = None


@dataclass(frozen=True)
class Trouble:
    """Why a file could not be done.

    Attributes:
        fault: whose fault it is.
        error: what happened.
        stops: no other file can be done either: the output is full, or the lock is lost.
    """

    fault: Fault
    error: ActionUnitsError
    stops: bool = False


class Worker:
    """Analyses files; in a process of its own, or in this one.

    Args:
        orders: what all files have in common.
        device: ``cpu``, ``cuda`` or ``auto``.
        name: shown in progress.

    Raises:
        UsageError: the model or the device is not there.
    """

    def __init__(self, orders: Orders, device: str = "cpu", name: str = "worker") -> None:
        self._orders, self._name = orders, name
        self._analyzer = orders.settings.analyzer(device=device, cores=orders.cores)
        self._glance = _Counting()
        self._source = ""
        self._metrics = _Metrics()

    def glance(self) -> Glance:
        """What it is doing; may be asked from another thread."""
        return Glance(self._name, self._source, *self._glance.figures()) if self._source else Glance(self._name)

    def compute(self, file: CorpusFile, attempt: int) -> Record | Trouble:
        """Analyse one file and put its rows in place.

        Args:
            file: what to analyse.
            attempt: 1, or 2 after a failure.

        Returns:
            The record, once it is committed; or what went wrong.
        """
        self._glance, self._source = _Counting(), file.source
        self._note("begin", file)
        try:
            with tempfile.TemporaryDirectory(prefix="actionunits-batch-") as folder:
                record = self._analyse(file, attempt, Path(folder))
        except ClusterError as error:
            return Trouble("storage", error, stops=True)
        except ActionUnitsError as error:
            return Trouble("input", error)
        except storage_errors() as error:
            return _storage_trouble(file, error)
        except (ValueError, RuntimeError, MemoryError) as error:  # a decoder or a network on a file it cannot stand
            said = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no reason given'}"
            return Trouble("input", MediaError(file.source, f"the analysis broke off ({said})", "Look at the file"))
        finally:
            self._source = ""
        self._metrics.done(record.frames)
        return record

    def _analyse(self, file: CorpusFile, attempt: int, folder: Path) -> Record:
        began = time.perf_counter()
        stamp, size = stamp_of(file.uri)
        with fetched(file.uri, folder) as path:
            identity = identity_of(file.uri, self._orders.check)
            aside = self._aside(file, folder)
            try:
                account, rows = self._write_rows(file, path, aside, identity)
                if stamp_of(file.uri) != (stamp, size):
                    reason = "it changed while it was analysed"
                    raise MediaError(file.source, reason, "Run again when nobody writes to it")
                record = Record(
                    source=file.source,
                    uri=shown(file.uri),
                    state="done",
                    attempts=attempt,
                    frames=account.frames,
                    frames_without_face=account.frames_without_face,
                    faces=len(account.faces),
                    rows=rows.rows,
                    duration=round(account.duration, 6),
                    seconds=round(time.perf_counter() - began, 3),
                    input_bytes=size,
                    input_identity=identity,
                    input_stamp=stamp,
                    warnings=" | ".join(account.warnings),
                    metadata=file.metadata,
                    **self._facts(),
                )
                self._commit(file, aside, rows, record)
            finally:
                aside.unlink(missing_ok=True)
        return record

    def _write_rows(self, file: CorpusFile, path: Path, aside: Path, identity: str) -> tuple[_Account, RowsFile]:
        """Stream the rows of a file to a local Parquet that still wants its record."""
        kind = kind_of_file(path) if path.is_file() else None
        if kind is None:
            if not path.is_file():
                raise missing(file.uri)
            raise MediaError(file.source, "it is neither a picture nor a video", "Leave it out of the manifest")
        source = MediaInput(path, kind)
        account = _Account(self._analyzer.aus, self._glance)
        schema = rows_schema(self._analyzer.aus, self._analyzer.sides, self._orders.metadata)
        with _output_named(self._orders.out):
            rows = RowsFile(aside, schema, file.metadata)
        try:
            for batch in self._batches(file, source, account, aside.parent, identity):
                with _output_named(self._orders.out):
                    rows.write(batch)
        except MediaError as error:
            rows.abandon()
            raise MediaError(file.source, error.reason, error.next_step) from error
        except BaseException:
            rows.abandon()
            raise
        return account, rows

    def _batches(
        self, file: CorpusFile, source: MediaInput, account: _Account, folder: Path, identity: str
    ) -> Iterator[pa.RecordBatch]:
        """Analyse a file, in one piece or in stretches."""
        seconds, out = self._orders.split_seconds, self._orders.out
        plan = None
        if seconds is not None and source.kind == "video" and self._analyzer.baseline.kind == "none":
            plan = plan_stretches(out, file, source, seconds, identity, self._facts()["work_hash"])
        if plan is None:
            yield from self._analysed(file, source, account, None)
            return
        analysis = Analysis(plan, self._analyzer, folder, (account.state, account.resume))
        schema = arrow_schema(self._analyzer.aus, sides=self._analyzer.sides)
        with _output_named(out):
            analysis.run(
                source, lambda stretch: self._analysed(file, source, account, stretch), schema, self._check_lock
            )
        yield from analysis.all_rows()

    def _analysed(
        self, file: CorpusFile, source: MediaInput, account: _Account, stretch: Stretch | None
    ) -> Iterator[pa.RecordBatch]:
        """Analyse a file or a stretch of it."""
        analyzer = self._analyzer
        collector = RowCollector(analyzer.aus, sides=analyzer.sides)
        for result in analyzer.stream(source, pictures=self._twice(source), watch=account, stretch=stretch):
            named = replace(result, source=file.source)
            account.count(named)
            collector.add(named)
            if len(collector) >= _ROWS_AT_ONCE and (batch := collector.take()) is not None:
                yield batch
        batch = collector.take()
        if batch is not None:
            yield batch
        if stretch is not None:
            self._note("stretch", file)

    def _check_lock(self) -> None:
        if not holds(self._orders.out, self._orders.lock):
            step = "Let the other run end; this one's finished files are kept"
            raise ClusterError(self._orders.out.uri, "another run took the output over", step)

    def _commit(self, file: CorpusFile, aside: Path, rows: RowsFile, record: Record) -> None:
        with _output_named(self._orders.out):
            try:
                rows.finish(record)
            except BaseException:
                rows.abandon()
                raise
        self._check_lock()
        self._orders.out.put(aside, rows_name(file.source))
        self._note("commit", file)
        if self._orders.split_seconds is not None:
            forget(self._orders.out, file.key)

    def _aside(self, file: CorpusFile, folder: Path) -> Path:
        """Where rows wait: on the output's own disk where that is local, so that a rename puts them in place."""
        place = Path(self._orders.out.at(ASIDE)) if self._orders.out.local else folder
        return place / f"{file.key}-{os.getpid()}-{time.monotonic_ns():x}.parquet"

    def _twice(self, source: MediaInput) -> bool:
        """Whether a video with a baseline is too long for keeping its rows in memory."""
        if self._analyzer.baseline.kind == "none" or source.kind == "image":
            return False
        with VideoReader(source.path) as reader:
            return (reader.frame_count_estimate or 0) > _FRAMES_KEPT

    def _facts(self) -> Mapping[str, str]:
        settings = self._analyzer.settings
        named = {name: str(settings[name]) for name in ("estimator", "estimator_version", "weights_sha256", "device")}
        return named | {
            "work_hash": work_hash(settings),
            "worker": f"{socket.gethostname()}:{os.getpid()}",
            "package_version": actionunits.__version__,
        }

    def _note(self, what: str, file: CorpusFile) -> None:
        """Append a line to the journal, if there is one: one write, so that lines of several processes stay whole."""
        if self._orders.journal is not None:
            line = f"{time.time():.6f} {what} {file.key} {os.getpid()}\n".encode()
            handle = os.open(self._orders.journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                os.write(handle, line)
            finally:
                os.close(handle)


class _Account(Account):
    """Adds the first and last time, and goes on where another stopped."""

    def state(self) -> dict[str, Any]:
        """What is known of the frames so far, as JSON values."""
        return {
            "frames": self.frames,
            "frames_without_face": self.frames_without_face,
            "faces": list(self.faces),
            "times": self._times,
            "warnings": self.warnings,
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Take in what another account's :meth:`state` gave."""
        first, last = state["times"]
        self._times = (float(first), float(last))
        self._ids = {int(face) for face in state["faces"]}
        self.frames, self.frames_without_face = int(state["frames"]), int(state["frames_without_face"])
        self.warnings = [str(warning) for warning in state["warnings"]]

    @property
    def duration(self) -> float:
        """Seconds from the first to the last frame."""
        return self._times[1] - self._times[0] if self._times else 0.0


class _Counting(Watch):
    """Frames and rate, to be asked from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began = time.perf_counter()
        self._frames = 0

    def looked_at(self, frame: Frame) -> None:
        """See :meth:`Watch.looked_at`."""
        with self._lock:
            self._frames += 1

    def figures(self) -> tuple[int, float]:
        """Frames so far, and frames a second."""
        with self._lock:
            return self._frames, self._frames / max(1e-6, time.perf_counter() - self._began)


class _Metrics:
    """Counters on Ray's dashboard; nothing where there is no Ray."""

    def __init__(self) -> None:
        import sys

        self._files = self._frames = None
        ray = sys.modules.get("ray")
        if ray is not None and ray.is_initialized():
            from ray.util.metrics import Counter

            self._files = Counter("actionunits_files_done", description="Files analysed and committed")
            self._frames = Counter("actionunits_frames_done", description="Frames of those files")

    def done(self, frames: int) -> None:
        """Count a file."""
        if self._files is not None and self._frames is not None:
            self._files.inc(1)
            if frames:
                self._frames.inc(frames)


class _output_named:  # noqa: N801 - reads as a statement
    """Turn what goes wrong while rows are written into an error about the output."""

    def __init__(self, out: Place) -> None:
        self._out = out

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise cannot_write(self._out.uri, error) from error


def _storage_trouble(file: CorpusFile, error: Exception) -> Trouble:
    if isinstance(error, FileNotFoundError):
        return Trouble("input", missing(file.uri))
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    step = "Check the file's permissions and the network, and run again"
    return Trouble("storage", MediaError(shown(file.uri), f"it cannot be read ({said})", step))
