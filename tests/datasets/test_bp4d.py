"""BP4D: both packagings, names of any width, codes by header, 9 as unknown, landmarks, half copies."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from actionunits.datasets import open_dataset
from actionunits.errors import DatasetError, UsageError
from actionunits.facs import BP4D_12, BP4D_22, BP4D_INTENSITY_5

FERA_HEAD = tuple(map(str, range(100)))  # the number of the column is the AU's; the last is occlusion


def place(root, packaging: str) -> dict:
    new = packaging == "new"
    return {
        "occ": root / ("AUCoding/AU_OCC" if new else "AUCoding"),
        "int": root / ("AUCoding/AU_INT" if new else "AU-Intensity-Codes3.0"),
        "jpg": root / ("Sequences(2D+3D)" if new else "BP4D-training"),
        "mat": root / "2DFeatures",
    }


def write_copy(disk, root, packaging="new", frames=range(8, 13), width=3, name="F001_T6") -> dict:
    """Pictures of two more frames on either side; AU 1 alternates 0, 1, 9; intensities of AU 6 rise."""
    where = place(root, packaging)
    frames = list(frames)
    codes = {au: [0] * len(frames) for au in BP4D_22}
    codes |= {1: [(0, 1, 9)[k % 3] for k in range(len(frames))], 12: [1] * len(frames)}
    disk.occ(where["occ"] / f"{name}.csv", frames, codes, disk.OCC_HEAD if packaging == "new" else FERA_HEAD)
    for au in BP4D_INTENSITY_5:
        levels = [(0, 1, 2, 5, 9)[k % 5] if au == 6 else 0 for k in range(len(frames))]
        disk.rows(where["int"] / f"AU{au:02d}" / f"{name}_AU{au:02d}.csv", zip(frames, levels, strict=True))
    subject, task = name.split("_")
    numbers = range(frames[0] - 2, frames[-1] + 3)
    for number in numbers:
        disk.jpeg(where["jpg"] / subject / task / f"{number:0{width}d}.jpg", number)
    points = [None if number == frames[1] else np.full((49, 2), number) for number in numbers]
    disk.fit(where["mat"] / f"{name}.mat", points)
    return where


@pytest.mark.parametrize("packaging", ["new", "fera2015"])
@pytest.mark.parametrize("width", [0, 3, 4])
def test_both_packagings_and_all_widths_of_names(disk, tmp_path, packaging, width):
    write_copy(disk, tmp_path, packaging, range(98, 103), width)
    data = open_dataset("bp4d", tmp_path)
    assert (data.name, data.aus, data.sequences(), data.subjects()) == ("bp4d", BP4D_12, ("F001_T6",), ("F001",))
    one = data.recording("F001_T6")
    assert (one.subject, one.name, one.task, one.camera, one.fps) == ("F001", "F001_T6", "T6", "", 25)
    assert one.frames.tolist() == [98, 99, 100, 101, 102]
    np.testing.assert_allclose(one.timestamps, np.array([98, 99, 100, 101, 102]) / 25)
    assert disk.marks(one) == [98 % 50, 99 % 50, 0, 1, 2]
    assert one.occurrence[1].tolist() == [0, 1, -1, 0, 1]
    assert one.occurrence[12].tolist() == [1] * 5
    assert one.intensity[6].tolist() == [0, 1, 2, 5, -1]
    assert sorted(one.intensity) == [6, 10, 12, 14, 17]
    assert list(one.occurrence) == list(BP4D_12)
    assert set(map(tuple, one.flags)) == {(), ("no_landmarks",)}
    assert one.dropped == {}
    assert one.notes == ()


def test_frames_go_by_number_where_names_sort_otherwise(disk, tmp_path):
    """7.jpg ... 12.jpg: as text, 10 stands before 7."""
    write_copy(disk, tmp_path, frames=range(7, 13), width=0)
    assert disk.marks(open_dataset("bp4d", tmp_path).recording("F001_T6")) == [7, 8, 9, 10, 11, 12]


def test_columns_go_by_header_and_not_by_place(disk, tmp_path):
    where = write_copy(disk, tmp_path)
    swapped = ("0", "12", "1", *(au for au in disk.OCC_HEAD[1:] if au not in ("1", "12")))
    codes = {au: [0] * 5 for au in BP4D_12} | {1: [0] * 5, 12: [1] * 5}
    disk.occ(where["occ"] / "F001_T6.csv", range(8, 13), codes, swapped)
    one = open_dataset("bp4d", tmp_path).recording("F001_T6")
    assert one.occurrence[12].tolist() == [1] * 5
    assert one.occurrence[1].tolist() == [0] * 5


@pytest.mark.parametrize("code", [9])
def test_nine_is_neither_present_nor_absent(disk, tmp_path, code):
    where = write_copy(disk, tmp_path)
    disk.occ(where["occ"] / "F001_T6.csv", range(8, 13), {au: [code] * 5 for au in BP4D_12})
    one = open_dataset("bp4d", tmp_path).recording("F001_T6")
    assert all((labels == -1).all() for labels in one.occurrence.values())


def test_landmarks_of_49_points_go_to_their_frames_and_to_68(disk, tmp_path):
    write_copy(disk, tmp_path)
    one = open_dataset("bp4d", tmp_path).recording("F001_T6")
    assert one.landmarks.shape == (5, 68, 2)
    assert one.landmarks.dtype == np.float32
    assert np.isnan(one.landmarks[:, [*range(17), 60, 64]]).all()
    assert np.isnan(one.landmarks[1]).all()
    assert one.landmarks[[0, 2, 3, 4], 30, 0].tolist() == [8, 10, 11, 12]
    assert one.flags[1] == ("no_landmarks",)


def test_landmarks_of_the_coded_frames_alone(disk, tmp_path):
    where = write_copy(disk, tmp_path)
    disk.fit(where["mat"] / "F001_T6.mat", [np.full((49, 2), k) for k in range(5)])
    assert open_dataset("bp4d", tmp_path).recording("F001_T6").landmarks[:, 30, 0].tolist() == [0, 1, 2, 3, 4]


def test_landmarks_that_fit_nothing_are_not_guessed(disk, tmp_path):
    where = write_copy(disk, tmp_path)
    disk.fit(where["mat"] / "F001_T6.mat", [np.full((49, 2), k) for k in range(7)])
    one = open_dataset("bp4d", tmp_path).recording("F001_T6")
    assert one.landmarks is None
    assert "7 entries" in one.notes[0]


def test_frames_without_a_picture_are_kept_and_flagged(disk, tmp_path):
    where = write_copy(disk, tmp_path)
    (where["jpg"] / "F001" / "T6" / "009.jpg").unlink()
    (where["jpg"] / "F001" / "T6" / "010.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut off")
    one = open_dataset("bp4d", tmp_path).recording("F001_T6")
    assert len(one) == 5
    assert [("no_image" in flags) for flags in one.flags] == [False, True, False, False, False]
    assert disk.marks(one) == [8, None, None, 11, 12]
    assert [file.endswith("010.jpg") for file, _ in one.pictures.faults(every=True)] == [True]


def test_labels_without_any_picture(disk, tmp_path):
    write_copy(disk, tmp_path)
    write_copy(disk, tmp_path, name="M018_T8")
    for path in (tmp_path / "Sequences(2D+3D)" / "M018" / "T8").iterdir():
        path.unlink()
    one = open_dataset("bp4d", tmp_path).recording("M018_T8")
    assert disk.marks(one) == [None] * 5
    assert all("no_image" in flags for flags in one.flags)


def test_pictures_that_are_no_frames(disk, tmp_path):
    where = write_copy(disk, tmp_path)
    folder = where["jpg"] / "F001" / "T6"
    disk.jpeg(folder / "thumb.jpg", 1)
    disk.jpeg(folder / "0008.jpg", 40)
    (folder / "._008.jpg").write_bytes(b"of a Mac")
    (folder / "8.txt").write_text("no picture")
    one = open_dataset("bp4d", tmp_path).recording("F001_T6")
    assert len(one.notes) == 2
    assert "1 pictures have no number" in one.notes[0]


def test_pictures_can_be_sent_to_another_process(disk, tmp_path):
    write_copy(disk, tmp_path)
    one = open_dataset("bp4d", tmp_path).recording("F001_T6")
    again = pickle.loads(pickle.dumps(one.pictures))
    assert [disk.mark_of(image) for _, image in again()] == [8, 9, 10, 11, 12]


def test_au_r_cnn_reads_22(disk, tmp_path):
    write_copy(disk, tmp_path)
    data = open_dataset("bp4d", tmp_path, aus="BP4D_22")
    assert list(data.recording("F001_T6").occurrence) == list(BP4D_22)


def test_a_copy_without_intensities_or_landmarks(disk, tmp_path):
    where = write_copy(disk, tmp_path)
    for path in [*where["int"].rglob("*.csv"), *where["mat"].iterdir()]:
        path.unlink()
    data = open_dataset("bp4d", tmp_path)
    one = data.recording("F001_T6")
    assert one.intensity == {}
    assert one.landmarks is None
    assert {finding.severity for finding in data.findings() if "there is no" in finding.text} == {"note"}


def test_intensities_of_other_frames_are_matched_by_number_and_told(disk, tmp_path):
    where = write_copy(disk, tmp_path)
    disk.rows(where["int"] / "AU06" / "F001_T6_AU06.csv", [(9, 4), (10, 3), (12, 5), (13, 1)])
    one = open_dataset("bp4d", tmp_path).recording("F001_T6")
    assert one.intensity[6].tolist() == [-1, 4, 3, -1, 5]
    assert "F001_T6_AU06.csv" in one.notes[0]


def test_the_newer_packaging_wins_over_the_older(disk, tmp_path):
    where = write_copy(disk, tmp_path)
    disk.occ(tmp_path / "AUCoding" / "F001_T6.csv", range(3), {au: [1] * 3 for au in BP4D_12}, FERA_HEAD)
    data = open_dataset("bp4d", tmp_path)
    assert len(data.recording("F001_T6")) == 5
    assert [finding.subject for finding in data.findings() if "another folder" in finding.text] == [str(where["occ"])]


def test_a_folder_above_the_data_set_will_do(disk, tmp_path):
    write_copy(disk, tmp_path / "discs" / "BP4D")
    assert disk.marks(open_dataset("bp4d", tmp_path).recording("F001_T6")) == [8, 9, 10, 11, 12]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("0,1,2,4", "0,1,2,3", 1), "no column '4'"),
        (lambda text: text.replace("0,1,2,4", "0,1,2,1", 1), "more than one column '1'"),
        (lambda text: text + "13,1\n", "line 7 has 2 cells"),
        (lambda text: text.replace("\n9,", "\n8,", 1), "line 3: the frame numbers do not rise"),
        (lambda text: text.replace("\n9,1", "\n9,7", 1), "code 7"),
        (lambda text: text.replace("\n9,1", "\n9,x", 1), "line 3: 'x' is no integer"),
        (lambda text: text.split("\n", 1)[1], "no header"),
        (lambda text: text.split("\n", 1)[0] + "\n", "no rows"),
        (lambda text: "", "no rows"),
        (lambda text: text.replace("0,1", "\0\ufffd", 1).encode("utf-16"), "no text"),
    ],
)
def test_malformed_tables_are_named(disk, tmp_path, change, said):
    path = write_copy(disk, tmp_path)["occ"] / "F001_T6.csv"
    changed = change(path.read_text())
    path.write_bytes(changed if isinstance(changed, bytes) else changed.encode())
    with pytest.raises(DatasetError, match=said) as caught:
        open_dataset("bp4d", tmp_path).recording("F001_T6")
    assert caught.value.subject == str(path)


def test_a_malformed_landmark_file_is_named(disk, tmp_path):
    path = write_copy(disk, tmp_path)["mat"] / "F001_T6.mat"
    for content in (b"", b"MATLAB", path.read_bytes()[:200]):
        path.write_bytes(content)
        with pytest.raises(DatasetError) as caught:
            open_dataset("bp4d", tmp_path).recording("F001_T6")
        assert caught.value.subject == str(path)


def test_a_folder_without_the_data_set(disk, tmp_path):
    with pytest.raises(DatasetError, match="no such file"):
        open_dataset("bp4d", tmp_path / "nowhere")
    with pytest.raises(DatasetError, match="no label table"):
        open_dataset("bp4d", tmp_path)
    where = write_copy(disk, tmp_path)
    where["jpg"].rename(tmp_path.parent / "elsewhere")
    with pytest.raises(DatasetError, match="pictures"):
        open_dataset("bp4d", tmp_path)


def test_wrong_use(disk, tmp_path):
    write_copy(disk, tmp_path)
    data = open_dataset("bp4d", tmp_path)
    with pytest.raises(UsageError, match="no such sequence"):
        data.recording("../F001")
    for wrong in ({"occurs_from": 3}, {"cameras": "top"}, {"frame_policy": "best"}, {"aus": "400"}, {"colour": 1}):
        with pytest.raises(UsageError):
            open_dataset("bp4d", tmp_path, **wrong)
    with pytest.raises(UsageError, match="no kind"):
        open_dataset("ck+", tmp_path)


def test_frame_policies(disk, tmp_path):
    write_copy(disk, tmp_path, frames=range(197, 208), name="F017_T3")
    kept = open_dataset("bp4d", tmp_path, frame_policy="jaa_list").recording("F017_T3")
    assert kept.frames.tolist() == [197, 202, 207]  # 198-201 and 203-206 are not in JAA-Net's list
    assert kept.dropped == {"jaa_list": 8}
    assert disk.marks(kept) == [47, 2, 7]
    assert kept.landmarks[:, 30, 0].tolist() == [197, 202, 207]
    kept = open_dataset("bp4d", tmp_path, frame_policy="drop_missing_landmarks").recording("F017_T3")
    assert kept.frames.tolist() == [197, *range(199, 208)]
    assert kept.dropped == {"drop_missing_landmarks": 1}
    assert len(open_dataset("bp4d", tmp_path).recording("F017_T3")) == 11
    (tmp_path / "2DFeatures" / "F017_T3.mat").unlink()
    with pytest.raises(DatasetError, match="F017_T3"):
        open_dataset("bp4d", tmp_path, frame_policy="drop_missing_landmarks")
