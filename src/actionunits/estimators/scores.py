"""What an estimator says of some faces, before and after the person baseline and the thresholds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class AUScores:
    """Raw scores of N faces for A action units.

    Attributes:
        evidence: (N, A) float32, log-odds of occurrence.
        intensity: (N, A) float32, FACS scale 0-5 but not yet cut off at its ends; NaN from models without.
    """

    evidence: Float32
    intensity: Float32

    def relative_to(self, rest: AUScores, neutral_evidence: NDArray[np.floating]) -> AUScores:
        """Subtract a person's resting scores, as Baltrusaitis et al. 2015 do.

        Args:
            rest: that person's resting scores, N = 1.
            neutral_evidence: (A,), the log-odds a resting face should have.

        At rest the result has intensity 0 and the neutral log-odds.
        """
        shift = np.asarray(neutral_evidence, np.float32) - rest.evidence
        return AUScores(self.evidence + shift, self.intensity - rest.intensity)

    def probability(self) -> Float32:
        """(N, A), 0-1."""
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(self.evidence, -60, 60))), np.float32)

    def level(self) -> Float32:
        """(N, A), intensity 0-5, or NaN."""
        return np.clip(self.intensity, 0.0, 5.0).astype(np.float32)

    def row(self, place: int) -> AUScores:
        """The scores of one face, N = 1."""
        return AUScores(self.evidence[place : place + 1], self.intensity[place : place + 1])

    def parts(self, counts: Sequence[int]) -> Iterator[AUScores]:
        """The scores of some faces after the others: as many as each count says; the counts add up to N."""
        start = 0
        for count in counts:
            yield AUScores(self.evidence[start : start + count], self.intensity[start : start + count])
            start += count

    def select(self, places: NDArray[np.intp]) -> AUScores:
        """Keep the AUs at ``places``, in that order."""
        return AUScores(self.evidence[:, places], self.intensity[:, places])
