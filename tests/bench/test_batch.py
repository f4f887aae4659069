"""The batch's benchmark on as little as can be, and the cost model against a sum by hand."""

import csv
from pathlib import Path

import pytest

pytest.importorskip("fsspec")

from actionunits.bench import batch as bench
from actionunits.bench.cost import estimate, read_constants
from actionunits.errors import ResultsError
from actionunits.media import VideoReader

LINES = """what,workers,files,frames,seconds,frames_per_second,start_seconds,worker_seconds,bytes_out,machine
short clips,1,200,16000,80.0,200.0,5.0,79.0,1600000,a machine
short clips,2,200,16000,50.0,320.0,5.0,99.0,1600000,a machine
"one clip, 640x360",1,1,1800,9.0,200.0,5.0,9.0,180000,a machine
"one clip, 1280x720",1,1,1800,18.0,100.0,5.0,18.0,180000,a machine
files of one frame,1,20,20,2.0,10.0,5.0,2.0,40000,a machine
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
    pytest.importorskip("ray")
    (line,) = bench.run_benchmark(clips=2, workers=(1,), seconds=0)
    assert (line.what, line.workers, line.files) == ("short clips", 1, 2)
    assert line.frames > 20
    assert line.seconds > 0
    assert line.start_seconds > 0
    bench.save([line], tmp_path / "b.csv")
    with (tmp_path / "b.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert int(row["frames"]) == line.frames
    assert int(row["bytes_out"]) == line.bytes_out > 0


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
    assert made.output_gb == pytest.approx(frames * 100 / 1e9)
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
