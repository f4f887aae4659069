"""The contract of every estimator: faces in, scores out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from actionunits.estimators.card import Card
from actionunits.estimators.scores import AUScores
from actionunits.faces.face import Face

LookedAt = tuple[NDArray[np.uint8], Face]  # the picture (H, W, 3) RGB and a face in it


class Estimator(ABC):
    """An AU model at work.

    Attributes:
        card: facts about it.
    """

    card: Card

    @abstractmethod
    def predict(self, faces: Sequence[LookedAt]) -> AUScores:
        """Score faces, from one picture or many.

        Args:
            faces: N pairs of picture and face.

        Returns:
            Scores (N, A). A face's scores do not depend on the others in the batch.
        """
