"""Does a video file hold as many bytes as it says? A cut-off file may otherwise look like a short one."""

from pathlib import Path
from typing import BinaryIO

_MP4_BOXES = frozenset(
    {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"styp", b"sidx", b"uuid", b"mfra"}
)
_MP4_NEEDED = frozenset({b"moov", b"mdat", b"moof"})
_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"


def missing_bytes(path: Path) -> int:
    """How many bytes the outermost boxes of a file promise beyond its end.

    Args:
        path: an MP4, QuickTime, Matroska, WebM or AVI file; others state no length.

    Returns:
        0 for a whole file and for one that states no length.

    Raises:
        OSError: the file cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[4:8] in _MP4_BOXES:
            end = _mp4_end(file, size)
        elif head[:4] == _EBML:
            end = _matroska_end(file)
        elif head[:4] == b"RIFF" and head[8:12] == b"AVI ":
            end = _avi_end(file, size)
        else:
            end = 0
    return max(end - size, 0)


def _mp4_end(file: BinaryIO, size: int) -> int:
    position = end = 0
    while position < size:
        file.seek(position)
        header = file.read(16)
        length, name = int.from_bytes(header[:4], "big"), header[4:8]
        if length == 1:  # the length follows as 64 bits
            length = int.from_bytes(header[8:16], "big")
        if length < 8 or name not in _MP4_BOXES:  # 0: the box goes on to the end of the file
            break
        position += length
        if name in _MP4_NEEDED:
            end = position
    return end


def _matroska_end(file: BinaryIO) -> int:
    file.seek(4)
    header_size = _variable_size(file)
    if header_size is None:
        return 0
    file.seek(header_size, 1)
    if file.read(4) != _SEGMENT:
        return 0
    size = _variable_size(file)
    return 0 if size is None else file.tell() + size


def _variable_size(file: BinaryIO) -> int | None:
    """An EBML size: the first byte's leading zeros count the bytes that follow it; all ones mean unknown."""
    first = file.read(1)
    if not first or first[0] == 0:
        return None
    following = 8 - first[0].bit_length()
    value = int.from_bytes(first + file.read(following), "big")
    bits = 7 * (following + 1)
    value &= (1 << bits) - 1
    return None if value == (1 << bits) - 1 else value


def _avi_end(file: BinaryIO, size: int) -> int:
    position = 0
    while position < size:
        file.seek(position)
        header = file.read(8)
        length = int.from_bytes(header[4:], "little")
        if header[:4] != b"RIFF" or length == 0:  # 0: the recorder never came back to fill it in
            break
        position += 8 + length + length % 2
    return position - position % 2 if position > size + 1 else 0
