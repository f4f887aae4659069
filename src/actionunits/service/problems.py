"""Errors as answers: one shape for all, with a subject, a reason and a next step."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from actionunits.errors import ActionUnitsError, AssetError, MediaError, UsageError

log = logging.getLogger("actionunits.service")


class Problem(BaseModel):
    """What went wrong, and what to do about it."""

    status: int = Field(description="The HTTP status.")
    subject: str = Field(description="What it is about: a file's name, a parameter, a limit.")
    reason: str = Field(description="What is wrong with it.")
    next_step: str = Field(description="What to do now.")


class ProblemAnswer(BaseModel):
    """The shape of every answer with a status of 400 or above."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "error": {
                        "status": 415,
                        "subject": "notes.txt",
                        "reason": "it is not a picture: no known format begins like this",
                        "next_step": "Convert it to JPEG or PNG first",
                    }
                }
            ]
        }
    )

    error: Problem


class ProblemError(Exception):
    """Ends a request with an answer of :class:`ProblemAnswer`'s shape.

    Args:
        status: HTTP status, 400 or above.
        subject: what it is about.
        reason: what is wrong.
        next_step: what to do now.
        headers: of the answer.
    """

    def __init__(
        self, status: int, subject: str, reason: str, next_step: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        self.problem = Problem(status=status, subject=subject, reason=reason, next_step=next_step)
        self.headers = dict(headers or {})
        super().__init__(f"{subject}: {reason}. {next_step}.")

    def answer(self) -> JSONResponse:
        """The answer."""
        return answer(self.problem, self.headers)


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A problem as an answer."""
    return JSONResponse(ProblemAnswer(error=problem).model_dump(), problem.status, dict(headers or {}))


def problem_of(error: ActionUnitsError, path: Path | None = None, name: str = "", *, media: int = 422) -> Problem:
    """An error of the package as a problem, without a word of where files lie on this machine.

    Args:
        error: the error.
        path: the private file it may speak of.
        name: what the client calls that file.
        media: the status where the file is at fault.
    """
    if isinstance(error, MediaError):
        status = media
    elif isinstance(error, UsageError):
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    elif isinstance(error, AssetError):
        status = HTTPStatus.SERVICE_UNAVAILABLE
    else:
        status = HTTPStatus.INTERNAL_SERVER_ERROR
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("%s", error)
        next_step = "Ask whoever runs this service to look at its log"
        return Problem(status=status, subject="the service", reason="cannot do this now", next_step=next_step)
    said = [error.subject, error.reason, error.next_step]
    if path is not None:
        said = [text.replace(str(path), name).replace(path.name, name) for text in said]
    return Problem(status=status, subject=said[0], reason=said[1], next_step=said[2])


def too_many(subject: str, reason: str, *, seconds: int = 5) -> ProblemError:
    """The error for a queue that is full."""
    return ProblemError(
        429, subject, reason, f"Try again in {seconds} s or later", headers={"Retry-After": str(seconds)}
    )


def install(app: FastAPI) -> None:
    """Give every error of an app the one shape."""

    @app.exception_handler(ProblemError)
    async def _problem(request: Request, error: ProblemError) -> JSONResponse:
        return error.answer()

    @app.exception_handler(ActionUnitsError)
    async def _package(request: Request, error: ActionUnitsError) -> JSONResponse:
        return answer(problem_of(error))

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first: dict[str, Any] = dict(error.errors()[0]) if error.errors() else {}
        where = " ".join(str(part) for part in first.get("loc", ("request",))[-1:])
        return answer(
            Problem(
                status=422,
                subject=where[:200],
                reason=str(first.get("msg", "is not what is expected"))[:500],
                next_step="See /docs for what each parameter may be",
            )
        )

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        steps = {404: "See /docs for what there is", 405: "See /docs for the methods"}
        phrase = HTTPStatus(error.status_code).phrase.lower()
        problem = Problem(
            status=error.status_code,
            subject=request.url.path[:200],
            reason=phrase,
            next_step=steps.get(error.status_code, "See /docs"),
        )
        return answer(problem, error.headers)

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, error: Exception) -> JSONResponse:
        step = "Ask whoever runs this service to look at its log"
        return answer(Problem(status=500, subject="the service", reason="failed unexpectedly", next_step=step))


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route, for OpenAPI."""
    return {
        status: {"model": ProblemAnswer, "description": HTTPStatus(status).phrase}
        for status in sorted({*statuses, 400, 401, 403, 421})
    }
