"""The numbers that five papers print, as data: every results table, per method and action unit.

The tables lie beside this module as JSON, one file a paper, with what each paper says of its protocol. Averages are
recomputed, and a printed average that its own row contradicts is marked: see :attr:`PublishedRow.average_wrong`.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from actionunits.errors import UsageError
from actionunits.facs import AUSet

MetricName = Literal["f1", "icc", "mae"]
Kind = Literal["comparison", "ablation"]
Source = Literal["proposed", "baseline", "quoted"]

PAPERS = ("lp_net", "re_net", "roi_gcn", "au_rcnn", "lorral")
STEP = MappingProxyType({"f1": 0.1, "icc": 0.01, "mae": 0.01})
"""The last digit that the papers print of each metric."""
_SLACK = 1e-9

Name = Annotated[str, Field(min_length=1, max_length=300)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PublishedProtocol(_Part):
    """What a paper says of how it got its numbers on one data set; None and "not stated" where it is silent.

    Attributes:
        folds: how subjects were divided.
        occurs_from: lowest intensity that counts as occurrence; None where the data set codes occurrence itself.
        cameras: of DISFA.
        frames: how many.
        crop: the picture that the system sees.
        pretraining: what the weights had learned before.
        landmarks: where they come from, and what for.
        selection: what the epoch was chosen on.
        aggregation: how folds are put together.
    """

    folds: Name
    occurs_from: Annotated[int, Field(ge=1, le=5)] | None
    cameras: Name | None
    frames: Name
    crop: Name
    pretraining: Name
    landmarks: Name
    selection: Name
    aggregation: Name


class ProtocolChange(_Part):
    """Where a row's protocol is not that of its table."""

    occurs_from: Annotated[int, Field(ge=1, le=5)]


class PublishedRow(_Part):
    """One method in one table.

    Attributes:
        method: its name.
        source: ``proposed`` by the paper, a ``baseline`` that its authors ran, or ``quoted`` from elsewhere.
        citation: the paper's mark for what it quotes, as ``"[11]"``.
        values: one a table's AU, in the metric's unit; None where the paper prints none or it cannot be read.
        unread: AUs that the paper prints and that the text this was typed from does not show.
        average: as printed.
        average_from: the ``table``, or the running ``text`` where the table is lost.
        average_wrong: the printed average cannot be that of the row, however its values were rounded.
        protocol: where it differs from the paper's own; None where it does not, as far as the paper says.
        note: what a reader should know, or an empty string.
    """

    method: Name
    source: Source
    citation: Annotated[str, Field(pattern=r"^\[\d+\]$")] | None = None
    values: tuple[Annotated[float, Field(ge=0, le=100)] | None, ...]
    unread: tuple[int, ...] = ()
    average: Annotated[float, Field(ge=0, le=100)]
    average_from: Literal["table", "text"] = "table"
    average_wrong: bool = False
    protocol: ProtocolChange | None = None
    note: Annotated[str, Field(max_length=1000)] = ""

    @property
    def recomputed(self) -> float | None:
        """The mean of the values that the row has; None where some could not be read."""
        known = [value for value in self.values if value is not None]
        return None if self.unread or not known else sum(known) / len(known)

    def average_off(self, step: float) -> bool:
        """Whether the printed average differs from the recomputed one by more than rounding can explain.

        Args:
            step: the last digit printed: values and average may each be off by half of it.
        """
        mean = self.recomputed
        return mean is not None and abs(mean - self.average) > step + _SLACK


class PublishedTable(_Part):
    """One results table.

    Attributes:
        number: as the paper numbers it; ICC and MAE halves of one table share theirs.
        caption: what it shows.
        dataset: ``"BP4D"``, ``"BP4D+"`` or ``"DISFA"``.
        metric: ``f1`` in percent, ``icc`` (ICC(3,1)), or ``mae`` in levels.
        kind: ``comparison`` with other methods, or ``ablation`` of the paper's own.
        aus: columns.
        notes: on the whole table.
        rows: as printed, top to bottom.
    """

    number: Annotated[str, Field(pattern=r"^\d+$")]
    caption: Name
    dataset: Name
    metric: MetricName
    kind: Kind
    aus: tuple[int, ...]
    notes: tuple[Name, ...]
    rows: Annotated[tuple[PublishedRow, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _agree(self) -> Self:
        AUSet(self.aus)
        for row in self.rows:
            if len(row.values) != len(self.aus):
                raise ValueError(f"{row.method}: {len(row.values)} values for {len(self.aus)} AUs")
            unread = {au for au, value in zip(self.aus, row.values, strict=True) if value is None}
            if not unread.issuperset(row.unread):
                raise ValueError(f"{row.method}: a value is there and said not to be")
        return self

    @property
    def au_set(self) -> AUSet:
        """The columns."""
        return AUSet(self.aus)

    @property
    def step(self) -> float:
        """The last digit printed."""
        return STEP[self.metric]


class Paper(_Part):
    """Where a table was printed."""

    id: Name
    title: Name
    authors: Name
    venue: Name
    year: Annotated[int, Field(ge=1978, le=2100)]

    @property
    def short(self) -> str:
        """The system's name, as the toolkit writes it."""
        return _SHORT[self.id]


_SHORT = MappingProxyType(
    {"lp_net": "LP-Net", "re_net": "RE-Net", "roi_gcn": "ROI-GCN", "au_rcnn": "AU R-CNN", "lorral": "LoRRaL"}
)


class Publication(_Part):
    """One paper: its protocol on each data set, and its results tables."""

    format: Literal[1]
    paper: Paper
    protocols: dict[Name, PublishedProtocol]
    tables: tuple[PublishedTable, ...]

    @model_validator(mode="after")
    def _agree(self) -> Self:
        lacking = {table.dataset for table in self.tables} - set(self.protocols)
        if lacking:
            raise ValueError(f"no protocol for {', '.join(sorted(lacking))}")
        return self


@lru_cache(maxsize=1)
def publications() -> tuple[Publication, ...]:
    """All five papers."""
    folder = files("actionunits.evaluation").joinpath("published")
    texts = (folder.joinpath(f"{name}.json").read_text(encoding="utf-8") for name in PAPERS)
    return tuple(Publication.model_validate_json(text) for text in texts)


def published_tables(
    dataset: str | None = None, metric: MetricName | None = None, kind: Kind | None = None
) -> tuple[tuple[Publication, PublishedTable], ...]:
    """The published tables, each with its paper.

    Args:
        dataset: ``"BP4D"``, ``"BP4D+"`` or ``"DISFA"``; None for all.
        metric: None for all.
        kind: None for both.

    Raises:
        UsageError: no paper has a table of this data set.

    >>> [table.number for paper, table in published_tables("BP4D+")]
    ['3']
    """
    known = published_datasets()
    if dataset is not None and dataset not in known:
        raise UsageError(dataset, "no paper at hand prints results on it", f"They print {', '.join(known)}")
    return tuple(
        (publication, table)
        for publication in publications()
        for table in publication.tables
        if dataset in (None, table.dataset) and metric in (None, table.metric) and kind in (None, table.kind)
    )


def published_datasets() -> tuple[str, ...]:
    """The data sets that have published tables, sorted."""
    return tuple(sorted({table.dataset for publication in publications() for table in publication.tables}))
