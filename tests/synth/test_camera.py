"""The camera against a pinhole written out by hand, and head poses against the package's own conventions."""

import math

import numpy as np
import pytest

from actionunits.errors import UsageError
from actionunits.faces.face import Pose
from actionunits.faces.pose import pose_of_rotation, rotation_of_pose
from actionunits.synth.camera import (
    HEAD_HEIGHT,
    NEAREST,
    PIVOT,
    TARGET,
    Camera,
    pose_in_camera,
    pose_points,
    rotation_of,
)

SIZE = 200
NOSE = np.array([[0.0, 7.0, 1.4]])
CROWN = np.array([[0.0, 8.4, 0.2]])
UPRIGHT = Pose(0, 0, 0)
TURNED = Pose(pitch=12, yaw=-25, roll=8)


def by_hand(camera: Camera, points: np.ndarray, size: int) -> np.ndarray:
    """The textbook's way: a 4 x 4 view matrix from eye, target and up, then a perspective division."""
    up = np.array([0, math.cos(math.radians(camera.elevation)), -math.sin(math.radians(camera.elevation))])
    back = np.array([0, math.sin(math.radians(camera.elevation)), math.cos(math.radians(camera.elevation))])
    eye = np.array(TARGET) + camera.distance * back
    view = np.eye(4)
    view[:3, :3] = [np.cross(up, back), up, back]
    view[:3, 3] = -view[:3, :3] @ eye
    seen = (view @ np.c_[points, np.ones(len(points))].T).T
    half = math.tan(math.radians(camera.view / 2))
    x = seen[:, 0] / -seen[:, 2] / half  # -1 at the left edge, 1 at the right edge
    y = seen[:, 1] / -seen[:, 2] / half
    left = (0.5 + x / 2 + camera.offset[0]) * size - 0.5
    top = (0.5 - y / 2 + camera.offset[1]) * size - 0.5
    return np.stack([left, top, -seen[:, 2]], 1)


@pytest.mark.parametrize(
    "camera", [Camera(), Camera(12, 0.45, (0.1, -0.05), 15), Camera(50, 0.8, (-0.07, 0.02), -18)], ids=str
)
def test_projects_like_a_pinhole(camera: Camera) -> None:
    points = np.random.default_rng(0).uniform([-1, 6, -0.8], [1, 8.4, 1.6], (50, 3))
    found = camera.project(points, SIZE)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, by_hand(camera, points, SIZE), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("view", [12, 25, 50])
@pytest.mark.parametrize("share", [0.45, 0.85])
def test_head_takes_its_share(view: float, share: float) -> None:
    ends = np.array(TARGET) + np.array([[0, HEAD_HEIGHT / 2, 0], [0, -HEAD_HEIGHT / 2, 0]])
    top, bottom = Camera(view, share).project(ends, SIZE)[:, 1]
    assert bottom - top == pytest.approx(share * SIZE, rel=1e-4)


def test_target_lies_where_the_offset_says() -> None:
    found = Camera(30, 0.6, (0.1, -0.05), 10).project(np.array([TARGET]), SIZE)[0]
    np.testing.assert_allclose(found[:2], [0.6 * SIZE - 0.5, 0.45 * SIZE - 0.5], atol=1e-3)
    assert found[2] == pytest.approx(Camera(30, 0.6).distance, rel=1e-5)


def test_picture_grows_about_its_edges() -> None:
    """Pixel centres are at integers: the left edge is at -0.5 in every size."""
    small, large = (Camera().project(NOSE, size)[0, :2] for size in (SIZE, 2 * SIZE))
    np.testing.assert_allclose(large + 0.5, 2 * (small + 0.5), rtol=1e-5)


def test_nearer_points_have_smaller_depth_and_none_are_behind() -> None:
    found = Camera().project(np.array([[0, 7, 1.5], [0, 7, 0], [0, 7, 500]]), SIZE)
    assert found[0, 2] < found[1, 2]
    assert found[2, 2] == pytest.approx(NEAREST)


def test_position_and_direction_agree() -> None:
    camera = Camera(elevation=12)
    assert np.linalg.norm(camera.view_direction) == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(camera.position + camera.distance * camera.view_direction, TARGET, atol=1e-4)
    assert camera.position[1] > TARGET[1]
    assert camera.position[2] > TARGET[2]


@pytest.mark.parametrize("pose", [UPRIGHT, TURNED, Pose(-20, 35, -15), Pose(30, 0, 0), Pose(0, 0, 40)], ids=str)
def test_rotation_agrees_with_the_package(pose: Pose) -> None:
    """x right, y up, z to the viewer becomes x right, y down, z away by turning two axes round."""
    axes = np.diag([1, -1, -1])
    rotation = rotation_of(pose).astype(np.float64)
    assert rotation_of(pose).dtype == np.float32
    np.testing.assert_allclose(axes @ rotation @ axes, rotation_of_pose(pose), atol=1e-6)
    read = pose_of_rotation(axes @ rotation @ axes)
    np.testing.assert_allclose([read.pitch, read.yaw, read.roll], [pose.pitch, pose.yaw, pose.roll], atol=1e-4)


@pytest.mark.parametrize(
    ("pose", "point", "axis", "sign"),
    [
        (Pose(0, 20, 0), NOSE, 0, 1),  # yaw: the nose goes to the picture's right
        (Pose(20, 0, 0), NOSE, 1, -1),  # pitch: up, and y points down
        (Pose(0, 0, 20), CROWN, 0, 1),  # roll: clockwise, the crown goes right
    ],
    ids=["yaw", "pitch", "roll"],
)
def test_signs_in_the_picture(pose: Pose, point: np.ndarray, axis: int, sign: int) -> None:
    before, after = (Camera(15).project(pose_points(point, 1.0, one), SIZE)[0, axis] for one in (UPRIGHT, pose))
    assert sign * (after - before) > 5


def test_weights_turn_the_neck_part_of_the_way() -> None:
    points = np.random.default_rng(1).uniform([-1, 5, -1], [1, 8, 1], (30, 3)).astype(np.float32)
    pivot = np.array(PIVOT)
    whole = (points - pivot) @ rotation_of(TURNED).T + pivot
    np.testing.assert_allclose(pose_points(points, np.ones(30), TURNED), whole, atol=1e-5)
    np.testing.assert_array_equal(pose_points(points, np.zeros(30), TURNED), points)
    half = pose_points(points, np.full(30, 0.5), TURNED)
    np.testing.assert_allclose(pose_points(half, np.full(30, 0.5), TURNED), whole, atol=1e-5)
    lengths = [np.linalg.norm(one - pivot, axis=1) for one in (points, half)]
    np.testing.assert_allclose(*lengths, rtol=1e-5)


def test_upright_head_stays() -> None:
    np.testing.assert_array_equal(pose_points(NOSE, 1.0, UPRIGHT), NOSE.astype(np.float32))


def test_pose_in_camera() -> None:
    seen = pose_in_camera(UPRIGHT, Camera(elevation=15))
    np.testing.assert_allclose([seen.pitch, seen.yaw, seen.roll], [-15, 0, 0], atol=1e-4)
    level = pose_in_camera(TURNED, Camera())
    np.testing.assert_allclose([level.pitch, level.yaw, level.roll], [12, -25, 8], atol=1e-4)
    up = pose_in_camera(Pose(15, 0, 0), Camera(elevation=15))
    assert abs(up.pitch) < 1e-4


@pytest.mark.parametrize("wrong", [{"view": 0}, {"view": 170}, {"face_share": 0}, {"elevation": 90}])
def test_impossible_cameras_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        Camera(**wrong)
