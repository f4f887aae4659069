"""What the service answers with: the rows of the results table as JSON, jobs, models; as OpenAPI shows them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from actionunits.estimators import Card
from actionunits.facs import FACS, column
from actionunits.results import FrameResult
from actionunits.results.schema import Column
from actionunits.service.problems import Problem

Row = dict[str, str | int | float | None]

_ROW: JsonDict = {
    "source": "face.jpg", "frame": 0, "timestamp": 0.0, "face_id": 0, "success": 1, "confidence": 0.9987,
    "face_x": 101.5, "face_y": 120.25, "face_w": 180.0, "face_h": 201.75, "pose_pitch": 1.2, "pose_yaw": -3.4,
    "pose_roll": 0.5, "interocular_px": 118.4, "sharpness": 310.6, "flags": "",
    "AU12_p": 0.9731, "AU12_c": 1, "AU12_r": 3.412,
}  # fmt: skip


class State(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"


class FacePoints(BaseModel):
    """Where a face's landmarks lie."""

    face_id: int
    landmarks: list[tuple[float, float]] = Field(description="The 68 iBUG landmarks, x and y in pixels.")


class PictureAnswer(BaseModel):
    """The action units of every face in a picture."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "source": "face.jpg", "width": 384, "height": 384, "model": "geometry", "job": None,
                    "rows": [_ROW], "faces": [],
                }
            ]
        }
    )  # fmt: skip

    source: str = Field(description="The file's name, as it was sent.")
    width: int
    height: int
    model: str
    rows: list[Row] = Field(description="The columns of the results table, one row a face; one without a face if none.")
    faces: list[FacePoints] = Field(description="With `landmarks=true`.")
    job: str | None = Field(None, description="With `keep=true`: the job that keeps results, overlay and report.")


class JobAnswer(BaseModel):
    """Where a job stands."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "8Zt4Tn0mR2mWqkN1xVbC5g", "kind": "video", "state": "running", "source": "interview.mp4",
                    "model": "geometry", "progress": 0.42, "frames": 630, "frames_total": 1500, "eta": 3.1,
                    "seconds": 2.2, "expires_in": None, "faces": None, "frames_without_face": None,
                    "overlay": True, "report": True, "warnings": [], "error": None,
                }
            ]
        }
    )  # fmt: skip

    id: str
    kind: str | None = Field(None, description="`image` or `video`; unknown of a lost job.")
    state: State
    source: str | None = Field(None, description="The file's name, as it was sent.")
    model: str | None = None
    progress: Annotated[float, Field(ge=0, le=1)]
    frames: int = Field(description="Frames analysed so far; with a baseline and an overlay, half done each.")
    frames_total: int | None = Field(None, description="How many there are to analyse, as far as the container says.")
    eta: float | None = Field(None, description="Seconds until it is done, estimated.")
    seconds: float | None = Field(None, description="How long it has run, or ran.")
    expires_in: float | None = Field(None, description="Seconds until its results are deleted.")
    faces: int | None = Field(None, description="How many people were seen; once done.")
    frames_without_face: int | None = Field(None, description="Once done.")
    overlay: bool = Field(description="Whether an overlay was asked for.")
    report: bool = Field(description="Whether a report was asked for.")
    warnings: list[str]
    error: Problem | None = Field(None, description="Why it failed, or was lost.")


class AUFacts(BaseModel):
    """One action unit of a model."""

    number: int
    column: str
    name: str
    muscles: list[str]
    region: str
    threshold: float = Field(description="Probability from which it counts as occurring.")


class ModelFacts(BaseModel):
    """A model that may be asked for."""

    name: str
    version: str
    title: str
    intensity: bool = Field(description="Whether it says intensities.")
    mean_auroc: float | None
    limits: list[str]
    intended_use: str
    licence: dict[str, str]
    aus: list[AUFacts]


class ModelsAnswer(BaseModel):
    """The models, and what else a client may choose or must heed."""

    default: str
    models: list[ModelFacts]
    formats: list[str] = Field(description="What `format` may be for results.")
    report: bool = Field(description="Whether reports can be made here.")
    limits: dict[str, float]


class Health(BaseModel):
    """Whether the service works."""

    status: str
    version: str


def rows_of(table: pa.Table, columns: Iterable[Column]) -> list[Row]:
    """A results table as JSON values, numbers to the decimals of their columns."""
    decimals = {each.name: each.decimals for each in columns}
    cells: dict[str, list[Any]] = {}
    for name in table.column_names:
        places, values = decimals.get(name), table.column(name).to_pylist()
        cells[name] = values if places is None else [None if v is None else round(v, places) for v in values]
    return [dict(zip(cells, values, strict=True)) for values in zip(*cells.values(), strict=True)]


def points_of(result: FrameResult) -> list[FacePoints]:
    """The landmarks of a frame's faces, to a tenth of a pixel."""
    return [
        FacePoints(
            face_id=one.face.face_id, landmarks=[(round(x, 1), round(y, 1)) for x, y in one.face.landmarks.tolist()]
        )
        for one in result.faces
    ]


def model_facts(card: Card) -> ModelFacts:
    """What a card says, for a list of models."""
    return ModelFacts(
        name=card.name,
        version=card.version,
        title=card.title,
        intensity=card.intensity,
        mean_auroc=card.mean_auroc,
        limits=list(card.limits),
        intended_use=card.intended_use,
        licence={
            "code": card.licence.code,
            "weights": card.licence.weights,
            "training_data": card.licence.training_data,
        },
        aus=[
            AUFacts(
                number=au,
                column=column(au),
                name=FACS[au].name,
                muscles=list(FACS[au].muscles),
                region=FACS[au].region,
                threshold=threshold,
            )
            for au, threshold in zip(card.aus, card.thresholds, strict=True)
        ],
    )
