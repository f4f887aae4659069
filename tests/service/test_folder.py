"""The private folder of a run: its lock, its journal, and what is left of dead ones."""

import json
import os
import stat
import time
from pathlib import Path

import pytest

from actionunits.errors import ResultsError
from actionunits.service.folder import PrivateFolder


def dead_run(state: Path, lines: str, name: str = "run-1-dead") -> Path:
    """What a killed service leaves: nobody holds its lock."""
    folder = state / name
    (folder / "upload-x").mkdir(parents=True)
    (folder / "upload-x" / "upload").write_bytes(b"a picture")
    (folder / "lock").touch()
    (folder / "journal.jsonl").write_text(lines)
    return folder


def entry(job: str, **more: object) -> str:
    return json.dumps({"job": job, "at": time.time(), **more}) + "\n"


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_it_is_its_owner_s_alone(tmp_path: Path) -> None:
    with PrivateFolder(tmp_path / "state") as folder:
        for path in (tmp_path / "state", folder.path, folder.new_folder("job")):
            assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_what_a_dead_run_left_goes_and_its_jobs_are_lost(tmp_path: Path) -> None:
    left = dead_run(tmp_path, entry("a") + entry("b") + entry("a", over=True) + '{"job": "half a li')
    with PrivateFolder(tmp_path) as folder:
        assert not left.exists()
        assert list(folder.lost) == ["b"]


def test_lost_jobs_are_remembered_over_several_runs(tmp_path: Path) -> None:
    dead_run(tmp_path, entry("a") + entry("b"))
    for _ in range(3):
        with PrivateFolder(tmp_path) as folder:
            assert set(folder.lost) == {"a", "b"}
    with PrivateFolder(tmp_path) as folder:
        folder.forget("a")
    with PrivateFolder(tmp_path) as folder:
        assert set(folder.lost) == {"b"}


def test_they_are_forgotten_after_a_week(tmp_path: Path) -> None:
    dead_run(tmp_path, json.dumps({"job": "old", "at": time.time() - 8 * 24 * 3600}) + "\n")
    with PrivateFolder(tmp_path) as folder:
        assert not folder.lost


def test_a_living_run_is_left_alone(tmp_path: Path) -> None:
    with PrivateFolder(tmp_path) as first:
        first.note("mine")
        kept = first.new_folder("upload")
        with PrivateFolder(tmp_path) as second:
            assert kept.exists()
            assert not second.lost


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "pictures").mkdir()
    with PrivateFolder(tmp_path):
        pass
    assert (tmp_path / "notes.txt").exists()
    assert (tmp_path / "pictures").exists()


def test_at_its_end_only_ids_are_left(tmp_path: Path) -> None:
    with PrivateFolder(tmp_path) as folder:
        folder.note("job")
        (folder.new_folder("upload") / "upload").write_bytes(b"a picture")
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"lock", "journal.jsonl"}


def test_a_broken_journal_is_no_obstacle(tmp_path: Path) -> None:
    dead_run(tmp_path, '[1]\nnull\n"x"\n{"job": 1}\n{"at": "x", "job": "y"}\n' + entry("whole"))
    with PrivateFolder(tmp_path) as folder:
        assert "whole" in folder.lost


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ResultsError, match="file"), PrivateFolder(tmp_path / "file"):
        pass


def test_the_journal_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actionunits.service.folder._MOST_LINES", 10)
    with PrivateFolder(tmp_path) as folder:
        folder.note("kept")
        for number in range(100):
            folder.note(str(number))
            folder.forget(str(number))
        folder.note("last")
        assert len((folder.path / "journal.jsonl").read_text().splitlines()) < 20
    with PrivateFolder(tmp_path) as folder:
        assert set(folder.lost) == {"kept", "last"}
