"""Checks of asset files: SHA-256, sizes, and the listing that vouches for the files of an asset with rules.

A listing is a text file ``PACKAGE-VERSION.sha256``, one line ``SHA256 SIZE NAME`` a file, sorted by name. Its own
SHA-256 is pinned in the catalogue, so a listing that matches proves every size and hash in it.
"""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from actionunits.assets.catalogue import Asset, Member
from actionunits.errors import AssetError

CHUNK_BYTES = 1 << 20
MAX_LISTING_BYTES = 4 << 20


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(maxsize=4096)
def _remembered_sha256(path: Path, size: int, modified_ns: int) -> str:
    return sha256_of(path)


def has_size(path: Path, size: int) -> bool:
    """Whether `path` is a plain file of `size` bytes: the cheap check of every use."""
    try:
        return path.is_file() and path.stat().st_size == size
    except OSError:
        return False


def matches(path: Path, member: Member) -> bool:
    """Whether `path` is a file with the member's size and SHA-256, read from the disk now."""
    return has_size(path, member.size) and sha256_of(path) == member.sha256


def check_file(path: Path, expected: Member, next_step: str) -> None:
    """Raise an AssetError that names expected and found when `path` is not the expected file.

    The SHA-256 is computed once a process for a path whose size and modification time stay the same.
    """
    stat = path.stat()
    if stat.st_size != expected.size:
        raise AssetError(path, f"has {stat.st_size} bytes, expected {expected.size}", next_step)
    found = _remembered_sha256(path, stat.st_size, stat.st_mtime_ns)
    if found != expected.sha256:
        raise AssetError(path, f"SHA-256 is {found}, expected {expected.sha256}", next_step)


def listing_name(asset: Asset) -> str:
    """File name of an asset's listing."""
    return f"{asset.key}.sha256"


def format_listing(files: Mapping[str, Member]) -> bytes:
    """The bytes of a listing."""
    return "".join(f"{files[name].sha256} {files[name].size} {name}\n" for name in sorted(files)).encode()


def known_files(asset: Asset, folder: Path) -> Mapping[str, Member] | None:
    """Every file of an asset, with size and SHA-256.

    Without rules they stand in the catalogue; with rules in the listing in `folder`.

    Returns:
        name -> Member (its `path` is empty where a listing told it), or None where the listing is missing or does not
        have the pinned SHA-256.
    """
    if not asset.rules:
        return asset.members
    path = folder / listing_name(asset)
    if not path.is_file() or path.stat().st_size > MAX_LISTING_BYTES:
        return None
    return _parse_listing(path.read_bytes(), asset.listing_sha256)


@lru_cache(maxsize=8)
def _parse_listing(text: bytes, listing_sha256: str) -> Mapping[str, Member] | None:
    if hashlib.sha256(text).hexdigest() != listing_sha256:
        return None
    rows = (line.split(" ", 2) for line in text.decode().splitlines())
    return {name: Member("", sha256, int(size)) for sha256, size, name in rows}
