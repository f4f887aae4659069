"""One recording: which frames are stored, whose landmarks cut them, and what the rows say."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from actionunits.facs import AUSet
from actionunits.geometry import crop, get_crop
from actionunits.prepare.cropping import crop_recording, encode_jpeg, nearest
from actionunits.prepare.landmarks import Located

RECIPE = get_crop("jaa-200")
AUS = AUSet((1, 12))


def picture(value):
    return np.random.default_rng(value).integers(0, 256, (240, 260, 3), dtype=np.uint8)


def points(value):
    """68 points of a face that lies elsewhere, and has another size, for every value."""
    grid = np.random.default_rng(0).uniform(40, 160, (68, 2))
    grid[36:42], grid[42:48] = [80, 80], [120 + value, 84]
    return grid + value


class Scripted:
    """Finds faces where it is told, and remembers what it was shown."""

    def __init__(self, faces):
        self.faces, self.shown = faces, []

    def locate(self, place, picture):
        self.shown.append((place, int(picture[0, 0, 0])))
        face = self.faces[place]
        return face if face is None or isinstance(face, Located) else Located(points(face), (1.0, 2.0, 3.0), ("dark",))


def decoded(data):
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def test_every_frame_is_cut_by_its_own_landmarks(make_recording):
    pictures = [picture(k) for k in range(4)]
    done = crop_recording(make_recording(pictures), AUS, RECIPE, Scripted([0, 1, 2, 3]), quality=100)
    assert [row.frame for row in done.rows] == [10, 11, 12, 13]
    for place, (row, data) in enumerate(zip(done.rows, done.jpegs, strict=True)):
        expected = crop(pictures[place], points(place), RECIPE)
        np.testing.assert_allclose(row.landmarks, expected.landmarks)
        assert data == encode_jpeg(expected.image, 100)
        assert row.pose == (1.0, 2.0, 3.0)
        assert row.flags == ("dark",)
        assert row.occurrence == {12: 1}  # AU1 is not coded: the store writes it as unknown
        assert row.timestamp == (10 + place) / 25


def test_frames_without_a_face_take_the_nearest_landmarks(make_recording):
    """A slow loop over all pairs is the reference; of two equally near frames the earlier counts."""
    faces = [None, None, 2, None, None, None, 6, None, 8, None]
    pictures = [picture(k) for k in range(10)]
    recording = make_recording(pictures)
    done = crop_recording(recording, AUS, RECIPE, Scripted(faces))
    assert len(done.rows) == 10
    seen = [place for place, face in enumerate(faces) if face is not None]
    for place, row in enumerate(done.rows):
        owner = min(seen, key=lambda other: (abs(other - place), other))
        expected = crop(pictures[place], points(faces[owner]), RECIPE)
        np.testing.assert_allclose(row.landmarks, expected.landmarks)
        assert done.jpegs[place] == encode_jpeg(expected.image, 95)
        assert ("no_face" in row.flags) == (faces[place] is None)
        assert (row.pose is None) == (faces[place] is None)
    assert done.report.no_face == 7
    assert done.report.no_face_frames == "10-11 13-15 17 19"
    assert recording.pictures.readings == 2


def test_nearness_is_that_of_frame_numbers_not_of_places(make_recording):
    frames = np.array([0, 90, 100], np.int32)
    recording = make_recording([picture(k) for k in range(3)], frames=frames, timestamps=frames / 25)
    done = crop_recording(recording, AUS, RECIPE, Scripted([0, None, 2]))
    assert done.jpegs[1] == encode_jpeg(crop(picture(1), points(2), RECIPE).image, 95)


def test_nearest_takes_the_earlier_of_two():
    frames = np.array([0, 4, 2**31 - 1], np.int32)
    assert [nearest(frame, frames) for frame in (0, 1, 2, 3, 2**31 - 1)] == [0, 0, 0, 1, 2]


def test_whole_recordings_are_read_once(make_recording):
    recording = make_recording([picture(0)] * 3)
    crop_recording(recording, AUS, RECIPE, Scripted([0, 1, 2]))
    assert recording.pictures.readings == 1


def test_frames_without_a_face_can_be_left_out(make_recording):
    recording = make_recording([picture(k) for k in range(3)])
    done = crop_recording(recording, AUS, RECIPE, Scripted([0, None, 2]), keep_faceless=False)
    assert [row.frame for row in done.rows] == [10, 12]
    assert (done.report.coded, done.report.stored, done.report.no_face) == (3, 2, 1)
    assert recording.pictures.readings == 1


def test_frames_without_a_picture_are_counted_and_never_shown(make_recording):
    locator = Scripted([0, 1, 2, 3])
    pictures = [None, picture(1), None, picture(3)]
    flags = [("no_image",), (), ("no_image",), ("no_landmarks",)]
    done = crop_recording(make_recording(pictures, flags=flags), AUS, RECIPE, locator)
    assert [place for place, _ in locator.shown] == [1, 3]
    assert [row.frame for row in done.rows] == [11, 13]
    assert done.rows[1].flags == ("no_landmarks", "dark")
    assert (done.report.no_picture, done.report.no_picture_frames, done.report.stored) == (2, "10 12", 2)


def test_a_recording_of_nobody_stores_nothing(make_recording):
    done = crop_recording(make_recording([picture(0)] * 2), AUS, RECIPE, Scripted([None, None]))
    assert (done.rows, done.jpegs) == ([], [])
    assert (done.report.coded, done.report.stored, done.report.no_face) == (2, 0, 2)


def test_landmarks_that_the_recipe_cannot_use_are_no_face(make_recording):
    blind = points(0)
    blind[36:42] = np.nan
    faces = [0, Located(blind), Located(np.zeros((68, 2)))]
    done = crop_recording(make_recording([picture(k) for k in range(3)]), AUS, RECIPE, Scripted(faces))
    assert done.report.no_face_frames == "11-12"
    jawless = points(1)
    jawless[:17] = np.nan
    done = crop_recording(make_recording([picture(0)]), AUS, RECIPE, Scripted([Located(jawless)]))
    assert done.report.no_face == 0
    assert np.isnan(done.rows[0].landmarks[:17]).all()


def test_what_the_policy_left_out_is_in_the_report(make_recording):
    recording = make_recording([picture(0)], dropped={"jaa_list": 5}, notes=("odd", "odder"))
    report = crop_recording(recording, AUS, RECIPE, Scripted([0])).report
    assert (report.coded, report.by_policy, report.stored, report.notes) == (6, 5, 1, "odd; odder")


def test_every_frame_ticks(make_recording):
    ticks = []
    pictures = [picture(0), None, picture(0)]
    crop_recording(make_recording(pictures), AUS, RECIPE, Scripted([0, 0, None]), tick=lambda: ticks.append(1))
    assert len(ticks) == 3


@pytest.mark.parametrize("quality", [60, 95])
def test_jpegs_are_close_to_the_crop(quality):
    y, x = np.mgrid[:200, :200]
    smooth = np.stack([127 + 80 * np.sin(x / 20), 127 + 80 * np.cos(y / 15), 127 + x * 0], axis=-1).astype(np.uint8)
    error = np.abs(decoded(encode_jpeg(smooth, quality)).astype(int) - smooth).mean()
    assert error < (1 if quality == 95 else 4)
    assert len(encode_jpeg(smooth, 60)) < len(encode_jpeg(smooth, 95))


@pytest.mark.parametrize("name", ["jaa-200", "lp-240-masked", "re-256", "roi-256", "aurcnn-512"])
def test_every_crop_of_the_papers_works(make_recording, name):
    recipe = get_crop(name)
    done = crop_recording(make_recording([picture(0)]), AUS, recipe, Scripted([0]))
    assert decoded(done.jpegs[0]).shape == (recipe.size, recipe.size, 3)
    other = crop_recording(make_recording([picture(0)]), AUS, replace(recipe, border=77), Scripted([3]))
    assert done.jpegs != other.jpegs
