"""The crops of LP-Net, RE-Net, ROI maps and AU R-CNN: places, masks and margins as the specifications say them."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import ConvexHull
from skimage.draw import polygon2mask
from skimage.transform import estimate_transform

from actionunits.errors import UsageError
from actionunits.faces.pose import canonical_face
from actionunits.geometry import FLIP_68, CropRecipe, apply_affine, crop, crop_matrix, eye_centres, get_crop, mesh_to_68
from actionunits.geometry.crops import inside_hull
from actionunits.geometry.mean_face import MEAN_68

LP, RE, ROI, AU_RCNN = (get_crop(name) for name in ("lp-240-masked", "re-256", "roi-256", "aurcnn-512"))
seeds = st.integers(0, 2**32 - 1)


def moved(points, angle, zoom, x, y):
    turn = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return points @ turn.T + [x, y]


def jittered(face68, seed):
    return face68 + np.random.default_rng(seed).normal(size=(68, 2)) * 3


def test_the_mean_face_is_the_mean_face():
    right, left = eye_centres(MEAN_68)
    np.testing.assert_allclose(left - right, [1, 0], atol=1e-3)
    np.testing.assert_allclose(MEAN_68.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(MEAN_68[list(FLIP_68)] * [-1, 1], MEAN_68, atol=1e-12)
    mesh = mesh_to_68(canonical_face().points)[:, :2]
    apart = np.hypot(*(np.subtract(*eye_centres(mesh))))
    np.testing.assert_allclose((mesh - mesh.mean(axis=0)) / apart, MEAN_68, atol=0.05)


@given(st.floats(-3, 3), st.floats(0.3, 5), st.floats(-300, 900), seeds)
def test_lp_brings_the_rigid_points_to_the_mean_face(face68, angle, zoom, shift, seed):
    """Umeyama on points 17-47 onto a face whose eye centres are 0.40 of 240 apart; scikit-image is the reference."""
    face = moved(jittered(face68, seed), angle, zoom, shift, -shift)
    expected = estimate_transform("similarity", face[17:48], 119.5 + 96 * MEAN_68[17:48])
    np.testing.assert_allclose(apply_affine(face, crop_matrix(LP, face)), expected(face), atol=5e-3)


def test_lp_puts_the_mean_face_level_and_96_apart():
    placed = apply_affine(moved(MEAN_68, 0.7, 130, 500, 300), crop_matrix(LP, moved(MEAN_68, 0.7, 130, 500, 300)))
    right, left = eye_centres(placed)
    np.testing.assert_allclose(left - right, [96, 0], atol=0.1)
    raised = placed[17:27] - [0, 0.25 * 96]
    assert min(placed.min(), raised.min()) > 0  # the whole mask lies in the crop
    assert max(placed.max(), raised.max()) < 239


def test_lp_blanks_what_lies_outside_the_hull(face68):
    face = moved(face68, 0.2, 1.5, 300, 280)
    image, landmarks, _ = crop(np.full((700, 700, 3), 200, np.uint8), face, LP)
    apart = np.hypot(*np.subtract(*eye_centres(landmarks)))
    points = np.concatenate([landmarks, landmarks[17:27] - [0, 0.25 * apart]])
    corners = points[ConvexHull(points).vertices][:, ::-1]  # (row, column)
    inside = polygon2mask((240, 240), corners)
    kept = image[..., 0] == 200
    assert ((image == 200) | (image == 0)).all()
    assert (kept != inside).mean() < 0.01  # they differ along the edge only
    assert kept[inside].mean() > 0.999
    assert not image[[-1], :].any()
    assert not image[:, [0, -1]].any()


def test_the_hull_does_not_need_every_point_and_may_leave_the_crop(face68):
    placed = apply_affine(face68, crop_matrix(LP, face68))
    whole = inside_hull(placed, 240, raised=0.25)
    lips = placed.copy()
    lips[60:68] = np.nan
    np.testing.assert_array_equal(inside_hull(lips, 240, raised=0.25), whole)
    assert inside_hull(placed * 1e6 - 1e8, 240, raised=0.25).all()
    assert not inside_hull(placed + 1e6, 240, raised=0.25).any()
    with pytest.raises(UsageError, match="right eye"):
        inside_hull(np.full((68, 2), np.nan), 240, raised=0.25)


@pytest.mark.parametrize("shape", [(600, 620), (600, 620, 1), (600, 620, 4)])
def test_masks_keep_the_shape(face68, shape):
    image = crop(np.full(shape, 7, np.float32), face68 + 300, LP).image
    assert image.shape == (240, 240, *shape[2:])
    assert set(np.unique(image)) == {0, 7}


def test_re_is_jaa_at_another_size(face68):
    face = moved(face68, -0.4, 2, 500, 400)
    jaa = apply_affine(face, crop_matrix(get_crop("jaa-200"), face))
    np.testing.assert_allclose(apply_affine(face, crop_matrix(RE, face)), jaa * 255 / 199, atol=1e-9)


def test_roi_is_the_box_1_4_times_as_large_not_turned(face68):
    face = moved(face68, 0.5, 1.7, 400, 380)
    matrix = crop_matrix(ROI, face)
    assert matrix[0, 1] == matrix[1, 0] == 0
    assert matrix[0, 0] == matrix[1, 1]
    placed = apply_affine(face, matrix)
    low, high = placed.min(axis=0), placed.max(axis=0)
    np.testing.assert_allclose((low + high) / 2, 127.5)
    np.testing.assert_allclose((high - low).max() * 1.4, 255)


@given(st.floats(0.5, 4), st.floats(0, 500), seeds)
def test_au_rcnn_follows_its_formula(face68, zoom, shift, seed):
    """left = xmin-20, top = ymin-50, width = xmax-xmin+40, height = ymax-ymin+50, of the points 1-67; below 0 -> 0."""
    face = moved(jittered(face68, seed), 0.1, zoom, shift, shift)
    face[0] = -1e4, 1e4  # point 0 is never used
    xs, ys = face[1:, 0], face[1:, 1]
    left, top = max(xs.min() - 20, 0), max(ys.min() - 50, 0)
    width, height = xs.max() - xs.min() + 40, ys.max() - ys.min() + 50
    expected = np.stack([(face[:, 0] - left) * 512 / width, (face[:, 1] - top) * 512 / height], axis=1)
    np.testing.assert_allclose(apply_affine(face, crop_matrix(AU_RCNN, face)), expected, rtol=1e-9, atol=1e-6)


def test_au_rcnn_margins_are_pixels_of_the_picture(face68):
    face = moved(face68, 0, 2, 400, 300)
    placed = apply_affine(face, crop_matrix(AU_RCNN, face))[1:]
    width, height = np.ptp(face[1:], axis=0) + np.array([40, 50])
    np.testing.assert_allclose(placed.min(axis=0), [20 * 512 / width, 50 * 512 / height])
    np.testing.assert_allclose(placed.max(axis=0), [512 - 20 * 512 / width, 512])


def test_au_rcnn_needs_a_face_with_extent():
    with pytest.raises(UsageError, match="one line"):
        crop_matrix(AU_RCNN, np.ones((68, 2)))
    with pytest.raises(UsageError, match="none is finite"):
        crop_matrix(AU_RCNN, np.full((68, 2), np.nan))


def test_hashes_that_stores_rely_on():
    assert {recipe.id: recipe.hash for recipe in (LP, RE, ROI, AU_RCNN)} == {
        "lp-240-masked": "dee1a0a0d884cd0f",
        "re-256": "ca32b3c6f4a02ed7",
        "roi-256": "22954b1e83d882ad",
        "aurcnn-512": "c2c53c5111e59289",
    }


@pytest.mark.parametrize("recipe", [LP, RE, ROI, AU_RCNN], ids=lambda recipe: recipe.id)
def test_recipes_survive_json(recipe):
    again = CropRecipe.from_dict(json.loads(json.dumps(recipe.to_dict())))
    assert again == recipe
    assert again.hash == recipe.hash


def test_masks_and_margins_change_the_hash():
    others = [LP, replace(LP, mask=0.3), replace(LP, mask=None), AU_RCNN, replace(AU_RCNN, margins=(20, 50, 20, 1))]
    assert len({recipe.hash for recipe in others}) == len(others)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"kind": "margins"}, "needs margins"),
        ({"kind": "margins", "scale": 2}, "needs margins"),
        ({"kind": "box", "scale": 2, "margins": [1, 2, 3, 4]}, "needs a scale"),
        ({"kind": "margins", "margins": [1, 2, 3, -4]}, "0 or more"),
        ({"kind": "margins", "margins": [1, 2, 3]}, "wrong type"),
        ({"kind": "box", "scale": 2, "mask": -0.1}, "0 or more"),
        ({"kind": "box", "scale": 2, "mask": float("nan")}, "0 or more"),
        ({"kind": "similarity", "targets": [["point_68", 1, 2], ["mouth", 3, 4]]}, "'point_68'"),
    ],
)
def test_wrong_recipes(values, said):
    with pytest.raises(UsageError) as caught:
        CropRecipe.from_dict({"id": "a", "size": 10} | values)
    assert said in str(caught.value)
