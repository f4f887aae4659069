"""``actionunits train``: train and test a recipe on one fold of a store."""

from __future__ import annotations

from typing import Annotated

import typer

from actionunits.cli.training_options import (
    AUs,
    Changes,
    Data,
    DeviceName,
    Devices,
    DryRun,
    Folds,
    Out,
    Reuse,
    Seed,
    Tier,
    run,
)


def train(
    recipe: Annotated[str, typer.Argument(help="As `actionunits models` lists them, or the path of a .yaml file.")],
    data: Data,
    fold: Annotated[int, typer.Option(min=1, metavar="K", help="Which fold, from 1.")],
    out: Out,
    changes: Changes = None,
    tier: Tier = None,
    reuse: Reuse = None,
    seed: Seed = 0,
    folds: Folds = None,
    aus: AUs = None,
    device: DeviceName = "auto",
    devices: Devices = 1,
    dry_run: DryRun = False,
) -> None:
    """Train all stages on one fold, test it, and write the model, the predictions and the table."""
    from actionunits.training.crossval import Settings

    settings = Settings(tier, changes or (), reuse or (), device, devices)
    if run(recipe, data, out, only=[fold], folds=folds, aus=aus, seed=seed, settings=settings, dry_run=dry_run):
        typer.echo(f"{out}: predictions of every test frame and the table; {out / 'folds' / f'fold{fold}'}: the model")
