"""What an upload must be before it is analysed: a picture or a video by its content, whole, and within the limits."""

from __future__ import annotations

from contextlib import closing

from actionunits.errors import MediaError
from actionunits.media import MediaInput, VideoReader
from actionunits.media.decoding import choose_stream, open_container
from actionunits.media.headers import read_header
from actionunits.media.signatures import HEAD_BYTES, Kind, identify
from actionunits.service.problems import ProblemError, problem_of
from actionunits.service.settings import Limits
from actionunits.service.uploads import Upload

_OTHER: dict[Kind, tuple[str, str, str]] = {
    "image": ("a picture", "a video", "Send videos to /v1/videos"),
    "video": ("a video", "a picture", "Send pictures to /v1/images"),
}


def checked_input(upload: Upload, kind: Kind, limits: Limits) -> MediaInput:
    """Look at an upload's first bytes and header, and at a video's first frame.

    Args:
        upload: the file.
        kind: what it must be.
        limits: of pixels and duration.

    Returns:
        The input, called what the client calls it.

    Raises:
        ProblemError: 413 where it is too large or long, 415 where it is something else, 422 where it is damaged.
    """
    with upload.path.open("rb") as file:
        signature = identify(file.read(HEAD_BYTES))
    wanted, other, step = _OTHER[kind]
    if signature is None:
        reason = f"it is not {wanted}: no known format begins like this"
        raise ProblemError(415, upload.name, reason, f"Send {wanted} of a common format")
    if signature.kind != kind:
        raise ProblemError(415, upload.name, f"it is not {wanted} but {other} ({signature.format})", step)
    try:
        if kind == "image":
            _check_picture(upload, limits)
        else:
            _check_video(upload, limits)
    except MediaError as error:
        problem = problem_of(error, upload.path, upload.name)
        raise ProblemError(problem.status, problem.subject, problem.reason, problem.next_step) from error
    return MediaInput(upload.path, kind, upload.name)


def check_size(name: str, width: int, height: int, limits: Limits) -> None:
    """Refuse pictures with too many pixels.

    Raises:
        ProblemError: 413.
    """
    if width * height > limits.pixels:
        reason = f"{width} x {height} pixels are more than the {limits.pixels:,} that are taken"
        raise ProblemError(413, name, reason, "Scale it down first")


def check_duration(name: str, seconds: float | None, limits: Limits) -> None:
    """Refuse videos that are too long.

    Raises:
        ProblemError: 413.
    """
    if seconds is not None and seconds > limits.seconds:
        reason = f"it lasts {seconds:.0f} s, and {limits.seconds:.0f} s are taken"
        raise ProblemError(413, name, reason, "Cut it into parts, or use `actionunits analyze`")


def _check_picture(upload: Upload, limits: Limits) -> None:
    header = read_header(upload.path.read_bytes(), upload.path)
    check_size(upload.name, header.width, header.height, limits)


def _check_video(upload: Upload, limits: Limits) -> None:
    with closing(open_container(upload.path)) as container:
        context = choose_stream(container, upload.path, 1).codec_context
        check_size(upload.name, context.width, context.height, limits)
    with VideoReader(upload.path, threads=1) as reader:  # decodes the first frame
        check_size(upload.name, reader.width, reader.height, limits)
        check_duration(upload.name, reader.duration, limits)
