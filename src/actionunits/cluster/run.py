"""A batch from its plan to its end: shares files out, tries again once, keeps the books."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from actionunits.cluster.crews import Crew, Finished, RayCrew, SoloCrew, Staff, Task
from actionunits.cluster.identity import Check, identity_of, stamp_of
from actionunits.cluster.inputs import Corpus, CorpusFile
from actionunits.cluster.ledger import Ledger
from actionunits.cluster.lock import BEAT, STALE, OutputLock
from actionunits.cluster.persistence import storage_errors
from actionunits.cluster.places import ASIDE, Place, shown
from actionunits.cluster.plan import Plan, make_plan
from actionunits.cluster.records import Record
from actionunits.cluster.rows_file import relabelled, rows_name
from actionunits.cluster.settings import BatchSettings, work_hash
from actionunits.cluster.watch import BatchWatch
from actionunits.cluster.worker import Orders, Trouble
from actionunits.errors import ActionUnitsError, ClusterError

ATTEMPTS = 2  # a file that fails is tried once more
_GLANCE, _SUMMARY = 1.0, 30.0  # seconds between looks at the workers, and between summaries

HireCrew = Callable[[Orders, Staff, int], Crew]


@dataclass(frozen=True)
class BatchReport:
    """How a batch ended.

    Attributes:
        done: files analysed by this run.
        kept: files that were done before.
        failed: the records of all files that failed, before or now.
        unreadable: folders and files that could not be looked at.
        seconds: by the clock, from the plan to the end.
        frames: analysed by this run.
    """

    done: int
    kept: int
    failed: tuple[Record, ...]
    unreadable: tuple[ActionUnitsError, ...]
    seconds: float
    frames: int


def hire(orders: Orders, staff: Staff, most: int) -> Crew:
    """Ray's workers; or this process alone where no workers are asked for."""
    if staff.workers == 0 and not staff.gpu_workers:
        return SoloCrew(orders)
    return RayCrew(orders, staff, most)


def run_batch(
    corpus: Corpus,
    out: str | Path | Place,
    settings: BatchSettings | None = None,
    *,
    staff: Staff | None = None,
    check: Check = "content",
    retry_failed: bool = False,
    moved: bool = False,
    split_seconds: float | None = None,
    journal: Path | None = None,
    watch: BatchWatch | None = None,
    crew: HireCrew = hire,
    beat: float = BEAT,
    stale: float = STALE,
) -> BatchReport:
    """Analyse every file of a corpus that is not done yet.

    Args:
        corpus: what :func:`find_corpus` found.
        out: a folder or URI for rows and status.
        settings: how to analyse.
        staff: the workers; ``workers=0`` works in this process, without Ray.
        check: ``content`` to tell a changed local file by its SHA-256, ``stamp`` by size and time.
        retry_failed: also try again what failed by its own fault before.
        moved: the corpus lies elsewhere now, and holds the same files.
        split_seconds: keep longer videos stretch after stretch, so that a kill costs a stretch at most.
        journal: a local file that gets a line at every beginning and commit.
        watch: told of everything.
        crew: who works; for tests.
        beat, stale: seconds; see :class:`OutputLock`.

    Returns:
        How it ended; single files may have failed.

    Raises:
        UsageError: a wrong option, or the output belongs to something else.
        ClusterError: another run writes to the output, it cannot be written to or is full, or the workers are lost.
            What is done is kept.
    """
    settings, staff, watch = (settings or BatchSettings()).absolute(), staff or Staff(), watch or BatchWatch()
    place = out if isinstance(out, Place) else Place(out)
    work = work_hash(settings.analyzer().settings)  # fails here, and not on every worker, where an option is wrong
    began = time.perf_counter()
    with OutputLock(place, beat=beat, stale=stale) as lock:
        place.prepare()
        ledger = Ledger(place)
        ledger.open(corpus, moved=moved)
        plan = make_plan(corpus, ledger.records, work, check=check, retry_failed=retry_failed)
        staff = staff.settled(len(plan.compute))
        orders = Orders(place, lock.number, settings, corpus.metadata, check, staff.cores_used, split_seconds, journal)
        run = _Run(ledger, plan, orders, watch, work)
        run.relabel(place)
        run.announce()
        try:
            if plan.compute:
                workers = crew(orders, staff, len(plan.compute))
                try:
                    run.work(workers)
                finally:
                    workers.close()
        finally:
            run.conclude(lock)
        kept = len(plan.kept) + len(plan.relabel)
        keys = {file.key for file in corpus.files}
        failed = [record for key, record in ledger.records.items() if key in keys and record.state == "failed"]
        failed.sort(key=lambda record: record.source)
        seconds = time.perf_counter() - began
        return BatchReport(run.done, kept, tuple(failed), corpus.failures, seconds, run.frames)


class _Run:
    """The state of one run: what waits, how often each file was tried, when the books were last written."""

    def __init__(self, ledger: Ledger, plan: Plan, orders: Orders, watch: BatchWatch, work: str) -> None:
        self._ledger, self._plan, self._orders, self._watch, self._work = ledger, plan, orders, watch, work
        self._sizes = {file.source: file.size for file in plan.compute}
        self._summarised = self._glanced = time.perf_counter()
        self.done = 0
        self.frames = 0

    def announce(self) -> None:
        """Tell what is to be done, and write it down before any of it begins."""
        plan = self._plan
        self._watch.planned(
            len(plan.compute), len(plan.kept) + len(plan.relabel), sum(file.size for file in plan.compute)
        )
        for file in plan.failed:
            self._watch.failed(self._ledger.records[file.key], 0)
        self._ledger.waiting(self._blank(file, "waiting") for file in plan.compute)

    def relabel(self, place: Place) -> None:
        """Carry changed metadata into rows that stay as they are."""
        for file in self._plan.relabel:
            record = self._ledger.records[file.key].changed(metadata=dict(file.metadata), uri=shown(file.uri))
            content = place.read(rows_name(file.source))
            if content is None:
                continue
            with _spool(place) as path:
                relabelled(content, path, record, self._orders.metadata)
                place.put(path, rows_name(file.source))
            self._ledger.done(record)

    def work(self, crew: Crew) -> None:
        """Share the files out until none is left.

        Raises:
            ClusterError: the run cannot go on.
        """
        waiting = deque(Task(file, 1) for file in self._plan.compute)
        while waiting or crew.busy:
            while waiting and crew.free:
                crew.begin(waiting.popleft())
            for ended in crew.ended(_GLANCE):
                again = self._settle(ended)
                if again is not None:
                    waiting.append(again)
            now = time.perf_counter()
            if now - self._glanced >= _GLANCE:
                self._glanced = now
                self._watch.glanced(crew.glances())
            if now - self._summarised >= _SUMMARY:
                self._summarised = now
                self._ledger.summarise()

    def conclude(self, lock: OutputLock) -> None:
        """Write the status table, unless another run has taken over or the disk is full."""
        if lock.lost:
            return
        try:
            self._ledger.summarise()
        except ClusterError as error:
            self._watch.warned(str(error))

    def _settle(self, ended: Finished) -> Task | None:
        """Keep what came of a task; return it anew where it is to be tried again."""
        task, outcome = ended.task, ended.outcome
        size = self._sizes.get(task.file.source, 0)
        if isinstance(outcome, Trouble) and outcome.fault == "worker":
            outcome = self._committed(task.file) or outcome
        if isinstance(outcome, Record):
            self._ledger.done(outcome)
            self.done, self.frames = self.done + 1, self.frames + outcome.frames
            self._watch.finished(outcome, size)
            return None
        if outcome.stops:
            raise outcome.error
        record = self._of_trouble(task, outcome)
        if task.attempt < ATTEMPTS:
            self._watch.retried(record)
            return Task(task.file, task.attempt + 1)
        self._ledger.failed(record)
        self._watch.failed(record, size)
        return None

    def _committed(self, file: CorpusFile) -> Record | None:
        """The record of a file whose worker was lost after it had committed its rows."""
        found = self._ledger.committed(file.source)
        if found is None or found.work_hash != self._work or dict(found.metadata) != dict(file.metadata):
            return None
        try:
            return found if found.input_stamp == stamp_of(file.uri)[0] else None
        except storage_errors():
            return None

    def _of_trouble(self, task: Task, trouble: Trouble) -> Record:
        record = self._blank(task.file, "failed")
        try:
            stamp, size = stamp_of(task.file.uri)
            identity = identity_of(task.file.uri, self._orders.check)
        except storage_errors():
            stamp, size, identity = "", 0, ""
        error = trouble.error
        return record.changed(
            attempts=task.attempt,
            reason=f"{error.reason}. {error.next_step}.",
            fault=trouble.fault,
            input_stamp=stamp,
            input_bytes=size,
            input_identity=identity,
        )

    def _blank(self, file: CorpusFile, state: str) -> Record:
        facts = {"source": file.source, "uri": shown(file.uri), "state": state, "metadata": dict(file.metadata)}
        return Record(**facts, work_hash=self._work)


class _spool:  # noqa: N801 - reads as a statement
    """A local file on the output's disk, or in the temporary folder, gone afterwards."""

    def __init__(self, place: Place) -> None:
        import tempfile

        self._folder = None if place.local else tempfile.TemporaryDirectory(prefix="actionunits-batch-")
        base = Path(place.at(ASIDE)) if self._folder is None else Path(self._folder.name)
        self._path = base / f"spool-{time.monotonic_ns():x}.parquet"

    def __enter__(self) -> Path:
        return self._path

    def __exit__(self, *_: object) -> None:
        self._path.unlink(missing_ok=True)
        if self._folder is not None:
            self._folder.cleanup()
