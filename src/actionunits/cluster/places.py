"""Folders near and far behind one door (fsspec): read, list, and write whole files only.

A file under its name is always whole: on a disk and over SFTP it is written aside and renamed, on an object store it is
one put. Credentials come from the environment and the stores' own configuration files, never from a URI that is kept.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import fsspec
from fsspec.implementations.local import LocalFileSystem

from actionunits.atomic import write_failure
from actionunits.cluster.persistence import persistently, storage_errors
from actionunits.errors import ClusterError, UsageError

ASIDE = ".aside"
"""The folder of half files; anything in it is left over from a run that was killed."""

_RENAMING = frozenset({"sftp", "ssh", "smb"})  # remote disks: aside, then renamed
_CREATES = frozenset({"s3", "s3a", "gs", "gcs"})  # stores with a conditional put
_EXTRA = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "sftp": "paramiko", "ssh": "paramiko"}

Value = TypeVar("Value")


def shown(uri: str) -> str:
    """A URI without the password that it may hold.

    >>> shown("sftp://anna:secret@host/videos"), shown("videos/a.mp4")
    ('sftp://anna@host/videos', 'videos/a.mp4')
    """
    if "://" not in uri:
        return uri
    parts = urlsplit(uri)
    if parts.password is None:
        return uri
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username}@{host}"))


def open_file_system(uri: str) -> tuple[Any, str]:
    """The file system that a URI or path speaks of, and the path there; relative paths become absolute.

    Raises:
        UsageError: an unknown protocol, one whose package is not installed, or a store that cannot be reached.
    """
    protocol = uri.partition("://")[0] if "://" in uri else "file"
    try:
        system, path = fsspec.core.url_to_fs(uri)
    except ImportError as error:
        package = _EXTRA.get(protocol, "the file system's package")
        raise UsageError(shown(uri), f"{protocol}:// needs {package}", f"pip install {package}") from error
    except ValueError as error:
        step = "Write a path, or s3://, gs:// or sftp://"
        raise UsageError(shown(uri), f"this address is not understood ({error})", step) from error
    except storage_errors() as error:
        reason = f"it cannot be reached ({error})"
        raise UsageError(shown(uri), reason, "Check the address, the network and your credentials") from error
    return system, str(path)


class Place:
    """A folder, on a disk or in a store.

    Args:
        uri: a path, or a URI that fsspec knows (``s3://bucket/folder``, ``gs://``, ``sftp://host/folder``).

    Names are relative to it, with ``/`` between their parts. Reading is tried again where a network fails.

    Raises:
        UsageError: see :func:`open_file_system`.
    """

    def __init__(self, uri: str | Path) -> None:
        self.uri = shown(str(uri)).rstrip("/") or "/"
        self._given = str(uri)
        self.system, path = open_file_system(str(uri))
        self.path = path.rstrip("/")
        self.protocol = str(self.system.protocol if isinstance(self.system.protocol, str) else self.system.protocol[0])

    def __reduce__(self) -> tuple[type[Place], tuple[str]]:
        """Travel between processes as the address."""
        absolute = self.path if self.local else self._given
        return type(self), (absolute,)

    @property
    def local(self) -> bool:
        """Whether it lies on a disk of this machine."""
        return isinstance(self.system, LocalFileSystem)

    def at(self, name: str) -> str:
        """The file system's path of a name."""
        return f"{self.path}/{name}" if name else self.path

    def read(self, name: str) -> bytes | None:
        """A file's content; None where there is none."""
        try:
            return persistently(lambda: bytes(self.system.cat_file(self.at(name))))
        except FileNotFoundError:
            return None

    def names(self, folder: str = "") -> dict[str, int]:
        """Every file below a folder: name relative to the place, and size in bytes; none where there is no folder."""
        self.system.invalidate_cache()
        base = self.at(folder)
        try:
            found = persistently(lambda: self.system.find(base, detail=True))
        except FileNotFoundError:
            return {}
        start = len(self.path) + 1
        return {str(path)[start:]: int(facts.get("size") or 0) for path, facts in found.items()}

    def write(self, name: str, content: bytes) -> None:
        """Write a small file whole.

        Raises:
            ClusterError: it cannot be written, or the disk is full.
        """

        def act() -> None:
            if self.local:
                with self._aside(name) as aside:
                    aside.write_bytes(content)
            elif self.protocol in _RENAMING:
                self._rename_over(name, lambda path: self.system.pipe_file(path, content))
            else:
                self.system.pipe_file(self.at(name), content)

        self._written(name, act)

    def put(self, file: Path, name: str) -> None:
        """Move a local file here, under its name only once it is whole.

        Raises:
            ClusterError: it cannot be written, or the disk is full.
        """

        def act() -> None:
            if self.local:
                target = Path(self.at(name))
                target.parent.mkdir(parents=True, exist_ok=True)
                if file.parent == Path(self.at(ASIDE)):
                    _flush(file)
                    file.replace(target)
                    return
                with self._aside(name) as aside:
                    aside.write_bytes(file.read_bytes())
            elif self.protocol in _RENAMING:
                self._rename_over(name, lambda path: self.system.put_file(str(file), path))
            else:
                self.system.put_file(str(file), self.at(name))

        self._written(name, act)

    def create(self, name: str, content: bytes) -> bool:
        """Write a file only if there is none of that name; tell whether it was written.

        A disk, SFTP, S3 and Google's store decide in one step; elsewhere two callers in one instant may both succeed.

        Raises:
            ClusterError: it cannot be written.
        """
        created: list[bool] = []

        def act() -> None:
            path = self.at(name)
            try:
                if self.local:
                    Path(path).parent.mkdir(parents=True, exist_ok=True)
                    with Path(path).open("xb") as file:
                        file.write(content)
                elif self.protocol in _RENAMING:
                    self.system.makedirs(self.system._parent(path), exist_ok=True)
                    with self.system.open(path, "xb") as file:
                        file.write(content)
                else:
                    self.system.invalidate_cache()
                    extra = {"mode": "create"} if self.protocol in _CREATES else {}
                    if not extra and self.system.exists(path):
                        raise FileExistsError(path)
                    self.system.pipe_file(path, content, **extra)
            except FileExistsError:
                created.append(False)
            else:
                created.append(True)

        self._written(name, act, again=False)
        return created[-1]

    def remove(self, name: str) -> None:
        """Take a file away, if it is there."""
        with suppress(FileNotFoundError):
            persistently(lambda: self.system.rm_file(self.at(name)))

    def prepare(self) -> Path | None:
        """Make the folder and the one for half files, empty it, and see whether it can be written to.

        Returns:
            The folder of half files where the place is local.

        Raises:
            ClusterError: it cannot be written to.
        """
        for name in self.names(ASIDE):
            self.remove(name)
        if self.local:
            self._written(ASIDE, lambda: Path(self.at(ASIDE)).mkdir(parents=True, exist_ok=True))
        probe = f"{ASIDE}/probe-{secrets.token_hex(4)}"
        self.write(probe, b"x")
        self.remove(probe)
        return Path(self.at(ASIDE)) if self.local else None

    def _written(self, name: str, act: Callable[[], None], *, again: bool = True) -> None:
        try:
            if again:
                persistently(act)
            else:
                act()
        except storage_errors() as error:
            raise cannot_write(f"{self.uri}/{name}", error) from error

    def _aside(self, name: str) -> _Aside:
        target = Path(self.at(name))
        return _Aside(Path(self.at(ASIDE)) / f"{target.stem[:40]}-{secrets.token_hex(6)}{target.suffix}", target)

    def _rename_over(self, name: str, write: Callable[[str], None]) -> None:
        aside = self.at(f"{ASIDE}/{secrets.token_hex(6)}")
        for folder in (self.at(ASIDE), self.system._parent(self.at(name))):
            self.system.makedirs(folder, exist_ok=True)
        write(aside)
        self.system.mv(aside, self.at(name))


class _Aside:
    """A file written aside: renamed on success, deleted on failure."""

    def __init__(self, aside: Path, target: Path) -> None:
        self._aside, self._target = aside, target

    def __enter__(self) -> Path:
        for folder in (self._aside.parent, self._target.parent):
            folder.mkdir(parents=True, exist_ok=True)
        return self._aside

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if kind is None:
            _flush(self._aside)
            self._aside.replace(self._target)
        else:
            with suppress(OSError):
                self._aside.unlink(missing_ok=True)


def cannot_write(subject: str, error: Exception) -> ClusterError:
    """The error for an output that cannot be written to or is full."""
    if isinstance(error, OSError):
        said = write_failure(Path(subject), error, ClusterError)
        return ClusterError(subject, said.reason, f"{said.next_step}, then run again; what is done is kept")
    return ClusterError(subject, f"it could not be written: {error}", "Run it again; what is done is kept")


def _flush(path: Path) -> None:
    """See that the content is on the disk before the name is."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def fetched(uri: str, folder: Path) -> Iterator[Path]:
    """Give the local file that a URI means: itself where it is local, else a private copy that is deleted afterwards.

    Args:
        uri: a path or URI.
        folder: for the copy.

    Yields:
        One path.

    Raises:
        OSError: or what the store's library raises; the file cannot be read.
    """
    system, path = open_file_system(uri)
    if isinstance(system, LocalFileSystem):
        yield Path(path)
        return
    copy = folder / f"{secrets.token_hex(8)}{Path(path).suffix[:16]}"
    try:
        persistently(lambda: system.get_file(path, str(copy)))
        yield copy
    finally:
        copy.unlink(missing_ok=True)
