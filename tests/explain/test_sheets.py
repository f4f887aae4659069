"""The sheet: a tile for every action unit, coloured where the map is high and nowhere else."""

import numpy as np
import pytest

pytest.importorskip("torch")
from actionunits.explain.sheets import TILE, FaceRow, map_sheet, overlaid

CROP = np.full((112, 112, 3), 120, np.uint8)


def quadrant(value: float = 1.0) -> np.ndarray:
    values = np.zeros((32, 32), np.float32)
    values[:16, 16:] = value
    return values


def test_colour_lies_where_the_map_is_high() -> None:
    plain, drawn = overlaid(CROP, np.zeros((32, 32), np.float32)), overlaid(CROP, quadrant())
    assert drawn.shape == (TILE, TILE, 3)
    changed = np.abs(drawn.astype(int) - plain).sum(axis=2) > 0
    half, edge = TILE // 2, TILE // 16
    assert changed[: half - edge, half + edge :].all()
    assert not changed[half + edge :].any()
    assert not changed[:, : half - edge].any()


def test_higher_is_darker_red() -> None:
    low, high = (overlaid(CROP, np.full((8, 8), value, np.float32))[100, 100].astype(int) for value in (0.4, 1.0))
    assert high[1] < low[1]  # less green
    assert high[2] < low[2]


@pytest.mark.parametrize(("aus", "faces"), [((12,), 1), ((1, 2, 4, 6, 7, 10), 2), ((1, 2, 4, 6, 7, 10, 12, 14), 1)])
def test_the_sheet_has_room_for_all(aus: tuple[int, ...], faces: int) -> None:
    maps = np.stack([quadrant()] * len(aus))
    rows = [
        FaceRow(f"face {face}", CROP, maps, aus, ("p 0.50",) * len(aus), (True,) * len(aus)) for face in range(faces)
    ]
    sheet = map_sheet(rows, "title", "note")
    tile = overlaid(CROP, quadrant())
    found = sum(
        bool((sheet[y : y + TILE, x : x + TILE] == tile).all())
        for y, x in np.argwhere((sheet[: 1 - TILE, : 1 - TILE] == tile[0, 0]).all(axis=2))
        if (sheet[y, x : x + TILE] == tile[0]).all()
    )
    assert found == len(aus) * faces


def test_long_names_are_shortened() -> None:
    row = FaceRow("n" * 500, CROP, np.stack([quadrant()]), (6,), ("p" * 200,), (False,))
    short = map_sheet([row], "t" * 500, "o" * 500)
    assert short.shape[1] < 700
