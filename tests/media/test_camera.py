"""The camera, a file standing in for it."""

import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from actionunits.errors import MediaError, UsageError
from actionunits.media import Camera


@pytest.fixture
def clip(write_clip: Callable[..., Path]) -> str:
    return str(write_clip("clip.mp4"))


def test_file_as_camera(clip: str, number_of: Callable[[np.ndarray], int]) -> None:
    with Camera(clip) as camera:
        frames = list(camera)
    assert [frame.index for frame in frames] == list(range(10))
    assert [number_of(frame.image) for frame in frames] == list(range(10))
    assert frames[0].timestamp == 0
    assert (np.diff([frame.timestamp for frame in frames]) > 0).all()
    assert all(frame.image.flags.c_contiguous and frame.source == clip for frame in frames)


def test_channels_are_rgb(write_clip: Callable[..., Path]) -> None:
    red = np.full((48, 64, 3), (200, 60, 30), np.uint8)
    with Camera(str(write_clip("red.mp4", (0, 40), picture=lambda _: red))) as camera:
        assert np.abs(next(camera).image.astype(int) - red).max() < 20


def test_paced(clip: str) -> None:
    start = time.monotonic()
    with Camera(clip, paced=True) as camera:
        frames = list(camera)
    assert time.monotonic() - start >= 9 * 0.04 * 0.9
    assert [frame.timestamp for frame in frames] == pytest.approx([index * 0.04 for index in range(10)], abs=0.035)


@pytest.mark.parametrize(("seconds", "least", "most"), [(0.0, 0, 0), (0.1, 1, 4), (60.0, 10, 10)])
def test_seconds(clip: str, seconds: float, least: int, most: int) -> None:
    with Camera(clip, seconds=seconds, paced=True) as camera:
        frames = list(camera)
    assert least <= len(frames) <= most
    assert all(frame.timestamp < seconds for frame in frames)


@pytest.mark.parametrize("device", [97, "97", "no-such-file.mp4"])
def test_cannot_be_opened(device: int | str) -> None:
    with pytest.raises(MediaError, match=r"97: it cannot be opened\. Check|mp4: it cannot be opened\. Check"):
        Camera(device).__enter__()


class FakeCapture:
    """A webcam that gives ``left`` grey pictures and is then unplugged."""

    left = 3
    released = 0

    def __init__(self, device: int) -> None:
        self.device = device

    def isOpened(self) -> bool:
        return True

    def get(self, _: int) -> float:
        return 30.0

    def read(self) -> tuple[bool, np.ndarray | None]:
        if self.left == 0:
            return False, None
        self.left -= 1
        return True, np.full((4, 6), 9, np.uint8)

    def release(self) -> None:
        FakeCapture.released += 1


@pytest.mark.parametrize(("left", "reason"), [(3, "stopped after 3 frames"), (0, "gives no picture")])
def test_unplugged(monkeypatch: pytest.MonkeyPatch, left: int, reason: str) -> None:
    monkeypatch.setattr(cv2, "VideoCapture", FakeCapture)
    monkeypatch.setattr(FakeCapture, "left", left)
    monkeypatch.setattr(FakeCapture, "released", 0)
    frames = []
    with pytest.raises(MediaError, match=rf"^camera 0: .*{reason}.*plugged in"), Camera("0") as camera:
        frames.extend(camera)
    assert FakeCapture.released == 1
    monkeypatch.setattr(FakeCapture, "left", 1)
    with Camera(0) as camera:
        assert next(camera).image.shape == (4, 6, 3)
    assert FakeCapture.released == 2
    camera.close()
    assert FakeCapture.released == 2


def test_used_wrongly(clip: str) -> None:
    with pytest.raises(UsageError, match="length of time"):
        Camera(clip, seconds=-1)
    camera = Camera(clip)
    with pytest.raises(UsageError, match="with block"):
        next(camera)
