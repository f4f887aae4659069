"""Jobs: analyses that go on while the client does something else, with progress, cancelling, and an end."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Condition, Event, RLock, Thread

from actionunits.account import Watch
from actionunits.errors import ActionUnitsError
from actionunits.media import MediaInput
from actionunits.outputs import Written
from actionunits.service.analyzers import Options
from actionunits.service.answers import JobAnswer, State
from actionunits.service.folder import PrivateFolder, remove
from actionunits.service.job import ENDED, Job, JobWatch, StoppedError
from actionunits.service.problems import Problem, ProblemError, problem_of, too_many
from actionunits.service.settings import Limits
from actionunits.service.uploads import Receiver, Upload

log = logging.getLogger("actionunits.service")
_SWEEP_SECONDS = 1.0
_NO_JOB = "Send a file to /v1/videos; jobs are forgotten when their time is up"


Work = Callable[[Job, Watch], Written]


class JobBoard:
    """Takes jobs on, does so many at a time, keeps results for a while, and deletes everything in the end.

    Args:
        folder: where results go, and the journal.
        receiver: deletes uploads.
        limits: how many, how long.
        work: analyses a job's upload into its folder.
        at_once: jobs at a time.
        counted: told of frames looked at.
    """

    def __init__(
        self,
        folder: PrivateFolder,
        receiver: Receiver,
        limits: Limits,
        work: Work,
        *,
        at_once: int,
        counted: Callable[[int], None] = lambda frames: None,
    ) -> None:
        self._folder, self._receiver, self._limits, self._work = folder, receiver, limits, work
        self._counted = counted
        self._jobs: dict[str, Job] = {}
        self._changed = Condition(RLock())
        self._workers = ThreadPoolExecutor(at_once, thread_name_prefix="actionunits-job")
        self._closing = Event()
        self._sweeper = Thread(target=self._sweep, name="actionunits-sweeper", daemon=True)
        self._sweeper.start()

    def reserve(self) -> None:
        """Make sure that one more video may be taken on.

        Raises:
            ProblemError: 429.
        """
        if self.open_jobs >= self._limits.jobs:
            raise too_many("jobs", f"{self.open_jobs} videos are analysed or wait already", seconds=30)

    @property
    def open_jobs(self) -> int:
        """Videos that are analysed or wait."""
        with self._changed:
            return sum(job.state not in ENDED for job in self._jobs.values())

    def counts(self) -> dict[State, int]:
        """How many jobs there are of every state."""
        with self._changed:
            states = [job.state for job in self._jobs.values()]
        return {state: states.count(state) for state in State} | {State.LOST: len(self._folder.lost)}

    def submit(
        self, upload: Upload, media: MediaInput, options: Options, model: str, *, overlay: bool, report: bool
    ) -> Job:
        """Take a video on.

        Args:
            upload: the file; deleted when the job ends.
            media: the same, checked.
            options: of the analysis.
            model: its model's name.
            overlay, report: whether to make them.

        Raises:
            ProblemError: 429: too many wait already; the upload is deleted.
        """
        try:
            with self._changed:
                self.reserve()
                job = self._enter("video", upload.name, options, model, overlay=overlay, report=report)
        except ProblemError:
            self._receiver.release(upload)
            raise
        job.upload, job.media = upload, media
        job.passes = 2 if job.overlay and options.baseline != "none" else 1
        self._workers.submit(self._run, job)
        return job

    def keep(self, source: str, options: Options, model: str, make: Callable[[Path], Written]) -> Job:
        """Enter a picture's analysis that is made at once, in this thread, as a job that is done."""
        job = self._enter("image", source, options, model, overlay=True, report=False)
        job.began = time.monotonic()
        job.state = State.RUNNING
        try:
            job.written = make(job.folder)
        except BaseException:
            self._discard(job)
            raise
        job.report = any(path.suffix == ".html" for path in job.written.files)
        job.frames = job.frames_total = 1
        self._end(job, State.DONE)
        return job

    def get(self, name: str) -> Job:
        """The job of an id.

        Raises:
            ProblemError: 404: there is none, or its time was up.
        """
        with self._changed:
            job = self._jobs.get(name)
        if job is None:
            raise ProblemError(404, "job", "there is none of this id", _NO_JOB)
        return job

    def answer(self, name: str) -> JobAnswer:
        """Where a job stands; a job of an earlier run that nobody ended is lost.

        Raises:
            ProblemError: 404.
        """
        if name in self._folder.lost:
            reason = "the service was ended before the results were fetched"
            lost = Problem(status=410, subject="job", reason=reason, next_step="Send the file again")
            facts = {"kind": None, "source": None, "model": None, "progress": 0, "frames": 0, "frames_total": None}
            facts |= dict.fromkeys(("eta", "seconds", "expires_in", "faces", "frames_without_face"))
            return JobAnswer(id=name, state=State.LOST, overlay=False, report=False, warnings=[], error=lost, **facts)
        return self._answer(self.get(name))

    def _answer(self, job: Job) -> JobAnswer:
        now = time.monotonic()
        took = None if job.began is None else (job.ended or now) - job.began
        eta = None
        if job.state == State.RUNNING and took and job.frames and job.frames_total:
            eta = round(took / job.frames * max(0, job.frames_total - job.frames), 1)
        left = None if job.ended is None else max(0.0, round(job.ended + self._limits.keep_seconds - now, 1))
        return JobAnswer(
            id=job.id, kind=job.kind, state=job.state, source=job.source, model=job.model,
            progress=job.progress, frames=job.frames // job.passes, frames_total=job.frames_of_video, eta=eta,
            seconds=None if took is None else round(took, 3), expires_in=left,
            faces=job.written.faces if job.written else None,
            frames_without_face=job.written.frames_without_face if job.written else None,
            overlay=job.overlay, report=job.report,
            warnings=list(job.written.warnings) if job.written else [], error=job.problem,
        )  # fmt: skip

    def delete(self, name: str) -> None:
        """Cancel a job that has not ended, and delete all there is of one that has.

        Raises:
            ProblemError: 404.
        """
        if name in self._folder.lost:
            self._folder.forget(name)
            return
        job = self.get(name)
        with self._changed:
            ended = job.state in ENDED
            job.stop.set()
            if job.state == State.QUEUED:
                self._end(job, State.CANCELLED)
        if ended:
            self._discard(job)
        else:
            self.wait(job, 5)

    def wait(self, job: Job, seconds: float) -> bool:
        """Wait until a job has ended; whether it has."""
        with self._changed:
            return self._changed.wait_for(lambda: job.state in ENDED, seconds)

    def close(self, seconds: float = 10) -> None:
        """End all jobs and delete everything."""
        self._closing.set()
        with self._changed:
            jobs = list(self._jobs.values())
        for job in jobs:
            job.stop.set()
        self._workers.shutdown(wait=False, cancel_futures=True)
        deadline = time.monotonic() + seconds
        for job in jobs:
            if job.state == State.RUNNING:
                self.wait(job, max(0.0, deadline - time.monotonic()))
        for job in jobs:
            self._delete_files(job)
        self._sweeper.join(seconds)

    def _enter(self, kind: str, source: str, options: Options, model: str, *, overlay: bool, report: bool) -> Job:
        job = Job(
            secrets.token_urlsafe(16), kind, source, self._folder.new_folder("job"), options, model, overlay, report
        )
        with self._changed:
            self._jobs[job.id] = job
            self._folder.note(job.id)
        return job

    def _run(self, job: Job) -> None:
        with self._changed:
            if job.state != State.QUEUED or self._closing.is_set():
                return
            job.state, job.began = State.RUNNING, time.monotonic()
        try:
            job.written = self._work(job, JobWatch(job, self._limits, self._counted))
            state = State.CANCELLED if job.stop.is_set() else State.DONE
        except StoppedError:
            state = State.CANCELLED
        except ProblemError as error:
            state, job.problem = State.FAILED, error.problem
        except ActionUnitsError as error:
            path = None if job.upload is None else job.upload.path
            state, job.problem = State.FAILED, problem_of(error, path, job.source)
        except Exception as error:  # noqa: BLE001  # a worker must live on, whatever becomes of one job
            log.error("a job failed unexpectedly: %s", type(error).__name__)
            step = "Ask whoever runs this service to look at its log"
            state = State.FAILED
            job.problem = Problem(status=500, subject=job.source, reason="failed unexpectedly", next_step=step)
        self._end(job, state)

    def _end(self, job: Job, state: State) -> None:
        with self._changed:
            job.ended = time.monotonic()
            job.media = None
            if state != State.DONE:
                job.written = None
            job.state = state
            self._delete_files(job, results=state != State.DONE)
            self._changed.notify_all()

    def _delete_files(self, job: Job, *, results: bool = True) -> None:
        if job.upload is not None:
            self._receiver.release(job.upload)
            job.upload = None
        if results:
            with job.files:
                remove(job.folder)

    def _discard(self, job: Job) -> None:
        with self._changed:
            self._jobs.pop(job.id, None)
            self._folder.forget(job.id)
        self._delete_files(job)

    def _sweep(self) -> None:
        """Delete what has been kept long enough, and more than may be kept."""
        while not self._closing.wait(_SWEEP_SECONDS):
            now = time.monotonic()
            with self._changed:
                ended = sorted((job for job in self._jobs.values() if job.ended), key=lambda job: job.ended or 0)
            surplus = len(ended) - self._limits.kept
            for place, job in enumerate(ended):
                if place < surplus or now - (job.ended or now) > self._limits.keep_seconds:
                    self._discard(job)
