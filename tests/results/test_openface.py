"""OpenFace's table: its columns as its own recorder names them, and what is in them."""

import csv
import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from actionunits.faces.face import Pose
from actionunits.faces.pose import rotation_of_pose
from actionunits.results import RowCollector, open_sink
from actionunits.results.openface import OPENFACE_COLUMNS, OpenFaceSink, euler_angles

AUS = (1, 2, 4, 12, 28, 43)


@pytest.fixture
def written(fake, tmp_path):
    """The file, the frames it is about, and their rows."""
    frames = [fake.frame(0, (0,), aus=AUS), fake.frame(1, (), aus=AUS), fake.frame(2, (0, 3), aus=AUS, timestamp=0.7)]
    collector = RowCollector(AUS, landmarks=True)
    for frame in frames:
        collector.add(frame)
    landmarks, batch = collector.landmarks, collector.take()
    with open_sink("openface", tmp_path / "a.openface.csv", AUS) as sink:
        sink.write(batch, landmarks)
    return tmp_path / "a.openface.csv", frames, batch


def test_columns_are_those_of_feature_extraction():
    assert len(OPENFACE_COLUMNS) == 714
    assert len(set(OPENFACE_COLUMNS)) == 714
    at = OPENFACE_COLUMNS.index
    assert OPENFACE_COLUMNS[:14] == (
        *("frame", "face_id", "timestamp", "confidence", "success", "gaze_0_x", "gaze_0_y", "gaze_0_z"),
        *("gaze_1_x", "gaze_1_y", "gaze_1_z", "gaze_angle_x", "gaze_angle_y", "eye_lmk_x_0"),
    )
    neighbours = (  # where one block ends and the next begins
        *(("eye_lmk_x_55", "eye_lmk_y_0"), ("eye_lmk_y_55", "eye_lmk_X_0"), ("eye_lmk_Y_55", "eye_lmk_Z_0")),
        *(("eye_lmk_Z_55", "pose_Tx"), ("pose_Tz", "pose_Rx"), ("pose_Rz", "x_0"), ("x_67", "y_0"), ("y_67", "X_0")),
        *(("X_67", "Y_0"), ("Y_67", "Z_0"), ("Z_67", "p_scale"), ("p_scale", "p_rx"), ("p_rz", "p_tx")),
        *(("p_ty", "p_0"), ("p_33", "AU01_r"), ("AU26_r", "AU45_r"), ("AU45_r", "AU01_c"), ("AU26_c", "AU28_c")),
    )
    for before, after in neighbours:
        assert at(after) == at(before) + 1
    assert OPENFACE_COLUMNS[-2:] == ("AU28_c", "AU45_c")
    assert [name[2:4] for name in OPENFACE_COLUMNS if name.endswith("_r")] == (
        ["01", "02", "04", "05", "06", "07", "09", "10", "12", "14", "15", "17", "20", "23", "25", "26", "45"]
    )
    assert "AU28_r" not in OPENFACE_COLUMNS


def test_every_row_has_every_cell(written):
    with written[0].open(newline="") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == OPENFACE_COLUMNS
    assert [len(row) for row in rows] == [714] * 4


def test_cells_are_those_of_the_analysis(written):
    path, frames, batch = written
    table, ours = pd.read_csv(path), batch.to_pandas()
    assert table["frame"].tolist() == [1, 2, 3, 3]
    assert table["timestamp"].tolist() == pytest.approx([0, 1 / 30, 0.7, 0.7], abs=1e-6)
    assert table["success"].tolist() == [1, 0, 1, 1]
    assert table["face_id"].tolist()[2:] == [0, 3]
    assert math.isnan(table["face_id"][1])
    assert table["confidence"][1] == 0
    for name in ("AU01_r", "AU02_c", "AU12_r", "AU12_c", "AU28_c"):
        np.testing.assert_allclose(table[name], ours[name].astype(float), atol=1e-3)
    np.testing.assert_allclose(table["AU45_r"], ours["AU43_r"], atol=1e-3)  # the nearest that the model has
    faces = [found.face for frame in frames for found in frame.faces]
    seen = {name: table[name][table["success"] == 1].tolist() for name in table.columns}
    for row, face in enumerate(faces):
        points = np.array([[seen[f"{axis}_{point}"][row] for axis in "xy"] for point in range(68)])
        np.testing.assert_allclose(points, face.landmarks, atol=0.006)


def test_what_is_not_measured_is_empty(written):
    table = pd.read_csv(written[0])
    filled = {name for name in table.columns if table[name].notna().any()}
    aus = {"AU01", "AU02", "AU04", "AU12", "AU45"}
    expected = {"frame", "face_id", "timestamp", "confidence", "success", "pose_Rx", "pose_Ry", "pose_Rz", "AU28_c"}
    expected |= {f"{axis}_{point}" for axis in "xy" for point in range(68)}
    assert filled == expected | {f"{au}_{suffix}" for au in aus for suffix in "rc"}


def test_au45_comes_first(fake, tmp_path):
    collector = RowCollector((43, 45))
    collector.add(fake.frame(0, aus=(43, 45)))
    batch = collector.take()
    with OpenFaceSink(tmp_path / "a.csv", (43, 45)) as sink:
        sink.write(batch)
    table = pd.read_csv(tmp_path / "a.csv")
    assert table["AU45_r"][0] == pytest.approx(batch.column("AU45_r")[0].as_py(), abs=1e-3)
    assert table["x_0"].isna().all()  # no landmarks were given


@pytest.mark.parametrize(
    ("pose", "place", "sign"),
    [
        (Pose(-20, 0, 0), 0, 1),  # chin down is positive in OpenFace
        (Pose(0, 20, 0), 1, -1),  # turned to the picture's right is negative
        (Pose(0, 0, 20), 2, 1),  # tilted clockwise is positive
    ],
)
def test_signs_of_the_head_rotation(pose, place, sign):
    angles = euler_angles(pose)
    assert angles[place] == pytest.approx(sign * math.radians(20))
    assert [angles[other] for other in range(3) if other != place] == pytest.approx([0, 0])


def test_angles_give_the_rotation_back():
    def about(axis, angle):
        turn = np.eye(3)
        one, other = [(1, 2), (2, 0), (0, 1)][axis]
        turn[one, one] = turn[other, other] = math.cos(angle)
        turn[other, one], turn[one, other] = math.sin(angle), -math.sin(angle)
        return turn

    pose = Pose(11, -27, 8)
    x, y, z = euler_angles(pose)
    np.testing.assert_allclose(about(0, x) @ about(1, y) @ about(2, z), rotation_of_pose(pose), atol=1e-12)


def test_the_same_in_any_batches(written, fake, tmp_path):
    path, frames, _ = written
    collector = RowCollector(AUS, landmarks=True)
    with open_sink("openface", tmp_path / "b.csv", AUS) as sink:
        for frame in frames:
            collector.add(frame)
            landmarks = collector.landmarks
            sink.write(collector.take(), landmarks)
        sink.write(pa.RecordBatch.from_pylist([], schema=sink.schema))
    assert (tmp_path / "b.csv").read_bytes() == path.read_bytes()
