"""How the assets stand on this machine: what is here, what is missing, what is damaged."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from actionunits.assets import catalogue
from actionunits.assets.cache import cache_folder, locked, teaching_disk_errors, work_folder
from actionunits.assets.catalogue import Asset, Member, find_asset
from actionunits.assets.checksums import has_size, known_files, listing_name, matches, sha256_of
from actionunits.assets.own_folder import own_folder, own_roots, own_wheel

State = Literal["ready", "packed", "incomplete", "damaged", "missing"]


@dataclass(frozen=True)
class AssetStatus:
    """How one asset stands on this machine.

    Args:
        asset: the catalogue's entry.
        state: ``ready``; ``packed`` (the user's own wheel is here and is unpacked on first use); ``incomplete`` or
            ``damaged`` (in the cache the next use or pull mends it); ``missing`` (the next use fetches it).
        folder: where its files are, or will be.
        files: how many of its files are there.
        problems: the names of the missing or wrong files of an asset that is neither ready nor missing.
    """

    asset: Asset
    state: State
    folder: Path
    files: int
    problems: tuple[str, ...] = ()


def status() -> tuple[AssetStatus, ...]:
    """How every asset stands, by the sizes of its files; fetches nothing and reads no file's content.

    Raises:
        AssetError: ACTIONUNITS_ASSETS names no folder, or a folder cannot be read.
    """
    return tuple(_stand(asset, check_content=False) for asset in catalogue.ASSETS.values())


def verify(asset_name: str) -> AssetStatus:
    """How one asset stands, every file read and compared by SHA-256.

    A wrong file in the cache is deleted, so that the next use pulls it again. The user's own folder is left alone.

    Raises:
        UsageError: no such asset.
        AssetError: as `status`.
    """
    asset = find_asset(asset_name)
    with teaching_disk_errors(asset):
        found = _stand(asset, check_content=True)
        if found.state != "damaged" or found.folder != cache_folder(asset):
            return found
        with locked(asset, progress=False):
            found = _stand(asset, check_content=True)  # another process may have mended it meanwhile
            for name in found.problems:
                (found.folder / name).unlink(missing_ok=True)
    return found


def _stand(asset: Asset, *, check_content: bool) -> AssetStatus:
    with teaching_disk_errors(asset):
        own = own_folder(asset)
        if own is None:
            return _stand_in_cache(asset, check_content)
        for root in own_roots(asset, own):
            files = known_files(asset, root)
            if files is not None and any((root / name).is_file() for name in files):
                return _compare(asset, root, files, check_content)
        wheel = own_wheel(asset, own)
        if wheel is None:
            return AssetStatus(asset, "missing", own, 0)
        in_cache = _stand_in_cache(asset, check_content)
        if in_cache.state == "ready":
            return in_cache
        right = wheel.stat().st_size == asset.wheel_size
        if right and check_content:
            right = sha256_of(wheel) == asset.wheel_sha256
        return AssetStatus(asset, "packed" if right else "damaged", wheel.parent, 0, () if right else (wheel.name,))


def _stand_in_cache(asset: Asset, check_content: bool) -> AssetStatus:
    folder = cache_folder(asset)
    files = known_files(asset, folder)
    begun = folder.is_dir() or work_folder(asset).is_dir()
    if files is None:
        return AssetStatus(asset, "incomplete", folder, 0, (listing_name(asset),)) if begun else _missing(asset)
    found = _compare(asset, folder, files, check_content)
    return found if found.files or begun else _missing(asset)


def _missing(asset: Asset) -> AssetStatus:
    return AssetStatus(asset, "missing", cache_folder(asset), 0)


def _compare(asset: Asset, folder: Path, files: Mapping[str, Member], check_content: bool) -> AssetStatus:
    absent = {name: None for name in files if not (folder / name).is_file()}
    wrong = [
        name
        for name, member in files.items()
        if name not in absent
        and not (matches(folder / name, member) if check_content else has_size(folder / name, member.size))
    ]
    state: State = "damaged" if wrong else "incomplete" if absent else "ready"
    return AssetStatus(asset, state, folder, len(files) - len(absent), (*wrong, *absent))
