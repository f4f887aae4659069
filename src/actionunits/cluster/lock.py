"""One batch at a time in one output: a lock with an owner, a heartbeat, and take-over of what a killed run left.

The holder owns the newest of numbered files. Taking the lock is writing the next number, which the storage lets only
one writer do; so a take-over needs no more trust than a first lock. A worker asks before it commits whether its run
still holds the lock, so a run that was thought dead and comes back writes nothing.
"""

from __future__ import annotations

import getpass
import json
import os
import secrets
import socket
import threading
import time
from contextlib import suppress
from typing import Any, Self

from actionunits.cluster.persistence import storage_errors
from actionunits.cluster.places import Place
from actionunits.errors import ActionUnitsError, ClusterError

_FOLDER = "lock"
BEAT, STALE = 10.0, 60.0  # seconds between two signs of life; without one for so long, a run counts as dead


def holds(place: Place, number: int) -> bool:
    """Whether the run that took lock ``number`` still has it: nobody took the next."""
    return place.read(_name(number + 1)) is None


class OutputLock:
    """The right to write to an output; a context manager.

    Args:
        place: the output.
        beat: seconds between two signs of life.
        stale: seconds without one after which a run on another machine counts as dead. One of this machine counts as
            dead at once when its process is gone.

    Attributes:
        number: of the lock held; for :func:`holds`.

    Raises:
        ClusterError: on entering: another run holds it; the message says who.
    """

    def __init__(self, place: Place, *, beat: float = BEAT, stale: float = STALE) -> None:
        self._place, self._beat, self._stale = place, beat, stale
        self._facts: dict[str, Any] = {
            "token": secrets.token_hex(16),
            "owner": _user(),
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "born": _born(os.getpid()),
            "since": time.time(),
        }
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self.number = 0
        self.lost = False

    def __enter__(self) -> Self:
        newest, facts = _newest(self._place)
        if facts is not None and self._is_alive(newest, facts):
            raise _locked(self._place, facts)
        if not self._place.create(_name(newest + 1), self._text()):
            _, facts = _newest(self._place)
            raise _locked(self._place, facts or {})
        self.number = newest + 1
        for name in self._place.names(_FOLDER):
            if _number(name) is not None and _number(name) != self.number:
                self._place.remove(name)
        self._thread = threading.Thread(target=self._keep_beating, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        if not self.lost:
            with suppress(ActionUnitsError, *storage_errors()):  # a full disk: the heartbeat ends, that is enough
                self._place.write(_name(self.number), self._text(released=True))

    def _is_alive(self, number: int, facts: dict[str, Any]) -> bool:
        """Whether the holder still works."""
        if facts.get("released"):
            return False
        if facts.get("host") == self._facts["host"] and isinstance(facts.get("pid"), int):
            born = _born(facts["pid"])
            if not _runs(facts["pid"]) or (born and facts.get("born") and born != facts["born"]):
                return False
        quiet = time.time() - float(facts.get("beat") or 0)
        if quiet < self._stale:
            return True
        time.sleep(min(self._beat, 1.0))  # clocks of two machines may differ: see whether it changes
        again = _read(self._place, number)
        return again is not None and again.get("beat") != facts.get("beat")

    def _keep_beating(self) -> None:
        while not self._ended.wait(self._beat):
            try:
                if not holds(self._place, self.number):
                    self.lost = True
                    return
                self._place.write(_name(self.number), self._text())
            except ActionUnitsError:  # tried again at the next beat; the run itself will see it
                continue
            except storage_errors():
                continue

    def _text(self, *, released: bool = False) -> bytes:
        return json.dumps(self._facts | {"beat": time.time(), "released": released}).encode()


def _name(number: int) -> str:
    return f"{_FOLDER}/{number:09d}.json"


def _number(name: str) -> int | None:
    stem = name.rpartition("/")[2].removesuffix(".json")
    return int(stem) if stem.isdigit() else None


def _newest(place: Place) -> tuple[int, dict[str, Any] | None]:
    """The highest number and what its file says; 0 where there is none."""
    numbers = [number for name in place.names(_FOLDER) if (number := _number(name)) is not None]
    if not numbers:
        return 0, None
    return max(numbers), _read(place, max(numbers))


def _read(place: Place, number: int) -> dict[str, Any] | None:
    """What a lock says; one that is just being written counts as fresh."""
    content = place.read(_name(number))
    if content is None:
        return None
    try:
        facts = json.loads(content)
    except ValueError:
        return {"beat": time.time()}
    return facts if isinstance(facts, dict) else {"beat": 0.0}


def _locked(place: Place, facts: dict[str, Any]) -> ClusterError:
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(float(facts.get("since") or time.time())))
    who = f"{facts.get('owner', 'somebody')} on {facts.get('host', 'another machine')}, process {facts.get('pid', '?')}"
    step = "Wait until it ends, end it, or choose another --out; nothing was changed"
    return ClusterError(place.uri, f"another batch writes to it ({who}, since {since})", step)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no name for the user id, as in some containers
        return "somebody"


def _runs(pid: int) -> bool:
    if os.name == "nt":  # there signal 0 would end the process
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    fields = _stat(pid)
    return bool(fields) and fields[0] == "Z"


def _born(pid: int) -> str:
    """When a process started, in the system's ticks, so that a number given again is not mistaken; empty if unknown."""
    fields = _stat(pid)
    return fields[19] if len(fields) > 19 else ""


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; empty where there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []
