"""Telling whether an input is the one that was analysed: by content, or by what the file system says of it."""

from __future__ import annotations

from typing import Any, Literal

from fsspec.implementations.local import LocalFileSystem

from actionunits.cluster.persistence import persistently
from actionunits.cluster.places import open_file_system
from actionunits.errors import UsageError

Check = Literal["content", "stamp"]
_TAGS = ("ETag", "etag", "md5Hash", "content_md5", "checksum")  # what stores call a hash of the content
_TIMES = ("mtime", "LastModified", "last_modified", "updated", "modified")


def parse_check(text: str) -> Check:
    """The word as a way to tell inputs apart.

    Raises:
        UsageError: another word.
    """
    if text == "content":
        return "content"
    if text == "stamp":
        return "stamp"
    raise UsageError(f"--check {text}", "is not a way to tell files apart", "Choose content or stamp")


def stamp_of(uri: str) -> tuple[str, int]:
    """What is cheap to know of a file: the store's tag, or size and time of change; and its size in bytes.

    Raises:
        OSError: or what the store's library raises; there is no such file, or it cannot be asked about.
    """
    system, path = open_file_system(uri)
    if not isinstance(system, LocalFileSystem):
        system.invalidate_cache()
    facts: dict[str, Any] = persistently(lambda: system.info(path))
    size = int(facts.get("size") or 0)
    for name in _TAGS:
        if facts.get(name):
            return f"etag:{str(facts[name]).strip(chr(34))}-{size}", size
    time = next((facts[name] for name in _TIMES if facts.get(name) is not None), "")
    return f"stamp:{size}-{time}", size


def identity_of(uri: str, check: Check) -> str:
    """What tells two contents apart: ``sha256:`` of a local file, a store's ``etag:``, or else size and time.

    Args:
        uri: the file.
        check: with ``stamp``, local files are not read either.

    Raises:
        OSError: or what the store's library raises.
    """
    stamp, _ = stamp_of(uri)
    system, path = open_file_system(uri)
    if check == "stamp" or not isinstance(system, LocalFileSystem):
        return stamp
    return f"sha256:{persistently(lambda: _sha256(path))}"


def _sha256(path: str) -> str:
    import hashlib

    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
