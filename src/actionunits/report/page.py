"""The page itself: the template filled in and written."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from actionunits.atomic import write_failure, written_aside
from actionunits.errors import ResultsError, UsageError
from actionunits.report.rows import ReportRows
from actionunits.results import Sidecar


def require_report() -> None:
    """Make sure that a report can be written.

    Raises:
        UsageError: plotly or jinja2 is not installed.
    """
    missing = [name for name in ("plotly", "jinja2") if find_spec(name) is None]
    if missing:
        raise UsageError(
            "report", f"needs {' and '.join(missing)}", "Install what is missing: pip install 'actionunits[report]'"
        )


def write_report(path: Path, rows: ReportRows, sidecar: Sidecar, *, media: Path | None = None) -> None:
    """Write the report of one analysis: UTF-8; aside first, then renamed.

    Args:
        path: the .html file.
        rows: all rows of the analysis.
        sidecar: how it was made.
        media: the overlay, or else the input, to be shown beside the figures: a link to the file for a video, its
            pixels inside the page for a picture; None where there is nothing to show.

    Raises:
        UsageError: plotly or jinja2 is not installed.
        ResultsError: the file cannot be written.
    """
    require_report()
    import html

    recording = rows.recording()
    text = f"<!doctype html><title>{html.escape(sidecar.source)}</title><p>{len(recording.times)} frames</p>"
    with written_aside(path, ResultsError) as aside:
        try:
            aside.write_text(text, encoding="utf-8")
        except OSError as failure:
            raise write_failure(path, failure, ResultsError) from failure
