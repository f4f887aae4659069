"""The contract of every estimator: faces in, scores out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from actionunits.errors import UsageError
from actionunits.estimators.card import Card
from actionunits.estimators.scores import AUScores
from actionunits.faces.face import Face

LookedAt = tuple[NDArray[np.uint8], Face]  # the picture (H, W, 3) RGB and a face in it


class Estimator(ABC):
    """An AU model at work.

    Attributes:
        card: facts about it.
        frames_at_once: how many frames of a video it is quickest with; scores agree to rounding whatever it is.
    """

    card: Card
    frames_at_once: int = 1

    @abstractmethod
    def predict(self, faces: Sequence[LookedAt]) -> AUScores:
        """Score faces, from one picture or many.

        Args:
            faces: N pairs of picture and face.

        Returns:
            Scores (N, A). A face's scores do not depend on the others in the batch.
        """

    def predict_sides(self, faces: Sequence[LookedAt]) -> tuple[AUScores, AUScores]:
        """Score each face's left and right half, each as if the other did the same.

        Args:
            faces: N pairs of picture and face.

        Returns:
            Scores (N, A) of the person's own left side, and of their right.

        Raises:
            UsageError: the model cannot tell the sides apart.
        """
        raise UsageError(self.card.name, "does not tell left from right", "Use a model that looks at the picture")
