"""Live streams: rows of frames, dropped frames, mistakes, limits."""

import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from actionunits.analyzer import Analyzer
from actionunits.media import Frame, VideoReader
from actionunits.media.images import decode_image
from actionunits.samples import SAMPLE_CLIP
from actionunits.service import Limits
from actionunits.service.stream import Inbox, Waiting


@pytest.fixture(scope="module")
def jpegs() -> list[tuple[float, bytes]]:
    """Ten frames of the sample clip with their times."""
    with VideoReader(SAMPLE_CLIP, every=12) as reader:
        return [(frame.timestamp, cv2.imencode(".jpg", frame.image[..., ::-1])[1].tobytes()) for frame in reader][:10]


def message(time: float, jpeg: bytes) -> bytes:
    return struct.pack(">d", time) + jpeg


def test_rows_are_the_library_s(client: Any, analyzer: Analyzer, jpegs: list[tuple[float, bytes]]) -> None:
    frames = [Frame("stream", k, time, decode_image(jpeg, Path("x"))) for k, (time, jpeg) in enumerate(jpegs)]
    expected = list(analyzer.stream(frames))
    with client.websocket_connect("/v1/stream?landmarks=true") as socket:
        ready = socket.receive_json()
        assert (ready["type"], ready["model"], ready["aus"]) == ("ready", "detector", list(analyzer.aus.columns))
        for number, (time, jpeg) in enumerate(jpegs):
            socket.send_bytes(message(time, jpeg))
            answer = socket.receive_json()
            assert (answer["type"], answer["frame"], answer["dropped"]) == ("frame", number, 0)
            assert answer["timestamp"] == time
            (row,), (face,) = answer["rows"], expected[number].faces
            assert row["AU12_r"] == pytest.approx(face.intensity[analyzer.aus.index(12)], abs=5e-4)
            assert row["AU12_p"] == pytest.approx(face.probability[analyzer.aus.index(12)], abs=5e-5)
            assert row["face_id"] == face.face.face_id
            np.testing.assert_allclose(answer["faces"][0]["landmarks"], face.face.landmarks, atol=0.051)


def test_the_oldest_waiting_frame_is_dropped() -> None:
    inbox = Inbox(2)
    for number in range(5):
        inbox.put(Waiting(number, float(number), b""))
    frames = iter(inbox)
    assert [next(frames).number, next(frames).number] == [3, 4]
    assert inbox.dropped == 3
    inbox.put(Waiting(5, 5.0, b""))
    inbox.close()
    assert list(frames) == []


def test_a_client_that_is_too_fast_gets_the_newest_frames(client: Any, jpegs: list[tuple[float, bytes]]) -> None:
    count = 60
    with client.websocket_connect("/v1/stream") as socket:
        socket.receive_json()
        for number in range(count):
            socket.send_bytes(message(number / 10, jpegs[number % 10][1]))
        numbers = []
        while not numbers or numbers[-1] < count - 1:
            answer = socket.receive_json()
            numbers.append(answer["frame"])
        assert numbers == sorted(set(numbers))
        assert answer["dropped"] == count - len(numbers)
        assert answer["timestamp"] == pytest.approx((count - 1) / 10)


@pytest.mark.parametrize(
    "sent",
    [b"", b"short", struct.pack(">d", 1) + b"no jpeg", struct.pack(">d", float("nan")) + b"\xff\xd8\xff", "text",
     struct.pack(">d", 1) + b"\x89PNG\r\n\x1a\n" + b"\0" * 40, struct.pack(">d", 1) + b"\xff\xd8\xff" + b"\0" * 40],
)  # fmt: skip
def test_a_mistake_is_told_and_the_stream_goes_on(client: Any, jpegs: list[tuple[float, bytes]], sent: Any) -> None:
    with client.websocket_connect("/v1/stream") as socket:
        socket.receive_json()
        socket.send_text(sent) if isinstance(sent, str) else socket.send_bytes(sent)
        told = socket.receive_json()
        assert told["type"] == "problem"
        assert told["error"]["subject"] == "frame 0"
        socket.send_bytes(message(2.0, jpegs[0][1]))
        assert socket.receive_json()["type"] == "frame"


def test_times_may_not_fall(client: Any, jpegs: list[tuple[float, bytes]]) -> None:
    with client.websocket_connect("/v1/stream") as socket:
        socket.receive_json()
        socket.send_bytes(message(2.0, jpegs[0][1]))
        assert socket.receive_json()["type"] == "frame"
        socket.send_bytes(message(1.0, jpegs[1][1]))
        assert "before" in socket.receive_json()["error"]["reason"]


def test_who_makes_too_many_mistakes_is_let_go(client: Any) -> None:
    with client.websocket_connect("/v1/stream") as socket:
        socket.receive_json()
        for _ in range(20):
            socket.send_bytes(b"nonsense and more")
            answer = socket.receive_json()
            assert answer["type"] == "problem"
        closed = socket.receive()
        assert closed["type"] == "websocket.close"
        assert closed["code"] == 1008


@pytest.mark.parametrize("query", ["model=nobody", "model=geometry&sides=true"])
def test_impossible_wishes_end_it(client: Any, query: str) -> None:
    with client.websocket_connect(f"/v1/stream?{query}") as socket:
        assert socket.receive_json()["error"]["status"] == 422
        assert socket.receive()["code"] == 1008


def test_no_more_streams_than_there_may_be(in_process: Callable[..., Any], jpegs: list[tuple[float, bytes]]) -> None:
    with in_process(Limits(streams=1)) as client:
        with client.websocket_connect("/v1/stream") as first:
            assert first.receive_json()["type"] == "ready"
            with client.websocket_connect("/v1/stream") as second:
                assert second.receive_json()["error"]["status"] == 429
                assert second.receive()["code"] == 1013
            first.send_bytes(message(0, jpegs[0][1]))
            assert first.receive_json()["type"] == "frame"
        ends = time.monotonic() + 10
        while client.house.streams.open:
            assert time.monotonic() < ends
            time.sleep(0.01)
        with client.websocket_connect("/v1/stream") as third:
            assert third.receive_json()["type"] == "ready"


def test_who_sends_nothing_is_let_go(in_process: Callable[..., Any]) -> None:
    with in_process(Limits(stream_pause_seconds=0.2)) as client, client.websocket_connect("/v1/stream") as socket:
        assert socket.receive_json()["type"] == "ready"
        assert socket.receive_json()["error"]["status"] == 408
        assert socket.receive()["code"] == 1001


def test_a_frame_with_too_many_pixels_is_refused(in_process: Callable[..., Any]) -> None:
    wide = cv2.imencode(".jpg", np.zeros((400, 400, 3), np.uint8))[1].tobytes()
    with in_process(Limits(pixels=100_000)) as client, client.websocket_connect("/v1/stream") as socket:
        socket.receive_json()
        socket.send_bytes(message(0, wide))
        assert "400 x 400" in socket.receive_json()["error"]["reason"]
