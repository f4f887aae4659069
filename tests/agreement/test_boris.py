"""Files as BORIS writes them; the headings are those of its releases 7 to 9."""

import pytest

from actionunits.agreement import EventCodes, read_codes
from actionunits.errors import DatasetError, UsageError

TABULAR = (
    "Observation id,Observation date,Description,Observation duration,Observation type,Source,Time offset (s),"
    "Media duration (s),FPS,Subject,Behavior,Behavioral category,Modifier #1,Behavior type,Time,Media file name,"
    "Image index,Image file path,Comment"
)
AGGREGATED = (
    "Observation id,Observation date,Description,Observation type,Source,Time offset (s),Coding duration,"
    "Media duration (s),FPS (frame/s),Subject,Observation duration by subject by observation,Behavior,"
    "Behavioral category,Modifiers,Behavior type,Start (s),Stop (s),Duration (s),Media file name,Image index start,"
    "Image index stop,Image file path start,Image file path stop,Comment start,Comment stop"
)
OLD = "Time\tMedia file path\tTotal length\tFPS\tSubject\tBehavior\tBehavioral category\tComment\tStatus"


def tabular(*events, length="20.000", offset="0.0", subject="Ann", observation="obs") -> str:
    """Rows of (behaviour, modifier, status, time)."""
    lines = [
        f"{observation},2024-01-01 10:00:00,,12.0,Media file(s),player #1:clip.mp4,{offset},{length},30.000,{subject},"
        f"{behaviour},,{modifier},{status},{time},clip.mp4,0,NA,"
        for behaviour, modifier, status, time in events
    ]
    return "\n".join([TABULAR, *lines, ""])


def aggregated(*events, subject="Ann") -> str:
    lines = [
        f"obs,2024-01-01 10:00:00,,Media file,player #1:clip.mp4,0.0,12.000,20.000,30.000,{subject},9.0,{behaviour},,"
        f"{modifier},{kind},{start},{stop},NA,clip.mp4,0,0,NA,NA,,"
        for behaviour, modifier, kind, start, stop in events
    ]
    return "\n".join([AGGREGATED, *lines, ""])


def plain(codes: EventCodes) -> list[tuple[int, float, float, int]]:
    return [(event.au, event.start, event.stop, event.level) for event in codes.events]


def test_tabular(coder) -> None:
    text = tabular(
        ("AU12", "C", "START", "1.000"),
        ("AU 4", "", "START", "1.500"),
        ("AU12", "C", "STOP", "2.000"),
        ("AU 4", "", "STOP", "2.500"),
        ("45", "", "POINT", "3.000"),
        ("speech", "", "START", "4.000"),
        ("speech", "", "STOP", "9.000"),
        ("73", "", "START", "10.000"),
        ("73", "", "STOP", "11.000"),
    )
    codes = read_codes(coder(text))
    assert codes.format == "BORIS tabular events"
    assert plain(codes) == [(12, 1.0, 2.0, 3), (4, 1.5, 2.5, -1), (45, 3.0, 3.0, -1)]
    assert [(each.start, each.stop, 12 in each.aus) for each in codes.hidden] == [(10.0, 11.0, True)]
    assert codes.span == (0.0, 20.0)
    assert "speech" in codes.remarks[0]


def test_states_of_other_modifiers_are_other_states(coder) -> None:
    text = tabular(
        ("AU12", "B", "START", "1.0"),
        ("AU12", "D", "START", "1.5"),
        ("AU12", "B", "STOP", "2.0"),
        ("AU12", "D", "STOP", "3.0"),
    )
    assert plain(read_codes(coder(text))) == [(12, 1.0, 2.0, 2), (12, 1.5, 3.0, 4)]


def test_aggregated(coder) -> None:
    text = aggregated(
        ("AU12C", "", "STATE", "1.000", "2.000"),
        ("1+2", "", "STATE", "3.000", "4.000"),
        ("45", "", "POINT", "5.000", "5.000"),
    )
    codes = read_codes(coder(text.replace(",", "\t"), "events.tsv"))
    assert codes.format == "BORIS aggregated events"
    assert plain(codes) == [(12, 1.0, 2.0, 3), (1, 3.0, 4.0, -1), (2, 3.0, 4.0, -1), (45, 5.0, 5.0, -1)]
    assert codes.span == (0.0, 20.0)


def test_the_page_of_facts_of_old_releases(coder) -> None:
    text = (
        "Observation id\tobs\n\nMedia file(s)\nPlayer #1\tclip.mp4\n\nObservation date\t2017-01-01\nDescription\t\n"
        f"Time offset (s)\t0.0\n\n{OLD}\n"
        "1.5\tclip.mp4\t20\t30\tAnn\tAU12\t\t\tSTART\n2.5\tclip.mp4\t20\t30\tAnn\tAU12\t\t\tSTOP\n"
    )
    codes = read_codes(coder(text, "old.tsv"))
    assert plain(codes) == [(12, 1.5, 2.5, -1)]
    assert codes.span == (1.5, 2.5)
    assert codes.span_from == "first to last event in the file"


def test_a_plain_table_of_events(coder) -> None:
    codes = read_codes(coder("au,onset,offset,level\n12,00:00:01.5,2.5,D\n4,3,4,\n"))
    assert codes.format == "table of events"
    assert plain(codes) == [(12, 1.5, 2.5, 4), (4, 3.0, 4.0, -1)]


def test_a_time_offset_is_told(coder) -> None:
    text = tabular(("12", "", "START", "101"), ("12", "", "STOP", "102"), offset="100.0")
    codes = read_codes(coder(text))
    assert "--offset -100" in codes.remarks[0]
    assert codes.span == (100.0, 120.0)


def test_a_cell_that_cannot_tell_hides_the_action_unit(coder) -> None:
    codes = read_codes(coder("au,onset,offset,level\n12,1,2,9\n12,3,4,2\n"))
    assert plain(codes) == [(12, 3.0, 4.0, 2)]
    assert [(each.start, each.stop, sorted(each.aus)) for each in codes.hidden] == [(1.0, 2.0, [12])]


def test_people_are_told_apart(coder) -> None:
    text = tabular(("12", "", "POINT", "1"), subject="Ann")
    text += tabular(("4", "", "POINT", "2"), subject="Bob").partition("\n")[2]
    path = coder(text)
    with pytest.raises(UsageError, match=r"several people \(Ann, Bob\).*--subject"):
        read_codes(path)
    assert plain(read_codes(path, subject="Bob")) == [(4, 2.0, 2.0, -1)]
    with pytest.raises(UsageError, match="It has Ann, Bob"):
        read_codes(path, subject="Cy")


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([("12", "", "START", "1")], "row 2: 12 starts and never stops"),
        ([("12", "", "STOP", "1")], "row 2: 12 stops and never started"),
        ([("12", "", "START", "1"), ("12", "", "START", "2")], "row 3: 12 starts a second time"),
        ([("12", "", "START", "soon")], "row 2: the time 'soon' is no time"),
        ([("12", "", "PAUSE", "1")], "row 2: 'PAUSE' is neither"),
        ([("smile", "", "POINT", "1")], r"no event names an action unit \(smile\)"),
    ],
)
def test_errors_name_file_and_row(coder, events, said) -> None:
    with pytest.raises(DatasetError, match=said) as caught:
        read_codes(coder(tabular(*events)))
    assert "codes.csv" in str(caught.value)


def test_wrong_order_and_several_observations(coder) -> None:
    with pytest.raises(DatasetError, match="row 2: stops at 1 s, before it starts at 2 s"):
        read_codes(coder("au,onset,offset\n12,2,1\n"))
    text = tabular(("12", "", "POINT", "1"), observation="one")
    text += tabular(("12", "", "POINT", "2"), observation="two").partition("\n")[2]
    with pytest.raises(DatasetError, match=r"2 observations \(one, two\)"):
        read_codes(coder(text))
