"""The numbers of a report: how often, how strong, what together, how well seen. Times weigh by how long frames stay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actionunits.faces.face import FLAGS
from actionunits.report.rows import PersonRows, Recording
from actionunits.results import Episode

_STRIP = 1500  # intervals of the strip that lie closer than this part of the recording are drawn as one


@dataclass(frozen=True)
class Summary:
    """One action unit of one person over the frames that count.

    Attributes:
        au: FACS number.
        share: per cent of the time in which it occurs.
        mean: intensity over all the time, 0-5; probability where the model says no intensity; NaN where unknown.
        peak: the greatest; NaN where unknown.
        episodes: how many, those left out whose every frame carries flags.
        per_minute: episodes a minute; NaN where no time has passed.
    """

    au: int
    share: float
    mean: float
    peak: float
    episodes: int
    per_minute: float


@dataclass(frozen=True)
class Quality:
    """How well one person is seen.

    Attributes:
        seconds: time in which the face is seen.
        share: of the recording, per cent.
        flags: seconds by flag, those that occur.
        left_out: seconds in which the face is seen and carries flags; these frames do not count.
        counted: seconds that count.
        all_flagged: every frame carries flags, and therefore all count.
    """

    seconds: float
    share: float
    flags: dict[str, float]
    left_out: float
    counted: float
    all_flagged: bool


@dataclass(frozen=True)
class Together:
    """What occurs together: ``share[i, j]`` is the per cent of the time of AU i in which AU j occurs too.

    Attributes:
        aus: those that occur, B of them.
        share: (B, B), 100 on the diagonal.
    """

    aus: tuple[int, ...]
    share: NDArray[np.float64]


def counting_rows(person: PersonRows) -> NDArray[np.bool_]:
    """(n,) which rows count: those without flags, or all where every row carries some."""
    clean = np.asarray(person.flags == 0, np.bool_)
    return clean if clean.any() else np.ones(len(clean), np.bool_)


def weights_of(recording: Recording, person: PersonRows) -> NDArray[np.float64]:
    """(n,) seconds that each row's frame stays; 1 for a picture, in which no time passes."""
    lasting = recording.lasting[person.place]
    return lasting if lasting.any() else np.ones(len(lasting))


def summarise(recording: Recording, person: PersonRows) -> tuple[Summary, ...]:
    """A row for each action unit, in the order of the table's columns."""
    rows = counting_rows(person)
    weights = weights_of(recording, person)[rows]  # (m,)
    strength, shown = person.strength[:, rows].astype(np.float64), person.shown[:, rows]  # (A, m)
    known = ~np.isnan(strength)
    passed = (known * weights).sum(axis=1)  # (A,)
    filled = np.where(known, strength, 0.0)
    share = 100 * (shown * weights).sum(axis=1) / weights.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (filled * weights).sum(axis=1) / passed
    peak = np.where(known.any(axis=1), np.where(known, strength, -1.0).max(axis=1), np.nan)
    minutes = float(recording.lasting[person.place][rows].sum()) / 60
    counts = dict.fromkeys(recording.aus, 0)
    for each in recording.episodes:
        if each.face_id == person.face_id and (each.flagged < each.frames or not (person.flags == 0).any()):
            counts[each.au] += 1
    return tuple(
        Summary(
            au,
            float(share[place]),
            float(mean[place]),
            float(peak[place]),
            counts[au],
            counts[au] / minutes if minutes else float("nan"),
        )
        for place, au in enumerate(recording.aus)
    )


def occurring_together(recording: Recording, person: PersonRows) -> Together:
    """Which action units occur in the same frames."""
    rows = counting_rows(person)
    weights = weights_of(recording, person)[rows]
    shown = person.shown[:, rows].astype(np.float64)
    both = (shown * weights) @ shown.T  # (A, A) seconds
    occurs = np.flatnonzero(np.diag(both) > 0)
    both = both[np.ix_(occurs, occurs)]
    aus = tuple(recording.aus[place] for place in occurs.tolist())
    return Together(aus, 100 * both / np.diag(both)[:, None] if len(aus) else both)


def quality_of(recording: Recording, person: PersonRows) -> Quality:
    """How long the person is seen, and with which flags."""
    weights = weights_of(recording, person)
    whole = float(recording.lasting.sum()) or float(len(recording.times))
    seconds = {flag: float(weights[(person.flags >> place) & 1 == 1].sum()) for place, flag in enumerate(FLAGS)}
    seen, flagged = float(weights.sum()), float(weights[person.flags != 0].sum())
    clean = bool((person.flags == 0).any())
    return Quality(
        seconds=seen,
        share=100 * seen / whole,
        flags={flag: time for flag, time in seconds.items() if time > 0},
        left_out=flagged if clean else 0.0,
        counted=seen - flagged if clean else seen,
        all_flagged=not clean,
    )


def strip_of(recording: Recording, person: PersonRows) -> dict[str, list[tuple[float, float]]]:
    """When the face is not seen, and when it carries each flag: intervals in seconds by reason, those that occur."""
    seen = np.zeros(len(recording.times), np.bool_)
    seen[person.place] = True
    reasons = {"no face": ~seen}
    for place, flag in enumerate(FLAGS):
        raised = np.zeros(len(seen), np.bool_)
        raised[person.place] = (person.flags >> place) & 1 == 1
        reasons[flag] = raised
    return {name: _intervals(recording, raised) for name, raised in reasons.items() if raised.any()}


def _intervals(recording: Recording, raised: NDArray[np.bool_]) -> list[tuple[float, float]]:
    first, last = recording.span
    edges = np.diff(np.r_[0, raised.astype(np.int8), 0])
    found: list[tuple[float, float]] = []
    ends = recording.times + recording.lasting
    for start, stop in zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True):
        begin, end = float(recording.times[start]), float(ends[stop - 1])
        if found and begin - found[-1][1] < (last - first) / _STRIP:
            found[-1] = (found[-1][0], end)
        else:
            found.append((begin, end))
    return found


def strongest(episodes: list[Episode], most: int) -> list[Episode]:
    """At most so many episodes, those of the highest peaks, by onset."""
    ranked = sorted(episodes, key=lambda each: -(each.peak if each.peak == each.peak else 5 * each.probability))
    return sorted(ranked[:most], key=lambda each: (each.onset, each.face_id, each.au))
