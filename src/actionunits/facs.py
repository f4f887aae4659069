"""The Facial Action Coding System: the catalogue of action units, and ordered sets of them.

Names, muscles and numbers follow Ekman, Friesen & Hager, "Facial Action Coding System: The Manual" (2002); where only
the 1978 manual has a code, its note says so.

    >>> from actionunits.facs import BP4D_12, FACS, AUSet
    >>> FACS[12].name
    'Lip corner puller'
    >>> AUSet.parse("AU01 + 12") & BP4D_12
    AUSet.parse('1,12')
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, SupportsIndex, overload

from actionunits.errors import UsageError

Region = Literal["upper face", "lower face", "neck", "eyes", "head"]


@dataclass(frozen=True, slots=True)
class ActionUnit:
    """One code of the FACS manual.

    Attributes:
        number: the FACS number.
        name: the manual's name.
        muscles: the muscles that make the movement; empty for head and eye positions.
        region: where it is seen; ``eyes`` are gaze directions, ``head`` head positions.
        sided: whether one side of the face can show it alone, so that coders may write L or R beside it.
        note: what a reader should know to tell it from its neighbours, or an empty string.
    """

    number: int
    name: str
    muscles: tuple[str, ...]
    region: Region
    sided: bool
    note: str = ""

    @property
    def column(self) -> str:
        """The code as column name, ``"AU01"``."""
        return column(self.number)


_UPPER: Region = "upper face"
_LOWER: Region = "lower face"
_ORBICULARIS_ORIS = ("orbicularis oris",)
_1978 = "a code of the 1978 manual"
_1978_DEGREE = f"{_1978}; the 2002 manual codes it as a degree of 43"
_GROSS = "no intensity criteria in the manual"

_CATALOGUE = (
    ActionUnit(1, "Inner brow raiser", ("frontalis, pars medialis",), _UPPER, True),
    ActionUnit(2, "Outer brow raiser", ("frontalis, pars lateralis",), _UPPER, True),
    ActionUnit(
        4, "Brow lowerer", ("depressor glabellae", "depressor supercilii", "corrugator supercilii"), _UPPER, True
    ),
    ActionUnit(5, "Upper lid raiser", ("levator palpebrae superioris",), _UPPER, True),
    ActionUnit(6, "Cheek raiser and lid compressor", ("orbicularis oculi, pars orbitalis",), _UPPER, True),
    ActionUnit(7, "Lid tightener", ("orbicularis oculi, pars palpebralis",), _UPPER, True),
    ActionUnit(8, "Lips toward each other", _ORBICULARIS_ORIS, _LOWER, False, "drawn together while the jaw is open"),
    ActionUnit(9, "Nose wrinkler", ("levator labii superioris alaeque nasi",), _LOWER, True),
    ActionUnit(10, "Upper lip raiser", ("levator labii superioris, caput infraorbitalis",), _LOWER, True),
    ActionUnit(11, "Nasolabial furrow deepener", ("zygomaticus minor",), _LOWER, True),
    ActionUnit(12, "Lip corner puller", ("zygomaticus major",), _LOWER, True),
    ActionUnit(13, "Sharp lip puller", ("levator anguli oris",), _LOWER, True, "called cheek puffer in 1978"),
    ActionUnit(14, "Dimpler", ("buccinator",), _LOWER, True),
    ActionUnit(15, "Lip corner depressor", ("depressor anguli oris",), _LOWER, True),
    ActionUnit(16, "Lower lip depressor", ("depressor labii inferioris",), _LOWER, True),
    ActionUnit(17, "Chin raiser", ("mentalis",), _LOWER, False),
    ActionUnit(18, "Lip pucker", ("incisivii labii superioris", "incisivii labii inferioris"), _LOWER, False),
    ActionUnit(19, "Tongue show", (), _LOWER, False, _GROSS),
    ActionUnit(20, "Lip stretcher", ("risorius",), _LOWER, True),
    ActionUnit(21, "Neck tightener", ("platysma",), "neck", True, _GROSS),
    ActionUnit(22, "Lip funneler", _ORBICULARIS_ORIS, _LOWER, False),
    ActionUnit(23, "Lip tightener", _ORBICULARIS_ORIS, _LOWER, False),
    ActionUnit(24, "Lip pressor", _ORBICULARIS_ORIS, _LOWER, False),
    ActionUnit(
        25,
        "Lips part",
        ("depressor labii inferioris", "relaxation of mentalis", "relaxation of orbicularis oris"),
        _LOWER,
        False,
    ),
    ActionUnit(26, "Jaw drop", ("relaxation of masseter, temporalis and internal pterygoid",), _LOWER, False),
    ActionUnit(
        27, "Mouth stretch", ("pterygoids", "digastric"), _LOWER, False, "the jaw is pulled down; in 26 it falls"
    ),
    ActionUnit(28, "Lip suck", _ORBICULARIS_ORIS, _LOWER, False),
    ActionUnit(29, "Jaw thrust", (), _LOWER, False, _GROSS),
    ActionUnit(30, "Jaw sideways", (), _LOWER, True, _GROSS),
    ActionUnit(31, "Jaw clencher", ("masseter",), _LOWER, False, _GROSS),
    ActionUnit(32, "Bite", (), _LOWER, False, _GROSS),
    ActionUnit(33, "Blow", (), _LOWER, True, _GROSS),
    ActionUnit(34, "Puff", (), _LOWER, True, _GROSS),
    ActionUnit(35, "Cheek suck", (), _LOWER, True, _GROSS),
    ActionUnit(36, "Tongue bulge", (), _LOWER, True, _GROSS),
    ActionUnit(37, "Lip wipe", (), _LOWER, False, _GROSS),
    ActionUnit(38, "Nostril dilator", ("nasalis, pars alaris",), _LOWER, True),
    ActionUnit(39, "Nostril compressor", ("nasalis, pars transversa", "depressor septi nasi"), _LOWER, True),
    ActionUnit(41, "Lid droop", ("relaxation of levator palpebrae superioris",), _UPPER, True, _1978_DEGREE),
    ActionUnit(42, "Slit", ("orbicularis oculi, pars palpebralis",), _UPPER, True, _1978_DEGREE),
    ActionUnit(
        43,
        "Eyes closed",
        ("relaxation of levator palpebrae superioris",),
        _UPPER,
        True,
        "closed for half a second or longer; shorter is 45, one eye on purpose is 46",
    ),
    ActionUnit(44, "Squint", ("orbicularis oculi, pars palpebralis",), _UPPER, True, _1978),
    ActionUnit(
        45,
        "Blink",
        ("relaxation of levator palpebrae superioris", "orbicularis oculi, pars palpebralis"),
        _UPPER,
        False,
        "both eyes, shut for less than half a second; longer is 43; only a video can tell them apart",
    ),
    ActionUnit(46, "Wink", ("orbicularis oculi, pars palpebralis",), _UPPER, True, "one eye, shut on purpose"),
    ActionUnit(51, "Head turn left", (), "head", False, "the person's own left"),
    ActionUnit(52, "Head turn right", (), "head", False, "the person's own right"),
    ActionUnit(53, "Head up", (), "head", False),
    ActionUnit(54, "Head down", (), "head", False),
    ActionUnit(55, "Head tilt left", (), "head", False, "the person's own left"),
    ActionUnit(56, "Head tilt right", (), "head", False, "the person's own right"),
    ActionUnit(57, "Head forward", (), "head", False),
    ActionUnit(58, "Head back", (), "head", False),
    ActionUnit(61, "Eyes turn left", (), "eyes", False, "the person's own left"),
    ActionUnit(62, "Eyes turn right", (), "eyes", False, "the person's own right"),
    ActionUnit(63, "Eyes up", (), "eyes", False),
    ActionUnit(64, "Eyes down", (), "eyes", False),
)

FACS: Mapping[int, ActionUnit] = MappingProxyType({unit.number: unit for unit in _CATALOGUE})

AULike = int | SupportsIndex | str
AUSetLike = Iterable[AULike] | AULike

_SPELLING = re.compile(r"(?:AU)?\s*(\d{1,4})", re.IGNORECASE)
_SEPARATORS = re.compile(r"[,;+\s]+")
_HOW_TO_LIST = "`actionunits models` lists the AUs that each model knows"


def column(au: int) -> str:
    """The name that an AU has in column headings: ``column(1) == "AU01"``."""
    return f"AU{au:02d}"


def au_number(value: AULike) -> int:
    """The FACS number that is meant by ``12``, ``"12"``, ``"AU12"`` or ``"au 12"``.

    Raises:
        UsageError: it is not an AU number, or FACS has no such AU; the message suggests the nearest.
    """
    number: int | None = None
    if isinstance(value, str):
        match = _SPELLING.fullmatch(value.strip())
        number = int(match[1]) if match else None
    elif not isinstance(value, bool):
        try:
            number = operator.index(value)
        except TypeError:
            number = None
    if number is not None and number in FACS:
        return number
    reason = "not an action unit number" if number is None else "FACS has no such action unit"
    raise UsageError(repr(value), reason, f"{_suggestion(value, number)}; {_HOW_TO_LIST}")


def _suggestion(value: object, number: int | None) -> str:
    if number is not None:
        nearest = sorted(FACS, key=lambda au: (abs(au - number), au))[:3]
        return f"The nearest are {', '.join(map(str, sorted(nearest)))}"
    import difflib  # here because only a mistake needs it, and it would double this module's import time

    if not isinstance(value, str):
        return 'Write a number, as in 12, "12" or "AU12"'
    names = {name.lower(): f'"{name}"' for name in AU_SETS}
    names |= {unit.name.lower(): f"{unit.number} ({unit.name})" for unit in _CATALOGUE}
    close = difflib.get_close_matches(value.strip().lower(), names, n=3)
    if close:
        return f"The nearest are {', '.join(names[name] for name in close)}"
    return f'Write numbers, as in "1,2,4", or a set\'s name: {", ".join(AU_SETS)}'


@dataclass(frozen=True, slots=True, repr=False)
class AUSet(Sequence[int]):
    """An ordered set of action units: the order is the order of a model's outputs and of a table's columns.

    It is immutable and hashable, and equal to another set only if the order is equal too. ``|``, ``&`` and ``-`` take
    anything that :meth:`parse` takes, or an empty list, and keep the order of the left side; ``|`` appends what is new.

    Args:
        numbers: FACS numbers, without repetition. Use :meth:`parse` for what a person wrote.

    Raises:
        UsageError: a number is unknown, or stands there twice.

    >>> AUSet((1, 2, 4)).columns
    ('AU01', 'AU02', 'AU04')
    """

    numbers: tuple[int, ...]

    def __post_init__(self) -> None:
        numbers = tuple(au_number(au) for au in self.numbers)
        repeated = sorted({au for au in numbers if numbers.count(au) > 1})
        if repeated:
            named = ", ".join(map(str, repeated))
            raise UsageError(",".join(map(str, numbers)), f"names AU {named} twice", "Name each action unit once")
        object.__setattr__(self, "numbers", numbers)

    @classmethod
    def parse(cls, text: AUSetLike) -> AUSet:
        """The set meant by a person: ``"1,2,4"``, ``"AU01 AU02"``, ``"6+12"``, ``["1", 2]``, ``12`` or ``"BP4D_12"``.

        Raises:
            UsageError: nothing is named, an AU is unknown, or an AU is named twice.
        """
        if isinstance(text, AUSet):
            return text
        if isinstance(text, str):
            known = AU_SETS.get(text.strip().upper().replace("-", "_"))
            if known is not None:
                return known
            joined = re.sub(r"\bAU\s+(?=\d)", "AU", text.strip(), flags=re.IGNORECASE)  # "AU 12" is one word
            words = [word for word in _SEPARATORS.split(joined) if word]
            if len(words) > 1 and not any(character.isdigit() for character in text):
                words = [text.strip()]  # a name such as "cheek raiser" is not a list
            result = cls(tuple(au_number(word) for word in words))
        elif isinstance(text, Iterable):
            result = cls(tuple(au_number(au) for au in text))
        else:
            result = cls((au_number(text),))
        if not result.numbers:
            raise UsageError(repr(text), "names no action unit", f'Write them as in "1,2,4"; {_HOW_TO_LIST}')
        return result

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names, ``("AU01", "AU02", ...)``."""
        return tuple(column(au) for au in self.numbers)

    @property
    def names(self) -> tuple[str, ...]:
        """FACS names, ``("Inner brow raiser", ...)``."""
        return tuple(FACS[au].name for au in self.numbers)

    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:
        """The place of an AU, counted from 0; takes ``12``, ``"12"`` and ``"AU12"``.

        Raises:
            UsageError: it is not in this set (between ``start`` and ``stop``).
        """
        number = au_number(value)
        for place in range(*slice(start, stop).indices(len(self.numbers))):
            if self.numbers[place] == number:
                return place
        raise UsageError(repr(value), f"not among the action units {self}", "Ask for one of these")

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[int]:
        return iter(self.numbers)

    def __contains__(self, value: object) -> bool:
        if isinstance(value, str):
            match = _SPELLING.fullmatch(value.strip())
            return match is not None and int(match[1]) in self.numbers
        return not isinstance(value, bool) and value in self.numbers

    @overload
    def __getitem__(self, place: int) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> AUSet: ...
    def __getitem__(self, place: int | slice) -> int | AUSet:
        return AUSet(self.numbers[place]) if isinstance(place, slice) else self.numbers[place]

    def __or__(self, other: AUSetLike) -> AUSet:
        return AUSet(self.numbers + tuple(au for au in _operand(other) if au not in self.numbers))

    def __and__(self, other: AUSetLike) -> AUSet:
        kept = _operand(other).numbers
        return AUSet(tuple(au for au in self.numbers if au in kept))

    def __sub__(self, other: AUSetLike) -> AUSet:
        dropped = _operand(other).numbers
        return AUSet(tuple(au for au in self.numbers if au not in dropped))

    def __str__(self) -> str:
        return ",".join(map(str, self.numbers))

    def __repr__(self) -> str:
        return f"AUSet.parse({str(self)!r})" if self.numbers else "AUSet(())"


def _operand(other: AUSetLike) -> AUSet:
    """The right side of ``|``, ``&`` and ``-``: unlike a person's request, it may be empty."""
    if isinstance(other, Iterable) and not isinstance(other, str):
        return AUSet(tuple(au_number(au) for au in other))
    return AUSet.parse(other)


BP4D_12 = AUSet((1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24))
"""The occurrence AUs of BP4D and BP4D+."""
BP4D_22 = AUSet((1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 22, 23, 24, 27, 28))
"""What AU R-CNN is trained on in BP4D; it reports BP4D_12."""
BP4D_INTENSITY_5 = AUSet((6, 10, 12, 14, 17))
"""The AUs whose intensity BP4D codes."""
DISFA_8 = AUSet((1, 2, 4, 6, 9, 12, 25, 26))
"""The AUs that are usually reported on DISFA."""
DISFA_12 = AUSet((1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26))
"""All AUs of DISFA, with intensity."""
BP4D_DISFA_15 = AUSet((1, 2, 4, 6, 7, 9, 10, 12, 14, 15, 17, 23, 24, 25, 26))
"""Every AU whose occurrence is usually reported on BP4D or DISFA."""
GEOMETRY_23 = AUSet((1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 17, 18, 20, 22, 23, 24, 25, 26, 27, 28, 43))
"""The AUs of the shipped geometry model."""

AU_SETS: Mapping[str, AUSet] = MappingProxyType(
    {
        "BP4D_12": BP4D_12,
        "BP4D_22": BP4D_22,
        "BP4D_INTENSITY_5": BP4D_INTENSITY_5,
        "DISFA_8": DISFA_8,
        "DISFA_12": DISFA_12,
        "BP4D_DISFA_15": BP4D_DISFA_15,
        "GEOMETRY_23": GEOMETRY_23,
    }
)
"""Every named set; the names work wherever a set of AUs is asked for."""
