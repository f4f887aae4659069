"""What the benchmarks share: CPU time of all processes, and tables as CSV."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path

from actionunits.atomic import written_aside
from actionunits.bench.journey import machine
from actionunits.errors import ResultsError


def cpu_seconds() -> float:
    """CPU seconds of this process and of those that it waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def save_table(path: Path, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a table as CSV, the machine in its last column.

    Raises:
        ResultsError: the file cannot be written.
    """
    with written_aside(path, ResultsError) as aside, aside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*head, "machine"])
        writer.writerows([*row, machine()] for row in rows)
