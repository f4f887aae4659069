"""The results of a job as files: tables in any format, the overlay, the report, all of them as one archive."""

from __future__ import annotations

import base64
import zipfile
from collections.abc import Mapping, Sequence
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from actionunits.atomic import written_aside
from actionunits.results import FORMATS, columns, file_name, open_sink, read_sidecar
from actionunits.results.schema import aus_of, has_sides
from actionunits.service.answers import State
from actionunits.service.job import Job
from actionunits.service.problems import ProblemError

STEM = "result"
MADE_AT_ONCE = ("parquet", "openface")
"""Made while the job runs: the whole table, from which the others are made when asked for, and what needs landmarks."""

OVERLAY_NAMES = (f"{STEM}.overlay.mp4", f"{STEM}.overlay.png")
REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data: blob:; "
    "font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        ".csv": "text/csv; charset=utf-8",
        ".parquet": "application/vnd.apache.parquet",
        ".jsonl": "application/x-ndjson",
        ".json": "application/json",
        ".eaf": "application/xml",
        ".png": "image/png",
        ".mp4": "video/mp4",
        ".html": "text/html; charset=utf-8",
        ".zip": "application/zip",
    }
)
_STORED = frozenset({".mp4", ".png", ".parquet"})  # packed already


def table_file(job: Job, format: str) -> Path:
    """A job's table in a format, made when it is asked for first.

    Raises:
        ProblemError: 404, 409 where there are no results (any more, or yet); 422: no such format.
    """
    if format != "json" and format not in FORMATS:
        raise ProblemError(422, "format", "no such format", f"Choose one of {', '.join(('json', *FORMATS))}")
    with job.files:
        _require_done(job)
        path = job.folder / (f"{STEM}.json" if format == "json" else file_name(STEM, format))
        if not path.exists():
            _convert(job.folder / file_name(STEM, "parquet"), path, format)
        return path


def overlay_file(job: Job) -> Path:
    """A job's overlay, a picture or a video.

    Raises:
        ProblemError: as :func:`table_file`; 404 where none was asked for.
    """
    return _made(job, OVERLAY_NAMES, "overlay")


def report_file(job: Job) -> Path:
    """A job's report; errors as :func:`overlay_file`."""
    return _made(job, (f"{STEM}.html",), "report")


def archive_file(job: Job, formats: Sequence[str]) -> Path:
    """Tables in some formats, the sidecar, and overlay and report where there are any, as one ZIP file.

    Raises:
        ProblemError: as :func:`table_file`.
    """
    with job.files:
        files = [table_file(job, format) for format in dict.fromkeys((*formats, "json"))]
        made = (job.folder / name for name in (*OVERLAY_NAMES, f"{STEM}.html"))
        files += [path for path in made if path.exists()]
        path = job.folder / f"{'-'.join(sorted(set(formats)))}.zip"
        if not path.exists():
            with written_aside(path) as aside, zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as archive:
                for file in files:
                    packing = zipfile.ZIP_STORED if file.suffix in _STORED else zipfile.ZIP_DEFLATED
                    archive.write(file, file.name, packing)
        return path


def timelines(job: Job, points: int) -> dict[str, Any]:
    """What a page needs to draw timelines: of every face, times, boxes, intensities and occurrences.

    Args:
        job: one that is done.
        points: at most so many of a face, evenly chosen.

    Returns:
        ``faces``, each with ``face_id``, ``timestamp``, ``box`` (x, y, w, h), and by action unit ``intensity`` (or the
        probability, times 5, where the model says no intensity) and ``occurrence``; ``aus``, ``duration``.
    """
    with job.files:
        _require_done(job)
        table = pq.read_table(job.folder / file_name(STEM, "parquet"))
    stems = aus_of(table.column_names).columns
    faces = []
    for face_id in sorted(pc.unique(table["face_id"].drop_null()).to_pylist()):
        rows = table.filter(pc.equal(table["face_id"], face_id))
        step = max(1, -(-rows.num_rows // points))
        rows = rows.take(pa.array(range(0, rows.num_rows, step)))
        strength = {stem: _strength(rows, stem) for stem in stems}
        boxes = zip(*(_numbers(rows[name], 1) for name in ("face_x", "face_y", "face_w", "face_h")), strict=True)
        faces.append(
            {
                "face_id": face_id,
                "timestamp": _numbers(rows["timestamp"], 6),
                "box": [list(box) for box in boxes],
                "intensity": strength,
                "occurrence": {stem: rows[f"{stem}_c"].to_pylist() for stem in stems},
            }
        )
    times = table["timestamp"]
    last = pc.max(times).as_py() or 0.0
    return {"aus": list(stems), "duration": last, "faces": faces}


def report_policy(path: Path) -> str:
    """The Content-Security-Policy of a report: its own scripts run, known by their digests, and nothing else."""
    scripts = _Scripts()
    scripts.feed(path.read_text(encoding="utf-8"))
    scripts.close()
    sources = " ".join(f"'sha256-{base64.b64encode(sha256(one.encode()).digest()).decode()}'" for one in scripts.found)
    return f"script-src {sources or _NONE}; {REPORT_POLICY}"


def disposition(kind: str, source: str, path: Path) -> str:
    """A Content-Disposition that calls a file after its source; nothing in the name can leave the header.

    >>> disposition("attachment", 'a".mp4', Path("result.csv"))
    "attachment; filename*=UTF-8''a%22.csv"
    """
    stem = source.rsplit(".", 1)[0] or source
    ending = path.name.partition(".")[2]
    return f"{kind}; filename*=UTF-8''{quote(f'{stem[:150]}.{ending}', safe='')}"


_NONE = "'none'"


class _Scripts(HTMLParser):
    """Collects the inline scripts of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script":
            self._inside = True
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[-1] += data


def _require_done(job: Job) -> None:
    if job.state in (State.QUEUED, State.RUNNING):
        raise ProblemError(409, "job", f"is {job.state.value}; there are no results yet", "Ask again when it is done")
    if job.state != State.DONE or not job.folder.exists():
        raise ProblemError(404, "job", f"is {job.state.value} and has no results", "Send the file again")


def _made(job: Job, names: Sequence[str], what: str) -> Path:
    _require_done(job)
    for name in names:
        if (job.folder / name).exists():
            return job.folder / name
    raise ProblemError(404, what, "was not asked for", f"Send the file again with {what}=true")


def _convert(parquet: Path, path: Path, format: str) -> None:
    """Write a table in another format, in constant memory."""
    sidecar = read_sidecar(parquet.with_suffix(".json"))
    with pq.ParquetFile(parquet) as file:
        names = file.schema_arrow.names
        sides = has_sides(names)
        aus = aus_of(names)
        order = [each.name for each in columns(aus, sides=sides)]
        with open_sink(format, path, aus, sides=sides) as sink:
            for batch in file.iter_batches():
                sink.write(batch.select(order))
            sink.describe(sidecar)


def _strength(rows: pa.Table, stem: str) -> list[float | None]:
    intensity = rows[f"{stem}_r"]
    if intensity.null_count == len(intensity):
        return [None if p is None else round(5 * p, 2) for p in rows[f"{stem}_p"].to_pylist()]
    return _numbers(intensity, 2)


def _numbers(values: pa.ChunkedArray, decimals: int) -> list[float | None]:
    return [None if value is None else round(value, decimals) for value in values.to_pylist()]
