"""One run at a time; the dead make room."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from actionunits.cluster.lock import OutputLock, holds
from actionunits.cluster.places import Place
from actionunits.errors import ClusterError


@pytest.fixture(params=["disk", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Place(tmp_path / "o" if request.param == "disk" else f"memory://{tmp_path.name}/lock")


def left_by(place: Place, number: int = 1, **facts: object) -> None:
    """What another run left."""
    stated = {"host": "elsewhere", "pid": 1, "owner": "anna", "since": time.time(), "beat": time.time()}
    place.write(f"lock/{number:09d}.json", json.dumps(stated | facts).encode())


def test_the_second_fails_and_says_who_has_it(place: Place) -> None:
    with OutputLock(place), pytest.raises(ClusterError, match=f"process {os.getpid()}"), OutputLock(place):
        pass


def test_released_is_free(place: Place) -> None:
    for _ in range(3):
        with OutputLock(place) as lock:
            assert holds(place, lock.number)
    assert len(place.names("lock")) == 1


def test_another_machines_heartbeat_counts(place: Place) -> None:
    left_by(place)
    with pytest.raises(ClusterError, match="anna on elsewhere"), OutputLock(place):
        pass


def test_a_heart_that_stopped_is_taken_over(place: Place) -> None:
    left_by(place, 7, beat=time.time() - 61)
    with OutputLock(place, beat=0.05) as lock:
        assert lock.number == 8
        assert not holds(place, 7)


def test_clocks_may_differ(place: Place) -> None:
    """A holder whose clock is an hour behind still beats: its beat changes while one watches."""
    left_by(place, beat=time.time() - 3600)
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(0.02):
            left_by(place, beat=time.time() - 3600)

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        with pytest.raises(ClusterError), OutputLock(place, beat=0.5):
            pass
    finally:
        ended.set()
        thread.join()


def test_a_process_of_this_machine_that_is_gone_is_no_owner(place: Place) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left_by(place, host=socket.gethostname(), pid=gone.pid)
    with OutputLock(place) as lock:
        assert lock.number == 2


def test_a_number_given_to_another_process_is_no_owner(place: Place) -> None:
    if not Path("/proc/self/stat").exists():
        pytest.skip("this system does not say when a process began")
    left_by(place, host=socket.gethostname(), pid=os.getpid(), born="1")
    with OutputLock(place) as lock:
        assert lock.number == 2


def test_of_many_at_once_one_takes_a_dead_ones_place(tmp_path: Path) -> None:
    place = Place(tmp_path)
    left_by(place, beat=0)
    barrier, held, refused = threading.Barrier(8), [], []

    def race() -> None:
        lock = OutputLock(place, beat=0.05)
        barrier.wait()
        try:
            with lock:
                held.append(lock.number)
                time.sleep(0.5)
        except ClusterError:
            refused.append(1)

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert held == [2]
    assert len(refused) == 7


def test_the_heart_beats(place: Place) -> None:
    with OutputLock(place, beat=0.02) as lock:
        name = f"lock/{lock.number:09d}.json"
        first = json.loads(place.read(name) or b"")["beat"]
        for _ in range(200):
            time.sleep(0.02)
            if json.loads(place.read(name) or b"{}").get("beat", first) > first:
                break
        else:
            pytest.fail("no second beat")


def test_who_was_overtaken_learns_of_it(place: Place) -> None:
    with OutputLock(place, beat=0.02) as lock:
        left_by(place, lock.number + 1)
        for _ in range(200):
            time.sleep(0.02)
            if lock.lost:
                break
        assert lock.lost
    assert json.loads(place.read(f"lock/{lock.number + 1:09d}.json") or b"")["owner"] == "anna", "it was left alone"
