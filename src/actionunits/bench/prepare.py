"""``actionunits bench prepare``: from pictures of 1040 x 1392 pixels, laid out as BP4D lies on disk, to a store."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from actionunits.bench.tables import cpu_seconds, save_table
from actionunits.datasets import Dataset, open_dataset
from actionunits.media import VideoReader
from actionunits.pool import cores
from actionunits.prepare import Preparation, prepare
from actionunits.samples import SAMPLE_CLIP

WIDTH, HEIGHT = 1040, 1392
_FACE = 940  # side of the sample clip's picture in the scene; its face is then as large as BP4D's
_NOISE = 3.0  # grey levels, so that the files are as large as a camera's
_QUALITY = 90
_CODED = (1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24)


@dataclass(frozen=True, slots=True)
class PrepareRate:
    """One line of the table.

    Attributes:
        what: was done.
        processes: that did it.
        frames: how many.
        seconds: by the clock.
        cpu_seconds: of all processes together, their start included.
    """

    what: str
    processes: int
    frames: int
    seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        """Frames a second."""
        return self.frames / self.seconds

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds a frame."""
        return 1000 * self.cpu_seconds / self.frames


def make_tree(folder: Path, recordings: int, frames: int) -> None:
    """Lay the shipped clip's face out as BP4D: pictures, and tables of codes that are all unknown."""
    with VideoReader(SAMPLE_CLIP) as reader:
        sample = [cv2.resize(frame.image, (_FACE, _FACE), interpolation=cv2.INTER_CUBIC) for frame in reader]
    to_and_fro = [*range(len(sample)), *range(len(sample) - 2, 0, -1)]
    random = np.random.default_rng(0)
    noise = random.normal(0, _NOISE, (HEIGHT + 64, WIDTH + 64, 3)).astype(np.int16)
    codes = folder / "AUCoding" / "AU_OCC"
    codes.mkdir(parents=True)
    for recording in range(recordings):
        subject, task = f"F{recording // 8 + 1:03d}", f"T{recording % 8 + 1}"
        place = folder / "Sequences(2D+3D)" / subject / task
        place.mkdir(parents=True)
        for frame in range(frames):
            scene = np.full((HEIGHT, WIDTH, 3), 120, np.int16)
            top, left = 200, (WIDTH - _FACE) // 2 + frame % 20 - 10
            scene[top : top + _FACE, left : left + _FACE] = sample[to_and_fro[frame % len(to_and_fro)]]
            down, right = random.integers(0, 64, 2)
            scene += noise[down : down + HEIGHT, right : right + WIDTH]
            picture = cv2.cvtColor(np.clip(scene, 0, 255).astype(np.uint8), cv2.COLOR_RGB2BGR)
            name = place / f"{frame + 1:03d}.jpg"
            name.write_bytes(bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]))
        rows = [f"{frame + 1}," + ",".join("9" * len(_CODED)) for frame in range(frames)]
        (codes / f"{subject}_{task}.csv").write_text("\n".join([",".join(map(str, (0, *_CODED))), *rows]) + "\n")


def run_benchmark(
    *,
    recordings: int = 4,
    frames: int = 150,
    crops: tuple[str, ...] = ("jaa-200",),
    jobs: int | None = None,
    watch: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[PrepareRate]:
    """Decode alone, then the whole way to a finished store, the start of the processes included.

    Args:
        recordings: how many.
        frames: of each.
        crops: crop recipes.
        jobs: processes; None for one a core.
        watch: progress of a preparation, in frames.
    """
    jobs = cores() if jobs is None else jobs
    ways = [Preparation(crop) for crop in crops]
    with tempfile.TemporaryDirectory(prefix="actionunits-bench-") as name:
        folder = Path(name)
        make_tree(folder / "bp4d", recordings, frames)
        dataset = open_dataset("bp4d", folder / "bp4d")
        first = dataset.recording(dataset.sequences()[0])
        yield _timed("decode alone", 1, lambda: sum(picture is not None for _, picture in first.pictures()))
        for how in ways:
            place = folder / how.crop
            yield _timed(f"prepare {how.crop}", jobs, lambda p=place, h=how: _prepared(dataset, p, h, jobs, watch))  # type: ignore[misc]


def save(lines: list[PrepareRate], path: Path) -> None:
    """Write the table as CSV, the machine in its last column."""
    head = ("what", "processes", "frames", "seconds", "frames_per_second", "cpu_ms_per_frame")
    rows = [
        (line.what, line.processes, line.frames, f"{line.seconds:.2f}", f"{line.rate:.1f}", f"{line.cpu_ms:.2f}")
        for line in lines
    ]
    save_table(path, head, rows)


def _prepared(dataset: Dataset, place: Path, how: Preparation, jobs: int, watch: Callable[[int, int], None]) -> int:
    return prepare(dataset, place, how, jobs=jobs, watch=watch).made


def _timed(what: str, processes: int, run: Callable[[], int]) -> PrepareRate:
    cpu, clock = cpu_seconds(), time.perf_counter()
    frames = run()
    return PrepareRate(what, processes, frames, time.perf_counter() - clock, cpu_seconds() - cpu)
