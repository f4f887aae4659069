"""The HTTP API: pictures, videos and their jobs, live streams, models, health and figures."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response, WebSocket
from fastapi.responses import JSONResponse

import actionunits
from actionunits.errors import UsageError
from actionunits.results import FORMATS
from actionunits.service.analysis import OVERLAY, File, PictureWishes
from actionunits.service.analyzers import Options
from actionunits.service.answers import Health, ModelsAnswer, PictureAnswer, model_facts
from actionunits.service.guard import COOKIE, session_of
from actionunits.service.house import house_of
from actionunits.service.job_files import MEDIA_TYPES, disposition
from actionunits.service.parameters import (
    BINARY,
    FORM,
    PictureOptions,
    can_report,
    check_report,
    file_answers,
    options,
)
from actionunits.service.problems import ProblemError, documented

router = APIRouter()

_OTHER_KINDS = sorted({MEDIA_TYPES[end] for end in (".png", ".csv", ".parquet", ".jsonl", ".eaf")})


@router.post(
    "/v1/images",
    tags=["pictures"],
    response_model=PictureAnswer,
    responses={
        200: {"content": dict.fromkeys(_OTHER_KINDS, BINARY)},
        **documented(408, 413, 415, 422, 429),
    },
    openapi_extra=FORM,
)
async def analyse_picture(
    request: Request,
    chosen: PictureOptions,
    format: Annotated[
        str,
        Query(
            pattern="^[a-z]*$",
            max_length=20,
            description=f"json, {OVERLAY} (a PNG picture with everything drawn on it), {', '.join(FORMATS)}.",
        ),
    ] = "json",
    landmarks: Annotated[bool, Query(description="Also 68 landmarks of every face, in JSON.")] = False,
    keep: Annotated[bool, Query(description="Keep results and overlay for a while, as a job; with JSON.")] = False,
    report: Annotated[bool, Query(description="With `keep`: also make the HTML report.")] = False,
) -> Any:
    """Find the action units of every face in one picture, at once."""
    house = house_of(request)
    if format not in ("json", OVERLAY, *FORMATS):
        known = ", ".join(("json", OVERLAY, *FORMATS))
        raise ProblemError(422, "format", "no such format", f"Choose one of {known}")
    check_report(report)
    house.analyzers.checked(chosen)
    wishes = PictureWishes(chosen, format, landmarks, keep and format == "json", report)
    house.pictures.reserve()
    try:
        upload = await house.receiver.receive(request, house.picture_allowance)
        try:
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(house.pictures.workers, house.pictures.analyse, upload, wishes)
        except UsageError as error:
            raise ProblemError(422, "options", error.reason, error.next_step) from error
        finally:
            house.receiver.release(upload)
    finally:
        house.pictures.leave()
    house.counters.frames("image")
    if isinstance(answer, File):
        kind = MEDIA_TYPES[answer.path.suffix]
        headers = {"Content-Disposition": disposition("attachment", upload.name, answer.path)}
        return Response(answer.content, media_type=kind, headers=headers)
    return JSONResponse(answer.model_dump())


@router.websocket("/v1/stream")
async def live(
    socket: WebSocket,
    chosen: Annotated[Options, Depends(options)],
    landmarks: Annotated[bool, Query()] = False,
) -> None:
    """Live: see :mod:`actionunits.service.stream`."""
    await house_of(socket).streams.serve(socket, chosen, landmarks=landmarks)


@router.get("/v1/models", tags=["about"], response_model=ModelsAnswer, responses=documented())
async def models(request: Request) -> ModelsAnswer:
    """The models, formats and limits of this service."""
    house = house_of(request)
    limits = house.settings.limits
    return ModelsAnswer(
        default=house.analyzers.default,
        models=[model_facts(card) for _, card in sorted(house.analyzers.cards.items())],
        formats=list(FORMATS),
        report=can_report(),
        limits={
            "picture_bytes": limits.picture_bytes,
            "video_bytes": limits.video_bytes,
            "pixels": limits.pixels,
            "seconds": limits.seconds,
            "keep_seconds": limits.keep_seconds,
        },
    )


@router.post("/v1/session", tags=["about"], status_code=204, responses=documented())
async def open_session(request: Request) -> Response:
    """Trade the token for a cookie, which the web page uses; programs need not."""
    response = Response(status_code=204)
    secure = request.url.scheme == "https"
    secret = house_of(request).sessions.open()
    response.set_cookie(COOKIE, secret, httponly=True, samesite="strict", secure=secure, path="/")
    return response


@router.delete("/v1/session", tags=["about"], status_code=204, responses=documented())
async def close_session(request: Request) -> Response:
    """Give the cookie back."""
    house_of(request).sessions.close(session_of(request.headers) or "")
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path="/")
    return response


@router.get("/healthz", tags=["about"], response_model=Health, responses=documented())
async def health() -> Health:
    """Whether the service works."""
    return Health(status="ok", version=actionunits.__version__)


@router.get(
    "/metrics",
    tags=["about"],
    response_class=Response,
    responses={**file_answers("text/plain"), **documented()},
)
async def metrics(request: Request) -> Response:
    """Figures for Prometheus."""
    house = house_of(request)
    house.counters.jobs({state.value: count for state, count in house.board.counts().items()})
    return Response(house.counters.text(), headers={"Content-Type": house.counters.content_type})
