"""Sinks: what Python's csv and json, pandas and Arrow read from their files, and what is left after a failure."""

import csv
import json
import math
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actionunits.errors import ResultsError, UsageError
from actionunits.results import TABLE_FORMATS, CsvSink, JsonLinesSink, ParquetSink, arrow_schema, columns, open_sink

FORMATS = list(TABLE_FORMATS)
STRANGE = [
    "a,b.mp4",
    'say "hi".mp4',
    "two\nlines.mp4",
    "back\rcarriage",
    "ünï 漢 😀",
    " space ",
    "",
    "=1+1",
    "a|b",
    "1.50",
]


def write(format, path, table, cuts=()):
    """Write a table in pieces that end at the row numbers in `cuts`."""
    bounds = [0, *sorted(cuts), len(table)]
    with open_sink(format, path, [1, 2, 12]) as sink:
        for start, stop in pairwise(bounds):
            for batch in table.slice(start, stop - start).to_batches():
                sink.write(batch)
    return path


@pytest.fixture(scope="session")
def strange(fake):
    """A row with a face and one without for every strange name."""
    frames = [fake.frame(n, faces, source=name) for n, name in enumerate(STRANGE) for faces in [(0,), ()]]
    return fake.collect(frames)


def test_csv_is_what_pythons_csv_reads(tmp_path, strange):
    with write("csv", tmp_path / "a.csv", strange).open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == strange.column_names
    assert len(rows) == len(strange)
    for row, expected in zip(rows, strange.to_pylist(), strict=True):
        for cell, column in zip(row, columns("1,2,12"), strict=True):
            value = expected[column.name]
            if value is None or isinstance(value, str):
                assert cell == (value or "")
            elif column.decimals is None:
                assert cell == str(value)
            else:
                assert float(cell) == round(value, column.decimals)
                assert len(cell.partition(".")[2]) <= column.decimals


def test_csv_is_what_pandas_reads(tmp_path, strange):
    path = write("csv", tmp_path / "a.csv", strange)
    read = pd.read_csv(path, keep_default_na=False, na_values={n: [""] for n in strange.column_names if n != "source"})
    assert list(read.columns) == strange.column_names
    assert read["source"].tolist() == strange["source"].to_pylist()
    for column in columns("1,2,12"):
        if column.name in ("source", "flags"):
            continue
        expected = strange[column.name].cast(pa.float64()).to_numpy()
        np.testing.assert_allclose(read[column.name].astype(float), expected, rtol=1e-6, atol=1e-9)


def test_csv_quotes_only_where_needed(tmp_path, fake):
    table = fake.collect([fake.frame(0, (), source="plain name.mp4"), fake.frame(1, (), source="a,b")])
    lines = write("csv", tmp_path / "a.csv", table).read_bytes().split(b"\n")
    assert lines[0].startswith(b"source,frame,timestamp,face_id,success,")
    assert lines[1] == b"plain name.mp4,0,0,,0" + b"," * 20
    assert lines[2] == b'"a,b",1,0.033333,,0' + b"," * 20
    assert lines[3:] == [b""]


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("AU01_p", 0.123, "0.123"),  # as float32 it is 0.12300000339746094
        ("AU01_p", 0.00004, "0"),
        ("AU01_p", 0.00006, "0.0001"),
        ("AU01_p", 1.0, "1"),
        ("AU01_r", 4.9996, "5"),
        ("face_x", -0.001, "0"),  # never -0
        ("face_x", -1234.567, "-1234.57"),
        ("sharpness", 123456.78, "123456.78"),
        ("sharpness", 16777216.0, "16777216"),
        ("pose_yaw", math.nan, ""),
        ("pose_yaw", math.inf, ""),
        ("timestamp", 1 / 3, "0.333333"),
        ("timestamp", 0.000001, "0.000001"),
        ("timestamp", 123456.7890123, "123456.789012"),
        ("timestamp", -0.5, "-0.5"),
        ("frame", 2**53 + 1, "9007199254740993"),
        ("face_id", 7, "7"),
    ],
)
@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_numbers_are_printed_with_their_columns_decimals(tmp_path, fake, format, column, value, text):
    table = fake.collect([fake.frame(0)])
    place = table.column_names.index(column)
    table = table.set_column(place, table.schema.field(column), pa.array([value], table.schema.types[place]))
    path = write(format, tmp_path / "a", table)
    if format == "csv":
        assert path.read_text().splitlines()[1].split(",")[place] == text
    else:
        assert f'"{column}":{text or "null"},' in path.read_text()


def test_json_lines_are_objects_with_every_column(tmp_path, strange):
    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    content = write("jsonl", tmp_path / "a.jsonl", strange).read_bytes()
    assert content.endswith(b"\n")
    rows = [json.loads(line, parse_constant=refuse) for line in content[:-1].split(b"\n")]
    assert [list(row) for row in rows] == [strange.column_names] * len(strange)
    for row, expected in zip(rows, strange.to_pylist(), strict=True):
        for name, value in expected.items():
            assert row[name] == (pytest.approx(value, rel=1e-6, abs=1e-9) if isinstance(value, float) else value)


def test_parquet_is_the_same_table_with_metadata(tmp_path, strange):
    with ParquetSink(tmp_path / "a.parquet", "1,2,12", {"project": "x"}) as sink:
        for batch in strange.to_batches():
            sink.write(batch)
    read = pq.read_table(tmp_path / "a.parquet")
    assert read.equals(strange)
    assert read.schema.metadata[b"project"] == b"x"
    assert read.schema.metadata[b"actionunits.schema_version"] == b"1"
    assert read.schema.field("pose_yaw").metadata[b"unit"] == b"degrees"
    frame = pd.read_parquet(tmp_path / "a.parquet")
    assert frame["AU01_c"].isna().sum() == len(STRANGE)


@settings(deadline=None)  # files on a shared disk
@given(st.lists(st.integers(0, 40), max_size=6))
def test_batches_do_not_matter(fake, cuts):
    table = fake.collect([fake.frame(n, [(0,), (), (0, 1)][n % 3]) for n in range(40)])
    with tempfile.TemporaryDirectory() as folder:
        for format in FORMATS:
            whole = write(format, Path(folder) / "whole", table).read_bytes()
            assert write(format, Path(folder) / "pieces", table, cuts).read_bytes() == whole


@pytest.mark.parametrize("format", FORMATS)
def test_batches_do_not_matter_beyond_a_row_group(tmp_path, fake, format):
    small = fake.collect([fake.frame(n, (0,)) for n in range(50)])
    large = pa.concat_tables([small] * 400)  # 20,000 rows
    whole = write(format, tmp_path / "whole", large.combine_chunks()).read_bytes()
    assert write(format, tmp_path / "pieces", large).read_bytes() == whole
    assert write(format, tmp_path / "few", large.combine_chunks(), [16383, 16385]).read_bytes() == whole


@pytest.mark.parametrize("format", FORMATS)
def test_no_rows(tmp_path, format):
    path = write(format, tmp_path / "a", arrow_schema("1,2,12").empty_table())
    if format == "csv":
        assert path.read_text() == ",".join(column.name for column in columns("1,2,12")) + "\n"
    elif format == "jsonl":
        assert path.read_bytes() == b""
    else:
        assert pq.read_table(path).num_rows == 0


@pytest.mark.parametrize("format", FORMATS)
def test_file_appears_when_it_is_whole(tmp_path, fake, format):
    path = tmp_path / "a"
    path.write_text("older")
    with open_sink(format, path, fake.aus) as sink:
        sink.write(fake.collect([fake.frame(0)]).to_batches()[0])
        assert path.read_text() == "older"
    assert path.read_bytes() != b"older"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("failure", [RuntimeError("mine"), OSError(5, "the camera"), KeyboardInterrupt()])
@pytest.mark.filterwarnings("error")  # nothing may try to write to the closed file later
def test_any_exception_removes_the_half_file_and_passes_on_as_it_is(tmp_path, fake, format, failure):
    path = tmp_path / "a"
    path.write_text("older")

    def analyse():
        with open_sink(format, path, fake.aus) as sink:
            sink.write(fake.collect([fake.frame(0)]).to_batches()[0])
            raise failure

    with pytest.raises(type(failure)) as raised:
        analyse()
    assert raised.value is failure
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("room", [0, 1000, 20_000])
@pytest.mark.filterwarnings("error")
def test_full_disk_is_told_and_leaves_nothing(tmp_path, fake, small_disk, format, room):
    batch = fake.collect([fake.frame(n, (0, 1)) for n in range(300)]).to_batches()[0]
    small_disk(room)
    with (
        pytest.raises(ResultsError, match=r"out\.x: it could not be written: the disk is full\. Free some space"),
        open_sink(format, tmp_path / "out.x", fake.aus) as sink,
    ):
        sink.write(batch)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format", FORMATS)
def test_missing_folder_is_told_before_the_work(tmp_path, fake, format):
    with pytest.raises(ResultsError, match="its folder does not exist"), open_sink(format, tmp_path / "no" / "a", [1]):
        pytest.fail("entered")


@pytest.mark.parametrize("format", FORMATS)
def test_rows_about_other_aus_are_refused(tmp_path, fake, format):
    batch = fake.collect([fake.frame(0)]).to_batches()[0]
    with (
        pytest.raises(ResultsError, match="do not have the columns"),
        open_sink(format, tmp_path / "a", [1, 2]) as sink,
    ):
        sink.write(batch)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format", FORMATS)
def test_writing_outside_the_block_is_refused(tmp_path, fake, format):
    batch = fake.collect([fake.frame(0)]).to_batches()[0]
    sink = open_sink(format, tmp_path / "a", fake.aus)
    with pytest.raises(ResultsError, match="not open"):
        sink.write(batch)
    with sink:
        pass
    with pytest.raises(ResultsError, match="not open"):
        sink.write(batch)


@pytest.mark.parametrize(("format", "kind"), [("csv", CsvSink), ("PARQUET", ParquetSink), ("jsonl", JsonLinesSink)])
def test_open_sink_knows_its_formats(tmp_path, format, kind):
    assert type(open_sink(format, tmp_path / "a", [1])) is kind


@pytest.mark.parametrize(
    ("format", "message"),
    [
        ("openfaces", "'openfaces': not a format for results. The nearest is openface"),
        ("cvs", "'cvs': not a format for results. The nearest is csv;"),
        ("json", "The nearest is jsonl"),
        ("parket", "The nearest is parquet"),
        ("xlsx", "Choose one of csv, parquet, jsonl"),
        ("", "Choose one of csv, parquet, jsonl"),
    ],
)
def test_other_formats_are_told_apart(tmp_path, format, message):
    with pytest.raises(UsageError, match=message):
        open_sink(format, tmp_path / "a", [1])
