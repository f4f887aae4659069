"""What all layouts share: their options, their report, and the small files of MATLAB."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.io import savemat

from actionunits.errors import UsageError
from actionunits.store import Store

Layout = Literal["bp4d", "bp4d+", "disfa"]

_MAT_TEXT = b"MATLAB 5.0 MAT-file, written by actionunits".ljust(116)  # SciPy would state the time of day here


@dataclass(frozen=True, slots=True)
class LayoutOptions:
    """In what the copies of a data set differ, and what one would like a reader to stumble over.

    Attributes:
        packaging: BP4D's: ``new`` has ``AUCoding/AU_OCC`` with 34 AU columns, ``AUCoding/AU_INT`` and
            ``Sequences(2D+3D)``; ``fera2015`` has ``AUCoding`` with a column for every number,
            ``AU-Intensity-Codes3.0`` and ``BP4D-training``.
        padding: digits of BP4D's picture names; None takes 3 where every number has at most 3, and 4 elsewhere.
        uncoded: BP4D: pictures at either end of a sequence that have no row in its tables; at most a quarter each.
        unknown_share: BP4D, BP4D+: share of the cells that are coded 9 although the label is known, 0-1.
        trim_labels: BP4D+: the tables of one task end before its pictures do.
        first_landmark: DISFA: 0 names landmark files ``SN001_0000_lm.mat``, 1 names them ``l00001_lm.mat``.

    Raises:
        UsageError: a number is out of range.
    """

    packaging: Literal["new", "fera2015"] = "new"
    padding: int | None = None
    uncoded: int = 2
    unknown_share: float = 0.02
    trim_labels: bool = False
    first_landmark: Literal[0, 1] = 0

    def __post_init__(self) -> None:
        fits = {
            "packaging": self.packaging in ("new", "fera2015"),
            "padding": self.padding is None or 0 <= self.padding <= 9,
            "uncoded": self.uncoded >= 0,
            "unknown_share": 0 <= self.unknown_share <= 1,
            "first_landmark": self.first_landmark in (0, 1),
        }
        for name, good in fits.items():
            if not good:
                raise UsageError(f"{name}={getattr(self, name)!r}", "is out of range", "See LayoutOptions")


@dataclass(frozen=True, slots=True)
class LayoutReport:
    """What was written.

    Attributes:
        layout: which layout.
        folder: where.
        subjects: how many people.
        sequences: how many tasks, for DISFA how many videos of the left camera.
        frames: how many pictures; of DISFA, those of the left camera.
        coded_frames: how many of them have labels.
        unknown_cells: label cells coded 9, of the AUs that both the store and the data set have.
        names: the new name, as ``F001_T1`` or ``SN001``, of each of the store's sequences.
    """

    layout: Layout
    folder: Path
    subjects: int
    sequences: int
    frames: int
    coded_frames: int
    unknown_cells: int
    names: Mapping[str, str]


def sequences_of(store: Store) -> dict[str, list[str]]:
    """The sequences of each subject, both in the order of the store."""
    grouped: dict[str, list[str]] = {}
    table = store.sequences
    for subject, sequence in zip(table["subject"].to_pylist(), table["sequence"].to_pylist(), strict=True):
        grouped.setdefault(subject, []).append(sequence)
    return grouped


def mat_bytes(variables: dict[str, NDArray[Any]]) -> bytes:
    """A MATLAB 5 file with these variables; the same variables give the same bytes."""
    file = io.BytesIO()
    savemat(file, variables)  # type: ignore[arg-type]  # its annotation forgets open files
    return _MAT_TEXT + file.getvalue()[len(_MAT_TEXT) :]


def fit_struct(points: NDArray[np.float32]) -> NDArray[Any]:
    """BP4D's struct array ``fit``: field ``pred`` of each frame has the points, or is empty where none is known.

    Args:
        points: (N, 49, 2) pixels, NaN where unknown.
    """
    fit = np.empty((1, len(points)), dtype=[("pred", object)])
    for place, each in enumerate(points.astype(np.float64)):
        fit["pred"][0, place] = np.empty((0, 0)) if np.isnan(each).all() else each
    return fit
