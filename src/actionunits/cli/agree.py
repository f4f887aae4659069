"""``actionunits agree``: an analysis against a human coder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def agree(
    predictions: Annotated[
        Path, typer.Argument(metavar="PREDICTIONS", help="Table of `actionunits analyze`: .csv, .parquet or .jsonl.")
    ],
    codes: Annotated[
        Path, typer.Argument(metavar="CODES", help="Frame codes (CSV, Parquet), BORIS events, ELAN text or .eaf.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Also write tables and Bland-Altman plots there.")
    ] = None,
    offset: Annotated[float, typer.Option("--offset", metavar="S", help="Seconds to add to the coder's times.")] = 0.0,
    face_id: Annotated[
        int | None, typer.Option("--face-id", metavar="N", help="Which face was coded, if there are several.")
    ] = None,
    subject: Annotated[
        str | None, typer.Option(help="Whose codes, if the coder's file is about several people.")
    ] = None,
    span: Annotated[
        str | None,
        typer.Option(metavar="START-END", help="Seconds in which the coder looked, if a file of events is silent."),
    ] = None,
    occurs_from: Annotated[int, typer.Option(help="Coder's level from which an AU counts as shown, 1-5 (A-E).")] = 1,
    first_frame: Annotated[int, typer.Option(help="Number of the first frame in the coder's file.")] = 0,
) -> None:
    """Say how an analysis agrees with a human coder: F1, kappa, ICC(3,1), Bland-Altman, and where they part.

    Frames are matched by time. With --out writes DIR/agreement.csv and .md, disagreements.csv, agreement.json, and
    bland_altman_AUxx.png for each AU with levels.
    """
    from actionunits.agreement import agree as compare
    from actionunits.agreement import read_codes, save, summary_lines
    from actionunits.agreement.compare import parse_span
    from actionunits.results import Results

    looked = None if span is None else parse_span(span)
    results = Results.read(predictions)
    agreement = compare(
        results,
        read_codes(codes, subject=subject),
        offset=offset,
        face_id=face_id,
        span=looked,
        occurs_from=occurs_from,
        first_frame=first_frame,
    )
    for line in summary_lines(agreement):
        typer.echo(line)
    if out is not None:
        save(agreement, out)
        typer.echo(f"written to {out}")
