"""What is shown beside the figures: a link to a video, or a picture's pixels inside the page."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import cv2

from actionunits.errors import MediaError
from actionunits.media import read_image_frame
from actionunits.media.signatures import kind_of_file

_LONGEST = 1600  # pixels of an embedded picture's longer side
_QUALITY = 88


@dataclass(frozen=True)
class Shown:
    """The video or picture of a report.

    Attributes:
        kind: ``video``, ``image`` or an empty string where there is nothing to show.
        address: what the page refers to: a relative address, or a ``data:`` address.
        name: of the file.
        size: (width, height) of a picture before it was made smaller.
        drawn: whether faces and action units are drawn on it.
    """

    kind: str = ""
    address: str = ""
    name: str = ""
    size: tuple[int, int] = (1, 1)
    drawn: bool = False


def shown(media: Path | None, page: Path, *, drawn: bool) -> Shown:
    """What a page shows of a file.

    Args:
        media: the file; None where there is none.
        page: the page, whose folder addresses are relative to.
        drawn: whether the file is an overlay.
    """
    kind = kind_of_file(media) if media is not None and media.is_file() else None
    if media is None or kind is None:
        return Shown()
    name = os.fsencode(media.name).decode("utf-8", "replace")
    if kind != "image":
        return Shown("video", _address(media, page), name, drawn=drawn)
    try:
        picture = read_image_frame(media).image
    except MediaError:  # gone or changed since it was analysed: the numbers stand without it
        return Shown()
    height, width = picture.shape[:2]
    scale = min(1.0, _LONGEST / max(height, width))
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    address = "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")
    return Shown("image", address, name, (width, height), drawn)


def _address(media: Path, page: Path) -> str:
    """Relative to the page, so that the two can be moved together; never taken for another protocol."""
    try:
        beside = os.path.relpath(media.resolve(), page.resolve().parent)
    except ValueError:  # on another drive
        return media.resolve().as_uri()
    return "./" + quote(os.fsencode(beside.replace(os.sep, "/")))
