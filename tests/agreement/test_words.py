import pytest

from actionunits.agreement.words import HIDDEN, read_code, read_combination, read_level
from actionunits.facs import FACS


@pytest.mark.parametrize(
    ("text", "number", "level"),
    [
        ("AU12", 12, -1),
        ("AU 12", 12, -1),
        ("au12", 12, -1),
        ("12", 12, -1),
        (" AU01 ", 1, -1),
        ("AU_12", 12, -1),
        ("AU12C", 12, 3),
        ("12e", 12, 5),
        ("AU12_A", 12, 1),
        ("L12", 12, -1),
        ("R12D", 12, 4),
        ("AU L12", 12, -1),
        ("AU12L", 12, -1),
        ("12CR", 12, 3),
        ("12 left", 12, -1),
        ("left 12", 12, -1),
        ("T23", 23, -1),
        ("73", 73, -1),
    ],
)
def test_codes(text: str, number: int, level: int) -> None:
    code = read_code(text)
    assert code is not None
    assert (code.number, code.level) == (number, level)


@pytest.mark.parametrize(
    "text", ["", "smile", "frame", "AU12_c", "AU12_r", "AU12_p", "99", "123", "12F", "AU", "1 2", "3"]
)
def test_other_words_are_no_codes(text: str) -> None:
    assert read_code(text) is None


def test_openface_columns_are_not_taken_for_a_coder() -> None:
    """``AU12_r`` is an intensity, not the right side; ``AU12_c`` an occurrence, not level C."""
    assert [read_code(name) for name in ("AU45_c", "AU45_r", "AU01_p")] == [None] * 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1+2+5B", [(1, -1), (2, -1), (5, 2)]),
        ("AU6, AU12C", [(6, -1), (12, 3)]),
        ("AU1 AU2", [(1, -1), (2, -1)]),
        ("1+smile", []),
        ("", []),
    ],
)
def test_combinations(text: str, expected: list[tuple[int, int]]) -> None:
    assert [(code.number, code.level) for code in read_combination(text)] == expected


@pytest.mark.parametrize(
    ("text", "level"),
    [("", -1), ("9", -1), ("9.0", -1), ("NaN", -1), ("0", 0), ("1", 1), ("5.0", 5), ("A", 1), ("e", 5)]
    + [(text, None) for text in ("6", "-1", "2.5", "F", "AB", "yes", "10")],
)
def test_levels(text: str, level: int | None) -> None:
    assert read_level(text) == level


def test_visibility_codes_hide_regions() -> None:
    assert HIDDEN[70] == {1, 2, 4}
    assert {5, 6, 7, 43} <= HIDDEN[71]
    assert not HIDDEN[71] & HIDDEN[70]
    assert {9, 12, 17, 25} <= HIDDEN[72]
    assert HIDDEN[73] == HIDDEN[74] == set(FACS)
