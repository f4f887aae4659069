"""A recipe: everything that a training depends on besides the data, the fold and the seed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from actionunits.evaluation.runs import write_text
from actionunits.evaluation.systems import Selection
from actionunits.facs import AUSet
from actionunits.store.header import Scalar
from actionunits.training.yaml_text import write_yaml

Key = Annotated[str, Field(min_length=1, max_length=100)]
Text = Annotated[str, Field(min_length=1, max_length=300)]
Plain = dict[Key, Any]

SELECTIONS: Mapping[str, Selection] = {"validation": "val", "last": "last", "test_oracle": "test_oracle"}
"""What a run notes of each way of choosing."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Published(_Part):
    """The published row that a recipe is meant to give again, as in :mod:`actionunits.evaluation.published`.

    Attributes:
        paper: its id.
        table: number of the table.
        dataset: ``"BP4D"``, ``"BP4D+"`` or ``"DISFA"``.
        metric: ``f1`` in percent, or ``icc``.
        row: the method.
        average: as printed.
    """

    paper: Key
    table: Key
    dataset: Key
    metric: Literal["f1", "icc"] = "f1"
    row: Text
    average: float


class Select(_Part):
    """Which weights of a stage go on.

    Attributes:
        on: ``validation``, the best on subjects held out of the training part; ``last``, those of the end, and the
            subjects held out train too; ``test_oracle``, the best on the subjects that are tested, which flatters, is
            common in the literature, and is stamped on every table; there the subjects held out train too.
        by: mean F1 at a probability of 0.5, mean AUROC, mean ICC(3,1) of the intensity (higher is better), or the loss
            (lower is).
    """

    on: Literal["validation", "last", "test_oracle"] = "validation"
    by: Literal["f1", "auroc", "icc", "loss"] = "f1"


class Recipe(_Part):
    """A recipe with its parents, its tier and the caller's changes worked in; made by ``load_recipe``.

    Attributes:
        name: of the shipped recipe, or its file's without the ending.
        tier: the tier that was worked in, or None.
        title: what it is, in a line.
        published: the row that it is meant to give again; None for none.
        system: name of :func:`actionunits.models.list_models`.
        aus: action units to find, FACS numbers.
        report: those of them that tables tell of, where a system learns more than a paper reports; empty for all.
        input: name of an input recipe.
        store: facts that the store must have: ``dataset``, and those of its protocol; a list is any of them, and None
            asks for nothing.
        model: settings of the system's constructor that are not its defaults.
        stages: by the stage's name, what is not as the system has it: any field of
            :class:`~actionunits.models.Stage` but the name. ``rates`` are merged by part; None freezes a part, and
            None for a stage takes back what a parent says of it.
        select: which weights of a stage go on.
        validate_every: epochs between two validations; below 1, the share of an epoch.
        start: a saved model to start from, by path, or one of :data:`~actionunits.models.shipped.STARTS`; None for
            none.
        calibrate: whether the system settles, after the last stage, what gradients do not teach.
        clip: largest norm of all gradients together, larger ones are scaled down; None for no limit. A stage may have a
            limit of its own.
        precision: ``bf16`` (with float32 weights), ``32``, or ``auto``: bf16 on a graphics card that has it.
        workers: processes that decode pictures.
    """

    name: Key
    tier: Key | None = None
    title: Text
    published: Published | None = None
    system: Key
    aus: tuple[int, ...]
    report: tuple[int, ...] = ()
    input: Key
    store: dict[Key, Scalar | tuple[Scalar, ...]] = Field(default_factory=dict)
    model: Plain = Field(default_factory=dict)
    stages: dict[Key, Plain] = Field(default_factory=dict)
    select: Select = Field(default_factory=Select)
    validate_every: Annotated[float, Field(gt=0, le=1000)] = 1
    start: Text | None = None
    calibrate: bool = False
    clip: Annotated[float, Field(gt=0)] | None = None
    precision: Literal["auto", "32", "bf16"] = "auto"
    workers: Annotated[int, Field(ge=0, le=256)] = 2

    @property
    def au_set(self) -> AUSet:
        """The action units."""
        return AUSet(self.aus)

    @property
    def reported(self) -> AUSet:
        """Those that tables tell of."""
        return (AUSet(self.report) & self.au_set) or self.au_set

    @property
    def label(self) -> str:
        """The name, and the tier in brackets."""
        return self.name if self.tier is None else f"{self.name} [{self.tier}]"

    @property
    def selection(self) -> Selection:
        """What a run notes of the choice."""
        return SELECTIONS[self.select.on]

    def save(self, path: str | Path) -> None:
        """Write the recipe as YAML that ``load_recipe`` reads; aside first, then renamed.

        Raises:
            ResultsError: it cannot be written.
        """
        values = self.model_dump(mode="json", exclude_unset=True)
        write_text(Path(path), write_yaml(values | {"name": self.name}))
