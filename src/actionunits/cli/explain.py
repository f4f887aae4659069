"""``actionunits explain``: what a trained model looks at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def explain(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="A picture, or the folder of a store.")],
    model: Annotated[Path, typer.Option(metavar="MODEL", help="A trained model's file, model.safetensors.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the pictures go.")] = Path("explained"),
    aus: Annotated[str | None, typer.Option(help="Which AUs, as 1,2,4; default: all of the model's.")] = None,
    frames: Annotated[int, typer.Option(min=1, help="Of a store: frames that get maps.")] = 4,
    points: Annotated[int, typer.Option(min=0, help="Of a store: frames whose features are drawn; 0: none.")] = 300,
    everybody: Annotated[
        bool, typer.Option("--all-subjects", help="Of a store: also those that the model was trained on.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the choice of frames, and of t-SNE.")] = 0,
) -> None:
    """Draw class-activation maps for every face and action unit; of a store also relations and features.

    Writes DIR/maps.png and maps.csv; for models that relate AUs relations.png; for those with ROI maps roi_maps.png,
    eigenvectors.png and channels.png; for AU R-CNN regions.png and boxes.png; for stores features.png (t-SNE) and
    label_relations.png.
    """
    from actionunits.explain import explain_picture, explain_store
    from actionunits.export.history import History
    from actionunits.models import load_model, read_model_facts
    from actionunits.store import Store

    loaded = load_model(model)
    if source.is_dir():
        history = History.read(read_model_facts(model)["facts"], loaded.settings)
        done = explain_store(
            loaded,
            Store(source),
            out,
            aus=aus,
            frames=frames,
            points=points,
            leave_out=() if everybody else history.known_subjects,
            seed=seed,
        )
    else:
        done = explain_picture(loaded, source, out, aus=aus)
    for path in done.files:
        typer.echo(path)
