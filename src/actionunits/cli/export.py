"""``actionunits export``: a trained model as an ONNX file with a card, for ``analyze``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A trained model's file, model.safetensors.")],
    out: Annotated[Path, typer.Argument(metavar="OUT.onnx", help="The file to write; its card is OUT.json.")],
    name: Annotated[str | None, typer.Option(help="Name on the card; default: that of the file.")] = None,
    run: Annotated[
        Path | None, typer.Option(metavar="RUN", help="The run that tested the model: its figures go on the card.")
    ] = None,
    fold: Annotated[
        int | None, typer.Option(min=1, help="Of that run; default: the one that the model's file names, or all.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files of these names.")] = False,
) -> None:
    """Write OUT.onnx and its card, once ONNX Runtime says the same as PyTorch; print how far they are apart."""
    from actionunits.export import export_model

    done = export_model(model, out, name=name, run=run, fold=fold, overwrite=overwrite)
    card = done.card
    typer.echo(f"parity: {done.parity}")
    typer.echo(f"written: {done.path} (AU {card.au_set}) and {done.card_path}")
    typer.echo(f"weights: {card.licence.weights}")
    typer.echo(f"use it: actionunits analyze INPUT --out DIR --model {done.card_path}")
