"""Write the generated tables into the pages: README.md (columns of the results, the detector's figures, timings) and
docs/synth.md (what the face mesh sees, what can be learned, how fast).

usage: python tools/page_tables.py [--check]

Each table stands between ``<!-- NAME -->`` and ``<!-- /NAME -->``. With --check nothing is written, and the exit status
is 1 when a page and its data have drifted apart (a test does this).
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from actionunits.estimators import find_card
from actionunits.facs import FACS, column
from actionunits.results import markdown_table

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
SYNTH = ROOT / "docs/synth.md"
BENCHMARKS = ROOT / "docs/benchmarks"
TIMINGS = BENCHMARKS / "analyze.csv"


def quality_table() -> str:
    """The geometry card's held-out figures, best AU first."""
    card, _ = find_card("geometry")
    if card.quality is None:
        raise SystemExit("the geometry card has no figures")
    lines = ["| AU | | AUROC | F1 | ICC(3,1) | MAE |", "|---|---|---|---|---|---|"]
    for row in sorted(card.quality.per_au, key=lambda row: -(row.auroc or 0)):
        figures = " | ".join("-" if v is None else f"{v:.2f}" for v in (row.auroc, row.f1, row.icc, row.mae))
        lines.append(f"| {column(row.au)} | {FACS[row.au].name} | {figures} |")
    training = card.training
    return "\n".join(
        [
            *lines,
            "",
            f"{card.quality.protocol}. {training.images} pictures, {training.subjects} subjects, seed {training.seed}; "
            f"`{training.command}`.",
        ]
    )


def timing_table() -> str:
    """What ``actionunits bench analyze`` last measured."""
    with TIMINGS.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lines = ["| | size | frames/s | |", "|---|---|---|---|"]
    for row in rows:
        rate = f"{float(row['frames_per_second']):,.0f}" if int(row["frames"]) > 1 else f"{float(row['seconds']):.2f} s"
        lines.append(f"| {row['what']} | {row['size']} | {rate} | {row['note']} |")
    return "\n".join([*lines, "", f"`actionunits bench analyze` on {rows[0]['machine']}."])


def _rows(name: str) -> list[dict[str, str]]:
    with (BENCHMARKS / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def responses_table() -> str:
    """What ``actionunits bench synth`` last saw."""
    lines = ["| AU | measure | FACS | level 1 | level 3 | level 5 | people |", "|---|---|---|---|---|---|---|"]
    for row in _rows("synth.csv"):
        sign = "+" if row["expected"] == "1" else "-"
        moved = " | ".join(f"{float(row[f'level {level}']):+.1f}" for level in (1, 3, 5))
        lines.append(f"| {row['au']} | {row['measure']} | {sign} | {moved} | {float(row['share']):.0%} |")
    return "\n".join(lines)


def facts_table() -> str:
    """The other figures of ``actionunits bench synth``."""
    rows = _rows("synth-facts.csv")
    lines = ["| | |", "|---|---|", *(f"| {row['what']} | {row['value']} {row['unit']} |" for row in rows)]
    return "\n".join([*lines, "", f"`actionunits bench synth` on {rows[0]['machine']}."])


def learnability_table() -> str:
    """What ``tools/learnability.py`` last measured."""
    kinds = ("landmarks", "HOG", "background")
    names = [f"{kind} {measure}" for kind in kinds for measure in ("AUROC", "F1", "ICC")]
    lines = [f"| AU | share | {' | '.join(names)} |", "|---" * (len(names) + 2) + "|"]
    cells = [" | ".join(row[name] for name in ("AU", "share", *names)) for row in _rows("learnability.csv")]
    return "\n".join([*lines, *(f"| {line} |" for line in cells)])


PAGES: Mapping[Path, Mapping[str, Callable[[], str]]] = MappingProxyType(
    {
        README: {"columns": lambda: markdown_table().strip(), "quality": quality_table, "timings": timing_table},
        SYNTH: {"responses": responses_table, "facts": facts_table, "learnability": learnability_table},
    }
)
"""The tables of every page."""


def filled(text: str, tables: Mapping[str, Callable[[], str]]) -> str:
    """Return a page's text with every table made anew."""
    for name, table in tables.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        found = pattern.search(text)
        if found is None:
            raise SystemExit(f"the page has no place for the table {name}")
        start, end = found.end(1), found.start(2)
        text = f"{text[:start]}{table()}\n{text[end:]}"
    return text


def main() -> None:
    """Write, or with --check compare."""
    for page, tables in PAGES.items():
        before = page.read_text(encoding="utf-8")
        after = filled(before, tables)
        if "--check" in sys.argv[1:] and before != after:
            sys.exit(1)
        page.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main()
