"""The baselines' features, against scikit-image and against what they must not depend on."""

import dataclasses

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.feature import hog as reference_hog

from actionunits.errors import UsageError
from actionunits.evaluation.features import align, aligned_landmarks, background, hog, hog_of_faces
from actionunits.geometry import apply_affine

from .conftest import make_store


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(32, 48), (112, 112)]))
def test_hog_is_that_of_scikit_image(seed, shape):
    grey = cv2.GaussianBlur(np.random.default_rng(seed).integers(0, 256, shape, np.uint8), (5, 5), 1)
    blocks = reference_hog(grey, 8, (8, 8), (2, 2), feature_vector=False)  # all blocks, overlapping
    np.testing.assert_allclose(hog(grey), blocks[::2, ::2].ravel(), atol=1e-5)


def test_hog_of_a_flat_picture_is_nothing():
    assert not hog(np.full((16, 16), 7, np.uint8)).any()


def test_aligned_landmarks_do_not_depend_on_place_size_and_tilt(store):
    aligned = align(store)
    turned = cv2.getRotationMatrix2D((10, 20), 25, 1.7)
    moved = np.stack([apply_affine(face, turned) for face in store.landmarks(slice(None)).astype(float)])

    class Moved:
        folder = store.folder

        def __len__(self):
            return len(store)

        def landmarks(self, rows):
            return moved[rows]

    np.testing.assert_allclose(aligned_landmarks(align(Moved())), aligned_landmarks(aligned), atol=1e-3)
    eyes = aligned_landmarks(aligned).reshape(-1, 68, 2)
    np.testing.assert_allclose(eyes[:, 36:48].mean(axis=(0, 1)), [55.5, 36.0], atol=1.0)


def test_a_frame_without_landmarks_is_kept_and_gets_the_mean_place(tmp_path):
    def hide(row):
        points = row.landmarks.copy()
        if row.frame == 3:
            points[:] = np.nan
        elif row.frame == 4:
            points[:17] = np.nan  # 49 points, as BP4D has
        return dataclasses.replace(row, landmarks=points)

    store = make_store(tmp_path / "store", people=("S1", "S2"), frames=6, spoil=hide)
    aligned = align(store)
    assert aligned.missing.tolist() == [False, False, False, True, False, False] * 2
    places = aligned_landmarks(aligned).reshape(-1, 68, 2)
    assert np.isnan(places[3]).all()
    assert np.isnan(places[4, :17]).all()
    assert np.isfinite(places[4, 17:]).all()
    assert np.isfinite(aligned.matrices).all()
    described = hog_of_faces(store, aligned)
    assert described.shape == (12, 1568)
    assert np.isfinite(described).all()
    assert described[3].any()


def test_noise_is_seeded_and_of_the_given_size(store):
    still, shaken, again = align(store), align(store, noise=2.0, seed=1), align(store, noise=2.0, seed=1)
    np.testing.assert_array_equal(shaken.landmarks, again.landmarks)
    assert (shaken.landmarks - still.landmarks).std() == pytest.approx(2.0, rel=0.05)


def test_background_sees_no_face(store, monkeypatch):
    plain = background(store)
    image = type(store).image

    def covered(self, row):
        picture = image(self, row).copy()
        picture[20:, 16:-16] = 0  # the middle, and all below
        return picture

    monkeypatch.setattr(type(store), "image", covered)
    np.testing.assert_array_equal(background(store), plain)


def test_a_store_without_landmarks_is_refused(tmp_path):
    bare = make_store(tmp_path / "bare", people=("S1",), frames=2, contents=("occurrence",))
    with pytest.raises(UsageError, match="no landmarks"):
        align(bare)
    nowhere = make_store(
        tmp_path / "nan", people=("S1",), frames=2, spoil=lambda row: dataclasses.replace(row, landmarks=None)
    )
    with pytest.raises(UsageError, match="no frame of this store has the landmarks"):
        align(nowhere)
