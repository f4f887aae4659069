"""The landmarks' loss against a loop over faces written from its formula."""

import math

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from actionunits.geometry import eye_centres, to_49
from actionunits.losses.landmarks import landmark_loss


@pytest.fixture
def known():
    rng = np.random.default_rng(0)
    return rng.uniform(0, 176, size=(4, 68, 2)).astype(np.float32)


@pytest.fixture
def found():
    torch.manual_seed(0)
    return torch.rand(4, 49, 2) * 176


def by_hand(found, known, faces):
    values = []
    for face in faces:
        right, left = eye_centres(known[face])
        distance = math.dist(right, left)
        values.append(((found[face].numpy() - to_49(known[face])) ** 2).sum() / (2 * distance**2))
    return np.mean(values)


def test_the_formula(found, known):
    loss = landmark_loss(found, torch.from_numpy(known))
    assert loss.item() == pytest.approx(by_hand(found, known, range(4)), rel=1e-5)


def test_49_points_say_the_same_as_68(found, known):
    assert landmark_loss(found, torch.from_numpy(to_49(known))) == landmark_loss(found, torch.from_numpy(known))


def test_the_size_of_the_picture_does_not_matter(found, known):
    twice = landmark_loss(2 * found, torch.from_numpy(2 * known))
    torch.testing.assert_close(twice, landmark_loss(found, torch.from_numpy(known)))


def test_faces_with_an_unknown_point_are_left_out(found, known):
    known[1, 60:65, 0] = np.nan  # 61, of the mouth, is one of the 49
    known[3] = np.nan
    found.requires_grad_()
    loss = landmark_loss(found, torch.from_numpy(known))
    assert loss.item() == pytest.approx(by_hand(found.detach(), known, (0, 2)), rel=1e-5)
    loss.backward()
    reached = found.grad.abs().sum(dim=(1, 2)) > 0
    assert found.grad.isfinite().all()
    assert reached.tolist() == [True, False, True, False]


def test_the_jaw_and_the_inner_lip_corners_do_not_matter(found, known):
    whole = landmark_loss(found, torch.from_numpy(known))
    known[:, [*range(17), 60, 64]] = np.nan
    assert landmark_loss(found, torch.from_numpy(known)) == whole


@pytest.mark.parametrize("value", [np.nan, 5.0])
def test_no_face_that_can_be_used(found, known, value):
    """Nothing is known, or the eyes coincide."""
    found.requires_grad_()
    loss = landmark_loss(found, torch.from_numpy(np.full_like(known, value)))
    loss.backward()
    assert loss.item() == 0
    assert (found.grad == 0).all()


def test_low_precision_is_computed_in_float32(found, known):
    exact = landmark_loss(found.bfloat16().float(), torch.from_numpy(known))
    assert landmark_loss(found.bfloat16(), torch.from_numpy(known)) == exact
