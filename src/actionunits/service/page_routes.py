"""The web page and the page about the API: files that come with the package, and nothing from elsewhere."""

from __future__ import annotations

from hashlib import sha256
from importlib.resources import files
from types import MappingProxyType

from fastapi import APIRouter, Request, Response

from actionunits.service.problems import ProblemError

router = APIRouter(include_in_schema=False)

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def _read() -> dict[str, tuple[bytes, str, str]]:
    """Every file of the page by name: content, kind, tag."""
    found = {}
    for entry in files("actionunits.service").joinpath("page").iterdir():
        kind = _KINDS.get(f".{entry.name.rpartition('.')[2]}")
        if kind is not None:
            content = entry.read_bytes()
            found[entry.name] = content, f"{kind}; charset=utf-8", f'"{sha256(content).hexdigest()[:32]}"'
    return found


_FILES = MappingProxyType(_read())


@router.get("/")
async def page(request: Request) -> Response:
    """The web page."""
    return _file(request, "index.html")


@router.get("/docs")
async def docs(request: Request) -> Response:
    """What the API can do, read from its OpenAPI description."""
    return _file(request, "docs.html")


@router.get("/page/{name}")
async def part(request: Request, name: str) -> Response:
    """A style sheet or a module of the page."""
    return _file(request, name)


def _file(request: Request, name: str) -> Response:
    if name not in _FILES:
        raise ProblemError(404, "page", "there is no such file", "Open /")
    content, kind, tag = _FILES[name]
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Content-Security-Policy": PAGE_POLICY}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=kind, headers=headers)
