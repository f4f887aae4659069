from pathlib import Path

import numpy as np
import pytest

from actionunits.errors import UsageError
from actionunits.media import VideoReader
from actionunits.synth.sheets import Tile, describe, lay_out, make_sheet, write_clip


def test_tiles_are_laid_out_in_rows() -> None:
    tiles = [Tile("", np.full((20, 30, 3), value, np.uint8)) for value in (10, 20, 30)]
    sheet = lay_out(tiles, 2)
    assert sheet.shape[1] == 60
    band = sheet.shape[0] // 2 - 20
    assert (sheet[band : band + 20, 30:] == 20).all()
    assert (sheet[-20:, :30] == 30).all()
    assert (sheet[-20:, 30:] == 255).all()


def test_text_stands_above_its_picture() -> None:
    sheet = lay_out([Tile("AU12", np.zeros((20, 60, 3), np.uint8))], 1)
    assert sheet[:-20].min() < 100


def test_expressions_in_words() -> None:
    assert describe({}) == "neutral"
    assert describe({12: (3.0, 3.0), 1: (2.0, 0.0), 4: (0.2, 0.1)}) == "1L:2 12:3"


def test_unknown_sheet() -> None:
    with pytest.raises(UsageError, match="closeups"):
        make_sheet("poster")  # type: ignore[arg-type]


def test_a_clip_has_25_frames_a_second(tmp_path: Path) -> None:
    takes = list(write_clip(tmp_path / "clip.mp4", seconds=0.2, size=64, seed=3))
    assert len(takes) == 5
    with VideoReader(tmp_path / "clip.mp4") as reader:
        times = [frame.timestamp for frame in reader]
    assert times == pytest.approx([0, 0.04, 0.08, 0.12, 0.16])


@pytest.mark.parametrize("seconds", [0, -1, 10_000])
def test_clips_of_no_length(tmp_path: Path, seconds: float) -> None:
    with pytest.raises(UsageError, match="seconds"):
        next(write_clip(tmp_path / "clip.mp4", seconds=seconds))
