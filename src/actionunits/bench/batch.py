"""``actionunits bench batch``: one worker beside several on short clips, and the constants of a corpus's cost.

Clips of mixed lengths are cut from the shipped sample. Ray's start and the loading of models are timed apart: on ten
thousand hours they do not count.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from actionunits.bench.journey import make_clip
from actionunits.bench.tables import save_table
from actionunits.cluster import BatchWatch, Record, find_corpus, run_batch
from actionunits.cluster.crews import Crew, RayCrew, Staff
from actionunits.cluster.worker import Orders
from actionunits.media import VideoReader, VideoWriter
from actionunits.samples import SAMPLE_CLIP

RATE = 25  # frames per second of the clips
SHORTEST, LONGEST = 10, 150  # frames
SIZES = ((640, 360), (1280, 720), (1920, 1080))


@dataclass(frozen=True)
class BatchRate:
    """One line of the table.

    Attributes:
        what: was analysed.
        workers: that did it.
        cores_each: that a worker used.
        files, frames: how many.
        seconds: by the clock, from the first file begun to the last committed.
        start_seconds: for Ray and the models before that.
        worker_seconds: of all workers together, while they had a file in hand.
        bytes_out: of the rows files.
    """

    what: str
    workers: int
    cores_each: int
    files: int
    frames: int
    seconds: float
    start_seconds: float
    worker_seconds: float
    bytes_out: int

    @property
    def rate(self) -> float:
        """Frames a second."""
        return self.frames / self.seconds


def make_corpus(folder: Path, clips: int, seed: int = 0, *, shortest: int = SHORTEST, longest: int = LONGEST) -> None:
    """Write clips of mixed lengths, cut from the shipped sample; the same for the same seed.

    Args:
        folder: for the clips.
        clips: how many.
        seed: of lengths and beginnings.
        shortest, longest: frames.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with VideoReader(SAMPLE_CLIP) as reader:
        sample = [frame.image for frame in reader]
    to_and_fro = [*range(len(sample)), *range(len(sample) - 2, 0, -1)]
    random = np.random.default_rng(seed)
    lengths = random.integers(shortest, longest + 1, clips)
    begins = random.integers(0, len(to_and_fro), clips)
    height, width = sample[0].shape[:2]
    for number, (length, begin) in enumerate(zip(lengths.tolist(), begins.tolist(), strict=True)):
        with VideoWriter(folder / f"clip{number:04d}.mp4", width=width, height=height, rate_hint=RATE) as writer:
            for place in range(length):
                writer.write(sample[to_and_fro[(begin + place) % len(to_and_fro)]], place / RATE)


def run_benchmark(
    *,
    clips: int = 200,
    workers: tuple[tuple[int, int], ...] = ((1, 1), (2, 1), (1, 2)),
    seconds: float = 60,
    repeats: int = 1,
    seed: int = 0,
    watch: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[BatchRate]:
    """Analyse the same clips with several numbers of workers; then longer ones of each size, and single frames.

    Args:
        clips: how many short ones.
        workers: numbers to try, each with the cores of a worker.
        seconds: length of the longer clip of each size; 0 for none.
        repeats: the fastest of so many counts.
        seed: of the clips.
        watch: told of (lines done, lines in all).
    """
    total = len(workers) + (len(SIZES) + 1) * (seconds > 0)
    with tempfile.TemporaryDirectory(prefix="actionunits-bench-") as name:
        folder = Path(name)
        make_corpus(folder / "clips", clips, seed)
        done = 0
        for number, cores_each in workers:
            yield min(
                (_measured("short clips", folder / "clips", folder, number, cores_each) for _ in range(repeats)),
                key=lambda line: line.seconds,
            )
            done += 1
            watch(done, total)
        if not seconds:
            return
        for width, height in SIZES:
            place = folder / f"{width}x{height}"
            place.mkdir()
            make_clip(place / "clip.mp4", width, height, seconds)
            yield _measured(f"one clip, {width}x{height}", place, folder)
            done += 1
            watch(done, total)
        make_corpus(folder / "single", 20, seed, shortest=1, longest=1)
        yield _measured("files of one frame", folder / "single", folder)
        watch(total, total)


def save(lines: list[BatchRate], path: Path) -> None:
    """Write the table as CSV, the machine in its last column."""
    head = (
        "what", "workers", "cores_each", "files", "frames", "seconds", "frames_per_second", "start_seconds",
        "worker_seconds", "bytes_out",
    )  # fmt: skip
    rows = [
        (
            line.what, line.workers, line.cores_each, line.files, line.frames, f"{line.seconds:.3f}",
            f"{line.rate:.1f}", f"{line.start_seconds:.2f}", f"{line.worker_seconds:.3f}", line.bytes_out,
        )
        for line in lines
    ]  # fmt: skip
    save_table(path, head, rows)


class _Clock(BatchWatch):
    """Notes when the last file was committed, and what they took."""

    def __init__(self) -> None:
        self.last = time.perf_counter()
        self.records: list[Record] = []

    def finished(self, record: Record, size: int) -> None:
        self.last = time.perf_counter()
        self.records.append(record)


def _measured(what: str, corpus: Path, folder: Path, workers: int = 1, cores_each: int = 1) -> BatchRate:
    clock, begun = _Clock(), [0.0, 0.0]

    def hire(orders: Orders, staff: Staff, most: int) -> Crew:
        begun[0] = time.perf_counter()
        crew = RayCrew(orders, staff, most)
        crew.await_all()
        begun[1] = time.perf_counter()
        return crew

    with tempfile.TemporaryDirectory(dir=folder) as name:
        out = Path(name) / "out"
        run_batch(find_corpus(str(corpus)), out, staff=Staff(workers, cores_each=cores_each), watch=clock, crew=hire)
        written = list(out.glob("rows/*/*.parquet"))
        frames = sum(pq.read_metadata(path).num_rows for path in written)
        size = sum(path.stat().st_size for path in written)
    return BatchRate(
        what,
        workers,
        cores_each,
        len(clock.records),
        frames,
        clock.last - begun[1],
        begun[1] - begun[0],
        sum(record.seconds for record in clock.records),
        size,
    )
