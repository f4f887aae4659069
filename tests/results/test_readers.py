"""Readers: files of other origin are told, files that went through other programs are read."""

import csv

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from actionunits.errors import ResultsError
from actionunits.results import Results, arrow_schema

SUFFIXES = ["csv", "parquet", "jsonl"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_round_trip_of_a_file_of_several_megabytes(tmp_path, fake, suffix):
    """Readers take files block by block; a quoted line break may fall on the border."""
    small = fake.collect([fake.frame(n, (0,) if n % 5 else (), source="a\nb,c" * (n % 7)) for n in range(100)])
    results = Results(pa.concat_tables([small] * 150))
    results.save(tmp_path / f"a.{suffix}")
    assert Results.read(tmp_path / f"a.{suffix}") == results


def test_newer_table_asks_for_an_upgrade(tmp_path, results):
    newer = results.table.replace_schema_metadata({"actionunits.schema_version": "2"})
    pq.write_table(newer, tmp_path / "a.parquet")
    with pytest.raises(ResultsError, match=r"a\.parquet: follows version 2 .* Upgrade"):
        Results.read(tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", r"lacks source, frame, timestamp, .* and 8 more"),
        ("a.csv", b"\n", "lacks source"),
        ("a.csv", b"frame,AU01_r,AU01_c\n0,1,1\n", "lacks source, timestamp"),
        ("a.csv", b"AU99_p\n", "FACS has no such action unit"),
        ("a.csv", b"\xff\xfe\x00", "not a readable csv"),
        ("a.jsonl", b"", "lacks source"),
        ("a.jsonl", b"[1]\n", "lacks source"),
        ("a.jsonl", b"{\n", "not a readable jsonl"),
        ("a.parquet", b"", "not a readable parquet"),
        ("a.parquet", b"PAR1 something else PAR1", "not a readable parquet"),
    ],
)
def test_files_that_are_not_ours_are_told(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ResultsError, match=rf"{name}: .*{message}"):
        Results.read(tmp_path / name)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_missing_file_and_folder_are_told(tmp_path, suffix):
    with pytest.raises(ResultsError, match="cannot be read"):
        Results.read(tmp_path / f"a.{suffix}")
    (tmp_path / f"b.{suffix}").mkdir()
    with pytest.raises(ResultsError, match="cannot be read"):
        Results.read(tmp_path / f"b.{suffix}")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_file_cut_in_the_middle_is_an_error(tmp_path, results, suffix):
    path = tmp_path / f"a.{suffix}"
    results.save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ResultsError, match=path.name):
        Results.read(path)


def edited(results, column, place, text):
    rows = [[("" if value is None else value) for value in row.values()] for row in results.table.to_pylist()]
    rows[place][results.columns.index(column)] = text
    return [results.columns, *rows]


@pytest.mark.parametrize(
    ("column", "text", "message"),
    [
        ("frame", "", "row 2 .* has no frame"),
        ("timestamp", "", "row 2 .* has no timestamp"),
        ("success", "NA", "row 2 .* has no success"),
        ("face_id", "0.5", "column face_id does not hold int32"),
        ("success", "300", "column success does not hold int8"),
        ("AU01_p", "high", "not a readable csv file .*high"),
        ("AU01_r", "0,5", "not a readable csv file"),
    ],
)
def test_cells_that_a_column_cannot_hold_are_named(tmp_path, results, column, text, message):
    with (tmp_path / "a.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=csv.QUOTE_MINIMAL).writerows(edited(results, column, 2, text))
    with pytest.raises(ResultsError, match=message):
        Results.read(tmp_path / "a.csv")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_table_that_went_through_pandas_is_read(tmp_path, results, suffix):
    """Whole numbers have become floats, there is a column more, a byte-order mark, and another order."""
    frame = results.to_pandas()
    frame["mood"] = "fine"
    frame = frame[frame.columns[::-1]]
    order = [*results.columns[16:], *results.columns[:16], "mood"]
    if suffix == "csv":
        frame[order].to_csv(tmp_path / "a.csv", index=False, encoding="utf-8-sig")
    else:
        frame[order].to_parquet(tmp_path / "a.parquet")
    assert Results.read(tmp_path / f"a.{suffix}") == results


def test_folder_names_do_not_become_columns(tmp_path, results):
    folder = tmp_path / "success=7"
    folder.mkdir()
    results.save(folder / "a.parquet")
    assert Results.read(folder / "a.parquet") == results


def test_header_alone_is_a_table_without_rows(tmp_path):
    empty = Results(arrow_schema("1").empty_table())
    for suffix in ("csv", "parquet"):
        empty.save(tmp_path / f"a.{suffix}")
        assert Results.read(tmp_path / f"a.{suffix}") == empty
    assert (len(empty), empty.faces, empty.duration) == (0, (), 0)
