"""Live analysis over a WebSocket: JPEG frames in, rows out; a client that sends faster than is analysed loses frames.

A message to the service is the frame's time in the client's seconds (8 bytes, a big-endian float64) and a JPEG
picture. It answers with JSON messages, each with a ``type``:

- ``ready``, once: the model and its action units;
- ``frame``: the rows of one frame, the time the client gave it, and how many frames were dropped so far;
- ``problem``: what was wrong with a frame, or why the stream ends.
"""

from __future__ import annotations

import asyncio
import math
import struct
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Thread
from typing import Any

import pyarrow as pa
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from actionunits.analyzer import Analyzer
from actionunits.errors import ActionUnitsError, MediaError
from actionunits.media import Frame
from actionunits.media.images import decode_image
from actionunits.media.signatures import identify
from actionunits.results import RowCollector, columns
from actionunits.results.schema import arrow_schema
from actionunits.service.analyzers import Analyzers, Options
from actionunits.service.answers import points_of, rows_of
from actionunits.service.problems import Problem, ProblemError, problem_of
from actionunits.service.settings import Limits

SOURCE = "stream"
_TIME = struct.Struct(">d")
_SEND_SECONDS = 20.0
_MOST_PROBLEMS = 20
_TRY_LATER, _POLICY, _INTERNAL, _GOING_AWAY = 1013, 1008, 1011, 1001


@dataclass(frozen=True, slots=True)
class Waiting:
    """A frame that came in: its number among all that came, the client's time, and the JPEG."""

    number: int
    timestamp: float
    jpeg: bytes


class Inbox:
    """Frames that wait to be analysed: room for few, and the oldest goes when another comes.

    Args:
        room: how many may wait.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._waiting: deque[Waiting] = deque()
        self._changed = Condition()
        self._closed = False
        self.dropped = 0

    def put(self, frame: Waiting) -> None:
        """Add a frame; never waits."""
        with self._changed:
            if len(self._waiting) >= self._room:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append(frame)
            self._changed.notify_all()

    def close(self) -> None:
        """No more frames; those that wait are let go."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[Waiting]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                frame = self._waiting.popleft()
            yield frame


class Streams:
    """Live streams, so many at a time, each with a tracker of its own.

    Args:
        analyzers: the networks.
        limits: how many, how large, how long.
    """

    def __init__(self, analyzers: Analyzers, limits: Limits) -> None:
        self._analyzers, self._limits = analyzers, limits
        self.open = 0
        self.frames = self.dropped = 0  # ever
        self._closing = asyncio.Event()

    def close(self) -> None:
        """End all streams."""
        self._closing.set()

    async def serve(self, socket: WebSocket, options: Options, *, landmarks: bool) -> None:
        """Serve one connection to its end."""
        await socket.accept()
        try:
            self._analyzers.checked(options)
        except ProblemError as error:
            await _end(socket, error.problem, _POLICY)
            return
        if self.open >= self._limits.streams:
            reason = f"{self.open} are open already"
            problem = Problem(status=429, subject="streams", reason=reason, next_step="Try again later")
            await _end(socket, problem, _TRY_LATER)
            return
        inbox = Inbox(self._limits.stream_waiting)
        stream = _Stream(socket, inbox, self._analyzers, options, self._limits, landmarks)
        self.open += 1
        stream.ended.add_done_callback(lambda ended: self._count(stream, inbox))
        stream.start(asyncio.get_running_loop())
        try:
            await self._converse(socket, stream)
        finally:
            inbox.close()  # the thread ends, and is counted then, even if nobody waits here any more
            await asyncio.wait({stream.ended}, timeout=_SEND_SECONDS)

    def _count(self, stream: _Stream, inbox: Inbox) -> None:
        self.open -= 1
        self.frames += stream.frames
        self.dropped += inbox.dropped

    async def _converse(self, socket: WebSocket, stream: _Stream) -> None:
        closing_ = asyncio.create_task(self._closing.wait())
        try:
            while stream.failed is None:
                incoming = asyncio.create_task(socket.receive())
                waited: set[asyncio.Future[Any]] = {incoming, closing_, stream.ended}
                await asyncio.wait(waited, timeout=self._limits.stream_pause_seconds, return_when="FIRST_COMPLETED")
                if not incoming.done():
                    incoming.cancel()
                    if stream.ended.done():
                        break
                    why = "is being ended" if closing_.done() else "sent nothing for too long"
                    subject = "the service" if closing_.done() else "the stream"
                    problem = Problem(status=408, subject=subject, reason=why, next_step="Connect again")
                    await _end(socket, problem, _GOING_AWAY)
                    return
                message = incoming.result()
                if message["type"] == "websocket.disconnect":
                    return
                await stream.take(message.get("bytes"))
        except (WebSocketDisconnect, RuntimeError):  # gone while something was sent
            return
        finally:
            closing_.cancel()
        if stream.failed is not None:
            await _end(socket, stream.failed, _POLICY if stream.failed.status < 500 else _INTERNAL)


class _Stream:
    """One connection: frames go to a thread that analyses, whose rows are sent as they come."""

    def __init__(
        self,
        socket: WebSocket,
        inbox: Inbox,
        analyzers: Analyzers,
        options: Options,
        limits: Limits,
        landmarks: bool,
    ) -> None:
        self._socket, self._inbox, self._analyzers, self._options = socket, inbox, analyzers, options
        self._limits, self._landmarks = limits, landmarks
        self._thread = Thread(target=self._run, name="actionunits-stream", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._received = self._problems = 0
        self._last = -math.inf
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.failed: Problem | None = None
        self.frames = 0

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to analyse."""
        self._loop = loop
        self._thread.start()

    async def take(self, data: bytes | None) -> None:
        """Take in one message."""
        number, self._received = self._received, self._received + 1
        reason = self._fault(data)
        if data is None or reason is not None:
            await self._complain(number, reason or "is no binary message")
            return
        (self._last,) = _TIME.unpack_from(data)
        self._inbox.put(Waiting(number, self._last, data[_TIME.size :]))

    def _fault(self, data: bytes | None) -> str | None:
        if data is None or len(data) <= _TIME.size:
            return "is not 8 bytes of time and a JPEG picture"
        if len(data) > self._limits.stream_bytes:
            return f"has {len(data):,} bytes, and {self._limits.stream_bytes:,} are taken"
        (timestamp,) = _TIME.unpack_from(data)
        if not math.isfinite(timestamp) or timestamp < self._last:
            return "has a time that is no number, or before the last frame's"
        signature = identify(data[_TIME.size : _TIME.size + 64])
        if signature is None or signature.format != "JPEG":
            return "is no JPEG picture"
        return None

    async def _complain(self, number: int, reason: str, status: int = 422) -> None:
        self._problems += 1
        step = "Send 8 bytes of time (big-endian float64, seconds) and a JPEG picture"
        problem = Problem(status=status, subject=f"frame {number}", reason=reason, next_step=step)
        if self._problems >= _MOST_PROBLEMS:
            self.failed = problem
            return
        await self._socket.send_json({"type": "problem", "error": problem.model_dump()})

    def _run(self) -> None:
        """The thread: decode, track, score, send."""
        try:
            with self._analyzers.lent(self._options) as analyzer:
                ready = {"type": "ready", "model": analyzer.card.name, "aus": list(analyzer.aus.columns)}
                self._send(ready)
                self._analyse(analyzer)
        except ProblemError as error:
            self.failed = error.problem
        except ActionUnitsError as error:
            self.failed = problem_of(error)
        except (FutureTimeoutError, RuntimeError, WebSocketDisconnect, asyncio.CancelledError):
            pass  # the client is gone, or takes nothing in
        finally:
            self._tell_end()

    def _analyse(self, analyzer: Analyzer) -> None:
        with closing(analyzer.stream(self._decoded())) as results:  # type: ignore[type-var]  # a generator
            schema = arrow_schema(analyzer.aus, sides=analyzer.sides)
            shown = columns(analyzer.aus, sides=analyzer.sides)
            for result in results:
                collector = RowCollector(analyzer.aus, sides=analyzer.sides)
                collector.add(result)
                batch = collector.take()
                height, width = result.image.shape[:2]
                answer: dict[str, Any] = {
                    "type": "frame",
                    "frame": result.frame,
                    "timestamp": result.timestamp,
                    "dropped": self._inbox.dropped,
                    "width": width,
                    "height": height,
                    "rows": rows_of(pa.Table.from_batches([batch] if batch else [], schema), shown),
                }
                if self._landmarks:
                    answer["faces"] = [face.model_dump() for face in points_of(result)]
                self.frames += 1
                self._send(answer)

    def _decoded(self) -> Iterator[Frame]:
        for waiting in self._inbox:
            name = f"frame {waiting.number}"
            try:
                image = decode_image(waiting.jpeg, Path(name), max_pixels=self._limits.pixels)
            except MediaError as error:
                self._call(self._complain(waiting.number, error.reason))
                continue
            yield Frame(SOURCE, waiting.number, waiting.timestamp, image)

    def _send(self, answer: dict[str, Any]) -> None:
        self._call(self._socket.send_json(answer))

    def _call(self, coroutine: Any) -> None:
        """Let the event loop do something, and wait for it: a client that takes nothing in makes frames wait."""
        if self._loop is None or self._loop.is_closed():
            coroutine.close()
            raise RuntimeError("the event loop has ended")
        done: Future[Any] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        done.result(_SEND_SECONDS)

    def _tell_end(self) -> None:
        def tell() -> None:
            if not self.ended.done():
                self.ended.set_result(None)

        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(tell)


async def _end(socket: WebSocket, problem: Problem, code: int) -> None:
    """Say why, and close."""
    if socket.application_state != WebSocketState.CONNECTED:
        return
    try:
        await socket.send_json({"type": "problem", "error": problem.model_dump()})
        await socket.close(code, problem.reason[:120])
    except (RuntimeError, WebSocketDisconnect):
        return
