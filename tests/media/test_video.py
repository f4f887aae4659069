"""Video against what was muxed: times, order, orientation, colour, and damage that must not pass in silence."""

import gc
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from actionunits.errors import MediaError, UsageError
from actionunits.media import Frame, VideoReader
from actionunits.media.containers import missing_bytes

WriteClip = Callable[..., Path]
NumberOf = Callable[[np.ndarray], int]
IRREGULAR = (0, 33, 40, 130, 135, 500, 1250, 1251, 1300)


def read(path: Path, **options: object) -> tuple[list[Frame], VideoReader]:
    with VideoReader(path, **options) as reader:
        return list(reader), reader


def read_until_error(path: Path) -> tuple[list[Frame], str]:
    frames: list[Frame] = []
    with pytest.raises(MediaError) as caught, VideoReader(path) as reader:
        frames.extend(reader)
    return frames, str(caught.value)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mov", "clip.mkv"])
@pytest.mark.parametrize("b_frames", [0, 3])
@pytest.mark.parametrize("start", [0, 1500])
def test_times_are_the_containers(
    write_clip: WriteClip, number_of: NumberOf, name: str, b_frames: int, start: int
) -> None:
    times = [start + time for time in IRREGULAR]
    path = write_clip(
        name, times, b_frames=b_frames, container_options={"movie_timescale": "1000"} if "m" in name else {}
    )
    frames, reader = read(path)
    assert [frame.timestamp for frame in frames] == pytest.approx([time / 1000 for time in times], abs=1e-6)
    assert [frame.index for frame in frames] == list(range(len(times)))
    assert [number_of(frame.image) for frame in frames] == list(range(len(times)))
    assert {frame.source for frame in frames} == {str(path)}
    assert reader.filled_timestamps == 0


def test_b_frames_are_really_there(write_clip: WriteClip) -> None:
    """Else the order test above would prove nothing."""
    path = write_clip("clip.mp4", b_frames=3)
    with av.open(str(path)) as container:
        times = [packet.pts for packet in container.demux(video=0) if packet.pts is not None]
    assert times != sorted(times)


def test_what_the_stream_says(write_clip: WriteClip) -> None:
    _, reader = read(write_clip("clip.mp4", size=(36, 50)))
    assert (reader.width, reader.height, reader.codec) == (50, 36, "h264")
    assert reader.average_rate == pytest.approx(25, rel=0.05)
    assert reader.duration == pytest.approx(0.4, abs=0.05)
    assert (reader.frame_count_estimate, reader.start_time, reader.skipped_packets) == (10, 0.0, 0)


@pytest.mark.parametrize("every", [1, 2, 3, 7, 100])
def test_every(write_clip: WriteClip, number_of: NumberOf, every: int) -> None:
    frames, _ = read(write_clip("clip.mp4", IRREGULAR), every=every)
    wanted = list(range(0, len(IRREGULAR), every))
    assert [frame.index for frame in frames] == wanted
    assert [number_of(frame.image) for frame in frames] == wanted
    assert [frame.timestamp for frame in frames] == [IRREGULAR[index] / 1000 for index in wanted]


@pytest.mark.parametrize("threads", ["auto", 1, 2])
def test_threads_change_nothing(write_clip: WriteClip, threads: int | str) -> None:
    path = write_clip("clip.mp4", range(0, 4000, 40), b_frames=2)
    expected, _ = read(path, threads=1)
    frames, _ = read(path, threads=threads)
    assert len(frames) == 100
    assert all(np.array_equal(a.image, b.image) for a, b in zip(frames, expected, strict=True))


def patch_matrix(path: Path, matrix: tuple[int, ...]) -> None:
    """Write a display matrix (a, b, c, d) into the track header of an MP4."""
    data = bytearray(path.read_bytes())
    place = data.find(b"tkhd") + 4 + 40
    a, b, c, d = (value * 0x10000 for value in matrix)
    for offset, value in enumerate([a, b, 0, c, d, 0, 0, 0, 0x40000000]):
        data[place + 4 * offset : place + 4 * offset + 4] = value.to_bytes(4, "big", signed=True)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("matrix", "turn"),
    [
        ((1, 0, 0, 1), lambda image: image),
        ((0, 1, -1, 0), lambda image: np.rot90(image, -1)),  # a phone held upright: a quarter turn clockwise
        ((-1, 0, 0, -1), lambda image: np.rot90(image, 2)),
        ((0, -1, 1, 0), lambda image: np.rot90(image, 1)),
        ((-1, 0, 0, 1), np.fliplr),
        ((1, 0, 0, -1), np.flipud),
    ],
)
def test_rotated_container(
    write_clip: WriteClip, scene: np.ndarray, matrix: tuple[int, ...], turn: Callable[[np.ndarray], np.ndarray]
) -> None:
    path = write_clip("phone.mp4", (0, 40), picture=lambda _: scene, options={"crf": "4"}, pixel_format="yuv444p")
    patch_matrix(path, matrix)
    frames, reader = read(path)
    expected = turn(scene)
    assert (reader.height, reader.width) == expected.shape[:2]
    assert frames[0].image.flags.c_contiguous
    assert np.abs(frames[0].image.astype(int) - expected).mean() < 4


@pytest.mark.parametrize("matrix", [1, 5])  # BT.709, BT.601
@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv444p", "yuv420p10le"])
def test_color(write_clip: WriteClip, pixel_format: str, full_range: bool, matrix: int) -> None:
    flat = np.full((48, 64, 3), (200, 60, 30), np.uint8)
    color = {"colorspace": matrix, "color_range": 2 if full_range else 1}
    options = {"crf": "4", "qp": "4"}
    path = write_clip("c.mkv", (0, 40), picture=lambda _: flat, options=options, pixel_format=pixel_format, color=color)
    frames, _ = read(path)
    assert np.abs(frames[0].image.astype(int) - flat).max() <= 4


def test_without_timestamps_they_are_filled_and_counted(write_clip: WriteClip, remux: Callable[..., Path]) -> None:
    path = remux(write_clip("clip.mp4"), "raw.h264")
    frames, reader = read(path)
    steps = np.diff([frame.timestamp for frame in frames])
    assert reader.filled_timestamps == len(frames) == 10
    assert reader.average_rate is not None
    assert steps == pytest.approx([1 / reader.average_rate] * 9)


def test_animated_gif_over_white(tmp_path: Path) -> None:
    pictures = []
    for shade in (10, 120, 220):
        picture = np.full((20, 30, 4), (shade, shade, shade, 255), np.uint8)
        picture[:10, :10, 3] = 0
        pictures.append(Image.fromarray(picture))
    path = tmp_path / "moving.gif"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=[100, 250, 50], disposal=2)
    frames, reader = read(path)
    assert [frame.timestamp for frame in frames] == pytest.approx([0, 0.1, 0.35])
    assert [int(frame.image[15, 15, 0]) for frame in frames] == [10, 120, 220]
    assert all(frame.image[5, 5].tolist() == [255, 255, 255] for frame in frames)
    assert reader.codec == "gif"


@pytest.mark.parametrize("suffix", ["gif", "png"])
def test_one_frame_gif_and_animated_png(tmp_path: Path, scene: np.ndarray, suffix: str) -> None:
    path = tmp_path / f"picture.{suffix}"
    first = Image.fromarray(scene)
    first.save(path, save_all=True, append_images=[first.rotate(180)] if suffix == "png" else [], duration=80)
    frames, _ = read(path)
    assert [frame.timestamp for frame in frames] == ([0.0] if suffix == "gif" else [0.0, pytest.approx(0.08)])
    if suffix == "png":
        np.testing.assert_array_equal(frames[0].image, scene)


def test_size_changes_midway(write_clip: WriteClip, tmp_path: Path) -> None:
    small, large = write_clip("small.ts", size=(48, 64)), write_clip("large.ts", size=(96, 128))
    joined = tmp_path / "joined.ts"
    joined.write_bytes(small.read_bytes() + large.read_bytes())
    frames, reader = read(joined)
    assert [frame.image.shape for frame in frames] == [(48, 64, 3)] * 10 + [(96, 128, 3)] * 10
    assert (reader.width, reader.height) == (64, 48)


def test_joined_in_the_middle(write_clip: WriteClip, remux: Callable[..., Path], number_of: NumberOf) -> None:
    """A recorded broadcast begins anywhere; the first whole picture is the next key frame."""
    whole = write_clip("whole.mp4", options={"g": "6", "sc_threshold": "0"})
    frames, reader = read(remux(whole, "joined.ts", skip=2))
    assert [number_of(frame.image) for frame in frames] == [6, 7, 8, 9]
    assert reader.skipped_packets == 4


@pytest.mark.parametrize("name", ["tone.wav", "tone.mp4"])
def test_sound_only(sound_only: Callable[[str], Path], name: str) -> None:
    with pytest.raises(MediaError, match=r"no video stream.*only sound"), VideoReader(sound_only(name)):
        pass


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"a text that was renamed\n" * 100, "not a video of any known format"),
        (b"#EXTM3U\n#EXTINF:10,\nhttp://localhost/a.ts\n", "not a video"),
        (b"ffconcat version 1.0\nfile other.mp4\n", "not a video"),
        (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2", "cannot be opened"),
        (b"\xff\xd8\xff\xe0" + bytes(500), "JPEG"),
    ],
)
def test_refused_content(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(MediaError, match=reason) as caught, VideoReader(path):
        pass
    assert str(caught.value).startswith(f"{path}: ")


def test_missing_and_folder(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "none.mp4", "no such file"), (tmp_path, "folder")):
        with pytest.raises(MediaError, match=reason), VideoReader(path):
            pass


def noise(index: int) -> np.ndarray:
    return np.random.default_rng(index).integers(0, 255, (48, 64, 3), dtype=np.uint8)


def test_truncated_before_the_index(write_clip: WriteClip) -> None:
    path = write_clip("clip.mp4", picture=noise)
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(MediaError, match=r"cut off: [0-9]+ bytes are missing"), VideoReader(path):
        pass


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.avi", "clip.ts"])
def test_truncated_yields_what_is_there_then_raises(write_clip: WriteClip, name: str) -> None:
    options = {"movflags": "faststart"} if name.endswith("mp4") else {}
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    time_base = Fraction(1, 25) if name.endswith("avi") else Fraction(1, 1000)
    times = range(60) if name.endswith("avi") else range(0, 2400, 40)
    path = write_clip(name, times, picture=noise, container_options=options, codec=codec, time_base=time_base)
    whole, _ = read(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    frames, message = read_until_error(path)
    assert 25 <= len(frames) < 40
    assert [frame.timestamp for frame in frames] == [frame.timestamp for frame in whole[: len(frames)]]
    same = [np.array_equal(a.image, b.image) for a, b in zip(frames, whole, strict=False)]
    assert all(same[:-1])  # a cut-off MPEG-TS packet looks whole to the decoder
    assert f"{len(frames)} frames were read, up to {frames[-1].timestamp:.3f} s" in message


@pytest.mark.parametrize("garbage", ["random", "zeros"])
@pytest.mark.parametrize("threads", ["auto", 1])
def test_damage_in_the_middle(write_clip: WriteClip, garbage: str, threads: int | str) -> None:
    path = write_clip("clip.mp4", range(0, 4000, 40), picture=noise, b_frames=2)
    whole, _ = read(path)
    data = bytearray(path.read_bytes())
    middle, length = len(data) // 2, len(data) // 20
    random = np.random.default_rng(3).integers(0, 255, length, dtype=np.uint8).tobytes()
    data[middle : middle + length] = random if garbage == "random" else bytes(length)
    path.write_bytes(data)
    frames: list[Frame] = []
    message = r"damaged.*frames were read, up to"
    with pytest.raises(MediaError, match=message) as caught, VideoReader(path, threads=threads) as reader:
        frames.extend(reader)
    assert 40 <= len(frames) < 55
    assert [frame.timestamp for frame in frames] == [frame.timestamp for frame in whole[: len(frames)]]
    same = [np.array_equal(a.image, b.image) for a, b in zip(frames, whole, strict=False)]
    assert all(same[:-1])  # a packet whose end is garbage may still decode
    assert f"{len(frames)} frames" in str(caught.value)


def test_damage_in_the_last_packets_is_not_swallowed(write_clip: WriteClip) -> None:
    """FFmpeg's frame threads drop the errors of the pictures they hold when the stream ends."""
    path = write_clip("clip.mp4", range(0, 800, 40), picture=noise, container_options={"movflags": "faststart"})
    data = bytearray(path.read_bytes())
    data[-4000:-100] = bytes(3900)
    path.write_bytes(data)
    frames, message = read_until_error(path)
    assert 10 <= len(frames) < 20
    assert "damaged" in message


def test_missing_bytes_of_whole_files_is_zero(write_clip: WriteClip, remux: Callable[..., Path]) -> None:
    clips = [write_clip(f"clip.{suffix}", picture=noise) for suffix in ("mp4", "mkv", "ts")]
    avi = write_clip("clip.avi", range(10), codec="mpeg4", time_base=Fraction(1, 25))
    fragmented = remux(clips[0], "fragmented.mp4", movflags="frag_keyframe+empty_moov")
    for path in (*clips, avi, fragmented):
        assert missing_bytes(path) == 0
        path.write_bytes(path.read_bytes()[:-700])
        assert (missing_bytes(path) > 0) == (path.suffix != ".ts")  # MPEG-TS states no length


def test_huge_frames_are_refused(write_clip: WriteClip, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_clip("clip.mp4")
    monkeypatch.setattr("actionunits.media.decoding.MAX_PIXELS", 64 * 48 - 1)
    with pytest.raises(MediaError, match="64 x 48 pixels are more"), VideoReader(path):
        pass


def test_used_wrongly(write_clip: WriteClip) -> None:
    path = write_clip("clip.mp4")
    for options in ({"every": 0}, {"threads": 0}):
        with pytest.raises(UsageError, match="starts at 1"):
            VideoReader(path, **options)
    reader = VideoReader(path)
    with pytest.raises(UsageError, match="with block"):
        next(reader)
    with pytest.raises(UsageError, match="not been opened"):
        _ = reader.width
    with reader:
        assert len(list(reader)) == 10
        assert list(reader) == []
    with pytest.raises(UsageError, match="with block"):
        next(reader)
    with pytest.raises(UsageError, match="used before"), reader:
        pass


def test_frames_do_not_wait_for_the_garbage_collector(write_clip: WriteClip) -> None:
    """PyAV's side data keeps a frame in a reference cycle; read for every frame, memory would grow with the video."""
    path = write_clip("clip.mp4", range(0, 1200, 40))
    gc.collect()
    gc.disable()
    try:
        with VideoReader(path) as reader:
            count = sum(1 for _ in reader)
            alive = sum(type(thing).__name__ == "VideoFrame" for thing in gc.get_objects())
    finally:
        gc.enable()
    assert count >= 20
    assert alive <= 4
