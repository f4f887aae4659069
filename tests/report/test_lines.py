"""Timelines as text: what comes out is what went in, to a step, and no peak is lost."""

import base64

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actionunits.report import ReportRows
from actionunits.report.lines import MISSING, STEPS, frame_times, thinned, timelines


def recording_of(table, aus):
    rows = ReportRows(aus)
    for batch in table.to_batches():
        rows.write(batch)
    return rows.recording()


def decoded(text, kind):
    return np.frombuffer(base64.b64decode(text), kind).astype(np.float64)


@pytest.fixture
def recording(made_up):
    rng = np.random.default_rng(0)
    people = {face: rng.uniform(0, 5, (30, 2)) for face in (0, 1)}
    people[1][10:14] = np.nan
    return recording_of(made_up(np.cumsum(rng.choice([0.02, 0.3], 30)), people, (4, 12)), (4, 12))


def test_every_value_to_a_step(recording):
    first, second = timelines(recording)
    np.testing.assert_allclose(decoded(first["x"], "<f4"), recording.times, atol=1e-6)
    for text, strength in zip(first["y"], recording.people[0].strength, strict=True):
        np.testing.assert_allclose(decoded(text, "u1") * 5 / STEPS, strength, atol=2.5 / STEPS + 1e-6)
    values = decoded(second["y"][0], "u1")
    assert len(values) == 27  # 26 rows and a break
    assert np.flatnonzero(values == MISSING).tolist() == [10]
    assert decoded(second["x"], "<f4")[10] == pytest.approx(recording.times[10], abs=1e-6)


def test_all_frames_can_be_stepped_through(recording):
    frames = frame_times(recording)
    np.testing.assert_array_equal(decoded(frames["times"], "<f8"), recording.times)
    np.testing.assert_array_equal(decoded(frames["numbers"], "<i4"), recording.frames)


def test_a_long_recording_is_thinned(recording, monkeypatch):
    monkeypatch.setattr("actionunits.report.lines._MOST_BYTES", 40)
    drawn = timelines(recording)
    assert sum(len(decoded(text, "u1")) for person in drawn for text in person["y"]) <= 60
    for person, lines in zip(recording.people, drawn, strict=True):
        for text, strength in zip(lines["y"], person.strength, strict=True):
            values = decoded(text, "u1")
            top = values[values != MISSING].max() * 5 / STEPS
            assert top == pytest.approx(strength.max(), abs=2.5 / STEPS + 1e-6)


@settings(deadline=None)
@given(st.lists(st.one_of(st.floats(0, 5), st.just(float("nan"))), min_size=1, max_size=80), st.integers(1, 12))
def test_thinning_keeps_the_extremes_of_every_bin(values, bin_size):
    line, times = np.array([values]), np.arange(len(values), dtype=float)
    kept_times, kept = thinned(times, line, bin_size)
    assert kept.shape == (1, len(kept_times))
    assert np.all(np.diff(kept_times) >= 0)
    assert set(kept_times) <= set(times)
    if bin_size > 2 and len(values) > bin_size:
        for number, start in enumerate(range(0, len(values), bin_size)):
            of_bin = [value for value in values[start : start + bin_size] if value == value]
            pair = [value for value in kept[0, 2 * number : 2 * number + 2] if value == value]
            if of_bin:
                assert (min(pair), max(pair)) == (min(of_bin), max(of_bin))
    else:
        np.testing.assert_array_equal(kept, line)
