"""The HTTP API of videos and their jobs: state, cancelling, results, overlay, report."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse

from actionunits.errors import UsageError
from actionunits.results import FORMATS
from actionunits.service.answers import JobAnswer
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
from actionunits.service.parameters import (
    FORM,
    JobId,
    VideoOptions,
    check_report,
    file_answers,
    formats_of,
)
from actionunits.service.problems import ProblemError, documented

router = APIRouter()

_TABLES = file_answers(*{MEDIA_TYPES[end] for end in (".csv", ".parquet", ".jsonl", ".json", ".eaf")})


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
    check_report(report)
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
    responses={**file_answers("video/mp4", "image/png"), **documented(404, 409, 422)},
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
    responses={**file_answers("video/mp4", "image/png"), **documented(404, 409, 416, 422)},
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
    responses={**file_answers("text/html"), **documented(404, 409, 422)},
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
    responses={**file_answers("application/zip"), **documented(404, 409, 422)},
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
