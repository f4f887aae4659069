"""Services in processes of their own."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest


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
