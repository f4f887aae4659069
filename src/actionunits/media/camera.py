"""Frames from a webcam, timed by a monotonic clock."""

import time
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2

from actionunits.errors import MediaError, UsageError
from actionunits.media.frame import Frame

_CAMERA_ADVICE = "Check that it is plugged in, that no other program uses it, and that this program may use cameras"
_FILE_ADVICE = "Check the path and that it is a video"


class Camera:
    """A camera; a context manager and an iterator of `Frame`, usable once.

    Args:
        device: the camera's number (0 is the first; "0" means the same), or a device path or stream address that OpenCV
            opens. A video file's path stands in for a camera, for trying things out.
        seconds: stop once a frame is this old or older; None goes on until the camera or the caller stops.
        paced: for a video file, deliver its frames at its own rate instead of as fast as they are asked for.

    A frame's ``timestamp`` is seconds since the first frame on a monotonic clock, taken when the frame arrived.

    Raises:
        UsageError: a negative ``seconds``, or iteration outside the ``with`` block.
        MediaError: the camera cannot be opened, gives no picture, or stops giving them.
    """

    def __init__(self, device: int | str, *, seconds: float | None = None, paced: bool = False) -> None:
        if seconds is not None and not seconds >= 0:
            raise UsageError(f"seconds={seconds}", "it is not a length of time", "Use 0 or more, or leave it out")
        self._source = str(device)
        self._is_file = isinstance(device, str) and Path(device).is_file()
        named_by_number = isinstance(device, str) and device.isdecimal() and not self._is_file
        self._device = int(device) if named_by_number else device
        self._seconds = seconds
        self._paced = paced and self._is_file
        self._capture: cv2.VideoCapture | None = None
        self._first: float | None = None
        self._interval = 0.0
        self._count = 0

    def __enter__(self) -> Self:
        try:
            capture = cv2.VideoCapture(self._device)
        except cv2.error as error:
            raise self._failure("it cannot be opened") from error
        if not capture.isOpened():
            capture.release()
            raise self._failure("it cannot be opened")
        rate = capture.get(cv2.CAP_PROP_FPS)
        self._interval = 1 / rate if self._paced and rate > 0 else 0.0
        self._capture = capture
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the camera; called on leaving the ``with`` block, and harmless twice."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Frame:
        if self._capture is None:
            raise UsageError(self._source, "the camera is not open", "Iterate inside its with block")
        if self._first is not None and self._interval:
            time.sleep(max(0.0, self._first + self._count * self._interval - time.monotonic()))
        arrived, image = self._capture.read()
        now = time.monotonic()
        if not arrived or image is None:
            if self._is_file and self._count:
                raise StopIteration
            gave = f"it stopped after {self._count} frames" if self._count else "it was opened but gives no picture"
            raise self._failure(gave)
        if self._first is None:
            self._first = now
        timestamp = now - self._first
        if self._seconds is not None and timestamp >= self._seconds:
            raise StopIteration
        index, self._count = self._count, self._count + 1
        if image.ndim == 2:
            image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
        return Frame(self._source, index, timestamp, cv2.cvtColor(image, cv2.COLOR_BGR2RGB))

    def _failure(self, reason: str) -> MediaError:
        subject = f"camera {self._source}" if isinstance(self._device, int) else self._source
        is_camera = isinstance(self._device, int) or self._device.startswith("/dev/")
        return MediaError(subject, reason, _CAMERA_ADVICE if is_camera else _FILE_ADVICE)
