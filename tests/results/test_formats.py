"""Formats by name."""

import pytest

from actionunits.errors import UsageError
from actionunits.results import FORMATS, TABLE_FORMATS, file_name, open_sink, parse_formats


def test_all_formats_have_names_and_files_of_their_own():
    assert list(FORMATS) == ["csv", "parquet", "jsonl", "openface", "elan", "events"]
    assert set(TABLE_FORMATS) < set(FORMATS)
    files = [file_name("a.b", format) for format in FORMATS]
    assert files == ["a.b.csv", "a.b.parquet", "a.b.jsonl", "a.b.openface.csv", "a.b.eaf", "a.b.events.csv"]


@pytest.mark.parametrize(
    ("text", "formats"),
    [("csv", ("csv",)), (" ELAN, csv,elan ", ("elan", "csv")), ("openface,events", ("openface", "events"))],
)
def test_formats_are_parsed(text, formats):
    assert parse_formats(text, "--format") == formats


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "--format: names no format"),
        ("csv,elam", "--format elam: not a format for results. The nearest is elan"),
        ("xlsx", "--format xlsx: not a format for results. Choose one of csv, parquet, jsonl, openface, elan, events"),
    ],
)
def test_unknown_formats_are_named(text, said):
    with pytest.raises(UsageError, match=said):
        parse_formats(text, "--format")
    with pytest.raises(UsageError, match="not a format for results"):
        open_sink("boris", "a", "12")
