import shutil
from pathlib import Path

import pytest

from actionunits import assets
from actionunits.errors import AssetError, UsageError


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder; name it in ACTIONUNITS_ASSETS with `use`."""
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


def use(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTIONUNITS_ASSETS", str(own))


@pytest.mark.parametrize("layout", [".", "fakepack-1.2.3"])
def test_files_flat_or_in_the_packages_folder(shop, own, monkeypatch, layout: str) -> None:
    use(own, monkeypatch)
    (own / layout).mkdir(exist_ok=True)
    (own / layout / "small.bin").write_bytes(b"small" * 7)
    assert assets.asset_path("fake", "small.bin") == own / layout / "small.bin"
    assert shop.downloads() == 0
    assert not shop.cache.exists()


def test_a_copied_cache_folder_serves_an_asset_with_rules(ruled_shop, own, monkeypatch) -> None:
    shutil.copytree(assets.pull("fake", progress=False), own / "fakepack-1.2.3")
    use(own, monkeypatch)
    assert assets.asset_folder("fake") == own / "fakepack-1.2.3"
    assert assets.asset_path("fake", "many/004.target") == own / "fakepack-1.2.3" / "many" / "004.target"
    assert assets.status()[0].state == "ready"
    (own / "fakepack-1.2.3" / "many" / "004.target").write_bytes(b"5\n" * 100)
    with pytest.raises(AssetError, match=r"004\.target"):
        assets.asset_path("fake", "many/004.target")


@pytest.mark.parametrize("layout", [".", "fakepack-1.2.3"])
def test_the_wheel_itself_is_unpacked_to_the_cache_and_stays(shop, own, monkeypatch, layout: str) -> None:
    use(own, monkeypatch)
    (own / layout).mkdir(exist_ok=True)
    wheel = own / layout / shop.asset.wheel
    shutil.copy(shop.wheel, wheel)
    assert assets.status()[0].state == "packed"
    assert assets.asset_path("fake", "small.bin", progress=False) == shop.folder / "small.bin"
    assert assets.pull("fake", progress=False) == shop.folder
    assert assets.status()[0].state == "ready"
    assert wheel.is_file()
    assert shop.downloads() == 0


def test_a_missing_file_teaches_and_no_network_is_tried(shop, own, monkeypatch) -> None:
    assets.pull("fake", progress=False)
    before = shop.downloads()
    use(own, monkeypatch)
    for call in (lambda: assets.asset_path("fake", "small.bin"), lambda: assets.pull("fake")):
        with pytest.raises(AssetError) as caught:
            call()
        for word in ("small.bin", str(own), "fakepack==1.2.3", shop.asset.wheel, "ACTIONUNITS_ASSETS"):
            assert word in str(caught.value)
    assert shop.downloads() == before


@pytest.mark.parametrize(("content", "reason"), [(b"SMALL" * 7, "SHA-256 is"), (b"small", "has 5 bytes, expected 35")])
def test_a_wrong_file_is_refused_and_left_alone(shop, own, monkeypatch, content: bytes, reason: str) -> None:
    use(own, monkeypatch)
    (own / "small.bin").write_bytes(content)
    with pytest.raises(AssetError, match=reason):
        assets.asset_path("fake", "small.bin")
    assert assets.verify("fake").state == "damaged"
    assert (own / "small.bin").read_bytes() == content


def test_a_file_exchanged_during_the_process_is_noticed(shop, own, monkeypatch) -> None:
    use(own, monkeypatch)
    (own / "small.bin").write_bytes(b"small" * 7)
    assets.asset_path("fake", "small.bin")
    (own / "other").write_bytes(b"SMALL" * 7)
    (own / "other").replace(own / "small.bin")
    with pytest.raises(AssetError, match="SHA-256"):
        assets.asset_path("fake", "small.bin")


def test_a_wrong_wheel_is_refused_and_left_alone(shop, own, monkeypatch) -> None:
    use(own, monkeypatch)
    wheel = own / shop.asset.wheel
    wheel.write_bytes(shop.wheel.read_bytes()[:-1] + b"!")
    with pytest.raises(AssetError, match=f"expected {shop.asset.wheel_sha256}"):
        assets.asset_path("fake", "small.bin", progress=False)
    assert wheel.is_file()
    assert assets.verify("fake").state == "damaged"
    assert not list(shop.cache.rglob("*.bin"))


def test_a_folder_that_is_none_is_named(shop, own, monkeypatch) -> None:
    use(own / "nowhere", monkeypatch)
    with pytest.raises(AssetError, match="nowhere: ACTIONUNITS_ASSETS"):
        assets.asset_path("fake", "small.bin")


def test_an_unknown_file_of_an_asset_with_rules(ruled_shop, own, monkeypatch) -> None:
    shutil.copytree(assets.pull("fake", progress=False), own / "fakepack-1.2.3")
    use(own, monkeypatch)
    with pytest.raises(UsageError, match=r"many/999\.target"):
        assets.asset_path("fake", "many/999.target")
