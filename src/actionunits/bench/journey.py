"""``actionunits bench analyze``: the whole journey beside the loop that it cannot beat by much.

Three rates on one clip, one face: decoding alone; the bare serial loop decode + warp + mesh; and, with every shipped
model, the whole journey from file to CSV, with tracking, pose, quality, action units, table and sidecar. Then the
models alone, time and memory at growing lengths, and the time to the first result.
"""

from __future__ import annotations

import csv
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np

from actionunits.analyzer import Analyzer
from actionunits.atomic import written_aside
from actionunits.estimators import Estimator, load_estimator
from actionunits.estimators.base import LookedAt
from actionunits.estimators.card import read_weights
from actionunits.estimators.registry import find_card, shipped_cards
from actionunits.faces import FaceTracker, describe
from actionunits.faces.finder import FaceFinder
from actionunits.faces.mesh import FaceMesh, Region
from actionunits.media import MediaInput, VideoReader, VideoWriter
from actionunits.outputs import Outputs, write_analysis
from actionunits.pool import cores, network_threads
from actionunits.samples import SAMPLE_CLIP

RATE = 30  # frames per second of the clips made here
SIZES = ((640, 360), (1280, 720))
_FACES = 64  # that the models alone are timed on


@dataclass(frozen=True)
class Measured:
    """One line of the benchmark's table."""

    what: str
    size: str
    frames: int
    seconds: float
    note: str = ""

    @property
    def rate(self) -> float:
        """Frames per second."""
        return self.frames / self.seconds if self.seconds else 0.0


def make_clip(path: Path, width: int, height: int, seconds: float) -> None:
    """Write a clip of one rendered face by repeating the shipped sample to and fro."""
    with VideoReader(SAMPLE_CLIP) as reader:
        sample = [frame.image for frame in reader]
    side = int(height * 0.9)
    left, top = (width - side) // 2, (height - side) // 2
    to_and_fro = [*range(len(sample)), *range(len(sample) - 2, 0, -1)]
    scene = np.full((height, width, 3), 96, np.uint8)
    scene += np.linspace(0, 60, width, dtype=np.uint8)[None, :, None]
    with VideoWriter(path, width=width, height=height, rate_hint=RATE) as writer:
        for number in range(round(seconds * RATE)):
            face = cv2.resize(sample[to_and_fro[number % len(to_and_fro)]], (side, side), interpolation=cv2.INTER_AREA)
            scene[top : top + side, left : left + side] = face
            writer.write(scene, number / RATE)


def decode_alone(path: Path) -> int:
    """Decode every frame and do nothing with it."""
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        return sum(1 for _ in container.decode(video=0))


def decode_to_rgb(path: Path) -> int:
    """Decode every frame to RGB."""
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        return sum(frame.to_ndarray(format="rgb24").shape[0] > 0 for frame in container.decode(video=0))


def bare_loop(path: Path, threads: int) -> int:
    """Decode, warp, mesh: one after the other, the region taken from the mesh before; nothing else."""
    mesh_network = FaceMesh(threads=threads)
    count = 0
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        mesh = None
        for frame in container.decode(video=0):
            image = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            if mesh is None:
                mesh = FaceFinder(threads=threads).find(image)[0].mesh
            mesh, _, _ = mesh_network.fit(image, Region.of_mesh(mesh))
            count += 1
    return count


def whole_journey(analyzer: Analyzer, path: Path, folder: Path) -> int:
    """Analyse the file into CSV and sidecar."""
    return write_analysis(analyzer, MediaInput(path, "video"), path.stem, Outputs(folder)).frames


def best_of(times: int, run: Callable[[], int]) -> tuple[int, float]:
    """Return frames and the least seconds of some runs."""
    best = float("inf")
    frames = 0
    for _ in range(times):
        began = time.perf_counter()
        frames = run()
        best = min(best, time.perf_counter() - began)
    return frames, best


def measure_rates(folder: Path, seconds: float, repeats: int, threads: int | None) -> Iterator[Measured]:
    """Measure the three rates at each size; the loop and the journey alternate, so that both meet the same machine."""
    analyzers, alone = {name: Analyzer(name, threads=threads) for name in shipped_cards()}, threads or min(2, cores())
    for width, height in SIZES:
        size = f"{width}x{height}"
        clip = folder / f"clip-{size}.mp4"
        make_clip(clip, width, height, seconds)
        for what, run in (("decode alone", decode_alone), ("decode to RGB", decode_to_rgb)):
            yield Measured(what, size, *best_of(repeats, lambda run=run, clip=clip: run(clip)))  # type: ignore[misc]
        bare: list[float] = []
        journeys: dict[str, list[float]] = {name: [] for name in analyzers}
        frames = 0
        for _ in range(repeats):
            frames, took = best_of(1, lambda clip=clip: bare_loop(clip, alone))  # type: ignore[misc]
            bare.append(took)
            for name, analyzer in analyzers.items():
                run_one = partial(whole_journey, analyzer, clip, folder)
                journeys[name].append(best_of(1, run_one)[1])
        yield Measured("decode + warp + mesh, bare loop", size, frames, min(bare))
        for name, took_each in journeys.items():
            share = min(bare) / min(took_each)
            yield Measured(f"whole journey, {name}", size, frames, min(took_each), f"{share:.0%} of the bare loop")


def measure_models(repeats: int, threads: int) -> Iterator[Measured]:
    """Time every shipped model alone, from a picture and a known face to scores: one face, and 16 at once."""
    tracker = FaceTracker(FaceFinder(threads=threads), max_faces=1)
    with VideoReader(SAMPLE_CLIP) as reader:
        frames = [frame for frame, _ in zip(reader, range(_FACES), strict=False)]
    faces = [
        (frame.image, describe(*found, frame.image))
        for frame in frames
        for found in tracker.track(frame.image, frame.timestamp)
    ]
    for name in shipped_cards():
        estimator = load_estimator(name, threads=threads)
        for at_once in (1, 16):
            groups = [faces[start : start + at_once] for start in range(0, len(faces), at_once)]

            def run(estimator: Estimator = estimator, groups: list[list[LookedAt]] = groups) -> int:
                return sum(len(estimator.predict(group).evidence) for group in groups)

            run()
            count, took = best_of(repeats, run)
            note = f"{1000 * took / count:.2f} ms a face"
            yield Measured(f"{name} alone, {at_once} at once", "-", count, took, note)


def measure_networks(repeats: int, threads: int) -> Iterator[Measured]:
    """Time ONNX Runtime alone on the graph of every shipped model that has one, a face at a time."""
    import onnxruntime

    for name in shipped_cards():
        card, path = find_card(name)
        if card.kind != "onnx":
            continue
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(read_weights(card, path), options, providers=["CPUExecutionProvider"])
        face = {entry.name: np.zeros((1, *entry.shape[1:]), np.float32) for entry in session.get_inputs()}

        def run(session: onnxruntime.InferenceSession = session, face: dict[str, np.ndarray] = face) -> int:
            return sum(len(session.run(None, face)[0]) for _ in range(_FACES))

        run()
        count, took = best_of(repeats, run)
        yield Measured(
            f"{name}, its network alone, 1 at once", "-", count, took, f"{1000 * took / count:.2f} ms a face"
        )


def measure_length(folder: Path, seconds: float, threads: int | None) -> Measured:
    """Analyse a clip of some length in a process of its own; note its peak memory."""
    clip = folder / f"clip-{seconds:g}s.mp4"
    make_clip(clip, 640, 360, seconds)
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from actionunits.analyzer import Analyzer\n"
        "from actionunits.bench.journey import peak_megabytes, whole_journey\n"
        "analyzer = Analyzer(threads=int(sys.argv[3]) or None)\n"
        "began = time.perf_counter()\n"
        "frames = whole_journey(analyzer, Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "print(frames, time.perf_counter() - began, peak_megabytes())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(clip), str(folder), str(threads or 0)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    frames, took, peak = done.stdout.split()[-3:]
    clip.unlink()
    return Measured(
        f"whole journey, {seconds / 60:g} min", "640x360", int(frames), float(took), f"peak memory {float(peak):.0f} MB"
    )


def peak_megabytes() -> float:
    """Return the largest resident size of this process so far, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would also count what the parent held before this process began
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6
    import resource  # here: Windows has none

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def measure_start(folder: Path) -> Iterator[Measured]:
    """Time `import actionunits`, and from process start to the first result, both with warm disk caches."""
    clip = folder / f"clip-{SIZES[0][0]}x{SIZES[0][1]}.mp4"
    programs = {
        "import actionunits": "import actionunits",
        "process start to first result": "import sys, actionunits as au\nnext(au.Analyzer().stream(sys.argv[1]))",
    }
    for what, program in programs.items():

        def run(program: str = program) -> int:
            subprocess.run([sys.executable, "-c", program, str(clip)], check=True, capture_output=True)
            return 1

        frames, took = best_of(4, run)
        empty = best_of(4, lambda: run("pass"))[1]
        yield Measured(what, "-", frames, took, f"of it Python itself {empty:.2f} s")


def run_benchmark(
    *, seconds: float = 20, minutes: tuple[float, ...] = (1, 10), repeats: int = 3, threads: int | None = None
) -> list[Measured]:
    """Run everything; see the module's text.

    Args:
        seconds: length of the clips for the rates.
        minutes: lengths for time and memory.
        repeats: the best of so many counts.
        threads: inside one inference; None for what `analyze` takes, and for the bare loop, which has nothing else to
            do, as many as there are cores, two at most.
    """
    lines: list[Measured] = []
    with tempfile.TemporaryDirectory(prefix="actionunits-bench-") as name:
        folder = Path(name)
        lines += measure_rates(folder, seconds, repeats, threads)
        lines += measure_models(repeats, threads or network_threads(cores()))
        lines += measure_networks(repeats, threads or network_threads(cores()))
        lines += measure_start(folder)
        lines += [measure_length(folder, 60 * length, threads) for length in minutes]
    return lines


def machine() -> str:
    """Return the machine in words: cores, processor, system, Python."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    return f"{os.cpu_count()} cores, {model}, {platform.system()}, Python {platform.python_version()}"


def save(lines: list[Measured], path: Path) -> None:
    """Write the table as CSV, the machine in its last column."""
    with written_aside(path) as aside, aside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["what", "size", "frames", "seconds", "frames_per_second", "note", "machine"])
        for line in lines:
            writer.writerow(
                [line.what, line.size, line.frames, f"{line.seconds:.3f}", f"{line.rate:.1f}", line.note, machine()]
            )
