"""``actionunits bench serve``: the service beside the library, on pictures asked for all at once and on a video.

The service runs in a process of its own on 127.0.0.1. The library runs in this one, with as many threads for pictures
as the service has; the two alternate, so that both meet the same machine, and the fastest run of each counts.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import numpy as np

from actionunits.analyzer import Analyzer
from actionunits.bench.journey import make_clip, whole_journey
from actionunits.bench.tables import save_table
from actionunits.errors import ActionUnitsError
from actionunits.media import VideoReader, write_image
from actionunits.pool import cores
from actionunits.samples import SAMPLE_CLIP

_WIDTH, _HEIGHT = 640, 360
_PICTURES = 5  # different ones, asked for in turn
_MOST_REQUESTS = 1000
_PATIENCE = 600.0  # seconds


@dataclass(frozen=True, slots=True)
class ServeRate:
    """One line of the table.

    Attributes:
        what: was done.
        count: pictures, or frames of the video.
        seconds: by the clock, for all of them.
        p50, p95: seconds from a request to its answer, of half and of 95 % of the requests; None where nobody asked.
        lost: requests without an answer, or with another one than 200.
        note: the rate against the library's.
    """

    what: str
    count: int
    seconds: float
    p50: float | None = None
    p95: float | None = None
    lost: int = 0
    note: str = ""

    @property
    def rate(self) -> float:
        """Pictures or frames a second."""
        return self.count / self.seconds


@dataclass(frozen=True, slots=True)
class Address:
    """Where a service listens."""

    host: str
    port: int

    def ask(self, method: str, path: str, file: Path | None = None) -> tuple[int, bytes]:
        """One request; its status and what was answered."""
        connection = HTTPConnection(self.host, self.port, timeout=_PATIENCE)
        try:
            if file is None:
                connection.request(method, path)
            else:
                head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n\r\n'.encode()
                body = head + file.read_bytes() + b"\r\n--b--\r\n"
                connection.request(method, path, body, {"Content-Type": "multipart/form-data; boundary=b"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@contextmanager
def served(folder: Path) -> Iterator[Address]:
    """Run a service in a process of its own, on a free port of this machine.

    Raises:
        ActionUnitsError: it does not start.
    """
    program = "from actionunits.cli import main; main()"
    command = [sys.executable, "-c", program, "serve", "--port", "0", "--state", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            found = re.search(r"http://([\d.]+):(\d+)", line)
            if found is None:
                raise ActionUnitsError("serve", "did not start", "Run `actionunits serve` to see why")
            yield Address(found[1], int(found[2]))
        finally:
            process.terminate()


def run_benchmark(
    *, requests: int = 50, seconds: float = 20, repeats: int = 3, watch: Callable[[int, int], None]
) -> list[ServeRate]:
    """Run everything; see the module's text.

    Args:
        requests: pictures asked for at once, 1000 at most.
        seconds: length of the video.
        repeats: the fastest of so many counts.
        watch: told (done, total) runs.

    Raises:
        ActionUnitsError: the service does not start, or a video's job fails.
    """
    requests = min(requests, _MOST_REQUESTS)
    with tempfile.TemporaryDirectory(prefix="actionunits-bench-") as name, served(Path(name) / "state") as address:
        folder = Path(name)
        pictures, clip = _make_pictures(folder), folder / "clip.mp4"
        (folder / "library").mkdir()
        make_clip(clip, _WIDTH, _HEIGHT, seconds)
        asked = [pictures[number % len(pictures)] for number in range(requests)]
        lent = [Analyzer() for _ in range(cores())]
        _ask_all(address, asked[: 2 * cores()])  # both warm
        _look_at_all(lent, asked[: 2 * cores()])
        library, service, library_video, service_video = [], [], [], []
        for done in range(repeats):
            library.append(_look_at_all(lent, asked))
            service.append(_ask_all(address, asked))
            library_video.append(_analyse(lent[0], clip, folder))
            service_video.append(_ask_for_job(address, clip))
            watch(done + 1, repeats)
    pairs = ((library, service), (library_video, service_video))
    lines = []
    for of_library, of_service in pairs:
        own, theirs = max(of_library, key=lambda one: one.rate), max(of_service, key=lambda one: one.rate)
        note = f"{theirs.rate / own.rate:.0%} of the library"
        lines += [own, ServeRate(theirs.what, theirs.count, theirs.seconds, theirs.p50, theirs.p95, theirs.lost, note)]
    return lines


def save(lines: Sequence[ServeRate], path: Path) -> None:
    """Write the table as CSV, the machine in its last column."""
    head = ("what", "count", "seconds", "per_second", "p50_ms", "p95_ms", "lost", "note")
    rows = [
        (line.what, line.count, f"{line.seconds:.3f}", f"{line.rate:.1f}", *map(milliseconds, (line.p50, line.p95)),
         line.lost, line.note)
        for line in lines
    ]  # fmt: skip
    save_table(path, head, rows)


def milliseconds(seconds: float | None) -> str:
    """Seconds as milliseconds; nothing for None."""
    return "" if seconds is None else f"{1000 * seconds:.0f}"


def _make_pictures(folder: Path) -> list[Path]:
    """Some frames of the sample clip as JPEG files."""
    paths = []
    with VideoReader(SAMPLE_CLIP, every=25) as reader:
        for frame in reader:
            paths.append(folder / f"{frame.index}.jpg")
            write_image(paths[-1], frame.image)
    return paths[:_PICTURES]


def _ask_all(address: Address, pictures: Sequence[Path]) -> ServeRate:
    """Ask for all pictures at once."""

    def ask(path: Path) -> tuple[bool, float]:
        began = time.perf_counter()
        try:
            answered = address.ask("POST", "/v1/images", path)[0] == 200
        except OSError:
            answered = False
        return answered, time.perf_counter() - began

    began = time.perf_counter()
    with ThreadPoolExecutor(len(pictures)) as askers:
        answers = list(askers.map(ask, pictures))
    took = time.perf_counter() - began
    half, most = np.quantile([seconds for _, seconds in answers], (0.5, 0.95))
    lost = sum(not answered for answered, _ in answers)
    what = f"service, {len(pictures)} pictures at once"
    return ServeRate(what, len(pictures), took, float(half), float(most), lost)


def _look_at_all(lent: Sequence[Analyzer], pictures: Sequence[Path]) -> ServeRate:
    """The same pictures by the library, in as many threads as the service has."""
    began = time.perf_counter()
    with ThreadPoolExecutor(len(lent)) as workers:
        jobs = [workers.submit(lent[number % len(lent)].analyze, path) for number, path in enumerate(pictures)]
        for job in jobs:
            job.result()
    return ServeRate(f"library, {len(lent)} threads", len(pictures), time.perf_counter() - began)


def _analyse(analyzer: Analyzer, clip: Path, folder: Path) -> ServeRate:
    began = time.perf_counter()
    frames = whole_journey(analyzer, clip, folder / "library")
    return ServeRate(f"library, video {_WIDTH}x{_HEIGHT} to CSV", frames, time.perf_counter() - began)


def _ask_for_job(address: Address, clip: Path) -> ServeRate:
    """A video job from the first byte sent to its CSV in hand."""
    began = time.perf_counter()
    _, text = address.ask("POST", "/v1/videos", clip)
    job = json.loads(text)
    while job.get("state") in ("queued", "running"):
        time.sleep(0.05)
        job = json.loads(address.ask("GET", f"/v1/jobs/{job['id']}")[1])
    if job.get("state") != "done":
        raise ActionUnitsError("the video's job", f"ended as {job}", "Run it again")
    address.ask("GET", f"/v1/jobs/{job['id']}/result?format=csv")
    took = time.perf_counter() - began
    address.ask("DELETE", f"/v1/jobs/{job['id']}")
    return ServeRate(f"service, video {_WIDTH}x{_HEIGHT}, upload to CSV", job["frames"], took)
