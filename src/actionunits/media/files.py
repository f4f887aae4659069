"""Checks that every file passes before a decoder sees it."""

from pathlib import Path

from actionunits.errors import MediaError


def require_file(path: Path) -> int:
    """Check that a path names a readable, regular file that holds something.

    Args:
        path: the file.

    Returns:
        Its size in bytes, at least 1.

    Raises:
        MediaError: it is missing, a folder, a device or pipe, empty, or may not be read.
    """
    try:
        if path.is_dir():
            raise MediaError(path, "it is a folder, not a file", "Name a file inside it")
        if not path.is_file():
            reason = "it is a device or a pipe, not a file" if path.exists() else "there is no such file"
            raise MediaError(path, reason, "Check the path")
        with path.open("rb"):
            size = path.stat().st_size
    except OSError as error:
        raise unreadable(path, error) from error
    if size == 0:
        raise MediaError(path, "the file is empty (0 bytes)", "Copy or export it again")
    return size


def unreadable(path: Path, error: OSError) -> MediaError:
    """The error for a file or folder that the operating system refuses to read."""
    return MediaError(path, f"it cannot be read ({error.strerror or error})", "Check its permissions")
