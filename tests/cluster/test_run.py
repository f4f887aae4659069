"""A batch in one process: what is done, what is done again, what fails."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from actionunits.cluster import BatchSettings, BatchWatch, crews, find_corpus, run_batch
from actionunits.cluster.crews import Finished, Staff, Task
from actionunits.cluster.inputs import key_of
from actionunits.cluster.lock import OutputLock
from actionunits.cluster.places import Place
from actionunits.cluster.worker import Orders, Trouble, Worker
from actionunits.errors import ClusterError, UsageError

Solo = Callable[..., Any]


@pytest.fixture(scope="module")
def finished(corpus_folder: Path, solo: Solo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output of a whole run; nobody writes here."""
    out = tmp_path_factory.mktemp("done") / "out"
    solo(corpus_folder, out)
    return out


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    import shutil

    return Path(shutil.copytree(finished, tmp_path / "out"))


def test_rows_are_those_of_a_plain_analysis(finished: Path, rows_of: Any, expected: pa.Table, same_rows: Any) -> None:
    assert same_rows(rows_of(finished), expected)


def test_the_status_table(finished: Path, status_of: Any, expected: pa.Table) -> None:
    status = status_of(finished)
    assert set(status) == set(expected["source"].to_pylist())
    for source, row in status.items():
        assert row["state"] == "done"
        assert row["reason"] == ""
        assert row["attempts"] == 1
        assert row["frames"] == row["rows"] == expected["source"].to_pylist().count(source)
        assert row["duration"] == pytest.approx((row["frames"] - 1) / 25)
        assert row["seconds"] > 0
        assert row["input_identity"].startswith("sha256:")
    assert not list((finished / ".aside").iterdir())


def test_a_rerun_does_nothing(corpus_folder: Path, out: Path, solo: Solo, journal: Any, rows_of: Any) -> None:
    before = {path: path.stat().st_mtime_ns for path in out.rglob("rows/**/*.parquet")}
    report = solo(corpus_folder, out, journal=journal.path)
    assert (report.done, report.kept, report.failed) == (0, 6, ())
    assert not journal.begun
    assert before == {path: path.stat().st_mtime_ns for path in out.rglob("rows/**/*.parquet")}


def test_only_what_is_missing_or_changed_is_done_again(
    clips: Path, out: Path, solo: Solo, journal: Any, status_of: Any
) -> None:
    (clips / "day0" / "clip0.mp4").write_bytes((clips / "day1" / "clip1.mp4").read_bytes())  # changed
    next(out.glob(f"rows/*/{key_of('day0/clip2.mp4')}.parquet")).unlink()  # its rows are lost
    (clips / "day1" / "clip3.mp4").touch()  # other time, same content
    (clips / "new.mp4").write_bytes((clips / "day1" / "clip1.mp4").read_bytes())
    report = solo(clips, out, journal=journal.path, moved=True)
    wanted = {"day0/clip0.mp4", "day0/clip2.mp4", "new.mp4"}
    assert {key_of(source) for source in wanted} == set(journal.begun)
    assert (report.done, report.kept) == (3, 4)
    assert status_of(out)["day0/clip0.mp4"]["frames"] == 7


def test_with_stamps_the_content_is_not_read(clips: Path, tmp_path: Path, solo: Solo, journal: Any) -> None:
    out = tmp_path / "o"
    solo(clips, out, check="stamp")
    solo(clips, out, check="stamp", journal=journal.path)
    assert not journal.begun
    (clips / "day1" / "clip3.mp4").touch()
    solo(clips, out, check="stamp", journal=journal.path)
    assert journal.begun == [key_of("day1/clip3.mp4")]


def test_other_options_are_other_rows(corpus_folder: Path, out: Path, solo: Solo, rows_of: Any) -> None:
    report = solo(corpus_folder, out, settings=BatchSettings(every=2))
    assert (report.done, report.kept) == (6, 0)
    assert set(rows_of(out)["frame"].to_pylist()) <= {0, 2, 4, 6, 8, 10}


def test_a_killed_run_left_rows_without_a_status(corpus_folder: Path, out: Path, solo: Solo, journal: Any) -> None:
    (out / "status.parquet").unlink()
    report = solo(corpus_folder, out, journal=journal.path)
    assert (report.done, report.kept) == (0, 6)
    assert not journal.begun


def test_back_to_earlier_options_after_a_kill(corpus_folder: Path, out: Path, solo: Solo, rows_of: Any) -> None:
    """The summary must not vouch for rows that a killed run with other options has replaced."""

    class Dies(BatchWatch):
        def finished(self, record: Any, size: int) -> None:
            raise KeyboardInterrupt

    summary = (out / "status.parquet").read_bytes()
    with pytest.raises(KeyboardInterrupt):
        solo(corpus_folder, out, settings=BatchSettings(every=2), watch=Dies())
    marked = pq.read_table(out / "status.parquet")["state"].to_pylist()
    assert marked.count("done") == 1
    assert (out / "status.parquet").read_bytes() != summary
    report = solo(corpus_folder, out)
    assert (report.done, report.kept) == (1, 5)
    assert len(rows_of(out)) == 42


def test_poison_is_tried_twice_and_never_in_the_way(
    clips: Path, tmp_path: Path, solo: Solo, journal: Any, status_of: Any
) -> None:
    (clips / "bad.mp4").write_bytes(b"\0\0\0\x20ftypisom" + bytes(5000))
    cut = clips / "cut.mp4"
    cut.write_bytes((clips / "day0" / "clip2.mp4").read_bytes()[:-400])
    out = tmp_path / "o"
    report = solo(clips, out, journal=journal.path)
    assert report.done == 6
    assert [record.source for record in report.failed] == ["bad.mp4", "cut.mp4"]
    assert journal.begun.count(key_of("bad.mp4")) == 2
    row = status_of(out)["bad.mp4"]
    assert (row["state"], row["attempts"], row["fault"]) == ("failed", 2, "input")
    assert len(row["reason"]) > 20
    assert str(tmp_path) not in row["reason"]

    again = solo(clips, out, journal=journal.path)
    assert (again.done, again.kept, len(again.failed)) == (0, 6, 2)
    assert journal.begun.count(key_of("bad.mp4")) == 2, "a recorded failure is not tried again by itself"
    solo(clips, out, journal=journal.path, retry_failed=True)
    assert journal.begun.count(key_of("bad.mp4")) == 4

    (clips / "bad.mp4").write_bytes((clips / "day0" / "clip2.mp4").read_bytes())
    mended = solo(clips, out)
    assert (mended.done, len(mended.failed)) == (1, 1)
    assert not list((out / "failures").glob(f"{key_of('bad.mp4')}*"))


def test_a_file_removed_half_way(clips: Path, tmp_path: Path, solo: Solo, status_of: Any) -> None:
    class Removes(BatchWatch):
        def finished(self, record: Any, size: int) -> None:
            (clips / "day0" / "clip0.mp4").unlink(missing_ok=True)  # the smallest, so the last

    out = tmp_path / "o"
    report = solo(clips, out, watch=Removes())
    assert (report.done, len(report.failed)) == (5, 1)
    assert status_of(out)["day0/clip0.mp4"]["reason"].startswith("there is no such file")


def test_results_outlive_their_input(clips: Path, tmp_path: Path, solo: Solo) -> None:
    manifest = tmp_path / "all.csv"
    manifest.write_text("uri\n" + "\n".join(f"clips/day0/clip{n}.mp4" for n in (0, 2, 4)) + "\n")
    solo(manifest, tmp_path / "o")
    (clips / "day0" / "clip2.mp4").unlink()
    report = solo(manifest, tmp_path / "o")
    assert (report.done, report.kept, report.failed) == (0, 3, ())


def test_metadata_are_carried_and_changed_without_analysing(
    clips: Path, tmp_path: Path, solo: Solo, journal: Any
) -> None:
    manifest, out = tmp_path / "m.csv", tmp_path / "o"
    manifest.write_text("uri,subject,site\nclips/day0/clip0.mp4,007,A\nclips/day0/clip2.mp4,008,\n")
    solo(manifest, out, journal=journal.path)
    manifest.write_text("uri,subject,age\nclips/day0/clip0.mp4,007,31\nclips/day0/clip2.mp4,9,64\n")
    report = solo(manifest, out, journal=journal.path)
    assert (report.done, report.kept) == (0, 2)
    assert len(journal.begun) == 2
    (path,) = out.glob(f"rows/*/{key_of('clips/day0/clip2.mp4')}.parquet")
    table = pq.ParquetFile(path).read()
    assert set(table["subject"].to_pylist()) == {"9"}
    assert set(table["age"].to_pylist()) == {"64"}
    assert "site" not in table.column_names
    assert len(table) == 11
    assert solo(manifest, out, journal=journal.path).kept == 2
    assert len(journal.begun) == 2


def test_another_corpus_is_refused(clips: Path, out: Path, solo: Solo) -> None:
    with pytest.raises(UsageError, match="--moved"):
        solo(clips, out)


def test_a_folder_of_something_else_is_refused(corpus_folder: Path, tmp_path: Path, solo: Solo) -> None:
    (tmp_path / "thesis.txt").write_text("chapter 1")
    with pytest.raises(UsageError, match="holds no batch"):
        solo(corpus_folder, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "chapter 1"


def test_a_second_run_at_once_fails_clearly(corpus_folder: Path, out: Path, solo: Solo) -> None:
    before = (out / "status.parquet").read_bytes()
    with OutputLock(Place(out)), pytest.raises(ClusterError, match="another batch writes to it"):
        solo(corpus_folder, out)
    assert (out / "status.parquet").read_bytes() == before
    assert solo(corpus_folder, out).kept == 6


def test_who_was_overtaken_commits_nothing(corpus_folder: Path, tmp_path: Path) -> None:
    place = Place(tmp_path / "o")
    place.prepare()
    worker = Worker(Orders(place, 1, BatchSettings()))
    place.create("lock/000000002.json", json.dumps({"beat": 0}).encode())
    outcome = worker.compute(find_corpus(str(corpus_folder)).files[0], 1)
    assert isinstance(outcome, Trouble)
    assert outcome.stops
    assert "took the output over" in str(outcome.error)
    assert not list((tmp_path / "o").rglob("*.parquet"))


def test_a_lost_worker_is_forgiven_once(corpus_folder: Path, tmp_path: Path, status_of: Any) -> None:
    """A crew whose worker dies over one file every time, and over another the first time only."""

    class Mortal:
        def __init__(self, orders: Orders, staff: Staff, most: int) -> None:
            self._worker, self._task = Worker(orders), None

        free = property(lambda self: int(self._task is None))
        busy = property(lambda self: int(self._task is not None))

        def begin(self, task: Task) -> None:
            self._task = task

        def ended(self, seconds: float) -> list[Finished]:
            task, self._task = self._task, None
            deadly = task.file.source == "day0/clip0.mp4" or (task.file.source, task.attempt) == ("day0/clip2.mp4", 1)
            lost = Trouble("worker", ClusterError(task.file.source, "its worker was lost", "Give it more memory"))
            return [Finished(task, lost if deadly else self._worker.compute(task.file, task.attempt))]

        def glances(self) -> Sequence[Any]:
            return []

        def close(self) -> None:
            return

    report = run_batch(find_corpus(str(corpus_folder)), tmp_path / "o", crew=Mortal)
    assert (report.done, len(report.failed)) == (5, 1)
    status = status_of(tmp_path / "o")
    assert status["day0/clip2.mp4"]["attempts"] == 2
    assert (status["day0/clip0.mp4"]["fault"], status["day0/clip0.mp4"]["attempts"]) == ("worker", 2)


def test_a_worker_lost_after_its_commit_did_its_work(
    corpus_folder: Path, tmp_path: Path, journal: Any, status_of: Any
) -> None:
    class DiesAfterwards:
        busy = property(lambda self: int(self._task is not None))
        free = property(lambda self: int(self._task is None))

        def __init__(self, orders: Orders, staff: Staff, most: int) -> None:
            self._worker, self._task = Worker(orders), None

        def begin(self, task: Task) -> None:
            self._task = task

        def ended(self, seconds: float) -> list[Finished]:
            task, self._task = self._task, None
            self._worker.compute(task.file, task.attempt)
            return [Finished(task, Trouble("worker", ClusterError(task.file.source, "lost", "Look")))]

        def glances(self) -> Sequence[Any]:
            return []

        def close(self) -> None:
            return

    found = find_corpus(str(corpus_folder))
    report = run_batch(found, tmp_path / "o", crew=DiesAfterwards, journal=journal.path)
    assert (report.done, report.failed) == (6, ())
    assert len(journal.begun) == 6
    assert {row["state"] for row in status_of(tmp_path / "o").values()} == {"done"}


def test_rows_outlive_an_input_that_is_gone_and_other_options(clips: Path, tmp_path: Path, solo: Solo) -> None:
    manifest, out = tmp_path / "m.csv", tmp_path / "o"
    manifest.write_text("uri\nclips/day0/clip0.mp4\nclips/day0/clip2.mp4\n")
    solo(manifest, out)
    (clips / "day0" / "clip2.mp4").unlink()
    report = solo(manifest, out, settings=BatchSettings(every=2))
    assert (report.done, len(report.failed)) == (1, 1)
    assert len(list(out.rglob("rows/**/*.parquet"))) == 2


def test_long_videos_with_a_baseline_are_looked_through_twice(
    corpus_folder: Path, tmp_path: Path, solo: Solo, rows_of: Any, same_rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from actionunits.cluster import worker

    settings = BatchSettings(baseline="median")
    solo(corpus_folder, tmp_path / "kept", settings=settings)
    monkeypatch.setattr(worker, "_FRAMES_KEPT", 5)
    solo(corpus_folder, tmp_path / "twice", settings=settings)
    assert same_rows(rows_of(tmp_path / "kept"), rows_of(tmp_path / "twice"))


@pytest.mark.parametrize(
    ("asked", "files", "workers", "cores_each", "used"),
    [
        (Staff(), 100, 8, 1, 1),
        (Staff(), 3, 3, 2, 2),  # fewer files than cores: each worker gets more of them
        (Staff(), 1, 1, 8, 8),
        (Staff(workers=2), 100, 2, 4, 4),
        (Staff(workers=1, cores_each=1), 100, 1, 1, 1),
        (Staff(workers=20), 100, 20, 1, 1),
        (Staff(cores_each=4), 100, 2, 4, 4),
        (Staff(workers=4, cores_each=4), 100, 4, 4, 2),  # told to Ray, but no more threads than there are cores
        (Staff(workers=0), 100, 0, 8, 8),
        (Staff(gpu_workers=2), 100, 6, 1, 1),
        (Staff(gpu_workers=8), 100, 0, 1, 1),
        (Staff(address="head:1"), 100, None, 1, 1),
        (Staff(address="head:1", workers=3, cores_each=2), 100, 3, 2, 2),
    ],
)
def test_how_eight_cores_are_shared(
    asked: Staff, files: int, workers: int | None, cores_each: int, used: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crews, "cores", lambda: 8)
    settled = asked.settled(files)
    assert (settled.workers, settled.cores_each, settled.cores_used) == (workers, cores_each, used)
    assert settled.settled(files) == settled


def test_nothing_of_ray_is_needed_without_workers(corpus_folder: Path, tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from actionunits.cluster import find_corpus, run_batch\n"
        "from actionunits.cluster.crews import Staff\n"
        "run_batch(find_corpus(sys.argv[1]), sys.argv[2], staff=Staff(workers=0))\n"
        "assert 'ray' not in sys.modules and 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program, str(corpus_folder / "day0"), str(tmp_path / "o")], check=True)
