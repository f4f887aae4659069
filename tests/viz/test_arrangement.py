from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actionunits.facs import GEOMETRY_23
from actionunits.viz.arrangement import Subject, arrange, notation
from actionunits.viz.layout import Measures, Obstacle, Rect, docked, least_harm
from actionunits.viz.palette import face_colour
from actionunits.viz.panel import Form, Row


def subjects_at(boxes, aus=GEOMETRY_23):
    for place, (x, y, w, h) in enumerate(boxes):
        rows = tuple(Row(au, 0.9, True, 5 - 0.1 * order) for order, au in enumerate(aus))
        middle = Rect(x + w // 5, y + h // 4, w * 3 // 5, h // 2)
        yield Subject(f"person {place}", face_colour(place), Rect(x, y, w, h), middle, "98%", "", rows)


def arrange_at(boxes, height, width):
    measures = Measures.of(height, width)
    subjects = list(subjects_at(boxes))
    return subjects, arrange(subjects, GEOMETRY_23, measures, Rect(0, 0, width, height - 20), named=True)


@pytest.mark.parametrize("x", [40, 500, 1000])
def test_a_lone_face_is_not_covered_and_all_aus_are_told(x):
    (subject,), arranged = arrange_at([(x, 200, 220, 280)], 720, 1280)
    (panel,) = arranged.panels
    assert panel.form == Form(23, True)
    assert not panel.rect.touches(subject.box)


def test_a_close_up_keeps_eyes_and_mouth_free():
    (subject,), arranged = arrange_at([(60, 40, 360, 420)], 480, 480)
    (panel,) = arranged.panels
    assert not panel.rect.touches(subject.features)


grid = st.tuples(st.integers(-50, 1200), st.integers(-50, 600), st.integers(20, 300), st.integers(20, 300))


@settings(max_examples=60, deadline=None)
@given(boxes=st.lists(grid, min_size=2, max_size=9))
def test_panels_of_several_faces_cover_no_face_no_tag_and_no_other_panel(boxes):
    subjects, arranged = arrange_at(boxes, 720, 1280)
    told = [panel.subject.title for panel in arranged.panels]
    assert len(set(told)) == len(told)
    named = len(arranged.tags) - (len(subjects) - len(told))  # who has no panel has a second tag
    assert named == len(subjects)
    for panel in arranged.panels:
        assert not any(panel.rect.touches(subject.box) for subject in subjects)
        assert not any(panel.rect.touches(tag.rect) for tag in arranged.tags[:named])
    for one, other in itertools.combinations(arranged.panels, 2):
        assert not one.rect.touches(other.rect)
    room = Rect(0, 0, 1280, 700)
    for placed in (*arranged.panels, *arranged.tags):
        assert placed.rect.within(room) == placed.rect


def test_two_faces_with_room_get_five_named_rows_each():
    _, arranged = arrange_at([(100, 200, 150, 180), (900, 200, 150, 180)], 720, 1280)
    assert [panel.form for panel in arranged.panels] == [Form(5, True)] * 2


def test_a_crowd_gets_notation():
    boxes = [(140 * (place % 9) + 10, 140 * (place // 9) + 30, 80, 90) for place in range(40)]
    subjects, arranged = arrange_at(boxes, 720, 1280)
    assert not arranged.panels
    assert len(arranged.tags) == 2 * len(subjects)


def test_notation_is_that_of_facs_coders():
    rows = [Row(6, 0.9, True, 2.0), Row(12, 0.9, True, 4.0), Row(25, 0.6, True, 1.0), Row(26, 0.2, False, 3.0)]
    assert notation(rows) == "6+12+25"
    assert notation(rows, 2) == "6+12.."
    assert notation(rows[3:]) == "0"


def test_least_harm_agrees_with_counting_pixels():
    rng = np.random.default_rng(3)
    room = Rect(0, 0, 90, 60)
    for _ in range(50):
        taken = [Rect(*rng.integers(0, 50, 2).tolist(), *rng.integers(1, 40, 2).tolist()) for _ in range(3)]
        obstacles = [Obstacle(rect, weight) for rect, weight in zip(taken, (1.0, 3.0, 9.0), strict=True)]
        places = docked(30, 25, room)
        rect, loss = least_harm(places, obstacles)
        losses = []
        for (x, y), dislike in zip(places.corners.astype(int).tolist(), places.dislike, strict=True):
            for one in obstacles:
                shared = sum(
                    one.rect.x <= column < one.rect.right and one.rect.y <= row < one.rect.bottom
                    for column in range(x, x + 30)
                    for row in range(y, y + 25)
                )
                smaller = min(30 * 25, one.rect.w * one.rect.h)
                dislike += one.weight * (0.15 * (shared > 0) + shared / smaller)
            losses.append(dislike)
        assert loss == pytest.approx(min(losses))
        assert (rect.x, rect.y) == tuple(places.corners[int(np.argmin(losses))])
