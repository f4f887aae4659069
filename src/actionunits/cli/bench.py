"""``actionunits bench``: the benchmarks, printed as tables and saved as CSV."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from actionunits.cli.progress import counting
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


@app.command("synth")
def synth(
    subjects: Annotated[int, typer.Option(min=1, help="People for the response table.")] = 20,
    posed: Annotated[int, typer.Option(min=0, help="Random pictures of each person.")] = 50,
    size: Annotated[int, typer.Option(help="Pixels.")] = 256,
    seed: Annotated[int, typer.Option(min=0, help="Of the people.")] = 1,
    speed: Annotated[bool, typer.Option(help="Time generation too.")] = True,
    out: Annotated[Path, typer.Option(help="Where the CSV goes.")] = Path("bench-synth.csv"),
) -> None:
    """How the face mesh, trained on photographs, answers every action unit of the synthetic faces; speed."""
    from actionunits.bench import synth as bench
    from actionunits.bench.journey import machine

    with counting("people") as watch:
        rows, frontal = bench.run_responses(subjects=subjects, seed=seed, size=size, watch=watch)
    with counting("people") as watch:
        kinds = [frontal]
        if posed:
            kinds.append(bench.run_posed(subjects=subjects, frames=posed, seed=seed + 1, size=size, watch=watch))
    table = Table("AU", "measure", "expected", *(f"level {level:.0f}" for level in bench.LEVELS), "people", "right")
    for row in rows:
        change = [f"{value:+.1f}" for value in row.change]
        cells = ["+" if row.sign > 0 else "-", *change, f"{row.share:.0%}", "yes" if row.right else "NO"]
        table.add_row(str(row.au), row.measure, *cells)
    console = Console()
    console.print("change against the neutral face, % of the outer-eye-corner distance")
    console.print(table)
    for kind in kinds:
        console.print(f"face found, {kind.kind}: {kind.found} of {kind.pictures} ({kind.found / kind.pictures:.2%})")
    if speed:
        console.print(machine())
        for line in bench.run_speed(size=size, seed=seed):
            console.print(f"{line.what}: {line.value:.2f} {line.unit}")
    bench.save_responses(rows, out)
    typer.echo(f"saved {out}")


def _lengths(minutes: str) -> tuple[float, ...]:
    try:
        lengths = tuple(float(length) for length in minutes.split(",") if length.strip())
    except ValueError:
        lengths = (0.0,)
    if not all(0 < length < math.inf for length in lengths):
        raise UsageError(f"--minutes {minutes}", "is no list of lengths", "Write for example --minutes 1,10")
    return lengths
