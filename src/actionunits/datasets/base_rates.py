"""How often action units occur in a copy of a data set, beside what is published about it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actionunits.datasets.folds import get_folds
from actionunits.datasets.protocol import Kind
from actionunits.facs import column

TOLERANCE = 2e-3
"""Largest relative difference of a loss weight; a correct reader is within about 1e-3."""


@dataclass(eq=False)
class LabelCounts:
    """Known and positive labels of each subject and action unit.

    Attributes:
        frames: coded frames by subject.
        known: labels that are 0 or 1, by subject and AU.
        positive: labels that are 1, by subject and AU.
    """

    frames: dict[str, int] = field(default_factory=dict)
    known: dict[tuple[str, int], int] = field(default_factory=dict)
    positive: dict[tuple[str, int], int] = field(default_factory=dict)

    def add(self, subject: str, occurrence: Mapping[int, NDArray[np.int8]], frames: int) -> None:
        """Count the labels of a recording; -1 is not counted."""
        self.frames[subject] = self.frames.get(subject, 0) + frames
        for au, labels in occurrence.items():
            key = subject, au
            self.known[key] = self.known.get(key, 0) + int((labels >= 0).sum())
            self.positive[key] = self.positive.get(key, 0) + int((labels == 1).sum())

    def total(self, au: int, subjects: Iterable[str] | None = None) -> tuple[int, int]:
        """Known and positive labels of an AU, of everybody or of these subjects."""
        people = list(self.frames if subjects is None else subjects)
        return sum(self.known.get((who, au), 0) for who in people), sum(
            self.positive.get((who, au), 0) for who in people
        )

    def rates(self, aus: Iterable[int], subjects: Sequence[str] | None = None) -> dict[int, float]:
        """Share of the known labels that are positive, by AU; NaN where none is known."""
        totals = {au: self.total(au, subjects) for au in aus}
        return {au: positive / known if known else float("nan") for au, (known, positive) in totals.items()}


@dataclass(frozen=True, slots=True)
class PublishedFacts:
    """What is published about a data set.

    Attributes:
        sequences: how many have labels, of one camera.
        folds: name of the split that the other facts are about.
        test_frames: coded frames of each fold's test part; empty where not published.
        aus: of the weights; empty where not published.
        weights: normalised inverse rates of each fold's training part (validation included), by AU.
    """

    sequences: int
    folds: str
    test_frames: tuple[int, ...] = ()
    aus: tuple[int, ...] = ()
    weights: tuple[tuple[float, ...], ...] = ()

    def rates_like(self, aus: Iterable[int], rates: Mapping[int, float]) -> dict[int, float] | None:
        """The rates that the weights imply; weights tell them but for a factor, which makes the sums of both agree.

        Args:
            aus: to give.
            rates: of a copy.
        """
        if not self.weights:
            return None
        relative = (1 / np.array(self.weights)).mean(axis=0)
        implied = dict(zip(self.aus, relative.tolist(), strict=True))
        shared = [au for au in aus if au in implied and not np.isnan(rates[au])]
        scale = sum(rates[au] for au in shared) / sum(implied[au] for au in shared) if shared else 0.0
        return {au: scale * implied[au] for au in shared} if scale > 0 else None


@dataclass(frozen=True, slots=True)
class WeightCheck:
    """One fold's loss weights and number of frames, published and of a copy.

    Attributes:
        fold: its number.
        published_frames: tested frames.
        frames: the same of the copy.
        worst_au: the action unit whose weight differs most.
        published: its weight.
        found: the same of the copy.
    """

    fold: int
    published_frames: int
    frames: int
    worst_au: int
    published: float
    found: float

    @property
    def difference(self) -> float:
        """The largest relative difference of a weight."""
        return abs(self.found / self.published - 1)

    @property
    def agrees(self) -> bool:
        """Whether weights and frames are as published."""
        return self.frames == self.published_frames and self.difference <= TOLERANCE

    def line(self) -> str:
        """The comparison in words."""
        verdict = "as published" if self.agrees else "NOT as published"
        frames = f"{self.frames:,} tested frames ({self.published_frames:,})"
        worst = f"{column(self.worst_au)} {self.found:.6f} ({self.published:.6f})"
        return f"  fold {self.fold}: {verdict}; {frames}, loss weights differ by {self.difference:.1e} at most, {worst}"


def published_facts(kind: Kind) -> PublishedFacts | None:
    """The facts about a data set; None where there are none."""
    raw = _facts().get(kind)
    if raw is None:
        return None
    return PublishedFacts(
        sequences=raw["sequences"],
        folds=raw["folds"],
        test_frames=tuple(raw.get("test_frames", ())),
        aus=tuple(raw.get("aus", ())),
        weights=tuple(map(tuple, raw.get("weights", ()))),
    )


def loss_weights(rates: Sequence[float]) -> NDArray[np.float64]:
    """Normalised inverse rates, ``w_i = C (1 / r_i) / sum_k (1 / r_k)`` (ME-GraphAU, Luo et al. 2022).

    Args:
        rates: (C,) of positive labels, above 0.

    Returns:
        (C,) weights with mean 1.
    """
    inverse = 1 / np.asarray(rates, np.float64)
    weights: NDArray[np.float64] = len(inverse) * inverse / inverse.sum()
    return weights


def check_weights(facts: PublishedFacts, counts: LabelCounts) -> tuple[WeightCheck, ...]:
    """Compare each published fold with a copy that has everybody."""
    checks = []
    for fold, frames, published in zip(get_folds(facts.folds), facts.test_frames, facts.weights, strict=True):
        rates = counts.rates(facts.aus, (*fold.train, *fold.validation))
        found = loss_weights([max(rate, np.finfo(float).tiny) for rate in rates.values()])
        worst = int(np.argmax(np.abs(found / np.array(published) - 1)))
        tested = sum(counts.frames.get(subject, 0) for subject in fold.test)
        checks.append(WeightCheck(fold.number, frames, tested, facts.aus[worst], published[worst], float(found[worst])))
    return tuple(checks)


@lru_cache(maxsize=1)
def _facts() -> dict[str, Any]:
    text = files("actionunits.datasets").joinpath("published.json").read_text(encoding="utf-8")
    facts: dict[str, Any] = json.loads(text)
    return facts
