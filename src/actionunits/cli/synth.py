"""``actionunits synth``: synthetic faces with exact action units."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from actionunits.cli.progress import counting
from actionunits.errors import ActionUnitsError, UsageError

if TYPE_CHECKING:
    from actionunits.synth.layouts import Layout
    from actionunits.synth.sets import SetRecipe
    from actionunits.synth.sheets import SheetKind

app = typer.Typer(help="Synthetic faces with exact action units.", no_args_is_help=True)

_Seed = Annotated[int, typer.Option(help="The same seed gives the same bytes.")]


@app.command()
def generate(
    store: Annotated[Path, typer.Argument(help="Folder for the data; a killed run goes on where it stopped.")],
    named: Annotated[str | None, typer.Option("--set", help="SynthAU-mini or SynthAU: size, seed and all.")] = None,
    subjects: Annotated[int | None, typer.Option(help="How many people [24].")] = None,
    frames: Annotated[int | None, typer.Option(help="Pictures per person [100].")] = None,
    size: Annotated[int | None, typer.Option(help="Width and height in pixels [256].")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same bytes [0].")] = None,
    preset: Annotated[str | None, typer.Option(help="Base rates: uniform, bp4d or disfa [uniform].")] = None,
    stills: Annotated[bool, typer.Option("--stills", help="Unrelated pictures instead of sequences.")] = False,
    every: Annotated[int | None, typer.Option(help="Keep every so-manyth of 25 frames a second [5].")] = None,
    sequence_frames: Annotated[int | None, typer.Option(help="Frames per sequence [25].")] = None,
    strength: Annotated[
        float | None, typer.Option(help="How far faces move at each level; FACS means by E about 1.5 [1].")
    ] = None,
    variety: Annotated[
        float | None, typer.Option(help="How much people differ in the way they move and rest, 0-1 [0].")
    ] = None,
    layout: Annotated[
        str, typer.Option(help="store, or as BP4D, BP4D+ or DISFA lie on disk: bp4d, bp4d+, disfa.")
    ] = "store",
    workers: Annotated[int | None, typer.Option(help="Processes; default: one a core.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a finished store.")] = False,
) -> None:
    """Render people, expressions, cameras and lights into a store, with progress and time left."""
    _require_extra()
    from actionunits.store import Store
    from actionunits.synth.generate import generate as generate_set
    from actionunits.synth.layouts import LAYOUTS, write_layout
    from actionunits.synth.people import draw_traits
    from actionunits.synth.traits import balance

    given = {
        "subjects": subjects,
        "frames": frames,
        "size": size,
        "seed": seed,
        "preset": preset,
        "every": every,
        "sequence_frames": sequence_frames,
        "content": "stills" if stills else None,
        "strength": strength,
        "variety": variety,
    }
    if layout not in ("store", *LAYOUTS):
        raise UsageError(f"--layout {layout}", "there is no such layout", f"Use store, {', '.join(LAYOUTS)}")
    recipe = _recipe(named, {name: value for name, value in given.items() if value is not None})
    people = [draw_traits(recipe.seed, index) for index in range(recipe.subjects)]
    for what, counts in balance(people).items():
        typer.echo(f"{what}: " + ", ".join(f"{name} {count}" for name, count in counts.items()))
    target = store if layout == "store" else store.with_name(store.name + ".store")
    with counting("sequences") as watch:
        done = generate_set(target, recipe, workers=workers, overwrite=overwrite, watch=watch)
    rate = f", {done.made / done.seconds:.1f} pictures/s" if done.made else ""
    typer.echo(f"{target}: {done.frames} pictures, {done.made} of them made in {done.seconds:.0f} s{rate}")
    if layout != "store":
        written = write_layout(Store(target), store, cast("Layout", layout))
        typer.echo(f"{store}: {written.frames} pictures laid out as {layout}; {target} can go")


@app.command()
def sheet(
    out: Annotated[Path, typer.Argument(help="Picture to write, .png or .jpg.")],
    kind: Annotated[str, typer.Option(help="aus, people, mixes, strip, closeups or manners.")] = "aus",
    seed: _Seed = 0,
    size: Annotated[int | None, typer.Option(help="Pixels of one picture.")] = None,
) -> None:
    """Render a sheet of faces to look at."""
    _require_extra()
    from actionunits.media import write_image
    from actionunits.synth.sheets import make_sheet

    write_image(out, make_sheet(cast("SheetKind", kind), seed=seed, size=size))
    typer.echo(out)


@app.command()
def clip(
    out: Annotated[Path, typer.Argument(help="Video to write, .mp4, .mov or .m4v.")],
    seconds: Annotated[float, typer.Option(help="How long.")] = 5.0,
    size: Annotated[int, typer.Option(help="Width and height in pixels.")] = 320,
    seed: _Seed = 0,
    subject: Annotated[int, typer.Option(min=0, help="Which of the seed's people.")] = 0,
    preset: Annotated[str, typer.Option(help="Base rates: uniform, bp4d or disfa.")] = "uniform",
) -> None:
    """Render a performance of one person as a video, 25 frames a second."""
    _require_extra()
    from actionunits.synth.filming import FPS
    from actionunits.synth.sheets import write_clip

    frames = max(1, round(seconds * FPS))
    with counting("frames") as watch:
        takes = write_clip(out, seconds=seconds, size=size, seed=seed, subject=subject, preset=preset)
        for done, _ in enumerate(takes, 1):
            watch(done, frames)
    typer.echo(out)


def _require_extra() -> None:
    """Say what to install where numba is missing."""
    if find_spec("numba") is None:
        raise ActionUnitsError("synth", "needs numba", 'Install it: pip install "actionunits[synth]"')


def _recipe(named: str | None, given: dict[str, Any]) -> SetRecipe:
    from actionunits.synth.sets import SetRecipe, get_set

    if named is None:
        return SetRecipe(**given)
    if given:
        option = next(iter(given)).replace("_", "-")
        raise UsageError(f"--set {named}", f"it has its own {option}", "Leave the other options out")
    return get_set(named)
