"""One puller at a time: a lock between threads and between processes that the system frees when its holder dies."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from actionunits.errors import AssetError

if sys.platform == "win32":
    import msvcrt

    def _take(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def _free(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _take(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _free(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_UN)


_POLL_S = 0.05
_PATIENCE_S = 2.0  # a wait longer than this is announced
# Threads of one process queue here; on network file systems a file lock holds between processes only.
_threads_turn = threading.Lock()


@contextmanager
def hold_lock(path: Path, *, timeout_s: float = 3600.0, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the lock file `path` for the length of a ``with`` block.

    The file itself stays: only the system's lock on it counts, so a killed holder leaves nothing stale behind.

    Args:
        path: the lock file; made if missing, in a folder that exists.
        timeout_s: give up after so many seconds of waiting for another process.
        on_wait: called once when the wait for another process lasts longer than two seconds.

    Raises:
        AssetError: the lock stayed taken, or the file system has no locks.
    """
    with _threads_turn, path.open("ab") as file:
        start = time.monotonic()
        while not _try_lock(file, path):
            waited = time.monotonic() - start
            if on_wait is not None and waited > _PATIENCE_S:
                on_wait()
                on_wait = None
            if waited > timeout_s:
                raise AssetError(
                    path, f"another process held this lock for {timeout_s:g} s", "End that process and try again"
                )
            time.sleep(_POLL_S)
        try:
            yield
        finally:
            _free(file)


def _try_lock(file: IO[bytes], path: Path) -> bool:
    try:
        _take(file)
    except (BlockingIOError, PermissionError):  # taken: POSIX says the first, Windows the second
        return False
    except OSError as error:
        raise AssetError(
            path, f"could not be locked ({error})", "Set ACTIONUNITS_CACHE to a folder on a local disk"
        ) from error
    return True
