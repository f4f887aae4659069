"""A file is there whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from actionunits.atomic import write_failure, written_aside
from actionunits.errors import ActionUnitsError, MediaError, ResultsError


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_success_renames(tmp_path: Path) -> None:
    target = tmp_path / "results.csv"
    with written_aside(target) as aside:
        assert aside.parent == tmp_path
        assert aside.suffix == ".csv"
        assert aside.name.startswith(".results.part-")
        assert not target.exists()
        aside.write_text("a,b\n")
    assert left_in(tmp_path) == ["results.csv"]
    assert target.read_text() == "a,b\n"


def test_replaces_only_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "results.csv"
    target.write_text("old")
    with written_aside(target) as aside:
        aside.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"


@pytest.mark.parametrize("failure", [ValueError("body"), KeyboardInterrupt(), SystemExit(3), MediaError("a", "b", "c")])
def test_any_exception_leaves_the_old_file_and_nothing_else(tmp_path: Path, failure: BaseException) -> None:
    target = tmp_path / "results.csv"
    target.write_text("old")
    with pytest.raises(type(failure)) as caught, written_aside(target) as aside:  # noqa: PT012
        aside.write_text("half")
        raise failure
    assert caught.value is failure
    assert left_in(tmp_path) == ["results.csv"]
    assert target.read_text() == "old"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EROFS, "read-only"),
        (errno.EDQUOT, "quota"),
        (errno.EACCES, "not allowed"),
        (errno.EIO, "disk reports an error"),
        (errno.EBUSY, os.strerror(errno.EBUSY)),
    ],
)
@pytest.mark.parametrize("error", [ResultsError, MediaError])
def test_system_failures_become_our_error(tmp_path: Path, code: int, words: str, error: type[ActionUnitsError]) -> None:
    target = tmp_path / "results.csv"
    with pytest.raises(error, match=words) as caught, written_aside(target, error):
        raise OSError(code, os.strerror(code))
    assert str(caught.value).startswith(f"{target}: it could not be written: ")
    assert left_in(tmp_path) == []


def test_a_full_device_is_a_full_disk(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(ResultsError, match="disk is full"), written_aside(tmp_path / "results.csv"):
        full.write_text("does not fit")
    assert left_in(tmp_path) == []


def test_failures_about_other_files_pass_through(tmp_path: Path) -> None:
    """Reading an input inside the block must not be reported as a problem of the output."""
    with pytest.raises(FileNotFoundError, match="input"), written_aside(tmp_path / "results.csv"):
        (tmp_path / "input.csv").read_text()
    assert left_in(tmp_path) == []


def test_missing_and_unwritable_folder_fail_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_folder = tmp_path / "none" / "results.csv"
    with pytest.raises(ResultsError, match=r"folder does not exist.*Create the folder"), written_aside(no_folder):
        pytest.fail("the body ran")
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match="its folder is a file"), written_aside(tmp_path / "file" / "results.csv"):
        pytest.fail("the body ran")

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ResultsError, match="not allowed"), written_aside(tmp_path / "results.csv"):
        pytest.fail("the body ran")


def test_rename_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows while another program holds the old file open."""

    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(errno.EACCES, "in use", str(self), None, str(target))

    monkeypatch.setattr(Path, "replace", refuse)
    message = "close programs that hold the file open"
    with pytest.raises(ResultsError, match=message), written_aside(tmp_path / "results.csv") as aside:
        aside.write_text("whole")
    assert left_in(tmp_path) == []


def test_folders_and_devices_are_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="it is a folder"), written_aside(tmp_path):
        pytest.fail("the body ran")
    if Path("/dev/null").exists():
        with pytest.raises(ResultsError, match="a device or a pipe"), written_aside(Path("/dev/null")):
            pytest.fail("the body ran")
        assert not Path("/dev/null").is_file()


def test_link_keeps_pointing(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    target = tmp_path / "store" / "real.csv"
    target.write_text("old")
    link = tmp_path / "link.csv"
    try:
        link.symlink_to(target)
    except OSError:
        pytest.skip("links need a privilege here")
    with written_aside(link) as aside:
        aside.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_long_and_unicode_names(tmp_path: Path) -> None:
    for target in (tmp_path / ("x" * 240 + ".csv"), tmp_path / ("顔" * 70 + ".csv")):
        with written_aside(target) as aside:
            aside.write_text("whole")
        assert target.read_text() == "whole"


def test_two_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    target = tmp_path / "results.csv"
    with written_aside(target) as first, written_aside(target) as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")
    assert target.read_text() == "first"
    assert left_in(tmp_path) == ["results.csv"]


def test_write_failure_without_a_number() -> None:
    assert "disk went away" in str(write_failure(Path("a.csv"), OSError("disk went away")))
