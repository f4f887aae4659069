"""Receiving one file as multipart/form-data: straight to a private folder, within limits of size and time.

The name a client gives is kept as text and never becomes a path.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from actionunits.results.schema import source_text
from actionunits.service.folder import PrivateFolder, remove
from actionunits.service.problems import ProblemError, too_many
from actionunits.service.settings import Limits

FIELD = "file"
_NAME_LENGTH = 1024
_OVERHEAD = 1 << 16  # bytes of boundaries and part headers around a file
_WRITE_AT_ONCE = 1 << 20
_DRAIN_BYTES, _DRAIN_SECONDS = 8 << 20, 2.0


@dataclass(frozen=True)
class Upload:
    """A received file.

    Attributes:
        folder: its own private folder.
        path: where it lies in there, under a name of ours.
        name: what the client calls it; text only.
        size: bytes.
    """

    folder: Path
    path: Path
    name: str
    size: int


@dataclass(frozen=True)
class Allowance:
    """How large one upload may be, bytes, and how long it may take, seconds."""

    size: int
    seconds: float
    pause: float


class Receiver:
    """Receives uploads, so many at a time and so many bytes on disk.

    Args:
        folder: where they go.
        limits: how much.
    """

    def __init__(self, folder: PrivateFolder, limits: Limits) -> None:
        self._folder = folder
        self._limits = limits
        self._receiving = 0
        self._counting = Lock()  # uploads are released by the threads that analyse
        self.held = 0  # bytes on disk
        self.received = 0  # bytes, ever

    def release(self, upload: Upload) -> None:
        """Delete an upload."""
        with self._counting:
            if upload.folder.exists():
                remove(upload.folder)
                self.held -= upload.size

    async def receive(self, request: Request, allowance: Allowance) -> Upload:
        """Receive the file of a request's field ``file``.

        Raises:
            ProblemError: 400 or 422 for what is no such form, 408 for one that takes too long, 413 for one that is too
                large, 415 for another kind of body, 429 where there is no room. Nothing stays on disk.
        """
        body = _Body(request)
        try:
            boundary = _boundary(request)
            self._check_room(request, allowance)
        except ProblemError as error:
            error.headers["Connection"] = "close"
            await body.drain()
            raise
        self._receiving += 1
        folder = self._folder.new_folder("upload")
        try:
            upload = await self._receive(body, boundary, folder, allowance)
        except BaseException as error:
            remove(folder)
            if isinstance(error, ProblemError):
                error.headers["Connection"] = "close"
                if error.problem.status != 408:
                    await body.drain()
            raise
        finally:
            self._receiving -= 1
        with self._counting:
            self.held += upload.size
        self.received += upload.size
        return upload

    def _check_room(self, request: Request, allowance: Allowance) -> None:
        length = request.headers.get("content-length", "0")
        stated = int(length) if length.isdecimal() and len(length) < 20 else 0
        if stated > allowance.size + _OVERHEAD:
            raise _too_large(stated, allowance.size)
        if self._receiving >= self._limits.uploads:
            raise too_many("uploads", f"{self._receiving} are being received already")
        if self.held + stated > self._limits.held_bytes:
            raise too_many("uploads", "those that wait to be analysed fill the room there is", seconds=60)

    async def _receive(self, body: _Body, boundary: bytes, folder: Path, allowance: Allowance) -> Upload:
        path = folder / "upload"
        with path.open("xb") as file:
            form = _Form(boundary, file, allowance.size)
            try:
                async with asyncio.timeout(allowance.seconds):
                    async for chunk in body.chunks(allowance.pause):
                        form.feed(chunk)
                        if form.waiting >= _WRITE_AT_ONCE:
                            await asyncio.to_thread(form.write)
                    await asyncio.to_thread(form.write)
            except TimeoutError as error:
                reason = (
                    f"its sending paused for over {allowance.pause:g} s, or took over {allowance.seconds:g} s in all"
                )
                raise ProblemError(408, "the upload", reason, "Send it again over a faster connection") from error
            except ClientDisconnect as error:
                raise ProblemError(400, "the upload", "was broken off", "Send it again") from error
            except OSError as error:
                raise ProblemError(507, "the upload", "finds no room on the disk", "Try again later") from error
        return Upload(folder, path, form.checked_name(), form.size)


class _Form:
    """A multipart form with one part, the file; fed piece by piece."""

    def __init__(self, boundary: bytes, file: BinaryIO, most: int) -> None:
        self._file, self._most = file, most
        self._parts = 0
        self._field, self._value = b"", b""
        self._disposition = b""
        self._ended = False
        self._chunks: list[bytes] = []
        self._problem: ProblemError | None = None
        self.waiting = self.size = 0
        self._name: str | None = None
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._on_field,
                    "on_header_value": self._on_value,
                    "on_header_end": self._on_header,
                    "on_headers_finished": self._on_headers,
                    "on_part_data": self._on_data,
                    "on_end": self._on_end,
                },
            )
        except FormParserError as error:
            raise _no_form(str(error)) from error

    def feed(self, chunk: bytes) -> None:
        """Take in a piece of the body."""
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise _no_form("its parts cannot be told apart") from error
        if self._problem is not None:
            raise self._problem

    def write(self) -> None:
        """Put what was taken in on disk."""
        chunks, self._chunks, self.waiting = self._chunks, [], 0
        self._file.writelines(chunks)
        self._file.flush()

    def checked_name(self) -> str:
        """The file's name, once all is there."""
        if self._name is None:
            raise ProblemError(422, FIELD, "the form has no such field", _HOW)
        if not self._ended:
            raise _no_form("its end is missing")
        if not self.size:
            raise ProblemError(422, self._name, "the file is empty (0 bytes)", "Send it again")
        return self._name

    def _begin(self) -> None:
        self._parts += 1
        self._disposition = self._field = self._value = b""

    def _on_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header(self) -> None:
        if self._field.lower() == b"content-disposition":
            self._disposition = self._value
        self._field = self._value = b""

    def _on_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        field = options.get(b"name", b"").decode("utf-8", "replace")
        if field != FIELD or self._parts > 1:
            said = f"has the field {field[:80]!r}" if field != FIELD else f"has the field {FIELD!r} twice"
            self._refuse(ProblemError(422, "the form", said, _HOW))
            return
        name = options.get(b"filename", b"").decode("utf-8", "backslashreplace")
        name = name.replace("%22", '"')  # as browsers write it
        try:
            self._name = checked_file_name(name)
        except ProblemError as error:
            self._refuse(error)

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._problem is not None:
            return
        self.size += end - start
        if self.size > self._most:
            self._refuse(_too_large(self.size, self._most))
            return
        self._chunks.append(data[start:end])
        self.waiting += end - start

    def _on_end(self) -> None:
        self._ended = True

    def _refuse(self, problem: ProblemError) -> None:
        self._problem = self._problem or problem


_HOW = f"Send multipart/form-data with one field {FIELD!r}, as in curl -F {FIELD}=@PATH"


def checked_file_name(name: str) -> str:
    """A file's name from outside, as text to show and to write into results.

    Raises:
        ProblemError: 422: it holds a path, or characters that no name has.
    """
    name = source_text(name)
    if not name:
        return "upload"
    if "/" in name or "\\" in name or name in (".", ".."):
        raise ProblemError(422, "filename", "holds a path", "Send the file's name alone")
    if not name.isprintable() or len(name) > _NAME_LENGTH:
        reason = f"holds characters that cannot be shown, or is longer than {_NAME_LENGTH}"
        raise ProblemError(422, "filename", reason, "Rename the file")
    return name


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data":
        raise ProblemError(415, "Content-Type", "is not multipart/form-data", _HOW)
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise ProblemError(400, "Content-Type", "states no boundary", _HOW)
    return boundary


def _no_form(reason: str) -> ProblemError:
    return ProblemError(400, "the body", f"is not a whole multipart form: {reason}", _HOW)


def _too_large(size: int, most: int) -> ProblemError:
    reason = f"has {'at least ' if size <= most + _OVERHEAD else ''}{size:,} bytes, and {most:,} are taken"
    return ProblemError(413, "the upload", reason, "Send a smaller file, or start the service with a higher limit")


class _Body:
    """A request's body, piece by piece."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._ended = False

    async def chunks(self, pause: float) -> AsyncIterator[bytes]:
        """The pieces; TimeoutError where the next one is too long in coming."""
        while not self._ended:
            async with asyncio.timeout(pause):
                chunk = await self._next()
            yield chunk

    async def drain(self) -> None:
        """Read on for a moment, so that a client that is still sending gets to see the answer."""
        taken = 0
        with suppress(TimeoutError, ClientDisconnect):
            async with asyncio.timeout(_DRAIN_SECONDS):
                while not self._ended and taken < _DRAIN_BYTES:
                    taken += len(await self._next())

    async def _next(self) -> bytes:
        message = await self._request.receive()
        if message["type"] != "http.request":
            self._ended = True
            raise ClientDisconnect
        self._ended = not message.get("more_body", False)
        return bytes(message.get("body", b""))
