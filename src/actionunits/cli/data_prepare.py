"""``actionunits data prepare``: from a data set on disk to a store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from actionunits.cli.progress import counting


def prepare(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="bp4d, bp4d+, disfa, manifest or store.")],
    source: Annotated[
        Path, typer.Argument(metavar="SRC", help="The data set's folder, a manifest, or a store to crop.")
    ],
    store: Annotated[Path, typer.Argument(help="Folder for the store; a killed run goes on where it stopped.")],
    crop: Annotated[
        str,
        typer.Option(help="Crop recipe: jaa-200, lp-240-masked, re-256, roi-256, aurcnn-512, face-112, face-160."),
    ],
    jobs: Annotated[int | None, typer.Option(help="Processes; default: one a core.")] = None,
    landmarks: Annotated[
        str | None,
        typer.Option(
            help="mesh: find the face and fit the mesh; dataset: the data set's own landmarks. "
            "Default: dataset for a store, else mesh."
        ),
    ] = None,
    frame_policy: Annotated[
        str, typer.Option(help="Coded frames to take: all, drop_missing_landmarks or jaa_list.")
    ] = "all",
    cameras: Annotated[str, typer.Option(help="Of DISFA: left, right or both.")] = "left",
    occurs_from: Annotated[int, typer.Option(help="Lowest intensity that counts as occurrence (DISFA): 1 or 2.")] = 2,
    aus: Annotated[str | None, typer.Option(help="Action units, as 1,2,4; default: the data set's usual ones.")] = None,
    quality: Annotated[int, typer.Option(help="Quality of the stored JPEG pictures, 1-100.")] = 95,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Throw away the store that lies there, begun or finished.")
    ] = False,
) -> None:
    """Find the face in every coded frame, crop it, and write a store; no frame goes without a word."""
    from actionunits.datasets import open_dataset
    from actionunits.prepare import Landmarks, Preparation
    from actionunits.prepare import prepare as prepare_dataset

    how = Preparation(crop, landmarks=cast("Landmarks | None", landmarks), jpeg_quality=quality)
    dataset = open_dataset(kind, source, aus=aus, occurs_from=occurs_from, cameras=cameras, frame_policy=frame_policy)
    with counting("frames") as watch:
        done = prepare_dataset(dataset, store, how, jobs=jobs, overwrite=overwrite, watch=watch)
    for line in done.lines():
        typer.echo(line)
