"""BP4D+: frames from 1 and pictures from 0, archives and folders, four tasks with labels, lengths that disagree."""

from __future__ import annotations

import pickle
import zipfile

import numpy as np
import pytest

from actionunits.datasets import open_dataset
from actionunits.errors import DatasetError
from actionunits.facs import BP4D_12


def write_copy(disk, root, frames=range(3, 8), pictures=range(10), name="F041_T7", archive=True) -> None:
    """Picture n shows mark n; the coded span begins after the pictures do."""
    frames = list(frames)
    disk.occ(root / "AUCoding/AU_OCC" / f"{name}.csv", frames, {au: [1] * len(frames) for au in BP4D_12})
    disk.fit(root / "2DFeatures" / f"{name}.mat", [np.full((49, 2), number) for number in pictures])
    subject, task = name.split("_")
    for number in pictures:
        disk.jpeg(root / "2D+3D" / subject / task / f"{number:04d}.jpg", number)
    if archive:
        folder = root / "2D+3D" / subject
        with zipfile.ZipFile(root / "2D+3D" / f"{subject}.zip", "w") as target:
            for path in sorted(folder.rglob("*.jpg")):
                target.write(path, path.relative_to(root / "2D+3D").as_posix())
                path.unlink()
        (folder / task).rmdir()
        folder.rmdir()


@pytest.mark.parametrize("archive", [True, False])
@pytest.mark.parametrize("first", [0, 1])
def test_frame_f_is_the_picture_f_in_order(disk, tmp_path, archive, first):
    write_copy(disk, tmp_path, pictures=range(first, first + 10), archive=archive)
    one = open_dataset("bp4d+", tmp_path).recording("F041_T7")
    assert one.frames.tolist() == [3, 4, 5, 6, 7]
    assert disk.marks(one) == [first + 2, first + 3, first + 4, first + 5, first + 6]
    assert one.landmarks[:, 30, 0].tolist() == [first + 2, first + 3, first + 4, first + 5, first + 6]
    np.testing.assert_allclose(one.timestamps, np.arange(2, 7) / 25)
    assert one.notes == ()
    again = pickle.loads(pickle.dumps(one.pictures))
    assert len(list(again())) == 5


def test_34_columns_by_header(disk, tmp_path):
    write_copy(disk, tmp_path)
    assert len(disk.OCC_HEAD) == 35
    frames, codes = range(3, 8), {au: [0] * 5 for au in BP4D_12} | {24: [1] * 5}
    disk.occ(tmp_path / "AUCoding/AU_OCC/F041_T7.csv", frames, codes)
    one = open_dataset("bp4d+", tmp_path).recording("F041_T7")
    assert [au for au, labels in one.occurrence.items() if labels.all()] == [24]


def test_labels_beyond_the_pictures_are_told_and_flagged(disk, tmp_path):
    """As F041_T7, whose video and labels differ in length."""
    write_copy(disk, tmp_path, frames=range(1, 13))
    one = open_dataset("bp4d+", tmp_path).recording("F041_T7")
    assert disk.marks(one) == [*range(10), None, None]
    assert ["no_image" in flags for flags in one.flags] == [False] * 10 + [True] * 2
    assert one.notes[0] == "labels go 2 frames beyond the 10 pictures"
    assert "no entry for 2" in one.notes[1]


def test_a_missing_picture_does_not_shift_the_others(disk, tmp_path):
    write_copy(disk, tmp_path, pictures=[0, 1, 2, 4, 5, 6, 7, 8, 9], archive=False)
    one = open_dataset("bp4d+", tmp_path).recording("F041_T7")
    assert disk.marks(one) == [2, None, 4, 5, 6]
    assert "1 pictures between" in one.notes[0]


def test_gaps_in_the_coded_span_are_told(disk, tmp_path):
    write_copy(disk, tmp_path, frames=[3, 4, 6])
    one = open_dataset("bp4d+", tmp_path).recording("F041_T7")
    assert disk.marks(one) == [2, 3, 5]
    assert one.notes == ("the coded frames are not contiguous",)


def test_a_frame_0_is_refused(disk, tmp_path):
    write_copy(disk, tmp_path, frames=range(5))
    with pytest.raises(DatasetError, match=r"F041_T7\.csv.*frame 0"):
        open_dataset("bp4d+", tmp_path).recording("F041_T7")


def test_a_half_copied_archive_is_named(disk, tmp_path):
    write_copy(disk, tmp_path)
    path = tmp_path / "2D+3D" / "F041.zip"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DatasetError, match="cannot be opened") as caught:
        open_dataset("bp4d+", tmp_path).recording("F041_T7")
    assert caught.value.subject == str(path)


def test_damage_within_an_archive(disk, tmp_path):
    write_copy(disk, tmp_path)
    path = tmp_path / "2D+3D" / "F041.zip"
    data = bytearray(path.read_bytes())
    place = data.index(b"0003.jpg") + 40
    data[place : place + 20] = bytes(20)
    path.write_bytes(bytes(data))
    one = open_dataset("bp4d+", tmp_path).recording("F041_T7")
    assert disk.marks(one) == [2, None, 4, 5, 6]
    assert [file.endswith("F041/T7/0003.jpg") for file, _ in one.pictures.faults(every=True)] == [True]


def test_tasks_without_labels_are_no_sequences(disk, tmp_path):
    write_copy(disk, tmp_path, archive=False)
    for task in ("T2", "T8"):
        disk.jpeg(tmp_path / "2D+3D" / "F041" / task / "0000.jpg", 0)
    data = open_dataset("bp4d+", tmp_path)
    assert data.sequences() == ("F041_T7",)
    told = [finding.text for finding in data.findings() if finding.subject == "F041"]
    assert told == ["has no label table of T1, T6, T8", "has pictures but no labels of T8"]


def test_labels_of_another_task_are_odd(disk, tmp_path):
    write_copy(disk, tmp_path, name="F041_T3")
    data = open_dataset("bp4d+", tmp_path)
    assert any(finding.subject == "F041_T3" for finding in data.findings())


def test_there_is_no_jaa_list(disk, tmp_path):
    write_copy(disk, tmp_path)
    with pytest.raises(Exception, match="no such list"):
        open_dataset("bp4d+", tmp_path, frame_policy="jaa_list").recording("F041_T7")
