"""``store.json``: what a store holds and how it was made, checked strictly on reading."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

import actionunits
from actionunits.atomic import write_failure, written_aside
from actionunits.errors import StoreError, UsageError
from actionunits.facs import AUSet
from actionunits.store.schema import CONTENTS, Content

HEADER_FILE = "store.json"
BEGUN_FILE = "begun.json"
MOST_FRAMES = 50_000_000
_MOST_SIDE = 2**14  # pixels
_MOST_BYTES = 2**20  # a header is a page of text
_LISTED = 3  # problems that an error spells out

Text = Annotated[str, StringConstraints(max_length=1000)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Scalar = Text | bool | int | float | None
Side = Annotated[int, Field(ge=1, le=_MOST_SIDE)]
Count = Annotated[int, Field(ge=1, le=MOST_FRAMES)]
Sha256 = Annotated[str, Field(pattern=re.compile(r"^[0-9a-f]{64}$"))]


def _sorted(facts: Mapping[str, Scalar]) -> Mapping[str, Scalar]:
    return dict(sorted(facts.items()))


Facts = Annotated[Mapping[Key, Scalar], Field(max_length=100), AfterValidator(_sorted)]


class Part(BaseModel):
    """A strict piece of a JSON file: frozen, nothing unknown, no infinite numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class StoreSettings(Part):
    """What is known of a store before its first frame; two runs with equal settings may fill one folder.

    Attributes:
        format: version of the folder's layout.
        dataset: name of the data set, ``"bp4d"``.
        protocol: how labels and frames were chosen, by name, as ``{"occurs_from": 2}``.
        crop: id of the crop recipe; None for pictures that were not cropped.
        crop_hash: hash of that recipe; None likewise.
        image_size: width and height of every picture, pixels; None where they differ.
        aus: FACS numbers, in the order of the columns.
        contents: which groups of columns the frames have, from :data:`~actionunits.store.schema.CONTENTS`.
        package_version: the release of actionunits that writes the store.
        made_by: generator, its version and its seed, for pictures that were generated; None for others.
    """

    format: Literal[1] = 1
    dataset: Key
    protocol: Facts = Field(default_factory=dict)
    crop: Key | None = None
    crop_hash: Key | None = None
    image_size: tuple[Side, Side] | None = None
    aus: Annotated[tuple[int, ...], Field(min_length=1, max_length=100)]
    contents: tuple[Content, ...] = CONTENTS
    package_version: Key = Field(default_factory=lambda: actionunits.__version__)
    made_by: Facts | None = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if (self.crop is None) != (self.crop_hash is None):
            raise ValueError("`crop` and `crop_hash` go together")
        if len(set(self.contents)) < len(self.contents):
            raise ValueError("`contents` names a group twice")
        try:
            AUSet(self.aus)
        except UsageError as error:
            raise ValueError(str(error)) from error
        return self

    @property
    def au_set(self) -> AUSet:
        """The AUs, in the order of the columns."""
        return AUSet(self.aus)


class Counts(Part):
    """How much a store holds."""

    subjects: Count
    sequences: Count
    frames: Count


class StoreHeader(StoreSettings):
    """The whole of ``store.json``.

    Attributes:
        counts: subjects, sequences and frames.
        frames_sha256: SHA-256 of ``frames.parquet``.
    """

    counts: Counts
    frames_sha256: Sha256


Model = TypeVar("Model", bound=Part)


def read_facts(path: Path, model: type[Model]) -> Model:
    """Read settings or a header.

    Args:
        path: ``store.json`` or ``begun.json``.
        model: :class:`StoreHeader` or :class:`StoreSettings`.

    Raises:
        StoreError: missing, too large, not JSON, of a later release, or not what the model says.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
    except OSError as failure:
        reason = f"cannot be read ({failure.strerror or failure})"
        raise StoreError(path, reason, "Name the folder of a finished store") from failure
    if len(text) > _MOST_BYTES:
        raise StoreError(path, "is too large for the header of a store", "Name the folder of a finished store")
    try:
        return model.model_validate_json(text, strict=True)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        said = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in problems[:_LISTED])
        more = f"; and {len(problems) - _LISTED} more" if len(problems) > _LISTED else ""
        reason = f"is not what this release writes ({said}{more})"
        raise StoreError(path, reason, "Update actionunits, or make the store again") from error


def write_facts(path: Path, facts: Part) -> None:
    """Write settings or a header: UTF-8, indented; aside first, then renamed.

    Raises:
        StoreError: the file cannot be written.
    """
    with written_aside(path, StoreError) as aside:
        try:
            aside.write_bytes(facts.model_dump_json(indent=2).encode() + b"\n")
        except OSError as failure:
            raise write_failure(path, failure, StoreError) from failure
