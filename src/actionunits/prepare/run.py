"""From a data set to a store: recordings dealt to processes, a killed run resumed, every frame accounted for."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from actionunits.datasets import Dataset
from actionunits.errors import ActionUnitsError, DatasetError, UsageError
from actionunits.faces import FaceFinder
from actionunits.pool import cores
from actionunits.prepare.landmarks import DatasetLocator, require_outline
from actionunits.prepare.options import Preparation, settings_of
from actionunits.prepare.report import (
    RecordingReport,
    discard_parts,
    read_part,
    report_path,
    write_report,
)
from actionunits.prepare.work import Progress, Watch, Work, outcomes
from actionunits.store import StoreWriter

_LISTED = 3  # faulty recordings that an error spells out
_COUNTED = ("coded", "by_policy", "no_picture", "no_face")  # columns of a report that a store's sequences get


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a run did.

    Attributes:
        folder: of the store.
        report: the CSV beside it.
        recordings: what became of every recording's frames.
        made: frames stored in this run; the others were there already.
        seconds: this run took.
    """

    folder: Path
    report: Path
    recordings: tuple[RecordingReport, ...]
    made: int
    seconds: float

    def lines(self) -> list[str]:
        """The run in words, a line a fact."""
        one = self.recordings
        stored, coded = sum(each.stored for each in one), sum(each.coded for each in one)
        rate = f", {self.made / self.seconds:.0f} frames/s" if self.made and self.seconds else ""
        lines = [
            f"{self.folder}: {stored} of {coded} coded frames in {sum(each.stored > 0 for each in one)} recordings",
            f"{self.made} frames made in {self.seconds:.0f} s{rate}",
        ]
        faceless, faced = sum(each.no_face for each in one), sum(each.no_face > 0 for each in one)
        kept = stored == coded - sum(each.by_policy + each.no_picture for each in one)
        told = "stored with the nearest frame's landmarks" if kept else "see the report"
        for count, text in (
            (sum(each.by_policy for each in one), "left out by the frame policy"),
            (sum(each.no_picture for each in one), "without a picture, left out"),
            (faceless, f"without a face in {faced} recordings, {told}"),
        ):
            if count:
                lines.append(f"{count} frames {text}")
        lines += [f"{each.sequence}: nothing stored" for each in one if each.stored == 0]
        return [*lines, f"report: {self.report}"]


def prepare(
    dataset: Dataset,
    folder: str | Path,
    how: Preparation,
    *,
    jobs: int | None = None,
    overwrite: bool = False,
    watch: Watch | None = None,
) -> Prepared:
    """Find the faces of a data set, crop them, and write a store; recordings that are there already are kept.

    Args:
        dataset: what to prepare, with its protocol.
        folder: of the store; made if missing. The report goes beside it (:func:`~.report.report_path`).
        how: crop, landmarks and quality of the pictures.
        jobs: processes; None for one a core. The bytes do not depend on it.
        overwrite: throw away what a store holds there, begun or finished.
        watch: progress.

    Raises:
        UsageError: ``jobs`` below 1, the data set's landmarks do not suffice for the crop, or the store would lie where
            the data set does.
        DatasetError: files of the data set are missing or malformed (the other recordings are written first), or no
            frame shows a face.
        StoreError: the folder cannot be written, holds something else, or was begun with other settings.
        AssetError: the networks cannot be had.
        ActionUnitsError: a process was killed.
    """
    began = time.perf_counter()
    jobs = cores() if jobs is None else jobs
    if jobs < 1:
        raise UsageError(f"jobs={jobs}", "somebody has to do the work", "Use 1 or more")
    folder = Path(folder)
    _check_first(dataset, folder, how)
    writer = StoreWriter(folder, settings_of(dataset, how), overwrite=overwrite)
    progress = Progress(len(dataset.sequences()), watch)
    reports = {}
    for name in dataset.sequences():
        report = read_part(folder, name) if writer.has(name) else None
        if report is not None:
            reports[name] = report
            progress.skip(report.coded - report.by_policy)
    todo = [name for name in dataset.sequences() if name not in reports]
    made = 0
    faults: list[DatasetError] = []
    with closing(outcomes(Work(dataset, writer, how), todo, min(jobs, len(todo)), progress)) as ended:
        for outcome in ended:
            if isinstance(outcome, RecordingReport):
                reports[outcome.sequence] = outcome
                made += outcome.stored
            elif isinstance(outcome, DatasetError):
                faults.append(outcome)
            else:
                raise outcome
    if faults:
        raise _summed_up(faults)
    every = tuple(reports[name] for name in dataset.sequences())
    path = report_path(folder)
    write_report(path, every)
    _finish(dataset, writer, every)
    return Prepared(folder, path, every, made, time.perf_counter() - began)


def _check_first(dataset: Dataset, folder: Path, how: Preparation) -> None:
    """Find out before anything is written whether the first recording could be done at all."""
    if folder.exists() and folder.samefile(dataset.folder):
        raise UsageError(folder, "the data set itself lies there", "Choose another folder for the store")
    if not dataset.sequences():
        raise DatasetError(dataset.folder, "holds no recording with labels", "Check it: actionunits data check")
    if how.landmarks_of(dataset) == "mesh":
        FaceFinder()  # the networks are there
        return
    first = dataset.recording(dataset.sequences()[0])
    DatasetLocator(first)
    require_outline(first, how.recipe)


def _summed_up(faults: Sequence[DatasetError]) -> ActionUnitsError:
    """One error for all recordings that could not be read."""
    if len(faults) == 1:
        return faults[0]
    said = "; ".join(f"{fault.subject}: {fault.reason}" for fault in faults[:_LISTED])
    more = f"; and {len(faults) - _LISTED} more" if len(faults) > _LISTED else ""
    next_step = f"{faults[0].next_step}, and run it again; the other recordings are kept"
    return DatasetError(f"{len(faults)} recordings", f"cannot be prepared ({said}{more})", next_step)


def _finish(dataset: Dataset, writer: StoreWriter, reports: Sequence[RecordingReport]) -> None:
    """Merge what was written, with the tables of subjects and sequences."""
    stored = [report for report in reports if report.stored]
    if not stored:
        counts = f"{sum(each.no_face for each in reports)} show no face"
        lost = f"{sum(each.no_picture for each in reports)} have no picture"
        raise DatasetError(dataset.folder, f"no frame can be stored: {counts}, {lost}", "Look at the report")
    writer.finish(
        subjects=_rows(dataset.subjects_table(), "subject", sorted({report.subject for report in stored})),
        sequences=_sequences_table(dataset, stored),
    )
    discard_parts(writer.folder)


def _sequences_table(dataset: Dataset, stored: Sequence[RecordingReport]) -> pa.Table:
    """The stored recordings: what the data set's own table says of them, their names, and what was counted."""
    names = ("sequence", "subject", "fps", "task", "camera")
    columns = {name: pa.array([getattr(report, name) for report in stored]) for name in (*names, *_COUNTED)}
    known = _rows(dataset.sequences_table(), "sequence", [report.sequence for report in stored])
    return pa.table(columns | {name: known[name] for name in known.column_names if name not in _COUNTED})


def _rows(table: pa.Table, key: str, values: Sequence[str]) -> pa.Table:
    """The rows with these values of a column, in their order."""
    return table.take(pc.index_in(pa.array(values, pa.string()), table[key]))
