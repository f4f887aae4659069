"""A video's people at rest: raw scores of its frames, kept by person, and what each scores when nothing moves."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from actionunits.account import Watch
from actionunits.errors import ResultsError
from actionunits.estimators import AUScores
from actionunits.faces import Face
from actionunits.media import Frame
from actionunits.results.baseline import Baseline


@dataclass(frozen=True)
class ScoredFrame:
    """One frame before the person baseline and the thresholds: N faces and their raw scores (N, A).

    With sides also those of the left halves and of the right ones.
    """

    frame: Frame
    faces: tuple[Face, ...]
    scores: AUScores
    sides: tuple[AUScores, ...] = ()

    def without_pictures(self) -> ScoredFrame:
        """The same without pixels and meshes, for keeping many; faces still know their landmarks."""
        faces = tuple(face.without_mesh() for face in self.faces)
        return ScoredFrame(replace(self.frame, image=self.frame.image[:0, :0].copy()), faces, self.scores, self.sides)


class Tracks:
    """Every person's scores through a video, for the resting score."""

    def __init__(self) -> None:
        self._times: dict[int, list[float]] = {}
        self._scores: dict[int, list[AUScores]] = {}

    def add(self, scored: ScoredFrame) -> None:
        """Take in one frame."""
        for row, face in enumerate(scored.faces):
            self._times.setdefault(face.face_id, []).append(scored.frame.timestamp)
            self._scores.setdefault(face.face_id, []).append(scored.scores.row(row))

    def resting(self, baseline: Baseline, watch: Watch) -> dict[int, AUScores]:
        """Return resting scores (N = 1) by face id.

        Somebody who is not seen within a neutral span gets the median of their own track instead; from a track of one
        frame, such as a picture, nothing is subtracted, or nothing would be left. ``watch`` is told of both.
        """
        rest = {}
        for face_id, seconds in self._times.items():
            times = np.array(seconds)
            if len(times) == 1:
                watch.warned(f"face {face_id} is seen in one frame only; no resting score was subtracted")
                continue
            evidence = np.concatenate([one.evidence for one in self._scores[face_id]])  # (T, A)
            intensity = np.concatenate([one.intensity for one in self._scores[face_id]])
            try:
                rest[face_id] = _at_rest(baseline, evidence, intensity, times)
            except ResultsError as error:
                watch.warned(f"face {face_id}: {error.reason}; the median of its own track was subtracted instead")
                rest[face_id] = _at_rest(Baseline("median"), evidence, intensity, times)
        return rest


def _at_rest(
    baseline: Baseline,
    evidence: NDArray[np.float32],
    intensity: NDArray[np.float32],
    times: NDArray[np.float64],
) -> AUScores:
    """The resting scores (N = 1) of one face from its track, (T, A) each; a model may say no intensity at all."""
    level = np.full(intensity.shape[1], np.nan) if np.isnan(intensity).all() else baseline.resting(intensity, times)
    return AUScores(*(np.asarray(one, np.float32)[None] for one in (baseline.resting(evidence, times), level)))
