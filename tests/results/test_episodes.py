"""Episodes against a slow reading of their definition, and the properties it promises."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actionunits.errors import ResultsError, UsageError
from actionunits.results import EpisodeFinder, find_episodes


def track(*values):
    return np.array(values, np.float64)[:, None]


def plain(episodes):
    return [
        (each.face_id, each.au, round(each.onset, 6), round(each.apex, 6), round(each.offset, 6)) for each in episodes
    ]


def test_an_episode_lasts_until_the_next_frame_appears(made_up):
    times = [0.0, 0.7, 0.75, 1.5, 1.6, 3.0]  # no rate would give these
    (found,) = find_episodes(made_up(times, {0: track(0, 2, 4, 3, 0, 0)}))
    assert (found.onset, found.apex, found.offset) == (0.7, 0.75, 1.6)
    assert found.duration == pytest.approx(0.9)
    assert (found.peak, found.probability, found.apex_frame) == (4.0, pytest.approx(0.8), 2)
    assert (found.frames, found.flagged, found.letter) == (3, 0, "D")


def test_the_last_frame_lasts_as_long_as_the_one_before(made_up):
    (found,) = find_episodes(made_up([0.0, 0.5, 0.7], {0: track(0, 0, 2)}))
    assert (found.onset, found.offset) == (0.7, pytest.approx(0.9))


def test_short_gaps_are_bridged_and_short_runs_left_out(made_up):
    times = np.arange(20) / 25
    shown = track(0, 2, 2, 2, 0, 0, 3, 3, 3, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0)  # 0.08 s between the first two
    table = made_up(times, {0: shown})
    assert plain(find_episodes(table)) == [(0, 12, 0.04, 0.24, 0.36)]
    apart = find_episodes(table, gap=0.0, least=0.0)
    assert [(each.onset, each.frames) for each in apart] == [(0.04, 3), (0.24, 3), (0.52, 1)]


def test_a_face_that_is_lost_ends_an_episode_unless_it_is_back_at_once(made_up):
    times = np.arange(12) / 10
    away = track(2, 2, math.nan, 2, 2, math.nan, math.nan, math.nan, 3, 3, 3, 0)
    found = find_episodes(made_up(times, {0: away, 1: track(*[0] * 12)}))
    assert plain(found) == [(0, 12, 0.0, 0.0, 0.5), (0, 12, 0.8, 0.8, 1.1)]


def test_flagged_frames_count_and_are_counted(made_up):
    flags = ["", "small", "small|dark", ""]
    (found,) = find_episodes(made_up([0.0, 0.1, 0.2, 0.3], {0: track(2, 2, 2, 2)}, flags={0: flags}))
    assert (found.frames, found.flagged) == (4, 2)


def test_without_intensities_the_apex_is_where_the_probability_is_greatest(made_up):
    (found,) = find_episodes(made_up([0.0, 0.1, 0.2], {0: track(2, 4, 3)}, graded=False))
    assert found.apex == pytest.approx(0.1)
    assert math.isnan(found.peak)
    assert (found.probability, found.letter) == (pytest.approx(0.8), "")


def test_a_picture_has_episodes_of_no_length(made_up):
    (found,) = find_episodes(made_up([0.0], {0: track(3)}))
    assert (found.onset, found.offset, found.duration) == (0, 0, 0)


def test_nothing_from_nothing(made_up):
    assert find_episodes(made_up([], {})) == ()
    assert find_episodes(made_up([0.0, 0.1], {0: track(math.nan, math.nan)})) == ()


def test_several_sources_are_refused(made_up):
    both = pa.concat_tables([made_up([0.0], {0: track(3)}, source=name) for name in ("a.mp4", "b.mp4")])
    with pytest.raises(ResultsError, match="2 sources"):
        find_episodes(both)


def test_times_below_nothing_are_refused():
    with pytest.raises(UsageError, match="0 or more"):
        EpisodeFinder("12", gap=-1)


def slow_episodes(times, people, aus, gap, least):
    """The definition, frame by frame."""
    ends = [*times[1:], times[-1] + (times[-1] - times[-2] if len(times) > 1 else 0)]
    found = []
    for face, strength in people.items():
        for column, au in enumerate(aus):
            open_, mine = None, []
            for frame, value in enumerate(strength[:, column].tolist()):
                if value >= 1:
                    if open_ is None and mine and times[frame] - mine[-1][1] <= gap + 0.001:
                        open_ = mine.pop()
                    open_ = open_ or [times[frame], 0, -1, 0]
                    if value > open_[2]:
                        open_[2:] = [value, times[frame]]
                    open_[1] = ends[frame]
                elif open_ is not None:
                    mine.append(open_)
                    open_ = None
            mine += [open_] if open_ is not None else []
            lasting = [each for each in mine if each[1] - each[0] >= least - 0.001 or len(times) == 1]
            found += [(face, au, each[0], each[3], each[1], each[2]) for each in lasting]
    return sorted(found, key=lambda each: (each[2], each[0], aus.index(each[1])))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_recording_in_any_batches(made_up, data):
    frames = data.draw(st.integers(1, 40))
    steps = data.draw(st.lists(st.sampled_from([0.02, 0.04, 0.05, 0.3]), min_size=frames, max_size=frames))
    times = np.round(np.cumsum(steps), 6).tolist()
    value = st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.5, math.nan])
    people = {}
    for face in range(data.draw(st.integers(1, 2))):
        first = np.array(data.draw(st.lists(value, min_size=frames, max_size=frames)))
        other = np.array(data.draw(st.lists(st.sampled_from([0.0, 4.0]), min_size=frames, max_size=frames)))
        people[face] = np.stack([first, np.where(np.isnan(first), math.nan, other)], axis=1)
    aus = (4, 12)
    gap, least = data.draw(st.sampled_from([(0.1, 0.1), (0.0, 0.0), (0.05, 0.2)]))
    table = made_up(times, people, aus)
    expected = slow_episodes(times, people, aus, gap, least)
    finder = EpisodeFinder(aus, gap=gap, least=least)
    start = 0
    while start < len(table):
        size = data.draw(st.integers(1, 15))
        for batch in table.slice(start, size).to_batches():
            finder.write(batch)
        start += size
    found = finder.finish()
    assert found == find_episodes(table, gap=gap, least=least)
    said = [(each.face_id, each.au, each.onset, each.apex, each.offset, each.peak) for each in found]
    assert len(said) == len(expected)
    for ours, theirs in zip(said, expected, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-6)
