"""What a picture file says about itself before it is decoded: size, orientation, transparency, and whether it is whole.

A decoder may fill the missing part of a cut-off file with grey and say nothing, or allocate gigabytes for a file of a
few kilobytes; reading the header first keeps both from happening.
"""

import re
import struct
import zlib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from actionunits.errors import MediaError
from actionunits.media.signatures import identify
from actionunits.media.tiff import Directory, read_directory

_COPY_AGAIN = "Copy or export the picture again"
_CONVERT = "Convert it to JPEG or PNG first"
_STILL_OF = "Read it as a video, or save one of its pictures as PNG"
_JPEG_SIZE_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_SCAN_END = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # in a scan, FF00 is a sample and FFD0-FFD7 restart it


class Alpha(Enum):
    """How a picture stores transparency."""

    NONE = "none"
    STRAIGHT = "straight"
    PREMULTIPLIED = "premultiplied"
    GREY_STRAIGHT = "grey, straight"
    GREY_PREMULTIPLIED = "grey, premultiplied"


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """Facts of a picture file.

    Attributes:
        format: ``JPEG``, ``PNG``, ``WebP``, ``TIFF`` or ``BMP``.
        width: pixels, as stored (before the orientation is applied).
        height: pixels, as stored.
        orientation: EXIF orientation 1-8.
        alpha: how transparency is stored.
        orientation_offset: where a TIFF keeps its orientation, in bytes from the file's start; None for the others.
    """

    format: str
    width: int
    height: int
    orientation: int = 1
    alpha: Alpha = Alpha.NONE
    orientation_offset: int | None = None


def read_header(data: bytes, path: Path) -> ImageHeader:
    """Read a picture's header and check that the file is whole.

    Args:
        data: the whole file.
        path: the file's name, for messages.

    Returns:
        The header; nothing has been decoded.

    Raises:
        MediaError: not a still picture of a supported format, cut off, or damaged.
    """
    signature = identify(data)
    if signature is None:
        raise MediaError(path, "it is not a picture: no known format begins like this", _CONVERT)
    readers = {"JPEG": _jpeg, "PNG": _png, "WebP": _webp, "TIFF": _tiff, "BMP": _bmp}
    if signature.kind == "video":
        raise MediaError(path, f"it holds {signature.format}, not a still picture", _STILL_OF)
    if signature.format not in readers:
        raise MediaError(path, f"{signature.format} pictures cannot be read", _CONVERT)
    try:
        return readers[signature.format](data, path)
    except (struct.error, IndexError):
        raise cut_off(path, signature.format) from None


def cut_off(path: Path, name: str) -> MediaError:
    """The error for a picture file that ends too early."""
    return MediaError(path, f"the {name} picture is cut off: its end is missing", _COPY_AGAIN)


def _jpeg(data: bytes, path: Path) -> ImageHeader:
    size: tuple[int, int] | None = None
    orientation = 1
    position = 2
    while True:
        position = data.find(b"\xff", position)  # decoders skip stray bytes between segments, and so do we
        if position < 0:
            raise cut_off(path, "JPEG")
        marker = data[position + 1]
        position += 1 if marker == 0xFF else 2  # FF may be repeated as padding
        if marker == 0xD9:
            break
        if marker == 0xFF or marker == 0x01 or 0xD0 <= marker <= 0xD7:
            continue
        (length,) = struct.unpack_from(">H", data, position)
        if marker in _JPEG_SIZE_MARKERS and size is None:
            height, width = struct.unpack_from(">HH", data, position + 3)
            size = width, height
        elif marker == 0xE1 and orientation == 1 and data[position + 2 : position + 8] == b"Exif\0\0":
            orientation = _exif_orientation(data[position + 8 : position + length])
        position += length
        if marker == 0xDA:
            scan_end = _JPEG_SCAN_END.search(data, position)
            if scan_end is None:
                raise cut_off(path, "JPEG")
            position = scan_end.start()
    if size is None:
        raise MediaError(path, "the JPEG picture is damaged: it states no size", _COPY_AGAIN)
    return ImageHeader("JPEG", *size, orientation=orientation)


def _png(data: bytes, path: Path) -> ImageHeader:
    width, height, _, color_type = struct.unpack_from(">IIBB", data, 16)
    orientation, transparent_key = 1, False
    position, name = 8, b""
    while name != b"IEND":
        length, name = struct.unpack_from(">I4s", data, position)
        body = memoryview(data)[position + 8 : position + 8 + length]
        (checksum,) = struct.unpack_from(">I", data, position + 8 + length)
        if name[:1].isupper() and zlib.crc32(body, zlib.crc32(name)) != checksum:
            raise MediaError(path, f"the PNG picture is damaged at byte {position}: wrong checksum", _COPY_AGAIN)
        if name == b"eXIf":
            orientation = _exif_orientation(bytes(body))
        transparent_key |= name == b"tRNS"
        position += 12 + length
    if color_type == 0 and transparent_key:
        alpha = Alpha.GREY_STRAIGHT
    else:
        alpha = Alpha.STRAIGHT if transparent_key or color_type in (4, 6) else Alpha.NONE
    return ImageHeader("PNG", width, height, orientation, alpha)


def _webp(data: bytes, path: Path) -> ImageHeader:
    (declared,) = struct.unpack_from("<I", data, 4)
    if declared + 8 > len(data):
        raise cut_off(path, "WebP")
    size: tuple[int, int] | None = None
    orientation, alpha = 1, Alpha.NONE
    position = 12
    while position + 8 <= declared + 8:
        name, length = struct.unpack_from("<4sI", data, position)
        body = position + 8
        if name == b"VP8X":
            if data[body] & 0x02:
                raise MediaError(path, "it is an animated WebP, which cannot be read", "Convert it to GIF or MP4 first")
            size = (
                1 + int.from_bytes(data[body + 4 : body + 7], "little"),
                1 + int.from_bytes(data[body + 7 : body + 10], "little"),
            )
            alpha = Alpha.STRAIGHT if data[body] & 0x10 else alpha
        elif name == b"VP8L":
            (bits,) = struct.unpack_from("<I", data, body + 1)
            size = size or (1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
            alpha = Alpha.STRAIGHT if bits >> 28 & 1 else alpha
        elif name == b"VP8 ":
            width, height = struct.unpack_from("<HH", data, body + 6)
            size = size or (width & 0x3FFF, height & 0x3FFF)
        elif name == b"EXIF":
            orientation = _exif_orientation(data[body : body + length].removeprefix(b"Exif\0\0"))
        position = body + length + length % 2
    if size is None:
        raise MediaError(path, "the WebP picture is damaged: it states no size", _COPY_AGAIN)
    return ImageHeader("WebP", *size, orientation=orientation, alpha=alpha)


def _bmp(data: bytes, path: Path) -> ImageHeader:
    offset, header_size = struct.unpack_from("<II", data, 10)
    if header_size == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        compression = 0
    else:
        width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
    height = abs(height)  # negative: stored from the top down
    if compression in (0, 3) and offset + (width * bits + 31) // 32 * 4 * height > len(data):
        raise cut_off(path, "BMP")
    return ImageHeader("BMP", max(width, 0), height)


def _tiff(data: bytes, path: Path) -> ImageHeader:
    try:
        directory = read_directory(data)
    except ValueError:
        raise MediaError(path, "the TIFF picture is damaged", _COPY_AGAIN) from None
    _check_tiff_samples(directory, path)
    for offsets, sizes in ((273, 279), (324, 325)):  # strips, tiles
        pieces = zip(directory.all(offsets), directory.all(sizes), strict=False)
        if any(offset + size > len(data) for offset, size in pieces):
            raise cut_off(path, "TIFF")
    entry = directory.tags.get(0x0112)
    return ImageHeader(
        "TIFF",
        directory.first(256, 0),
        directory.first(257, 0),
        directory.orientation,
        _tiff_alpha(directory),
        entry.offset + (0 if directory.order == "<" else entry.width - 1) if entry is not None else None,
    )


def _check_tiff_samples(directory: Directory, path: Path) -> None:
    if directory.first(254, 0) & 1 or 50706 in directory.tags:
        raise MediaError(path, "it is a camera's raw file, whose first picture is a preview", _CONVERT)
    bits, kind, photometric = directory.first(258, 1), directory.first(339, 1), directory.first(262, 1)
    if kind not in (1, 4) or bits > 16:
        sample = {2: "signed", 3: "floating-point"}.get(kind, f"{bits}-bit")
        raise MediaError(path, f"its samples are {sample} numbers without a stated white", _CONVERT)
    if photometric not in (0, 1, 2, 3, 5, 6) or (photometric == 5 and bits != 8):
        raise MediaError(path, f"TIFF colour model {photometric} with {bits} bits cannot be read", _CONVERT)


def _tiff_alpha(directory: Directory) -> Alpha:
    extra, photometric = directory.first(338, 0), directory.first(262, 1)
    if extra not in (1, 2) or photometric not in (0, 1, 2):
        return Alpha.NONE
    if photometric != 2:
        return Alpha.GREY_PREMULTIPLIED if extra == 1 else Alpha.GREY_STRAIGHT
    # libtiff multiplies 8-bit colour by its alpha on the way; OpenCV hands 16-bit colour through as it is stored
    return Alpha.PREMULTIPLIED if extra == 1 or directory.first(258, 1) == 8 else Alpha.STRAIGHT


def _exif_orientation(block: bytes) -> int:
    try:
        return read_directory(block).orientation
    except (ValueError, struct.error):  # a broken EXIF block does not make the picture unreadable
        return 1
