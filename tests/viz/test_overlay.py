from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actionunits.errors import UsageError
from actionunits.faces.face import FLAGS, Face, Pose
from actionunits.facs import BP4D_12, FACS, GEOMETRY_23, AUSet
from actionunits.results.frames import FaceResult, FrameResult
from actionunits.viz import Overlay, still_scale
from actionunits.viz.layout import Measures
from actionunits.viz.palette import FACE_COLOURS, MUTED, PALE, face_colour
from actionunits.viz.panel import Form, columns, panel_size, rows_of, short_name, strongest_first
from actionunits.viz.text import drawable, text_ink, text_width

ALL_AUS = AUSet(tuple(FACS))
BARE = Overlay(points="none", boxes=False, bars=False, footer=False)


def picture(height=360, width=640, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def face(box=(240.0, 80.0, 120.0, 150.0), face_id=0, aus=GEOMETRY_23, seed=0, flags=(), **values):
    rng = np.random.default_rng(seed)
    x, y, w, h = box
    mesh = (rng.random((468, 3)) * (w, h, w) + (x, y, 0)).astype(np.float32)
    probability = rng.random(len(aus)).astype(np.float32)
    scores = {
        "probability": probability,
        "occurrence": (probability > 0.5).astype(np.int8),
        "intensity": (5 * probability).astype(np.float32),
    }
    one = Face(
        face_id=face_id,
        confidence=0.98,
        box=box,
        mesh=mesh,
        frontal=mesh.astype(np.float64),
        pose=Pose(0, 0, 0),
        interocular_px=60.0,
        sharpness=100.0,
        brightness=120.0,
        flags=flags,
    )
    return FaceResult(one, **(scores | values))


def frame(*faces, image=None, source="clip.mp4"):
    return FrameResult(source, 12, 0.48, faces, picture() if image is None else image)


def changed(result, drawn):
    """Where the drawing differs from the picture, (H, W) bool."""
    return (drawn != result.image).any(axis=2)


def pixels(drawn, colour):
    return int((drawn == colour).all(axis=2).sum())


# The picture ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("points", ["mesh", "68", "none"])
def test_input_is_untouched_and_drawing_is_new_and_repeatable(points):
    result = frame(face(flags=FLAGS), face((450.0, 60.0, 90.0, 110.0), 1))
    before = result.image.copy()
    first, second = (Overlay(points=points).draw(result, GEOMETRY_23) for _ in range(2))
    assert np.array_equal(result.image, before)
    assert not np.shares_memory(first, result.image)
    assert np.array_equal(first, second)
    assert first.dtype == np.uint8
    assert first.shape == before.shape
    assert first.flags.c_contiguous


def test_read_only_and_strided_pictures_are_drawn_alike():
    image = picture()
    mirrored = image[:, ::-1]
    locked = mirrored.copy()
    locked.setflags(write=False)
    one, other = (Overlay().draw(frame(face(), image=shown), GEOMETRY_23) for shown in (mirrored, locked))
    assert np.array_equal(one, other)


def test_everything_off_is_the_picture_itself():
    result = frame(face())
    assert np.array_equal(BARE.draw(result, GEOMETRY_23), result.image)


def test_no_face_draws_only_the_footer():
    result = frame()
    touched = changed(result, Overlay().draw(result, GEOMETRY_23))
    rows = np.flatnonzero(touched.any(axis=1))
    assert rows[-1] == 359
    assert rows[0] > 360 * 0.9
    assert touched[rows].mean() > 0.9


def test_still_pictures_are_enlarged_and_the_points_stay_in_place():
    middle = np.full((468, 3), 20, np.float32)
    middle[:, 1] = 30
    one = face((10.0, 20.0, 20.0, 20.0))
    one = replace(one, face=replace(one.face, mesh=middle))
    result = frame(one, image=np.zeros((80, 60, 3), np.uint8))
    drawn = replace(BARE, points="68").draw(result, GEOMETRY_23, canvas_scale=4)
    assert drawn.shape == (320, 240, 3)
    rows, cols = np.nonzero(drawn[..., 0] > 128)
    assert (cols.mean(), rows.mean()) == pytest.approx((20.5 * 4 - 0.5, 30.5 * 4 - 0.5), abs=0.3)


@pytest.mark.parametrize(
    ("size", "expected"), [((720, 1280), 1), ((480, 480), 1), ((479, 640), 2), ((256, 256), 2), ((1, 1), 480)]
)
def test_still_scale_brings_the_shorter_side_to_480(size, expected):
    assert still_scale(*size) == expected


def test_still_scale_does_not_blow_up_strips():
    assert still_scale(2, 4000) == 1


# The face -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("face_id", range(7))
def test_box_has_the_colour_of_the_person_and_leaves_its_inside_alone(face_id):
    x, y, w, h = box = (240, 80, 120, 150)
    result = frame(face(tuple(map(float, box)), face_id))
    drawn = replace(BARE, boxes=True).draw(result, GEOMETRY_23)
    across, down = x + w // 2, y + h // 2
    reach = slice(-6, 7)
    for side in (
        drawn[down, x + reach.start : x + reach.stop],
        drawn[down, x + w + reach.start : x + w + reach.stop],
        drawn[y + h + reach.start : y + h + reach.stop, across],
    ):
        assert (side == face_colour(face_id)).all(axis=1).any()
    touched = changed(result, drawn)
    assert not touched[y + 8 : y + h - 8, x + 8 : x + w - 8].any()
    assert not touched[:, : x - 8].any()
    assert not touched[y + h + 8 :].any()
    assert not touched[: y - 40].any()


@pytest.mark.parametrize("points", ["mesh", "68"])
def test_points_are_drawn_on_the_face_only(points):
    result = frame(face())
    drawn = replace(BARE, points=points).draw(result, GEOMETRY_23)
    touched = changed(result, drawn)
    assert pixels(drawn, PALE) > 20
    touched[75:236, 235:366] = False
    assert not touched.any()


def test_points_that_are_not_numbers_are_left_out():
    one = face()
    mesh = one.face.mesh.copy()
    mesh[::2] = np.nan
    result = frame(replace(one, face=replace(one.face, mesh=mesh)))
    for points in ("mesh", "68"):
        touched = changed(result, replace(BARE, points=points).draw(result, GEOMETRY_23))
        touched[75:236, 235:366] = False
        assert not touched.any()
    Overlay().draw(result, GEOMETRY_23)


def test_face_outside_the_picture_leaves_no_trace():
    result = frame(face((-500.0, 80.0, 120.0, 150.0)))
    assert np.array_equal(replace(Overlay(), footer=False).draw(result, GEOMETRY_23), result.image)


def test_flags_are_written_beside_the_name():
    plain, flagged = (
        replace(BARE, boxes=True).draw(frame(face(flags=flags)), GEOMETRY_23) for flags in ((), ("small", "blurred"))
    )
    columns_touched = np.flatnonzero((plain != flagged).any(axis=(0, 2)))
    assert columns_touched[-1] - columns_touched[0] > text_width("small, blurred", 10)


sides = st.floats(-6000, 6000, allow_nan=False)
lengths = st.floats(0, 6000)
boxes = st.lists(st.tuples(sides, sides, lengths, lengths), max_size=8)


@settings(max_examples=60, deadline=None)
@given(
    size=st.sampled_from([(1, 1), (16, 16), (1, 300), (300, 1), (64, 48), (120, 600), (240, 320), (720, 406)]),
    boxes=boxes,
    points=st.sampled_from(["mesh", "68", "none"]),
    seed=st.integers(0, 99),
)
def test_any_box_in_any_picture(size, boxes, points, seed):
    image = picture(*size, seed)
    faces = [face(box, place, ALL_AUS, seed + place, FLAGS[place:]) for place, box in enumerate(boxes)]
    drawn = Overlay(points=points).draw(frame(*faces, image=image), ALL_AUS)
    assert drawn.shape == image.shape


def test_ultra_high_definition():
    image = np.zeros((2160, 3840, 3), np.uint8)
    faces = [face((700.0 * place + 100, 600.0, 400.0, 500.0), place) for place in range(5)]
    drawn = Overlay().draw(frame(*faces, image=image), GEOMETRY_23)
    assert drawn.shape == image.shape
    for colour in FACE_COLOURS[:5]:
        assert pixels(drawn, colour) > 20_000


def test_crowd_is_drawn():
    boxes = [(140.0 * (place % 9) + 10, 140.0 * (place // 9) + 30, 80.0, 90.0) for place in range(40)]
    faces = (face(box, place, flags=("small",)) for place, box in enumerate(boxes))
    drawn = Overlay().draw(frame(*faces, image=np.zeros((720, 1280, 3), np.uint8)), GEOMETRY_23)
    for colour in FACE_COLOURS:
        assert pixels(drawn, colour) > 6 * 400  # boxes and tags of six or seven people each


def test_extreme_numbers_do_not_crash():
    nothing = np.full(23, np.nan, np.float32)
    one = face((float("nan"), float("inf"), float("nan"), -1.0), probability=nothing, intensity=nothing)
    other = face((1e30, -1e30, 1e35, 1e35), 10**9, intensity=np.full(23, 9, np.float32))
    assert Overlay().draw(frame(one, other), GEOMETRY_23).shape == frame().image.shape


# The bars -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("occurs", "colour"), [(1, face_colour(0)), (0, MUTED)])
def test_bar_grows_with_intensity_in_the_colour_of_its_state(occurs, colour):
    aus = AUSet((12,))
    overlay = replace(BARE, bars=True)
    coloured = []
    for intensity in np.linspace(0, 5, 11):
        values = {
            "probability": np.array([0.5], np.float32),
            "occurrence": np.array([occurs], np.int8),
            "intensity": np.array([intensity], np.float32),
        }
        result = frame(face(aus=aus, **values), image=np.zeros((720, 1280, 3), np.uint8))
        coloured.append(pixels(overlay.draw(result, aus), colour))
    lengths = np.array(coloured) - coloured[0]
    assert (np.diff(lengths) > 0).all()
    steps = np.diff(lengths[::2])
    assert steps.max() - steps.min() <= 0.1 * steps.mean()  # as long again with every degree from A to E


def test_bars_are_the_probability_where_no_intensity_is_known():
    aus = AUSet((12,))
    overlay = replace(BARE, bars=True)
    coloured = []
    for probability in np.linspace(0, 1, 6):
        values = {
            "probability": np.array([probability], np.float32),
            "occurrence": np.array([1], np.int8),
            "intensity": np.array([np.nan], np.float32),
        }
        result = frame(face(aus=aus, **values), image=np.zeros((720, 1280, 3), np.uint8))
        coloured.append(pixels(overlay.draw(result, aus), face_colour(0)))
    steps = np.diff(coloured)
    assert steps.min() > 0
    assert steps.max() - steps.min() <= 0.1 * steps.mean()


def test_aus_are_listed_in_order_and_the_strongest_first_when_cut():
    one = face(aus=BP4D_12)
    rows = rows_of(one, BP4D_12, BP4D_12, 0)
    assert tuple(row.au for row in rows) == BP4D_12.numbers
    strong = strongest_first(rows)
    assert [row.intensity for row in strong] == sorted((row.intensity for row in rows), reverse=True)


def test_only_the_wanted_aus_are_listed():
    one = face(aus=BP4D_12, intensity=np.linspace(0, 5, 12, dtype=np.float32))
    wanted = AUSet((24, 1, 12))
    assert [row.au for row in rows_of(one, BP4D_12, wanted, 0)] == [24, 1, 12]
    assert [row.au for row in rows_of(one, BP4D_12, wanted, 0.5)] == [24, 12]
    result = frame(one)
    none_left = Overlay(min_intensity=5, aus_shown=AUSet((1,)))
    assert np.array_equal(none_left.draw(result, BP4D_12), Overlay(bars=False).draw(result, BP4D_12))


def test_every_au_has_a_name_that_can_be_drawn():
    for au in FACS:
        name = short_name(au)
        assert name
        assert FACS[au].name.startswith(name)
        assert drawable(name) == name
        assert text_ink(name, 14).max() > 200
    assert short_name(6) == "Cheek raiser"
    assert short_name(12) == "Lip corner puller"


def test_columns_stand_still_when_values_change_and_leave_room_for_names():
    measures = Measures.of(720, 1280)
    at = columns(Form(5, True), "person 0", ALL_AUS, measures)
    assert at.bar >= at.name + max(text_width(short_name(au), measures.text, bold=True) for au in ALL_AUS)
    assert at.bar_width % 5 == 0
    assert at.number_end < at.width
    heights = [panel_size(Form(5, True), "person 0", count, ALL_AUS, measures)[1] for count in (4, 5, 6, 60)]
    assert heights[0] < heights[1] < heights[2] == heights[3]


@pytest.mark.parametrize(
    "source",
    [
        "",
        "/",
        "a\udcff\udcfe.mp4",
        "two\nlines\x00.png",
        "Gro\u0308\u00dfe \u65e5\u672c\u8a9e \U0001f600.mov",
        "x" * 4000,
    ],
)
def test_any_source_name_can_be_written(source):
    plain = frame(source=source)
    assert Overlay().draw(plain, GEOMETRY_23).shape == plain.image.shape


# Bad input ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"points": "dots"}, "'mesh', '68', 'none'"),
        ({"min_intensity": 6}, "not an intensity"),
        ({"min_intensity": float("nan")}, "not an intensity"),
    ],
)
def test_wrong_options_are_explained(options, message):
    with pytest.raises(UsageError, match=message):
        Overlay(**options)


def test_wrong_results_are_explained():
    with pytest.raises(UsageError, match=r"clip\.mp4.*12 action units"):
        Overlay().draw(frame(face()), BP4D_12)
    with pytest.raises(UsageError, match=r"not \(H, W, 3\) uint8"):
        Overlay().draw(frame(image=np.zeros((4, 4), np.uint8)), BP4D_12)
    with pytest.raises(UsageError, match="canvas_scale"):
        Overlay().draw(frame(), BP4D_12, canvas_scale=0)
    with pytest.raises(UsageError, match="43"):
        Overlay(aus_shown=AUSet((43,))).draw(frame(), BP4D_12)
