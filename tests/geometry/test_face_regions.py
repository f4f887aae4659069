"""AU R-CNN's 43 regions: the table of its corners, convexity, mirroring, turning, and the scale of the lift."""

import cv2
import numpy as np
import pytest

from actionunits.errors import UsageError
from actionunits.geometry import FLIP_68, apply_affine, crop_matrix, flip_landmarks, get_crop
from actionunits.geometry.face_regions import (
    CORNERS,
    CORNERS_OF,
    LIFT,
    REGIONS,
    Corner,
    corner_lifts,
    corner_weights,
    crop_lift,
    region_corners,
    region_polygon,
)

from .generic_face import FACE, generic_crop


def inside(polygon: np.ndarray, side: int = 640) -> np.ndarray:
    mask = np.zeros((side, side), np.uint8)
    cv2.fillConvexPoly(mask, np.rint(polygon).astype(np.int32), 1)
    return mask.astype(bool)


def test_the_table():
    assert list(REGIONS) == list(range(1, 44))
    assert REGIONS[3] == (Corner((21,), 1), Corner((27,), 2), Corner((27,)), Corner((21,)))
    assert REGIONS[15] == (Corner((2,)), Corner((41, 2)), Corner((3, 29)), Corner((3,)))
    raised = {corner for corner in CORNERS if corner.lifts}
    assert raised == {*(Corner((point,), 1) for point in (17, 19, 21, 22, 24, 26)), Corner((27,), 2)}
    middles = {frozenset(corner.points) for corner in CORNERS if len(corner.points) == 2}
    pairs = [(2, 41), (14, 46), (3, 29), (13, 29), (4, 33), (12, 33), (5, 59), (11, 55), (6, 58), (10, 56), (8, 57)]
    assert middles == {frozenset(pair) for pair in pairs}
    used = {point for corner in CORNERS for point in corner.points}
    assert 0 not in used
    assert max(used) < 60  # neither the inner lips nor point 0


def test_corners_by_hand():
    face = np.random.default_rng(0).uniform(0, 500, (68, 2))
    corners = region_corners(face, lift=7.0)
    np.testing.assert_allclose(corners[CORNERS.index(Corner((19,)))], face[19])
    np.testing.assert_allclose(corners[CORNERS.index(Corner((19,), 1))], face[19] - [0, 7])
    np.testing.assert_allclose(corners[CORNERS.index(Corner((27,), 2))], face[27] - [0, 14])
    np.testing.assert_allclose(corners[CORNERS.index(Corner((13, 29)))], (face[13] + face[29]) / 2)


def test_weights_and_lifts_give_the_same_corners():
    faces = np.random.default_rng(1).uniform(0, 500, (3, 68, 2))
    lifts = np.array([5.0, 10.0, 20.0])
    expected = corner_weights() @ faces - lifts[:, None, None] * corner_lifts()[:, None] * [0.0, 1.0]
    np.testing.assert_allclose(region_corners(faces, lift=lifts), expected, atol=1e-9)
    np.testing.assert_allclose(corner_weights().sum(axis=1), 1)


@pytest.mark.parametrize("region", REGIONS)
def test_a_region_is_a_convex_polygon(region):
    polygon = region_polygon(region_corners(FACE * 400, lift=16.0), region)
    assert len(polygon) == len(REGIONS[region])
    step = np.roll(polygon, -1, axis=0) - polygon
    turn = step[:, 0] * np.roll(step[:, 1], -1) - step[:, 1] * np.roll(step[:, 0], -1)
    assert (turn > -0.02 * np.abs(turn).max()).all()  # a corner or two lie on a straight line
    assert cv2.contourArea(polygon.astype(np.float32)) > 100


def test_regions_hardly_overlap_but_for_the_named_ones():
    corners = region_corners(generic_crop(500, 505), lift=20.0)
    masks = {region: inside(region_polygon(corners, region)) for region in REGIONS}
    skin = [region for region in REGIONS if region not in (37, 38, 39, 40, 41, 42, 43)]
    count = np.sum([masks[region] for region in skin], axis=0)
    shared = (count > 1).sum() / (count > 0).sum()
    assert shared < 0.06  # the polygons' common borders, a pixel or two wide


def test_a_mirrored_face_has_mirrored_regions():
    face = generic_crop(500, 505) + np.random.default_rng(2).normal(0, 4, (68, 2))
    mirrored = flip_landmarks(face, 512)
    lift = crop_lift(face, 512)
    np.testing.assert_allclose(crop_lift(mirrored, 512), lift)
    place = {corner: tuple(sorted(FLIP_68[point] for point in corner.points)) for corner in CORNERS}
    named = {(tuple(sorted(corner.points)), corner.lifts): row for row, corner in enumerate(CORNERS)}
    pairs = [(row, named.get((place[corner], corner.lifts))) for row, corner in enumerate(CORNERS)]
    assert [CORNERS[row].points for row, other in pairs if other is None] == [(16,)]  # there is no region at point 0
    rows, others = np.array([pair for pair in pairs if pair[1] is not None]).T
    corners, back = region_corners(face, lift=lift), region_corners(mirrored, lift=lift)
    np.testing.assert_allclose(back[others, 1], corners[rows, 1])
    np.testing.assert_allclose(back[others, 0], 511 - corners[rows, 0])


@pytest.mark.parametrize("degrees", [-30.0, 10.0, 90.0])
def test_a_turned_face_has_turned_regions(degrees):
    face = generic_crop(500, 505)
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle), 3.0], [-np.sin(angle), np.cos(angle), -5.0]])
    turned = apply_affine(face, turn)
    lift = crop_lift(turned, 512, rotation=degrees)
    np.testing.assert_allclose(lift, crop_lift(face, 512))
    found = region_corners(turned, lift=lift, rotation=degrees)
    np.testing.assert_allclose(found, apply_affine(region_corners(face, lift=lift), turn), atol=1e-9)


@pytest.mark.parametrize(("width", "height"), [(500, 505), (269, 277), (120, 90)])
def test_the_lift_is_20_pixels_of_the_picture(width, height):
    face = generic_crop(width, height)
    assert crop_lift(face, 512) == pytest.approx(LIFT * 512 / height)
    assert crop_lift(face, 512, mode="relative") == pytest.approx(20 / 505 * 512)
    half = crop_lift(face / 2, 256)
    assert half == pytest.approx(crop_lift(face, 512) / 2)


def test_the_lift_is_that_of_faces_at_the_pictures_edge_too():
    picture = FACE * 300 - [[-100, 50]]  # its crop begins above the picture
    crop = apply_affine(picture, crop_matrix(get_crop("aurcnn-512"), picture))
    assert crop_lift(crop, 512) == pytest.approx(LIFT * 512 / (np.ptp(picture[1:, 1]) + 50))


def test_unknown_landmarks():
    face = generic_crop(500, 505)
    face[[0, 5]] = np.nan
    corners = region_corners(face, lift=crop_lift(face, 512))
    unknown = [5 in corner.points for corner in CORNERS]
    assert np.isnan(corners).any(axis=1).tolist() == unknown
    assert np.isnan(crop_lift(np.full((2, 68, 2), np.nan), 512)).tolist() == [True, True]


def test_wrong_calls():
    with pytest.raises(UsageError, match="expected"):
        region_corners(np.zeros((49, 2)), lift=1)
    with pytest.raises(UsageError, match="1 to 43"):
        region_polygon(np.zeros((len(CORNERS), 2)), 44)
    assert max(map(max, CORNERS_OF.values())) == len(CORNERS) - 1
