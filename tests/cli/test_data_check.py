"""``actionunits data check``: what it prints, and its exit status."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np


def write_manifest(folder: Path, label: object = 1) -> Path:
    cv2.imwrite(str(folder / "a.jpg"), np.zeros((8, 8, 3), np.uint8))
    path = folder / "mine.csv"
    path.write_text(f"image,subject,timestamp,AU12\na.jpg,P1,0,{label}\nb.jpg,P1,1,9\n")
    return path


def test_check(actionunits: Callable[..., Any], tmp_path: Path) -> None:
    path = write_manifest(tmp_path)
    done = actionunits("data", "check", path)
    assert done.code == 0
    assert f"{path}: manifest" in done.out
    assert "1 of 2 coded frames" in done.out
    assert "1 of 2 coded frames have no picture: 1" in done.out
    assert done.err == ""


def test_what_cannot_be_opened(actionunits: Callable[..., Any], tmp_path: Path) -> None:
    done = actionunits("data", "check", write_manifest(tmp_path, label="maybe"))
    assert done.code == 3
    assert "line 2" in done.errors[0]
    done = actionunits("data", "check", tmp_path / "nowhere")
    assert done.code == 3
    assert "nowhere" in done.errors[0]


def test_a_malformed_sequence(actionunits: Callable[..., Any], tmp_path: Path) -> None:
    for subject, text in (("SN001", "1,0\n"), ("SN002", "1,7\n")):
        folder = tmp_path / "ActionUnit_Labels" / subject
        folder.mkdir(parents=True)
        for au in (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26):
            (folder / f"{subject}_au{au}.txt").write_text(text if au == 26 else "1,0\n")
    (tmp_path / "Video_LeftCamera").mkdir()
    (tmp_path / "Video_LeftCamera" / "LeftVideoSN001_comp.avi").write_bytes(b"cut off")
    done = actionunits("data", "check", tmp_path, "--all-pictures")
    assert done.code == 3
    assert "Errors (1):" in done.out
    assert "SN002_au26.txt: code 7" in done.out
    assert "LeftVideoSN001_comp.avi" in done.out


def test_wrong_use(actionunits: Callable[..., Any], tmp_path: Path) -> None:
    done = actionunits("data", "check", write_manifest(tmp_path), "--kind", "ck")
    assert done.code == 2
    assert "'ck'" in done.errors[0]
