"""AU R-CNN's groups, label fetch and boxes: the paper's tables, and the boxes of filled masks."""

import cv2
import numpy as np
import pytest

from actionunits.errors import UsageError
from actionunits.facs import BP4D_12, BP4D_22, BP4D_DISFA_15, DISFA_8, DISFA_12, FACS
from actionunits.geometry import flip_landmarks
from actionunits.geometry.au_groups import AU_GROUPS, MEAN_BOXES, AUBoxes
from actionunits.geometry.face_regions import CORNERS, crop_lift, region_corners, region_polygon

from .generic_face import generic_crop

BP4D = ("bp4d", BP4D_22, 500, 505)
DISFA = ("disfa", DISFA_12, 269, 277)  # pixels of the mean crop


def boxes_of(aus, width: float, height: float) -> np.ndarray:
    face = generic_crop(width, height)
    return AUBoxes.of(aus).around(region_corners(face, lift=crop_lift(face, 512)))


@pytest.mark.parametrize(("source", "aus", "width", "height"), [BP4D, DISFA])
def test_the_published_mean_boxes(source, aus, width, height):
    published = AUBoxes.of(aus).mean(source)
    assert np.abs(boxes_of(aus, width, height) - published).max() < 25


@pytest.mark.parametrize(
    ("source", "areas"),
    [
        ("bp4d", {1: 17785, 2: 46101, 3: 54832, 5: 103875, 7: 42388, 8: 38470}),
        ("disfa", {1: 17545, 2: 45046, 3: 46317, 4: 48393, 5: 78131, 6: 69624}),
    ],
)
def test_the_published_areas(source, areas):
    for group, area in areas.items():
        found = np.mean([(bottom - top) * (right - left) for top, left, bottom, right in MEAN_BOXES[source][group]])
        assert found == pytest.approx(area, rel=0.05)


@pytest.mark.parametrize(("aus", "count"), [(BP4D_22, 9), (DISFA_12, 8), (DISFA_8, 7), ((17,), 1), ((1,), 2)])
def test_a_group_is_there_if_one_of_its_aus_is(aus, count):
    assert len(AUBoxes.of(aus)) == count


def test_the_groups():
    assert AUBoxes.of(BP4D_22).groups == (1, 1, 2, 3, 4, 5, 6, 7, 8)
    left, right = AU_GROUPS[0].boxes
    assert AU_GROUPS[0].regions == (1, 2, 5, 6, 8, 9, 12, 13, 40, 41, 42, 43)
    assert not set(left) & set(right)
    seen = [au for group in AU_GROUPS for au in group.aus]
    assert len(seen) == len(set(seen))
    assert set(BP4D_DISFA_15) <= set(seen) <= set(FACS)


def test_label_fetch_of_bp4d():
    boxes = AUBoxes.of(BP4D_22)
    own = {1, 2, 5, 7}
    mouth, lips, low = set(range(10, 16)), {18, 22, 23, 24, 28}, {16, 20, 27}
    expected = [own, own, {4} | own, {6, 9}, {9}, mouth | low | lips, low | mouth | {17} | lips, {17}, lips]
    for row, aus in zip(boxes.carries(), expected, strict=True):
        assert {au for au, carried in zip(boxes.aus, row, strict=True) if carried} == aus


def test_label_fetch_is_inclusion_of_regions_and_three_pairs():
    """The code's rule: a group fetches from those whose regions are a part of its own, and from some it names."""
    by_number = {group.number: set(group.regions) for group in AU_GROUPS}
    named = {(2, 1), (3, 4), (5, 8), (5, 6), (6, 5)}
    inside = {(a, b) for a in by_number for b in by_number if by_number[b] < by_number[a]}
    assert {(group.number, other) for group in AU_GROUPS for other in group.fetches} == named | inside


def test_mirrored_faces_have_mirrored_boxes():
    boxes, face = AUBoxes.of(BP4D_22), generic_crop(500, 505) + np.random.default_rng(0).normal(0, 4, (68, 2))
    straight, mirrored = (
        boxes.around(region_corners(each, lift=crop_lift(each, 512))) for each in (face, flip_landmarks(face, 512))
    )
    swapped = mirrored[[1, 0, *range(2, 9)]]  # group 1 has a box on either side
    np.testing.assert_allclose(swapped[:, [0, 2]], straight[:, [0, 2]])
    np.testing.assert_allclose(511 - swapped[:, [3, 1]], straight[:, [1, 3]])


@pytest.mark.parametrize(("source", "aus", "width", "height"), [BP4D, DISFA])
def test_boxes_are_those_of_the_filled_masks(source, aus, width, height):
    face = generic_crop(width, height)
    corners = region_corners(face, lift=crop_lift(face, 512))
    wanted = AUBoxes.of(aus)
    found = []
    for group in (group for group in AU_GROUPS if group.number in wanted.groups):
        mask = np.zeros((512, 512), np.uint8)
        for region in group.regions:
            cv2.fillConvexPoly(mask, np.rint(region_polygon(corners, region)).astype(np.int32), 1)
        _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        parts = [row for row in stats[1:].tolist() if row[4] >= 0.01 * 512**2]
        found += [(top, left, top + h - 1, left + w - 1) for left, top, w, h, _ in sorted(parts)]
    boxes = np.clip(wanted.around(corners), 0, 511)
    np.testing.assert_allclose(boxes, found, atol=1.01)


def test_mean_boxes_of_another_size_and_of_other_groups():
    boxes = AUBoxes.of(DISFA_8)
    np.testing.assert_allclose(boxes.mean("disfa", 256), boxes.mean("disfa") / 2)
    assert AUBoxes.of(BP4D_12).mean()[-1].tolist() == [282.7, 145.5, 455.0, 368.3]
    assert AUBoxes.of((2,)).mean()[1].tolist() == [30.1, 297.2, 140.9, 456.5]
    with pytest.raises(UsageError, match="group 8"):
        AUBoxes.of((23,)).mean("disfa")


def test_unknown_corners_make_unknown_boxes():
    boxes = AUBoxes.of(BP4D_22)
    face = generic_crop(500, 505)
    face[21] = np.nan
    found = boxes.around(region_corners(face, lift=20.0))
    touched = [any(21 in CORNERS[place].points for place in places) for places in boxes.corners()]
    assert np.isnan(found).any(axis=1).tolist() == touched


def test_an_au_without_a_group():
    with pytest.raises(UsageError, match="none of AU R-CNN's groups"):
        AUBoxes.of((1, 43))
