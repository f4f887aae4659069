"""How coders write action units: ``AU12``, ``12``, ``AU 12C``, ``L12``, ``1+2+5B``, and what they write in a cell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from actionunits.facs import FACS

LETTERS = "ABCDE"  # FACS intensities 1-5
NOT_CODED = -1

_SIDE = "(?:[ _-]?(?:[LR](?![a-z])|left|right))?"
_CODE = re.compile(
    r"(?:[LRTB]\s*|(?:left|right)\s+)?(?:AU\s*[_-]?\s*)?(?:[LRTB]\s*)?"  # L12, AU 12, T23: side or lip, and number
    rf"(?P<au>\d{{1,2}}){_SIDE}(?:[ _-]?(?P<level>[A-E])|[ ]?(?P<small>[a-e])(?![a-z]))?{_SIDE}"  # AU12_c is no level
)
_AU_WORD = re.compile(r"(?<![A-Za-z])au(?=[\s_-]*[LRTB]?\s*\d)", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*[+,;&/]\s*|\s+(?=AU)")
_EMPTY = frozenset({"", "na", "nan", "n/a", "none", "null", "-", ".", "?", "nc", "not coded"})

_BROWS = frozenset({1, 2, 4})
_UPPER = frozenset(number for number, unit in FACS.items() if unit.region == "upper face")
_LOWER = frozenset(number for number, unit in FACS.items() if unit.region == "lower face")
HIDDEN: Mapping[int, frozenset[int]] = MappingProxyType(
    {70: _BROWS, 71: _UPPER - _BROWS, 72: _LOWER, 73: frozenset(FACS), 74: frozenset(FACS)}
)
"""FACS's visibility codes (brows, eyes, lower face, whole face not visible; unscorable) and what each leaves out."""


@dataclass(frozen=True, slots=True)
class Code:
    """One code as a coder wrote it.

    Attributes:
        number: an action unit, or a visibility code of :data:`HIDDEN`.
        level: 1-5 for A-E, or -1 where the coder wrote no letter.
    """

    number: int
    level: int = NOT_CODED


def read_code(text: str) -> Code | None:
    """The code that a text names; None where it names none, or one that FACS does not have.

    Sides (``L12``, ``AU12R``) and lips (``T23``, ``B28``) are understood and dropped: an action unit on one side of the
    face is an action unit that is shown.

    >>> read_code("au 12c"), read_code("L12"), read_code("smile")
    (Code(number=12, level=3), Code(number=12, level=-1), None)
    """
    match = _CODE.fullmatch(_AU_WORD.sub("AU", text.strip()))
    if match is None:
        return None
    number, letter = int(match["au"]), match["level"] or (match["small"] or "").upper()
    if number not in FACS and number not in HIDDEN:
        return None
    return Code(number, LETTERS.index(letter) + 1 if letter else NOT_CODED)


def read_combination(text: str) -> tuple[Code, ...]:
    """The codes of a combination such as ``1+2+5B``; empty where any part is no code.

    >>> [(code.number, code.level) for code in read_combination("6B + AU12C")]
    [(6, 2), (12, 3)]
    """
    codes = [read_code(part) for part in _BETWEEN.split(_AU_WORD.sub("AU", text.strip()))]
    return tuple(code for code in codes if code is not None) if all(codes) else ()


def read_level(text: str) -> int | None:
    """What a cell says: -1 for not coded (empty, 9, NA), 0-5, or None where it is none of these; A-E are 1-5.

    >>> [read_level(word) for word in ("", "9", "0", "1.0", "C", "c", "7")]
    [-1, -1, 0, 1, 3, 3, None]
    """
    word = text.strip()
    if word.lower() in _EMPTY:
        return NOT_CODED
    if word.upper() in LETTERS and len(word) == 1:
        return LETTERS.index(word.upper()) + 1
    match = re.fullmatch(r"(\d)(?:\.0*)?", word)
    if match is None:
        return None
    number = int(match[1])
    return number if number <= 5 else NOT_CODED if number == 9 else None
