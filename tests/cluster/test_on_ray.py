"""On Ray: workers that die, whole runs that are killed, two nodes. Rows are those of one process, to the bit.

Every run is a process of its own: Ray reads tokens once in a process, and others' tests may have set another.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

pytest.importorskip("ray")
pytestmark = pytest.mark.slow

Rows = Callable[[Path], pa.Table]
PROGRAM = "import sys\nfrom actionunits.cli import main\nsys.argv = ['actionunits', 'batch', *sys.argv[1:]]\nmain()\n"


@pytest.fixture
def batch_process(corpus_folder: Path, tmp_path: Path) -> Callable[..., subprocess.Popen[bytes]]:
    """A function that starts ``actionunits batch`` in a process group of its own."""

    def start(*words: object) -> subprocess.Popen[bytes]:
        line = [sys.executable, "-c", PROGRAM, str(corpus_folder), "--out", str(tmp_path / "o"), *map(str, words)]
        environment = os.environ | {"RAY_worker_niceness": "0"}  # Ray's 15 starves beside other tests
        return subprocess.Popen(
            line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, env=environment
        )

    return start


def wait_for(what: Callable[[], object], seconds: float = 600) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def test_two_workers_give_the_same_rows(
    batch_process: Any, tmp_path: Path, rows_of: Rows, same_rows: Any, expected: pa.Table, status_of: Any
) -> None:
    running = batch_process("--workers", 2)
    said = running.communicate(timeout=600)[0].decode()
    assert running.returncode == 0, said
    assert "6 done, 0 failed" in said
    assert same_rows(rows_of(tmp_path / "o"), expected)
    assert len({row["worker"] for row in status_of(tmp_path / "o").values()}) == 2


def test_a_killed_workers_file_is_done_by_another(
    batch_process: Any, tmp_path: Path, rows_of: Rows, same_rows: Any, expected: pa.Table, journal: Any
) -> None:
    def in_hand() -> list[int]:
        """Processes that have begun a file and not committed it, once one has been committed."""
        lines = [line.split() for line in journal.path.read_text().splitlines()] if journal.path.exists() else []
        done = {key for _, what, key, _ in lines if what == "commit"}
        return [int(pid) for _, what, key, pid in lines if done and what == "begin" and key not in done]

    running = batch_process("--workers", 2, "--journal", journal.path)
    wait_for(lambda: in_hand() or running.poll() is not None)
    (victim, *_) = in_hand()
    os.kill(victim, signal.SIGKILL)
    said = running.communicate(timeout=600)[0].decode()
    assert running.returncode == 0, said
    assert "6 done, 0 failed" in said
    assert same_rows(rows_of(tmp_path / "o"), expected)
    assert not journal.again_after_commit()
    assert not list((tmp_path / "o" / ".aside").glob("spool*"))


def test_killed_runs_are_resumed(
    batch_process: Any, tmp_path: Path, rows_of: Rows, same_rows: Any, expected: pa.Table, journal: Any
) -> None:
    for kill in range(2):
        running = batch_process("--workers", 2, "--journal", journal.path)
        committed = len([1 for what, _ in journal.lines if what == "commit"])
        wait_for(
            lambda before=committed, kill=kill: (  # type: ignore[misc]
                len([1 for what, _ in journal.lines if what == "commit"]) > before
                if kill
                else len(journal.begun) > before
            )
        )
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    last = batch_process("--workers", 2, "--journal", journal.path)
    said = last.communicate(timeout=600)[0].decode()
    assert last.returncode == 0, said
    assert same_rows(rows_of(tmp_path / "o"), expected)
    assert not journal.again_after_commit()
    assert not list((tmp_path / "o" / ".aside").iterdir())


def test_two_nodes_give_the_same_rows(
    batch_process: Any,
    tmp_path: Path,
    rows_of: Rows,
    same_rows: Any,
    expected: pa.Table,
    status_of: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two `ray start` on loopback, a core each, as docs/ten-thousand-hours.md has it."""
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
    ray = [sys.executable, "-m", "ray.scripts.scripts"]
    port = _free_port()
    temporary = tempfile.mkdtemp(prefix="au-")  # short: sockets have a longest name
    folder = f"--temp-dir={temporary}"
    common = ["--num-cpus=1", "--object-store-memory=104857600", "--disable-usage-stats", "--block"]
    head_line = [
        "start",
        "--head",
        f"--port={port}",
        "--node-ip-address=127.0.0.1",
        "--include-dashboard=false",
        folder,
    ]
    nodes = [_started([*ray, *head_line, *common])]
    try:
        wait_for(lambda: _listens(port))
        nodes.append(_started([*ray, "start", f"--address=127.0.0.1:{port}", "--node-ip-address=127.0.0.1", *common]))
        time.sleep(3)
        running = batch_process("--address", f"127.0.0.1:{port}", "--workers", 2)
        said = running.communicate(timeout=600)[0].decode()
        assert running.returncode == 0, said
    finally:
        for node in nodes:
            node.terminate()
        for node in nodes:
            try:
                node.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(node.pid, signal.SIGKILL)
        shutil.rmtree(temporary, ignore_errors=True)
    assert same_rows(rows_of(tmp_path / "o"), expected)
    assert len({row["worker"] for row in status_of(tmp_path / "o").values()}) == 2


def _started(line: list[str]) -> subprocess.Popen[bytes]:
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = os.environ | {"RAY_USAGE_STATS_ENABLED": "0"}
    return subprocess.Popen(line, start_new_session=True, env=environment, **quiet)  # type: ignore[call-overload]


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
