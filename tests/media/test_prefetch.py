"""Running ahead: same items, bounded, and never a thread left behind."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from actionunits.errors import MediaError, UsageError
from actionunits.media import VideoReader, prefetch


def prefetch_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "actionunits-prefetch"]


def test_prefetch_gives_the_same_frames(write_clip: Callable[..., Path]) -> None:
    path = write_clip("clip.mp4")
    with VideoReader(path) as reader:
        expected = list(reader)
    with VideoReader(path) as reader:
        frames = list(prefetch(reader, depth=2))
    assert [frame.timestamp for frame in frames] == [frame.timestamp for frame in expected]
    assert prefetch_threads() == []


def test_prefetch_runs_ahead_but_not_far() -> None:
    made: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(1, 101):
            made.append(number)
            yield number

    ahead = prefetch(numbers(), depth=3)
    assert made == []
    assert next(ahead) == 1
    deadline = time.monotonic() + 5
    while len(made) < 5 and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.05)
    assert len(made) == 5  # one taken, three waiting, one in the thread's hand
    assert list(ahead) == list(range(2, 101))


def test_prefetch_raises_in_its_place() -> None:
    def failing() -> Iterator[int]:
        yield from range(3)
        raise MediaError("clip.mp4", "it is damaged", "Repair it")

    seen: list[int] = []
    with pytest.raises(MediaError, match="damaged"):
        seen.extend(prefetch(failing()))
    assert prefetch_threads() == []
    collected = []
    with pytest.raises(MediaError, match="damaged"):  # noqa: PT012
        for item in prefetch(failing(), depth=1):
            collected.append(item)  # noqa: PERF402 - extend would lose them
    assert collected == [0, 1, 2]


@pytest.mark.parametrize("leave", ["close", "break", "raise"])
def test_prefetch_stops_when_its_consumer_does(leave: str) -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            number = 0
            while True:
                yield (number := number + 1)
        finally:
            closed.set()

    def consume() -> None:
        for _ in prefetch(endless(), depth=2):
            if leave == "raise":
                raise ValueError("consumer failed")
            break

    if leave == "close":
        ahead = prefetch(endless(), depth=2)
        next(ahead)
        ahead.close()
    elif leave == "break":
        consume()
    else:
        with pytest.raises(ValueError, match="consumer failed"):
            consume()
    assert closed.wait(5)
    assert prefetch_threads() == []


def test_reader_may_close_under_a_waiting_prefetch(write_clip: Callable[..., Path]) -> None:
    path = write_clip("clip.mp4", range(0, 4000, 40))
    with VideoReader(path) as reader:
        ahead = prefetch(reader, depth=1)
        next(ahead)
    with pytest.raises(UsageError, match="with block"):
        list(ahead)
    assert prefetch_threads() == []


def test_prefetch_depth() -> None:
    with pytest.raises(UsageError, match="depth=0"):
        prefetch([], depth=0)
