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
    threads: Annotated[int | None, typer.Option(min=1, help="Threads inside one inference [as analyze].")] = None,
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


@app.command("batch")
def batch(
    clips: Annotated[int, typer.Option(min=1, help="Short clips.")] = 200,
    workers: Annotated[str, typer.Option(help="Numbers of workers, each with the cores of one.")] = "1x1,2x1,1x2",
    seconds: Annotated[float, typer.Option(min=0, help="Length of a longer clip of each size; 0 for none.")] = 60,
    repeats: Annotated[int, typer.Option(min=1, help="The fastest of so many counts.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of the clips.")] = 0,
    out: Annotated[Path, typer.Option(help="Where the CSV goes.")] = Path("bench-batch.csv"),
) -> None:
    """Many short clips with one worker and with more; longer clips of three sizes; files of one frame."""
    from actionunits.bench import batch as bench
    from actionunits.bench.journey import machine

    numbers = _workers(workers)
    with counting("lines") as watch:
        runs = bench.run_benchmark(
            clips=clips, workers=numbers, seconds=seconds, repeats=repeats, seed=seed, watch=watch
        )
        lines = list(runs)
    table = Table("what", "workers", "cores", "files", "frames", "s", "frames/s", "x one", title=machine())
    for line in lines:
        gain = f"{lines[0].seconds / line.seconds:.2f}" if line.what == lines[0].what else ""
        counts = (str(line.workers), str(line.cores_each), str(line.files), str(line.frames), f"{line.seconds:.1f}")
        table.add_row(line.what, *counts, f"{line.rate:.0f}", gain)
    Console().print(table)
    bench.save(lines, out)
    typer.echo(f"saved {out}")


@app.command("cost")
def cost(
    measured: Annotated[Path, typer.Argument(metavar="CSV", help="Written by `actionunits bench batch`.")],
    hours: Annotated[float, typer.Option(min=0, help="Of video.")] = 10_000,
    size: Annotated[str, typer.Option(help="Of its pictures; one that was measured.")] = "640x360",
    rate: Annotated[float, typer.Option(min=1, help="Frames a second.")] = 30,
    minutes_each: Annotated[float, typer.Option(min=0.01, help="Length of a file.")] = 10,
    faces: Annotated[float, typer.Option(min=0, help="In a frame, on average.")] = 1,
    cores: Annotated[int, typer.Option(min=1, help="That work at once.")] = 64,
    price: Annotated[float | None, typer.Option(min=0, help="Of a core for an hour; yours to name.")] = None,
) -> None:
    """What a corpus would take in time, money and space, from measured constants."""
    from actionunits.bench.cost import estimate, read_constants

    found = estimate(
        read_constants(measured),
        hours=hours, size=size, rate=rate, minutes_each=minutes_each, faces=faces, cores=cores, price=price,
    )  # fmt: skip
    typer.echo(f"{hours:,.0f} h of {size}, {rate:g} frames/s: {found.frames:,} frames")
    typer.echo(f"{found.core_hours:,.0f} core hours; {found.wall_hours:,.1f} h on {cores} cores")
    typer.echo(f"{found.output_gb:,.0f} GB of rows")
    if found.price is not None:
        typer.echo(f"costs {found.price:,.2f}")


def _workers(text: str) -> tuple[tuple[int, int], ...]:
    pairs = [part.strip().split("x") for part in text.split(",") if part.strip()]
    if not pairs or not all(len(pair) == 2 and all(each.isdecimal() and int(each) for each in pair) for pair in pairs):
        raise UsageError(f"--workers {text}", "is no list of workers x cores", "Write for example --workers 1x1,2x1")
    return tuple((int(number), int(cores)) for number, cores in pairs)


def _lengths(text: str, option: str) -> tuple[float, ...]:
    try:
        lengths = tuple(float(length) for length in text.split(",") if length.strip())
    except ValueError:
        lengths = (0.0,)
    if not all(0 < length < math.inf for length in lengths):
        raise UsageError(f"{option} {text}", "is no list of numbers above 0", f"Write for example {option} 1,10")
    return lengths
