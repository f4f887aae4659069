"""A report's numbers against slow loops over the table."""

import math

import numpy as np
import pytest

from actionunits.faces.face import FLAGS
from actionunits.report import ReportRows
from actionunits.report.figures import occurring_together, quality_of, strip_of, strongest, summarise
from actionunits.results import find_episodes

AUS = (4, 12, 25)
TIMES = np.round(np.cumsum(np.random.default_rng(1).choice([0.02, 0.05, 0.3], 60)), 6)


def recording_of(table, aus=AUS):
    rows = ReportRows(aus)
    for batch in table.to_batches():
        rows.write(batch)
    return rows.recording()


@pytest.fixture
def table(made_up):
    rng = np.random.default_rng(2)
    people = {face: np.clip(np.cumsum(rng.normal(0, 1, (60, 3)), axis=0) % 4 - 1, 0, 5) for face in (0, 1)}
    people[1][30:] = np.nan
    people[0][:, 2] = 0.3  # never occurs
    flags = {0: ["small" if 10 <= n < 20 else "small|dark" if 20 <= n < 25 else "" for n in range(60)]}
    return made_up(TIMES, people, AUS, flags=flags)


def rows_of(table, face):
    """(seconds on the screen, flags, occurrence, intensity by action unit) of each of a person's rows."""
    ends = [*TIMES[1:], TIMES[-1] + (TIMES[-1] - TIMES[-2])]
    for row in table.to_pylist():
        if row["face_id"] == face:
            lasting = ends[row["frame"]] - row["timestamp"]
            yield lasting, row["flags"], {au: (row[f"AU{au:02}_c"], row[f"AU{au:02}_r"]) for au in AUS}


@pytest.mark.parametrize("place", [0, 1])
def test_summary(table, place):
    recording = recording_of(table)
    person = recording.people[place]
    counted = [(time, aus) for time, flags, aus in rows_of(table, person.face_id) if not flags]
    whole = sum(time for time, _ in counted)
    for row in summarise(recording, person):
        assert row.share == pytest.approx(100 * sum(t for t, aus in counted if aus[row.au][0]) / whole)
        assert row.mean == pytest.approx(sum(t * aus[row.au][1] for t, aus in counted) / whole, rel=1e-5)
        assert row.peak == pytest.approx(max(aus[row.au][1] for _, aus in counted))
        mine = [e for e in find_episodes(table) if (e.face_id, e.au) == (person.face_id, row.au)]
        assert row.episodes == sum(e.flagged < e.frames for e in mine)
        assert row.per_minute == pytest.approx(row.episodes / whole * 60)


def test_what_occurs_together(table):
    recording = recording_of(table)
    found = occurring_together(recording, recording.people[0])
    counted = [(time, aus) for time, flags, aus in rows_of(table, 0) if not flags]
    assert found.aus == (4, 12)
    for i, one in enumerate(found.aus):
        shown = sum(t for t, aus in counted if aus[one][0])
        for j, other in enumerate(found.aus):
            both = sum(t for t, aus in counted if aus[one][0] and aus[other][0])
            assert found.share[i, j] == pytest.approx(100 * both / shown)


def test_quality_and_what_is_left_out(table):
    recording = recording_of(table)
    first, second = (quality_of(recording, person) for person in recording.people)
    times = {flag: sum(t for t, flags, _ in rows_of(table, 0) if flag in flags.split("|")) for flag in FLAGS}
    assert first.flags == pytest.approx({"small": times["small"], "dark": times["dark"]})
    assert first.left_out == pytest.approx(times["small"])
    assert first.counted == pytest.approx(first.seconds - times["small"])
    assert (first.share, first.all_flagged) == (pytest.approx(100), False)
    whole = recording.span[1] - recording.span[0]
    assert second.seconds == pytest.approx(TIMES[30] - TIMES[0])
    assert second.share == pytest.approx(100 * second.seconds / whole)
    assert (second.left_out, second.flags) == (0.0, {})


def test_the_strip_covers_what_is_not_well_seen(table):
    recording = recording_of(table)
    strip = strip_of(recording, recording.people[0])
    assert strip == {
        "small": [(TIMES[10], pytest.approx(TIMES[25]))],
        "dark": [(TIMES[20], pytest.approx(TIMES[25]))],
    }
    assert strip_of(recording, recording.people[1]) == {"no face": [(TIMES[30], pytest.approx(recording.span[1]))]}


def test_a_face_that_is_never_well_seen_counts_all_the_same(made_up):
    flagged = made_up([0.0, 0.1, 0.2], {0: np.full((3, 1), 2.0)}, flags={0: ["small"] * 3})
    recording = recording_of(flagged, (12,))
    quality = quality_of(recording, recording.people[0])
    assert (quality.all_flagged, quality.left_out) == (True, 0.0)
    (row,) = summarise(recording, recording.people[0])
    assert (row.share, row.episodes) == (100, 1)


def test_a_picture_has_no_minutes(made_up):
    recording = recording_of(made_up([0.0], {0: np.array([[2.0]])}), (12,))
    (row,) = summarise(recording, recording.people[0])
    assert (row.share, row.mean, row.peak) == (100, 2, 2)
    assert math.isnan(row.per_minute)


def test_the_strongest_episodes_stay_in_order(table):
    every = list(find_episodes(table, gap=0, least=0))
    kept = strongest(every, 3)
    assert kept == sorted(kept, key=lambda each: each.onset)
    assert sorted(e.peak for e in kept) == sorted(e.peak for e in every)[-3:]
    assert strongest(every, 1000) == sorted(every, key=lambda each: (each.onset, each.face_id, each.au))
