"""Manifests: pictures and videos, CSV and Parquet, unknown labels, and rows that contradict each other."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from actionunits.datasets import open_dataset
from actionunits.errors import DatasetError, UsageError


def write_pictures(disk, root, people=("007", "ann")) -> None:
    for person in people:
        for mark in range(1, 4):
            disk.jpeg(root / "pictures" / person / f"{mark}.jpg", mark)


def rows_of_pictures(people=("007", "ann")) -> list[tuple]:
    return [(f"pictures/{person}/{mark}.jpg", person) for person in people for mark in range(1, 4)]


def test_pictures(disk, tmp_path):
    write_pictures(disk, tmp_path)
    labels = [(0, ""), (1, 3), (-1, 9), (9, 0), ("nan", 5), ("", -1)]
    body = [(*row, *label) for row, label in zip(rows_of_pictures(), labels, strict=True)]
    disk.rows(tmp_path / "mine.csv", [("image", "subject", "AU1", "AU12_i"), *body])
    data = open_dataset("manifest", tmp_path / "mine.csv")
    assert (data.name, list(data.aus)) == ("manifest", [1, 12])
    assert data.subjects() == ("007", "ann")
    assert data.sequences() == ("007", "ann")
    one, two = data.recordings()
    assert (one.subject, one.name, one.task, one.camera) == ("007", "007", "", "")
    assert one.frames.tolist() == [0, 1, 2]
    assert disk.marks(one) == [1, 2, 3]
    assert one.occurrence[1].tolist() == [0, 1, -1]
    assert one.intensity[12].tolist() == [-1, 3, -1]
    assert one.occurrence[12].tolist() == [-1, 1, -1]  # from intensity 2
    assert one.intensity[1].tolist() == [-1, -1, -1]
    assert two.occurrence[1].tolist() == [-1, -1, -1]
    assert two.intensity[12].tolist() == [0, 5, -1]
    assert one.landmarks is None


def test_parquet_gives_the_same(disk, tmp_path):
    write_pictures(disk, tmp_path)
    images, people = map(list, zip(*rows_of_pictures(), strict=True))
    columns = {"image": images, "subject": people, "AU01_c": [0, 1, None, 9, 0, 1], "AU12_i": [0.0, 5.0, None, 1, 2, 3]}
    pq.write_table(pa.table(columns), tmp_path / "manifest.parquet")
    one, two = open_dataset("manifest", tmp_path).recordings()
    assert one.occurrence[1].tolist() == [0, 1, -1]
    assert one.intensity[12].tolist() == [0, 5, -1]
    assert two.occurrence[1].tolist() == [-1, 0, 1]


def test_videos_with_frames_and_times(disk, tmp_path):
    disk.video(tmp_path / "clips" / "a b.avi", range(8), rate=10)
    rows = [("clips/a b.avi", "P1", frame, frame % 2) for frame in (6, 1, 4)]
    disk.rows(tmp_path / "m.csv", [("video", "subject", "frame", "AU04"), *rows])
    data = open_dataset("manifest", tmp_path / "m.csv")
    one = data.recording("P1_a-b")
    assert one.frames.tolist() == [1, 4, 6]
    assert one.occurrence[4].tolist() == [1, 0, 0]
    assert disk.marks(one) == [1, 4, 6]
    assert one.fps == 10
    np.testing.assert_allclose(one.timestamps, [0.1, 0.4, 0.6])
    rows = [("clips/a b.avi", "P1", frame, frame % 2, frame / 8) for frame in (1, 4)]
    disk.rows(tmp_path / "m.csv", [("video", "subject", "frame", "AU04", "timestamp"), *rows])
    assert open_dataset("manifest", tmp_path / "m.csv").recording("P1_a-b").timestamps.tolist() == [0.125, 0.5]


def test_sequences_tasks_cameras(disk, tmp_path):
    write_pictures(disk, tmp_path)
    head = ("path", "participant", "sequence", "frame", "task", "camera", "AU6", "note")
    rows = [
        (path, person, f"{person}.clip", 30 - k, "T1", "left", 1, "x")
        for k, (path, person) in enumerate(rows_of_pictures())
    ]
    disk.rows(tmp_path / "m.csv", [head, *rows])
    data = open_dataset("manifest", tmp_path / "m.csv")
    one = data.recording("007.clip")
    assert (one.task, one.camera) == ("T1", "left")
    assert one.frames.tolist() == [28, 29, 30]
    assert disk.marks(one) == [3, 2, 1]
    assert ["note" in finding.text for finding in data.findings()][:1] == [True]


def test_missing_and_damaged_files(disk, tmp_path):
    write_pictures(disk, tmp_path)
    (tmp_path / "pictures/007/2.jpg").unlink()
    (tmp_path / "pictures/007/3.jpg").write_bytes(b"\xff\xd8\xff")
    disk.rows(tmp_path / "m.csv", [("image", "subject", "AU1"), *((*row, 1) for row in rows_of_pictures())])
    one = open_dataset("manifest", tmp_path / "m.csv").recording("007")
    assert disk.marks(one) == [1, None, None]
    assert one.flags == [(), ("no_image",), ()]
    disk.rows(tmp_path / "v.csv", [("video", "subject", "frame", "AU1"), ("none.avi", "P1", 0, 1)])
    one = open_dataset("manifest", tmp_path / "v.csv").recording("P1_none")
    assert disk.marks(one) == [None]
    assert "none.avi" in one.notes[0]


def test_folders_of_the_same_name_stay_apart(disk, tmp_path):
    rows = [("a/x/1.jpg", "P1", 1), ("b/x/1.jpg", "P1", 0)]
    disk.rows(tmp_path / "m.csv", [("image", "subject", "AU1"), *rows])
    data = open_dataset("manifest", tmp_path / "m.csv")
    assert data.sequences() == ("P1_x", "P1_x-2")


@pytest.mark.parametrize(
    ("head", "rows", "said"),
    [
        ("subject,AU1", ["P1,1"], "no column image or video"),
        ("image,AU1", ["a.jpg,1"], "no column subject"),
        ("image,subject", ["a.jpg,P1"], "no column of labels"),
        ("image,subject,AU99", ["a.jpg,P1,1"], "no column of labels"),
        ("image,subject,AU1,AU01", ["a.jpg,P1,1,1"], "two columns label AU"),
        ("image,path,subject,AU1", ["a.jpg,b.jpg,P1,1"], "two columns name the image"),
        ("image,subject,AU1,AU1", ["a.jpg,P1,1,1"], "two columns"),
        ("image,subject,AU1", ["a.jpg,P1,3"], "line 2: AU1 is '3'.*AU01_i"),
        ("image,subject,AU1_i", ["a.jpg,P1,1", "b.jpg,P1,6"], "line 3: AU1_i is '6'"),
        ("image,subject,AU1", ["a.jpg,P1,yes"], "line 2: AU1 is 'yes'"),
        ("image,subject,AU1", ["a.jpg,P 1,1"], "line 2: 'P 1' cannot be a subject"),
        ("image,subject,AU1", ["a.jpg,,1"], "line 2: '' cannot be a subject"),
        ("image,subject,AU1", [",P1,1"], "neither image nor video"),
        ("image,video,subject,frame,AU1", ["a.jpg,b.avi,P1,0,1"], "both an image and a video"),
        ("video,subject,AU1", ["a.avi,P1,1"], "need the frame"),
        ("image,subject,frame,AU1", ["a.jpg,P1,1,1", "b.jpg,P1,1,1"], "line 3: frame 1 of P1 is named twice"),
        ("image,subject,frame,AU1", ["a.jpg,P1,-2,1"], "frame '-2'"),
        ("image,subject,sequence,AU1", ["a.jpg,P1,s,1", "b.jpg,P2,s,1"], "sequence s has two subjects"),
        ("image,subject,sequence,AU1", ["a.jpg,P1,a/b,1"], "cannot be a sequence"),
        ("image,subject,AU1", ["a.jpg,P1,1,1"], "cannot be read"),
        ("image,subject,AU1", [], "no rows"),
    ],
)
def test_wrong_tables_are_named(tmp_path, head, rows, said):
    path = tmp_path / "m.csv"
    path.write_text("\n".join([head, *rows]) + "\n")
    with pytest.raises(DatasetError, match=said) as caught:
        open_dataset("manifest", path)
    assert caught.value.subject == str(path)


def test_times_that_fall(disk, tmp_path):
    rows = [("a.jpg", "P1", 1, 2.0), ("b.jpg", "P1", 1, 1.0)]
    disk.rows(tmp_path / "m.csv", [("image", "subject", "AU1", "timestamp"), *rows])
    with pytest.raises(DatasetError, match="line 3: timestamp"):
        open_dataset("manifest", tmp_path / "m.csv").recording("P1")


def test_what_a_manifest_does_not_have(disk, tmp_path):
    disk.rows(tmp_path / "m.csv", [("image", "subject", "AU1"), ("a.jpg", "P1", 1)])
    with pytest.raises(DatasetError, match="no column of AU 2"):
        open_dataset("manifest", tmp_path / "m.csv", aus="1,2")
    with pytest.raises(UsageError, match="frame_policy"):
        open_dataset("manifest", tmp_path / "m.csv", frame_policy="jaa_list")
    with pytest.raises(DatasetError, match="no manifest"):
        open_dataset("manifest", tmp_path)
    (tmp_path / "m.txt").write_text("x")
    with pytest.raises(DatasetError, match="no CSV"):
        open_dataset("manifest", tmp_path / "m.txt")
    (tmp_path / "m.parquet").write_text("x")
    with pytest.raises(DatasetError, match="cannot be read"):
        open_dataset("manifest", tmp_path / "m.parquet")
