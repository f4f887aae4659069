"""The options of training a recipe, which ``train`` and ``crossval`` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
