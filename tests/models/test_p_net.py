"""The P-Net's input against Eq. 2 and its symmetries, and what it makes of unknown landmarks."""

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from actionunits.geometry import FLIP_68, apply_affine, eye_centres, flip_landmarks  # noqa: E402
from actionunits.geometry.mean_face import MEAN_68  # noqa: E402
from actionunits.loading import FaceBatch  # noqa: E402
from actionunits.models.layers.p_net import PNet, face_shape  # noqa: E402


@pytest.fixture
def faces() -> np.ndarray:
    """Three crooked faces, (3, 68, 2) pixels."""
    rng = np.random.default_rng(0)
    return 60 * MEAN_68 + 100 + rng.normal(0, 3, (3, 68, 2))


def shapes(landmarks: np.ndarray) -> torch.Tensor:
    return face_shape(torch.from_numpy(landmarks))


def turned(landmarks: np.ndarray, degrees: float, scale: float = 1.0, shift: tuple[float, float] = (0, 0)):
    cosine, sine = scale * np.cos(np.deg2rad(degrees)), scale * np.sin(np.deg2rad(degrees))
    return apply_affine(landmarks, np.array([[cosine, sine, shift[0]], [-sine, cosine, shift[1]]]))


def test_level_faces_follow_the_equation(faces):
    right, left = eye_centres(faces).swapaxes(0, 1)
    level = np.stack(
        [turned(face, np.rad2deg(np.arctan2(*(b - a)[::-1]))) for face, a, b in zip(faces, right, left, strict=True)]
    )
    right, left = eye_centres(level).swapaxes(0, 1)
    np.testing.assert_allclose(right[:, 1], left[:, 1])
    distance = np.linalg.norm(left - right, axis=-1)
    wanted = (level - (right + left)[:, None] / 2) / distance[:, None, None]
    np.testing.assert_allclose(shapes(level), wanted.reshape(3, 136), atol=1e-9)
    np.testing.assert_allclose(shapes(faces), wanted.reshape(3, 136), atol=1e-9)


@pytest.mark.parametrize("degrees", [0, 10, -35, 90, 180])
def test_place_size_and_tilt_do_not_matter(faces, degrees):
    moved = turned(faces, degrees, scale=2.5, shift=(300, -70))
    np.testing.assert_allclose(shapes(moved), shapes(faces), atol=1e-9)


def test_single_precision_is_enough(faces):
    far = turned(faces, 20, scale=3, shift=(900, 400))
    np.testing.assert_allclose(face_shape(torch.from_numpy(far).float()), shapes(faces), atol=1e-4)


def test_a_batch_that_was_turned_has_the_shapes_of_the_upright_one(faces):
    batch = FaceBatch.unlabelled(torch.zeros(3, 3, 200, 200), torch.from_numpy(faces).float(), 1)
    batch = dataclasses.replace(batch, rotation=torch.tensor([0.0, 9.0, -7.0]))
    upright = face_shape(batch.upright_landmarks())
    torch.testing.assert_close(upright, face_shape(batch.landmarks), rtol=0, atol=1e-5)


def test_a_mirrored_face_has_the_mirrored_shape(faces):
    """Points change places, x its sign, y stays."""
    plain = shapes(faces).reshape(3, 68, 2)
    mirrored = shapes(flip_landmarks(faces, 200)).reshape(3, 68, 2)
    np.testing.assert_allclose(mirrored, plain[:, FLIP_68] * torch.tensor([-1, 1]), atol=1e-9)
    assert (mirrored - plain).abs().max() > 0.05
    ordered = shapes(faces).reshape(3, 136)
    np.testing.assert_allclose(ordered[:, 16], plain[:, 8, 0])
    np.testing.assert_allclose(ordered[:, 17], plain[:, 8, 1])
    assert (plain[:, 8, 1] > 1).all()  # the chin is below the eyes


@pytest.fixture
def net() -> PNet:
    torch.manual_seed(0)
    return PNet(2, 16, relu=False).double()


def test_unknown_points_are_where_the_mean_face_has_them(net, faces):
    """As in BP4D, whose 49 points lack the jaw."""
    right, left = eye_centres(faces).swapaxes(0, 1)
    without = faces.copy()
    without[:, :17] = np.nan
    mean = shapes(MEAN_68[None].copy()).reshape(68, 2)
    filled = shapes(faces).reshape(3, 68, 2).clone()
    filled[:, :17] = mean[:17]
    back = filled.numpy() * np.linalg.norm(left - right, axis=-1)[:, None, None] + (right + left)[:, None] / 2
    angle = [np.rad2deg(np.arctan2(*(b - a)[::-1])) for a, b in zip(right, left, strict=True)]
    middle = (right + left) / 2
    drawn = np.stack([turned(face - m, -each) + m for face, each, m in zip(back, angle, middle, strict=True)])
    for one, other in zip(net(torch.from_numpy(without)), net(torch.from_numpy(drawn)), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)


@pytest.mark.parametrize("lost", ["all", "an eye", "eyes in one place"])
def test_faces_without_eyes_are_the_mean_face(net, faces, lost):
    spoiled = faces.copy()
    if lost == "eyes in one place":
        spoiled[1] = 7.0
    else:
        spoiled[1, slice(None) if lost == "all" else 40] = np.nan
    terms, feature = net(torch.from_numpy(spoiled))
    wanted, _ = net(torch.from_numpy(MEAN_68[None] * 50 + 9))
    torch.testing.assert_close(terms[1], wanted[0], rtol=0, atol=1e-6)
    torch.testing.assert_close(terms[[0, 2]], net(torch.from_numpy(faces))[0][[0, 2]])
    (terms.sum() + feature.sum()).backward()
    assert all(parameter.grad.isfinite().all() for parameter in net.parameters())


@pytest.mark.parametrize("relu", [False, True])
def test_layers_are_those_of_the_figure(faces, relu):
    torch.manual_seed(1)
    net = PNet(2, 16, relu=relu).double()
    first, second, last = (
        (layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in (net.first, net.second, net.terms)
    )
    hidden = np.maximum(shapes(faces).numpy() @ first[0].T + first[1], 0)
    feature = hidden @ second[0].T + second[1]
    terms, found = net(torch.from_numpy(faces))
    np.testing.assert_allclose(terms.detach(), np.maximum(feature, 0) @ last[0].T + last[1], atol=1e-6)
    np.testing.assert_allclose(found.detach(), np.maximum(feature, 0) if relu else feature, atol=1e-6)


@pytest.mark.parametrize(("aus", "parameters"), [(12, 172_812), (8, 170_760)])
def test_parameters_of_the_paper(aus, parameters):
    assert sum(each.numel() for each in PNet(aus, 512, relu=False).parameters()) == parameters
