"""How action units go together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def relation_matrix(labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """Pearson's correlation of each pair of AUs over the frames (RE-Net, Fig. 2; the weights of its Eq. 5).

    A frame counts for a pair if both AUs are known in it. The correlation with an AU that is constant over these frames
    is 0: nothing is known of a relation. It is NaN where no frame counts.

    Args:
        labels: (N, A) occurrence 0 and 1, or intensity 0-5; -1 is unknown.

    Returns:
        (A, A), symmetric, -1 to 1; 1 on the diagonal, or 0 for an AU that is constant.

    >>> relation_matrix(np.array([[0, 0, 1], [1, 1, 0], [1, -1, 0], [0, 1, 1]])).round(3).tolist()
    [[1.0, 0.5, -1.0], [0.5, 1.0, -0.5], [-1.0, -0.5, 1.0]]
    """
    known = (labels >= 0).astype(np.float64)  # (N, A)
    values = np.where(labels >= 0, labels, 0).astype(np.float64)
    count = known.T @ known  # (A, A), exact: whole numbers far below 2**53
    sums = values.T @ known  # [i, j]: of AU i over the frames that count for i and j
    squares = np.square(values).T @ known
    covariance = count * (values.T @ values) - sums * sums.T
    variance = count * squares - np.square(sums)
    spread = np.sqrt(variance * variance.T)
    relation = np.divide(covariance, spread, out=np.zeros_like(spread), where=spread > 0)
    relation[count == 0] = np.nan
    return np.asarray(np.clip(relation, -1.0, 1.0))
