"""Umeyama against scikit-image, scipy and a search for anything better; affine matrices against algebra."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from skimage.transform import estimate_transform

from actionunits.errors import UsageError
from actionunits.geometry import apply_affine, compose_affine, invert_affine, similarity_matrix, umeyama

seeds = st.integers(0, 2**32 - 1)
dims = st.sampled_from([2, 3])


def random_rotation(rng, size):
    if size == 3:
        return Rotation.random(random_state=rng.integers(2**31)).as_matrix()
    angle = rng.uniform(-np.pi, np.pi)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def small_rotation(rng, size, angle):
    if size == 2:
        return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    axis = rng.normal(size=3)
    return Rotation.from_rotvec(angle * axis / np.linalg.norm(axis)).as_matrix()


def loss(source, target, scale, rotation, translation, weights=None):
    """The weighted sum of squared distances, one point at a time (Umeyama 1991, Eq. 1)."""
    weights = np.ones(len(source)) if weights is None else weights
    return sum(
        weight * np.sum((end - (scale * rotation @ start + translation)) ** 2)
        for weight, start, end in zip(weights, source, target, strict=True)
    )


@given(seeds, st.integers(3, 70))
def test_plane_agrees_with_scikit_image(seed, count):
    rng = np.random.default_rng(seed)
    source, target = rng.normal(size=(2, count, 2)) * 50 + 100
    expected = estimate_transform("similarity", source, target).params[:2]
    np.testing.assert_allclose(similarity_matrix(source, target), expected, atol=1e-6)


@given(seeds, st.integers(4, 70), st.booleans())
def test_space_agrees_with_scipy(seed, count, weighted):
    rng = np.random.default_rng(seed)
    source, target = rng.normal(size=(2, count, 3))
    weights = rng.uniform(0.1, 2, count) if weighted else np.ones(count)
    source_mean, target_mean = (np.average(points, axis=0, weights=weights) for points in (source, target))
    expected, _ = Rotation.align_vectors(target - target_mean, source - source_mean, weights=weights)

    scale, rotation, translation = umeyama(source, target, weights=weights, scaling=False)
    assert scale == 1
    np.testing.assert_allclose(rotation, expected.as_matrix(), atol=1e-6)
    np.testing.assert_allclose(translation, target_mean - rotation @ source_mean, atol=1e-9)


@given(seeds, dims, st.floats(0.01, 100), st.booleans())
def test_an_exact_similarity_is_found(seed, size, factor, weighted):
    rng = np.random.default_rng(seed)
    source = rng.normal(size=(20, size))
    turn, shift = random_rotation(rng, size), rng.normal(size=size) * 100
    weights = rng.uniform(0.1, 2, 20) if weighted else None
    scale, rotation, translation = umeyama(source, factor * source @ turn.T + shift, weights=weights)
    np.testing.assert_allclose(scale, factor, rtol=1e-9)
    np.testing.assert_allclose(rotation, turn, atol=1e-8)
    np.testing.assert_allclose(translation, shift, atol=1e-7 * max(1, factor))


@given(seeds, dims)
def test_nothing_nearby_is_better(seed, size):
    rng = np.random.default_rng(seed)
    source, target = rng.normal(size=(2, 8, size))
    weights = rng.uniform(0, 1, 8)
    scale, rotation, translation = umeyama(source, target, weights=weights)
    best = loss(source, target, scale, rotation, translation, weights)
    for step in (1e-3, 1e-2, 0.3):
        turned = rotation @ small_rotation(rng, size, step)
        for other in [
            (scale * (1 + step), rotation, translation),
            (scale * (1 - step), rotation, translation),
            (scale, turned, translation),
            (scale, rotation, translation + step * rng.normal(size=size)),
        ]:
            assert loss(source, target, *other, weights) >= best - 1e-9


@given(seeds, dims)
def test_a_mirror_image_gets_a_proper_rotation(seed, size):
    rng = np.random.default_rng(seed)
    source = rng.normal(size=(10, size))
    mirrored = source * np.array([-1, 1, 1][:size])
    scale, rotation, _ = umeyama(source, mirrored)
    assert scale > 0
    np.testing.assert_allclose(np.linalg.det(rotation), 1)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(size), atol=1e-12)


@given(seeds, dims, st.floats(0.1, 10))
def test_moving_the_source_first_changes_nothing(seed, size, factor):
    rng = np.random.default_rng(seed)
    source, target = rng.normal(size=(2, 10, size))
    moved = factor * source @ random_rotation(rng, size).T + rng.normal(size=size)
    once = apply_affine(source, similarity_matrix(source, target))
    np.testing.assert_allclose(apply_affine(moved, similarity_matrix(moved, target)), once, atol=1e-6)


@given(seeds, dims)
def test_weights_are_repetitions(seed, size):
    rng = np.random.default_rng(seed)
    source, target = rng.normal(size=(2, 6, size))
    weights = np.array([1, 2, 3, 1, 0, 4])
    repeated = similarity_matrix(np.repeat(source, weights, axis=0), np.repeat(target, weights, axis=0))
    np.testing.assert_allclose(similarity_matrix(source, target, weights=weights), repeated, atol=1e-8)


def test_batches_are_their_parts():
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(5, 4, 9, 3)), rng.normal(size=(9, 3))
    matrices = similarity_matrix(source, target)
    assert matrices.shape == (5, 4, 3, 4)
    mapped = apply_affine(source, matrices)
    for i in np.ndindex(5, 4):
        np.testing.assert_allclose(matrices[i], similarity_matrix(source[i], target), atol=1e-12)
        np.testing.assert_allclose(mapped[i], apply_affine(source[i], matrices[i]), atol=1e-12)


def test_two_points_of_the_plane_are_enough():
    matrix = similarity_matrix(np.array([[0, 0], [1, 0]]), np.array([[5, 5], [5, 7]]))
    np.testing.assert_allclose(matrix, [[0, -2, 5], [2, 0, 5]], atol=1e-12)


def test_float32_points_are_taken():
    points = np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32)
    np.testing.assert_allclose(similarity_matrix(points, points), np.eye(2, 3), atol=1e-9)


LINE = np.array([[0.0, 0, 0], [1, 1, 1], [2, 2, 2], [5, 5, 5]])
SQUARE = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])


@pytest.mark.parametrize(
    ("source", "target", "weights", "said"),
    [
        (np.ones((4, 2)), SQUARE, None, "all points of the source are equal"),
        (SQUARE, np.full((4, 2), 7.3), None, "all points of the target are equal"),
        (SQUARE[:1], SQUARE[:1], None, "all points of the source are equal"),
        (LINE, 2 * LINE, None, "no rotation is better"),
        (SQUARE, SQUARE * [-1, 1], None, "mirror image"),
        (SQUARE, SQUARE, [1, 0, 0, 0], "all points of the source are equal"),
        (SQUARE, np.where(SQUARE > 0, np.nan, 1), None, "not finite"),
        (np.where(SQUARE > 0, np.inf, 1), SQUARE, None, "not finite"),
        (SQUARE, SQUARE, [1, -1, 1, 1], "not negative"),
        (SQUARE, SQUARE, [0, 0, 0, 0], "not all 0"),
        (SQUARE, SQUARE, [1, 1, 1], "one weight a point"),
        (SQUARE, SQUARE[:3], None, "(3, 2)"),
        (SQUARE[0], SQUARE[0], None, "expected (..., N, 2)"),
        (np.zeros((2, 4, 2)), np.zeros((3, 4, 2)), None, "do not broadcast"),
        (np.eye(4), np.eye(4), None, "(4, 4)"),
    ],
)
def test_what_has_no_answer(source, target, weights, said):
    with pytest.raises(UsageError) as caught:
        umeyama(source, target, weights=weights)
    assert said in str(caught.value)


@given(seeds, dims)
def test_affine_algebra(seed, size):
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=(2, size, size + 1)) + 3 * np.eye(size, size + 1)
    points = rng.normal(size=(7, size))
    one_by_one = np.array([first[:, :-1] @ point + first[:, -1] for point in points])
    np.testing.assert_allclose(apply_affine(points, first), one_by_one, atol=1e-12)
    both = apply_affine(apply_affine(points, first), second)
    np.testing.assert_allclose(apply_affine(points, compose_affine(second, first)), both, atol=1e-9)
    if np.linalg.cond(first[:, :-1]) < 1e4:
        np.testing.assert_allclose(compose_affine(first, invert_affine(first)), np.eye(size, size + 1), atol=1e-8)


def test_missing_points_stay_missing():
    mapped = apply_affine(np.array([[1.0, 2], [np.nan, np.nan]]), np.array([[2.0, 0, 1], [0, 2, 1]]))
    np.testing.assert_array_equal(mapped, [[3, 5], [np.nan, np.nan]])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: apply_affine(np.zeros((4, 3)), np.eye(2, 3)), "(4, 3)"),
        (lambda: apply_affine(np.zeros((4, 2)), np.eye(3)), "(3, 3)"),
        (lambda: apply_affine(np.zeros(2), np.eye(2, 3)), "(2,)"),
        (lambda: invert_affine(np.zeros((2, 3))), "no inverse"),
        (lambda: compose_affine(np.eye(2, 3), np.eye(2)), "(2, 2)"),
    ],
)
def test_wrong_matrices(call, said):
    with pytest.raises(UsageError) as caught:
        call()
    assert said in str(caught.value)
