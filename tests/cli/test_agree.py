"""``actionunits agree``: what it prints and writes, and what it says of wrong input."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from actionunits.results import Results
from actionunits.results.schema import arrow_schema, columns


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Half a second of AU 12, from frame 5 of 20."""
    shown = [int(5 <= row < 10) for row in range(20)]
    cells: dict[str, list[Any]] = {each.name: [1.0] * 20 for each in columns((12,))}
    cells |= {"source": ["clip.mp4"] * 20, "frame": list(range(20)), "timestamp": [row / 10 for row in range(20)]}
    cells |= {"face_id": [2] * 20, "success": [1] * 20, "flags": [""] * 20, "AU12_c": shown, "AU12_p": shown}
    schema = arrow_schema((12,))
    table = pa.table({each.name: pa.array(cells[each.name], each.type) for each in schema}, schema=schema)
    path = tmp_path / "clip.csv"
    Results(table).save(path)
    return path


@pytest.fixture
def codes(tmp_path: Path) -> Path:
    path = tmp_path / "codes.csv"
    path.write_text("au,onset,offset,level\n12,0.5,1.2,B\n")
    return path


def test_agree(actionunits: Callable[..., Any], clip: Path, codes: Path, tmp_path: Path) -> None:
    done = actionunits("agree", clip, codes, "--span", "0-2", "--out", tmp_path / "out")
    assert (done.code, done.err) == (0, "")
    row = next(line for line in done.out.splitlines() if line.startswith("AU12"))
    assert row.split()[4:8] == ["20", "35.0", "25.0", "0.833"]  # 2 * 5 / (5 + 7)
    assert "coder only    1.000   1.200    0.200       2" in done.out
    assert (tmp_path / "out" / "bland_altman_AU12.png").is_file()
    assert (tmp_path / "out" / "agreement.csv").is_file()


def test_without_a_folder_nothing_is_written(actionunits: Callable[..., Any], clip: Path, codes: Path) -> None:
    before = sorted(clip.parent.iterdir())
    assert actionunits("agree", clip, codes).code == 0
    assert sorted(clip.parent.iterdir()) == before


def test_offset_and_face(actionunits: Callable[..., Any], clip: Path, codes: Path) -> None:
    done = actionunits("agree", clip, codes, "--offset", "-0.5", "--face-id", "2", "--span", "0.5-2.5")
    assert done.code == 0
    assert "analysis only    0.700   1.000    0.300       3" in done.out


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--face-id", "0"), 2, "no such face"),
        (("--subject", "Ann"), 2, "Ann"),
        (("--span", "soon"), 2, "START-END"),
        (("--span", "2-1"), 2, "ends before"),
        (("--occurs-from", "9"), 2, "is no level"),
        (("--offset", "60"), 3, "--offset"),
    ],
)
def test_wrong_use(
    actionunits: Callable[..., Any], clip: Path, codes: Path, options: tuple[str, ...], code: int, said: str
) -> None:
    done = actionunits("agree", clip, codes, *options)
    assert done.code == code
    assert said in done.errors[0]


def test_files_in_the_wrong_order(actionunits: Callable[..., Any], clip: Path, codes: Path) -> None:
    done = actionunits("agree", codes, clip)
    assert done.code == 3
    assert "codes.csv" in done.errors[0]
