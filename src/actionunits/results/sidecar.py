"""The JSON file beside a results table: all that one needs to judge the numbers and to make them again."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from actionunits.atomic import write_failure, written_aside
from actionunits.errors import MediaError, ResultsError
from actionunits.results.conform import newer_version
from actionunits.results.schema import SCHEMA_VERSION, source_text

_LISTED = 3  # problems that an error spells out


def _as_text(value: object) -> object:
    return source_text(value) if isinstance(value, str) else value


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


Text = Annotated[str, BeforeValidator(_as_text)]
"""Text that may hold a file's name; see :func:`~actionunits.results.schema.source_text`."""
Sha256 = Annotated[str, Field(pattern=re.compile(r"^[0-9a-f]{64}$"))]
Count = Annotated[int, Field(ge=0)]


class Sidecar(BaseModel):
    """The facts of one analysis. Times are in seconds.

    Attributes:
        schema_version: version of the table's columns and of this file.
        package_version: the release of actionunits that wrote it.
        source: the picture, video or camera, as the caller named it.
        input_sha256: SHA-256 of the input file; None for what is not one file (a camera, a folder).
        input_bytes: its size; None likewise.
        estimator: name of the model.
        estimator_version: its version.
        weights_sha256: SHA-256 of its weights.
        aus: FACS numbers, in the order of the columns.
        crop_recipe: id of the crop recipe; None for a model that looks at landmarks only.
        crop_hash: hash of that recipe.
        thresholds: the probability from which on an AU counts as shown, by AU column (``"AU12"``).
        baseline: the setting, ``none``, ``median`` or ``neutral:START-END``.
        resting: the intensities taken off, by face id and AU column; None without a baseline. AUs of a model that
            says no intensity are not there.
        sides: whether left and right were told apart.
        every: each ``every``-th frame was analysed.
        max_faces: the largest number of faces followed in a frame; None without limit.
        device: where the model ran, ``cpu`` or ``cuda``.
        command_line: the command and its arguments; None for a call from Python.
        frame_count: how many frames have rows.
        frames_without_face: how many of them show no face.
        faces: the ids of the faces.
        start_time: presentation time at which the source begins, as stated; None where it is not.
        filled_timestamps: frames without a presentation time of their own.
        duration: from the first to the last timestamp.
        warnings: what the analysis had to say.
        created: when the analysis ended, UTC.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    schema_version: Annotated[int, Field(ge=1, le=SCHEMA_VERSION)] = SCHEMA_VERSION
    package_version: str
    source: Text
    input_sha256: Sha256 | None
    input_bytes: Count | None
    estimator: str
    estimator_version: str
    weights_sha256: Sha256
    aus: tuple[int, ...]
    crop_recipe: str | None
    crop_hash: str | None
    thresholds: Mapping[str, float]
    baseline: str
    resting: Mapping[int, Mapping[str, float]] | None
    sides: bool = False
    every: Annotated[int, Field(ge=1)]
    max_faces: Annotated[int, Field(ge=1)] | None
    device: str
    command_line: tuple[Text, ...] | None
    frame_count: Count
    frames_without_face: Count
    faces: tuple[int, ...]
    start_time: float | None
    filled_timestamps: Count
    duration: Annotated[float, Field(ge=0)]
    warnings: tuple[Text, ...] = ()
    created: Annotated[AwareDatetime, AfterValidator(_in_utc)] = Field(default_factory=_now)


def sidecar_path(table: Path) -> Path:
    """Where the sidecar of a table lies: ``out/interview.csv`` -> ``out/interview.json``."""
    return table.with_suffix(".json")


def write_sidecar(path: Path, sidecar: Sidecar) -> None:
    """Write a sidecar: UTF-8, indented; aside first, then renamed.

    Raises:
        ResultsError: the file cannot be written.
    """
    text = sidecar.model_dump_json(indent=2) + "\n"
    with written_aside(path, ResultsError) as aside:
        try:
            aside.write_bytes(text.encode())
        except OSError as failure:
            raise write_failure(path, failure, ResultsError) from failure


def read_sidecar(path: Path) -> Sidecar:
    """Read what :func:`write_sidecar` wrote.

    Raises:
        ResultsError: the file is missing, is no sidecar, or a later release wrote it.
    """
    try:
        facts = json.loads(path.read_bytes())
    except OSError as failure:
        reason = f"cannot be read ({failure.strerror or failure})"
        raise ResultsError(path, reason, "Check the path and its permissions") from failure
    except ValueError as failure:  # not JSON, or not UTF-8
        raise ResultsError(path, f"is not JSON ({failure})", "Give the .json file beside a results table") from failure
    return as_sidecar(facts, path)


def as_sidecar(facts: object, subject: object = "sidecar") -> Sidecar:
    """The sidecar that a JSON object holds.

    Raises:
        ResultsError: fields are missing, wrong or unknown, or a later release wrote it; the message names ``subject``.
    """
    if not isinstance(facts, Mapping):
        raise ResultsError(subject, "is not a sidecar: not a JSON object", "Give the .json file beside a results table")
    version = facts.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise newer_version(subject, version)
    try:
        return Sidecar.model_validate(dict(facts))
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        said = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in problems[:_LISTED])
        more = f"; and {len(problems) - _LISTED} more" if len(problems) > _LISTED else ""
        reason = f"is not a sidecar of a results table ({said}{more})"
        raise ResultsError(subject, reason, "Restore the fields, or run the analysis again") from error


def facts_of(sidecar: Sidecar) -> dict[str, Any]:
    """A sidecar as plain JSON values, what :attr:`Results.sidecar <actionunits.results.Results.sidecar>` holds."""
    facts: dict[str, Any] = sidecar.model_dump(mode="json")
    return facts


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits, read piece by piece.

    Raises:
        MediaError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as failure:
        reason = f"cannot be read ({failure.strerror or failure})"
        raise MediaError(path, reason, "Check the path and its permissions") from failure
