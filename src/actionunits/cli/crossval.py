"""``actionunits crossval``: train and test a system on every fold of a store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from actionunits.cli.progress import counting


def crossval(
    recipe: Annotated[
        str,
        typer.Argument(
            help="always-positive, base-rate, ridge-landmarks or svm-hog-landmarks; baselines for all four; "
            "ridge-hog or ridge-background to probe a data set; "
            "geometry, or the path of a card, for an estimator as it is."
        ),
    ],
    data: Annotated[
        list[Path],
        typer.Option(metavar="STORE", help="The store to train and test on; of several, each is left out in turn."),
    ],
    out: Annotated[Path, typer.Option(metavar="RUN", help="Folder to write; a killed run goes on where it stopped.")],
    folds: Annotated[
        str | None, typer.Option(help="bp4d-3fold, disfa-3fold, loso, 3fold, ...; default: the data set's usual split.")
    ] = None,
    aus: Annotated[str | None, typer.Option(help="As in 1,2,12 or BP4D_12; default: all of the store's.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="The same seed gives the same table.")] = 0,
) -> None:
    """Test every subject once, by a system that never saw them; write predictions and the table."""
    from actionunits.evaluation import cross_validate_recipe, open_store, render

    store = open_store(*data)
    with counting("folds") as watch:
        sheet = cross_validate_recipe(recipe, store, out, folds=folds, aus=aus, seed=seed, watch=watch)
    typer.echo(render([sheet], "md"))
    typer.echo(f"{out}: predictions of every test frame, counts of every fold, and the table")
