"""Reading events as BORIS exports them, and plain tables of events with the same few columns.

BORIS (Friard & Gamba, "BORIS: a free, versatile open-source event-logging software", Methods in Ecology and Evolution,
2016) writes *tabular events*, a row for each START, STOP and POINT, and *aggregated events*, a row for each state or
point with ``Start (s)`` and ``Stop (s)``. Releases before 8 put a page of facts before the headings and call the column
of START and STOP ``Status``. Times are seconds on the observation's clock.
"""

from __future__ import annotations

import re

from actionunits.agreement.codes import EventCodes, EventList, listed
from actionunits.agreement.sheet import Row, Sheet, place_of, required_seconds, seconds
from actionunits.agreement.words import Code, read_combination, read_level
from actionunits.errors import DatasetError, UsageError

BEHAVIOUR = ("behavior", "behaviour", "code", "au", "action unit", "label")
START = ("start (s)", "start", "onset", "onset (s)", "start time", "begin", "start_s", "onset_s")
STOP = ("stop (s)", "stop", "offset", "offset (s)", "end", "stop time", "end time", "end (s)", "stop_s", "offset_s")
TIME = ("time", "start (s)", "start")
STATUS = ("status", "behavior type", "behaviour type")
_SUBJECT = ("subject", "participant", "person")
_MODIFIER = re.compile(r"modifiers?(?: ?#?\d+)?|intensity|level", re.IGNORECASE)
_CLOSE = "Close it in BORIS (Observations > Check state events) and export again"
_ROUNDING = 0.01  # seconds; lengths are written to the millisecond, events may end at the last frame


def is_aggregated(sheet: Sheet) -> int | None:
    """The row of headings of aggregated events, or of any table of events; None for another table."""
    return sheet.header(BEHAVIOUR, START, STOP)


def is_tabular(sheet: Sheet) -> int | None:
    """The row of headings of tabular events; None for another table."""
    return sheet.header(BEHAVIOUR, TIME, STATUS)


def read_aggregated(sheet: Sheet, header: int, subject: str | None = None) -> EventCodes:
    """Events from a table with a row for each event.

    Args:
        sheet: the table.
        header: which row has the headings.
        subject: whose events; None where the table is about one person.

    Raises:
        UsageError: the table is about several people, or not about ``subject``.
        DatasetError: it is about several observations, a time is missing or no event names an action unit.
    """
    head, rows = _rows_of(sheet, header, subject)
    behaviour, start, stop = place_of(head, BEHAVIOUR), place_of(head, START), place_of(head, STOP)
    found = EventList(sheet.path)
    for row in rows:
        codes = read_combination(row[behaviour])
        onset = required_seconds(sheet.path, row, start, "start")
        point = seconds(row[stop]) is None and row[stop].upper() in ("", "NA")
        offset = onset if point else required_seconds(sheet.path, row, stop, "stop")
        _keep(found, row, row[behaviour], codes, onset, offset, _modifier(head, row))
    return _finish(found, head, rows, "BORIS aggregated events" if place_of(head, STATUS) else "table of events")


def read_tabular(sheet: Sheet, header: int, subject: str | None = None) -> EventCodes:
    """Events from a table with a row for each START, STOP and POINT; arguments and errors as above.

    A START is closed by the next STOP of the same behaviour and modifiers.

    Raises:
        DatasetError: moreover, a state is not closed, or closed without having begun.
    """
    head, rows = _rows_of(sheet, header, subject)
    behaviour, time, status = place_of(head, BEHAVIOUR), place_of(head, TIME), place_of(head, STATUS)
    found = EventList(sheet.path)
    open_: dict[tuple[str, ...], tuple[Row, float]] = {}
    for row in sorted(rows, key=lambda each: required_seconds(sheet.path, each, time, "time")):
        moment = required_seconds(sheet.path, row, time, "time")
        word, name = row[status].upper(), row[behaviour]
        codes, modifier = read_combination(name), _modifier(head, row)
        state = (name, *_modifiers(head, row))
        if word == "START":
            if state in open_:
                raise DatasetError(sheet.path, f"row {row.line}: {name} starts a second time before it stops", _CLOSE)
            open_[state] = (row, moment)
        elif word == "STOP":
            if state not in open_:
                raise DatasetError(sheet.path, f"row {row.line}: {name} stops and never started", _CLOSE)
            began, onset = open_.pop(state)
            _keep(found, began, name, codes, onset, moment, modifier)
        elif word == "POINT":
            _keep(found, row, name, codes, moment, moment, modifier)
        else:
            reason = f"row {row.line}: {row[status]!r} is neither START, STOP nor POINT"
            raise DatasetError(sheet.path, reason, "Export the observation again as tabular events")
    if open_:
        row, _ = min(open_.values(), key=lambda each: each[0].line)
        raise DatasetError(sheet.path, f"row {row.line}: {row[behaviour]} starts and never stops", _CLOSE)
    return _finish(found, head, rows, "BORIS tabular events")


def _keep(
    found: EventList, row: Row, name: str, codes: tuple[Code, ...], onset: float, offset: float, level: int | None
) -> None:
    where = f"row {row.line}"
    if codes:
        found.add(where, codes, onset, offset, level)
    else:
        found.see(where, onset, offset)
        found.leave_out(name)


def _rows_of(sheet: Sheet, header: int, subject: str | None) -> tuple[Row, list[Row]]:
    """The headings, and the rows of one person in one observation."""
    head, rows = sheet.rows[header], list(sheet.rows[header + 1 :])
    observation, person = place_of(head, ("observation id",)), place_of(head, _SUBJECT)
    observations = sorted({row[observation] for row in rows})
    if len(observations) > 1:
        reason = f"holds {len(observations)} observations ({listed(observations)})"
        raise DatasetError(sheet.path, reason, "Export the one observation of this recording")
    people = sorted({row[person] for row in rows})
    if subject is not None:
        if subject not in people:
            raise UsageError(f"subject {subject!r}", f"not in {sheet.path}", f"It has {listed(people)}")
        return head, [row for row in rows if row[person] == subject]
    if len(people) > 1:
        raise UsageError(sheet.path, f"codes several people ({listed(people)})", "Say which with --subject NAME")
    return head, rows


def _modifiers(head: Row, row: Row) -> tuple[str, ...]:
    return tuple(row[place] for place, name in enumerate(head.cells) if _MODIFIER.fullmatch(name) and row[place])


def _modifier(head: Row, row: Row) -> int | None:
    """The level that a modifier gives, such as C or 3; None where none does."""
    levels = [read_level(word) for word in _modifiers(head, row) if word.upper() not in ("NONE", "NA")]
    return next((level for level in levels if level is not None), None)


def _finish(found: EventList, head: Row, rows: list[Row], format_: str) -> EventCodes:
    """The codes, with the length of the recording as the time looked at, where the file states it."""
    first = rows[0] if rows else Row(0, ())
    length = seconds(first[place_of(head, ("media duration (s)",))])
    late = seconds(first[place_of(head, ("time offset (s)",))]) or 0.0
    remarks = (f"its times have an offset of {late:g} s; `--offset {-late:g}` undoes it",) if late else ()
    if length is None or length < found.last - late - _ROUNDING:
        return found.finish(format_, remarks=remarks)
    span = (min(late, found.first), max(length + late, found.last))
    return found.finish(format_, span=span, span_from="length of the recording in the file", remarks=remarks)
