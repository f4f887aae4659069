"""``actionunits data stats``: what it prints and writes, and what it says of wrong input."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pytest

from actionunits.store import FrameRow, StoreSettings, StoreWriter


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    writer = StoreWriter(folder, StoreSettings(dataset="fake", aus=(1, 12), contents=("occurrence",)))
    rows = [FrameRow("A", row, row / 25, occurrence={1: row % 2, 12: int(row > 5)}) for row in range(10)]
    jpeg = cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8))[1].tobytes()
    writer.add("A_1", rows, [jpeg] * 10)
    writer.finish(pa.table({"subject": ["A"]}), pa.table({"sequence": ["A_1"], "subject": ["A"]}))
    return folder


def test_stats(actionunits: Callable[..., Any], store: Path, tmp_path: Path) -> None:
    done = actionunits("data", "stats", store, "--out", tmp_path / "out", "--aus", "12")
    assert (done.code, done.err) == (0, "")
    assert "fake: 1 subjects, 1 sequences, 10 frames" in done.out
    assert "AU12" in done.out
    assert "AU01" not in done.out
    assert (tmp_path / "out" / "relations.png").is_file()


def test_wrong_use(actionunits: Callable[..., Any], store: Path, tmp_path: Path) -> None:
    done = actionunits("data", "stats", store, "--aus", "4")
    assert (done.code, "AU 4" in done.errors[0]) == (2, True)
    done = actionunits("data", "stats", tmp_path / "nothing")
    assert (done.code, "nothing" in done.errors[0]) == (3, True)
