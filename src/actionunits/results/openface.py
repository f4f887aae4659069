"""The table as OpenFace 2 writes it: every column of its FeatureExtraction, in its names and order.

OpenFace 2.0 (Baltrušaitis, Zadeh, Lim & Morency, "OpenFace 2.0: Facial Behavior Analysis Toolkit", FG 2018) is what
many scripts read. Filled in are ``frame`` (from 1), ``face_id``, ``timestamp`` (presentation time), ``confidence``,
``success``, head rotation (``pose_Rx``, ``pose_Ry``, ``pose_Rz``), the 68 landmarks (``x_0`` ... ``y_67``) and the
action units. Gaze, eye landmarks, head position, landmarks in millimetres and the parameters of OpenFace's own shape
model are not measured here, and their cells are empty, which pandas and R read as missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from actionunits.faces.face import Pose
from actionunits.faces.pose import rotation_of_pose
from actionunits.facs import column
from actionunits.results.sinks import FileSink

_WITH_INTENSITY = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
_WITH_OCCURRENCE = (*_WITH_INTENSITY[:-1], 28, 45)
_EYE_POINTS, _POINTS, _SHAPE_MODES = 56, 68, 34


def _names() -> Iterator[str]:
    yield from ("frame", "face_id", "timestamp", "confidence", "success")
    yield from (f"gaze_{eye}_{axis}" for eye in (0, 1) for axis in "xyz")
    yield from ("gaze_angle_x", "gaze_angle_y")
    yield from (f"eye_lmk_{axis}_{point}" for axis in "xyXYZ" for point in range(_EYE_POINTS))
    yield from (f"pose_{kind}{axis}" for kind in "TR" for axis in "xyz")
    yield from (f"{axis}_{point}" for axis in "xyXYZ" for point in range(_POINTS))
    yield from ("p_scale", "p_rx", "p_ry", "p_rz", "p_tx", "p_ty")
    yield from (f"p_{mode}" for mode in range(_SHAPE_MODES))
    yield from (f"{column(au)}_r" for au in _WITH_INTENSITY)
    yield from (f"{column(au)}_c" for au in _WITH_OCCURRENCE)


OPENFACE_COLUMNS = tuple(_names())
"""The 714 columns, in order."""

_UNTIL_POSE = "," * (OPENFACE_COLUMNS.index("pose_Rx") - OPENFACE_COLUMNS.index("success"))
_UNTIL_AUS = "," * (OPENFACE_COLUMNS.index("AU01_r") - OPENFACE_COLUMNS.index("y_67"))


def euler_angles(pose: Pose) -> tuple[float, float, float]:
    """Head rotation as OpenFace states it.

    Returns:
        ``pose_Rx``, ``pose_Ry``, ``pose_Rz`` in radians, with R = Rx Ry Rz in axes x right, y down, z away: positive
        chin down, turned to the picture's left, and tilted clockwise.
    """
    rotation = rotation_of_pose(pose)
    about_x = float(np.arctan2(-rotation[1, 2], rotation[2, 2]))
    about_y = float(np.arcsin(np.clip(rotation[0, 2], -1, 1)))
    about_z = float(np.arctan2(-rotation[0, 1], rotation[0, 0]))
    return about_x, about_y, about_z


class OpenFaceSink(FileSink):
    """Comma-separated values with OpenFace's columns, a row a frame and face as its FaceLandmarkVidMulti writes.

    A frame without a face keeps its row, with ``success`` and ``confidence`` 0. ``AU45`` (blink) is the table's AU45,
    or its AU43 (eyes closed) where the model has no AU45; action units that the model lacks are empty, and action units
    that OpenFace lacks, probabilities, flags and measures are not in this format.
    """

    needs_landmarks: ClassVar[bool] = True

    def _begin(self, file: BinaryIO) -> None:
        file.write((",".join(OPENFACE_COLUMNS) + "\n").encode())

    def _append(self, file: BinaryIO, batch: pa.RecordBatch, landmarks: NDArray[Any] | None) -> None:
        rows: dict[str, list[Any]] = {name: batch.column(name).to_pylist() for name in self._read}
        nobody = ["", "0", "0", *[""] * (len(OPENFACE_COLUMNS) - 5)]
        lines = []
        for row in range(batch.num_rows):
            frame, time = str(rows["frame"][row] + 1), _number(rows["timestamp"][row], 6)
            if not rows["success"][row]:
                lines.append(",".join([frame, nobody[0], time, *nobody[1:]]))
                continue
            pose = Pose(*(rows[f"pose_{axis}"][row] or 0.0 for axis in ("pitch", "yaw", "roll")))
            head = (frame, str(rows["face_id"][row]), time, _number(rows["confidence"][row], 4), "1")
            angles = [_number(angle, 4) for angle in euler_angles(pose)]
            points = landmarks[row].T.ravel().tolist() if landmarks is not None else [None] * (2 * _POINTS)
            scores = [_number(rows[name][row], 3) if name else "" for name in self._scores]
            lines.append(
                ",".join(head)
                + _UNTIL_POSE
                + ",".join([*angles, *(_number(value, 2) for value in points)])
                + _UNTIL_AUS
                + ",".join(scores)
            )
        file.write("".join(f"{line}\n" for line in lines).encode())

    @property
    def _scores(self) -> list[str]:
        """Our column for each of OpenFace's action-unit columns; empty where the model has no such action unit."""
        ours = {each.name for each in self.columns}
        eyes = "AU45" if "AU45_c" in ours else "AU43"
        theirs = OPENFACE_COLUMNS[OPENFACE_COLUMNS.index("AU01_r") :]
        return [name if name in ours else "" for name in (name.replace("AU45", eyes) for name in theirs)]

    @property
    def _read(self) -> list[str]:
        measures = ("frame", "face_id", "timestamp", "confidence", "success", "pose_pitch", "pose_yaw", "pose_roll")
        return [*measures, *dict.fromkeys(name for name in self._scores if name)]


def _number(value: float | None, decimals: int) -> str:
    """The shortest text of a number rounded to so many decimals; empty where there is none."""
    if value is None or value != value:
        return ""
    return f"{value:.{decimals}f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
