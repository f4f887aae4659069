"""The report: spans of frames, parts that survive a kill, and the CSV beside the store."""

import csv
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionunits.errors import StoreError
from actionunits.prepare.report import (
    RecordingReport,
    discard_parts,
    read_part,
    report_path,
    spans,
    write_part,
    write_report,
)

REPORT = RecordingReport("F001_T1", "F001", "T1", "", 25.0, 10, 7, 1, 2, 3, "4-5", "1 7-8", 'a "note", odd\n')


@given(st.sets(st.integers(0, 60)))
def test_spans_name_every_number_once(numbers):
    text = spans(sorted(numbers))
    again = []
    for run in text.split():
        first, _, last = run.partition("-")
        again += range(int(first), int(last or first) + 1)
    assert again == sorted(numbers)
    assert all(
        later - one > 1 for one, later in zip(ends(text, -1), ends(text, 0)[1:], strict=False)
    )  # runs are joined


def ends(text, which):
    return [int(run.split("-")[which]) for run in text.split()]


def test_parts_come_back(tmp_path):
    assert read_part(tmp_path, "F001_T1") is None
    write_part(tmp_path, REPORT)
    assert read_part(tmp_path, "F001_T1") == REPORT
    discard_parts(tmp_path)
    assert list(tmp_path.iterdir()) == []
    discard_parts(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"sequence": "F001_T1"}'])
def test_a_damaged_part_counts_as_none(tmp_path, text):
    write_part(tmp_path, REPORT)
    (tmp_path / "report" / "F001_T1.json").write_text(text)
    assert read_part(tmp_path, "F001_T1") is None


def test_what_others_put_there_stays(tmp_path):
    write_part(tmp_path, REPORT)
    (tmp_path / "report" / "mine.txt").write_text("mine")
    discard_parts(tmp_path)
    assert [path.name for path in (tmp_path / "report").iterdir()] == ["mine.txt"]


def test_the_report_is_a_line_a_recording(tmp_path):
    path = report_path(tmp_path / "bp4d.v1")
    assert path == tmp_path / "bp4d.v1.report.csv"
    write_report(path, [REPORT, replace(REPORT, sequence="F001_T2", notes="")])
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["sequence"] for row in rows] == ["F001_T1", "F001_T2"]
    assert (rows[0]["no_face_frames"], rows[0]["notes"], rows[0]["coded"]) == ("1 7-8", 'a "note", odd\n', "10")


def test_unwritable_places(tmp_path):
    (tmp_path / "file").write_text("")
    for write in (lambda: write_part(tmp_path / "file", REPORT), lambda: write_report(tmp_path / "no" / "r.csv", [])):
        with pytest.raises(StoreError):
            write()
