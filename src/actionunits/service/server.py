"""Running the service: uvicorn, with a limit on how long a client may take to send a request's head."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from actionunits.errors import UsageError
from actionunits.service.app import create_app
from actionunits.service.settings import Settings

_LET_GO_SECONDS = 2.0  # for a client that does not take its answer
_STOP_SECONDS = 10
_TOO_SLOW = json.dumps(
    {
        "error": {
            "status": 408,
            "subject": "the request",
            "reason": "its head took too long",
            "next_step": "Send it at once",
        }
    }
).encode()
_TIMEOUT = (
    b"HTTP/1.1 408 Request Timeout\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: "
    + str(len(_TOO_SLOW)).encode()
    + b"\r\n\r\n"
    + _TOO_SLOW
)


def bounded_protocol(head_seconds: float, take_seconds: float) -> type[H11Protocol]:
    """uvicorn's HTTP protocol for clients that may be slow on purpose.

    Args:
        head_seconds: a connection on which no request is being answered ends after so long, however many bytes of one
            trickle in.
        take_seconds: one on which the client takes nothing of its answer ends after so long.
    """

    class BoundedProtocol(H11Protocol):
        _patience: asyncio.TimerHandle | None = None
        _taking: asyncio.TimerHandle | None = None

        def pause_writing(self) -> None:
            super().pause_writing()
            self._taking = self.loop.call_later(take_seconds, self.transport.abort)

        def resume_writing(self) -> None:
            super().resume_writing()
            self._taken()

        def _taken(self) -> None:
            if self._taking is not None:
                self._taking.cancel()
                self._taking = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._watch()

        def handle_websocket_upgrade(self, event: Any) -> None:
            self._rest()
            super().handle_websocket_upgrade(event)

        def connection_lost(self, exc: Exception | None) -> None:
            self._rest()
            self._taken()
            super().connection_lost(exc)

        def _watch(self) -> None:
            answering = self.cycle is not None and not self.cycle.response_complete
            if answering or self.transport.get_protocol() is not self or self.transport.is_closing():
                self._rest()
            elif self._patience is None:
                self._patience = self.loop.call_later(head_seconds, self._give_up)

        def _rest(self) -> None:
            if self._patience is not None:
                self._patience.cancel()
                self._patience = None

        def _give_up(self) -> None:
            self._patience = None
            if self.transport.is_closing():
                return
            if getattr(self, "cycle", None) is None:  # nothing was asked on this connection yet
                self.transport.write(_TIMEOUT)
            self.transport.close()
            self.loop.call_later(_LET_GO_SECONDS, self.transport.abort)

    return BoundedProtocol


class _Announced(uvicorn.Server):
    """Says where it listens once it does."""

    say: Callable[[str], None] = staticmethod(lambda text: None)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for server in self.servers if self.started else ():
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                self.say(f"serving at http://{f'[{host}]' if ':' in host else host}:{port}")


def server_of(app: FastAPI, settings: Settings) -> _Announced:
    """The server of an application, not yet running."""
    limits = settings.limits
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=bounded_protocol(limits.head_seconds, limits.pause_seconds),
        ws="websockets-sansio",
        ws_max_size=limits.stream_bytes + 1024,
        ws_max_queue=2,
        ws_per_message_deflate=False,  # JPEG does not get smaller
        limit_concurrency=limits.connections,
        timeout_graceful_shutdown=_STOP_SECONDS,
        timeout_keep_alive=5,
        access_log=False,
        server_header=False,
        log_level="warning",
    )
    return _Announced(config)


def run(settings: Settings, say: Callable[[str], None] = lambda text: None) -> None:
    """Serve until told to end (Ctrl-C, SIGTERM); then end jobs and streams and delete every file.

    Args:
        settings: how.
        say: told where it listens, once it does.

    Raises:
        UsageError: there is no such model or device, or the address cannot be listened on.
        ActionUnitsError: the networks cannot be loaded, or the folder cannot be made.
    """
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    app = create_app(settings)
    app.state.house.open()  # here, so that what is wrong is said in one line
    server = server_of(app, settings)
    server.say = say
    try:
        server.run()
    except KeyboardInterrupt:
        return
    except SystemExit as error:  # uvicorn's way of saying that it could not start
        if server.started:
            raise
        raise UsageError(
            f"{settings.host}:{settings.port}",
            "cannot be listened on, or the service could not start",
            "See the message above; another --port may be free",
        ) from error
