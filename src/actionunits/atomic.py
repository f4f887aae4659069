"""Writing a file aside and renaming it when it is whole, so that nobody ever finds half a file under its name."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from actionunits.errors import ActionUnitsError, ResultsError

_ADVICE = {
    errno.ENOSPC: ("the disk is full", "Free some space or choose another folder"),
    errno.EDQUOT: ("your disk quota is used up", "Free some space or choose another folder"),
    errno.EFBIG: ("the file grew larger than the disk or the system allows", "Choose another folder"),
    errno.EROFS: ("the disk is read-only", "Choose another folder"),
    errno.EACCES: ("writing there is not allowed", "Check the permissions, and close programs that hold the file open"),
    errno.EPERM: ("writing there is not allowed", "Check the permissions, and close programs that hold the file open"),
    errno.ENOENT: ("its folder does not exist", "Create the folder first"),
    errno.ENOTDIR: ("its folder is a file", "Choose another folder"),
    errno.EIO: ("the disk reports an error", "Check the disk or choose another folder"),
    errno.ENAMETOOLONG: ("the file's name is too long", "Choose a shorter name"),
}


@contextmanager
def written_aside(path: Path, error: type[ActionUnitsError] = ResultsError) -> Iterator[Path]:
    """Give a temporary path to write to; rename it to ``path`` on success, delete it on any failure.

    The temporary file lies in the same folder, is hidden, and has the same suffix, so encoders choose the same format.
    It is created at once, so a folder that cannot be written to is an error before the work starts. A file that was
    there before is replaced at the end, and kept on failure. Where ``path`` is a symbolic link, its target is replaced.

    Args:
        path: the file to write.
        error: what to raise when the file cannot be written.

    Yields:
        The temporary path, an empty file.

    Raises:
        ActionUnitsError: of type ``error``; the folder is missing or not writable, the disk is full, or ``path`` is
            something other than a regular file. What the body raises otherwise passes through unchanged.
    """
    try:
        target = Path(os.path.realpath(path))
        if target.exists() and not target.is_file():
            what = "a folder" if target.is_dir() else "a device or a pipe"
            raise error(path, f"it is {what}, not a file", "Choose another name")
        aside = target.with_name(f".{target.stem[:40]}.part-{os.getpid()}-{secrets.token_hex(4)}{target.suffix}")
        aside.open("xb").close()
    except OSError as failure:
        raise write_failure(path, failure, error) from failure
    try:
        yield aside
        aside.replace(target)
    except OSError as failure:
        _discard(aside)
        if not _is_about(failure, aside, target):
            raise
        raise write_failure(path, failure, error) from failure
    except BaseException:
        _discard(aside)
        raise


def write_failure(path: Path, failure: OSError, error: type[ActionUnitsError] = ResultsError) -> ActionUnitsError:
    """The error to raise for an operating-system failure while writing.

    Args:
        path: the file that was to be written.
        failure: what the system said.
        error: the type to build.

    Returns:
        An ``error`` whose message names the path, the reason and the next step.
    """
    said = failure.strerror or str(failure) or type(failure).__name__
    reason, next_step = _ADVICE.get(failure.errno or 0, (said, "Choose another folder"))
    return error(path, f"it could not be written: {reason}", next_step)


def _discard(aside: Path) -> None:
    with suppress(OSError):  # the failure that brought us here says more
        aside.unlink(missing_ok=True)


def _is_about(failure: OSError, *paths: Path) -> bool:
    """Whether a failure concerns these paths; one without a file name comes from writing to an open file."""
    if failure.filename is None:
        return True
    return str(failure.filename).removeprefix("file:") in {str(path) for path in paths}
