"""The command line: one verb a file, no logic of its own."""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

from actionunits import __version__
from actionunits.cli import (
    agree,
    analyze,
    assets,
    batch,
    bench,
    compare,
    crossval,
    data,
    explain,
    export,
    models,
    results,
    serve,
    synth,
    train,
    webcam,
)
from actionunits.errors import ActionUnitsError, UsageError

USAGE, SOME_FAILED = 2, 3  # exit statuses; 0 is all done

app = typer.Typer(
    name="actionunits",
    help="Facial action units from photographs and video.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("analyze")(analyze.analyze)
app.command("agree")(agree.agree)
app.command("train")(train.train)
app.command("crossval")(crossval.crossval)
app.command("compare")(compare.compare)
app.command("explain")(explain.explain)
app.command("export")(export.export)
app.command("webcam")(webcam.webcam)
app.command("batch")(batch.batch)
app.add_typer(results.app, name="results")
app.command("serve")(serve.serve)
app.add_typer(models.app, name="models")
app.add_typer(assets.app, name="assets")
app.add_typer(data.app, name="data")
app.add_typer(synth.app, name="synth")
app.add_typer(bench.app, name="bench")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"actionunits {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Facial action units from photographs and video."""


def main() -> None:
    """Run the command line; errors of this package become one line and an exit status, never a traceback.

    Being told to end (SIGTERM) unwinds like Ctrl-C does, so that no half-written file stays.
    """
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        app()
    except ActionUnitsError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(USAGE if isinstance(error, UsageError) else SOME_FAILED)
