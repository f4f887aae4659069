"""What a client may write behind the ``?``: the options of an analysis, formats, yes and no."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated, Any

from fastapi import Depends, Path, Query

from actionunits.errors import UsageError
from actionunits.results import FORMATS
from actionunits.results.baseline import Baseline
from actionunits.service.analyzers import Options
from actionunits.service.problems import ProblemError, problem_of

_NAME = r"^[A-Za-z0-9_-]*$"


def options(
    model: Annotated[str, Query(pattern=_NAME, max_length=100, description="A name of /v1/models.")] = "",
    max_faces: Annotated[int | None, Query(ge=1, le=1000, description="Follow at most so many faces.")] = None,
    sides: Annotated[bool, Query(description="Also intensities of either side of the face.")] = False,
) -> Options:
    """The options of any analysis."""
    return Options(model, max_faces, sides=sides)


def video_options(
    chosen: Annotated[Options, Depends(options)],
    every: Annotated[int, Query(ge=1, le=10_000, description="Analyse every Nth frame.")] = 1,
    baseline: Annotated[
        str, Query(max_length=60, description="Subtract each person's resting score: none, median, neutral:START-END.")
    ] = "none",
) -> Options:
    """The options of a video's analysis."""
    try:
        parsed = str(Baseline.parse(baseline))
    except UsageError as error:
        problem = problem_of(error)
        raise ProblemError(422, "baseline", problem.reason, problem.next_step) from error
    return Options(chosen.model, chosen.max_faces, every, parsed, chosen.sides)


PictureOptions = Annotated[Options, Depends(options)]
VideoOptions = Annotated[Options, Depends(video_options)]
JobId = Annotated[str, Path(min_length=1, max_length=64, description="The job's id.")]


def formats_of(text: str) -> tuple[str, ...]:
    """Formats written with commas between them, each once.

    Raises:
        ProblemError: 422.
    """
    names = tuple(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    for name in names:
        if name not in FORMATS:
            raise ProblemError(422, "formats", f"names no format {name[:40]!r}", f"Choose from {', '.join(FORMATS)}")
    return names


FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "additionalProperties": False,
                    "properties": {"file": {"type": "string", "format": "binary", "description": "The file."}},
                }
            }
        },
    }
}
"""The body of an upload, for OpenAPI: FastAPI's own form reading has no limits, so the routes read it themselves."""

BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}


def file_answers(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """An answer that is a file of one of these media types, for OpenAPI."""
    return {200: {"description": "The file.", "content": dict.fromkeys(sorted(kinds), BINARY)}}


def can_report() -> bool:
    """Whether what reports are made with is installed."""
    return all(find_spec(name) is not None for name in ("plotly", "jinja2"))


def check_report(wanted: bool) -> None:
    """Refuse to make reports where that is not installed.

    Raises:
        ProblemError: 422.
    """
    if wanted and not can_report():
        raise ProblemError(422, "report", "cannot be made here: plotly is not installed", "Ask without it")
