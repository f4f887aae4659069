import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionunits.faces.detector import FaceDetector, anchor_centres, overlap


@pytest.fixture(scope="module")
def detector():
    return FaceDetector("full")


def test_full_range_anchors_are_the_48_by_48_grid_row_by_row():
    anchors = anchor_centres(((48, 1),))
    slow = [((x + 0.5) / 48, (y + 0.5) / 48) for y in range(48) for x in range(48)]
    np.testing.assert_allclose(anchors, slow, atol=1e-6)


def test_short_range_anchors_repeat_each_cell():
    anchors = anchor_centres(((16, 2), (8, 6)))
    slow = [
        ((x + 0.5) / n, (y + 0.5) / n)
        for n, k in ((16, 2), (8, 6))
        for y in range(n)
        for x in range(n)
        for _ in range(k)
    ]
    assert anchors.shape == (896, 2)
    np.testing.assert_allclose(anchors, slow, atol=1e-6)


boxes = st.tuples(*(st.integers(0, 30),) * 2, *(st.integers(1, 30),) * 2)


@given(boxes, boxes)
def test_overlap_equals_counting_pixels(a, b):
    def pixels(box):
        x, y, w, h = box
        return {(i, j) for i in range(x, x + w) for j in range(y, y + h)}

    both, either = pixels(a) & pixels(b), pixels(a) | pixels(b)
    assert overlap(a, b) == pytest.approx(len(both) / len(either))


def test_finds_every_face_once_where_it_is(detector, scene):
    placed = [(0, 120, 180, 150), (1, 320, 180, 150), (2, 520, 180, 150)]
    found = sorted(detector.detect(scene(placed)), key=lambda one: one.box[0])
    assert len(found) == 3
    for detection, (_, x, y, side) in zip(found, placed, strict=True):
        bx, by, w, h = detection.box
        assert abs(bx + w / 2 - x) < 0.15 * side
        assert abs(by + h / 2 - y) < 0.2 * side
        right_eye, left_eye, nose, mouth = detection.keypoints[:4]
        assert right_eye[0] < nose[0] < left_eye[0]
        assert right_eye[1] < nose[1] < mouth[1]


def test_boxes_move_with_the_face(detector, scene):
    (still,) = detector.detect(scene([(2, 250, 180, 200)]))
    (moved,) = detector.detect(scene([(2, 350, 200, 200)]))
    assert moved.box[0] - still.box[0] == pytest.approx(100, abs=8)
    assert moved.box[1] - still.box[1] == pytest.approx(20, abs=8)


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (48, 64), (720, 1280)])
def test_pictures_of_any_size_without_a_face_give_nothing(detector, shape):
    assert detector.detect(np.full((*shape, 3), 128, np.uint8)) == []


def test_noise_has_no_face(detector):
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    assert detector.detect(noise) == []


def test_a_higher_threshold_never_finds_more(scene):
    picture = scene([(0, 160, 180, 60), (1, 320, 180, 120), (2, 520, 180, 40)])
    counts = [len(FaceDetector("full", threshold=t).detect(picture)) for t in (0.3, 0.6, 0.9, 0.99)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]


def test_threads_do_not_change_the_result(scene):
    picture = scene([(3, 300, 180, 200)])
    one, two = (FaceDetector("full", threads=n).detect(picture)[0] for n in (1, 2))
    assert one.box == two.box
    assert one.score == two.score
