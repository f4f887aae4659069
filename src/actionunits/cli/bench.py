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

    lengths = _lengths(minutes, "--minutes")
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
    facts = [
        bench.Fact(f"face found, {kind.kind}", 100 * kind.found / kind.pictures, f"% of {kind.pictures}")
        for kind in kinds
    ]
    if speed:
        facts += bench.run_speed(size=size, seed=seed)
    for fact in facts:
        console.print(f"{fact.what}: {fact.value:.2f} {fact.unit}")
    bench.save_responses(rows, out)
    bench.save_facts(facts, out.with_name(f"{out.stem}-facts.csv"))
    typer.echo(f"saved {out}")


@app.command("prepare")
def prepare(
    recordings: Annotated[int, typer.Option(min=1, help="How many recordings.")] = 4,
    frames: Annotated[int, typer.Option(min=1, help="Pictures of each.")] = 150,
    crops: Annotated[str, typer.Option(help="Crop recipes, joined by commas.")] = "jaa-200",
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes; default: one a core.")] = None,
    out: Annotated[Path, typer.Option(help="Where the CSV goes.")] = Path("bench-prepare.csv"),
) -> None:
    """Find, crop and store the faces of pictures of 1040 x 1392 pixels that lie as BP4D does."""
    from actionunits.bench import prepare as bench
    from actionunits.bench.journey import machine

    named = tuple(name.strip() for name in crops.split(",") if name.strip())
    with counting("frames") as watch:
        lines = list(bench.run_benchmark(recordings=recordings, frames=frames, crops=named, jobs=jobs, watch=watch))
    table = Table("what", "processes", "frames", "seconds", "frames/s", "CPU ms/frame", title=machine())
    for line in lines:
        cells = (str(line.processes), str(line.frames), f"{line.seconds:.2f}", f"{line.rate:.0f}", f"{line.cpu_ms:.1f}")
        table.add_row(line.what, *cells)
    Console().print(table)
    bench.save(lines, out)
    typer.echo(f"saved {out}")


@app.command("loading")
def loading(
    frames: Annotated[int, typer.Option(min=1, help="Pictures in the store.")] = 2000,
    inputs: Annotated[str, typer.Option(help="Input recipes, joined by commas.")] = "lp-224,re-224",
    workers: Annotated[int, typer.Option(min=0, help="Processes that decode; 0: the main one alone.")] = 2,
    epochs: Annotated[int, typer.Option(min=1, help="The fastest but for the first counts.")] = 3,
    out: Annotated[Path, typer.Option(help="Where the CSV goes.")] = Path("bench-loading.csv"),
) -> None:
    """From a store to normalised batches, varied for training and plain for testing."""
    from actionunits.bench import loading as bench
    from actionunits.bench.journey import machine

    named = tuple(name.strip() for name in inputs.split(",") if name.strip())
    with counting("images") as watch:
        runs = bench.run_benchmark(frames=frames, inputs=named, workers=workers, epochs=epochs, watch=watch)
        lines = list(runs)
    table = Table("what", "workers", "images", "seconds", "images/s", "CPU ms/image", "bytes/image", title=machine())
    for line in lines:
        rates = (f"{line.seconds:.2f}", f"{line.rate:.0f}", f"{line.cpu_ms:.2f}")
        table.add_row(line.what, str(line.workers), str(line.images), *rates, str(line.bytes_each))
    Console().print(table)
    bench.save(lines, out)
    typer.echo(f"saved {out}")


@app.command("models")
def models(
    recipes: Annotated[str | None, typer.Option(help="Recipes, joined by commas; default: one of each system.")] = None,
    tier: Annotated[str | None, typer.Option(help="Of the recipes, as in mini.")] = None,
    batches: Annotated[str, typer.Option(help="Faces at once, joined by commas.")] = "1,8",
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "auto",
    out: Annotated[Path, typer.Option(help="Where the CSV goes.")] = Path("bench-models.csv"),
) -> None:
    """Faces a second of every trainable system, the network alone; RE-Net folded and an AU at a time."""
    from actionunits.bench import models as bench
    from actionunits.bench.journey import machine
    from actionunits.training.devices import find_device

    sizes = tuple(int(size) for size in _lengths(batches, "--batches"))
    named = bench.ROWS if recipes is None else tuple(name.strip() for name in recipes.split(","))
    with counting("timings") as watch:
        runs = bench.run_benchmark(recipes=named, tier=tier, batches=sizes, device=find_device(device), watch=watch)
        lines = list(runs)
    table = Table("recipe", "how", "parameters", "pixels", "batch", "ms a batch", "faces/s", "device", title=machine())
    for line in lines:
        sizes_said = (f"{line.parameters:,}", str(line.side), str(line.batch))
        table.add_row(line.recipe, line.how, *sizes_said, f"{1000 * line.seconds:.1f}", f"{line.rate:.1f}", line.device)
    Console().print(table)
    bench.save(lines, out)
    typer.echo(f"saved {out}")


@app.command("train")
def train(
    recipes: Annotated[list[str], typer.Argument(metavar="RECIPE...", help="Which recipes.")],
    data: Annotated[list[Path], typer.Option(metavar="STORE", help="A store of each crop; may be repeated.")],
    tier: Annotated[str | None, typer.Option(help="Of the recipes, as in mini.")] = None,
    batches: Annotated[int, typer.Option(min=1, help="Batches that are timed.")] = 20,
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "auto",
    out: Annotated[Path, typer.Option(help="Where the CSV goes.")] = Path("bench-train.csv"),
) -> None:
    """Images a second of the loader alone, of training steps alone, and of both together."""
    from actionunits.bench import training as bench
    from actionunits.bench.journey import machine
    from actionunits.evaluation import open_store
    from actionunits.training import load_recipe
    from actionunits.training.devices import find_device

    stores = [open_store(folder) for folder in data]
    loaded = [load_recipe(name, tier=tier) for name in recipes]
    with counting("timings") as watch:
        used = find_device(device, loaded[0].precision)
        lines = list(bench.run_benchmark(loaded, stores, device=used, batches=batches, watch=watch))
    table = Table("recipe", "stage", "what", "workers", "images", "seconds", "images/s", "device", title=machine())
    for line in lines:
        rates = (str(line.images), f"{line.seconds:.2f}", f"{line.rate:.0f}")
        table.add_row(line.recipe, line.stage, line.what, str(line.workers), *rates, line.device)
    Console().print(table)
    bench.save(lines, out)
    typer.echo(f"saved {out}")


@app.command("serve")
def serve(
    requests: Annotated[int, typer.Option(min=1, max=1000, help="Pictures asked for at once.")] = 50,
    seconds: Annotated[float, typer.Option(min=1, help="Length of the video.")] = 20,
    repeats: Annotated[int, typer.Option(min=1, help="The fastest of so many runs counts.")] = 3,
    out: Annotated[Path, typer.Option(help="Where the CSV goes.")] = Path("bench-serve.csv"),
) -> None:
    """The HTTP service beside the library: pictures asked for at once, and a video."""
    from actionunits.bench import serve as bench
    from actionunits.bench.journey import machine

    with counting("runs") as watch:
        lines = bench.run_benchmark(requests=requests, seconds=seconds, repeats=repeats, watch=watch)
    table = Table("what", "count", "seconds", "a second", "p50 ms", "p95 ms", "lost", "note", title=machine())
    for line in lines:
        waits = (bench.milliseconds(line.p50), bench.milliseconds(line.p95), str(line.lost), line.note)
        table.add_row(line.what, str(line.count), f"{line.seconds:.2f}", f"{line.rate:.1f}", *waits)
    Console().print(table)
    bench.save(lines, out)
    typer.echo(f"saved {out}")


def _lengths(text: str, option: str) -> tuple[float, ...]:
    try:
        lengths = tuple(float(length) for length in text.split(",") if length.strip())
    except ValueError:
        lengths = (0.0,)
    if not all(0 < length < math.inf for length in lengths):
        raise UsageError(f"{option} {text}", "is no list of numbers above 0", f"Write for example {option} 1,10")
    return lengths
