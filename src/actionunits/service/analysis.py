"""The analyses themselves: a job's video into its folder; a picture at once."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from actionunits.account import Watch
from actionunits.analyzer import Analyzer
from actionunits.errors import MediaError, ResultsError
from actionunits.media import MediaInput
from actionunits.outputs import Outputs, Written, write_analysis
from actionunits.results import RowCollector, columns, file_name
from actionunits.results.schema import arrow_schema
from actionunits.service.analyzers import Analyzers, Options
from actionunits.service.answers import PictureAnswer, points_of, rows_of
from actionunits.service.job import Job
from actionunits.service.job_files import MADE_AT_ONCE, OVERLAY_NAMES, STEM
from actionunits.service.jobs import JobBoard
from actionunits.service.media_check import checked_input
from actionunits.service.problems import ProblemError, problem_of, too_many
from actionunits.service.settings import Limits
from actionunits.service.uploads import Upload

OVERLAY = "overlay"


@dataclass(frozen=True)
class PictureWishes:
    """What a client wants of a picture.

    Attributes:
        options: of the analysis.
        format: ``json``, ``overlay``, or one of :data:`actionunits.results.FORMATS`.
        landmarks: tell them too, in JSON.
        keep: keep results, overlay and report as a job.
        report: with `keep`, make a report.
    """

    options: Options
    format: str = "json"
    landmarks: bool = False
    keep: bool = False
    report: bool = False


@dataclass(frozen=True)
class File:
    """A file's bytes and what it would be called."""

    path: Path
    content: bytes


class Pictures:
    """Analyses pictures, so many at a time; so many more may wait.

    Args:
        analyzers: the networks.
        board: where kept results go.
        limits: how many may wait.
        at_once: how many at a time.
    """

    def __init__(self, analyzers: Analyzers, board: JobBoard, limits: Limits, at_once: int) -> None:
        self._analyzers, self._board, self._limits = analyzers, board, limits
        self.workers = ThreadPoolExecutor(at_once, thread_name_prefix="actionunits-picture")
        self.open = 0  # analysed or waiting; touched by the event loop alone

    def reserve(self) -> None:
        """Take a place in the queue; give it back with :meth:`leave`.

        Raises:
            ProblemError: 429.
        """
        if self.open >= self._limits.pictures:
            raise too_many("pictures", f"{self.open} are analysed or wait already")
        self.open += 1

    def leave(self) -> None:
        """Give the place back."""
        self.open -= 1

    def analyse(self, upload: Upload, wishes: PictureWishes) -> PictureAnswer | File:
        """Analyse one picture, in the calling thread.

        Raises:
            ProblemError: the picture or what is wished for is at fault.
        """
        name = self._analyzers.checked(wishes.options)
        media = checked_input(upload, "image", self._limits)
        try:
            with self._analyzers.lent(wishes.options) as analyzer:
                if wishes.format != "json":
                    return _as_file(analyzer, media, wishes.format, upload.folder)
                answer = _as_rows(analyzer, media, name, landmarks=wishes.landmarks)
                if wishes.keep:
                    answer.job = self._keep(analyzer, media, upload.name, name, wishes)
                return answer
        except MediaError as error:
            problem = problem_of(error, upload.path, upload.name)
            raise ProblemError(problem.status, problem.subject, problem.reason, problem.next_step) from error

    def _keep(self, analyzer: Analyzer, media: MediaInput, source: str, model: str, wishes: PictureWishes) -> str:
        def make(folder: Path) -> Written:
            outputs = Outputs(folder, MADE_AT_ONCE, overlay=True, report=wishes.report)
            return write_analysis(analyzer, media, STEM, outputs)

        return self._board.keep(source, wishes.options, model, make).id


def analyse_video(analyzers: Analyzers, job: Job, watch: Watch) -> Written:
    """Analyse a job's video into its folder.

    Raises:
        ActionUnitsError: the video is damaged, or a file cannot be written.
    """
    if job.media is None:
        raise ResultsError(job.source, "is gone", "Send it again")
    outputs = Outputs(job.folder, MADE_AT_ONCE, overlay=job.overlay, report=job.report)
    with analyzers.lent(job.options) as analyzer:
        return write_analysis(analyzer, job.media, STEM, outputs, watch=watch)


def _as_rows(analyzer: Analyzer, media: MediaInput, model: str, *, landmarks: bool) -> PictureAnswer:
    with closing(analyzer.stream(media)) as results:  # type: ignore[type-var]  # a generator
        (result,) = results
    collector = RowCollector(analyzer.aus, sides=analyzer.sides)
    collector.add(result)
    batch = collector.take()
    table = pa.Table.from_batches([] if batch is None else [batch], arrow_schema(analyzer.aus, sides=analyzer.sides))
    height, width = result.image.shape[:2]
    return PictureAnswer(
        source=result.source,
        width=width,
        height=height,
        model=model,
        rows=rows_of(table, columns(analyzer.aus, sides=analyzer.sides)),
        faces=points_of(result) if landmarks else [],
        job=None,
    )


def _as_file(analyzer: Analyzer, media: MediaInput, format: str, folder: Path) -> File:
    """The results in a format, or the overlay; made in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        made = Path(name)
        drawn = format == OVERLAY
        write_analysis(analyzer, media, STEM, Outputs(made, () if drawn else (format,), overlay=drawn))
        path = made / (OVERLAY_NAMES[1] if drawn else file_name(STEM, format))
        return File(path, path.read_bytes())
