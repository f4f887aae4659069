"""Pictures and clips made on the spot, so that the tests need no files."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

MILLISECOND = Fraction(1, 1000)


@pytest.fixture(scope="session")
def scene() -> np.ndarray:
    """A (48, 64, 3) picture without any symmetry, smooth enough for lossy formats."""
    y, x = np.mgrid[0:48, 0:64]
    return np.stack([x * 4, y * 5, (x + y) * 2], axis=-1).astype(np.uint8)


@pytest.fixture(scope="session")
def numbered() -> Callable[..., np.ndarray]:
    """A function: the picture of frame ``index``, its number written as eight dark or bright blocks."""

    def make(index: int, height: int = 48, width: int = 64) -> np.ndarray:
        image = np.full((height, width, 3), 60, np.uint8)
        for bit in range(8):
            if index >> bit & 1:
                image[: height // 2, bit * width // 8 : (bit + 1) * width // 8] = 200
        return image

    return make


@pytest.fixture(scope="session")
def number_of() -> Callable[[np.ndarray], int]:
    """A function: the number that ``numbered`` wrote into a picture."""

    def read(image: np.ndarray) -> int:
        height, width = image.shape[:2]
        blocks = [image[height // 4, (2 * bit + 1) * width // 16, 0] > 130 for bit in range(8)]
        return sum(1 << bit for bit, bright in enumerate(blocks) if bright)

    return read


@pytest.fixture
def write_clip(tmp_path: Path, numbered: Callable[..., np.ndarray]) -> Callable[..., Path]:
    """A function that muxes a clip of numbered frames at exactly the given times, in units of ``time_base``."""

    def write(
        name: str,
        times: Sequence[int] = tuple(range(0, 400, 40)),
        *,
        codec: str = "libx264",
        pixel_format: str = "yuv420p",
        time_base: Fraction = MILLISECOND,
        b_frames: int = 0,
        size: tuple[int, int] = (48, 64),
        options: dict[str, str] | None = None,
        container_options: dict[str, str] | None = None,
        picture: Callable[[int], np.ndarray] | None = None,
        color: dict[str, int] | None = None,
    ) -> Path:
        path = tmp_path / name
        draw = picture or (lambda index: numbered(index, *size))
        with av.open(str(path), "w", options=container_options or {}) as container:
            stream: Any = container.add_stream(codec, rate=25, options=options or {})
            stream.height, stream.width, stream.pix_fmt = *size, pixel_format
            stream.codec_context.time_base = stream.time_base = time_base
            stream.codec_context.max_b_frames = b_frames
            conversion = {}
            for key, value in (color or {}).items():
                setattr(stream.codec_context, key, value)
                conversion[f"dst_{key}"] = value
            for index, time in enumerate(times):
                frame = av.VideoFrame.from_ndarray(draw(index)).reformat(format=pixel_format, **conversion)
                frame.pts, frame.time_base = time, time_base
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return write


@pytest.fixture
def remux(tmp_path: Path) -> Callable[..., Path]:
    """A function that copies a clip's packets into another container, ``skip`` packets left out at the start."""

    def copy(source: Path, name: str, skip: int = 0, **options: str) -> Path:
        path = tmp_path / name
        with av.open(str(source)) as reading, av.open(str(path), "w", options=options) as writing:
            stream = reading.streams.video[0]
            copied = writing.add_stream_from_template(stream)
            for position, packet in enumerate(packet for packet in reading.demux(stream) if packet.dts is not None):
                if position >= skip:
                    packet.stream = copied
                    writing.mux(packet)
        return path

    return copy


@pytest.fixture
def sound_only(tmp_path: Path) -> Callable[[str], Path]:
    """A function that writes a tone as ``.wav`` or ``.mp4`` without any picture."""

    def write(name: str) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w") as container:
            stream = container.add_stream("pcm_s16le" if path.suffix == ".wav" else "aac", rate=16_000)
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.int16), format="s16", layout="mono")
            frame.sample_rate = 16_000
            container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return write
