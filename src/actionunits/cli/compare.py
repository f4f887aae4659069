"""``actionunits compare``: runs side by side, and beside the published numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of finished runs, or folders of them.")],
    paper: Annotated[bool, typer.Option("--paper", help="With what five papers print, and how they differ.")] = False,
    published_on: Annotated[
        str | None, typer.Option(help="Published numbers on BP4D, BP4D+ or DISFA; default: the runs' data set.")
    ] = None,
    metric: Annotated[str, typer.Option(help="f1, icc or mae.")] = "f1",
    out: Annotated[
        list[Path] | None, typer.Option(help="Also write there: .md, .csv, .html or .tex; may be repeated.")
    ] = None,
) -> None:
    """Print the runs' scores per AU, their differences from the first run, and the papers' numbers."""
    from actionunits.evaluation import compare_runs, read_runs, render, write_text
    from actionunits.evaluation.sheets import format_of

    formats = {path: format_of(path) for path in out or []}
    sheets = compare_runs(read_runs(runs), paper=paper, published_on=published_on, metric=metric)
    for path, format in formats.items():
        write_text(path, render(sheets, format))
    typer.echo(render(sheets, "md"))
