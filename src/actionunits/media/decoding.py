"""From a container to decoded frames in presentation order, with damage noticed instead of concealed."""

from collections.abc import Iterator
from pathlib import Path

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ..errors import MediaError
from .containers import missing_bytes
from .files import require_file
from .pixels import MAX_PIXELS

_FORMATS = (
    "mov,mp4,matroska,webm,avi,flv,mpegts,mpeg,mpegvideo,asf,ogg,gif,apng,h264,hevc,m4v,ivf,mjpeg,rm,yuv4mpegpipe,dv,mxf,"
    "wtv,nut,obu,wav,mp3,flac,aac,aiff"
)
"""Containers we open. Playlists (HLS, DASH, concat) are left out: they make FFmpeg read other files and addresses."""

_JOINABLE_ANYWHERE = frozenset({"mpegts", "mpeg", "mpegvideo", "h264", "hevc", "m4v"})
_LEAD_IN = 16
"""How many packets may be undecodable before the first picture: an open GOP's leading pictures need what was cut off."""

_REPAIR = "Check that it was copied whole and that it is a video, or convert it with FFmpeg: ffmpeg -i INPUT OUTPUT.mp4"


class DamagedStreamError(Exception):
    """The stream cannot be decoded further; every good frame before the damage has been yielded."""


def open_container(path: Path) -> InputContainer:
    """Open a video file for reading.

    Args:
        path: a local file; nothing but this file is read.

    Raises:
        MediaError: the file is missing, empty, unreadable, or no container FFmpeg knows.
    """
    require_file(path)
    options = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}
    try:
        return av.open(f"file:{path}", "r", options=options)
    except (av.FFmpegError, OSError, ValueError) as error:
        missing = missing_bytes(path)
        reason = f"the file is cut off: {missing} bytes are missing" if missing else reason_of(error)
        raise MediaError(path, f"no video could be opened in it ({reason})", _REPAIR) from error


def choose_stream(container: InputContainer, path: Path, threads: int | None) -> VideoStream:
    """The first video stream that is not a cover picture, its decoder set up.

    Args:
        container: an open container.
        path: its file, for messages.
        threads: decoder threads; None leaves the number to FFmpeg.

    Raises:
        MediaError: there is no such stream, no decoder for it, or its pictures are larger than `MAX_PIXELS`.
    """
    streams = [stream for stream in container.streams.video if not _is_cover(stream)]
    if not streams:
        holds = "only sound" if container.streams.audio else "nothing that can be shown"
        raise MediaError(path, f"it has no video stream ({holds})", "Give the file with the picture")
    stream = streams[0]
    context = stream.codec_context
    if context is None:
        raise MediaError(path, "its video codec is unknown here", _REPAIR)
    if context.width * context.height > MAX_PIXELS:
        size = f"{context.width} x {context.height} pixels"
        raise MediaError(path, f"{size} are more than the {MAX_PIXELS:,} this program decodes", "Scale it down first")
    context.options = {"err_detect": "explode", "max_pixels": str(MAX_PIXELS)}
    stream.thread_type = "AUTO" if threads != 1 else "NONE"
    if threads is not None:
        context.thread_count = threads
    return stream


def reason_of(error: Exception) -> str:
    """The clause of an FFmpeg or system error, without numbers and file names."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


class FrameDecoder:
    """Decodes one stream from its start; `frames` may be called once.

    Attributes:
        skipped_packets: packets before the first picture that could not be decoded because what they build on was cut
            off (a recording joined in the middle, a cut at an open GOP).
    """

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self._stream = stream
        self._packets = container.demux(stream)
        self._awaits_key = container.format.name in _JOINABLE_ANYWHERE
        self.skipped_packets = 0

    def frames(self) -> Iterator[VideoFrame]:
        """Yield the decoded frames in presentation order.

        Raises:
            DamagedStreamError: after the last good frame before the damage.
        """
        started, failures, first_damage = False, 0, None
        while True:
            packet, damage = self._next_packet()
            ended = packet is None and damage is None
            pictures: list[VideoFrame] = []
            if damage is None:
                pictures, damage = self._decode(packet)
            started = started or bool(pictures)
            yield from pictures
            if damage is not None:
                first_damage = first_damage or damage
                failures += 1
                if started or failures > _LEAD_IN or packet is None:
                    yield from self._decode(None)[0] if not ended else ()  # finished before the damage was met
                    raise DamagedStreamError(first_damage if not started else damage)
                self.skipped_packets += 1
            elif ended:
                if first_damage is not None and not started:
                    raise DamagedStreamError(first_damage)
                return

    def _next_packet(self) -> tuple[av.Packet | None, str | None]:
        """The next packet with something in it, or None at the end; and what is wrong, if anything."""
        try:
            for packet in self._packets:
                if packet.size == 0:
                    continue
                if self._awaits_key and not packet.is_keyframe:
                    self.skipped_packets += 1
                    continue
                self._awaits_key = False
                return packet, "a packet is damaged" if packet.is_corrupt else None
        except (av.FFmpegError, OSError) as error:
            return None, reason_of(error)
        return None, None

    def _decode(self, packet: av.Packet | None) -> tuple[list[VideoFrame], str | None]:
        """The pictures a packet completes, up to the first damaged one; None drains the decoder."""
        try:
            pictures = self._stream.codec_context.decode(packet)
        except (av.FFmpegError, OSError) as error:
            return [], reason_of(error)
        for position, picture in enumerate(pictures):
            if picture.is_corrupt:
                return pictures[:position], "a picture is damaged"
        return pictures, None


def _is_cover(stream: VideoStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)
