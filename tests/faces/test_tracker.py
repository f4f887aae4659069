from collections import defaultdict

import numpy as np
import pytest

from actionunits.faces import FaceTracker

FPS = 25


class Played:
    """Frames of placed faces run through a tracker; who got which id, where it is clear who is who."""

    def __init__(self, finder, scene, frames, *, greys=None, **options):
        self.frames = frames
        tracker = FaceTracker(finder, **options)
        self.faces = [
            tracker.update(scene(placed, grey=greys[number] if greys else 110), number / FPS)
            for number, placed in enumerate(frames)
        ]

    def ids(self, first=0, last=None):
        """Which face -> ids, over the frames in which no other face is near."""
        ids = defaultdict(set)
        for placed, faces in list(zip(self.frames, self.faces, strict=True))[first:last]:
            for face in faces:
                x, y, w, h = face.box
                away = [(np.hypot(x + w / 2 - p[1], y + h / 2 - p[2]), p[0]) for p in placed]
                distance, which = min(away)
                if distance < 60 and sum(d < 120 for d, _ in away) == 1:
                    ids[which].add(face.face_id)
        return dict(ids)


@pytest.mark.parametrize(("front", "back"), [(0, 2), (2, 0), (1, 3), (3, 0), (1, 0)])
@pytest.mark.parametrize("speed", [6, 10])
def test_ids_stay_with_the_person_through_a_crossing(finder, scene, front, back, speed):
    frames = [[(back, 100 + speed * i, 180, 200), (front, 540 - speed * i, 180, 220)] for i in range(440 // speed)]
    played = Played(finder, scene, frames)
    ids = played.ids()
    assert all(len(found) == 1 for found in ids.values()), ids
    assert ids[front] != ids[back]
    assert len(played.faces[0]) == len(played.faces[-1]) == 2


@pytest.mark.parametrize("gap", [1, 5, 15, 25])
def test_ids_survive_an_absence_of_up_to_a_second(finder, scene, gap):
    frames = [[(0, 300, 180, 200)]] * 6 + [[]] * gap + [[(0, 330, 180, 200)]] * 4
    played = Played(finder, scene, frames)
    assert played.ids() == {0: {0}}
    assert [len(faces) for faces in played.faces] == [len(placed) for placed in frames]


def test_after_a_longer_absence_it_is_a_new_id(finder, scene):
    frames = [[(0, 300, 180, 200)]] * 4 + [[]] * 40 + [[(0, 300, 180, 200)]] * 4
    assert Played(finder, scene, frames).ids() == {0: {0, 1}}


def test_people_who_swap_places_while_away_keep_their_ids(finder, scene):
    frames = [[(0, 150, 180, 200), (2, 450, 180, 200)]] * 6 + [[]] * 12 + [[(2, 150, 180, 200), (0, 450, 180, 200)]] * 4
    assert Played(finder, scene, frames).ids() == {0: {0}, 2: {1}}


def test_one_of_two_leaves_and_comes_back(finder, scene):
    both = [(0, 150, 180, 200), (2, 450, 180, 200)]
    played = Played(finder, scene, [both] * 6 + [both[1:]] * 15 + [both] * 4)
    assert played.ids() == {0: {0}, 2: {1}}


def test_a_cut_to_somebody_else_in_the_same_place_is_a_new_id(finder, scene):
    frames = [[(0, 300, 180, 200)]] * 5 + [[(2, 300, 180, 200)]] * 5
    assert Played(finder, scene, frames, greys=[110] * 5 + [30] * 5).ids() == {0: {0}, 2: {1}}


def test_a_change_of_light_is_not_a_cut(finder, scene):
    frames = [[(0, 300, 180, 200)]] * 10
    assert Played(finder, scene, frames, greys=[110] * 5 + [30] * 5).ids() == {0: {0}}


def test_a_newcomer_is_found_within_the_interval(finder, scene):
    frames = [[(0, 150, 180, 180)]] * 5 + [[(0, 150, 180, 180), (1, 470, 180, 180)]] * 8
    played = Played(finder, scene, frames, interval=0.2)
    counts = [len(faces) for faces in played.faces]
    assert counts[:5] == [1] * 5
    assert counts[10:] == [2] * 3  # 0.2 s are five frames


def test_at_most_so_many_faces_the_largest_first(finder, scene):
    frames = [[(0, 150, 180, 140), (1, 450, 180, 220)]] * 8
    played = Played(finder, scene, frames, max_faces=1)
    assert [len(faces) for faces in played.faces] == [1] * 8
    assert set(played.ids()) == {1}


def test_ids_count_from_the_largest_face_and_rows_come_by_id(finder, scene):
    played = Played(finder, scene, [[(0, 150, 180, 140), (1, 450, 180, 220)]] * 2)
    assert played.ids() == {1: {0}, 0: {1}}
    assert [face.face_id for face in played.faces[1]] == [0, 1]


def test_reset_forgets_and_two_runs_agree_to_the_bit(finder, scene):
    tracker = FaceTracker(finder)
    runs = []
    for _ in range(2):
        tracker.reset()
        runs.append([tracker.update(scene([(3, 280 + 4 * i, 180, 200)]), i / FPS) for i in range(8)])
    for (a,), (b,) in zip(*runs, strict=True):
        assert (a.face_id, a.box, a.flags, a.pose) == (b.face_id, b.box, b.flags, b.pose)
        np.testing.assert_array_equal(a.mesh, b.mesh)


def test_equal_and_backward_timestamps_do_no_harm(finder, scene):
    tracker = FaceTracker(finder)
    ids = [face.face_id for t in (0.0, 0.0, 5.0, 4.0, 4.04) for face in tracker.update(scene([(0, 300, 180, 200)]), t)]
    assert ids == [0] * 5
