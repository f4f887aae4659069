"""``actionunits webcam`` with a video file in the camera's stead."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from actionunits.facs import GEOMETRY_23
from actionunits.results import Results
from actionunits.samples import SAMPLE_CLIP

Run = Callable[..., Any]


def test_headless_with_a_table(actionunits: Run, tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    done = actionunits("webcam", "--headless", "--seconds", "0.5", "--camera", SAMPLE_CLIP, "--out", out)
    assert done.code == 0
    *lines, last = done.out.splitlines()
    assert last == f"{len(lines)} frames, {last.split()[2]} frames/s"
    assert sorted(path.name for path in out.iterdir()) == ["webcam.csv", "webcam.json"]
    table = Results.read(out / "webcam.csv").to_pandas()
    assert len(table) == len(lines) > 1
    assert table["frame"].tolist() == list(range(len(lines)))
    assert table["timestamp"].is_monotonic_increasing
    assert table["timestamp"].max() < 0.5
    assert {f"{column}_p" for column in GEOMETRY_23.columns} < set(pd.read_csv(out / "webcam.csv"))
    for line, time, smile in zip(lines, table["timestamp"], table["AU12_c"], strict=True):
        assert line.startswith(f"{time:9.3f} s  face 0  ")
        assert ("AU12" in line) == (smile == 1)


def test_no_face_is_said(actionunits: Run, blank: np.ndarray, clip: Callable[..., Path]) -> None:
    path = clip("blank.mp4", [blank] * 3, codec="libx264", pixel_format="yuv420p")
    done = actionunits("webcam", "--headless", "--camera", path)
    assert done.code == 0
    assert [line.split(" s  ")[1] for line in done.out.splitlines()[:-1]] == ["no face"] * 3


def test_a_window_needs_a_display(actionunits: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    done = actionunits("webcam", "--camera", SAMPLE_CLIP, "--seconds", "1")
    assert (done.code, done.out) == (2, "")
    (error,) = done.errors
    assert error.startswith("error: webcam: no window can be opened here")
    assert "--headless" in error


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--camera", "nobody.mp4"), 3, "error: nobody.mp4: it cannot be opened"),
        (("--model", "nobody"), 2, "error: nobody: no such model"),
        (("--seconds", "-1"), 2, "--seconds"),
        (("--max-faces", "0"), 2, "--max-faces"),
    ],
)
def test_wrong_words(actionunits: Run, words: tuple[str, ...], code: int, said: str) -> None:
    done = actionunits("webcam", "--headless", *words)
    assert done.code == code
    assert said in done.err
