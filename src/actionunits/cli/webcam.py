"""``actionunits webcam``: action units of the people in front of the camera, live."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from actionunits.cli.analysis_options import DeviceName, MaxFaces, Model
from actionunits.defaults import DEFAULT_MODEL


def webcam(
    camera: Annotated[str, typer.Option("--camera", help="The camera's number, or a video file in its stead.")] = "0",
    headless: Annotated[bool, typer.Option("--headless", help="No window: print the strongest action units.")] = False,
    seconds: Annotated[float | None, typer.Option("--seconds", min=0, help="Stop after so long.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Also keep the table, as DIR/webcam.csv.")
    ] = None,
    model: Model = DEFAULT_MODEL,
    device: DeviceName = "cpu",
    max_faces: MaxFaces = None,
) -> None:
    """Show faces and action units live; close the window or press q or Escape to stop."""
    from actionunits.analyzer import Analyzer
    from actionunits.live import LinePrinter, LiveWindow, run_live
    from actionunits.media import Camera

    analyzer = Analyzer(model, device=device, max_faces=max_faces)
    view = LinePrinter(analyzer.aus) if headless else LiveWindow(analyzer.aus)
    source = Camera(camera, seconds=seconds, paced=not headless)
    frames, rate = run_live(analyzer, source, view, out, ("actionunits", *sys.argv[1:]))
    typer.echo(f"{frames} frames, {rate:.1f} frames/s")
