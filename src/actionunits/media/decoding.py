"""From a container to decoded frames in presentation order, with damage noticed instead of concealed."""

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import av
from av.codec.context import ThreadType
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from actionunits.errors import MediaError
from actionunits.media.containers import missing_bytes
from actionunits.media.files import require_file
from actionunits.media.pixels import MAX_PIXELS
from actionunits.media.signatures import HEAD_BYTES, identify

_FORMATS = (
    "mov,mp4,matroska,webm,avi,flv,mpegts,mpeg,mpegvideo,asf,ogg,gif,apng,h264,hevc,m4v,ivf,mjpeg,rm,yuv4mpegpipe,dv,mxf,"
    "wtv,nut,obu,wav,mp3,flac,aac,aiff"
)
"""Containers we open. Playlists (HLS, DASH, concat) are left out: they make FFmpeg read other files and addresses."""

_JOINABLE_ANYWHERE = frozenset({"mpegts", "mpeg", "mpegvideo", "h264", "hevc", "m4v"})
_LEAD_IN = 16
"""How many packets after the first key frame may fail before the first picture: an open GOP's leading pictures."""

_TAIL_BYTES = 64 << 20
_DECODER_OPTIONS = {"err_detect": "explode", "max_pixels": str(MAX_PIXELS)}

_REPAIR = "Check that it was copied whole and plays in a video player, or convert it: ffmpeg -i INPUT OUTPUT.mp4"


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
        return av.open(f"file:{path}", "r", container_options=options)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise MediaError(path, _why_not_opened(path, error), _REPAIR) from error


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
    context.options = _DECODER_OPTIONS
    stream.thread_type = "AUTO" if threads != 1 else "NONE"
    if threads is not None:
        context.thread_count = threads
    return stream


def stream_decoder(container: InputContainer, stream: VideoStream) -> "FrameDecoder":
    """The decoder of a stream chosen by `choose_stream`."""
    name = container.format.name
    return FrameDecoder(
        container.demux(stream),
        stream.codec_context,
        awaits_key=name in _JOINABLE_ANYWHERE,
        heeds_flags=name != "mpegts",  # there every joint of two recordings is flagged, however whole the packets are
    )


def reason_of(error: Exception) -> str:
    """The clause of an FFmpeg or system error, without numbers and file names."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


class FrameDecoder:
    """Decodes one stream from its start; `frames` may be called once.

    Args:
        packets: the stream's packets in decoding order.
        context: its decoder.
        awaits_key: leave out the packets before the first key frame.
        heeds_flags: take the container's word that a packet is damaged.

    Attributes:
        skipped_packets: packets before the first picture that could not be decoded because what they build on was cut
            off (a recording joined in the middle, a cut at an open GOP).
    """

    def __init__(
        self,
        packets: "Iterator[av.Packet[VideoStream]]",
        context: VideoCodecContext,
        *,
        awaits_key: bool = False,
        heeds_flags: bool = True,
    ) -> None:
        self._packets = packets
        self._context = context
        self._awaits_key = awaits_key
        self._heeds_flags = heeds_flags
        self._key_seen = False
        self._tail: deque[av.Packet[VideoStream]] = deque()  # the packets since the last key frame, if not too many
        self._tail_bytes = 0
        self.skipped_packets = 0

    def frames(self) -> Iterator[VideoFrame]:
        """Yield the decoded frames in presentation order.

        Raises:
            DamagedStreamError: after the last good frame before the damage.
        """
        sent = received = failures = 0
        first_damage: str | None = None
        last_time: int | None = None
        while True:
            packet, damage = self._next_packet()
            ended = packet is None and damage is None
            pictures: list[VideoFrame] = []
            if damage is None:
                sent += not ended
                pictures, damage = self._decode(packet)
            for picture in pictures:
                received, last_time = received + 1, picture.pts
                yield picture
            if damage is not None:
                first_damage = first_damage or damage
                failures += self._key_seen  # before the first key frame nothing need be decodable
                if received or failures > _LEAD_IN or packet is None:
                    if not ended:
                        yield from self._finished_before_damage(last_time)
                    raise DamagedStreamError(damage if received else first_damage)
                self.skipped_packets += 1
            elif ended:
                if received < sent and self._context.thread_type != ThreadType.NONE:
                    yield from self._second_look(last_time)
                if first_damage is not None and not received:
                    raise DamagedStreamError(first_damage)
                return

    def _finished_before_damage(self, last_time: int | None) -> Iterator[VideoFrame]:
        """The pictures still in the decoder, up to the first one that should be there and is not."""
        times = sorted(packet.pts for packet in self._tail if packet.pts is not None)
        due = [time for time in times if last_time is None or time > last_time]
        for picture, time in zip(self._decode(None)[0], due, strict=False):
            if picture.pts != time:
                return
            yield picture

    def _second_look(self, last_time: int | None) -> Iterator[VideoFrame]:
        """Decode the end of the stream again, in one thread: FFmpeg's threads drop the errors of the last round."""
        context = av.CodecContext.create(self._context.codec, "r")
        context.extradata = self._context.extradata
        context.options = _DECODER_OPTIONS
        context.thread_type = "NONE"
        again = FrameDecoder(iter(self._tail), cast(VideoCodecContext, context))
        for picture in again.frames():
            if picture.pts is not None and last_time is not None and picture.pts > last_time:
                yield picture

    def _next_packet(self) -> "tuple[av.Packet[VideoStream] | None, str | None]":
        """The next packet with something in it, or None at the end; and what is wrong, if anything."""
        try:
            for packet in self._packets:
                if packet.size == 0:
                    continue
                if self._awaits_key and not packet.is_keyframe:
                    self.skipped_packets += 1
                    continue
                self._awaits_key = False
                self._key_seen = self._key_seen or packet.is_keyframe
                self._keep(packet)
                return packet, "a packet is damaged" if packet.is_corrupt and self._heeds_flags else None
        except (av.FFmpegError, OSError) as error:
            return None, reason_of(error)
        return None, None

    def _keep(self, packet: "av.Packet[VideoStream]") -> None:
        if packet.is_keyframe or self._tail_bytes > _TAIL_BYTES:
            self._tail.clear()
            self._tail_bytes = 0
        if packet.is_keyframe or self._tail:
            self._tail.append(packet)
            self._tail_bytes += packet.size

    def _decode(self, packet: "av.Packet[VideoStream] | None") -> tuple[list[VideoFrame], str | None]:
        """The pictures a packet completes, up to the first damaged one; None drains the decoder."""
        try:
            pictures = self._context.decode(packet)
        except (av.FFmpegError, OSError) as error:
            return [], reason_of(error)
        for position, picture in enumerate(pictures):
            if picture.is_corrupt:
                return pictures[:position], "a picture is damaged"
        return pictures, None


def _why_not_opened(path: Path, error: Exception) -> str:
    missing = missing_bytes(path)
    if missing:
        return f"the video is cut off: {missing} bytes are missing"
    with path.open("rb") as file:
        signature = identify(file.read(HEAD_BYTES))
    if signature is None:
        return "its content is not a video of any known format"
    return f"its {signature.format} content cannot be opened as a video ({reason_of(error)})"


def _is_cover(stream: VideoStream) -> bool:
    disposition = getattr(stream, "disposition", None)  # PyAV has it since 14.1
    return disposition is not None and bool(disposition & av.stream.Disposition.attached_pic)
