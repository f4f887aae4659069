"""Who may ask: the Host and Origin of a request, its token, and the headers that keep browsers careful.

A page of another site must not speak to a service on its visitor's own machine: neither by giving its own name the
address 127.0.0.1 (DNS rebinding; the Host header tells), nor by posting or opening a WebSocket across sites (Origin
tells). With a token, whoever does not show it gets 401.
"""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from actionunits.service.problems import Problem, answer
from actionunits.service.settings import Settings, is_loopback

COOKIE = "actionunits_session"
SESSION_PATH = "/v1/session"
_OPEN = frozenset({"/", "/docs", "/openapi.json", "/healthz"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_STRICT = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}


class Sessions:
    """Browsers that have shown the token, by the digest of the cookie they got for it; forgotten at the end."""

    def __init__(self, most: int = 1000) -> None:
        self._known: dict[bytes, None] = {}
        self._most = most

    def open(self) -> str:
        """A new session's secret."""
        secret = secrets.token_urlsafe(32)
        self._known[_digest(secret)] = None
        while len(self._known) > self._most:
            self._known.pop(next(iter(self._known)))
        return secret

    def close(self, secret: str) -> None:
        """Forget a session."""
        self._known.pop(_digest(secret), None)

    def __contains__(self, secret: object) -> bool:
        return isinstance(secret, str) and _digest(secret) in self._known


class Guard:
    """Lets requests through that may pass, and adds security headers to every answer.

    Args:
        app: what is guarded.
        settings: host, token and further names.
        sessions: browsers that have shown the token.
    """

    def __init__(self, app: ASGIApp, settings: Settings, sessions: Sessions) -> None:
        self._app = app
        self._token = None if settings.token is None else _digest(settings.token)
        self._names = {name.lower() for name in settings.allowed_hosts}
        self._own_only = settings.on_loopback
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refused = self._refusal(scope)

        async def guarded(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Content-Security-Policy", _STRICT)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        if refused is None:
            await self._app(scope, receive, guarded)
            return
        headers = {"Connection": "close"}
        if refused.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        response = answer(refused, headers)
        if scope["type"] == "websocket":
            if "websocket.http.response" not in scope.get("extensions", {}):
                await send({"type": "websocket.close", "code": 1008})
                return
            await receive()
        await response(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> Problem | None:
        """Why a request may not pass; None where it may."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._is_own(host):
            return Problem(
                status=421,
                subject="Host",
                reason="this service does not go by that name",
                next_step="Address it as 127.0.0.1 or localhost, or start it with --allow-host NAME",
            )
        origin = headers.get("origin")
        changes = scope["type"] == "websocket" or scope["method"] not in _SAFE
        if origin is not None and changes and not _same_origin(origin, host):
            return Problem(
                status=403,
                subject="Origin",
                reason="pages of other sites may not use this service",
                next_step="Use its own page, or a program that is no browser",
            )
        path = scope["path"]
        if self._token is None or path in _OPEN or path.startswith("/page/"):
            return None
        if self._shows_token(headers) or (path != SESSION_PATH and self._has_session(headers)):
            return None
        return Problem(
            status=401,
            subject="Authorization",
            reason="the token is missing or wrong",
            next_step="Send the header `Authorization: Bearer TOKEN` with the token the service was started with",
        )

    def _is_own(self, host: str) -> bool:
        name = _name_of(host)
        if not name:
            return False
        if name in self._names:
            return True
        if self._own_only:
            return is_loopback(name)
        return not self._names  # reached from elsewhere: the token guards it, under whatever name

    def _shows_token(self, headers: Headers) -> bool:
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        return (
            self._token is not None
            and scheme.lower() == "bearer"
            and hmac.compare_digest(_digest(shown.strip()), self._token)
        )

    def _has_session(self, headers: Headers) -> bool:
        return session_of(headers) in self._sessions


def session_of(headers: Headers) -> str | None:
    """The session's secret that a browser shows, if any."""
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return None if morsel is None else morsel.value


def _name_of(host: str) -> str:
    """The Host header without its port, in lower case; empty for what is no host."""
    try:
        return (urlsplit(f"//{host}").hostname or "") if host and "@" not in host and "/" not in host else ""
    except ValueError:
        return ""


def _same_origin(origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()


def _digest(text: str) -> bytes:
    """Of one length for every text, so that comparing two tells nothing of either."""
    return sha256(text.encode("utf-8", "surrogateescape")).digest()
