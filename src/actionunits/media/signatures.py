"""Telling a file's format from its first bytes, whatever its name says."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["image", "video"]

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".dib"})
VIDEO_SUFFIXES = frozenset(
    {".3g2", ".3gp", ".apng", ".asf", ".avi", ".flv", ".gif", ".h264", ".hevc", ".ivf", ".m2ts", ".m4v", ".mjpeg"}
    | {".mjpg", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m"}
)

HEAD_BYTES = 1 << 18
"""How much of a file `identify` wants to see; an animated PNG says so only after its colour profile."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A recognised format: its name for messages, and whether it is read as an image or as a video."""

    format: str
    kind: Kind


def identify(head: bytes) -> Signature | None:
    """Recognise a format by magic bytes.

    Args:
        head: the first `HEAD_BYTES` bytes of the file, or all of a shorter one.

    Returns:
        The format, or None where nothing known begins like this. Animated GIF and PNG, and every other GIF, are video.
    """
    return _identify_image(head) or _identify_video(head)


def kind_of_file(path: Path) -> Kind | None:
    """Image or video, by content first and by suffix where the content says nothing; None where neither is known.

    Raises:
        OSError: the file cannot be opened or read.
    """
    with path.open("rb") as file:
        signature = identify(file.read(HEAD_BYTES))
    if signature is not None:
        return signature.kind
    return None if path.suffix.lower() == ".ts" else kind_of_suffix(path)  # .ts is TypeScript's suffix, too


def kind_of_suffix(path: Path) -> Kind | None:
    """Image or video by the file's suffix alone; None for a suffix that is no medium's."""
    suffix = path.suffix.lower()
    if suffix in IMAGE_SUFFIXES:
        return "image"
    return "video" if suffix in VIDEO_SUFFIXES else None


def _identify_image(head: bytes) -> Signature | None:
    if head.startswith(b"\xff\xd8\xff"):
        return Signature("JPEG", "image")
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Signature("animated PNG", "video") if _is_animated_png(head) else Signature("PNG", "image")
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return Signature("WebP", "image")
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return Signature("TIFF", "image")
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in (12, 40, 52, 56, 64, 108, 124):
        return Signature("BMP", "image")
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"):
        return Signature("HEIC", "image")
    if head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis"):
        return Signature("AVIF", "image")
    return None


def _is_animated_png(head: bytes) -> bool:
    position = 8
    while position + 8 <= len(head):
        length, name = int.from_bytes(head[position : position + 4], "big"), head[position + 4 : position + 8]
        if name in (b"acTL", b"IDAT"):
            return name == b"acTL"
        position += 12 + length
    return False


def _identify_video(head: bytes) -> Signature | None:
    for magic, name in _VIDEO_MAGIC:
        if head.startswith(magic):
            return Signature(name, "video")
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"moof", b"styp"):
        return Signature("MP4 or QuickTime", "video")
    if head.startswith(b"RIFF") and head[8:12] in (b"AVI ", b"WAVE"):
        return Signature(head[8:12].decode().strip(), "video")
    for first, stride in ((0, 188), (4, 192)):  # MPEG-TS, and AVCHD's with four bytes of time before each packet
        places = range(first, min(len(head), first + 4 * stride), stride)
        if len(places) >= 3 and all(head[place] == 0x47 for place in places):
            return Signature("MPEG-TS", "video")
    return None


_VIDEO_MAGIC = (
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"\x1a\x45\xdf\xa3", "Matroska or WebM"),
    (b"FLV\x01", "FLV"),
    (b"OggS", "Ogg"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "ASF or WMV"),
    (b"\x00\x00\x01\xba", "MPEG program stream"),
    (b"\x00\x00\x01\xb3", "MPEG video"),
    (b"YUV4MPEG2", "YUV4MPEG2"),
    (b"DKIF", "IVF"),
    (b"\x06\x0e\x2b\x34\x02\x05\x01\x01", "MXF"),
    (b"ID3", "MP3"),
    (b"fLaC", "FLAC"),
)
