"""What a coder's file says, whatever its format: codes of single frames, or events with onset and offset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from actionunits.agreement.words import HIDDEN, NOT_CODED, Code
from actionunits.errors import DatasetError
from actionunits.facs import AUSet

_LISTED = 5  # names that a remark spells out
_CORRECT = "Correct the times and export the codes again"


@dataclass(frozen=True, slots=True)
class Event:
    """One action unit from onset to offset.

    Attributes:
        au: FACS number.
        start: onset, seconds.
        stop: offset, seconds; the same as ``start`` for a point event.
        level: 1-5 for A-E, 0 for coded as absent, -1 where the coder gave none.
    """

    au: int
    start: float
    stop: float
    level: int


@dataclass(frozen=True, slots=True)
class Hidden:
    """A time in which action units could not be coded.

    Attributes:
        aus: which.
        start: seconds.
        stop: seconds.
    """

    aus: frozenset[int]
    start: float
    stop: float


@dataclass(frozen=True)
class FrameCodes:
    """Codes of single frames; n rows.

    Attributes:
        path: the file.
        format: what it was read as, in words.
        times: (n,) seconds, rising; None where the file has frame numbers only.
        frames: (n,) frame numbers as the file counts them, rising; None where it has times.
        occurrence: by AU, (n,) int8: 1, 0, or -1 for not coded.
        level: by AU, (n,) int8: 0-5, or -1 for not coded; only AUs of which levels are coded.
        remarks: what a reader should know.
    """

    path: Path
    format: str
    times: NDArray[np.float64] | None
    frames: NDArray[np.int64] | None
    occurrence: Mapping[int, NDArray[np.int8]]
    level: Mapping[int, NDArray[np.int8]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @property
    def aus(self) -> AUSet:
        """The AUs that are coded, rising."""
        return AUSet(tuple(sorted(self.occurrence)))


@dataclass(frozen=True)
class EventCodes:
    """Codes with onset and offset.

    Attributes:
        path: the file.
        format: what it was read as, in words.
        events: in order of onset.
        hidden: when what could not be coded.
        span: from when to when the coder looked, seconds.
        span_from: how that is known, in words.
        remarks: what a reader should know.
    """

    path: Path
    format: str
    events: Sequence[Event]
    hidden: Sequence[Hidden]
    span: tuple[float, float]
    span_from: str
    remarks: tuple[str, ...] = ()

    @property
    def aus(self) -> AUSet:
        """The AUs that are coded, rising."""
        return AUSet(tuple(sorted({event.au for event in self.events})))


Codes = FrameCodes | EventCodes


@dataclass
class EventList:
    """Events as they are collected from a file, and all that is odd about them."""

    path: Path
    events: list[Event] = field(default_factory=list)
    hidden: list[Hidden] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    first: float = float("inf")
    last: float = float("-inf")

    def see(self, where: str, start: float, stop: float) -> None:
        """Widen the time in which the coder is known to have looked.

        Raises:
            DatasetError: it stops before it starts.
        """
        if stop < start:
            raise DatasetError(self.path, f"{where}: stops at {stop:g} s, before it starts at {start:g} s", _CORRECT)
        self.first, self.last = min(self.first, start), max(self.last, stop)

    def add(self, where: str, codes: Sequence[Code], start: float, stop: float, level: int | None = None) -> None:
        """Add what a coder saw from onset to offset.

        Args:
            where: the place in the file, for errors.
            codes: action units or visibility codes, all with these times.
            start: seconds.
            stop: seconds.
            level: -1 (the coder could not tell) to 5, if it stands apart from the code; a letter in the code wins.

        Raises:
            DatasetError: it stops before it starts.
        """
        self.see(where, start, stop)
        for code in codes:
            if code.number in HIDDEN:
                self.hidden.append(Hidden(HIDDEN[code.number], start, stop))
            elif level == NOT_CODED and code.level == NOT_CODED:
                self.hidden.append(Hidden(frozenset({code.number}), start, stop))
            else:
                known = code.level if code.level != NOT_CODED or level is None else level
                self.events.append(Event(code.number, start, stop, known))

    def leave_out(self, name: str) -> None:
        """Count something that names no action unit."""
        self.left_out[name] = self.left_out.get(name, 0) + 1

    def finish(
        self, format_: str, *, span: tuple[float, float] | None = None, span_from: str = "", remarks: Sequence[str] = ()
    ) -> EventCodes:
        """The collected events as codes.

        Args:
            format_: what the file was read as.
            span: from when to when the coder looked, if the file says so; else from the first to the last event.
            span_from: how that is known.
            remarks: to add to those about the events.

        Raises:
            DatasetError: no event names an action unit.
        """
        if not self.events:
            named = f" ({listed(sorted(self.left_out))})" if self.left_out else ""
            step = "Name behaviours or tiers AU12, 12 or 12C, or write such codes as annotations"
            raise DatasetError(self.path, f"no event names an action unit{named}", step)
        said = list(remarks)
        if self.left_out:
            count = sum(self.left_out.values())
            said.append(f"{count} events name no action unit and were left out: {listed(sorted(self.left_out))}")
        order = sorted(self.events, key=lambda each: (each.start, each.au, each.stop, each.level))
        if span is None:
            span, span_from = (self.first, self.last), "first to last event in the file"
        return EventCodes(self.path, format_, order, tuple(self.hidden), span, span_from, tuple(said))


def listed(names: Sequence[object]) -> str:
    """Some names, joined by commas; how many more there are."""
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(str(name) for name in names[:_LISTED]) + more
