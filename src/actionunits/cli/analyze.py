"""``actionunits analyze``: pictures and video in, tables and overlays out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from actionunits.cli.analysis_options import BaselineName, DeviceName, Every, MaxFaces, Model, Sides
from actionunits.defaults import DEFAULT_MODEL

_EXIT_SOME_FAILED = 3


def analyze(
    inputs: Annotated[list[str], typer.Argument(metavar="INPUT...", help="Pictures, videos, folders, globs.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the results go; made when missing.")],
    overlay: Annotated[bool, typer.Option("--overlay", help="Also draw faces and action units.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Also an HTML report (extra [report]).")] = False,
    formats: Annotated[
        str,
        typer.Option("--format", help="Any of csv, parquet, jsonl, openface, elan, events, joined by commas."),
    ] = "csv",
    model: Model = DEFAULT_MODEL,
    device: DeviceName = "cpu",
    max_faces: MaxFaces = None,
    every: Every = 1,
    baseline: BaselineName = "none",
    sides: Sides = False,
) -> None:
    """Find the action units of every face in every frame.

    Writes DIR/STEM.csv (one row a frame and face), DIR/STEM.json (how it was made), with --overlay
    DIR/STEM.overlay.png or .mp4, and with --report DIR/STEM.html. Exit status: 0 all done, 2 wrong usage, 3 some inputs
    failed (each named on standard error; the others are done).
    """
    from actionunits.analyzer import Analyzer
    from actionunits.cli.progress import AnalysisProgress
    from actionunits.errors import ActionUnitsError, UsageError
    from actionunits.media import expand_inputs
    from actionunits.outputs import Outputs, plan_stems, without_own_overlays, write_analysis
    from actionunits.results import parse_formats

    analyzer = Analyzer(model, device=device, max_faces=max_faces, every=every, baseline=baseline, sides=sides)
    expanded = expand_inputs(inputs)
    sources, drawn = without_own_overlays(expanded.inputs)
    stems = plan_stems(sources)
    command = ("actionunits", *sys.argv[1:])
    outputs = Outputs(out, parse_formats(formats, "--format"), overlay, command, report)
    outputs.prepare(stems)
    for path in drawn:
        typer.echo(f"skipped: {path}: an overlay that an earlier run drew", err=True)
    for failure in expanded.failures:
        typer.echo(f"error: {failure}", err=True)
    failed = len(expanded.failures)
    passes = 2 if overlay and analyzer.baseline.kind != "none" else 1
    with AnalysisProgress(len(stems), passes=passes, every=every) as progress:
        for source, stem in stems.items():
            try:
                with progress.one(source.path) as watch:
                    written = write_analysis(analyzer, source, stem, outputs, watch=watch)
            except UsageError:
                raise
            except ActionUnitsError as error:
                failed += 1
                progress.say(f"error: {error}")
                continue
            for warning in written.warnings:
                progress.say(f"warning: {source.path}: {warning}")
            progress.done(str(written))
    if failed:
        typer.echo(f"{failed} of {failed + progress.finished} inputs failed", err=True)
        raise typer.Exit(_EXIT_SOME_FAILED)
