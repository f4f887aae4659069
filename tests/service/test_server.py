"""A service in a process of its own: slow clients, being told to end, being killed."""

import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from actionunits.samples import SAMPLE_CLIP

from .conftest import files_below, finished, send
from .serving import Served

TOKEN = "a-token-that-nobody-guesses"


@pytest.fixture(scope="module")
def served(serve: Callable[..., Served]) -> Served:
    """A service without patience."""
    return serve("--patience", "1", "--max-streams", "1")


@pytest.fixture
def asking(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, timeout=30) as client:
        yield client


def connected(served: Served) -> socket.socket:
    made = socket.create_connection(served.address, 20)
    made.settimeout(20)
    return made


def all_of(connection: socket.socket) -> bytes:
    """Everything that comes until the other side closes."""
    received = b""
    while piece := connection.recv(65536):
        received += piece
    return received


def head(path: str, length: int, served: Served) -> bytes:
    host, port = served.address
    return (
        f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {length}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    ).encode()


def test_it_says_where_it_is_and_answers(asking: httpx.Client) -> None:
    assert asking.get("/healthz").json()["status"] == "ok"
    assert asking.get("/").headers["Content-Type"].startswith("text/html")


def test_a_head_that_trickles_in_is_not_waited_for(served: Served) -> None:
    with connected(served) as connection:
        began = time.monotonic()
        connection.sendall(b"GET / HTTP/1.1\r\n")
        received = b""
        connection.settimeout(0.2)
        for letter in "X-Slow: " + "a" * 100:
            try:
                connection.sendall(letter.encode())
                piece = connection.recv(65536)
            except TimeoutError:
                continue
            except (ConnectionError, BrokenPipeError):
                break
            received += piece
            if not piece:
                break
        assert time.monotonic() - began < 10
        assert b" 408 " in received.splitlines()[0]


def test_a_silent_connection_is_not_kept(served: Served) -> None:
    with connected(served) as connection:
        assert b" 408 " in all_of(connection)


@pytest.mark.parametrize("path", ["/v1/images", "/v1/videos"])
def test_a_body_that_trickles_in_gets_its_4xx(served: Served, path: str) -> None:
    with connected(served) as connection:
        connection.sendall(head(path, 100_000, served))
        connection.sendall(b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.jpg"\r\n\r\n\xff\xd8\xff')
        answer = all_of(connection)
    assert b" 408 " in answer.splitlines()[0]
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["error"]["subject"] == "the upload"
    assert files_below(served.folder) == []


def test_a_body_behind_an_answer_is_not_waited_for(served: Served) -> None:
    with connected(served) as connection:
        connection.sendall(head("/v1/nothing", 1_000_000, served) + b"--b")
        assert b" 404 " in all_of(connection).splitlines()[0]


def test_an_answer_that_is_not_taken_is_given_up(served: Served, asking: httpx.Client) -> None:
    job = send(asking, "/v1/videos?report=true&every=25", SAMPLE_CLIP).json()["id"]
    finished(asking, job)
    host, port = served.address
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(20)
        connection.connect(served.address)
        connection.sendall(f"GET /v1/jobs/{job}/report HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        time.sleep(3)
        taken = b""
        with contextlib.suppress(ConnectionError):
            while piece := connection.recv(65536):
                taken += piece
    whole = asking.get(f"/v1/jobs/{job}/report").content
    assert 0 < len(taken) < len(whole)
    asking.delete(f"/v1/jobs/{job}")


def test_an_upload_that_is_broken_off_leaves_nothing(served: Served) -> None:
    with connected(served) as connection:
        connection.sendall(head("/v1/videos", 100_000_000, served))
        connection.sendall(
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.mp4"\r\n\r\n' + b"\0" * 3_000_000
        )
        time.sleep(0.3)
    ends = time.monotonic() + 10
    while files_below(served.folder):
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_too_large_an_upload_gets_its_answer_while_it_is_sent(served: Served, asking: httpx.Client) -> None:
    answer = asking.post("/v1/images", files={"file": ("x.jpg", b"\xff\xd8\xff" + b"\0" * (65 << 20))})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "path", ["/page/../index.html", "/page/..%2f..%2fapp.py", "/page/%2e%2e/settings.py", "/page//etc/passwd"]
)
def test_paths_lead_nowhere(served: Served, path: str) -> None:
    with connected(served) as connection:
        host, port = served.address
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        assert b" 404 " in all_of(connection).splitlines()[0]


def test_a_stream_over_the_wire(served: Served, face_files: tuple[Path, ...]) -> None:
    import struct

    from websockets.sync.client import connect

    with connect(served.url.replace("http", "ws") + "/v1/stream", max_size=2**20) as stream:
        assert json.loads(stream.recv(10))["type"] == "ready"
        stream.send(struct.pack(">d", 0.5) + face_files[0].read_bytes())
        answer = json.loads(stream.recv(10))
        assert (answer["type"], answer["timestamp"], len(answer["rows"])) == ("frame", 0.5, 1)


def _running(client: httpx.Client, clip: Path) -> str:
    """The id of a job that is under way."""
    job = str(send(client, "/v1/videos?overlay=true", clip).json()["id"])
    while client.get(f"/v1/jobs/{job}").json()["frames"] < 3:
        time.sleep(0.02)
    return job


def test_told_to_end_it_ends_jobs_and_deletes_everything(serve: Callable[..., Served], long_clip: Path) -> None:
    served = serve()
    with httpx.Client(base_url=served.url, timeout=30) as client:
        job = _running(client, long_clip)
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(20) in (0, 128 + signal.SIGTERM)
    assert served.process.stdout is not None
    assert served.process.stdout.read() == ""  # no traceback, no file name
    assert files_below(served.folder) == []
    again = serve(folder=served.folder)
    assert httpx.get(f"{again.url}/v1/jobs/{job}").json()["state"] == "lost"


def test_killed_and_restarted_it_has_no_orphans_and_reports_lost_jobs(
    serve: Callable[..., Served], long_clip: Path
) -> None:
    served = serve()
    with httpx.Client(base_url=served.url, timeout=30) as client:
        running = _running(client, long_clip)
        queued = str(send(client, "/v1/videos", long_clip).json()["id"])
        deleted = str(send(client, "/v1/videos", long_clip).json()["id"])
        client.delete(f"/v1/jobs/{deleted}")
        client.delete(f"/v1/jobs/{deleted}")
    served.process.kill()
    served.process.wait()
    assert "upload" in files_below(served.folder)
    again = serve(folder=served.folder)
    assert files_below(served.folder) == []
    assert len(list(served.folder.iterdir())) == 1
    with httpx.Client(base_url=again.url, timeout=30) as client:
        for job in (running, queued):
            answer = client.get(f"/v1/jobs/{job}")
            assert answer.status_code == 200
            assert answer.json()["state"] == "lost"
            assert answer.json()["error"]["next_step"] == "Send the file again"
            assert client.get(f"/v1/jobs/{job}/result").status_code == 404
        assert client.get(f"/v1/jobs/{deleted}").status_code == 404
    again.process.kill()
    again.process.wait()
    third = serve(folder=served.folder)  # a second death loses nothing of what is known
    assert httpx.get(f"{third.url}/v1/jobs/{running}").json()["state"] == "lost"


def test_a_token_guards_everything_but_the_page(
    serve: Callable[..., Served], face_files: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACTIONUNITS_TOKEN", TOKEN)
    served = serve()
    with httpx.Client(base_url=served.url, timeout=30) as client:
        assert client.get("/").status_code == 200
        assert client.get("/page/app.js").status_code == 200
        assert send(client, "/v1/images", face_files[0]).status_code == 401
        answer = client.post("/v1/session", headers={"Authorization": f"Bearer {TOKEN}"})
        assert re.search("HttpOnly.*SameSite=strict", answer.headers["Set-Cookie"], re.IGNORECASE)
        assert TOKEN not in answer.headers["Set-Cookie"]
        assert send(client, "/v1/images", face_files[0]).status_code == 200  # by its cookie
    served.process.send_signal(signal.SIGTERM)
    served.process.wait(20)
    assert served.process.stdout is not None
    assert TOKEN not in served.process.stdout.read()


def _refused(*options: str) -> subprocess.CompletedProcess[str]:
    program = "from actionunits.cli import main; main()"
    command = [sys.executable, "-c", program, "serve", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_it_does_not_start_for_everybody_without_a_token(tmp_path: Path) -> None:
    done = _refused("--host", "0.0.0.0", "--state", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith("error: --host 0.0.0.0: is reached from other machines")


def test_a_model_that_is_not_there_is_an_error_in_one_line(tmp_path: Path) -> None:
    done = _refused("--model", "nobody", "--port", "0", "--state", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith("error: nobody: no such model.")
    assert len(done.stderr.splitlines()) == 1


def test_a_port_that_is_taken_is_an_error(served: Served, tmp_path: Path) -> None:
    done = _refused("--port", str(served.address[1]), "--state", str(tmp_path))
    assert done.returncode != 0
    assert "address already in use" in done.stderr
    assert "Traceback" not in done.stderr
    assert files_below(tmp_path) == []
