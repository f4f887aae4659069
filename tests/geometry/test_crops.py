"""Crops: JAA-Net's alignment as the protocol states it, pixels against analytic pictures, and stable recipe hashes."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.transform import estimate_transform

from actionunits.errors import UsageError
from actionunits.geometry import (
    CROP_RECIPES,
    CropRecipe,
    apply_affine,
    compose_affine,
    crop,
    crop_matrix,
    eye_centres,
    flip_landmarks,
    get_crop,
    interocular_distance,
    invert_affine,
    to_49,
    to_68,
)

JAA, FACE = get_crop("jaa-200"), get_crop("face-112")
BOX = CropRecipe("box-test", 100, "box", scale=1.5)
RECIPES = [JAA, FACE, BOX]

angles = st.floats(-np.pi, np.pi)
zooms = st.floats(0.2, 8)
shifts = st.floats(-500, 500)
seeds = st.integers(0, 2**32 - 1)


def motion(angle, zoom, x, y):
    cosine, sine = zoom * np.cos(angle), zoom * np.sin(angle)
    return np.array([[cosine, -sine, x], [sine, cosine, y]])


def jittered(face68, seed):
    return face68 + np.random.default_rng(seed).normal(size=(68, 2)) * 4


def ramp(height, width):
    """A picture whose bilinear samples and box averages are known exactly: the value at (x, y) is x + 1000 y."""
    return (np.arange(width)[None] + 1000.0 * np.arange(height)[:, None]).astype(np.float32)


@given(angles, zooms, shifts, shifts, seeds, st.floats(-150, 150))
def test_jaa_is_what_the_protocol_says(face68, angle, zoom, x, y, seed, nose):
    face = jittered(face68, seed)
    face[30, 0] += nose  # far out, as on a face in profile, it widens the box
    face = apply_affine(face, motion(angle, zoom, x, y))
    matrix = crop_matrix(JAA, face)
    placed = apply_affine(face, matrix)
    np.testing.assert_allclose(matrix[0, 0], matrix[1, 1], atol=1e-9)  # a similarity, no mirror
    np.testing.assert_allclose(matrix[0, 1], -matrix[1, 0], atol=1e-9)
    right, left = placed[36:42].mean(axis=0), placed[42:48].mean(axis=0)
    np.testing.assert_allclose(right[1], left[1], atol=1e-6)  # the eye line is level
    assert right[0] < left[0]
    anchors = np.array([right, left, placed[30], placed[48], placed[54]])
    low, high = anchors.min(axis=0), anchors.max(axis=0)
    np.testing.assert_allclose((low + high) / 2, [99.5, 99.5], atol=1e-6)  # centres 0 ... 199
    np.testing.assert_allclose((high - low).max() * 2.9, 199, atol=1e-6)


def test_jaa_interocular_is_about_67(face68):
    placed = apply_affine(face68, crop_matrix(JAA, face68))
    right, left = eye_centres(placed)
    # JAA-Net's example picture: 4480.05 squared, between eye centres
    assert np.hypot(*(left - right)) == pytest.approx(4480.05**0.5, abs=1)
    assert interocular_distance(placed) > 80  # between outer corners it is another number


def test_jaa_needs_only_the_49(face68):
    partial = to_68(to_49(face68))  # no jaw
    np.testing.assert_array_equal(crop_matrix(JAA, partial), crop_matrix(JAA, face68))
    np.testing.assert_array_equal(crop_matrix(FACE, partial), crop_matrix(FACE, face68))


@given(angles, zooms, shifts, shifts, seeds)
def test_face_112_is_the_least_squares_similarity(face68, angle, zoom, x, y, seed):
    face = apply_affine(jittered(face68, seed), motion(angle, zoom, x, y))
    anchors = np.array([face[36:42].mean(axis=0), face[42:48].mean(axis=0), (face[48] + face[54]) / 2])
    expected = estimate_transform("similarity", anchors, np.array([[37.5, 36], [73.5, 36], [55.5, 75]]))
    np.testing.assert_allclose(apply_affine(face, crop_matrix(FACE, face)), expected(face), atol=1e-6)


def test_face_112_puts_a_fitting_face_where_it_says():
    face = np.zeros((68, 2))
    face[36:42], face[42:48] = [100, 200], [172, 200]  # 72 apart, twice 36
    face[48], face[54] = [110, 278], [162, 278]  # 78 below, twice 39
    placed = apply_affine(face, crop_matrix(FACE, face))
    np.testing.assert_allclose(eye_centres(placed), [[37.5, 36], [73.5, 36]], atol=1e-9)
    np.testing.assert_allclose((placed[48] + placed[54]) / 2, [55.5, 75], atol=1e-9)


def test_the_drawn_face_fits_into_every_crop(face68):
    for recipe in RECIPES:
        placed = apply_affine(face68, crop_matrix(recipe, face68))
        assert placed.min() >= 0
        assert placed.max() <= recipe.size - 1


def test_box_does_not_turn_and_spans_all_points(face68):
    face = apply_affine(face68, motion(0.4, 2, 30, -20))
    matrix = crop_matrix(BOX, face)
    assert matrix[0, 1] == matrix[1, 0] == 0
    placed = apply_affine(face, matrix)
    low, high = placed.min(axis=0), placed.max(axis=0)
    np.testing.assert_allclose((low + high) / 2, [49.5, 49.5], atol=1e-9)
    np.testing.assert_allclose((high - low).max() * 1.5, 99, atol=1e-9)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.id)
@given(angle=angles, zoom=zooms, x=shifts, y=shifts, seed=seeds)
def test_the_crop_does_not_depend_on_where_the_face_is(face68, recipe, angle, zoom, x, y, seed):
    face = jittered(face68, seed)
    move = motion(0 if recipe.kind == "box" else angle, zoom, x, y)
    again = compose_affine(crop_matrix(recipe, apply_affine(face, move)), move)
    np.testing.assert_allclose(again, crop_matrix(recipe, face), atol=1e-6)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.id)
@given(seed=seeds)
def test_there_and_back(face68, recipe, seed):
    face = jittered(face68, seed)
    matrix = crop_matrix(recipe, face)
    np.testing.assert_allclose(apply_affine(apply_affine(face, matrix), invert_affine(matrix)), face, atol=1e-9)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.id)
def test_pixels_come_from_where_the_matrix_says(face68, recipe):
    face = apply_affine(face68, motion(0.2, 1.0, 400, 350))
    image, landmarks, matrix = crop(ramp(700, 800), face, recipe)
    np.testing.assert_allclose(matrix, crop_matrix(recipe, face))
    np.testing.assert_allclose(landmarks, apply_affine(face, matrix))
    columns, rows = np.meshgrid(np.arange(recipe.size), np.arange(recipe.size))
    places = apply_affine(np.stack([columns.ravel(), rows.ravel()], axis=-1), invert_affine(matrix))  # in the picture
    expected = places[:, 0] + 1000 * places[:, 1]
    inside = ((places >= 4) & (places <= [795, 695])).all(axis=-1)
    assert inside.mean() > 0.9
    # 1/32 px is the precision of OpenCV's sampling; one row is worth 1000
    np.testing.assert_allclose(image.ravel()[inside], expected[inside], atol=1000 / 32 + 2)


@pytest.mark.parametrize("zoom", [3.0, 7.3])
def test_averaging_keeps_pixels_in_place(face68, zoom):
    side = int(500 * zoom)
    face = apply_affine(face68, motion(-0.3, zoom, side * 0.5, side * 0.4))
    image, _, matrix = crop(ramp(side, side), face, FACE)
    places = apply_affine(np.stack(np.meshgrid(np.arange(112), np.arange(112)), axis=-1), invert_affine(matrix))
    inside = ((places >= 2 * zoom) & (places <= side - 2 * zoom)).all(axis=-1)
    assert inside.mean() > 0.9
    expected = places[..., 0] + 1000 * places[..., 1]
    per_pixel = 1000 / np.hypot(*matrix[0, :2])  # one crop pixel, in values
    assert np.abs(image - expected)[inside].max() < per_pixel / 10
    assert abs((image - expected)[inside].mean()) < per_pixel / 100  # half a pixel of shift would be 0.5


def test_averaging_removes_what_bilinear_sampling_leaves(face68):
    face = apply_affine(face68, motion(0, 6, 900, 700))
    noise = np.random.default_rng(0).integers(0, 256, size=(1700, 1800), dtype=np.uint8)
    spread = {
        antialias: crop(noise, face, replace(FACE, antialias=antialias)).image.std() for antialias in (True, False)
    }
    assert spread[True] < 0.35 * spread[False]


def test_averaging_is_for_shrinking_only(face68):
    face = apply_affine(face68, motion(0.1, 0.5, 100, 80))
    noise = np.random.default_rng(0).integers(0, 256, size=(200, 200, 3), dtype=np.uint8)
    np.testing.assert_array_equal(
        crop(noise, face, FACE).image, crop(noise, face, replace(FACE, antialias=False)).image
    )


@pytest.mark.parametrize("recipe", [JAA, FACE], ids=lambda recipe: recipe.id)
@pytest.mark.parametrize("zoom", [0.7, 2.0])
def test_the_crop_of_the_mirror_image_is_the_mirror_image_of_the_crop(face68, recipe, zoom):
    face = apply_affine(jittered(face68, 5), motion(0.2, zoom, 400, 350))
    y, x = np.mgrid[:800, :820]
    picture = (127 + 60 * np.sin(x / 17) + 60 * np.cos(y / 23 + x / 40)).astype(np.float32)
    straight = crop(picture, face, recipe)
    mirrored = crop(picture[:, ::-1], flip_landmarks(face, 820), recipe)
    np.testing.assert_allclose(mirrored.landmarks, flip_landmarks(straight.landmarks, recipe.size), atol=1e-6)
    assert np.abs(mirrored.image - straight.image[:, ::-1])[5:-5, 5:-5].max() < 3


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.id)
def test_beyond_the_picture_is_the_border(face68, recipe):
    face = face68 + np.array([0, 60])  # half of the face lies left of the picture
    image = crop(np.full((300, 200, 3), 255, np.uint8), face, replace(recipe, border=50)).image
    half = recipe.size // 2
    assert (image[:, : half - 8] == 50).all()
    assert (image[half, half + 8 : half + 15] == 255).all()
    away = crop(np.full((30, 20), 255, np.uint8), face68 * 3 + 5000, recipe).image
    assert (away == 128).all()


@pytest.mark.parametrize("shape", [(300, 300), (300, 300, 1), (300, 300, 3), (300, 300, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_channels_and_types_are_kept(face68, shape, dtype):
    picture = np.random.default_rng(0).integers(0, 255, shape).astype(dtype)
    image = crop(picture, face68 + 140, FACE).image
    assert image.shape == (112, 112, *shape[2:])
    assert image.dtype == dtype


def test_the_picture_is_left_alone(face68):
    picture = ramp(300, 300)
    before = picture.copy()
    crop(picture, face68 + 140, JAA)
    np.testing.assert_array_equal(picture, before)


def test_the_known_recipes():
    fields = (JAA.id, JAA.size, JAA.kind, JAA.scale, JAA.border, JAA.antialias)
    assert fields == ("jaa-200", 200, "eyes_nose_mouth", 2.9, 128, False)
    assert (FACE.size, FACE.kind) == (112, "similarity")
    assert all(name == recipe.id for name, recipe in CROP_RECIPES.items())


def test_the_hash_is_that_of_canonical_json():
    text = '{"antialias":false,"border":128,"id":"jaa-200","kind":"eyes_nose_mouth","scale":2.9,"size":200}'
    assert JAA.hash == hashlib.sha256(text.encode()).hexdigest()[:16] == "88013efbf8935de0"
    assert FACE.hash == "5b91d81814965710"  # stores and cards already written rely on it


def test_the_hash_changes_with_every_field():
    others = [
        replace(FACE, id="x"),
        replace(FACE, size=113),
        replace(FACE, border=127),
        replace(FACE, antialias=False),
        replace(FACE, targets=(("right_eye", 37.5, 36.0), ("left_eye", 73.5, 36.0), ("mouth", 55.5, 75.1))),
        replace(BOX, scale=1.6),
        BOX,
        replace(BOX, kind="eyes_nose_mouth"),
    ]
    assert len({recipe.hash for recipe in [FACE, *others]}) == len(others) + 1


def test_equal_recipes_have_equal_hashes_however_they_were_written():
    written = CropRecipe("box-test", np.int64(100), "box", scale=np.float32(1.5), antialias=0)
    assert written == BOX
    assert written.hash == BOX.hash


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.id)
def test_recipes_survive_json(recipe):
    again = CropRecipe.from_dict(json.loads(json.dumps(recipe.to_dict())))
    assert again == recipe
    assert again.hash == recipe.hash


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"size": 10, "kind": "box"}, "size, kind"),
        ({"id": "a", "size": 10, "kind": "box", "scale": 2, "colour": 1}, "colour"),
        ({"id": "a", "size": 10, "kind": "round", "scale": 2}, "'round' is none of eyes_nose_mouth, box, similarity"),
        ({"id": "a", "size": 10, "kind": "box"}, "needs a scale"),
        ({"id": "a", "size": 10, "kind": "box", "scale": 0}, "must be above 0"),
        ({"id": "a", "size": 10, "kind": "box", "scale": float("nan")}, "must be above 0"),
        ({"id": "a", "size": 1, "kind": "box", "scale": 2}, "size 1"),
        ({"id": "a", "size": 10, "kind": "box", "scale": 2, "border": 256}, "border 256"),
        ({"id": "a", "size": "10", "kind": "box", "scale": 2}, "wrong type"),
        ({"id": "a", "size": 10, "kind": "similarity", "scale": 2}, "needs targets"),
        ({"id": "a", "size": 10, "kind": "similarity", "targets": [["ear", 1, 2], ["mouth", 3, 4]]}, "'ear'"),
        ({"id": "a", "size": 10, "kind": "similarity", "targets": [["mouth", 1, 2]]}, "two anchors"),
        ({"id": "a", "size": 10, "kind": "similarity", "targets": [["mouth", 1]]}, "wrong type"),
    ],
)
def test_wrong_recipes(values, said):
    with pytest.raises(UsageError) as caught:
        CropRecipe.from_dict(values)
    assert said in str(caught.value)


def test_unknown_crops_name_the_known():
    with pytest.raises(UsageError, match=r"'jaa-201'.*face-112, face-160, jaa-200"):
        get_crop("jaa-201")


@pytest.mark.parametrize(
    ("points", "recipe", "said"),
    [
        (np.zeros((49, 2)), JAA, "(49, 2)"),
        (np.zeros((68, 3)), JAA, "(68, 3)"),
        (np.zeros((68, 2)), JAA, "coincide"),
        (np.zeros((68, 2)), FACE, "equal"),
        (np.zeros((68, 2)), BOX, "one point"),
        (np.full((68, 2), np.nan), JAA, "right eye is not finite"),
        (np.full((68, 2), np.nan), FACE, "right eye is not finite"),
        (np.full((68, 2), np.nan), BOX, "none is finite"),
    ],
)
def test_faces_that_cannot_be_cropped(points, recipe, said):
    with pytest.raises(UsageError) as caught:
        crop(np.zeros((10, 10), np.uint8), points, recipe)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (np.zeros((0, 10), np.uint8), "(0, 10)"),
        (np.zeros(10, np.uint8), "(10,)"),
        (np.zeros((10, 10, 5), np.uint8), "(10, 10, 5)"),
        (np.zeros((10, 10), np.int64), "int64"),
    ],
)
def test_pictures_that_cannot_be_cropped(face68, picture, said):
    with pytest.raises(UsageError) as caught:
        crop(picture, face68, JAA)
    assert said in str(caught.value)
