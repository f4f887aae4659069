import csv
import io

import numpy as np
import pytest

from actionunits.errors import ResultsError
from actionunits.viz.tables import aligned, csv_text, markdown, save_folder

TABLE = [["AU", "seen by", "F1"], ["AU01", "coder", "0.5"], ["AU12", "both | none", "0.75"]]


def test_aligned() -> None:
    lines = aligned(TABLE, {"AU", "seen by"})
    assert lines[0].index("seen by") == lines[1].index("coder") == lines[2].index("both")
    assert len({len(line) for line in lines}) == 1


def test_markdown() -> None:
    lines = markdown(TABLE, {"AU", "seen by"}).splitlines()
    assert lines[1] == "|---|---|---:|"
    assert "both \\| none" in lines[3]


def test_csv() -> None:
    text = csv_text([{"a": "1", "b": 'x, "y"'}], ("a", "b"))
    assert list(csv.reader(io.StringIO(text))) == [["a", "b"], ["1", 'x, "y"']]


def test_a_folder(tmp_path) -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    written = save_folder(tmp_path / "a" / "b", {"t.csv": "é\n"}, {"p.png": picture})
    assert [path.name for path in written] == ["t.csv", "p.png"]
    assert (tmp_path / "a" / "b" / "t.csv").read_bytes() == "é\n".encode()
    assert all(path.is_file() for path in written)
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match="file"):
        save_folder(tmp_path / "file", {}, {})
