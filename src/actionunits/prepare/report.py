"""What became of every coded frame: kept beside the store, a line a recording, so that nothing goes silently."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from actionunits.atomic import write_failure, written_aside
from actionunits.errors import StoreError

PARTS_FOLDER = "report"
_MOST_BYTES = 2**22  # of one recording's report


@dataclass(frozen=True, slots=True)
class RecordingReport:
    """One recording's frames, counted.

    Attributes:
        sequence: its name.
        subject: who is seen.
        task: empty where the data set has none.
        camera: empty where the data set has one.
        fps: frames per second.
        coded: frames with labels.
        stored: frames in the store.
        by_policy: coded frames that the frame policy left out before any picture was looked at.
        no_picture: frames whose picture is missing or cannot be decoded; they are not stored.
        no_face: frames in which no face was found. They are stored with the landmarks of the nearest frame that has
            one and the flag ``no_face``; but for policy ``drop_missing_landmarks``, and where no frame has a face.
        no_picture_frames: their numbers, as in ``"17-20 35"``.
        no_face_frames: their numbers, likewise.
        notes: what is odd about the files, as the reader of the data set says it.
    """

    sequence: str
    subject: str
    task: str
    camera: str
    fps: float
    coded: int
    stored: int
    by_policy: int
    no_picture: int
    no_face: int
    no_picture_frames: str
    no_face_frames: str
    notes: str


_ADAPTER = TypeAdapter(RecordingReport)


def spans(numbers: Sequence[int]) -> str:
    """Rising numbers as text, runs joined.

    >>> spans([17, 18, 19, 20, 35])
    '17-20 35'
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def report_path(folder: Path) -> Path:
    """The report beside a store: ``bp4d.report.csv`` for ``bp4d``."""
    return folder.with_name(f"{folder.name}.report.csv")


def write_part(folder: Path, report: RecordingReport) -> None:
    """Keep one recording's report inside the unfinished store.

    Raises:
        StoreError: it cannot be written.
    """
    path = _part(folder, report.sequence)
    try:
        path.parent.mkdir(exist_ok=True)
        with written_aside(path, StoreError) as aside:
            aside.write_text(json.dumps(asdict(report)), encoding="utf-8")
    except OSError as failure:
        raise write_failure(path, failure, StoreError) from failure


def read_part(folder: Path, sequence: str) -> RecordingReport | None:
    """A recording's report from an unfinished store; None where there is none, or none that can be used."""
    try:
        with _part(folder, sequence).open("rb") as file:
            return _ADAPTER.validate_json(file.read(_MOST_BYTES))
    except (OSError, ValidationError):
        return None


def write_report(path: Path, reports: Sequence[RecordingReport]) -> None:
    """Write the report as CSV.

    Raises:
        StoreError: it cannot be written.
    """
    with written_aside(path, StoreError) as aside:
        try:
            with aside.open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file, lineterminator="\n")
                names = [field.name for field in fields(RecordingReport)]
                writer.writerow(names)
                writer.writerows([getattr(report, name) for name in names] for report in reports)
        except OSError as failure:
            raise write_failure(path, failure, StoreError) from failure


def discard_parts(folder: Path) -> None:
    """Delete what `write_part` kept."""
    for path in (folder / PARTS_FOLDER).glob("*.json"):
        path.unlink(missing_ok=True)
    with suppress(OSError):  # somebody else's file lies there, or it was never made
        (folder / PARTS_FOLDER).rmdir()


def _part(folder: Path, sequence: str) -> Path:
    return folder / PARTS_FOLDER / f"{sequence}.json"
