"""What ``analyze``, ``batch``, ``serve`` and ``webcam`` share: the options of an analysis."""

from __future__ import annotations

from typing import Annotated

import typer

Model = Annotated[str, typer.Option("--model", metavar="NAME_OR_CARD", help="See `actionunits models`.")]
DeviceName = Annotated[str, typer.Option("--device", help="cpu, cuda or auto.")]
MaxFaces = Annotated[int | None, typer.Option("--max-faces", min=1, help="Follow at most N faces at a time.")]
Every = Annotated[int, typer.Option("--every", min=1, help="Analyse every Nth frame of a video.")]
BaselineName = Annotated[
    str,
    typer.Option("--baseline", help="Subtract each person's resting score: none, median or neutral:START-END (s)."),
]
Sides = Annotated[
    bool, typer.Option("--sides", help="Also intensities of either side of the face: AUxx_left, AUxx_right.")
]
