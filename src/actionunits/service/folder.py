"""Where uploads and results lie while they are needed: a private folder for every run, removed when the run ends.

A run holds a lock on its folder for as long as it lives, and the system frees the lock when it dies. The next start
finds folders that nobody holds, reads from their journals which jobs were lost, and removes them.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import IO

from actionunits.atomic import write_failure
from actionunits.errors import ResultsError

if sys.platform == "win32":
    import msvcrt

    def _take(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


_REMEMBERED_SECONDS = 7 * 24 * 3600.0  # for how long a lost job is said to be lost
_MOST_REMEMBERED = 10_000
_MOST_JOURNAL_BYTES = 16 << 20
_MOST_LINES = 20_000  # of jobs that are over, before they are left out
_NEW, _RUN, _JOURNAL, _LOCK = ".new-", "run-", "journal.jsonl", "lock"


class PrivateFolder:
    """The folder of one run; a context manager.

    Args:
        state: where runs have their folders; made when missing, readable by its owner alone.

    Attributes:
        path: this run's folder.
        lost: job ids that earlier runs took on and nobody can answer for any more, with the time they were taken on.

    Raises:
        ResultsError: on entering: the folder cannot be made.
    """

    def __init__(self, state: Path) -> None:
        self._state = state
        self._held: IO[bytes] | None = None
        self._journal: IO[bytes] | None = None
        self._writing = Lock()
        self._open: dict[str, float] = {}  # what the journal says
        self._lines = 0
        self.path = state
        self.lost: dict[str, float] = {}

    def __enter__(self) -> PrivateFolder:
        try:
            self._state.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._state.chmod(0o700)
            self._found()
            self._clear_away()
            for job, moment in self.lost.items():
                self.note(job, moment)
        except OSError as error:
            raise write_failure(self._state, error, ResultsError) from error
        return self

    def __exit__(self, *_: object) -> None:
        """Remove everything but the journal, which the next run reads."""
        for entry in list(self.path.iterdir()):
            if entry.name not in (_JOURNAL, _LOCK):
                remove(entry)
        for file in (self._journal, self._held):
            if file is not None:
                file.close()

    def new_folder(self, kind: str) -> Path:
        """Make a folder of its own for one upload or job, with a name nobody can guess."""
        path = self.path / f"{kind}-{secrets.token_hex(16)}"
        path.mkdir(mode=0o700)
        return path

    def note(self, job: str, moment: float | None = None) -> None:
        """Write a job's id to the journal, and nothing else of it."""
        moment = time.time() if moment is None else moment
        self._append(job, {"job": job, "at": moment}, moment)

    def forget(self, job: str) -> None:
        """Write that a job was deleted or is over, so that it is not called lost."""
        self.lost.pop(job, None)
        self._append(job, {"job": job, "over": True}, None)

    def _append(self, job: str, entry: dict[str, object], moment: float | None) -> None:
        with self._writing:
            if self._journal is None:
                raise ResultsError(self.path, "is not open", "Use it inside its `with` block")
            self._open.pop(job, None)
            if moment is not None:
                self._open[job] = moment
            self._journal.write(json.dumps(entry).encode() + b"\n")
            self._journal.flush()
            self._lines += 1
            if self._lines > _MOST_LINES + len(self._open):
                self._shorten(self._journal)

    def _shorten(self, journal: IO[bytes]) -> None:
        """Write the journal anew, without jobs that are over: a service may run for years."""
        lines = [json.dumps({"job": job, "at": moment}) for job, moment in self._open.items()]
        aside = self.path / f".{_JOURNAL}"
        aside.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        journal.close()
        aside.replace(self.path / _JOURNAL)
        self._journal = (self.path / _JOURNAL).open("ab")
        self._lines = len(lines)

    def _found(self) -> None:
        """Make this run's folder, lock held, before it gets the name under which other runs look for it."""
        name = f"{os.getpid()}-{secrets.token_hex(4)}"
        made = self._state / f"{_NEW}{name}"
        made.mkdir(mode=0o700)
        self._held = (made / _LOCK).open("ab")
        _take(self._held)
        self._journal = (made / _JOURNAL).open("ab")
        self.path = made.rename(self._state / f"{_RUN}{name}") if sys.platform != "win32" else made

    def _clear_away(self) -> None:
        """Remove what dead runs left, and remember their jobs."""
        oldest = time.time() - _REMEMBERED_SECONDS
        for folder in sorted(self._state.iterdir()):
            if folder == self.path or not folder.name.startswith((_RUN, _NEW)) or not folder.is_dir():
                continue
            if _is_held(folder):
                continue
            for job, moment in _open_jobs(folder / _JOURNAL).items():
                if moment > oldest:
                    self.lost[job] = moment
            remove(folder)
        newest = sorted(self.lost.items(), key=lambda entry: entry[1])[-_MOST_REMEMBERED:]
        self.lost = dict(newest)


def remove(path: Path) -> None:
    """Remove a file or a folder; what is gone already is no error."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _is_held(folder: Path) -> bool:
    """Whether a living run holds the folder; one that is just being made counts."""
    try:
        with (folder / _LOCK).open("ab") as file:
            _take(file)  # freed when the file is closed
    except (BlockingIOError, PermissionError):
        return True
    except OSError:
        return False
    return folder.name.startswith(_NEW) and time.time() - folder.stat().st_mtime < 60


def _open_jobs(journal: Path) -> dict[str, float]:
    """The jobs of a journal that are not over. Its last line may be half a line: the run was killed."""
    try:
        with journal.open("rb") as file:
            lines = file.read(_MOST_JOURNAL_BYTES).splitlines()
    except OSError:
        return {}
    jobs: dict[str, float] = {}
    for line in lines:
        try:
            entry = json.loads(line)
            job, moment, over = str(entry["job"]), float(entry.get("at", 0)), bool(entry.get("over"))
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
        if over:
            jobs.pop(job, None)
        else:
            jobs[job] = moment
    return jobs
