"""t-SNE keeps neighbours, is the same on every run, and its pictures show the labels."""

import numpy as np
import pytest

pytest.importorskip("torch")
from actionunits.errors import UsageError
from actionunits.explain import embed
from actionunits.explain.embedding import _names, au_picture, occurrence_picture
from actionunits.facs import AUSet
from actionunits.viz.charts import BLUE, RED

RNG = np.random.default_rng(0)
GROUP = np.repeat([0, 1, 2], 20)
FEATURES = RNG.normal(size=(60, 64)) + 10 * np.eye(3)[GROUP] @ RNG.normal(size=(3, 64))


def test_groups_stay_together() -> None:
    plane = embed(FEATURES)
    assert plane.shape == (60, 2)
    assert plane.dtype == np.float32
    distance = np.linalg.norm(plane[:, None] - plane[None], axis=-1) + np.diag(np.full(60, np.inf))
    assert (GROUP[distance.argmin(axis=1)] == GROUP).all()


def test_the_same_seed_gives_the_same_plane() -> None:
    np.testing.assert_array_equal(embed(FEATURES, seed=3), embed(FEATURES, seed=3))


@pytest.mark.parametrize("shape", [(5, 64), (40, 1), (30, 200)])
def test_few_points_few_features(shape: tuple[int, int]) -> None:
    assert np.isfinite(embed(RNG.normal(size=shape))).all()


@pytest.mark.parametrize(
    ("features", "said"),
    [(np.zeros((4, 3)), "from 5 on"), (np.zeros(9), "from 5 on"), (np.full((9, 3), np.nan), "not finite")],
)
def test_what_cannot_be_embedded(features: np.ndarray, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        embed(features)


def amount(picture: np.ndarray, colour: tuple[int, int, int]) -> int:
    """How much of a picture is red, or blue, rather than grey; single points are translucent."""
    redder = picture[..., 0].astype(int) - picture[..., 2]
    return int(((redder if colour == RED else -redder) > 30).sum())


def test_features_without_any_difference() -> None:
    plane = embed(np.ones((9, 4)))
    np.testing.assert_array_equal(plane, np.zeros((9, 2)))
    assert occurrence_picture([plane], np.zeros((9, 1), np.int8), AUSet((1,)), "").ndim == 3


def test_what_occurs_is_red_and_what_does_not_is_blue() -> None:
    plane = np.stack(np.meshgrid(np.arange(6.0), np.arange(5.0)), axis=-1).reshape(-1, 2).astype(np.float32)
    labels = np.zeros((30, 2), np.int8)
    labels[:10, 0] = 1
    picture = occurrence_picture([plane, plane], labels, AUSet((1, 12)), "note")
    first, second = np.hsplit(picture, 2)
    assert amount(first, RED) > 300
    assert amount(second, RED) == 0
    assert amount(second, BLUE) > 1.3 * amount(first, BLUE) > 300


def test_planes_stand_three_in_a_row() -> None:
    plane = RNG.normal(size=(10, 2)).astype(np.float32)
    labels = np.full((10, 4), -1, np.int8)
    four = occurrence_picture([plane] * 4, labels, AUSet((1, 2, 4, 12)), "")
    two = occurrence_picture([plane] * 2, labels[:, :2], AUSet((1, 2)), "")
    assert four.shape == (2 * two.shape[0], two.shape[1] // 2 * 3, 3)


def test_features_of_aus() -> None:
    features = RNG.normal(size=(12, 3, 16)) + 20 * RNG.normal(size=(3, 16))
    picture = au_picture(features, AUSet((1, 4, 12)), "title")
    assert picture.ndim == 3
    assert amount(picture, BLUE) > 100
    assert amount(picture, RED) > 100


def test_aus_with_the_same_features_share_one_name() -> None:
    """Systems that read at AU centres give the AUs of one place the same features."""
    plane = np.repeat(np.array([[[0.0, 0.0], [9.0, 9.0], [0.1, 0.1], [9.0, 0.0]]], np.float32), 7, axis=0)
    names = {name: (x, y) for name, x, y in _names(plane, AUSet((12, 14, 15, 17)))}
    assert list(names) == ["12, 15", "14", "17"]
    assert names["14"] == (9.0, 9.0)
