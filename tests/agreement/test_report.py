import csv
import json

import numpy as np
import pytest

from actionunits.agreement import agree, bland_altman_plot, read_codes, save, summary_lines
from actionunits.errors import ResultsError
from actionunits.media import read_image
from actionunits.viz.charts import BLUE, RED


@pytest.fixture
def done(analysis, coder, rng):
    level = np.repeat(rng.integers(0, 6, 30), 10)
    guess = np.clip(level + rng.normal(0, 0.8, 300), 0, 5)
    rows = [f"{row},{each},{int(each > 2)},0" for row, each in enumerate(level)]
    path = coder("\n".join(["frame,AU12,AU4,AU1", *rows, ""]))
    results = analysis({1: [0] * 300, 4: guess > 2.5, 12: guess > 0.5}, intensity={1: guess, 4: guess, 12: guess})
    return agree(results, read_codes(path))


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_what_is_written(done, tmp_path) -> None:
    folder = tmp_path / "new" / "out"
    written = save(done, folder)
    names = ["agreement.csv", "disagreements.csv", "agreement.md", "agreement.json", "bland_altman_AU12.png"]
    assert [path.name for path in written] == names
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    table = {row["au"]: row for row in rows_of(folder / "agreement.csv")}
    assert list(table) == ["AU01", "AU04", "AU12"]
    row = table["AU12"]
    tp, fp, fn, tn = (int(row[name]) for name in ("tp", "fp", "fn", "tn"))
    assert tp + fp + fn + tn == int(row["frames"]) == 300
    assert float(row["f1"]) == pytest.approx(2 * tp / (2 * tp + fp + fn), abs=1e-6)
    assert float(row["coder_prevalence"]) == pytest.approx((tp + fn) / 300, abs=1e-6)
    assert float(row["analysis_prevalence"]) == pytest.approx((tp + fp) / 300, abs=1e-6)
    assert row["icc31"]
    assert table["AU04"]["icc31"] == table["AU04"]["bias"] == ""
    assert table["AU01"]["f1"] == table["AU01"]["kappa"] == ""  # neither side ever sees it
    listed = rows_of(folder / "disagreements.csv")
    lengths = [float(row["seconds"]) for row in listed]
    assert lengths == sorted(lengths, reverse=True)
    wrong = sum(int(row["fp"]) + int(row["fn"]) for row in table.values())
    assert sum(int(row["frames"]) for row in listed) == wrong
    facts = json.loads((folder / "agreement.json").read_text())
    assert facts["aus"] == [1, 4, 12]
    assert facts["format"] == "frame codes by number"
    page = (folder / "agreement.md").read_text()
    assert "| AU12 | Lip corner puller | 300 |" in page
    assert "clip.mp4" in page


def test_a_second_run_writes_the_same_bytes(done, tmp_path) -> None:
    first = {path.name: path.read_bytes() for path in save(done, tmp_path / "a")}
    assert first == {path.name: path.read_bytes() for path in save(done, tmp_path / "b")}


def test_the_lines_for_a_terminal(done) -> None:
    lines = summary_lines(done)
    assert "frame codes by number, coded 0.00 to 29.90 s" in lines[0]
    assert any(line.startswith("AU12") and "Lip corner puller" in line for line in lines)
    assert any("longest of" in line for line in lines)
    mean = next(line for line in lines if line.startswith("mean"))
    defined = [done.f1.values[place] for place in (1, 2)]
    assert f"{np.mean(defined):.3f}" in mean


def test_the_plot_shows_bias_and_limits(done, tmp_path) -> None:
    picture = bland_altman_plot(done, 12)
    assert picture.shape == (640, 960, 3)
    blue = (picture == BLUE).all(axis=2).sum()
    red_rows = np.flatnonzero((picture == RED).all(axis=2).sum(axis=1) > 200)
    assert blue > 20  # darkest points
    assert len(red_rows) >= 2
    limits = done.limits
    upper, lower = red_rows.min(), red_rows.max()
    per_level = (lower - upper) / float(limits.upper[2] - limits.lower[2])
    assert 30 < per_level < 300
    save(done, tmp_path)
    assert np.array_equal(read_image(tmp_path / "bland_altman_AU12.png"), picture)


def test_a_folder_that_cannot_be_made(done, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match="file"):
        save(done, tmp_path / "file" / "out")
