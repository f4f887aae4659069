"""Reading still pictures: JPEG, PNG, WebP, TIFF and BMP, as 8-bit upright RGB.

OpenCV decodes; PyAV takes the grey pictures with transparency that OpenCV would strip of it. Colour profiles are not
applied, a TIFF of several pages gives its first page, and transparent parts are laid over white.
"""

import io
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from actionunits.errors import MediaError
from actionunits.media.files import require_file, unreadable
from actionunits.media.frame import Frame
from actionunits.media.headers import Alpha, ImageHeader, read_header
from actionunits.media.pixels import MAX_PIXELS, over_white, to_8_bits, upright

MAX_BYTES = 1 << 30
"""Picture files larger than this are refused before they are read."""

_AS_COLOR = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
_AS_STORED = cv2.IMREAD_UNCHANGED
_MAKE_SMALLER = "Scale it down or cut out the part with the face first"


def read_image(path: str | Path) -> NDArray[np.uint8]:
    """Read a still picture.

    Grey, palette, 16-bit (scaled), 1-bit, CMYK and transparent pictures (over white) all become 8-bit RGB; the EXIF
    orientation is applied.

    Args:
        path: a JPEG, PNG, WebP, TIFF or BMP file, recognised by its content and not by its name.

    Returns:
        (H, W, 3) uint8 RGB, upright, C-contiguous.

    Raises:
        MediaError: the file is missing, unreadable, no still picture, cut off, damaged, or has more than `MAX_PIXELS`.
    """
    path = Path(path)
    return decode_image(_read_bytes(path), path)


def decode_image(data: bytes, path: Path, *, max_pixels: int = MAX_PIXELS) -> NDArray[np.uint8]:
    """Decode a still picture that is in memory; results and errors as in `read_image`.

    Args:
        data: the whole file.
        path: its name, for messages.
        max_pixels: refuse larger pictures before they are decoded; at most `MAX_PIXELS`.
    """
    header = read_header(data, path)
    if header.width == 0 or header.height == 0:
        raise MediaError(path, f"the picture has no pixels ({header.width} x {header.height})", "Export it again")
    if header.width * header.height > min(max_pixels, MAX_PIXELS):
        size = f"{header.width} x {header.height} pixels"
        most = min(max_pixels, MAX_PIXELS)
        raise MediaError(path, f"{size} are more than the {most:,} this program decodes", _MAKE_SMALLER)
    image = _decode(data, header, path)  # (H, W, 3) as stored
    return upright(image, header.orientation)


def read_image_frame(path: str | Path) -> Frame:
    """Read a still picture as the only frame of its source, at time 0; arguments and errors as in `read_image`."""
    return Frame(str(path), 0, 0.0, read_image(path))


def _read_bytes(path: Path) -> bytes:
    if require_file(path) > MAX_BYTES:
        raise MediaError(path, f"the file is larger than {MAX_BYTES >> 20} MiB", _MAKE_SMALLER)
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error


def _decode(data: bytes, header: ImageHeader, path: Path) -> NDArray[np.uint8]:
    if header.alpha in (Alpha.GREY_STRAIGHT, Alpha.GREY_PREMULTIPLIED):
        return _decode_grey_alpha(data, header, path)
    flags = _AS_COLOR if header.alpha is Alpha.NONE else _AS_STORED
    try:
        stored = cv2.imdecode(_without_orientation(data, header), flags)
    except cv2.error as error:
        raise _undecodable(header, path) from error
    if stored is None or stored.dtype not in (np.uint8, np.uint16) or stored.shape[:2] != (header.height, header.width):
        raise _undecodable(header, path)
    if stored.ndim == 2:
        stored = stored[..., None]  # (H, W, 1)
    if stored.shape[2] == 4:
        stored = over_white(stored[..., :3], stored[..., 3], premultiplied=header.alpha is Alpha.PREMULTIPLIED)
    image = to_8_bits(stored)
    if image.shape[2] == 1:
        return image.repeat(3, axis=2)
    rgb: NDArray[np.uint8] = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_BGR2RGB)
    return rgb


def _without_orientation(data: bytes, header: ImageHeader) -> NDArray[np.uint8]:
    """The file as an array, a TIFF's orientation set to 1: how OpenCV treats it differs between its versions."""
    if header.orientation == 1 or header.orientation_offset is None:
        return np.frombuffer(data, np.uint8)
    patched = np.frombuffer(data, np.uint8).copy()
    patched[header.orientation_offset] = 1
    return patched


def _decode_grey_alpha(data: bytes, header: ImageHeader, path: Path) -> NDArray[np.uint8]:
    try:
        with av.open(io.BytesIO(data), "r") as container:
            frame = next(container.decode(video=0))
            name, plane = frame.format.name, frame.planes[0]
            samples = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: frame.height]
    except (av.FFmpegError, StopIteration, IndexError) as error:
        raise _undecodable(header, path) from error
    types = {"ya8": "u1", "ya16le": "<u2", "ya16be": ">u2"}
    if name not in types or (frame.width, frame.height) != (header.width, header.height):
        raise _undecodable(header, path)
    kind = np.dtype(types[name])
    pairs = samples[:, : frame.width * 2 * kind.itemsize].copy().view(kind).reshape(frame.height, frame.width, 2)
    pairs = pairs.astype(kind.newbyteorder("="))  # (H, W, 2): grey, alpha
    grey = over_white(pairs[..., :1], pairs[..., 1], premultiplied=header.alpha is Alpha.GREY_PREMULTIPLIED)
    return to_8_bits(grey).repeat(3, axis=2)


def _undecodable(header: ImageHeader, path: Path) -> MediaError:
    reason = f"the {header.format} picture is damaged or of a rare kind that cannot be decoded"
    return MediaError(path, reason, "Open it in a picture editor and save it as PNG")
