"""The benchmark of ``data prepare``: a tree that the reader takes for BP4D, faces found in all of it, a table."""

import csv

import pytest

from actionunits.bench import prepare as bench
from actionunits.datasets import open_dataset


def test_the_tree_is_bp4d_with_a_face_in_every_picture(tmp_path):
    bench.make_tree(tmp_path, recordings=2, frames=2)
    dataset = open_dataset("bp4d", tmp_path)
    assert dataset.sequences() == ("F001_T1", "F001_T2")
    pictures = [picture for _, picture in dataset.recording("F001_T2").pictures()]
    assert [picture.shape for picture in pictures] == [(1392, 1040, 3)] * 2


def test_rates_are_frames_over_seconds(tmp_path):
    lines = list(bench.run_benchmark(recordings=1, frames=3, jobs=1))
    assert [(line.what, line.frames) for line in lines] == [("decode alone", 3), ("prepare jaa-200", 3)]
    for line in lines:
        assert line.rate == pytest.approx(3 / line.seconds)
        assert line.cpu_ms == pytest.approx(line.cpu_seconds * 1000 / 3)
    bench.save(lines, tmp_path / "rates.csv")
    with (tmp_path / "rates.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["frames"] for row in rows] == ["3", "3"]
    assert "Python" in rows[0]["machine"]
