"""``actionunits data flow``: what it prints and writes, and what it says of wrong input."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pytest

from actionunits.store import FrameRow, Store, StoredFlow, StoreSettings, StoreWriter


def write_store(folder: Path, size: tuple[int, int] | None) -> Path:
    writer = StoreWriter(folder, StoreSettings(dataset="fake", aus=(1,), contents=("occurrence",), image_size=size))
    rows = [FrameRow("A", row, row / 25, occurrence={1: 0}) for row in range(3)]
    jpeg = cv2.imencode(".jpg", np.zeros((48, 32, 3), np.uint8))[1].tobytes()
    writer.add("A_1", rows, [jpeg] * 3)
    writer.finish(pa.table({"subject": ["A"]}), pa.table({"sequence": ["A_1"], "subject": ["A"]}))
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return write_store(tmp_path / "store", (32, 48))


def test_flow(actionunits: Callable[..., Any], store: Path) -> None:
    done = actionunits("data", "flow", store, "--method", "farneback", "--bound", "20", "--jobs", "1")
    assert (done.code, done.err) == (0, "")
    assert f"flow of 3 frames, farneback of OpenCV {cv2.__version__}, up to 20 pixels" in done.out
    found = StoredFlow(Store(store))
    assert (found.facts.method, found.facts.bound) == ("farneback", 20)
    assert found.field(2).shape == (48, 32, 2)
    again = actionunits("data", "flow", store, "--method", "dis")
    assert (again.code, "--overwrite" in again.err) == (3, True)
    assert actionunits("data", "flow", store, "--method", "dis", "--jobs", "1", "--overwrite").code == 0


def test_wrong_use(actionunits: Callable[..., Any], store: Path, tmp_path: Path) -> None:
    done = actionunits("data", "flow", store, "--method", "guess")
    assert (done.code, "tvl1, dis, farneback" in done.err) == (2, True)
    assert actionunits("data", "flow", store, "--bound", "0").code == 2
    done = actionunits("data", "flow", tmp_path / "nothing")
    assert (done.code, "nothing" in done.errors[0]) == (3, True)
    done = actionunits("data", "flow", write_store(tmp_path / "mixed", None))
    assert (done.code, "differ in size" in done.errors[0]) == (2, True)
