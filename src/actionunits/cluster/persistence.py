"""Trying again where a network or a disk says no for a moment: a few times, with growing pauses, never for ever."""

from __future__ import annotations

import errno
import sys
import time
from collections.abc import Callable
from typing import TypeVar

_TRIES = 6
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0  # seconds; all pauses together stay under 4 s
_FINAL = (FileNotFoundError, FileExistsError, PermissionError, IsADirectoryError, NotADirectoryError)
_FINAL_NUMBERS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.ENAMETOOLONG, errno.EINVAL}
_OF_LIBRARIES = (  # what libraries raise that is no OSError: module, name
    ("botocore.exceptions", "BotoCoreError"),
    ("aiohttp.client_exceptions", "ClientError"),
    ("paramiko.ssh_exception", "SSHException"),
)

Value = TypeVar("Value")


def storage_errors() -> tuple[type[Exception], ...]:
    """What file systems near and far raise when they fail."""
    found = [getattr(sys.modules[module], name) for module, name in _OF_LIBRARIES if module in sys.modules]
    return (OSError, *found)


def is_final(error: Exception) -> bool:
    """Whether trying again is of no use: the file is not there, the disk is full, writing is not allowed.

    >>> is_final(FileNotFoundError()), is_final(ConnectionResetError())
    (True, False)
    """
    return isinstance(error, _FINAL) or getattr(error, "errno", None) in _FINAL_NUMBERS


def persistently(action: Callable[[], Value], pause: Callable[[float], None] = time.sleep) -> Value:
    """Do something that a network may refuse, up to six times.

    Args:
        action: may be done again after it failed.
        pause: waits so many seconds.

    Returns:
        What the first try that succeeds gives.

    Raises:
        OSError, or what the storage's library raises: the last try's, or a final one at once.
    """
    for attempt in range(_TRIES):
        try:
            return action()
        except storage_errors() as error:
            if is_final(error) or attempt == _TRIES - 1:
                raise
            pause(min(_FIRST_PAUSE * 3**attempt, _LONGEST_PAUSE))
    raise AssertionError  # the last try returned or raised
