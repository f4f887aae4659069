"""Small made-up wheels, a cache of their own, and a package index that is a folder: the real pip runs, no network."""

import base64
import hashlib
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from actionunits.assets import catalogue
from actionunits.assets.catalogue import Asset, Member, MemberRule
from actionunits.assets.checksums import format_listing

FILES = {"fakepack/data/small.bin": b"small" * 7, "fakepack/data/large.bin": bytes(range(256)) * 5000}
RULED_FILES = {f"fakepack/data/many/{n:03d}.target": b"%d\n" % n * 100 for n in range(20)}
RULE = MemberRule("fakepack/data/many/", ".target", "many/")


def write_wheel(path: Path, files: dict[str, bytes]) -> None:
    metadata = {
        "fakepack-1.2.3.dist-info/METADATA": b"Metadata-Version: 2.1\nName: fakepack\nVersion: 1.2.3\n",
        "fakepack-1.2.3.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        record = ""
        for name, content in {**files, **metadata}.items():
            archive.writestr(name, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record += f"{name},sha256={digest},{len(content)}\n"
        archive.writestr("fakepack-1.2.3.dist-info/RECORD", record + "fakepack-1.2.3.dist-info/RECORD,,\n")


def member(path: str, content: bytes) -> Member:
    return Member(path, hashlib.sha256(content).hexdigest(), len(content))


def describe(wheel: Path, files: dict[str, bytes], ruled: dict[str, bytes]) -> Asset:
    members = {Path(path).name: member(path, content) for path, content in files.items()}
    listed = {RULE.folder + path.removeprefix(RULE.prefix): member(path, c) for path, c in ruled.items()}
    return Asset(
        name="fake",
        package="fakepack",
        version="1.2.3",
        wheel=wheel.name,
        wheel_sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        wheel_size=wheel.stat().st_size,
        members=members,
        licence="none",
        purpose="tests",
        rules=(RULE,) if ruled else (),
        listing_sha256=hashlib.sha256(format_listing({**members, **listed})).hexdigest() if ruled else "",
    )


@dataclass(frozen=True)
class Shop:
    """A made-up asset, the folder that serves as package index, and the cache."""

    asset: Asset
    index: Path
    cache: Path
    pip_log: Path

    @property
    def wheel(self) -> Path:
        return self.index / self.asset.wheel

    @property
    def folder(self) -> Path:
        return self.cache / "assets" / self.asset.key

    def downloads(self) -> int:
        """How many wheels pip has saved so far."""
        return self.pip_log.read_text().count(" Saved ") if self.pip_log.exists() else 0

    def start(self, script: str) -> subprocess.Popen[str]:
        """A child process that knows the made-up asset and runs `script`."""
        lines = [
            "from actionunits import assets",
            "from actionunits.assets import catalogue",
            "from actionunits.assets.catalogue import Asset, Member, MemberRule",
            f"catalogue.ASSETS = {{'fake': {self.asset!r}}}",
            script,
        ]
        return subprocess.Popen(
            [sys.executable, "-c", "\n".join(lines)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )


OpenShop = Callable[..., Shop]


@pytest.fixture
def open_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OpenShop:
    """Make a shop: `files` by exact name, `ruled` by prefix; `smuggled` are in the wheel without being declared."""

    def make(
        files: dict[str, bytes] = FILES,
        ruled: dict[str, bytes] | None = None,
        smuggled: dict[str, bytes] | None = None,
    ) -> Shop:
        index = tmp_path / "index"
        index.mkdir()
        wheel = index / "fakepack-1.2.3-py3-none-any.whl"
        write_wheel(wheel, {**files, **(ruled or {}), **(smuggled or {})})
        shop = Shop(describe(wheel, files, ruled or {}), index, tmp_path / "cache", tmp_path / "pip.log")
        monkeypatch.setattr(catalogue, "ASSETS", {"fake": shop.asset})
        monkeypatch.setenv("ACTIONUNITS_CACHE", str(shop.cache))
        monkeypatch.delenv("ACTIONUNITS_ASSETS", raising=False)
        for name, value in {"NO_INDEX": "1", "FIND_LINKS": str(index), "LOG": str(shop.pip_log)}.items():
            monkeypatch.setenv(f"PIP_{name}", value)
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)  # the tester's own pip settings stay out
        return shop

    return make


@pytest.fixture
def shop(open_shop: OpenShop) -> Shop:
    return open_shop()


@pytest.fixture
def ruled_shop(open_shop: OpenShop) -> Shop:
    return open_shop(ruled=RULED_FILES)
