"""DISFA: two cameras, thresholds, both namings of landmark files, and videos that are longer or shorter than labels."""

from __future__ import annotations

import numpy as np
import pytest

from actionunits.datasets import open_dataset
from actionunits.errors import DatasetError, UsageError
from actionunits.facs import DISFA_12

COUNT = 6
LEVELS = {1: [0, 1, 2, 3, 4, 5], 25: [1] * COUNT}


def write_copy(disk, root, subject="SN001", videos="Video_{}Camera", spelling="comp", shown=COUNT) -> None:
    """Label frame f is decoded frame f - 1; the right camera shows 20 more."""
    disk.disfa_labels(root, subject, LEVELS, COUNT)
    for camera, shift in (("Left", 0), ("Right", 20)):
        name = f"{camera}Video{subject}_{spelling}.avi"
        disk.video(root / videos.format(camera) / name, [shift + k for k in range(shown)])


@pytest.mark.parametrize("videos", ["Video_{}Camera", "Videos_{}Camera"])
@pytest.mark.parametrize("spelling", ["comp", "Comp"])
def test_label_frame_f_is_decoded_frame_f_minus_1(disk, tmp_path, videos, spelling):
    write_copy(disk, tmp_path, videos=videos, spelling=spelling)
    data = open_dataset("disfa", tmp_path)
    assert (data.name, data.aus, data.sequences()) == ("disfa", DISFA_12, ("SN001_left",))
    one = data.recording("SN001_left")
    assert (one.subject, one.camera, one.task, one.fps) == ("SN001", "left", "", 20)
    assert one.frames.tolist() == [1, 2, 3, 4, 5, 6]
    np.testing.assert_allclose(one.timestamps, np.arange(6) / 20)
    assert disk.marks(one) == [0, 1, 2, 3, 4, 5]
    assert one.intensity[1].tolist() == LEVELS[1]
    assert list(one.intensity) == list(DISFA_12)
    assert one.notes == ()


@pytest.mark.parametrize(("lowest", "wanted"), [(1, [0, 1, 1, 1, 1, 1]), (2, [0, 0, 1, 1, 1, 1])])
def test_thresholds(disk, tmp_path, lowest, wanted):
    write_copy(disk, tmp_path)
    one = open_dataset("disfa", tmp_path, occurs_from=lowest).recording("SN001_left")
    assert one.occurrence[1].tolist() == wanted
    assert one.occurrence[25].tolist() == [2 - lowest] * COUNT


def test_the_usual_threshold_is_2(disk, tmp_path):
    write_copy(disk, tmp_path)
    assert not open_dataset("disfa", tmp_path).recording("SN001_left").occurrence[25].any()


def test_cameras(disk, tmp_path):
    write_copy(disk, tmp_path)
    data = open_dataset("disfa", tmp_path, cameras="both")
    assert data.sequences() == ("SN001_left", "SN001_right")
    assert data.subjects() == ("SN001",)
    left, right = data.recordings()
    assert disk.marks(left) == [0, 1, 2, 3, 4, 5]
    assert disk.marks(right) == [20, 21, 22, 23, 24, 25]
    assert {one.subject for one in (left, right)} == {"SN001"}  # so that a split by subject keeps them together
    np.testing.assert_array_equal(left.occurrence[1], right.occurrence[1])
    assert open_dataset("disfa", tmp_path, cameras="right").sequences() == ("SN001_right",)


def landmarks_of(disk, root, names, folder="tmp_frame_lm", **options) -> list:
    """Landmark file number n has points at (n, n); the nose of each frame, None where unknown."""
    for number, name in names.items():
        disk.points(root / "Landmark_Points" / "SN001" / folder / name, number)
    one = open_dataset("disfa", root, **options).recording("SN001_left")
    assert one.landmarks.shape == (len(one), 68, 2)
    assert np.isnan(one.landmarks[:, [60, 64]]).all()
    return [None if np.isnan(x) else int(x) for x in one.landmarks[:, 30, 0]]


@pytest.mark.parametrize("folder", ["tmp_frame_lm", "frame_lm"])
def test_landmark_files_from_0(disk, tmp_path, folder):
    write_copy(disk, tmp_path)
    names = {k: f"SN001_{k:04d}_lm.mat" for k in range(6)}
    assert landmarks_of(disk, tmp_path, names, folder) == [0, 1, 2, 3, 4, 5]


def test_landmark_files_from_1(disk, tmp_path):
    write_copy(disk, tmp_path)
    names = {k: f"l{k:05d}_lm.mat" for k in range(1, 7)}
    assert landmarks_of(disk, tmp_path, names) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(("first", "pattern"), [(0, "SN001_{:04d}_lm.mat"), (1, "l{:05d}_lm.mat")])
def test_one_landmark_file_too_many(disk, tmp_path, first, pattern):
    write_copy(disk, tmp_path)
    names = {k: pattern.format(k) for k in range(first, first + 7)}
    assert landmarks_of(disk, tmp_path, names) == list(range(first + 1, first + 7))


def test_a_file_0_of_those_that_count_from_1(disk, tmp_path):
    write_copy(disk, tmp_path)
    assert landmarks_of(disk, tmp_path, {k: f"l{k:05d}_lm.mat" for k in range(7)}) == [1, 2, 3, 4, 5, 6]


def test_a_missing_landmark_file(disk, tmp_path):
    """As SN031's l03631_lm.mat."""
    write_copy(disk, tmp_path)
    names = {k: f"l{k:05d}_lm.mat" for k in (1, 2, 4, 5, 6)}
    assert landmarks_of(disk, tmp_path, names) == [1, 2, None, 4, 5, 6]
    one = open_dataset("disfa", tmp_path, cameras="both").recording("SN001_left")
    assert one.flags[2] == ("no_landmarks",)
    kept = open_dataset("disfa", tmp_path, frame_policy="drop_missing_landmarks", cameras="both")
    for camera, shift in (("left", 0), ("right", 20)):
        one = kept.recording(f"SN001_{camera}")
        assert one.frames.tolist() == [1, 2, 4, 5, 6]
        assert one.dropped == {"drop_missing_landmarks": 1}
        assert disk.marks(one) == [shift + k for k in (0, 1, 3, 4, 5)]
    assert kept.recording("SN001_right").landmarks is None  # they are those of the left camera


def test_jaa_list_counts_from_0(disk, tmp_path):
    count = 830
    disk.disfa_labels(tmp_path, "SN002", {}, count)
    disk.video(tmp_path / "Video_LeftCamera" / "LeftVideoSN002_comp.avi", range(3))
    one = open_dataset("disfa", tmp_path, frame_policy="jaa_list").recording("SN002_left")
    assert sorted(set(range(1, count + 1)) - set(one.frames.tolist())) == list(range(800, 827))  # 799-825 from 0
    assert one.dropped == {"jaa_list": 27}


def test_the_labels_say_how_many_frames_there_are(disk, tmp_path):
    write_copy(disk, tmp_path / "long", shown=9)
    assert disk.marks(open_dataset("disfa", tmp_path / "long").recording("SN001_left")) == [0, 1, 2, 3, 4, 5]
    write_copy(disk, tmp_path / "short", shown=4)
    one = open_dataset("disfa", tmp_path / "short").recording("SN001_left")
    assert disk.marks(one) == [0, 1, 2, 3, None, None]
    assert [fault for _, fault in one.pictures.faults(every=False)] == ["it states 4 frames, 6 have labels"]
    assert "frame 4" in next(one.pictures.faults(every=True))[1]


def test_half_copies(disk, tmp_path):
    write_copy(disk, tmp_path)
    disk.disfa_labels(tmp_path, "SN002", LEVELS, COUNT)
    (tmp_path / "ActionUnit_Labels/SN001/SN001_au12.txt").unlink()
    path = tmp_path / "ActionUnit_Labels/SN001/SN001_au4.txt"
    disk.rows(path, enumerate([3, 3, 3, 3], 1))
    data = open_dataset("disfa", tmp_path)
    one = data.recording("SN001_left")
    assert one.intensity[12].tolist() == one.occurrence[12].tolist() == [-1] * 6
    assert one.occurrence[4].tolist() == [1, 1, 1, 1, -1, -1]
    assert len(one.notes) == 2
    two = data.recording("SN002_left")
    assert disk.marks(two) == [None] * 6
    assert all(flags == ("no_image",) for flags in two.flags)
    told = {(finding.subject, finding.text) for finding in data.findings()}
    assert ("SN001", "has no label file of AU 12") in told
    assert ("SN002", "has labels but no video of the left camera") in told


def test_a_damaged_landmark_file_is_told_and_flagged(disk, tmp_path):
    write_copy(disk, tmp_path)
    names = {k: f"SN001_{k:04d}_lm.mat" for k in range(6)}
    landmarks_of(disk, tmp_path, names)
    (tmp_path / "Landmark_Points/SN001/tmp_frame_lm/SN001_0003_lm.mat").write_bytes(b"cut")
    one = open_dataset("disfa", tmp_path).recording("SN001_left")
    assert [("no_landmarks" in flags) for flags in one.flags] == [False, False, False, True, False, False]
    assert "SN001_0003_lm.mat" in one.notes[0]
    for camera in ("left", "right"):
        data = open_dataset("disfa", tmp_path, frame_policy="drop_missing_landmarks", cameras=camera)
        assert data.recording(f"SN001_{camera}").frames.tolist() == [1, 2, 3, 5, 6]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no rows"),
        ("1,0\n2,6\n", "code 6"),
        ("0,0\n1,0\n", "frame 0"),
        ("1,0\n1,0\n", "do not rise"),
        ("1,0,0\n", "3 columns"),
        ("1;0\n", "no integer|1 cells"),
    ],
)
def test_malformed_labels_are_named(disk, tmp_path, text, said):
    write_copy(disk, tmp_path)
    path = tmp_path / "ActionUnit_Labels/SN001/SN001_au12.txt"
    path.write_text(text)
    with pytest.raises(DatasetError, match=said) as caught:
        open_dataset("disfa", tmp_path).recording("SN001_left")
    assert caught.value.subject == str(path)


def test_what_disfa_does_not_have(disk, tmp_path):
    write_copy(disk, tmp_path)
    with pytest.raises(UsageError, match="does not code 7,10"):
        open_dataset("disfa", tmp_path, aus="BP4D_12")
    with pytest.raises(DatasetError, match="landmarks of SN001"):
        open_dataset("disfa", tmp_path, frame_policy="drop_missing_landmarks")
    for path in (tmp_path / "Video_RightCamera").iterdir():
        path.unlink()
    with pytest.raises(DatasetError, match="RightVideo"):
        open_dataset("disfa", tmp_path, cameras="both")
    with pytest.raises(DatasetError, match="no label file"):
        open_dataset("disfa", tmp_path / "Video_LeftCamera")
