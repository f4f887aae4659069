"""The HTTP API: pictures, videos and their jobs, live streams, models, health and figures."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response, WebSocket
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse

import actionunits
from actionunits.errors import UsageError
from actionunits.results import FORMATS
from actionunits.service.analysis import OVERLAY, File, PictureWishes
from actionunits.service.analyzers import Options
from actionunits.service.answers import Health, JobAnswer, ModelsAnswer, PictureAnswer, model_facts
from actionunits.service.guard import COOKIE, session_of
from actionunits.service.house import house_of
from actionunits.service.job_files import (
    MEDIA_TYPES,
    OVERLAY_NAMES,
    archive_file,
    disposition,
    overlay_file,
    report_file,
    report_policy,
    table_file,
    timelines,
)
from actionunits.service.media_check import checked_input
from actionunits.service.parameters import FORM, JobId, PictureOptions, VideoOptions, formats_of, options
from actionunits.service.problems import ProblemError, documented

router = APIRouter()

_BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}


def _files(*kinds: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": "The file.", "content": dict.fromkeys(kinds, _BINARY)}}


_TABLES = _files(*{MEDIA_TYPES[end] for end in (".csv", ".parquet", ".jsonl", ".json", ".eaf")})


def can_report() -> bool:
    """Whether what reports are made with is installed."""
    return all(find_spec(name) is not None for name in ("plotly", "jinja2"))


def _checked_report(wanted: bool) -> None:
    if wanted and not can_report():
        raise ProblemError(422, "report", "cannot be made here: plotly is not installed", "Ask without it")


@router.post(
    "/v1/images",
    tags=["pictures"],
    response_model=PictureAnswer,
    responses={
        200: {
            "content": dict.fromkeys(
                ("image/png", *(MEDIA_TYPES[end] for end in (".csv", ".parquet", ".eaf"))), _BINARY
            )
        },
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
    _checked_report(report)
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


@router.post(
    "/v1/videos",
    tags=["videos"],
    status_code=202,
    response_model=JobAnswer,
    responses=documented(408, 413, 415, 422, 429),
    openapi_extra=FORM,
)
async def analyse_video(
    request: Request,
    response: Response,
    chosen: VideoOptions,
    overlay: Annotated[bool, Query(description="Draw faces and action units on a copy of the video.")] = False,
    report: Annotated[bool, Query(description="Make the HTML report; it shows the overlay.")] = False,
) -> JobAnswer:
    """Take a video on as a job: ask for it at /v1/jobs/ID until it is done, then fetch its results."""
    house = house_of(request)
    _checked_report(report)
    model = house.analyzers.checked(chosen)
    house.board.reserve()
    upload = await house.receiver.receive(request, house.video_allowance)
    try:
        media = await asyncio.to_thread(checked_input, upload, "video", house.settings.limits)
        with house.analyzers.lent(chosen):
            pass  # what the model cannot do is refused now, not later
    except UsageError as error:
        house.receiver.release(upload)
        raise ProblemError(422, "options", error.reason, error.next_step) from error
    except BaseException:
        house.receiver.release(upload)
        raise
    job = house.board.submit(upload, media, chosen, model, overlay=overlay or report, report=report)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return house.board.answer(job.id)


@router.get("/v1/jobs/{job}", tags=["videos"], response_model=JobAnswer, responses=documented(404, 422))
async def job_state(request: Request, job: JobId) -> JobAnswer:
    """Where a job stands."""
    return house_of(request).board.answer(job)


@router.delete("/v1/jobs/{job}", tags=["videos"], status_code=204, responses=documented(404, 422))
async def delete_job(request: Request, job: JobId) -> Response:
    """Cancel a job that has not ended; delete everything of one that has."""
    await asyncio.to_thread(house_of(request).board.delete, job)
    return Response(status_code=204)


@router.get(
    "/v1/jobs/{job}/result",
    tags=["videos"],
    response_class=FileResponse,
    responses={**_TABLES, **documented(404, 409, 422)},
)
async def job_result(
    request: Request,
    job: JobId,
    format: Annotated[str, Query(max_length=20, description=f"json (the sidecar), {', '.join(FORMATS)}.")] = "csv",
) -> FileResponse:
    """The results as a table; with `format=json` the sidecar that says how they were made."""
    found = house_of(request).board.get(job)
    path = await asyncio.to_thread(table_file, found, format)
    headers = {"Content-Disposition": disposition("attachment", found.source, path)}
    return FileResponse(path, media_type=MEDIA_TYPES[path.suffix], headers=headers)


@router.get("/v1/jobs/{job}/timelines", tags=["videos"], responses=documented(404, 409, 422))
async def job_timelines(
    request: Request,
    job: JobId,
    points: Annotated[int, Query(ge=2, le=20_000, description="At most so many of each face.")] = 1500,
) -> dict[str, Any]:
    """Times, boxes, intensities and occurrences of every face, thinned out for drawing."""
    return await asyncio.to_thread(timelines, house_of(request).board.get(job), points)


@router.get(
    "/v1/jobs/{job}/overlay",
    tags=["videos"],
    response_class=FileResponse,
    responses={**_files("video/mp4", "image/png"), **documented(404, 409, 422)},
)
async def job_overlay(request: Request, job: JobId) -> FileResponse:
    """The video or picture with faces and action units drawn on it, as a download."""
    found = house_of(request).board.get(job)
    path = overlay_file(found)
    headers = {"Content-Disposition": disposition("attachment", found.source, path)}
    return FileResponse(path, media_type=MEDIA_TYPES[path.suffix], headers=headers)


@router.get(
    "/v1/jobs/{job}/media",
    tags=["videos"],
    response_class=FileResponse,
    responses={**_files("video/mp4", "image/png"), **documented(404, 409, 416, 422)},
)
async def job_media(request: Request, job: JobId) -> FileResponse:
    """The same to be looked at in place; parts of it may be asked for (Range)."""
    path = overlay_file(house_of(request).board.get(job))
    return FileResponse(path, media_type=MEDIA_TYPES[path.suffix])


for _name in OVERLAY_NAMES:  # what the report calls its picture or video
    router.add_api_route(f"/v1/jobs/{{job}}/{_name}", job_media, include_in_schema=False)


@router.get(
    "/v1/jobs/{job}/report",
    tags=["videos"],
    response_class=FileResponse,
    responses={**_files("text/html"), **documented(404, 409, 422)},
)
async def job_report(
    request: Request, job: JobId, download: Annotated[bool, Query(description="As a file to keep.")] = False
) -> FileResponse:
    """The HTML report, to be opened in place or kept."""
    found = house_of(request).board.get(job)
    path = report_file(found)
    policy = await asyncio.to_thread(report_policy, path)
    headers = {"Content-Security-Policy": policy}
    if download:
        headers["Content-Disposition"] = disposition("attachment", found.source, path)
    return FileResponse(path, media_type=MEDIA_TYPES[".html"], headers=headers)


@router.get(
    "/v1/jobs/{job}/archive",
    tags=["videos"],
    response_class=FileResponse,
    responses={**_files("application/zip"), **documented(404, 409, 422)},
)
async def job_archive(
    request: Request,
    job: JobId,
    formats: Annotated[str, Query(max_length=100, description="Formats, joined by commas.")] = "csv",
) -> FileResponse:
    """Everything in one ZIP file: tables, sidecar, overlay and report."""
    found = house_of(request).board.get(job)
    path = await asyncio.to_thread(archive_file, found, formats_of(formats))
    headers = {"Content-Disposition": disposition("attachment", found.source, path.with_name("result.zip"))}
    return FileResponse(path, media_type=MEDIA_TYPES[".zip"], headers=headers)


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
    "/metrics", tags=["about"], response_class=PlainTextResponse, responses={**_files("text/plain"), **documented()}
)
async def metrics(request: Request) -> Response:
    """Figures for Prometheus."""
    house = house_of(request)
    house.counters.jobs({state.value: count for state, count in house.board.counts().items()})
    return Response(house.counters.text(), headers={"Content-Type": house.counters.content_type})
