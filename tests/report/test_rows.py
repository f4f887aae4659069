"""What is kept of the rows: everything a report needs, whatever the batches."""

import numpy as np
import pytest

from actionunits.report import ReportRows
from actionunits.results import find_episodes

AUS = (4, 12)


@pytest.fixture
def table(made_up):
    rng = np.random.default_rng(0)
    people = {0: rng.uniform(0, 5, (40, 2)), 5: rng.uniform(0, 5, (40, 2))}
    people[5][:10] = people[5][20:25] = people[0][22:24] = np.nan
    flags = {0: ["turned" if frame % 4 == 0 else "" for frame in range(40)]}
    return made_up(np.cumsum(rng.choice([0.02, 0.1], 40)), people, AUS, flags=flags)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_rows_in_any_batches(table, size):
    rows = ReportRows(AUS)
    for batch in table.to_batches(max_chunksize=size):
        rows.write(batch)
    found = rows.recording()
    frame = table.to_pandas()
    times = frame.groupby("frame")["timestamp"].first()
    np.testing.assert_array_equal(found.frames, times.index)
    np.testing.assert_array_equal(found.times, times)
    np.testing.assert_allclose(found.times + found.lasting, [*times[1:], times.iloc[-1] + times.diff().iloc[-1]])
    assert found.episodes == find_episodes(table)
    assert [person.face_id for person in found.people] == [0, 5]
    for person in found.people:
        mine = frame[frame["face_id"] == person.face_id]
        np.testing.assert_array_equal(found.frames[person.place], mine["frame"])
        for place, au in enumerate(("AU04", "AU12")):
            np.testing.assert_array_equal(person.strength[place], mine[f"{au}_r"])
            np.testing.assert_array_equal(person.shown[place], mine[f"{au}_c"] == 1)
        np.testing.assert_array_equal(person.flags != 0, mine["flags"] != "")
        np.testing.assert_array_equal(person.box[:, 2], mine["face_w"])
    assert found.graded.all()


def test_probabilities_where_there_are_no_intensities(made_up):
    rows = ReportRows("12")
    rows.write(made_up([0.0, 0.1], {0: np.array([[1.0], [4.0]])}, graded=False).to_batches()[0])
    found = rows.recording()
    assert not found.graded.any()
    np.testing.assert_allclose(found.people[0].strength, [[0.2, 0.8]])


def test_no_rows_at_all():
    found = ReportRows("12").recording()
    assert (len(found.times), found.people, found.span) == (0, (), (0.0, 0.0))
