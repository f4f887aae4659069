import threading
from pathlib import Path

import pytest

from actionunits.assets import lock
from actionunits.assets.lock import hold_lock
from actionunits.errors import AssetError


def test_threads_take_turns(tmp_path: Path) -> None:
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        with hold_lock(tmp_path / "x.lock"):
            inside += 1
            most = max(most, inside)
            threading.Event().wait(0.01)
            inside -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert most == 1


def test_an_error_inside_frees_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), hold_lock(tmp_path / "x.lock"):
        raise ZeroDivisionError
    with hold_lock(tmp_path / "x.lock", timeout_s=0.1):
        pass


def test_a_long_wait_is_announced_and_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "_PATIENCE_S", 0.05)
    monkeypatch.setattr(lock, "_try_lock", lambda file, path: False)
    said: list[str] = []
    with (
        pytest.raises(AssetError, match=r"held this lock for 0\.3 s"),
        hold_lock(tmp_path / "x.lock", timeout_s=0.3, on_wait=lambda: said.append("waiting")),
    ):
        pytest.fail("entered")
    assert said == ["waiting"]


def test_a_file_system_without_locks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(lock, "_take", refuse)
    with pytest.raises(AssetError, match="ACTIONUNITS_CACHE"), hold_lock(tmp_path / "x.lock"):
        pytest.fail("entered")
