"""Who may ask: names, origins, tokens, cookies; tested on an application of one line."""

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from actionunits.service import Settings
from actionunits.service.guard import COOKIE, Guard, Sessions

TOKEN = "a-token-of-some-length"


async def _socket(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("hello")
    await socket.close()


def guarded(folder: Path, sessions: Sessions | None = None, **settings: Any) -> TestClient:
    async def answer(request: Any) -> PlainTextResponse:
        return PlainTextResponse("passed")

    app = Starlette(
        routes=[Route("/{path:path}", answer, methods=["GET", "POST", "DELETE"]), WebSocketRoute("/v1/stream", _socket)]
    )
    guard = Guard(app, Settings(folder, **settings), sessions or Sessions())
    return TestClient(guard, base_url="http://127.0.0.1:8000")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8000", "LocalHost", "[::1]:8000", "127.0.0.1:1"])
def test_own_names_pass(host: str, tmp_path: Path) -> None:
    assert guarded(tmp_path).get("/v1/models", headers={"Host": host}).text == "passed"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "x@127.0.0.1", "[", ""]
)
def test_foreign_names_are_refused(host: str, tmp_path: Path) -> None:
    answer = guarded(tmp_path).get("/", headers={"Host": host})
    assert answer.status_code == 421
    assert answer.json()["error"]["subject"] == "Host"


def test_a_further_name_can_be_allowed(tmp_path: Path) -> None:
    client = guarded(tmp_path, allowed_hosts=("faces.lab",))
    assert client.get("/", headers={"Host": "faces.lab:8000"}).status_code == 200
    assert client.get("/", headers={"Host": "other.lab"}).status_code == 421


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9", "file://", "http://["])
def test_other_sites_change_nothing(origin: str, tmp_path: Path) -> None:
    client = guarded(tmp_path)
    for method in ("POST", "DELETE"):
        answer = client.request(method, "/v1/images", headers={"Origin": origin, "Host": "127.0.0.1:8000"})
        assert answer.status_code == 403
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/v1/stream", headers={"Origin": origin, "Host": "127.0.0.1:8000"}),
    ):
        pass


def test_the_own_page_passes(tmp_path: Path) -> None:
    headers = {"Origin": "http://127.0.0.1:8000", "Host": "127.0.0.1:8000"}
    client = guarded(tmp_path)
    assert client.post("/v1/images", headers=headers).text == "passed"
    with client.websocket_connect("/v1/stream", headers=headers) as socket:
        assert socket.receive_text() == "hello"


@pytest.mark.parametrize(
    "shown", [None, "Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}"]
)
def test_without_the_token_nothing_passes(shown: str | None, tmp_path: Path) -> None:
    client = guarded(tmp_path, host="0.0.0.0", token=TOKEN)
    headers = {} if shown is None else {"Authorization": shown}
    for path in ("/v1/models", "/metrics", "/v1/jobs/x", "/v1/session"):
        answer = client.get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert TOKEN not in answer.text
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/v1/stream", headers=headers):
        pass


def test_with_the_token_everything_passes(tmp_path: Path) -> None:
    client = guarded(tmp_path, host="0.0.0.0", token=TOKEN)
    headers = {"Authorization": f"bearer {TOKEN}", "Host": "any.name"}
    assert client.get("/v1/models", headers=headers).text == "passed"
    assert client.get("/healthz").text == "passed"  # nothing to hide


def test_a_browser_s_session_stands_for_the_token(tmp_path: Path) -> None:
    sessions = Sessions()
    client = guarded(tmp_path, sessions, token=TOKEN)
    secret = sessions.open()
    cookie = {"Cookie": f"{COOKIE}={secret}"}
    assert client.get("/v1/models", headers=cookie).text == "passed"
    assert client.post("/v1/session", headers=cookie).status_code == 401  # only the token opens another
    sessions.close(secret)
    assert client.get("/v1/models", headers=cookie).status_code == 401
    assert client.get("/v1/models", headers={"Cookie": f"{COOKIE}=made up"}).status_code == 401


def test_sessions_are_bounded() -> None:
    sessions = Sessions(most=2)
    first, *others = (sessions.open() for _ in range(3))
    assert first not in sessions
    assert all(one in sessions for one in others)


def test_answers_keep_browsers_careful(tmp_path: Path) -> None:
    headers = guarded(tmp_path).get("/v1/models").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in headers
