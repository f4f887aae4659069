"""A recording's arrays belong together."""

from __future__ import annotations

import numpy as np
import pytest

from actionunits.datasets import Recording
from actionunits.datasets.pictures import PictureFiles
from actionunits.errors import UsageError

GOOD = {
    "subject": "F001",
    "name": "F001_T1",
    "task": "T1",
    "camera": "",
    "fps": 25.0,
    "frames": np.array([1, 2, 5], np.int32),
    "timestamps": np.array([0.0, 0.1, 0.2]),
    "occurrence": {1: np.zeros(3, np.int8)},
    "intensity": {6: np.zeros(3, np.int8)},
    "landmarks": np.zeros((3, 68, 2), np.float32),
    "flags": [()] * 3,
    "pictures": PictureFiles((None,) * 3),
}


def test_a_good_one():
    assert len(Recording(**GOOD)) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "F 001"},
        {"name": ".."},
        {"frames": np.array([1, 5, 5], np.int32)},
        {"timestamps": np.zeros(2)},
        {"occurrence": {1: np.zeros(4, np.int8)}},
        {"intensity": {6: np.zeros(2, np.int8)}},
        {"landmarks": np.zeros((3, 49, 2), np.float32)},
        {"flags": [()]},
    ],
)
def test_wrong_ones(change):
    with pytest.raises(UsageError):
        Recording(**GOOD | change)
