"""Reading video frame by frame, each with the presentation time its container states."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Literal, Self, cast

import numpy as np
from av.container import InputContainer
from av.sidedata.sidedata import SideData
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from actionunits.errors import MediaError, UsageError
from actionunits.media.containers import missing_bytes
from actionunits.media.decoding import DamagedStreamError, choose_stream, open_container, stream_decoder
from actionunits.media.frame import Frame
from actionunits.media.pixels import matrix_orientation, over_white, upright
from actionunits.media.portions import Portion

_REPAIR = "Repair it with FFmpeg (ffmpeg -i INPUT OUTPUT.mp4), or use what was read"
_SOME_MATRIX = 5  # RGB has none, but PyAV before 17 heeds the source's matrix and range only if others are asked for
_ASSUMED_RATE = 25.0  # frames per second, for streams that state neither times nor a rate


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a stream says about itself, and the size of its first frame."""

    width: int
    height: int
    average_rate: float | None
    duration: float | None
    frame_count: int | None
    start_time: float | None
    codec: str


class VideoReader:
    """Reads a video file; a context manager and an iterator of `Frame`, usable once.

    Frames come in presentation order, turned upright, as RGB: colour matrix and range are handled, 10-bit and 4:4:4
    become 8-bit RGB, transparency is laid over white, interlaced pictures and non-square pixels are left as they are.
    A stream whose picture size changes midway yields frames of the new size. Leaving the ``with`` block closes it.

    Damage is an error, not a gap: the good frames before it are yielded, then `MediaError` says how many and up to
    which time. (Matroska is the exception: FFmpeg steps over damage between its packets without a word, and the
    timestamps jump.)

    Args:
        path: the file: MP4, MOV, MKV, WebM, AVI, MPEG-TS, GIF, animated PNG and what else FFmpeg reads.
        every: yield only frames 0, every, 2 * every ...; their index and time stay the container's.
        threads: decoder threads; "auto" leaves the number to FFmpeg, 1 switches threading off.
        portion: read this stretch only; its first and last frames are at key frames of :func:`cut_points`.

    Raises:
        UsageError: ``every`` or ``threads`` is below 1, or the reader is used outside its one ``with`` block.
        MediaError: on entering, if the file is missing, empty, no video, or its first frame cannot be decoded.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        every: int = 1,
        threads: int | Literal["auto"] = "auto",
        portion: Portion | None = None,
    ) -> None:
        if every < 1:
            raise UsageError(f"every={every}", "it counts frames and starts at 1", "Use 1 for all frames")
        if threads != "auto" and threads < 1:
            raise UsageError(f"threads={threads}", "it counts threads and starts at 1", 'Use "auto" or 1 or more')
        self._source = str(path)
        self._path = Path(path)
        self._every = every
        self._threads = None if threads == "auto" else threads
        self._lock = RLock()  # a prefetching thread may be decoding while the consumer leaves the block
        self._entered = False
        self._container: InputContainer | None = None
        self._facts: _Facts | None = None
        self._portion = portion or Portion()
        self._count = self._portion.frame
        self._last_time = self._portion.last_time
        self._filled = self._portion.filled
        self._checked = False
        self._reformatter = VideoReformatter()  # kept: setting up a conversion costs more than running it
        self._has_alpha: dict[str, bool] = {}
        self._rotation: int | None = None
        self._orientation = 1

    def __enter__(self) -> Self:
        if self._entered:
            raise UsageError(self._source, "this reader was used before", "Build a new VideoReader for a second pass")
        self._entered = True
        self._container = open_container(self._path)
        try:
            self._stream = choose_stream(self._container, self._path, self._threads)
            if self._portion.start is not None:
                self._container.seek(self._portion.start, stream=self._stream)
            self._decoder = stream_decoder(self._container, self._stream)
            self._frames = self._decoder.frames()
            first = self._first_frame()
            self._facts = _facts_of(self._container, self._stream, first)
            self._pending: VideoFrame | None = first
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; called on leaving the ``with`` block, and harmless twice."""
        with self._lock:
            if self._container is not None:
                self._container.close()
                self._container = None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Frame:
        with self._lock:
            if self._container is None:
                raise UsageError(self._source, "the reader is not open", "Iterate inside its with block")
            while True:
                picture = self._next_picture()
                index, timestamp = self._count, self._time_of(picture)
                self._count, self._last_time = index + 1, timestamp
                if index % self._every == 0:
                    return Frame(self._source, index, timestamp, self._to_rgb(picture))

    @property
    def width(self) -> int:
        """Width of the first frame in pixels, upright."""
        return self._known().width

    @property
    def height(self) -> int:
        """Height of the first frame in pixels, upright."""
        return self._known().height

    @property
    def average_rate(self) -> float | None:
        """Frames per second on average, as stated; None where the container does not say. Not for computing times."""
        return self._known().average_rate

    @property
    def duration(self) -> float | None:
        """Length in seconds as stated, or None."""
        return self._known().duration

    @property
    def frame_count_estimate(self) -> int | None:
        """Number of frames as stated, or from duration and rate, or None; only reading to the end tells for certain."""
        return self._known().frame_count

    @property
    def start_time(self) -> float | None:
        """Presentation time of the stream's start in seconds as stated, or None."""
        return self._known().start_time

    @property
    def codec(self) -> str:
        """FFmpeg's name of the codec, such as ``h264``."""
        return self._known().codec

    def following(self, end: int | None) -> Portion:
        """The portion after this one, once all its frames are read.

        Args:
            end: where that one ends; see :class:`Portion`.
        """
        return Portion(self._portion.end, end, self._count, self._last_time, self._filled)

    @property
    def filled_timestamps(self) -> int:
        """How many frames so far had no presentation time and got one from their decoding time or the average rate."""
        return self._filled

    @property
    def skipped_packets(self) -> int:
        """Packets before the first frame that could not be decoded because the recording begins in mid-stream."""
        self._known()
        return self._decoder.skipped_packets

    def _known(self) -> _Facts:
        if self._facts is None:
            raise UsageError(self._source, "the reader has not been opened", "Ask inside its with block")
        return self._facts

    def _first_frame(self) -> VideoFrame:
        start = self._portion.start
        try:
            picture = next(self._frames)
            while start is not None and picture.pts is not None and picture.pts < start:
                picture = next(self._frames)  # shown before the key frame, decoded after it: of the portion before
            if start is not None and picture.pts != start:
                raise MediaError(self._path, "one of its key frames cannot be found", "Read it as a whole")
            return picture
        except StopIteration:
            reason, error = "it holds no picture", None
        except DamagedStreamError as damage:
            reason, error = f"no picture could be decoded ({damage})", damage
        raise MediaError(self._path, reason, "Check that it was copied whole and plays in a video player") from error

    def _next_picture(self) -> VideoFrame:
        if self._pending is not None:
            picture, self._pending = self._pending, None
            return picture
        try:
            picture = next(self._frames)
        except StopIteration:
            self._check_whole()
            raise
        except DamagedStreamError as damage:
            raise MediaError(self._path, f"it is damaged ({damage}); {self._progress()}", _REPAIR) from damage
        if self._portion.end is not None and picture.pts is not None and picture.pts >= self._portion.end:
            raise StopIteration
        return picture

    def _check_whole(self) -> None:
        if self._checked:
            return
        self._checked = True
        missing = missing_bytes(self._path)
        if missing:
            raise MediaError(self._path, f"it is cut off: {missing} bytes are missing; {self._progress()}", _REPAIR)

    def _progress(self) -> str:
        frames = "1 frame was" if self._count == 1 else f"{self._count} frames were"
        return f"{frames} read, up to {self._last_time or 0.0:.3f} s"

    def _time_of(self, picture: VideoFrame) -> float:
        base = self._stream.time_base or Fraction(1)
        if picture.pts is not None:
            return float(picture.pts * base)
        self._filled += 1
        if picture.dts is not None:
            time = float(picture.dts * base)
            if self._last_time is None or time > self._last_time:
                return time
        if self._last_time is None:
            return self._known().start_time or 0.0
        return self._last_time + 1 / (self._known().average_rate or _ASSUMED_RATE)

    def _to_rgb(self, picture: VideoFrame) -> NDArray[np.uint8]:
        name = picture.format.name
        if name not in self._has_alpha:
            self._has_alpha[name] = any(component.is_alpha for component in picture.format.components)
        wanted = "rgba" if self._has_alpha[name] else "rgb24"
        converted = self._reformatter.reformat(
            picture, format=wanted, dst_colorspace=_SOME_MATRIX, src_color_range=int(picture.color_range)
        )
        pixels = cast(NDArray[np.uint8], converted.to_ndarray())
        if self._has_alpha[name]:
            pixels = over_white(pixels[..., :3], pixels[..., 3])  # (H, W, 4) -> (H, W, 3)
        return upright(pixels, self._orientation_of(picture))

    def _orientation_of(self, picture: VideoFrame) -> int:
        # the side data is read only where the rotation changes: PyAV's view of it keeps the frame alive in a cycle
        if picture.rotation != self._rotation:
            self._rotation, self._orientation = picture.rotation, _orientation(picture)
        return self._orientation


def _orientation(picture: VideoFrame) -> int:
    matrix = cast(SideData | None, picture.side_data.get("DISPLAYMATRIX"))
    return 1 if matrix is None else matrix_orientation(np.frombuffer(bytes(matrix), np.int32).tolist())


def _facts_of(container: InputContainer, stream: VideoStream, picture: VideoFrame) -> _Facts:
    width, height = picture.width, picture.height
    if _orientation(picture) >= 5:
        width, height = height, width
    base = stream.time_base or Fraction(1)
    duration = None
    if stream.duration is not None:
        duration = float(stream.duration * base)
    elif container.duration is not None:
        duration = container.duration / 1_000_000
    rate = float(stream.average_rate) if stream.average_rate else None
    count: int | None = stream.frames or None
    if count is None and duration is not None and rate is not None:
        count = max(1, round(duration * rate))
    start = None if stream.start_time is None else float(stream.start_time * base)
    return _Facts(width, height, rate, duration, count, start, stream.codec_context.name)
