"""``actionunits assets``: what third-party data is here, and fetching it before it is needed."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from actionunits import assets

app = typer.Typer(help="Third-party data files: face models, head mesh, backbone weights.", no_args_is_help=True)

_NEEDED_BY_ANALYZE = ("face-models",)


@app.command("list")
def list_assets(
    verify: Annotated[bool, typer.Option("--verify", help="Read every file and compare its SHA-256.")] = False,
) -> None:
    """Show each asset: package, files, download size, licence, state and folder."""
    standings = [assets.verify(name) for name in assets.ASSETS] if verify else list(assets.status())
    if Console().is_terminal:
        Console().print(_table(standings))
        return
    for line in map(_cells, standings):
        typer.echo("\t".join(line))


@app.command()
def pull(
    names: Annotated[list[str] | None, typer.Argument(help="Assets to fetch; default: what `analyze` needs.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Fetch every asset.")] = False,
) -> None:
    """Fetch assets into the cache, check them, mend what is damaged, and print their folders."""
    for name in tuple(assets.ASSETS) if everything else names or _NEEDED_BY_ANALYZE:
        typer.echo(assets.pull(name))


def _cells(standing: assets.AssetStatus) -> tuple[str, ...]:
    asset = standing.asset
    state: str = standing.state
    if standing.problems:
        more = f" and {len(standing.problems) - 3} more" if len(standing.problems) > 3 else ""
        state = f"{state}: {', '.join(standing.problems[:3])}{more}"
    size = f"{asset.wheel_size / 1e6:.1f} MB"
    return asset.name, asset.requirement, str(standing.files), size, asset.licence, state, str(standing.folder)


def _table(standings: list[assets.AssetStatus]) -> Table:
    table = Table("asset", "files", "download", "licence", Column("state and folder", overflow="fold"), show_lines=True)
    for name, requirement, files, size, licence, state, folder in map(_cells, standings):
        cells = (f"{name}\n{requirement}", files, size, licence, f"{state}\n{folder}")
        table.add_row(*map(Text, cells))  # Text: brackets in a path are no markup
    return table
