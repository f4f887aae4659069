"""Stores that are far, that fail now and then, or that are full."""

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from actionunits.cluster import find_corpus
from actionunits.cluster.lock import OutputLock
from actionunits.cluster.places import Place
from actionunits.errors import ClusterError

Solo = Callable[..., Any]


class FlakyFileSystem(MemoryFileSystem):
    """A network file system that fails every tenth read."""

    protocol = "flaky"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    cachable = False
    reads = failed = 0

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return MemoryFileSystem._strip_protocol(path.replace("flaky://", "memory://", 1))

    def _read(self) -> None:
        FlakyFileSystem.reads += 1
        if FlakyFileSystem.reads % 10 == 0:
            FlakyFileSystem.failed += 1
            raise OSError(errno.EIO, "the network does not answer")

    def cat_file(self, path: str, *words: Any, **options: Any) -> Any:
        self._read()
        return super().cat_file(path, *words, **options)

    def get_file(self, path: str, *words: Any, **options: Any) -> Any:
        self._read()
        return super().get_file(path, *words, **options)

    def info(self, path: str, **options: Any) -> Any:
        self._read()
        return super().info(path, **options)

    def find(self, path: str, *words: Any, **options: Any) -> Any:
        self._read()
        return super().find(path, *words, **options)


class FullFileSystem(MemoryFileSystem):
    """A disk with room for three files of rows."""

    protocol = "full"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    cachable = False
    room = 3

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return MemoryFileSystem._strip_protocol(path.replace("full://", "memory://", 1))

    def put_file(self, lpath: str, rpath: str, *words: Any, **options: Any) -> Any:
        if FullFileSystem.room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        FullFileSystem.room -= 1
        return super().put_file(lpath, rpath, *words, **options)


@pytest.fixture(autouse=True)
def doubles() -> None:
    for double in (FlakyFileSystem, FullFileSystem):
        double.store, double.pseudo_dirs = {}, [""]
        fsspec.register_implementation(double.protocol, double, clobber=True)
    FlakyFileSystem.reads = FlakyFileSystem.failed = 0
    FullFileSystem.room = 3


def upload(corpus_folder: Path, uri: str) -> None:
    system, base = fsspec.core.url_to_fs(uri)
    for path in sorted(corpus_folder.rglob("*.mp4")):
        system.pipe_file(f"{base}/{path.relative_to(corpus_folder).as_posix()}", path.read_bytes())


def rows_at(place: Place) -> pa.Table:
    names = [place.at(name) for name in place.names("rows")]
    table = ds.dataset(names, format="parquet", filesystem=place.system).to_table()
    return table.replace_schema_metadata(None).sort_by([("source", "ascending"), ("frame", "ascending")])


def test_a_network_that_fails_every_tenth_read(corpus_folder: Path, solo: Solo, expected: pa.Table) -> None:
    upload(corpus_folder, "flaky://videos")
    report = solo("flaky://videos", "flaky://results")
    assert FlakyFileSystem.failed >= 3
    assert (report.done, report.failed) == (6, ())
    memory = Place("flaky://results")
    FlakyFileSystem.reads = -10_000  # quiet now
    assert rows_at(memory).to_pydict() == expected.to_pydict()


def test_a_full_output_ends_the_run(corpus_folder: Path, solo: Solo, journal: Any, expected: pa.Table) -> None:
    with pytest.raises(ClusterError, match="the disk is full"):
        solo(corpus_folder, "full://results", journal=journal.path)
    place = Place("full://results")
    assert len(place.names("rows")) == 3
    FullFileSystem.room = 100
    report = solo(corpus_folder, "full://results", journal=journal.path)
    assert (report.done, report.kept) == (3, 3)
    assert not journal.again_after_commit()
    assert rows_at(place).to_pydict() == expected.to_pydict()


def test_a_disk_that_is_really_full(
    corpus_folder: Path, tmp_path: Path, solo: Solo, rows_of: Any, same_rows: Any, expected: pa.Table
) -> None:
    out = tmp_path / "small"
    out.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=160k", "none", str(out)]
    if os.name == "nt" or subprocess.run(mounted, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk is not allowed here")
    try:
        with pytest.raises(ClusterError, match="the disk is full"):
            solo(corpus_folder, out)
        assert 0 < len(list(out.rglob("rows/**/*.parquet"))) < 6
        subprocess.run(["mount", "-o", "remount,size=4m", str(out)], check=True)
        solo(corpus_folder, out)
        assert same_rows(rows_of(out), expected)
    finally:
        subprocess.run(["umount", str(out)], check=False)


def test_an_output_that_cannot_be_written(corpus_folder: Path, tmp_path: Path, solo: Solo) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ClusterError, match="could not be written"):
        solo(corpus_folder, tmp_path / "file" / "out")


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """A store like S3 on loopback; yields a bucket's URI."""
    server_module = pytest.importorskip("moto.server")
    s3fs = pytest.importorskip("s3fs")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    patch = pytest.MonkeyPatch()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        patch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    s3fs.S3FileSystem().mkdir("bucket")
    yield "s3://bucket"
    s3fs.S3FileSystem.clear_instance_cache()
    server.stop()
    patch.undo()


def test_s3_in_and_out(s3: str, corpus_folder: Path, solo: Solo, journal: Any, expected: pa.Table) -> None:
    upload(corpus_folder, f"{s3}/videos")
    report = solo(f"{s3}/videos", f"{s3}/results", journal=journal.path)
    assert (report.done, report.failed) == (6, ())
    place = Place(f"{s3}/results")
    assert rows_at(place).to_pydict() == expected.to_pydict()
    assert solo(f"{s3}/videos", f"{s3}/results", journal=journal.path).kept == 6
    assert len(journal.begun) == 6

    place.system.pipe_file("bucket/videos/day0/clip0.mp4", (corpus_folder / "day1" / "clip1.mp4").read_bytes())
    changed = solo(f"{s3}/videos", f"{s3}/results", journal=journal.path)
    assert (changed.done, changed.kept) == (1, 5)
    assert find_corpus(f"{s3}/videos").files[0].uri == f"{s3}/videos/day0/clip0.mp4"


def test_s3_lets_one_run_at_a_time(s3: str, corpus_folder: Path, solo: Solo) -> None:
    place = Place(f"{s3}/locked")
    assert place.create("lock/000000001.json", b"{}")
    assert not place.create("lock/000000001.json", b"{}"), "the store's own conditional put"
    place.remove("lock/000000001.json")
    with OutputLock(place), pytest.raises(ClusterError, match="another batch"):
        solo(corpus_folder, f"{s3}/locked")


def test_s3_manifest_with_local_output(s3: str, corpus_folder: Path, tmp_path: Path, solo: Solo, rows_of: Any) -> None:
    upload(corpus_folder / "day0", f"{s3}/more")
    Place(f"{s3}").write("more/m.csv", b"uri,subject\nclip0.mp4,anna\nnone.mp4,ben\n")
    report = solo(f"{s3}/more/m.csv", tmp_path / "o")
    assert report.done == 1
    assert [record.source for record in report.failed] == ["none.mp4"]
    assert rows_of(tmp_path / "o")["source"].to_pylist() == ["clip0.mp4"] * 4
