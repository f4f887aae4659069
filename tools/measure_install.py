"""Measure the core install: make an empty virtual environment, install this package without extras, print its size.

usage: python tools/measure_install.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOST_MEGABYTES = 950


def main() -> None:
    """Install and measure; exit status 1 when it is too large or brings torch."""
    with tempfile.TemporaryDirectory(prefix="actionunits-install-") as name:
        folder = Path(name)
        venv.create(folder, with_pip=True)
        python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        began = time.perf_counter()
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", str(ROOT)], check=True)
        took = time.perf_counter() - began
        size = sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
        listed = subprocess.run([str(python), "-m", "pip", "list"], check=True, capture_output=True, text=True).stdout
        brings_torch = any(line.split()[:1] == ["torch"] for line in listed.splitlines())
        print(f"core install: {size:.0f} MB, {took:.0f} s, torch: {'yes' if brings_torch else 'no'}")
        sys.exit(size > MOST_MEGABYTES or brings_torch)


if __name__ == "__main__":
    main()
