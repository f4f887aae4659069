"""A store as a data set: every value of every frame, and what it is not."""

import json
import pickle

import numpy as np
import pytest

from actionunits.datasets import detect_kind, open_dataset
from actionunits.errors import DatasetError, StoreError, UsageError
from actionunits.store import Store


@pytest.fixture(scope="module")
def store(tmp_path_factory, write_uncropped) -> Store:
    return write_uncropped(tmp_path_factory.mktemp("stored") / "store")


@pytest.fixture(scope="module")
def dataset(store):
    return open_dataset("store", store.folder)


def test_names_come_sorted(dataset):
    assert dataset.sequences() == ("a", "c", "d")
    assert dataset.subjects() == ("S1", "S2")
    assert dataset.aus.numbers == (1, 2, 12)
    assert dataset.findings() == []
    assert [recording.subject for recording in dataset.recordings()] == ["S2", "S1", "S1"]
    assert [recording.fps for recording in dataset.recordings()] == [2.5, 2.5, 0.0]


@pytest.mark.parametrize("name", ["a", "c", "d"])
def test_a_recording_is_the_stores_rows(store, dataset, name):
    recording, rows = dataset.recording(name), store.rows_of(name)
    frames = store.frames.to_pandas().iloc[rows.start : rows.stop]
    np.testing.assert_array_equal(recording.frames, frames["frame"])
    np.testing.assert_array_equal(recording.timestamps, frames["timestamp"])
    for kind in ("occurrence", "intensity", "left", "right"):
        found = np.stack([getattr(recording, kind)[au] for au in (1, 2, 12)], axis=1)
        np.testing.assert_array_equal(found, store.labels((1, 2, 12), kind)[rows.start : rows.stop])
    np.testing.assert_array_equal(recording.landmarks, store.landmarks(slice(rows.start, rows.stop)))
    np.testing.assert_array_equal(recording.visible, np.stack(frames["visible"]))
    np.testing.assert_array_equal(recording.pose, frames[["pose_pitch", "pose_yaw", "pose_roll"]])
    np.testing.assert_array_equal(recording.gaze, frames[["gaze_pitch", "gaze_yaw"]])
    assert ["|".join(own) for own in recording.flags] == frames["flags"].tolist()
    assert all(map(all, recording.flags))  # no remark is empty
    for place, picture in pickle.loads(pickle.dumps(recording.pictures))():
        np.testing.assert_array_equal(picture, store.image(rows[place]))


def test_what_a_store_lacks_a_recording_lacks(tmp_path, write_uncropped):
    write_uncropped(tmp_path / "store", contents=("occurrence",))
    recording = open_dataset("store", tmp_path / "store", aus="12,1").recording("a")
    assert list(recording.occurrence) == [12, 1]
    assert (recording.intensity, recording.left, recording.right) == ({}, {}, {})
    assert (recording.landmarks, recording.visible, recording.pose, recording.gaze) == (None,) * 4


def test_damaged_pictures(tmp_path, write_uncropped):
    store = write_uncropped(tmp_path / "store")
    path, first = store.folder / "images" / "a.arrow", bytes(store.jpeg(store.rows_of("a").start))
    path.write_bytes(path.read_bytes().replace(first[:4], b"ruin", 1))
    recording = open_dataset("store", store.folder).recording("a")
    assert [picture is None for _, picture in recording.pictures()] == [True, False, False, False]
    assert len(list(recording.pictures.faults(every=True))) == 1
    path.write_bytes(b"nothing")
    with pytest.raises(DatasetError, match=r"a\.arrow"):
        list(open_dataset("store", store.folder).recording("a").pictures())


def test_a_store_is_told_by_its_header(store, tmp_path):
    assert detect_kind(store.folder) == "store"
    with pytest.raises(DatasetError, match="nor a manifest or a store"):
        detect_kind(tmp_path)


def test_cropped_stores_are_no_source(tmp_path, write_uncropped):
    write_uncropped(tmp_path / "store", crop="jaa-200", crop_hash="0" * 16)
    with pytest.raises(UsageError, match=r"cropped already, as jaa-200"):
        open_dataset("store", tmp_path / "store")


@pytest.mark.parametrize(
    "wrong", [{"aus": (4,)}, {"occurs_from": 1}, {"cameras": "both"}, {"frame_policy": "drop_missing_landmarks"}]
)
def test_what_a_store_has_not_is_refused(store, wrong):
    with pytest.raises(UsageError):
        open_dataset("store", store.folder, **wrong)


def test_folders_that_are_no_store(store, tmp_path, write_uncropped):
    with pytest.raises(StoreError, match="finished store"):
        open_dataset("store", tmp_path)
    later = write_uncropped(tmp_path / "later").folder / "store.json"
    later.write_text(json.dumps(json.loads(later.read_text()) | {"format": 2}))
    with pytest.raises(StoreError, match="Update actionunits"):
        open_dataset("store", later.parent)
    with pytest.raises(UsageError, match="no such sequence"):
        open_dataset("store", store.folder).recording("b")
