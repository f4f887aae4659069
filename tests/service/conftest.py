"""A service in this process, and clips to send to it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra [serve] is not installed")

from actionunits.samples import SAMPLE_CLIP
from actionunits.service import Limits, Settings
from actionunits.service.app import create_app

from .serving import serve  # noqa: F401  # a fixture


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
            client.headers["Host"] = "127.0.0.1"  # WebSockets would go by another name
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
