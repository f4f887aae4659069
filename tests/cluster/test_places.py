"""Whole files near and far, and patience with networks."""

import errno
import threading
from pathlib import Path
from typing import Any

import fsspec
import pytest

from actionunits.cluster.persistence import persistently
from actionunits.cluster.places import ASIDE, Place, fetched, shown
from actionunits.errors import ClusterError, UsageError


@pytest.fixture(params=["disk", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Place(tmp_path / "o" if request.param == "disk" else f"memory://{tmp_path.name}/o")


def test_what_is_written_is_read(place: Place) -> None:
    place.prepare()
    place.write("a/b.json", b"one")
    place.write("a/b.json", b"two")
    assert place.read("a/b.json") == b"two"
    assert place.read("a/c.json") is None
    assert place.names("a") == {"a/b.json": 3}
    assert place.names("nothing") == {}
    place.remove("a/b.json")
    place.remove("a/b.json")
    assert place.names() == {}


def test_a_file_is_put_whole(place: Place, tmp_path: Path) -> None:
    place.prepare()
    file = tmp_path / "rows"
    file.write_bytes(b"x" * 1000)
    place.put(file, "rows/bucket=00/k.parquet")
    assert place.names("rows") == {"rows/bucket=00/k.parquet": 1000}
    assert not place.names(ASIDE)


def test_leftovers_are_swept(place: Place) -> None:
    place.prepare()
    place.write(f"{ASIDE}/half.parquet", b"ha")
    place.prepare()
    assert not place.names(ASIDE)


def test_only_one_of_many_creates(tmp_path: Path) -> None:
    place, won = Place(tmp_path), []
    barrier = threading.Barrier(8)

    def race(number: int) -> None:
        barrier.wait()
        if place.create("lock/1", b"%d" % number):
            won.append(number)

    threads = [threading.Thread(target=race, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert place.read("lock/1") == b"%d" % won[0]


def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ClusterError, match="could not be written"):
        Place(tmp_path / "file" / "o").prepare()


@pytest.mark.parametrize(
    ("uri", "said"),
    [("gopher://x/y", "not understood"), ("gs://bucket/x", "needs gcsfs")],
)
def test_addresses_that_lead_nowhere(uri: str, said: str) -> None:
    if uri.startswith("gs") and _is_there("gcsfs"):
        pytest.skip("gcsfs is installed")
    with pytest.raises(UsageError, match=said):
        Place(uri)


def test_passwords_are_not_shown() -> None:
    assert shown("sftp://anna:secret@host:22/videos") == "sftp://anna@host:22/videos"


def test_remote_copies_are_private_and_gone_afterwards(tmp_path: Path) -> None:
    fsspec.filesystem("memory").pipe_file("/corpus/a.mp4", b"video")
    with fetched("memory://corpus/a.mp4", tmp_path) as path:
        assert path.read_bytes() == b"video"
        assert path.suffix == ".mp4"
    assert not list(tmp_path.iterdir())
    local = tmp_path / "b.mp4"
    local.write_bytes(b"x")
    with fetched(str(local), tmp_path) as path:
        assert path == local
    assert local.exists()


def test_patience_has_an_end() -> None:
    pauses: list[float] = []
    calls: list[int] = []

    def fails() -> None:
        calls.append(1)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        persistently(fails, pauses.append)
    assert len(calls) == 6
    assert pauses == sorted(pauses)
    assert sum(pauses) < 10


@pytest.mark.parametrize("error", [FileNotFoundError(), PermissionError(), OSError(errno.ENOSPC, "full")])
def test_some_errors_are_final(error: Exception) -> None:
    pauses: list[float] = []

    def fails() -> None:
        raise error

    with pytest.raises(type(error)):
        persistently(fails, pauses.append)
    assert not pauses


def test_a_network_that_comes_back() -> None:
    answers: list[Any] = [TimeoutError(), OSError("reset"), "here"]

    def act() -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert persistently(act, lambda seconds: None) == "here"


def _is_there(package: str) -> bool:
    from importlib.util import find_spec

    return find_spec(package) is not None
