"""What is written is read back: pixels, sizes, and times to the millisecond."""

import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from actionunits.errors import MediaError, UsageError
from actionunits.media import Frame, VideoReader, VideoWriter, read_image, write_image

GREY = np.full((48, 64, 3), 128, np.uint8)


def frames_of(path: Path) -> list[Frame]:
    with VideoReader(path) as reader:
        return list(reader)


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("suffix", ["png", "tif", "tiff", "bmp", "PNG"])
def test_lossless_pictures(tmp_path: Path, scene: np.ndarray, suffix: str) -> None:
    path = tmp_path / f"größe.{suffix}"
    write_image(path, scene)
    np.testing.assert_array_equal(np.asarray(Image.open(path)), scene)
    np.testing.assert_array_equal(read_image(path), scene)
    assert left_in(tmp_path) == [path.name]


@pytest.mark.parametrize("suffix", ["jpg", "jpeg", "webp"])
def test_lossy_pictures(tmp_path: Path, scene: np.ndarray, suffix: str) -> None:
    good, poor = tmp_path / f"good.{suffix}", tmp_path / f"poor.{suffix}"
    write_image(good, scene)
    write_image(poor, scene, quality=5)
    assert np.abs(read_image(good).astype(int) - scene).mean() < 4
    assert poor.stat().st_size < good.stat().st_size


def test_pictures_refused(tmp_path: Path, scene: np.ndarray) -> None:
    with pytest.raises(UsageError, match=r"Use \.jpg, "):
        write_image(tmp_path / "a.xyz", scene)
    with pytest.raises(UsageError, match="quality=0"):
        write_image(tmp_path / "a.jpg", scene, quality=0)
    for wrong in (scene[..., 0], scene.astype(float), scene[:0], np.dstack([scene, scene])):
        with pytest.raises(UsageError, match="must be"):
            write_image(tmp_path / "a.png", wrong)
    with pytest.raises(MediaError, match="folder does not exist"):
        write_image(tmp_path / "none" / "a.png", scene)
    assert left_in(tmp_path) == []


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.sampled_from([0.0, 0.0003, 1.5, 7.25, 3600.0, 95_000.125]),
    gaps=st.lists(st.floats(0.002, 3.0), min_size=1, max_size=12),
)
def test_times_survive(tmp_path: Path, start: float, gaps: list[float]) -> None:
    times = start + np.cumsum([0.0, *gaps])
    path = tmp_path / "clip.mp4"
    with VideoWriter(path, width=64, height=48, rate_hint=29.97) as writer:
        for time in times:
            writer.write(GREY, float(time))
    frames = frames_of(path)
    assert writer.offset == 0
    assert [frame.timestamp for frame in frames] == pytest.approx(list(times), abs=1e-3 / 2)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mov", "clip.m4v"])
@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_codecs_and_containers(
    tmp_path: Path, numbered: Callable[..., np.ndarray], number_of: Callable[[np.ndarray], int], codec: str, name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("actionunits.media.writers._CODECS", ("no-such-encoder", codec))
    times = [0.5, 0.52, 0.7, 1.9, 1.933]
    with VideoWriter(tmp_path / name, width=64, height=48) as writer:
        for index, time in enumerate(times):
            writer.write(numbered(index), time)
    frames = frames_of(tmp_path / name)
    assert [frame.timestamp for frame in frames] == pytest.approx(times, abs=1e-3)
    assert [number_of(frame.image) for frame in frames] == list(range(5))


def test_no_encoder_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actionunits.media.writers._CODECS", ("no-such-encoder",))
    with pytest.raises(MediaError, match="none of the encoders"):
        VideoWriter(tmp_path / "clip.mp4", width=64, height=48)


def test_negative_start_moves_the_whole(tmp_path: Path) -> None:
    times = [-1.25, -1.0, 0.0, 0.04]
    with VideoWriter(tmp_path / "clip.mp4", width=64, height=48) as writer:
        for time in times:
            writer.write(GREY, time)
    assert writer.offset == 1.25
    back = [frame.timestamp - writer.offset for frame in frames_of(tmp_path / "clip.mp4")]
    assert back == pytest.approx(times, abs=1e-3)


@pytest.mark.parametrize("size", [(47, 63), (48, 63), (47, 64), (1, 1), (2, 2)])
def test_odd_sizes_are_padded(tmp_path: Path, size: tuple[int, int]) -> None:
    height, width = size
    image = np.random.default_rng(0).integers(100, 140, (height, width, 1), dtype=np.uint8).repeat(3, axis=2)
    with VideoWriter(tmp_path / "clip.mp4", width=width, height=height) as writer:
        writer.write(image, 0.0)
    result = frames_of(tmp_path / "clip.mp4")[0].image
    assert result.shape == (height + height % 2, width + width % 2, 3)
    assert np.abs(result[:height, :width].astype(int) - image).mean() < 8


def test_color_and_layout(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    red = np.full((48, 64, 3), (200, 60, 30), np.uint8)
    with VideoWriter(path, width=64, height=48) as writer:
        writer.write(red, 0.0)
        writer.write(red[:, ::-1], 0.04)
    assert np.abs(frames_of(path)[1].image.astype(int) - red).max() <= 4
    data = path.read_bytes()
    assert data.find(b"moov") < data.find(b"mdat")
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.pix_fmt, int(context.colorspace), int(context.color_range)) == ("yuv420p", 1, 1)


def test_copy_keeps_every_time(write_clip: Callable[..., Path], tmp_path: Path) -> None:
    source = write_clip("source.mkv", (700, 733, 740, 1900, 1901), b_frames=2)
    copy = tmp_path / "copy.mp4"
    with VideoReader(source) as reader, VideoWriter(copy, width=reader.width, height=reader.height) as writer:
        for frame in reader:
            writer.write(frame.image, frame.timestamp)
    assert [frame.timestamp for frame in frames_of(copy)] == pytest.approx([0.7, 0.733, 0.74, 1.9, 1.901], abs=1e-3)


def test_order_of_time(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    with VideoWriter(path, width=64, height=48) as writer:
        for time in (0.0, 0.04, 0.04, 0.0396, 0.08):  # equal, and a little early: forgiven
            writer.write(GREY, time)
    times = [frame.timestamp for frame in frames_of(path)]
    assert times == pytest.approx([0.0, 0.04, 0.04, 0.0396, 0.08], abs=1e-3)
    assert times == sorted(set(times))
    message = r"at 0\.030000 s comes after one at 0\.040000 s"
    with pytest.raises(UsageError, match=message), VideoWriter(path, width=64, height=48) as writer:  # noqa: PT012
        for time in (0.04, 0.03):
            writer.write(GREY, time)
    assert len(frames_of(path)) == 5  # the first file is untouched
    assert left_in(tmp_path) == ["clip.mp4"]


@pytest.mark.parametrize("written", [0, 1, 30])
def test_exception_leaves_nothing(tmp_path: Path, written: int) -> None:
    with pytest.raises(KeyboardInterrupt), VideoWriter(tmp_path / "clip.mp4", width=64, height=48) as writer:  # noqa: PT012
        for index in range(written):
            writer.write(GREY, index / 25)
        raise KeyboardInterrupt
    assert left_in(tmp_path) == []


def test_used_wrongly(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    for options, reason in (
        ({"width": 0, "height": 5}, "positive"),
        ({"width": 5, "height": 5, "time_base": Fraction(1, 25)}, "1 ms"),
        ({"width": 5, "height": 5, "rate_hint": -1}, "frame rate"),
    ):
        with pytest.raises(UsageError, match=reason):
            VideoWriter(path, **options)
    with pytest.raises(UsageError, match="format"):
        VideoWriter(tmp_path / "clip.txt", width=5, height=5)
    writer = VideoWriter(path, width=64, height=48)
    with pytest.raises(UsageError, match="not open"):
        writer.write(GREY, 0.0)
    for image, time, reason in ((GREY[:, :-2], 0.0, "not"), (GREY[..., 0], 0.0, "must be"), (GREY, np.nan, "time")):
        with pytest.raises(UsageError, match=reason), VideoWriter(path, width=64, height=48) as writer:
            writer.write(image, time)
    with pytest.raises(MediaError, match="no frame was written"), VideoWriter(path, width=64, height=48):
        pass
    with pytest.raises(MediaError, match="folder does not exist"):
        VideoWriter(tmp_path / "none" / "clip.mp4", width=64, height=48).__enter__()
    assert left_in(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on file sizes")
@pytest.mark.parametrize("count", [1, 60])
def test_disk_full(tmp_path: Path, count: int) -> None:
    """A limit on the size of files stops the encoder as a full disk does: while writing, or when finishing."""
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        message = r"clip\.mp4: it could not be written.*Choose another folder"
        writer = VideoWriter(tmp_path / "clip.mp4", width=320, height=240)
        with pytest.raises(MediaError, match=message), writer:  # noqa: PT012
            for index in range(count):
                writer.write(noise, index / 25)
        with pytest.raises(MediaError, match=r"a\.png: it could not be written"):
            write_image(tmp_path / "a.png", noise)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert left_in(tmp_path) == []
