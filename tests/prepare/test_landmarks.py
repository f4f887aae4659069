"""Where the face is: by the mesh, from frame to frame, or by the data set's own landmarks."""

import numpy as np
import pytest

from actionunits.errors import DatasetError, UsageError
from actionunits.geometry import get_crop, mesh_to_68, to_49, to_68
from actionunits.prepare.landmarks import DatasetLocator, MeshLocator, require_outline

from .conftest import scene


def test_the_mesh_follows_one_face(make_recording, finder):
    pictures = [scene(0, 3 * k) for k in range(4)]
    locator = MeshLocator(make_recording(pictures), finder)
    for place, picture in enumerate(pictures):
        located = locator.locate(place, picture)
        alone = mesh_to_68(finder.find(picture)[0].mesh)[:, :2]
        assert np.abs(located.landmarks - alone).mean() < 1.5  # following agrees with finding anew
        assert np.abs(located.pose).max() < 25
    assert locator.locate(4 - 1, scene(0, blank=True)) is None


def test_the_detector_is_not_asked_while_the_face_is_followed(make_recording, finder, monkeypatch):
    pictures = [scene(1, k) for k in range(30)]
    locator = MeshLocator(make_recording(pictures), finder)
    looks = []
    whole = finder.find
    monkeypatch.setattr(finder, "find", lambda *args, **more: looks.append(1) or whole(*args, **more))
    for place, picture in enumerate(pictures):
        assert locator.locate(place, picture) is not None
    assert len(looks) == 1


@pytest.mark.parametrize("unrelated", ["no frame rate", "other size"])
def test_unrelated_pictures_are_searched_one_by_one(make_recording, finder, monkeypatch, unrelated):
    pictures = [scene(0), scene(1), scene(2)]
    if unrelated == "other size":
        pictures = [np.pad(each, ((0, 8 * k), (0, 0), (0, 0))) for k, each in enumerate(pictures)]
    recording = make_recording(pictures, fps=0.0 if unrelated == "no frame rate" else 25.0)
    looks = []
    whole = finder.find
    monkeypatch.setattr(finder, "find", lambda *args, **more: looks.append(1) or whole(*args, **more))
    locator = MeshLocator(recording, finder)
    for place, picture in enumerate(pictures):
        assert locator.locate(place, picture) is not None
    assert len(looks) == 3


def test_the_data_sets_own_landmarks(make_recording, face):
    points = np.stack([face, np.full((68, 2), np.nan)]).astype(np.float32)
    locator = DatasetLocator(make_recording([scene(0)] * 2, landmarks=points))
    np.testing.assert_array_equal(locator.locate(0, scene(0)).landmarks, points[0])
    assert locator.locate(0, scene(0)).pose is None
    assert locator.locate(1, scene(0)) is None


def test_without_landmarks_the_mesh_is_the_way(make_recording):
    with pytest.raises(DatasetError, match=r"F001_T1.*--landmarks mesh"):
        DatasetLocator(make_recording([scene(0)]))


@pytest.mark.parametrize("name", ["lp-240-masked", "roi-256", "aurcnn-512"])
def test_crops_that_need_the_outline_refuse_49_points(make_recording, face, name):
    inner = to_68(to_49(face))[None].astype(np.float32)
    with pytest.raises(UsageError, match=f"{name}.*no jaw.*--landmarks mesh"):
        require_outline(make_recording([scene(0)], landmarks=inner), get_crop(name))
    require_outline(make_recording([scene(0)], landmarks=face[None].astype(np.float32)), get_crop(name))


@pytest.mark.parametrize("name", ["jaa-200", "re-256", "face-112"])
def test_other_crops_take_49_points(make_recording, face, name):
    inner = to_68(to_49(face))[None].astype(np.float32)
    require_outline(make_recording([scene(0)], landmarks=inner), get_crop(name))


@pytest.fixture
def face(finder):
    """(68, 2), where the mesh sees the face of `scene(0)`."""
    return mesh_to_68(finder.find(scene(0))[0].mesh)[:, :2]
