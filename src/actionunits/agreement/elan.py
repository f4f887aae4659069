"""Reading ELAN's files: the tab-delimited export in both of its shapes, and the .eaf file itself.

ELAN is the annotation tool of the Max Planck Institute for Psycholinguistics, Nijmegen. An annotation speaks of the
action unit that its text names (``12``, ``AU12C``, ``1+2``), or else of the one that its tier is named after; the text
may then be a level (``C``, ``3``, ``9`` for cannot tell) or anything else, which says that the action unit is shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from actionunits.agreement.codes import EventCodes, EventList, listed
from actionunits.agreement.sheet import Row, Sheet, place_of, required_seconds, seconds
from actionunits.agreement.words import read_code, read_combination, read_level
from actionunits.errors import DatasetError, UsageError

FORMAT = "ELAN tab-delimited text"
_TIMED = re.compile(r"(?P<what>.+) - (?P<unit>hh:mm:ss\.ms|ss\.msec|msec)")
_UNITS = ("hh:mm:ss.ms", "ss.msec", "msec")  # the best first
_CELLS = {
    "hh:mm:ss.ms": re.compile(r"\d+:\d\d:\d\d\.\d+"),
    "ss.msec": re.compile(r"\d+\.\d+"),
    "msec": re.compile(r"\d+"),
}
_TIER = ("tier", "tier name")
_PARTICIPANT = ("participant", "participants")
_TEXT = ("annotation", "annotation value", "value", "text", "default")
_NOT_TIERS = {*_TIER, *_PARTICIPANT, "description", "file name", "file path", ""}
_EXPORT = "Export begin and end time of each annotation (File > Export As > Tab-delimited Text)"
_SAME = 0.002  # seconds; each time is rounded by itself


def keep(found: EventList, where: str, tiers: Sequence[str], text: str, start: float, stop: float) -> None:
    """Add one annotation.

    Args:
        found: what it is added to.
        where: its place in the file, for errors.
        tiers: the name of its tier, then those of the tiers above it.
        text: what the coder wrote.
        start: seconds.
        stop: seconds.

    Raises:
        DatasetError: the text names other action units than the tier, or the times are in the wrong order.
    """
    of_tier = next((code for code in map(read_code, tiers) if code is not None), None)
    level = read_level(text) if text else None
    if of_tier is None or (level is None and read_combination(text)):
        codes = read_combination(text)
        if of_tier is not None and {code.number for code in codes} != {of_tier.number}:
            reason = f"{where}: tier {tiers[0]} holds the annotation {text!r}, another action unit"
            raise DatasetError(found.path, reason, "Correct the annotation or the tier's name")
        level = None
    else:
        codes = (of_tier,)
    if codes:
        found.add(where, codes, start, stop, level)
    else:
        found.see(where, start, stop)
        found.leave_out(f"{tiers[0]}: {text}" if tiers[0] else text)


def header_row(sheet: Sheet) -> int | None:
    """The row of headings, in whatever language ELAN ran; None where the export has none."""
    for place, row in enumerate(sheet.rows[:5]):
        if sum(_TIMED.fullmatch(cell) is not None for cell in row.cells) >= 2:
            return place
    return None


def has_times(sheet: Sheet) -> bool:
    """Whether a table without headings looks like ELAN's export."""
    return bool(sheet.rows) and _times_of(sheet.rows[0]) is not None


def read_with_header(sheet: Sheet, header: int, subject: str | None = None) -> EventCodes:
    """An export with headings: a column for each tier, or a column that names the tier.

    Args:
        sheet: the table.
        header: which row has the headings.
        subject: whose annotations; None where the file is about one person.

    Raises:
        UsageError: ``subject`` is not in the file, or cannot be told from it, or it is about several people.
        DatasetError: a time is missing, an annotation contradicts its tier, or none names an action unit.
    """
    head, rows = sheet.rows[header], sheet.rows[header + 1 :]
    start, stop, factor = _time_columns(sheet, head)
    tier, person, text = (place_of(head, names) for names in (_TIER, _PARTICIPANT, _TEXT))
    timed = {place for place, cell in enumerate(head.cells) if _TIMED.fullmatch(cell)}
    others = [
        place
        for place, cell in enumerate(head.cells)
        if place not in timed and cell.lower() not in _NOT_TIERS and (tier is None or place == text)
    ]
    found = EventList(sheet.path)
    for row in of_person(sheet, rows, person, subject):
        onset = required_seconds(sheet.path, row, start, "begin time") * factor
        offset = required_seconds(sheet.path, row, stop, "end time") * factor
        for place in others:
            if row[place]:
                name = head[place] if tier is None else row[tier]
                keep(found, f"row {row.line}", (name,), row[place], onset, offset)
    return found.finish(FORMAT)


def read_without_header(sheet: Sheet, subject: str | None = None) -> EventCodes:
    """An export without headings, ELAN's usual one: tier, participant, times, annotation in each row.

    Begin, end and duration must be among the times: only so can they be told from one another.

    Raises:
        UsageError: the file is about several people, or not about ``subject``.
        DatasetError: a row has no such times, an annotation contradicts its tier, or none names an action unit.
    """
    found, timed = EventList(sheet.path), []
    for row in sheet.rows:
        times = _times_of(row)
        if times is None:
            raise DatasetError(sheet.path, f"row {row.line}: has no begin, end and duration that agree", _EXPORT)
        timed.append(times)
    first = timed[0][2]
    kept = {row.line for row in of_person(sheet, sheet.rows, 1 if first > 1 else None, subject)}
    for row, (onset, offset, _, after) in zip(sheet.rows, timed, strict=True):
        if row.line in kept:
            keep(found, f"row {row.line}", (row[0] if first else "",), row[after], onset, offset)
    return found.finish(FORMAT)


def of_person(sheet: Sheet, rows: Sequence[Row], place: int | None, subject: str | None) -> list[Row]:
    """The rows of one person.

    Raises:
        UsageError: the rows are about several people and none is named, or not about the one that is.
    """
    people = sorted({row[place] for row in rows})
    if subject is None and len(people) > 1:
        raise UsageError(sheet.path, f"codes several people ({listed(people)})", "Say which with --subject NAME")
    if subject is not None and subject not in people:
        raise UsageError(f"subject {subject!r}", f"not in {sheet.path}", f"It has {listed(people)}")
    return [row for row in rows if subject is None or row[place] == subject]


def _time_columns(sheet: Sheet, head: Row) -> tuple[int, int, float]:
    """The columns of begin and end, and what makes seconds of them; ELAN writes begin before end in any language."""
    for unit in _UNITS:
        matches = [(place, _TIMED.fullmatch(cell)) for place, cell in enumerate(head.cells)]
        of_unit = {match["what"].lower(): place for place, match in matches if match and match["unit"] == unit}
        places = list(of_unit.values())
        start, stop = of_unit.get("begin time"), of_unit.get("end time")
        if start is None and stop is None and "duration" not in of_unit and len(places) > 1:
            start, stop = places[:2]
        if start is not None and stop is not None:
            return start, stop, 0.001 if unit == "msec" else 1.0
    raise DatasetError(sheet.path, "has no begin and end time in one format", _EXPORT)


def _times_of(row: Row) -> tuple[float, float, int, int] | None:
    """Onset and offset in seconds, the place of the first time, and the place after the last; None without times.

    ELAN writes begin, end and duration, each in one to four formats, the formats always in the same order.
    """
    for unit in _UNITS:
        places = [place for place, cell in enumerate(row.cells) if _CELLS[unit].fullmatch(cell)]
        for at in range(len(places) - 2):
            first, second, third = places[at : at + 3]
            begin, end, lasting = (_number(row[place], unit) for place in (first, second, third))
            if second - first == third - second and begin <= end and abs(end - begin - lasting) <= _SAME:
                return begin, end, first, third + (third - second)
    return None


def _number(text: str, unit: str) -> float:
    return (seconds(text) or 0.0) * (0.001 if unit == "msec" else 1.0)
