"""The tag directory of TIFF files, which is also the inside of an EXIF block."""

import struct
from dataclasses import dataclass

_TYPE_CODES = {1: "B", 2: "B", 3: "H", 4: "I", 6: "b", 7: "B", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_MAX_VALUES = 1 << 22  # a strip list longer than this belongs to no picture we would decode

ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True)
class Tag:
    """One entry of a directory: its integer values, where the first one stands in the block, and its bytes."""

    values: tuple[int, ...]
    offset: int
    width: int


@dataclass(frozen=True, slots=True)
class Directory:
    """The first directory (IFD0) of a TIFF or EXIF block; ``order`` is struct's byte-order mark."""

    order: str
    tags: dict[int, Tag]

    def first(self, tag: int, default: int) -> int:
        """The first value of a tag, or ``default`` where the directory has no such tag."""
        entry = self.tags.get(tag)
        return entry.values[0] if entry is not None and entry.values else default

    def all(self, tag: int) -> tuple[int, ...]:
        """All values of a tag; empty where the directory has no such tag."""
        entry = self.tags.get(tag)
        return entry.values if entry is not None else ()

    @property
    def orientation(self) -> int:
        """EXIF orientation 1-8; a missing or senseless value counts as 1."""
        value = self.first(ORIENTATION, 1)
        return value if 1 <= value <= 8 else 1


def read_directory(block: bytes) -> Directory:
    """Read the first directory of a classic or Big TIFF block.

    Args:
        block: the bytes from the byte-order mark (``II`` or ``MM``) on.

    Returns:
        The directory; tags that hold fractions or reals are left out, and so are tags whose values lie outside.

    Raises:
        ValueError: the bytes are no TIFF block.
        struct.error: the block ends inside the directory.
    """
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None:
        raise ValueError("no byte-order mark")
    (magic,) = struct.unpack_from(f"{order}H", block, 2)
    if magic == 42:
        (start,) = struct.unpack_from(f"{order}I", block, 4)
        count_code, offset_code = "H", "I"
    elif magic == 43:  # BigTIFF
        (start,) = struct.unpack_from(f"{order}Q", block, 8)
        count_code, offset_code = "Q", "Q"
    else:
        raise ValueError("no TIFF magic number")
    (count,) = struct.unpack_from(f"{order}{count_code}", block, start)
    position = start + struct.calcsize(count_code)
    tags: dict[int, Tag] = {}
    for _ in range(min(count, 4096)):
        number, entry = _read_tag(block, position, order, offset_code)
        position += 4 + 2 * struct.calcsize(offset_code)
        if entry is not None:
            tags[number] = entry
    return Directory(order, tags)


def _read_tag(block: bytes, position: int, order: str, offset_code: str) -> tuple[int, Tag | None]:
    number, kind, count = struct.unpack_from(f"{order}HH{offset_code}", block, position)
    code = _TYPE_CODES.get(kind)
    if code is None or count > _MAX_VALUES:
        return number, None
    width = struct.calcsize(offset_code)
    place = position + 4 + width
    if struct.calcsize(code) * count > width:  # the values do not fit into the entry: it holds their offset
        (place,) = struct.unpack_from(f"{order}{offset_code}", block, place)
    if place + struct.calcsize(code) * count > len(block):
        return number, None
    return number, Tag(struct.unpack_from(f"{order}{count}{code}", block, place), place, struct.calcsize(code))
