"""A store described, and what is written of it."""

import csv
import json

import numpy as np
import pytest

from actionunits.errors import UsageError
from actionunits.statistics import describe, save, summary_lines

SEQUENCES = {
    "A_1": [[0, 1], [1, 1], [1, 0], [-1, 1]],
    "A_2": [[0, 0], [0, 1]],
    "B_1": [[0, 1], [0, -1], [0, 1]],
}
LEVELS = {"A_1": [[-1, 3], [-1, 5], [-1, 0], [-1, 1]], "A_2": [[-1, 0], [-1, 2]], "B_1": [[-1, 1], [-1, -1], [-1, 1]]}


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return {row["au"]: row for row in csv.DictReader(file)}


def test_describe(stored) -> None:
    found = describe(stored(SEQUENCES, levels=LEVELS))
    assert found.aus.numbers == (1, 12)
    assert found.rates.positive.tolist() == [2, 6]
    assert found.rates.unknown.tolist() == [1, 1]
    assert found.rates.subjects.tolist() == [1, 2]
    assert found.segments[1].frames.tolist() == [2]
    assert found.segments[12].frames.tolist() == [2, 1, 1, 1, 1]
    assert found.segments[12].seconds == pytest.approx([0.2, 0.1, 0.1, 0.1, 0.1])
    assert found.level_aus.numbers == (12,)
    assert found.levels.tolist() == [[1, 2, 3, 1, 1, 0, 1]]


def test_what_is_written(stored, tmp_path) -> None:
    found = describe(stored(SEQUENCES, levels=LEVELS))
    folder = tmp_path / "new" / "out"
    written = save(found, folder)
    tables = {"base_rates.csv", "segments.csv", "relations.csv", "levels.csv", "level_relations.csv"}
    plots = {"base_rates.png", "relations.png", "durations.png", "segments.png", "level_relations.png"}
    assert {path.name for path in written} == tables | plots | {"statistics.json"}
    assert all(path.is_file() for path in written)
    rates, segments = rows_of(folder / "base_rates.csv"), rows_of(folder / "segments.csv")
    assert (rates["AU12"]["positive"], rates["AU12"]["rate"]) == ("6", "0.750000")
    assert (segments["AU12"]["segments"], segments["AU12"]["mean_frames"]) == ("5", "1.200000")
    assert float(rows_of(folder / "relations.csv")["AU01"]["AU12"]) == pytest.approx(found.relations[0, 1], abs=1e-6)
    assert rows_of(folder / "levels.csv")["AU12"]["5"] == "1"
    facts = json.loads((folder / "statistics.json").read_text())
    assert (facts["dataset"], facts["protocol"], facts["aus"]) == ("fake", {"cut": 2}, [1, 12])
    again = save(found, tmp_path / "again")
    assert [path.read_bytes() for path in written] == [path.read_bytes() for path in again]


def test_lines(stored) -> None:
    lines = summary_lines(describe(stored(SEQUENCES)))
    assert lines[0] == "fake: 2 subjects, 3 sequences, 9 frames"
    assert any(line.startswith("AU12") and "0.75" in line for line in lines)
    assert any("AU01 AU12" in line for line in lines)


def test_without_intensities_nothing_is_said_of_them(stored, tmp_path) -> None:
    for contents in (("occurrence",), ("occurrence", "intensity")):
        found = describe(stored(SEQUENCES, contents=contents))
        assert len(found.level_aus) == 0
        assert not [path for path in save(found, tmp_path / "out") if "level" in path.name]


def test_aus_that_nobody_labelled_are_left_out_unless_asked_for(stored, tmp_path) -> None:
    store = stored({"A_1": [[-1, 1], [-1, 0]]})
    assert describe(store).aus.numbers == (12,)
    asked = describe(store, "1,12")
    assert np.isnan(asked.rates.rate[0])
    save(asked, tmp_path / "out")
    assert rows_of(tmp_path / "out" / "base_rates.csv")["AU01"]["rate"] == ""
    assert rows_of(tmp_path / "out" / "segments.csv")["AU01"]["mean_frames"] == ""


def test_stores_without_labels(stored) -> None:
    with pytest.raises(UsageError, match="has a known label"):
        describe(stored({"A_1": [[-1, -1]]}))
    with pytest.raises(UsageError, match="no labels of AU 4"):
        describe(stored(SEQUENCES), "4")
    with pytest.raises(UsageError, match="no labels of occurrence"):
        describe(stored(SEQUENCES, contents=("intensity",)))
