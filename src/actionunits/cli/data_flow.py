"""``actionunits data flow``: the optical flow of a store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from actionunits.cli.progress import counting


def flow(
    store: Annotated[Path, typer.Argument(help="A finished store of cropped faces; a killed run goes on.")],
    method: Annotated[
        str | None,
        typer.Option(help="tvl1 (needs opencv-contrib), dis or farneback. Default: tvl1 where it is, else dis."),
    ] = None,
    bound: Annotated[
        float, typer.Option(help="Pixels of the crop that are told apart; what moves further is clipped.")
    ] = 60.0,
    quality: Annotated[int, typer.Option(help="Quality of the stored JPEG files, 1-100.")] = 95,
    jobs: Annotated[int | None, typer.Option(help="Processes; default: one a core.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Throw away what flow there is.")] = False,
) -> None:
    """Find how every face moves until the next frame, and keep it in the store; AU R-CNN's two streams read it."""
    from actionunits.prepare import FlowMethod, prepare_flow

    with counting("frames") as watch:
        found = prepare_flow(
            store,
            method=cast("FlowMethod | None", method),
            bound=bound,
            quality=quality,
            jobs=jobs,
            overwrite=overwrite,
            watch=watch,
        )
    for line in found.lines():
        typer.echo(line)
