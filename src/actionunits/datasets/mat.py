"""Landmarks in MATLAB files: BP4D's 49 tracked points, DISFA's 66, both as 68."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from actionunits.errors import DatasetError
from actionunits.geometry import to_68

MOST_BYTES = 1 << 26
MOST_UNPACKED = 1 << 28
_HEADER_BYTES = 128
_COMPRESSED = 15  # element type of MATLAB 5
_CHUNK = 1 << 20
_AGAIN = "Copy the file again"
_READ_ERRORS = (
    *(MatReadError, OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, EOFError),
    *(NotImplementedError, MemoryError, OverflowError, struct.error, zlib.error),
)


def read_tracked(path: Path) -> NDArray[np.float32]:
    """Read BP4D's struct array ``fit``, whose field ``pred`` holds 49 points of each frame, or nothing.

    Returns:
        (N, 68, 2) float32 pixels; NaN where unknown, and for the jaw and the inner lip corners.

    Raises:
        DatasetError: the file is not like this.
    """
    fit = _variable(path, "fit")
    if fit.dtype.names is None or "pred" not in fit.dtype.names:
        raise DatasetError(path, "its variable fit has no field pred", _AGAIN)
    points = np.full((fit.size, 49, 2), np.nan, np.float32)
    for place, entry in enumerate(fit["pred"].ravel()):
        if np.size(entry) == 0:
            continue
        points[place] = _coordinates(entry, 49, path)
    return to_68(points)


def read_points(path: Path) -> NDArray[np.float32]:
    """Read DISFA's 66 points of one frame, the variable ``pts``.

    Returns:
        (68, 2) float32 pixels; NaN for the inner lip corners.

    Raises:
        DatasetError: the file is not like this.
    """
    return to_68(_coordinates(_variable(path, "pts"), 66, path))


def _coordinates(entry: Any, count: int, path: Path) -> NDArray[np.float32]:
    points: NDArray[Any] = np.asarray(entry)
    if points.shape != (count, 2) or points.dtype.kind not in "fiu":
        raise DatasetError(path, f"points of shape {points.shape}, expected {(count, 2)}", _AGAIN)
    numbers = points.astype(np.float32)
    return np.where(np.isfinite(numbers).all(axis=1, keepdims=True), numbers, np.float32(np.nan))


def _variable(path: Path, name: str) -> NDArray[Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise DatasetError(path, f"it cannot be read ({error.strerror or error})", "Check the copy") from error
    if len(data) > MOST_BYTES:
        raise DatasetError(path, f"it is larger than {MOST_BYTES >> 20} MiB", _AGAIN)
    try:
        if _unpacked_bytes(data) > MOST_UNPACKED:
            raise DatasetError(path, f"it unpacks to more than {MOST_UNPACKED >> 20} MiB", _AGAIN)
        found = loadmat(path, variable_names=[name]).get(name)
    except _READ_ERRORS as error:
        raise DatasetError(path, f"it cannot be read as a MATLAB 5 file ({error})", _AGAIN) from error
    if not isinstance(found, np.ndarray):
        raise DatasetError(path, f"it has no variable {name}", _AGAIN)
    return found


def _unpacked_bytes(data: bytes) -> int:
    """How large the variables of a MATLAB 5 file are; stops counting beyond `MOST_UNPACKED`."""
    order = "<" if data[126:128] == b"IM" else ">"
    place, total = _HEADER_BYTES, 0
    while place + 8 <= len(data) and total <= MOST_UNPACKED:
        kind, size = struct.unpack_from(f"{order}II", data, place)
        if kind == _COMPRESSED:
            unpacker, rest = zlib.decompressobj(), data[place + 8 : place + 8 + size]
            while rest and not unpacker.eof and total <= MOST_UNPACKED:
                total += len(unpacker.decompress(rest, _CHUNK))
                rest = unpacker.unconsumed_tail
        else:
            total += size
        place += 8 + size
    return total
