"""The FACS catalogue and AUSet, against the protocol's recorded facts and against Python's own sets."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionunits.errors import UsageError
from actionunits.facs import AU_SETS, BP4D_12, FACS, AUSet, au_number, column

PROTOCOL_SETS = {  # protocol.md, section 1, in its order
    "BP4D_12": [1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24],
    "BP4D_22": [1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 22, 23, 24, 27, 28],
    "BP4D_INTENSITY_5": [6, 10, 12, 14, 17],
    "DISFA_8": [1, 2, 4, 6, 9, 12, 25, 26],
    "DISFA_12": [1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26],
    "BP4D_DISFA_15": [1, 2, 4, 6, 7, 9, 10, 12, 14, 15, 17, 23, 24, 25, 26],
    "GEOMETRY_23": [1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 17, 18, 20, 22, 23, 24, 25, 26, 27, 28, 43],
}

numbers = st.lists(st.sampled_from(sorted(FACS)), unique=True)
some_numbers = st.lists(st.sampled_from(sorted(FACS)), unique=True, min_size=1)


def test_catalogue_holds_every_main_code():
    main = [*range(1, 47), *range(51, 59), *range(61, 65)]
    assert list(FACS) == [au for au in main if au not in (3, 40)]
    assert all(unit.number == au and unit.name for au, unit in FACS.items())


@pytest.mark.parametrize(
    ("au", "name", "muscle", "region", "sided"),
    [
        (1, "Inner brow raiser", "frontalis, pars medialis", "upper face", True),
        (6, "Cheek raiser and lid compressor", "orbicularis oculi, pars orbitalis", "upper face", True),
        (12, "Lip corner puller", "zygomaticus major", "lower face", True),
        (15, "Lip corner depressor", "depressor anguli oris", "lower face", True),
        (17, "Chin raiser", "mentalis", "lower face", False),
        (24, "Lip pressor", "orbicularis oris", "lower face", False),
        (21, "Neck tightener", "platysma", "neck", True),
    ],
)
def test_catalogue_facts(au, name, muscle, region, sided):
    unit = FACS[au]
    assert (unit.name, unit.region, unit.sided) == (name, region, sided)
    assert muscle in unit.muscles


def test_blink_wink_and_closed_eyes_are_told_apart():
    assert FACS[43].name == "Eyes closed"
    assert "45" in FACS[43].note
    assert FACS[45].name == "Blink"
    assert "43" in FACS[45].note
    assert not FACS[45].sided  # a blink is of both eyes; one eye alone is a wink
    assert FACS[46].sided


def test_gaze_and_head_have_no_muscles_and_say_whose_left():
    for au, unit in FACS.items():
        if unit.region in ("eyes", "head"):
            assert au > 50
            assert unit.muscles == ()
            assert ("own" in unit.note) == ("left" in unit.name or "right" in unit.name)


def test_the_known_sets_are_the_protocols():
    assert {name: list(aus) for name, aus in AU_SETS.items()} == PROTOCOL_SETS


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1,2,4", [1, 2, 4]),
        ("AU12", [12]),
        ("AU01 AU02", [1, 2]),
        ("au 6 + au 12", [6, 12]),
        ("4;2, 1", [4, 2, 1]),
        (["1", 2, "AU04"], [1, 2, 4]),
        (12, [12]),
        (np.int64(12), [12]),
        (np.array([6, 12]), [6, 12]),
        ("BP4D_12", PROTOCOL_SETS["BP4D_12"]),
        (" disfa-8 ", PROTOCOL_SETS["DISFA_8"]),
        (BP4D_12, PROTOCOL_SETS["BP4D_12"]),
    ],
)
def test_parse(written, expected):
    assert list(AUSet.parse(written)) == expected


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("99", ["'99'", "no such action unit", "62, 63, 64", "actionunits models"]),
        ("1,3", ["'3'", "no such action unit", "1, 2, 4"]),
        (40, ["40", "38, 39, 41"]),
        ("1-2", ["'1-2'", "not an action unit number", '"1,2,4"']),
        ("AU12_r", ["'AU12_r'", "not an action unit number"]),
        ("BP4D_21", ["'BP4D_21'", "BP4D_22"]),
        ("lip corner puler", ["12 (Lip corner puller)"]),
        ("1,1,4", ["1,1,4", "AU 1 twice"]),
        ([2, "AU02"], ["AU 2 twice"]),
        ("", ["''", "names no action unit"]),
        ([], ["[]", "names no action unit"]),
        (True, ["True", "not an action unit number"]),
        (12.0, ["12.0", "not an action unit number"]),
        (None, ["None", "not an action unit number"]),
    ],
)
def test_parse_teaches(written, said):
    with pytest.raises(UsageError) as caught:
        AUSet.parse(written)
    for part in said:
        assert part in str(caught.value)


@given(some_numbers)
def test_text_and_back(aus):
    original = AUSet(tuple(aus))
    assert AUSet.parse(str(original)) == original
    assert AUSet.parse(" ".join(original.columns)) == original
    assert repr(original) == f"AUSet.parse('{original}')"


@given(numbers, numbers)
def test_algebra_is_that_of_sets_and_keeps_order(left, right):
    one, other = AUSet(tuple(left)), AUSet(tuple(right))
    assert list(one | other) == list(dict.fromkeys(left + right))
    assert list(one & other) == [au for au in left if au in set(right)]
    assert list(one - other) == [au for au in left if au not in set(right)]
    assert set((one - other) | (one & other)) == set(left)
    assert one | list(right) == one | other


def test_operators_read_what_parse_reads():
    assert list(BP4D_12 & "DISFA_8") == [1, 2, 4, 6, 12]
    assert AUSet((1, 2)) | "AU12" == AUSet((1, 2, 12))
    assert AUSet((1, 2)) - 2 == AUSet((1,))
    assert AUSet((1, 2)) & [] == AUSet(())
    with pytest.raises(UsageError, match="'99'"):
        BP4D_12 & "99"


@given(some_numbers)
def test_it_is_a_sequence(aus):
    one = AUSet(tuple(aus))
    assert len(one) == len(aus)
    assert [one[place] for place in range(len(aus))] == aus
    assert list(one[1:]) == aus[1:]
    assert isinstance(one[1:], AUSet)
    assert list(reversed(one)) == aus[::-1]
    for place, au in enumerate(aus):
        assert one.index(au) == one.index(column(au)) == place


def test_membership_takes_numbers_and_names():
    assert 12 in BP4D_12
    assert "AU12" in BP4D_12
    assert "12" in BP4D_12
    assert np.int64(12) in BP4D_12
    assert 9 not in BP4D_12
    assert "AU09" not in BP4D_12
    assert "smile" not in BP4D_12
    assert None not in BP4D_12
    assert True not in BP4D_12  # though True == 1, and AU 1 is there


def test_order_and_not_only_content_makes_two_sets_equal():
    assert AUSet((1, 2)) == AUSet((1, 2))
    assert hash(AUSet((1, 2))) == hash(AUSet.parse("1,2"))
    assert AUSet((1, 2)) != AUSet((2, 1))


def test_it_cannot_be_changed():
    with pytest.raises(AttributeError):
        BP4D_12.numbers = (1,)
    with pytest.raises(TypeError):
        FACS[1] = FACS[2]


def test_index_outside():
    with pytest.raises(UsageError, match="1,2"):
        AUSet((1, 2)).index(4)
    with pytest.raises(UsageError, match="'AU01'"):
        AUSet((1, 2)).index("AU01", 1)


def test_columns_and_names():
    assert AUSet((1, 12)).columns == ("AU01", "AU12")
    assert AUSet((1, 12)).names == ("Inner brow raiser", "Lip corner puller")
    assert column(4) == FACS[4].column == "AU04"
    assert au_number("au 4") == 4


def test_it_imports_nothing_heavy():
    code = "import sys, actionunits.facs; print(*{'numpy', 'difflib', 'cv2', 'pandas'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""
