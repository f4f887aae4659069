"""``actionunits models``: which estimators there are, and what each is good for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from actionunits.estimators.card import Training

app = typer.Typer(help="Shipped estimators: action units, licences, measured quality.", invoke_without_command=True)


@app.callback()
def _default(context: typer.Context) -> None:
    """List the estimators when no verb is given."""
    if context.invoked_subcommand is None:
        list_models()


@app.command("list")
def list_models() -> None:
    """Show every shipped estimator with its AUs and licences."""
    from actionunits.estimators import find_card, shipped_cards

    console = Console()
    for name in shipped_cards():
        card, _ = find_card(name)
        quality = (
            "not measured" if card.mean_auroc is None else f"mean AUROC {card.mean_auroc:.3f} on held-out subjects"
        )
        console.print(Text.assemble((card.name, "bold"), f" {card.version}: {card.title}"))
        for label, text in (
            ("action units", str(card.au_set)),
            ("code", card.licence.code),
            ("weights", card.licence.weights),
            ("training data", card.licence.training_data),
            ("quality", quality),
        ):
            console.print(f"  {label:14}{text}", highlight=False, markup=False, soft_wrap=True)
    typer.echo("Units: probability 0-1 (_p), occurrence 0/1 (_c), intensity 0-5 (_r).")
    console.print("\nSystems to train (actionunits train RECIPE, with the extra train), and their recipes:")
    systems = _recipes()
    width = max(map(len, systems)) + 1
    for system, recipes in systems.items():
        console.print(Text.assemble((f"  {system:{width}}", "bold"), ", ".join(recipes)), soft_wrap=True)


@app.command("show")
def show(name: Annotated[str, typer.Argument(metavar="NAME", help="A model's name or a card's path.")]) -> None:
    """Show an estimator's card: limits first, then units, thresholds, quality per AU, training."""
    from actionunits.estimators import find_card
    from actionunits.facs import FACS, column

    card, path = find_card(name)
    licence, training = card.licence, card.training
    console = Console(markup=False, highlight=False)  # a card's brackets are no markup
    console.print(Text.assemble((f"{card.name} {card.version}", "bold"), f": {card.title}"))
    for heading, lines in (
        ("What it cannot do", [f"- {limit}" for limit in card.limits]),
        ("Intended use", [card.intended_use]),
        (
            "Licence",
            [f"code {licence.code}; weights {licence.weights}; training data: {licence.training_data}"],
        ),
        (
            "Training",
            [
                f"{training.data} ({_size(training)})",
                f"labels: {training.labels}",
                training.command,
            ],
        ),
    ):
        console.print(f"\n{heading}", style="bold")
        console.print("\n".join(lines))
    table = Table("AU", "name", "threshold", "pos.", "AUROC", "F1", "ICC", "MAE", "FPR")
    quality = {} if card.quality is None else {row.au: row for row in card.quality.per_au}
    for au, threshold in zip(card.aus, card.thresholds, strict=True):
        row = quality.get(au)
        figures = (row.auroc, row.f1, row.icc, row.mae, row.false_positive_rate) if row else (None,) * 5
        shown = ["-" if value is None else f"{value:.3f}" for value in figures]
        table.add_row(column(au), FACS[au].name, f"{threshold:.3f}", str(row.positives) if row else "-", *shown)
    console.print()
    console.print(table)
    if card.quality is not None:
        console.print(card.quality.protocol)
    intensity = "intensity 0-5 (_r)" if card.intensity else "no intensity (_r stays empty)"
    console.print(f"\nUnits: probability 0-1 (_p), occurrence 0/1 (_c) from the threshold on, {intensity}.")
    console.print(f"Weights {card.weights.file}, SHA-256 {card.weights.sha256}\nCard {path}")


def _recipes() -> dict[str, list[str]]:
    """The recipes that come with the package, by the system's name."""
    from actionunits.training.shipped import list_recipes

    found: dict[str, list[str]] = {}
    for name in list_recipes():
        found.setdefault(name.partition("/")[0], []).append(name)
    return found


def _size(training: Training) -> str:
    """As ``7799 pictures, 640 subjects, seed 0``."""
    known = {"pictures": training.images, "subjects": training.subjects}
    said = [f"{count} {name}" for name, count in known.items() if count is not None]
    return ", ".join([*said, "seed unknown" if training.seed is None else f"seed {training.seed}"])
