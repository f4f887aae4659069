"""``run.json``: what a run was, checked strictly on reading."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from actionunits.errors import ResultsError, UsageError
from actionunits.evaluation.systems import Selection
from actionunits.facs import AUSet
from actionunits.store.header import Count, Facts, Key, Text

_MOST_BYTES = 2**22  # a fold of a big data set lists a few hundred subjects
_LISTED = 3  # problems that an error spells out


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class StoreFacts(_Part):
    """The store that a run is about; attributes as in :class:`actionunits.store.StoreHeader`."""

    dataset: Key
    protocol: Facts
    crop: Key | None
    crop_hash: Key | None
    made_by: Facts | None
    subjects: Count
    frames: Count
    frames_sha256: Key


class FoldFacts(_Part):
    """Who was tested; subjects are named in ``predictions.parquet``.

    Attributes:
        name: of the split.
        source: where the split comes from.
        count: how many folds.
        validation: the validation subjects of each fold.
        missing: subjects of a published list that the store does not have.
        only: the folds that the run is about, rising, from 1; empty for all.
    """

    name: Key
    source: Text
    count: Annotated[int, Field(ge=1, le=100_000)]
    validation: tuple[tuple[Key, ...], ...]
    missing: tuple[Key, ...] = ()
    only: tuple[Annotated[int, Field(ge=1, le=100_000)], ...] = ()

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if list(self.only) != sorted(set(self.only)) or any(number > self.count for number in self.only):
            raise ValueError(f"`only` must name folds from 1 to {self.count}, rising")
        return self

    @property
    def numbers(self) -> tuple[int, ...]:
        """The folds that the run is about."""
        return self.only or tuple(range(1, self.count + 1))

    @property
    def title(self) -> str:
        """The split's name, and which folds where it is not all."""
        if not self.only:
            return self.name
        return f"{self.name} (fold{'s' * (len(self.only) > 1)} {', '.join(map(str, self.only))} of {self.count} only)"


class RunFacts(_Part):
    """The whole of ``run.json``.

    Attributes:
        format: version of the folder's layout.
        system: name of what was trained.
        recipe: everything its numbers depend on besides data, folds and seed.
        selection: what its choices were made on.
        store: the data.
        folds: the split.
        aus: FACS numbers, in the order of the columns.
        graded: whether the store has intensities.
        frames: test frames, all folds together.
        seed: of everything random.
        versions: of Python packages, by name.
    """

    format: Literal[1] = 1
    system: Key
    recipe: Facts
    selection: Selection
    store: StoreFacts
    folds: FoldFacts
    aus: Annotated[tuple[int, ...], Field(min_length=1, max_length=100)]
    graded: bool
    frames: Count
    seed: int
    versions: Facts

    @field_validator("aus")
    @classmethod
    def _known(cls, aus: tuple[int, ...]) -> tuple[int, ...]:
        try:
            return AUSet(aus).numbers
        except UsageError as error:
            raise ValueError(str(error)) from error

    @property
    def au_set(self) -> AUSet:
        """The AUs, in the order of the columns."""
        return AUSet(self.aus)


def read_run_facts(path: Path) -> RunFacts:
    """Read ``run.json`` or ``begun.json``.

    Raises:
        ResultsError: missing, too large, of a later release, or not what this release writes.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
    except OSError as failure:
        reason = f"cannot be read ({failure.strerror or failure})"
        raise ResultsError(path, reason, "Name the folder of a finished run") from failure
    if len(text) > _MOST_BYTES:
        raise ResultsError(path, "is too large for the facts of a run", "Name the folder of a finished run")
    try:
        return RunFacts.model_validate_json(text, strict=True)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        said = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in problems[:_LISTED])
        raise ResultsError(path, f"is not what this release writes ({said})", "Update actionunits") from error
