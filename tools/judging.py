"""Estimators at work on rendered faces of people they never saw: thresholds from some people, figures from others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from actionunits.estimators.base import Estimator
from actionunits.estimators.card import AUQuality
from actionunits.faces import Face, FaceFinder, FaceTracker, describe
from actionunits.facs import AUSet
from actionunits.metrics import auroc, confusion, icc31, mae
from actionunits.metrics.scores import Scores
from actionunits.store import Store

Float32 = NDArray[np.float32]
Bool = NDArray[np.bool_]
Image = NDArray[np.uint8]

OCCURS_FROM = 2  # FACS B
OCCLUDED = "occluded"
_SAMPLES, _SURE = 500, 0.95
_DIGITS = 4
_STEP = 0.5 * 10.0**-_DIGITS  # so that rounding never lowers a threshold


@dataclass(frozen=True, eq=False)
class Looked:
    """What an estimator said of N faces, and what was to be seen.

    Attributes:
        aus: A action units.
        evidence, intensity: (N, A).
        level: (N, A) true intensity, 0-5.
        subject: (N,) who.
        flagged: (N,) bool, whether the analysis says to doubt the frame.
        missed: pictures in which no face was found; they are not among the N.
    """

    aus: AUSet
    evidence: Float32
    intensity: Float32
    level: NDArray[np.int8]
    subject: NDArray[np.str_]
    flagged: Bool
    missed: int

    @property
    def probability(self) -> Float32:
        """(N, A), 0-1."""
        return np.asarray(1 / (1 + np.exp(-np.clip(self.evidence, -60, 60))), np.float32)

    @property
    def neutral(self) -> Bool:
        """(N,), no AU shows at all."""
        return np.asarray((self.level == 0).all(axis=1))

    def stronger(self, gains: Sequence[float]) -> Looked:
        """The same with intensities multiplied."""
        return replace(self, intensity=self.intensity * np.array(gains, np.float32))

    def of(self, rows: Bool) -> Looked:
        """Some of the faces."""
        return Looked(
            self.aus,
            self.evidence[rows],
            self.intensity[rows],
            self.level[rows],
            self.subject[rows],
            self.flagged[rows],
            missed=0,
        )


def free_faces(store: Store, rows: Sequence[int]) -> Iterator[tuple[int, Image, Face | None]]:
    """Find the largest face of every picture, as ``analyze`` does with pictures.

    Pictures in which something is held before the face are left out.

    Args:
        store: uncropped.
        rows: its pictures to look at.

    Yields:
        The row, the picture, and the face, or None where none was found.
    """
    tracker = FaceTracker(FaceFinder(), max_faces=1)
    flags = store.frames.column("flags").to_pylist()
    for row in rows:
        if OCCLUDED in flags[row]:
            continue
        picture = store.image(row)
        tracker.reset()
        tracked = tracker.track(picture, 0.0)
        yield row, picture, describe(*tracked[0], picture) if tracked else None


def look(store: Store, rows: Sequence[int], estimators: Mapping[str, Estimator], aus: AUSet) -> dict[str, Looked]:
    """Ask estimators about the faces of :func:`free_faces`.

    Args:
        store: uncropped.
        rows: its pictures to look at.
        estimators: by name.
        aus: to look for; of each estimator those that it knows.
    """
    subjects = store.frames.column("subject").to_pylist()
    seen: list[int] = []
    flagged: list[bool] = []
    found: dict[str, tuple[list[Float32], list[Float32]]] = {name: ([], []) for name in estimators}
    known = {name: aus & estimator.card.au_set for name, estimator in estimators.items()}
    missed = 0
    for row, picture, face in free_faces(store, rows):
        if face is None:
            missed += 1
            continue
        seen.append(row)
        flagged.append(bool(face.flags))
        for name, estimator in estimators.items():
            places = np.array([estimator.card.au_set.index(au) for au in known[name]], np.intp)
            scores = estimator.predict([(picture, face)]).select(places)
            found[name][0].append(scores.evidence[0])
            found[name][1].append(scores.intensity[0])
    who = np.array([subjects[row] for row in seen])
    return {
        name: Looked(
            known[name],
            np.stack(evidence),
            np.stack(intensity),
            store.labels(known[name], kind="intensity")[seen],
            who,
            np.array(flagged),
            missed,
        )
        for name, (evidence, intensity) in found.items()
    }


def choose_thresholds(looked: Looked, most_false_alarms: float) -> tuple[float, ...]:
    """Per AU the lowest probability that at most so large a share passes of the faces without it, and of neutral faces.

    So that this holds for other people too, the share is not that of these people alone: of 500 samples of as many
    people, drawn from them with replacement, 95 % need no higher threshold. Unlike the threshold of the best F1, it
    does not depend on how often the AU occurs, which differs from one recording to the next.
    """
    random = np.random.default_rng(0)
    people, number = np.unique(looked.subject, return_inverse=True)
    draws = random.multinomial(len(people), np.full(len(people), 1 / len(people)), _SAMPLES)  # (S, people)
    chosen = []
    for place in range(len(looked.aus)):
        probability, level = looked.probability[:, place], looked.level[:, place]
        bounds = [
            np.quantile(_quantiles(probability[rows], draws[:, number[rows]], 1 - most_false_alarms), _SURE)
            for rows in (level == 0, looked.neutral)
            if rows.any()
        ]
        chosen.append(round(float(max(bounds)) + _STEP, _DIGITS))
    return tuple(chosen)


def _quantiles(values: Float32, counts: NDArray[np.int64], share: float) -> NDArray[np.float64]:
    """The smallest of N values that a share of them does not exceed, each counted so often; (S, N) to (S,)."""
    order = np.argsort(values)
    reached = counts[:, order].cumsum(axis=1)  # (S, N)
    wanted = np.ceil(share * reached[:, -1:])
    places = np.minimum((reached < wanted).sum(axis=1), len(values) - 1)
    return np.asarray(values[order][places], np.float64)


def choose_gains(looked: Looked) -> tuple[float, ...]:
    """Per AU the factor that gives intensities the spread of the true levels, 1 to 3."""
    spread = looked.level.std(axis=0), looked.intensity.std(axis=0)
    return tuple(round(float(gain), _DIGITS) for gain in np.clip(spread[0] / np.maximum(spread[1], 1e-6), 1, 3))


def at_rest(looked: Looked) -> tuple[float, ...]:
    """Per AU the median log-odds of neutral faces."""
    return tuple(round(float(value), _DIGITS) for value in np.median(looked.evidence[looked.neutral], axis=0))


def judge(looked: Looked, thresholds: Sequence[float]) -> tuple[AUQuality, ...]:
    """The figures of every AU; present from FACS B, false alarms where it is absent."""
    occurs = (looked.level >= OCCURS_FROM).astype(np.int8)
    called = looked.probability >= np.array(thresholds)
    intensity = np.clip(looked.intensity, 0, 5)
    absent = looked.level == 0
    alarms = (called & absent).sum(axis=0) / np.maximum(absent.sum(axis=0), 1)
    columns = [
        _known(scores)
        for scores in (
            auroc(occurs, looked.evidence),
            confusion(occurs, called.astype(np.int8)).f1(),
            icc31(looked.level, intensity),
            mae(looked.level, intensity),
        )
    ]
    return tuple(
        AUQuality(
            au=au, positives=int(occurs[:, place].sum()), auroc=area, f1=f1, icc=icc, mae=error,
            false_positive_rate=round(float(alarms[place]), _DIGITS),
        )
        for place, (au, area, f1, icc, error) in enumerate(zip(looked.aus, *columns, strict=True))
    )  # fmt: skip


def _known(scores: Scores) -> list[float | None]:
    return [
        round(float(value), _DIGITS) if defined else None
        for value, defined in zip(scores.values, scores.defined, strict=True)
    ]
