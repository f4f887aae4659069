"""``actionunits crossval``: train and test a system on every fold of a store."""

from __future__ import annotations

from typing import Annotated

import typer

from actionunits.cli.progress import training
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
    from actionunits.evaluation import open_store, render
    from actionunits.training.crossval import Settings, cross_validate_named, estimate_named

    settings = Settings(tier, changes or (), reuse or (), device, devices)
    store = open_store(*data)
    if dry_run:
        first = min(fold or [1])
        sheet = estimate_named(recipe, store, fold=first, folds=folds, aus=aus, seed=seed, settings=settings)
        typer.echo(render([sheet], "md"))
        return
    with training() as watch:
        sheet = cross_validate_named(
            recipe, store, out, folds=folds, only=fold or (), aus=aus, seed=seed, settings=settings, watch=watch
        )
    typer.echo(render([sheet], "md"))
    typer.echo(f"{out}: predictions of every test frame, counts of every fold, and the table")
