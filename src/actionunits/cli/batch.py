"""``actionunits batch``: many files, on this machine or a cluster, resumable."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actionunits.cli.analysis_options import BaselineName, Every, MaxFaces, Model, Sides
from actionunits.defaults import DEFAULT_MODEL

if TYPE_CHECKING:
    from actionunits.cluster import BatchReport

_SOME_FAILED, _STOPPED = 3, 4


def batch(
    corpus: Annotated[
        str, typer.Argument(metavar="MANIFEST_OR_FOLDER", help="A folder, glob, or CSV/Parquet of URIs; near or far.")
    ],
    out: Annotated[str, typer.Option("--out", metavar="URI", help="Folder or URI for rows and status.")],
    address: Annotated[
        str | None, typer.Option("--address", metavar="RAY", help="Join a Ray cluster: auto, or HOST:PORT.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=0, help="One a core by default, or a file; 0 works without Ray."),
    ] = None,
    gpu_workers: Annotated[int, typer.Option("--gpu-workers", min=0, help="Workers with a GPU each, besides.")] = 0,
    cores_each: Annotated[
        int | None,
        typer.Option("--cores-each", min=1, help="Cores of a worker [an even share; 1 on a cluster]."),
    ] = None,
    model: Model = DEFAULT_MODEL,
    max_faces: MaxFaces = None,
    every: Every = 1,
    baseline: BaselineName = "none",
    sides: Sides = False,
    check: Annotated[
        str,
        typer.Option("--check", help="Tell a changed local file by its content, or by its stamp (size and time)."),
    ] = "content",
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try again what failed by its own fault before.")
    ] = False,
    moved: Annotated[bool, typer.Option("--moved", help="The same files lie in another folder now.")] = False,
    split_seconds: Annotated[
        float | None,
        typer.Option("--split-seconds", min=1, help="Keep longer videos in stretches of at least so long."),
    ] = None,
    dashboard: Annotated[bool, typer.Option("--dashboard", help="Start Ray's dashboard (ray[default]).")] = False,
    journal: Annotated[
        Path | None, typer.Option("--journal", metavar="FILE", help="Append a line for every beginning and commit.")
    ] = None,
) -> None:
    """Find the action units in every file of a corpus; run it again to go on where it ended.

    Writes URI/rows (one Parquet a file) and URI/status.parquet. Exit status: 0 all done, 2 wrong usage, 3 some files
    failed (each named on standard error; the others are done), 4 the run could not start or had to stop (output locked,
    full or not writable; workers lost); what is done is kept.
    """
    from actionunits.cli.batch_progress import BatchProgress
    from actionunits.errors import ClusterError, UsageError

    try:
        from actionunits.cluster import BatchSettings, find_corpus, run_batch
        from actionunits.cluster.crews import Staff
        from actionunits.cluster.identity import parse_check
    except ImportError as error:
        raise UsageError("batch", f"{error.name} is not installed", 'pip install "actionunits[cluster]"') from error
    settings = BatchSettings(model, max_faces, every, baseline, sides)
    staff = Staff(workers, gpu_workers, cores_each, address, dashboard)
    found = find_corpus(corpus)
    for failure in found.failures:
        typer.echo(f"error: {failure}", err=True)
    try:
        with BatchProgress() as progress:
            report = run_batch(
                found, out, settings,
                staff=staff, check=parse_check(check), retry_failed=retry_failed,
                moved=moved, split_seconds=split_seconds, journal=journal, watch=progress,
            )  # fmt: skip
    except ClusterError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(_STOPPED) from error
    _conclude(report)


def _conclude(report: BatchReport) -> None:
    """Say how it ended."""
    rate = report.frames / report.seconds if report.seconds else 0.0
    kept = f", {report.kept} done before" if report.kept else ""
    typer.echo(f"{report.done} done{kept}, {len(report.failed)} failed; {report.seconds:.1f} s, {rate:.0f} frames/s")
    if report.failed or report.unreadable:
        raise typer.Exit(_SOME_FAILED)
