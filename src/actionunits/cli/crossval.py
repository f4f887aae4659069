"""``actionunits crossval``: train and test a system on every fold of a store."""

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


def crossval(
    recipe: Annotated[
        str,
        typer.Argument(
            help="A recipe of `actionunits models`, or the path of a .yaml file; "
            "always-positive, base-rate, ridge-landmarks or svm-hog-landmarks; baselines for all four; "
            "ridge-hog or ridge-background to probe a data set; "
            "geometry, or the path of a card, for an estimator as it is."
        ),
    ],
    data: Data,
    out: Out,
    folds: Folds = None,
    fold: Annotated[
        list[int] | None, typer.Option(min=1, metavar="K", help="Run these folds only; may be repeated.")
    ] = None,
    aus: AUs = None,
    seed: Seed = 0,
    changes: Changes = None,
    tier: Tier = None,
    reuse: Reuse = None,
    device: DeviceName = "auto",
    devices: Devices = 1,
    dry_run: DryRun = False,
) -> None:
    """Test every subject once, by a system that never saw them; write predictions and the table."""
    from actionunits.training.crossval import Settings

    settings = Settings(tier, changes or (), reuse or (), device, devices)
    if run(recipe, data, out, only=fold or (), folds=folds, aus=aus, seed=seed, settings=settings, dry_run=dry_run):
        typer.echo(f"{out}: predictions of every test frame, counts of every fold, and the table")
