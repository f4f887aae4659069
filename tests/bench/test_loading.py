"""The benchmark of loading: a store with a camera's file sizes, every image counted, a table."""

import csv

import pytest

pytest.importorskip("torch")

from typer.testing import CliRunner

from actionunits.bench import loading as bench
from actionunits.cli.bench import app
from actionunits.errors import UsageError
from actionunits.geometry import get_crop


def test_the_pictures_are_as_large_as_a_cameras(tmp_path):
    store = bench.make_store(tmp_path / "store", get_crop("jaa-200"), 4)
    assert [store.image(row).shape for row in range(4)] == [(200, 200, 3)] * 4
    assert 10_000 < len(store.jpeg(0)) < 40_000
    assert len({bytes(store.jpeg(row)) for row in range(4)}) == 4


def test_rates_are_images_over_seconds(tmp_path):
    told = []
    how = {"frames": 40, "inputs": ("jaa-176",), "workers": 1, "epochs": 2}
    lines = list(bench.run_benchmark(**how, watch=lambda done, total: told.append((done, total))))
    assert [(line.what, line.workers, line.images) for line in lines] == [
        ("decode jaa-200", 0, 40),
        ("jaa-176 training", 1, 32),
        ("jaa-176 testing", 1, 40),
    ]
    assert told[-1][0] == 40 + 2 * (32 + 40)
    assert told[-1][0] <= told[-1][1]
    for line in lines:
        assert line.rate == pytest.approx(line.images / line.seconds)
    assert sum(line.cpu_ms for line in lines) > 0  # a line alone may be shorter than a tick of the processes' clock
    with pytest.raises(UsageError, match="jaa-177"):
        list(bench.run_benchmark(inputs=("jaa-177",)))


def test_the_command_saves_its_table(tmp_path):
    out = tmp_path / "rates.csv"
    options = ["--frames", "8", "--inputs", "jaa-176", "--workers", "0", "--epochs", "1", "--out", str(out)]
    ended = CliRunner().invoke(app, ["loading", *options])
    assert ended.exit_code == 0, ended.output
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["what"] for row in rows] == ["decode jaa-200", "jaa-176 training", "jaa-176 testing"]
    assert float(rows[1]["images_per_second"]) > 0
    assert "Python" in rows[0]["machine"]
