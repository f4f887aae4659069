import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from actionunits.faces.face import Pose
from actionunits.faces.pose import canonical_face, frontal, pose_of_rotation, rotation_of_pose
from actionunits.geometry import MESH_FLIP

angles = st.floats(-80, 80)
poses = st.builds(Pose, angles, angles, st.floats(-179, 179))


@given(poses)
def test_rotation_is_scipys_yxz(pose):
    scipys = Rotation.from_euler("YXZ", [-pose.yaw, -pose.pitch, pose.roll], degrees=True).as_matrix()
    np.testing.assert_allclose(rotation_of_pose(pose), scipys, atol=1e-12)


@given(poses)
def test_pose_and_rotation_are_inverse(pose):
    back = pose_of_rotation(rotation_of_pose(pose))
    assert (back.pitch, back.yaw, back.roll) == pytest.approx((pose.pitch, pose.yaw, pose.roll), abs=1e-6)


@given(poses, st.floats(5, 2000), st.floats(-3000, 3000), st.floats(-3000, 3000))
def test_frontal_undoes_any_rigid_motion_and_size(pose, size, dx, dy):
    face = canonical_face()
    mesh = size * face.points @ rotation_of_pose(pose).T + (dx, dy, 10.0)
    turned, rotation = frontal(mesh)
    np.testing.assert_allclose(turned, face.points, atol=1e-6)
    np.testing.assert_allclose(rotation, rotation_of_pose(pose), atol=1e-6)


@pytest.mark.parametrize(
    ("pose", "point", "axis", "sign"),
    [
        (Pose(20, 0, 0), 1, 1, -1),  # chin up: the nose tip moves up the picture
        (Pose(0, 20, 0), 1, 0, +1),  # turned to the picture's right: the nose tip moves right
        (Pose(0, 0, 20), 10, 0, +1),  # tilted clockwise: the forehead moves right
    ],
)
def test_signs_mean_what_the_docstring_says(pose, point, axis, sign):
    face = canonical_face()
    moved = face.points @ rotation_of_pose(pose).T - face.points
    assert sign * moved[point, axis] > 0.1


def test_canonical_face_is_symmetric_level_and_of_unit_size():
    face = canonical_face()
    np.testing.assert_allclose(face.points[list(MESH_FLIP)] * (-1, 1, 1), face.points, atol=1e-4)
    assert np.linalg.norm(face.points[33] - face.points[263]) == pytest.approx(1, abs=1e-5)
    assert face.weights.sum() == pytest.approx(1, abs=1e-4)
    lips, eye_corners = face.weights[[13, 14, 17]].mean(), face.weights[[33, 133, 362, 263]].mean()
    assert lips < eye_corners  # the jaw moves, the skull does not


def test_mirrored_faces_have_mirrored_poses(finder, rendered):
    for picture in rendered:
        (face,) = finder.find(picture)
        (mirrored,) = finder.find(np.ascontiguousarray(picture[:, ::-1]))
        a, b = (pose_of_rotation(frontal(one.mesh)[1]) for one in (face, mirrored))
        assert a.yaw == pytest.approx(-b.yaw, abs=4)  # the network itself is not quite symmetric
        assert a.roll == pytest.approx(-b.roll, abs=2.5)
        assert a.pitch == pytest.approx(b.pitch, abs=4)


def test_pose_of_the_rendered_faces_is_the_rendered_pose(finder, rendered):
    """tests/data were rendered at yaw 8.6, -5.7, 0 and 2.9 degrees, pitch and roll 0."""
    for picture, yaw in zip(rendered, (8.6, -5.7, 0.0, 2.9), strict=True):
        (face,) = finder.find(picture)
        pose = pose_of_rotation(frontal(face.mesh)[1])
        assert pose.yaw == pytest.approx(yaw, abs=5)
        assert pose.roll == pytest.approx(0, abs=2)
        assert pose.pitch == pytest.approx(0, abs=10)
