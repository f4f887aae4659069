import pandas as pd
import pytest

from actionunits.agreement import FrameCodes, read_codes
from actionunits.errors import DatasetError, UsageError


def test_every_spelling(coder) -> None:
    codes = read_codes(coder("Frame;AU 1;12;AU04;note\n0;0;A;0\n1;1;;9\n2;9;E;3\n"))
    assert isinstance(codes, FrameCodes)
    assert codes.times is None
    assert codes.frames.tolist() == [0, 1, 2]
    assert codes.aus.numbers == (1, 4, 12)
    assert codes.occurrence[1].tolist() == [0, 1, -1]
    assert codes.occurrence[12].tolist() == [1, -1, 1]
    assert codes.level[12].tolist() == [1, -1, 5]
    assert codes.level[4].tolist() == [0, -1, 3]
    assert 1 not in codes.level  # 0 and 1 are no levels
    assert "note" in codes.remarks[0]


def test_sides_are_one_action_unit(coder) -> None:
    codes = read_codes(coder("time,L12,R12\n0,0,2\n0.1,9,0\n0.2,9,9\n0.3,4,1\n"))
    assert codes.occurrence[12].tolist() == [1, 0, -1, 1]
    assert codes.level[12].tolist() == [2, 0, -1, 4]
    assert codes.times.tolist() == [0, 0.1, 0.2, 0.3]


@pytest.mark.parametrize(
    ("name", "text", "encoding"),
    [
        ("a.tsv", "frame\tAU12\n3\t1\n4\t0\n", "utf-8"),
        ("a.csv", '"frame","AU12"\r\n3,1\r\n4,0\r\n', "utf-8-sig"),
        ("a.txt", "frame;AU12\n3;1\n4;0\n", "utf-16"),
    ],
)
def test_text_tables(coder, name, text, encoding) -> None:
    codes = read_codes(coder(text, name, encoding))
    assert codes.frames.tolist() == [3, 4]
    assert codes.occurrence[12].tolist() == [1, 0]


def test_times_as_pandas_writes_them(coder) -> None:
    codes = read_codes(coder("timestamp,AU12\n0.03333333333333333,1\n1.0333333333333334,0\n"))
    assert codes.times.tolist() == [1 / 30, 31 / 30]


def test_parquet(tmp_path) -> None:
    path = tmp_path / "codes.parquet"
    pd.DataFrame({"timestamp": [0.0, 0.04], "AU12": [3.0, None], "AU01": ["A", ""]}).to_parquet(path)
    codes = read_codes(path)
    assert codes.level[12].tolist() == [3, -1]
    assert codes.level[1].tolist() == [1, -1]
    path.write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(DatasetError, match=r"codes\.parquet.*Parquet"):
        read_codes(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("frame,AU12\n0,1\n1,7\n", r"row 3, column AU12: '7' is no code"),
        ("frame,AU12\n0,1\n0,1\n", r"row 3, column frame: '0' does not come after '0'"),
        ("frame,AU12\n0,1\nx,1\n", r"row 3, column frame: 'x' is no number"),
        ("frame,AU12\n0.5,1\n", "not whole"),
        ("frame,AU12\n" + "9" * 400 + ",1\n", "is no number"),
        ("frame,smile\n0,1\n", r"no column names an action unit.*smile"),
        ("frame,AU12\n", "no row"),
        ("a,b\n1,2\n", "no file of codes"),
        ("", "is empty"),
        ("frame,AU12\n0,\0\n", "not a text table"),
        ("frame,AU12_c\n0,1\n", "no column names an action unit"),
    ],
)
def test_errors_name_file_and_row(coder, text, said) -> None:
    with pytest.raises(DatasetError, match=said) as caught:
        read_codes(coder(text))
    assert "codes.csv" in str(caught.value)


def test_a_missing_file_and_latin_letters(coder, tmp_path) -> None:
    with pytest.raises(DatasetError, match=r"none\.csv: cannot be read"):
        read_codes(tmp_path / "none.csv")
    with pytest.raises(DatasetError, match="UTF-8"):
        read_codes(coder("frame,AU12,né\n0,1,1\n", encoding="latin-1"))


def test_frame_codes_have_no_subject(coder) -> None:
    with pytest.raises(UsageError, match="does not say who"):
        read_codes(coder("frame,AU12\n0,1\n"), subject="Ann")
