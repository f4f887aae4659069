"""Writing pictures and video, each written aside and renamed when it is whole."""

from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from actionunits.atomic import write_failure, written_aside
from actionunits.errors import MediaError, UsageError

_IMAGE_FLAGS = {
    ".jpg": cv2.IMWRITE_JPEG_QUALITY,
    ".jpeg": cv2.IMWRITE_JPEG_QUALITY,
    ".webp": cv2.IMWRITE_WEBP_QUALITY,
    ".png": None,
    ".tif": None,
    ".tiff": None,
    ".bmp": None,
}
_VIDEO_SUFFIXES = (".mp4", ".mov", ".m4v")
_CODECS = ("libx264", "libopenh264", "mpeg4")
_ENCODER_OPTIONS = {
    "libx264": {"crf": "20", "preset": "veryfast"},
    "libopenh264": {"b": "6M"},
    "mpeg4": {"qscale": "3"},
}
_MPEG4_TIME_BASE = Fraction(1, 60_000)  # MPEG-4 Part 2 counts in at most 65535ths of a second
_NUDGE = 0.001  # seconds: a frame at most this much too early is moved to just after the one before
_BT709 = 1  # the number of BT.709 in FFmpeg's lists of matrices, primaries and transfer curves
_LIMITED_RANGE = 1


def write_image(path: str | Path, rgb: NDArray[np.uint8], *, quality: int = 95) -> None:
    """Write a picture; the suffix chooses the format.

    Args:
        path: ``.png``, ``.jpg``, ``.jpeg``, ``.webp``, ``.tif``, ``.tiff`` or ``.bmp``.
        rgb: (H, W, 3) uint8 RGB.
        quality: 1-100, for JPEG and WebP.

    Raises:
        UsageError: another suffix, an array of another shape or type, or a quality out of range.
        MediaError: the file cannot be written; nothing is left behind.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in _IMAGE_FLAGS:
        raise UsageError(path, "pictures cannot be written in this format", f"Use {', '.join(_IMAGE_FLAGS)}")
    if not 1 <= quality <= 100:
        raise UsageError(f"quality={quality}", "it is out of range", "Use 1 to 100")
    _require_rgb(path, rgb)
    flag = _IMAGE_FLAGS[suffix]
    parameters = [] if flag is None else [flag, quality]
    try:
        encoded, data = cv2.imencode(suffix, rgb[..., ::-1], parameters)  # RGB to BGR
    except cv2.error as error:
        raise MediaError(path, f"the picture could not be encoded ({error.err})", "Write it as .png") from error
    if not encoded:
        raise MediaError(path, "the picture could not be encoded", "Write it as .png")
    with written_aside(path, MediaError) as aside:
        aside.write_bytes(data.tobytes())


class VideoWriter:
    """Writes a video whose frames keep their times, at a constant rate or not; a context manager.

    H.264 where the PyAV build can encode it, otherwise MPEG-4 Part 2; yuv420p, BT.709, index at the front. A picture
    with an odd width or height is padded to even by repeating its last column or row. A first time after 0 is kept.
    MP4 cannot hold times before 0: a first time below 0 moves the whole video so that it starts at 0, and `offset`
    says by how much. The file appears under its name when the block is left without an exception, and not otherwise.

    Args:
        path: the file, ``.mp4``, ``.mov`` or ``.m4v``.
        width: of every frame, pixels.
        height: of every frame, pixels.
        time_base: the unit of time in seconds; times are rounded to it.
        rate_hint: frames per second to tell the encoder and players; it does not move any frame.

    Attributes:
        offset: seconds added to every time, 0.0 unless the first was below 0.

    Raises:
        UsageError: another suffix, or a size or time base that is not positive.
        MediaError: on entering, if the file cannot be written.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        width: int,
        height: int,
        time_base: Fraction = Fraction(1, 90_000),
        rate_hint: float | None = None,
    ) -> None:
        self._path = Path(path)
        if self._path.suffix.lower() not in _VIDEO_SUFFIXES:
            raise UsageError(path, "video cannot be written in this format", f"Use {', '.join(_VIDEO_SUFFIXES)}")
        if width < 1 or height < 1:
            raise UsageError(f"{width} x {height}", "a video needs at least one pixel", "Give a positive size")
        if not 0 < time_base <= Fraction(1, 1000):
            raise UsageError(f"time_base={time_base}", "it cannot keep times to 1 ms", "Use 1/1000 or finer")
        if rate_hint is not None and not 0 < rate_hint < 10_000:
            raise UsageError(f"rate_hint={rate_hint}", "it is no frame rate", "Give frames per second or leave it out")
        self._shape = (height, width, 3)
        self._codec = _encoder_name()
        self._time_base = max(time_base, _MPEG4_TIME_BASE) if self._codec == "mpeg4" else time_base
        self._rate = Fraction(rate_hint or 30).limit_denominator(1001)
        self._stack = ExitStack()
        self._container: OutputContainer | None = None
        self._reformatter = VideoReformatter()
        self._last_pts: int | None = None
        self.offset = 0.0

    def __enter__(self) -> Self:
        if self._container is not None:
            raise UsageError(self._path, "this writer is already open", "Build a new VideoWriter")
        with ExitStack() as stack:
            aside = stack.enter_context(written_aside(self._path, MediaError))
            stack.push(self._close)
            self._open(aside)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def write(self, rgb: NDArray[np.uint8], timestamp: float) -> None:
        """Add a frame.

        Args:
            rgb: (height, width, 3) uint8 RGB.
            timestamp: presentation time in seconds, later than the frame before. Up to 1 ms too early is forgiven: the
                frame goes just after the one before.

        Raises:
            UsageError: wrong shape or type, a time that is no number or not later, or the writer is not open.
            MediaError: the disk is full or encoding failed.
        """
        if self._container is None:
            raise UsageError(self._path, "the writer is not open", "Write inside its with block")
        _require_rgb(self._path, rgb)
        if rgb.shape != self._shape:
            raise UsageError(self._path, f"a frame is {rgb.shape}, not {self._shape}", "Scale it to the video's size")
        pts = self._pts_of(timestamp)
        height, width = rgb.shape[0] % 2, rgb.shape[1] % 2
        if height or width:
            rgb = np.pad(rgb, ((0, height), (0, width), (0, 0)), mode="edge")
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
        picture = self._reformatter.reformat(
            picture, format="yuv420p", dst_colorspace=_BT709, dst_color_range=_LIMITED_RANGE
        )
        picture.pts, picture.time_base = pts, self._time_base
        self._mux(picture)
        self._last_pts = pts

    def _pts_of(self, timestamp: float) -> int:
        if not np.isfinite(timestamp):
            raise UsageError(f"timestamp={timestamp}", "it is not a time", "Give seconds")
        if self._last_pts is None:
            self.offset = -float(timestamp) if timestamp < 0 else 0.0
        pts = round(Fraction(timestamp + self.offset) / self._time_base)
        if self._last_pts is None or pts > self._last_pts:
            return pts
        if (self._last_pts + 1 - pts) * self._time_base > _NUDGE:
            before = float(self._last_pts * self._time_base) - self.offset
            reason = f"a frame at {timestamp:.6f} s comes after one at {before:.6f} s"
            raise UsageError(self._path, reason, "Write the frames in order of time")
        return self._last_pts + 1

    def _open(self, aside: Path) -> None:
        options = {"movflags": "faststart", "movie_timescale": str(round(1 / self._time_base))}
        try:
            container = av.open(f"file:{aside}", "w", container_options=options)
        except OSError as error:
            raise write_failure(self._path, error, MediaError) from error
        self._container = container
        stream = container.add_stream(self._codec, rate=self._rate, options=dict(_ENCODER_OPTIONS[self._codec]))
        if not isinstance(stream, VideoStream):
            raise TypeError(f"{self._codec} is no video codec")
        stream.height, stream.width = self._shape[0] + self._shape[0] % 2, self._shape[1] + self._shape[1] % 2
        stream.pix_fmt = "yuv420p"
        stream.time_base = self._time_base
        context: Any = stream.codec_context
        context.time_base = self._time_base
        context.max_b_frames = 0  # decoding order is presentation order, and the first time needs no edit list trick
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _LIMITED_RANGE
        self._stream = stream

    def _mux(self, picture: av.VideoFrame | None) -> None:
        if self._container is None:
            return
        try:
            self._container.mux(self._stream.encode(picture))
        except OSError as error:
            raise write_failure(self._path, error, MediaError) from error
        except (av.FFmpegError, ValueError) as error:
            raise MediaError(self._path, f"a frame could not be encoded ({error})", "Write a smaller video") from error

    def _close(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the file, or abandon it if the block failed; either way the container is closed."""
        container, empty = self._container, self._last_pts is None
        if container is None:
            return
        try:
            if kind is None and not empty:
                self._mux(None)
        finally:
            self._container = None
            try:
                container.close()
            except OSError as failure:
                if kind is None and not empty:
                    raise write_failure(self._path, failure, MediaError) from failure
        if kind is None and empty:
            raise MediaError(self._path, "no frame was written, so there is no video", "Write at least one frame")


def _encoder_name() -> str:
    for name in _CODECS:
        try:
            av.Codec(name, "w")
        except (av.FFmpegError, ValueError):
            continue
        return name
    raise MediaError(
        "video", f"this PyAV build has none of the encoders {', '.join(_CODECS)}", "Install PyAV from PyPI"
    )


def _require_rgb(path: Path, rgb: NDArray[np.uint8]) -> None:
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or 0 in rgb.shape:
        got = f"{rgb.shape} {rgb.dtype}"
        raise UsageError(path, f"a picture must be (height, width, 3) uint8, not {got}", "Convert it first")
