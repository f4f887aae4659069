"""``actionunits data``: data sets on disk, from a look at what is there to a store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from actionunits.cli import data_flow, data_prepare, data_stats
from actionunits.cli.progress import counting

app = typer.Typer(help="Data sets: check a copy, prepare a store, count its labels.", no_args_is_help=True)
app.command()(data_prepare.prepare)
app.command()(data_flow.flow)
app.command()(data_stats.stats)


@app.command()
def check(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="The data set's folder, or a manifest.")],
    kind: Annotated[
        str | None, typer.Option(help="bp4d, bp4d+, disfa, manifest or store; default: told by what lies there.")
    ] = None,
    all_pictures: Annotated[
        bool, typer.Option("--all-pictures", help="Decode every picture, not only each sequence's first and last.")
    ] = False,
) -> None:
    """Say what a copy of a data set holds, what is missing, and what is odd, before any work."""
    from actionunits.datasets import check_dataset

    with counting("sequences") as watch:
        report = check_dataset(source, kind, all_pictures=all_pictures, watch=watch)
    for line in report.lines():
        typer.echo(line)
    if report.errors:
        raise typer.Exit(3)
