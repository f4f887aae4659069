"""``actionunits bench``: the benchmarks, printed as tables and saved as CSV."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from actionunits.errors import UsageError

app = typer.Typer(help="Benchmarks, printed as tables and saved as CSV.", no_args_is_help=True)


@app.callback()
def _verbs() -> None:
    """Benchmarks, printed as tables and saved as CSV."""


@app.command("analyze")
def analyze(
    seconds: Annotated[float, typer.Option(min=1, help="Length of the clips for the rates.")] = 20,
    minutes: Annotated[
        str, typer.Option(help="Lengths for time and memory, joined by commas; empty for none.")
    ] = "1,10",
    repeats: Annotated[int, typer.Option(min=1, help="The best of so many runs counts.")] = 3,
    threads: Annotated[int, typer.Option(min=1, help="Threads inside one inference.")] = 2,
    out: Annotated[Path, typer.Option(help="Where the CSV goes.")] = Path("bench-analyze.csv"),
) -> None:
    """Decode alone, the bare decode + warp + mesh loop, and the whole journey; start-up; growing lengths."""
    from actionunits.bench.journey import machine, run_benchmark, save

    lengths = _lengths(minutes)
    lines = run_benchmark(seconds=seconds, minutes=lengths, repeats=repeats, threads=threads)
    table = Table("what", "size", "frames", "seconds", "frames/s", "note", title=machine())
    for line in lines:
        rate = f"{line.rate:.0f}" if line.frames > 1 else "-"
        table.add_row(line.what, line.size, str(line.frames), f"{line.seconds:.2f}", rate, line.note)
    Console().print(table)
    save(lines, out)
    typer.echo(f"saved {out}")


def _lengths(minutes: str) -> tuple[float, ...]:
    try:
        lengths = tuple(float(length) for length in minutes.split(",") if length.strip())
    except ValueError:
        lengths = (0.0,)
    if not all(0 < length < math.inf for length in lengths):
        raise UsageError(f"--minutes {minutes}", "is no list of lengths", "Write for example --minutes 1,10")
    return lengths
