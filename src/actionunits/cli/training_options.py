"""What ``train`` and ``crossval`` share: their options, and the run itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actionunits.cli.progress import training

if TYPE_CHECKING:
    from actionunits.training.crossval import Settings

Data = Annotated[
    list[Path],
    typer.Option(metavar="STORE", help="The store to train and test on; of several, each is left out in turn."),
]
Out = Annotated[Path, typer.Option(metavar="RUN", help="Folder to write; a killed run goes on where it stopped.")]
Folds = Annotated[
    str | None, typer.Option(help="bp4d-3fold, disfa-3fold, loso, 3fold, ...; default: the data set's usual split.")
]
AUs = Annotated[str | None, typer.Option(help="As in 1,2,12 or BP4D_12; default: the recipe's, else the store's.")]
Seed = Annotated[int, typer.Option(min=0, max=2**31 - 1, help="The same seed gives the same table.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a recipe, as in model.hidden=64; may be repeated."),
]
Tier = Annotated[str | None, typer.Option(help="A variant of the recipe, as mini.")]
Reuse = Annotated[
    list[Path] | None,
    typer.Option(metavar="RUN", help="Take stages over that were trained there alike; may be repeated."),
]
DeviceName = Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")]
Devices = Annotated[int, typer.Option(min=1, max=64, help="Graphics cards that share every batch.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print shapes, parameters, steps and an estimate of time; write nothing.")
]


def run(
    name: str,
    data: Sequence[Path],
    out: Path,
    *,
    only: Sequence[int],
    folds: str | None,
    aus: str | None,
    seed: int,
    settings: Settings,
    dry_run: bool,
) -> bool:
    """Train and test on some folds, all if none is named, and print the table; or only the estimate for the first.

    Returns:
        Whether a run was written.
    """
    from actionunits.evaluation import open_store, render
    from actionunits.training.crossval import cross_validate_named, estimate_named

    store = open_store(*data)
    if dry_run:
        first = min(only, default=1)
        sheet = estimate_named(name, store, fold=first, folds=folds, aus=aus, seed=seed, settings=settings)
    else:
        with training() as watch:
            sheet = cross_validate_named(
                name, store, out, folds=folds, only=only, aus=aus, seed=seed, settings=settings, watch=watch
            )
    typer.echo(render([sheet], "md"))
    return not dry_run
