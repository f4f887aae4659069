"""The application: routes, guard, and what begins and ends with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

import actionunits
from actionunits.service import job_routes, page_routes, problems, routes
from actionunits.service.counters import CountRequests
from actionunits.service.guard import Guard
from actionunits.service.house import House
from actionunits.service.settings import Settings

_ABOUT = """Facial action units from pictures, video and a camera.

Uploads are multipart with the field `file`. Nothing is kept: an upload is deleted when its analysis ends, results when
their time is up or you delete them. Every error has one shape: `error` with `status`, `subject`, `reason`, `next_step`.

`WS /v1/stream` takes binary messages, each the frame's time in seconds (8 bytes, a big-endian float64) and a JPEG
picture, and answers with JSON: `ready`, `frame` (rows, the time given, how many frames were dropped), `problem`.
Its parameters are `model`, `max_faces`, `sides`, `landmarks`. When frames come faster than they are analysed, the
oldest one that waits is dropped.
"""


def create_app(settings: Settings) -> FastAPI:
    """Build the service as an ASGI application.

    Args:
        settings: how it is run.
    """
    house = House(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        house.open()
        try:
            yield
        finally:
            await house.close()

    app = FastAPI(
        title="actionunits",
        version=actionunits.__version__,
        description=_ABOUT,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,  # FastAPI's own pages load from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.house = house
    app.include_router(routes.router)
    app.include_router(job_routes.router)
    app.include_router(page_routes.router)
    problems.install(app)
    app.add_middleware(CountRequests, counters=house.counters)
    app.add_middleware(Guard, settings=settings, sessions=house.sessions)
    return app
