import numpy as np
import pytest

from actionunits.faces.finder import box_of, same_face


def test_finds_all_largest_first_and_at_most_so_many(finder, scene):
    picture = scene([(0, 110, 180, 120), (1, 320, 180, 220), (3, 540, 180, 160)])
    faces = finder.find(picture)
    areas = [face.box[2] * face.box[3] for face in faces]
    assert len(faces) == 3
    assert areas == sorted(areas, reverse=True)
    assert [face.box for face in finder.find(picture, limit=2)] == [face.box for face in faces[:2]]


def test_known_faces_are_not_found_again(finder, scene):
    picture = scene([(0, 160, 180, 180), (1, 460, 180, 180)])
    left, right = sorted(finder.find(picture), key=lambda face: face.box[0])
    (found,) = finder.find(picture, known=[left.box])
    assert same_face(found.box, right.box)
    assert finder.find(picture, known=[left.box, right.box]) == []


def test_a_face_that_fills_the_picture_is_found(finder, rendered):
    assert len(finder.find(np.ascontiguousarray(rendered[2][60:340, 80:310]))) == 1


@pytest.mark.parametrize("shape", [(1, 1), (2, 900), (33, 17), (500, 400)])
def test_no_face_no_result(finder, shape):
    assert finder.find(np.zeros((*shape, 3), np.uint8)) == []


def test_following_stays_where_the_first_look_was(finder, rendered):
    (face,) = finder.find(rendered[0])
    again = finder.follow(rendered[0], face.mesh)
    assert again is not None
    eyes = np.linalg.norm(face.mesh[33, :2] - face.mesh[263, :2])
    assert np.abs(again.mesh - face.mesh).mean() < 0.01 * eyes


def test_following_gives_up_where_nobody_is(finder, rendered):
    (face,) = finder.find(rendered[0])
    assert finder.follow(np.full((384, 384, 3), 90, np.uint8), face.mesh) is None
    assert finder.follow(rendered[0], face.mesh + np.float32(5000)) is None
    assert finder.follow(rendered[0], face.mesh * np.float32(1e-4)) is None


def test_box_of_a_mesh():
    mesh = np.zeros((468, 3), np.float32)
    mesh[3], mesh[9] = (-2, 5, 1), (10, 9, 1)
    assert box_of(mesh) == (-2, 0, 12, 9)


def test_where_the_face_lies_in_the_picture_matters_little(finder, rendered):
    """Cropping a picture moves what the detector sees; the mesh must not follow it."""
    picture = rendered[3]
    (whole,) = finder.find(picture)
    (part,) = finder.find(np.ascontiguousarray(picture[12:370, 21:365]))
    eyes = np.linalg.norm(whole.mesh[33, :2] - whole.mesh[263, :2])
    moved = part.mesh[:, :2] + (21, 12) - whole.mesh[:, :2]
    assert np.linalg.norm(moved, axis=1).mean() < 0.01 * eyes
