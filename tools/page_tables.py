"""Write the generated tables into README.md: the columns of the results, the detector's figures, the timings.

usage: python tools/readme_tables.py [--check]

Each table stands between ``<!-- NAME -->`` and ``<!-- /NAME -->``. With --check nothing is written, and the exit status
is 1 when README.md and the data have drifted apart (a test does this).
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

from actionunits.estimators import find_card
from actionunits.facs import FACS, column
from actionunits.results import markdown_table

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
TIMINGS = ROOT / "docs/benchmarks/analyze.csv"


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


def filled(text: str) -> str:
    """Return README's text with every table made anew."""
    tables = {"columns": markdown_table().strip(), "quality": quality_table(), "timings": timing_table()}
    for name, table in tables.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        found = pattern.search(text)
        if found is None:
            raise SystemExit(f"README.md has no place for the table {name}")
        start, end = found.end(1), found.start(2)
        text = f"{text[:start]}{table}\n{text[end:]}"
    return text


def main() -> None:
    """Write, or with --check compare."""
    before = README.read_text(encoding="utf-8")
    after = filled(before)
    if "--check" in sys.argv[1:]:
        sys.exit(before != after)
    README.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main()
