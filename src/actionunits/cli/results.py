"""``actionunits results``: what a batch left, asked in SQL, summed up, on a page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pyarrow as pa

    from actionunits.overview import Corpus

app = typer.Typer(help="What a batch left: SQL, a summary of every person, a page.", no_args_is_help=True)

Data = Annotated[str, typer.Option("--data", metavar="OUT", help="The --out of `actionunits batch`, near or far.")]


@app.command("query")
def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="About the tables rows and status.")],
    data: Data,
    out: Annotated[Path | None, typer.Option("--out", help="A .csv or .parquet file, instead of printing.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows printed.")] = 50,
) -> None:
    """Ask in SQL (DuckDB): `SELECT subject, avg(AU12_r) FROM rows GROUP BY subject`.

    `rows` has the columns of every results table and the manifest's; `status` has a row a file. A query reaches nothing
    else, no file and no network.
    """
    from actionunits.overview import run_query

    _give(run_query(_opened(data), sql), out, limit)


@app.command("summary")
def summary(
    data: Data,
    by: Annotated[str, typer.Option(help="face: every face of every file; subject: as the manifest names them.")] = (
        "face"
    ),
    drop_flagged: Annotated[bool, typer.Option(help="Leave out rows with a quality flag.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="A .csv or .parquet file, instead of printing.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows printed.")] = 50,
) -> None:
    """A line for every person: seconds seen, and of each AU mean, spread and share of frames."""
    from actionunits.overview import summary_table

    _give(summary_table(_opened(data), by, drop_flagged=drop_flagged), out, limit)


@app.command("page")
def page(
    data: Data,
    out: Annotated[Path, typer.Option("--out", help="An HTML file.")] = Path("corpus.html"),
) -> None:
    """A self-contained page about the whole corpus."""
    from actionunits.overview import write_page

    write_page(_opened(data), out)
    typer.echo(f"saved {out}")


def _opened(data: str) -> Corpus:
    from actionunits.errors import UsageError

    try:
        from actionunits.overview import Corpus
    except ImportError as error:
        raise UsageError("results", f"{error.name} is not installed", 'pip install "actionunits[cluster]"') from error
    corpus = Corpus(data)
    if corpus.waiting:
        typer.echo(f"warning: {corpus.waiting} files wait; run the same `actionunits batch` again", err=True)
    return corpus


def _give(table: pa.Table, out: Path | None, limit: int) -> None:
    """Save a table, or print its beginning: columns aligned on a terminal, tab-separated elsewhere."""
    import pyarrow.csv
    import pyarrow.parquet as pq

    from actionunits.atomic import written_aside
    from actionunits.errors import UsageError

    if out is not None:
        writers = {".csv": pyarrow.csv.write_csv, ".parquet": pq.write_table}
        if out.suffix.lower() not in writers:
            raise UsageError(out, "is neither .csv nor .parquet", "Choose one of the two")
        with written_aside(out) as aside:
            writers[out.suffix.lower()](table, aside)
        typer.echo(f"saved {out}: {table.num_rows} rows")
        return
    names = table.column_names
    shown = table.slice(0, limit).to_pylist()
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table

        drawn = Table(*names)
        for row in shown:
            drawn.add_row(*("" if row[name] is None else str(row[name]) for name in names))
        Console().print(drawn)
    else:
        typer.echo("\t".join(names))
        for row in shown:
            typer.echo("\t".join("" if row[name] is None else str(row[name]) for name in names))
    if table.num_rows > limit:
        typer.echo(f"{table.num_rows - limit} more rows: --limit or --out", err=True)
