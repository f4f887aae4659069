"""The whole promise at full size: kill a batch at random moments, resume it, and compare with an undisturbed one.

usage: python tools/check_batch.py [--clips 200] [--kills 5] [--workers 2] [--seed 0]

Makes short clips of mixed lengths, analyses them once without disturbance, and once with SIGKILL to the whole run
(command, Ray and workers) at random moments, each time resumed. Exit status 0 when the rows are identical row for row,
no file was begun again after its commit, and nothing half written is left.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds

from actionunits.bench.batch import make_corpus

_PROGRAM = "from actionunits.cli import main; main()"


def start(corpus: Path, out: Path, workers: int, journal: Path) -> subprocess.Popen[bytes]:
    """Start ``actionunits batch`` in a process group of its own."""
    words = ["batch", str(corpus), "--out", str(out), "--workers", str(workers), "--journal", str(journal)]
    return subprocess.Popen([sys.executable, "-c", _PROGRAM, *words], start_new_session=True)


def commits(journal: Path) -> int:
    """How many files have been committed so far."""
    return sum(" commit " in line for line in lines_of(journal))


def lines_of(journal: Path) -> list[str]:
    """The journal's lines."""
    return journal.read_text().splitlines() if journal.exists() else []


def again_after_commit(journal: Path) -> int:
    """How many files were begun after they had been committed."""
    committed: set[str] = set()
    again = 0
    for line in lines_of(journal):
        _, what, key, _ = line.split()
        if what == "commit":
            committed.add(key)
        else:
            again += key in committed
    return again


def rows_of(out: Path) -> pa.Table:
    """All rows, sorted."""
    table = ds.dataset(out / "rows", format="parquet").to_table().replace_schema_metadata(None)
    return table.sort_by([("source", "ascending"), ("frame", "ascending"), ("face_id", "ascending")])


def disturbed(corpus: Path, out: Path, workers: int, journal: Path, moments: list[int]) -> None:
    """Run, kill after so many commits and a random pause, and go on, until it is done."""
    for moment in moments:
        running = start(corpus, out, workers, journal)
        while commits(journal) < moment and running.poll() is None:
            time.sleep(0.01)
        time.sleep(random.random() * 0.5)
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        print(f"killed after {commits(journal)} commits", flush=True)
    if start(corpus, out, workers, journal).wait():
        raise SystemExit("the last run failed")


def main() -> None:
    """Run both and compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    random.seed(asked.seed)
    with tempfile.TemporaryDirectory(prefix="actionunits-check-") as name:
        folder = Path(name)
        make_corpus(folder / "clips", asked.clips, asked.seed)
        quiet, journal = folder / "quiet", folder / "journal.txt"
        if start(folder / "clips", quiet, asked.workers, folder / "quiet.txt").wait():
            raise SystemExit("the undisturbed run failed")
        moments = sorted(random.sample(range(asked.clips), asked.kills))
        disturbed(folder / "clips", folder / "killed", asked.workers, journal, moments)
        one, other = rows_of(quiet), rows_of(folder / "killed")
        begun = sum(" begin " in line for line in lines_of(journal))
        left = list((folder / "killed" / ".aside").iterdir())
        print(f"{asked.clips} clips, {one.num_rows} rows; killed {asked.kills} times; {begun} files begun")
        print(
            f"rows identical: {one.equals(other)}; begun after commit: {again_after_commit(journal)}; left: {len(left)}"
        )
        if not one.equals(other) or again_after_commit(journal) or left:
            raise SystemExit(1)


if __name__ == "__main__":
    main()
