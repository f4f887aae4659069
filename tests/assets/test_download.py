import dataclasses
import importlib.util
import sys
from pathlib import Path

import pytest

from actionunits import assets
from actionunits.assets import download
from actionunits.assets.display import show_transfer
from actionunits.errors import AssetError


@pytest.mark.parametrize(
    ("version", "has_raw", "has_resume"),
    [((23, 0), False, False), ((24, 1), True, False), ((25, 1), True, True), ((0, 0), False, False)],
)
def test_the_command_asks_only_for_what_this_pip_knows(
    shop, version, has_raw: bool, has_resume: bool, monkeypatch
) -> None:
    monkeypatch.delenv("PIP_RESUME_RETRIES", raising=False)
    command = download.pip_command(shop.asset, Path("there"), version)
    assert command[:5] == [sys.executable, "-P", "-m", "pip", "download"]
    assert {"--no-deps", "--only-binary=:all:"} <= set(command)
    assert command[-3:] == ["--dest", "there", "fakepack==1.2.3"]
    assert ("raw" in command, "--resume-retries" in command) == (has_raw, has_resume)


def test_the_users_own_number_of_resumes_holds(shop, monkeypatch) -> None:
    monkeypatch.setenv("PIP_RESUME_RETRIES", "2")
    assert "--resume-retries" not in download.pip_command(shop.asset, Path("there"), (26, 0))


def test_a_python_without_pip_is_told_what_to_do(shop, monkeypatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(AssetError) as caught:
        assets.asset_path("fake", "small.bin", progress=False)
    for word in ("small.bin", "fakepack==1.2.3", "no pip", "ensurepip", "ACTIONUNITS_ASSETS"):
        assert word in str(caught.value)


def test_a_file_called_pip_in_the_current_folder_does_not_run(shop, monkeypatch, tmp_path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "pip.py").write_text("raise SystemExit('a stranger ran')")
    monkeypatch.chdir(tmp_path / "here")
    assert assets.pull("fake", progress=False).is_dir()


def fake_pip(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    monkeypatch.setattr(download, "pip_command", lambda asset, folder, version: [sys.executable, "-c", script])


def test_progress_is_read_from_pip(shop, monkeypatch, tmp_path) -> None:
    fake_pip(monkeypatch, "print('Collecting'); print('Progress 5 of 35'); print('Progress 35 of 35')")
    seen: list[tuple[int, int]] = []
    download._run_pip(shop.asset, tmp_path, "small.bin", lambda here, total: seen.append((here, total)))
    assert seen == [(5, 35), (35, 35)]


def test_a_download_without_end_is_stopped(shop, monkeypatch) -> None:
    fake_pip(monkeypatch, "while True: print('Progress 9000000 of 9000001', flush=True)")
    with pytest.raises(AssetError, match="stopped after 9000000 bytes"):
        assets.pull("fake", progress=False)


def test_a_failing_display_does_not_leave_pip_running(shop, monkeypatch, tmp_path) -> None:
    fake_pip(monkeypatch, "print('Progress 1 of 2', flush=True); import time; time.sleep(60)")

    def fail(here: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download._run_pip(shop.asset, tmp_path, "small.bin", fail)


def test_only_the_last_lines_of_pip_are_repeated(shop, monkeypatch) -> None:
    fake_pip(monkeypatch, "for n in range(100): print('line', n)\nraise SystemExit(1)")
    with pytest.raises(AssetError) as caught:
        assets.pull("fake", progress=False)
    assert "line 99" in str(caught.value)
    assert "line 90" not in str(caught.value)


def test_pip_that_leaves_nothing(shop, monkeypatch) -> None:
    fake_pip(monkeypatch, "pass")
    with pytest.raises(AssetError, match="pip left 0 wheels"):
        assets.pull("fake", progress=False)


def test_one_plain_line_where_there_is_no_terminal(shop, capsys) -> None:
    assets.pull("fake")
    assets.pull("fake")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["actionunits: fetching fakepack==1.2.3 (0.0 MB) for fake"]


def test_quiet_is_quiet(shop, capsys) -> None:
    assets.pull("fake", progress=False)
    assert capsys.readouterr() == ("", "")


def test_a_bar_on_a_terminal(shop, capsys, monkeypatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    asset = dataclasses.replace(shop.asset, wheel_size=2_000_000)
    with show_transfer(asset, True) as advance:
        advance(1_000_000, 2_000_000)
        advance(2_000_000, 2_000_000)
    out, err = capsys.readouterr()
    assert out == ""
    assert "2.0/2.0 MB" in err


def test_no_stderr_at_all(shop, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert assets.pull("fake").is_dir()
