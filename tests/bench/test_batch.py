"""The batch's benchmark on as little as can be, and the cost model against a sum by hand."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("fsspec")

from actionunits.bench import batch as bench
from actionunits.bench.cost import estimate, read_constants
from actionunits.cli.bench import batch as bench_command
from actionunits.errors import ResultsError, UsageError
from actionunits.media import VideoReader

LINES = """what,workers,cores_each,files,frames,seconds,frames_per_second,start_seconds,worker_seconds,bytes_out,machine
short clips,1,1,200,16000,80.0,200.0,5.0,79.0,1600000,a machine
short clips,2,1,200,16000,50.0,320.0,5.0,99.0,1600000,a machine
short clips,1,2,200,16000,40.0,400.0,5.0,39.0,1600000,a machine
"one clip, 640x360",1,1,1,1800,9.0,200.0,5.0,9.0,180000,a machine
"one clip, 1280x720",1,1,1,1800,18.0,100.0,5.0,18.0,180000,a machine
files of one frame,1,1,20,20,2.0,10.0,5.0,2.0,40000,a machine
"""


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    path = tmp_path / "batch.csv"
    path.write_text(LINES)
    return path


def test_clips_are_of_mixed_lengths_and_the_same_again(tmp_path: Path) -> None:
    for name in ("one", "other"):
        bench.make_corpus(tmp_path / name, 5, 3, shortest=2, longest=9)
    lengths = []
    for path in sorted((tmp_path / "one").iterdir()):
        with VideoReader(path) as reader:
            lengths.append(sum(1 for _ in reader))
        assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes()
    assert len(set(lengths)) > 1
    assert all(2 <= length <= 9 for length in lengths)


@pytest.mark.slow
def test_a_run_on_ray(tmp_path: Path) -> None:
    """In a process of its own, as Ray reads its token once in a process."""
    pytest.importorskip("ray")
    program = "from actionunits.cli import main; main()"
    options = ["--clips", "2", "--workers", "1x1", "--seconds", "0", "--out", str(tmp_path / "b.csv")]
    line = [sys.executable, "-c", program, "bench", "batch", *options]
    ended = subprocess.run(line, capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode == 0, ended.stderr
    with (tmp_path / "b.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["what"], row["workers"], row["cores_each"], row["files"]) == ("short clips", "1", "1", "2")
    assert int(row["frames"]) > 20
    assert float(row["frames_per_second"]) == pytest.approx(int(row["frames"]) / float(row["seconds"]), rel=0.01)
    assert float(row["start_seconds"]) > 0
    assert int(row["bytes_out"]) > 0


@pytest.mark.parametrize("text", ["", "2", "1x", "0x1", "1x1x1", "axb"])
def test_workers_and_cores_that_are_none(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="workers x cores"):
        bench_command(workers=text, out=tmp_path / "b.csv")


def test_ten_thousand_hours(measured: Path) -> None:
    constants = read_constants(measured)
    assert constants.efficiency == pytest.approx(80 / 50 / 2)
    made = estimate(constants, hours=10_000, size="1280x720", rate=30, minutes_each=10, cores=64, price=0.05)
    frames = 10_000 * 3600 * 30
    seconds = frames * 18 / 1800 + 60_000 * 2 / 20
    assert made.frames == frames
    assert made.core_hours == pytest.approx(seconds / 3600 / 0.8)
    assert made.wall_hours == pytest.approx(made.core_hours / 64)
    assert made.price == pytest.approx(made.core_hours * 0.05)
    row_bytes = (180_000 - 2000) / 1800  # without what a file of one frame takes
    assert made.output_gb == pytest.approx((frames * row_bytes + 60_000 * 2000) / 1e9)
    one = estimate(constants, cores=1)
    assert one.core_hours == one.wall_hours
    assert one.price is None
    assert estimate(constants, faces=2).core_hours == pytest.approx(2 * estimate(constants).core_hours, rel=0.01)


def test_what_was_not_measured(measured: Path, tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="640x360, 1280x720"):
        estimate(read_constants(measured), size="320x240")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ResultsError, match="bench batch"):
        read_constants(tmp_path / "other.csv")
    with pytest.raises(ResultsError, match="bench batch"):
        read_constants(tmp_path / "none.csv")
