"""Files as ELAN writes them: tab-delimited text in both shapes, and .eaf."""

import pytest

from actionunits.agreement import EventCodes, read_codes
from actionunits.errors import DatasetError, UsageError

HEAD = (
    "Begin Time - hh:mm:ss.ms\tBegin Time - ss.msec\tEnd Time - hh:mm:ss.ms\tEnd Time - ss.msec\t"
    "Duration - hh:mm:ss.ms\tDuration - ss.msec"
)
FRENCH = "Temps de départ - msec\ttemps de fin - msec\tDurée - msec"


def plain(codes: EventCodes) -> list[tuple[int, float, float, int]]:
    return [(event.au, event.start, event.stop, event.level) for event in codes.events]


def clock(seconds: float) -> str:
    return f"00:00:{seconds:06.3f}"


def times(start: float, stop: float) -> str:
    cells = [f"{clock(each)}\t{each:.3f}" for each in (start, stop, stop - start)]
    return "\t".join(cells)


def test_without_headings(coder) -> None:
    text = (
        f"AU12\tAnn\t{times(1, 2.5)}\tC\n"
        f"face\tAnn\t{times(3, 4)}\t1+2B\n"
        f"AU4\tAnn\t{times(5, 6)}\tfrown\n"
        f"speech\tAnn\t{times(0, 9)}\thello\n"
    )
    codes = read_codes(coder(text, "codes.txt"))
    assert codes.format == "ELAN tab-delimited text"
    assert plain(codes) == [(12, 1.0, 2.5, 3), (1, 3.0, 4.0, -1), (2, 3.0, 4.0, 2), (4, 5.0, 6.0, -1)]
    assert codes.span == (0.0, 9.0)
    assert "speech: hello" in codes.remarks[0]


@pytest.mark.parametrize(
    "row",
    [
        "12\t1000\t2000\t1000\tC",
        "12\t\t1000\t2000\t1000\tC",
        "12\t1.000\t1000\t2.000\t2000\t1.000\t1000\tC",
        "12\tP\t00:00:01.000\t1.000\t1000\t00:00:02.000\t2.000\t2000\t00:00:01.000\t1.000\t1000\tC",
    ],
)
def test_every_choice_of_times(coder, row) -> None:
    assert plain(read_codes(coder(row + "\n", "codes.txt"))) == [(12, 1.0, 2.0, 3)]


def test_a_column_for_each_tier(coder) -> None:
    text = (
        '"#file:///clip.mp4 -- offset: 0"\n'
        f"{HEAD}\tAU12\tAU4\tnotes\n{times(1, 2)}\tB\t\t\n{times(3, 4)}\t\tshown\tsmile\n{times(5, 6)}\t9\t0\t\n"
    )
    codes = read_codes(coder(text, "codes.txt"))
    assert plain(codes) == [(12, 1.0, 2.0, 2), (4, 3.0, 4.0, -1), (4, 5.0, 6.0, 0)]
    assert [(each.start, sorted(each.aus)) for each in codes.hidden] == [(5.0, [12])]


def test_headings_in_another_language(coder) -> None:
    codes = read_codes(coder(f"{FRENCH}\tAU12\n1000\t2000\t1000\tC\n", "codes.txt"))
    assert plain(codes) == [(12, 1.0, 2.0, 3)]


def test_tiers_named_in_a_column(coder) -> None:
    text = f"Tier\tParticipant\t{HEAD}\tAnnotation\nAU12\tAnn\t{times(1, 2)}\tC\nAU4\tBob\t{times(3, 4)}\tA\n"
    path = coder(text, "codes.txt")
    assert plain(read_codes(path, subject="Ann")) == [(12, 1.0, 2.0, 3)]
    with pytest.raises(UsageError, match="several people"):
        read_codes(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"AU12\t\t{times(1, 2)}\tC\nAU12\t\tsoon\n", "row 2: has no begin, end and duration"),
        (f"AU12\t\t{times(1, 2)}\tAU4C\n", "row 1: tier AU12 holds the annotation 'AU4C'"),
        (f"speech\t\t{times(1, 2)}\thello\n", "no event names an action unit"),
        (f"{HEAD}\tAU12\nsoon\t1\tlate\t2\t\t\tC\n", "row 2: the begin time 'soon' is no time"),
        ("Begin Time - msec\tDuration - msec\tAU12\n0\t1\tC\n", "no begin and end time"),
    ],
)
def test_errors_name_file_and_row(coder, text, said) -> None:
    with pytest.raises(DatasetError, match=said) as caught:
        read_codes(coder(text, "codes.txt"))
    assert "codes.txt" in str(caught.value)


EAF = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2024-01-01T10:00:00+01:00" FORMAT="3.0" VERSION="3.0">
  <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
    <MEDIA_DESCRIPTOR MEDIA_URL="file:///clip.mp4" MIME_TYPE="video/mp4"{origin}/>
    <PROPERTY NAME="lastUsedAnnotationId">4</PROPERTY>
  </HEADER>
  <TIME_ORDER>
    <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1000"/><TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="2500"/>
    <TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="3000"/><TIME_SLOT TIME_SLOT_ID="ts4" TIME_VALUE="4000"/>
    <TIME_SLOT TIME_SLOT_ID="ts5"/>
  </TIME_ORDER>
  <TIER LINGUISTIC_TYPE_REF="au" TIER_ID="AU12" PARTICIPANT="Ann">
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
      <ANNOTATION_VALUE>smile</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a4" TIME_SLOT_REF1="ts4" TIME_SLOT_REF2="ts5">
      <ANNOTATION_VALUE>A</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
  </TIER>
  <TIER LINGUISTIC_TYPE_REF="level" PARENT_REF="AU12" TIER_ID="how strong" PARTICIPANT="Ann">
    <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a2" ANNOTATION_REF="a1">
      <ANNOTATION_VALUE>D</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
  </TIER>
  <TIER LINGUISTIC_TYPE_REF="au" TIER_ID="brows" PARTICIPANT="{other}">
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a3" TIME_SLOT_REF1="ts3" TIME_SLOT_REF2="ts4">
      <ANNOTATION_VALUE>1+2</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
  </TIER>
</ANNOTATION_DOCUMENT>
"""


def eaf(origin: str = "", other: str = "Ann") -> str:
    return EAF.format(origin=origin, other=other)


def test_eaf(coder) -> None:
    codes = read_codes(coder(eaf(), "codes.eaf"))
    assert plain(codes) == [(12, 1.0, 2.5, -1), (12, 1.0, 2.5, 4), (1, 3.0, 4.0, -1), (2, 3.0, 4.0, -1)]
    assert codes.remarks == ("1 annotations have no times of their own and were left out",)


def test_where_the_recording_begins(coder) -> None:
    codes = read_codes(coder(eaf(' TIME_ORIGIN="500"'), "codes.eaf"))
    assert codes.events[0].start == 1.5
    assert "0.5 s added" in codes.remarks[0]


def test_participants(coder) -> None:
    path = coder(eaf(other="Bob"), "codes.eaf")
    with pytest.raises(UsageError, match=r"several people \(Ann, Bob\)"):
        read_codes(path)
    assert {event.au for event in read_codes(path, subject="Ann").events} == {12}
    assert {event.au for event in read_codes(path, subject="Bob").events} == {1, 2}


def test_a_tier_without_a_name(coder) -> None:
    codes = read_codes(coder(eaf().replace('TIER_ID="brows"', 'TIER_ID=""'), "codes.eaf"))
    assert {event.au for event in codes.events} == {1, 2, 12}


def test_annotations_that_refer_in_a_circle_have_no_times(coder) -> None:
    text = eaf().replace('ANNOTATION_REF="a1"', 'ANNOTATION_REF="a2"')
    text = text.replace('PARENT_REF="AU12"', 'PARENT_REF="how strong"')
    codes = read_codes(coder(text, "codes.eaf"))
    assert codes.remarks == ("2 annotations have no times of their own and were left out",)


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<ANNOTATION_DOCUMENT>&b;</ANNOTATION_DOCUMENT>"
)
OUTSIDE = (
    '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "{path}">]><ANNOTATION_DOCUMENT>&x;</ANNOTATION_DOCUMENT>'
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LAUGHS, "document type"),
        (OUTSIDE.format(path="file:///etc/hostname"), "document type"),
        ('<!DOCTYPE ANNOTATION_DOCUMENT SYSTEM "http://localhost/x.dtd"><ANNOTATION_DOCUMENT/>', "document type"),
        ("<a>" * 40 + "</a>" * 40, "deeper elements"),
        ("<html></html>", "no ELAN file"),
        ("<ANNOTATION_DOCUMENT>", "not well-formed"),
        ("<ANNOTATION_DOCUMENT>&x;</ANNOTATION_DOCUMENT>", "not well-formed"),
        ("<ANNOTATION_DOCUMENT/>", "no event names an action unit"),
        (eaf().replace("milliseconds", "PAL-frames"), "counts time in PAL-frames"),
        (eaf().replace('"1000"', '"soon"'), "'soon' is no number"),
        (eaf().replace("smile", "AU4"), "tier AU12, annotation a1: tier AU12 holds"),
        (eaf().replace('"2500"', '"500"'), "annotation a1: stops at 0.5 s"),
    ],
)
def test_bad_eaf(coder, text, said) -> None:
    with pytest.raises(DatasetError, match=said) as caught:
        read_codes(coder(text, "codes.eaf"))
    assert "codes.eaf" in str(caught.value)


def test_a_file_too_large(coder, monkeypatch) -> None:
    monkeypatch.setattr("actionunits.agreement.sheet.MOST_BYTES", 100)
    with pytest.raises(DatasetError, match="larger than"):
        read_codes(coder(eaf(), "codes.eaf"))
