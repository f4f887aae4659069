"""``actionunits data stats``: what the labels of a store look like."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def stats(
    store: Annotated[Path, typer.Argument(help="Folder of a store.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Also write tables and plots there.")] = None,
    aus: Annotated[
        str | None, typer.Option(help="Which AUs, as 1,2,4 or BP4D_12; default: all that are labelled.")
    ] = None,
) -> None:
    """Base rates, correlations of AUs (as RE-Net, Fig. 2), durations and segments (as AU R-CNN, Tables 14-15)."""
    from actionunits.statistics import describe, save, summary_lines
    from actionunits.store import Store

    statistics = describe(Store(store), aus)
    for line in summary_lines(statistics):
        typer.echo(line)
    if out is not None:
        save(statistics, out)
        typer.echo(f"written to {out}")
