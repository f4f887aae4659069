"""A service in this process, and services in processes of their own."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra [serve] is not installed")

from actionunits.samples import SAMPLE_CLIP
from actionunits.service import Limits, Settings
from actionunits.service.app import create_app


@pytest.fixture(scope="session")
def in_process(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """A function: a context with a client of a service with these settings, in this process."""
    from fastapi.testclient import TestClient

    @contextmanager
    def start(limits: Limits | None = None, **settings: Any) -> Iterator[Any]:
        folder = tmp_path_factory.mktemp("serve") / "state"
        made = Settings(folder, limits=limits or Limits(), pictures_at_once=2, **settings)
        app = create_app(made)
        with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
            client.state = folder
            client.house = app.state.house
            yield client

    return start


@pytest.fixture(scope="module")
def client(in_process: Callable[..., Any]) -> Iterator[Any]:
    """A client of a service with default settings."""
    with in_process() as client:
        yield client


def files_below(folder: Path) -> list[str]:
    """Every file of uploads and jobs that lies in a service's folder."""
    kept = ("lock", "journal.jsonl")
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name not in kept)


def finished(client: Any, job: str, seconds: float = 60) -> dict[str, Any]:
    """A job's answer once it has ended."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        answer: dict[str, Any] = client.get(f"/v1/jobs/{job}").json()
        if answer["state"] not in ("queued", "running"):
            return answer
        time.sleep(0.05)
    raise AssertionError(f"job {job} has not ended: {answer}")


def send(client: Any, path: str, file: Path, name: str | None = None) -> Any:
    """Upload a file."""
    return client.post(path, files={"file": (name or file.name, file.read_bytes())})


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of 32 s: long enough for something to happen while it is analysed."""
    from actionunits.media import VideoReader, VideoWriter

    with VideoReader(SAMPLE_CLIP) as reader:
        frames = [frame.image for frame in reader]
    path = tmp_path_factory.mktemp("clips") / "long.mp4"
    with VideoWriter(path, width=320, height=320, rate_hint=25) as writer:
        for number in range(800):
            writer.write(frames[number % len(frames)], number / 25)
    return path


@dataclass
class Served:
    """A service in a process of its own."""

    process: subprocess.Popen[str]
    url: str
    folder: Path

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Served]]:
    """A function that starts `actionunits serve` with these options, on a free port; ended when the tests are."""
    with ExitStack() as stack:

        def start(*options: str, folder: Path | None = None) -> Served:
            folder = folder or tmp_path_factory.mktemp("served") / "state"
            program = "from actionunits.cli import main; main()"
            process = subprocess.Popen(
                [sys.executable, "-c", program, "serve", "--port", "0", "--state", str(folder), *options],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )
            stack.callback(_end, process)
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"http://\S+", line)
            assert found, line + process.stdout.read()
            return Served(process, found[0], folder)

        yield start


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
