"""Stretches of a video between two key frames, each of which can be read on its own and gives the same frames."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av

from actionunits.errors import MediaError
from actionunits.media.decoding import choose_stream, open_container, reason_of

_EXACT = ("mp4", "mov", "matroska", "webm")  # containers in which one can go to a key frame for certain


@dataclass(frozen=True, slots=True)
class Portion:
    """Where a reader begins and ends, and what it must know of the frames before.

    Attributes:
        start: presentation time of the key frame to begin with, in the stream's units; None for the video's start.
        end: presentation time before which to end; None for the video's end.
        frame: index of the first frame.
        last_time: seconds, of the frame before; None where there is none.
        filled: how many frames before had no time of their own.
    """

    start: int | None = None
    end: int | None = None
    frame: int = 0
    last_time: float | None = None
    filled: int = 0


def cut_points(path: Path, seconds: float) -> tuple[int, ...]:
    """Presentation times of key frames that lie at least so far apart, the first frame's left out.

    Args:
        path: a video.
        seconds: the least length of a portion.

    Returns:
        Times in the stream's units, ascending; none where the video is shorter, where frames have no time of their
        own, or where the container does not lead to a key frame for certain (others than MP4, MOV and Matroska).

    Raises:
        MediaError: the file cannot be read.
    """
    with open_container(path) as container:
        stream = choose_stream(container, path, 1)
        if not set(container.format.name.split(",")) & set(_EXACT) or stream.time_base is None:
            return ()
        keys: list[int] = []
        try:
            for packet in container.demux(stream):
                if packet.size == 0:
                    continue
                if packet.pts is None:
                    return ()
                if packet.is_keyframe:
                    keys.append(packet.pts)
        except (av.FFmpegError, OSError) as error:
            raise MediaError(
                path, f"it cannot be read ({reason_of(error)})", "Check that it was copied whole"
            ) from error
        least = seconds / stream.time_base
    found: list[int] = []
    for key in sorted(keys)[1:]:
        if key - (found[-1] if found else min(keys)) >= least:
            found.append(key)
    return tuple(found)
