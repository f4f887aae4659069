"""Worn pictures: they differ, repeat themselves, and stay pictures of the same face."""

import numpy as np
import pytest

pytest.importorskip("torchvision")

import torch
from torchvision.transforms import v2

from actionunits.loading import wear
from actionunits.loading.wear import worn

PICTURE = np.clip(np.add.outer(np.zeros(3), np.add.outer(np.arange(64), 2 * np.arange(64))), 0, 255).astype(np.uint8)


def test_a_seed_settles_it_and_leaves_other_draws_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = worn(PICTURE, 2**61)
    assert torch.equal(torch.rand(3), expected)
    torch.rand(99)
    np.testing.assert_array_equal(worn(PICTURE, 2**61), first)
    assert first.shape == PICTURE.shape
    assert first.dtype == np.uint8


def test_the_picture_given_is_left_as_it_is() -> None:
    before = PICTURE.copy()
    for seed in range(20):
        worn(PICTURE, seed)
    np.testing.assert_array_equal(PICTURE, before)


def test_pictures_vary_and_still_show_the_same() -> None:
    many = np.stack([worn(PICTURE, seed) for seed in range(120)]).astype(np.float64)
    assert len({one.tobytes() for one in many}) == 120
    shown = PICTURE.astype(np.float64).ravel()
    alike = [np.corrcoef(shown, one.ravel())[0, 1] for one in many]
    assert np.median(alike) > 0.9
    assert min(alike) > 0.3
    brightness = many.mean(axis=(1, 2, 3))
    assert brightness.std() > 15


def test_colours_vary_and_sometimes_go() -> None:
    red = np.zeros((3, 32, 32), np.uint8)
    red[0] = 180
    means = np.stack([worn(red, seed).mean(axis=(1, 2)) for seed in range(200)])
    gone = np.ptp(means, axis=1) < 5
    assert 0.02 < gone.mean() < 0.25
    assert (means[~gone].argmax(axis=1) == 0).mean() > 0.95  # it stays red


@pytest.mark.parametrize("side", [32, 112, 140])
def test_any_side(side: int) -> None:
    flat = np.full((3, side, side), 128, np.uint8)
    assert all(worn(flat, seed).shape == flat.shape for seed in range(10))


@pytest.mark.parametrize(
    ("draws", "change"),
    [
        ((0.75, 0.5, 0.5, 0.5), lambda picture: v2.functional.adjust_brightness(picture, 1.2)),
        ((0.5, 0.25, 0.5, 0.5), lambda picture: v2.functional.adjust_contrast(picture, 0.8)),
        ((0.5, 0.5, 0.25, 0.5), lambda picture: v2.functional.adjust_saturation(picture, 0.8)),
        ((0.5, 0.5, 0.5, 0.5), lambda picture: picture),
    ],
)
def test_colours_change_as_torchvision_changes_them(monkeypatch, draws, change) -> None:
    picture = torch.from_numpy(np.random.default_rng(0).integers(40, 180, (3, 24, 24)).astype(np.uint8))
    monkeypatch.setattr(torch, "rand", lambda *_, **__: torch.tensor(draws, dtype=torch.float64))
    made = wear._Colour()(picture)
    assert (made.int() - change(picture).int()).abs().max() <= 2


def test_a_turned_hue_keeps_the_grey(monkeypatch) -> None:
    picture = torch.from_numpy(np.random.default_rng(0).integers(90, 150, (3, 24, 24)).astype(np.uint8))
    monkeypatch.setattr(torch, "rand", lambda *_, **__: torch.tensor((0.5, 0.5, 0.5, 1.0), dtype=torch.float64))
    made = wear._Colour()(picture)
    before, after = (np.tensordot([0.299, 0.587, 0.114], each.numpy(), 1) for each in (picture, made))
    np.testing.assert_allclose(after, before, atol=1.5)
    assert (made != picture).float().mean() > 0.5
