"""Boxes for batches, against the geometry of single faces; and the boxes of faces that are not all there."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from actionunits.errors import UsageError  # noqa: E402
from actionunits.facs import BP4D_22, DISFA_12, AUSet  # noqa: E402
from actionunits.geometry import apply_affine, flip_landmarks  # noqa: E402
from actionunits.geometry.au_groups import AUBoxes  # noqa: E402
from actionunits.geometry.face_regions import crop_lift, region_corners  # noqa: E402
from actionunits.geometry.mean_face import MEAN_68  # noqa: E402
from actionunits.models.layers.face_boxes import FaceBoxes  # noqa: E402

SIDE = 512


def faces(count: int = 4, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    mean = (MEAN_68 - MEAN_68.min(axis=0)) * 190 + [50, 70]
    return mean + rng.normal(0, 5, (count, 68, 2))


def slow(landmarks: np.ndarray, aus: AUSet, rotation: float = 0.0, mode: str = "pixels") -> np.ndarray:
    lift = crop_lift(landmarks, SIDE, mode=mode, rotation=rotation)
    boxes = AUBoxes.of(aus).around(region_corners(landmarks, lift=lift, rotation=rotation))
    return np.clip(boxes[:, [1, 0, 3, 2]], 0, SIDE - 1)


def boxes_of(layer: FaceBoxes, landmarks: np.ndarray, rotation: float = 0.0):
    return layer(torch.from_numpy(landmarks), torch.full((len(landmarks),), rotation))


@pytest.mark.parametrize("mode", ["pixels", "relative"])
@pytest.mark.parametrize("aus", [BP4D_22, DISFA_12])
def test_as_for_single_faces(aus, mode) -> None:
    points = faces()
    boxes, stand_in = boxes_of(FaceBoxes(aus, SIDE, mode), points)
    assert boxes.dtype == torch.float32
    assert not stand_in.any()
    np.testing.assert_allclose(boxes, [slow(each, aus, mode=mode) for each in points], atol=1e-3)


@pytest.mark.parametrize("degrees", [-20.0, 25.0])
def test_turned_and_mirrored_faces(degrees) -> None:
    points = np.stack([flip_landmarks(each, SIDE) for each in faces()])
    angle, middle = np.deg2rad(degrees), (SIDE - 1) / 2
    linear = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turn = np.concatenate([linear, (middle - linear @ np.full(2, middle))[:, None]], axis=1)
    turned = apply_affine(points, turn)
    boxes, _ = boxes_of(FaceBoxes(BP4D_22, SIDE), turned, degrees)
    np.testing.assert_allclose(boxes, [slow(each, BP4D_22, degrees) for each in turned], atol=1e-3)


def test_unknown_landmarks_get_mean_boxes() -> None:
    layer, points = FaceBoxes(BP4D_22, SIDE), faces()
    points[1] = np.nan
    points[2, 21] = np.nan  # an inner brow, of groups 1, 2 and 4
    boxes, stand_in = boxes_of(layer, points)
    assert stand_in[0].sum() == 0
    assert stand_in[1].all()
    assert stand_in[2].tolist() == [True, False, True, False, True] + [False] * 4
    published = AUBoxes.of(BP4D_22).mean()[:, [1, 0, 3, 2]]
    np.testing.assert_allclose(boxes[1], published, rtol=1e-6)
    np.testing.assert_allclose(boxes[2][stand_in[2]], published[stand_in[2]], rtol=1e-6)
    np.testing.assert_allclose(boxes[2][~stand_in[2]], slow(points[2], BP4D_22)[~stand_in[2]], atol=1e-3)


def test_a_face_partly_outside_gets_what_is_inside() -> None:
    points = faces() - [170, 0]  # its left side lies outside
    boxes, stand_in = boxes_of(FaceBoxes(BP4D_22, SIDE), points)
    assert (boxes >= 0).all()
    assert (boxes <= SIDE - 1).all()
    assert (boxes[..., 2:] > boxes[..., :2]).all()
    assert not stand_in[:, 1:].any()
    boxes, stand_in = boxes_of(FaceBoxes(BP4D_22, SIDE), points - [90, 0])
    assert stand_in[:, 0].all()  # the left eye is gone
    assert not stand_in[:, 1].any()


def test_mean_boxes_of_the_faces_seen() -> None:
    layer, points = FaceBoxes(BP4D_22, SIDE), faces(6)
    points[4, 21] = np.nan
    upright = torch.zeros(3)
    layer.settle((torch.from_numpy(part), upright) for part in (points[:3], points[3:]))
    known = [slow(each, BP4D_22) for each in points]
    expected = np.mean(known, axis=0)
    touched = [0, 2, 4]
    expected[touched] = np.mean([known[place][touched] for place in (0, 1, 2, 3, 5)], axis=0)
    np.testing.assert_allclose(layer.mean, expected, atol=1e-3)
    boxes, stand_in = boxes_of(layer, np.full((1, 68, 2), np.nan))
    assert stand_in.all()
    torch.testing.assert_close(boxes[0], layer.mean)
    before = layer.mean.clone()
    layer.settle([(torch.full((2, 68, 2), torch.nan), torch.zeros(2))])
    assert torch.equal(layer.mean, before)


def test_smaller_pictures_have_smaller_boxes() -> None:
    points = faces()
    large, _ = boxes_of(FaceBoxes(BP4D_22, SIDE), points)
    small, _ = boxes_of(FaceBoxes(BP4D_22, SIDE // 2), points / 2)
    inside = (large < SIDE - 2).all(dim=2)
    torch.testing.assert_close(small[inside], large[inside] / 2)


def test_wrong_settings() -> None:
    with pytest.raises(UsageError, match="none of AU R-CNN's groups"):
        FaceBoxes(AUSet((1, 43)), SIDE)
