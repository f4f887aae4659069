"""The pictures of one sequence: an Arrow IPC file with one record batch and one column, mapped into memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from actionunits.atomic import write_failure, written_aside
from actionunits.errors import StoreError, UsageError

PICTURES_SCHEMA = pa.schema([pa.field("jpeg", pa.binary(), nullable=False)])
_MOST_BYTES = 2**31 - 2**16  # Arrow's binary column counts its bytes in 32 bits
_SIZE_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN = 0xDA
_AGAIN = "Make the store again, or copy it anew"


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height that a JPEG file states, in pixels; nothing is decoded, so it takes microseconds.

    Raises:
        ValueError: it is not a whole JPEG file.
    """
    if data[:2] != b"\xff\xd8":
        raise ValueError("it is not a JPEG file")
    place, size = 2, None
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # padding
            place += 1
            continue
        if marker in _SIZE_MARKERS and size is None:
            size = int.from_bytes(data[place + 7 : place + 9]), int.from_bytes(data[place + 5 : place + 7])
        if marker == _SCAN:
            if size is None or 0 in size:
                raise ValueError("it states no size")
            if data.rfind(b"\xff\xd9", place) < 0:
                raise ValueError("its end is missing")
            return size
        place += 2 + int.from_bytes(data[place + 2 : place + 4])
    raise ValueError("its beginning is damaged")


def write_pictures(path: Path, jpegs: Sequence[bytes], size: tuple[int, int] | None = None) -> None:
    """Write the pictures of a sequence, aside first, then renamed.

    Args:
        path: the file.
        jpegs: whole JPEG files, in the order of the frames.
        size: width and height that all must have; None for any.

    Raises:
        UsageError: they are no JPEG files, of another size, or together larger than 2 GiB.
        StoreError: the file cannot be written.
    """
    for place, jpeg in enumerate(jpegs):
        about = f"picture {place} of {path.stem}"
        try:
            found = jpeg_size(bytes(jpeg))
        except ValueError as failure:
            raise UsageError(about, f"cannot be stored: {failure}", "Encode it as JPEG") from failure
        if found != (size or found):
            raise UsageError(about, f"has {found} pixels, the store is for {size}", "Scale it first")
    if sum(map(len, jpegs)) > _MOST_BYTES:
        raise UsageError(f"sequence {path.stem}", "its pictures take more than 2 GiB", "Split the sequence")
    batch = pa.record_batch([pa.array(jpegs, pa.binary())], schema=PICTURES_SCHEMA)
    with written_aside(path, StoreError) as aside:
        try:
            with pa.OSFile(str(aside), "wb") as sink, pa.ipc.new_file(sink, PICTURES_SCHEMA) as writer:
                writer.write_batch(batch)
        except OSError as failure:
            raise write_failure(path, failure, StoreError) from failure


class Pictures:
    """The pictures of one sequence, opened. No file stays open: only its memory map is kept.

    Args:
        path: what :func:`write_pictures` wrote.

    Raises:
        StoreError: the file is missing, damaged, or holds something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as file:
                if file.schema != PICTURES_SCHEMA or file.num_record_batches != 1:
                    raise StoreError(path, "holds something other than pictures", _AGAIN)
                column = file.get_batch(0).column(0)
                size = source.size()
            column.validate(full=True)  # every offset lies inside the file
        except (OSError, ValueError, MemoryError, pa.ArrowException) as failure:
            raise StoreError(path, f"cannot be read as pictures ({failure})", _AGAIN) from failure
        if column.null_count or column.nbytes > size:
            raise StoreError(path, "holds something other than pictures", _AGAIN)
        _, offsets, data = column.buffers()
        start, stop = column.offset, column.offset + len(column) + 1
        self._offsets = np.frombuffer(offsets, np.int32)[start:stop] if len(column) else np.zeros(1, np.int32)
        self._data = memoryview(data) if data is not None else memoryview(b"")

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, place: int) -> memoryview:
        """The JPEG file of one frame, not copied.

        Raises:
            IndexError: there is no such frame.
        """
        if not 0 <= place < len(self):
            raise IndexError(place)
        return self._data[self._offsets[place] : self._offsets[place + 1]]
