"""A tracker that goes on where another stopped knows what that one knew, to the last bit."""

import json
from typing import Any

import numpy as np
import pytest

from actionunits.faces import FaceFinder, FaceTracker
from actionunits.faces.remembered import read, written


@pytest.mark.parametrize(
    "array", [np.float32([[0.1, -np.inf], [3e-39, 2]]), np.zeros((0, 0, 3), np.int16), np.arange(3.0)]
)
def test_arrays_come_back_as_they_were(array: np.ndarray) -> None:
    again = read(json.loads(json.dumps(written(array))))
    assert again.dtype == array.dtype
    assert again.shape == array.shape
    assert again.tobytes() == array.tobytes()
    again[...] = 0  # may be written to


@pytest.mark.parametrize(
    "change", [{"kind": "object"}, {"shape": [1 << 20, 1 << 20]}, {"shape": [-1]}, {"shape": [7]}, {"bytes": "AAA"}]
)
def test_what_is_no_array_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        read(written(np.arange(3.0)) | change)


def test_going_on_is_as_if_nothing_had_been(pictures: tuple[np.ndarray, ...], blank: np.ndarray) -> None:
    finder = FaceFinder()
    scenes = []
    for number in range(14):  # somebody comes, another after them, they come close, one is gone for a moment
        scene = np.concatenate([blank, blank], axis=1).copy()
        scene[:, number * 8 : 384 + number * 8] = pictures[0]
        if number >= 2 and number not in (8, 9):
            scene[60:324, 768 - 270 - number * 9 : 768 - 6 - number * 9] = pictures[1][60:324, 60:324]
        scenes.append(scene)

    def follow(tracker: FaceTracker, begin: int, end: int) -> list[Any]:
        found = [tracker.track(scenes[number], number / 10) for number in range(begin, end)]
        return [[(face_id, face.mesh.tobytes(), face.box) for face_id, face in faces] for faces in found]

    whole = follow(FaceTracker(finder), 0, 14)
    assert {face_id for faces in whole for face_id, *_ in faces} >= {0, 1}
    for cut in (0, 1, 3, 7, 9, 10, 13):
        first, second = FaceTracker(finder), FaceTracker(finder)
        before = follow(first, 0, cut)
        second.resume(json.loads(json.dumps(first.state())))
        assert before + follow(second, cut, 14) == whole
