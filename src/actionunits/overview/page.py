"""One self-contained HTML page about a whole batch: what was done, what failed, how often each action unit occurs."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

import actionunits
from actionunits.atomic import written_aside
from actionunits.errors import ResultsError, UsageError
from actionunits.facs import FACS
from actionunits.overview.query import Corpus, run_query
from actionunits.overview.summary import summary_table

_LISTED = 500  # failures and people on the page; the tables hold all


@dataclass(frozen=True)
class UnitLine:
    """An action unit over all rows: its number, name, mean intensity (0-5) and share of frames (0-1)."""

    number: int
    name: str
    mean: float | None
    share: float | None


def write_page(corpus: Corpus, path: Path) -> None:
    """Write the page.

    Args:
        corpus: the batch.
        path: an HTML file; replaced where it is there.

    Raises:
        UsageError: Jinja or DuckDB is not installed.
        ResultsError: the page cannot be written.
    """
    try:
        import jinja2
    except ImportError as error:
        raise UsageError("results page", "Jinja is not installed", 'pip install "actionunits[query]"') from error
    template = files("actionunits.overview").joinpath("page.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    text = environment.from_string(template).render(**_facts(corpus))
    with written_aside(path, ResultsError) as aside:
        aside.write_text(text, encoding="utf-8")


def _facts(corpus: Corpus) -> dict[str, Any]:
    status = corpus.status
    done = status.filter(pc.equal(status["state"], "done"))
    failed = status.filter(pc.equal(status["state"], "failed"))
    people = summary_table(corpus)
    by_subject = summary_table(corpus, "subject") if "subject" in corpus.metadata else None
    return {
        "place": corpus.place.uri,
        "version": actionunits.__version__,
        "files": {"done": done.num_rows, "failed": failed.num_rows, "waiting": corpus.waiting},
        "models": _models(corpus),
        "video": _span(pc.sum(done["duration"]).as_py() or 0),
        "frames": pc.sum(done["frames"]).as_py() or 0,
        "rows": pc.sum(done["rows"]).as_py() or 0,
        "without_face": pc.sum(done["frames_without_face"]).as_py() or 0,
        "work": _span(pc.sum(done["seconds"]).as_py() or 0),
        "units": _units(corpus),
        "failures": failed.select(["source", "reason", "fault", "attempts"]).to_pylist()[:_LISTED],
        "people": people.to_pylist()[:_LISTED],
        "people_total": people.num_rows,
        "subjects": [] if by_subject is None else by_subject.to_pylist()[:_LISTED],
        "most": lambda line: _most(line, corpus.aus.columns),
    }


def _most(line: dict[str, Any], names: tuple[str, ...]) -> str:
    """The three action units that a person shows most, with their share of frames."""
    shares = sorted(((line[f"{name}_share"] or 0.0, name) for name in names), reverse=True)[:3]
    return ", ".join(f"{name} {share:.0%}" for share, name in shares if share > 0)


def _span(seconds: float) -> str:
    """A time in the unit that suits it."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:,.1f} {unit}"
    return f"{seconds:.1f} s"


def _models(corpus: Corpus) -> list[str]:
    sql = "SELECT DISTINCT estimator || ' ' || estimator_version AS m FROM status WHERE state = 'done' ORDER BY m"
    return [row["m"] for row in run_query(corpus, sql).to_pylist()]


def _units(corpus: Corpus) -> list[UnitLine]:
    """Every action unit over all faces of all frames."""
    names = corpus.aus.columns
    if not names:
        return []
    parts = ", ".join(f"avg({name}_r) AS {name}_mean, avg({name}_c) AS {name}_share" for name in names)
    row = run_query(corpus, f"SELECT {parts} FROM rows WHERE success = 1").to_pylist()[0]  # noqa: S608 - own columns
    return [
        UnitLine(number, FACS[number].name, row[f"{name}_mean"], row[f"{name}_share"])
        for number, name in zip(corpus.aus, names, strict=True)
    ]
