"""Summaries are what pandas computes from the same rows."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.dataset as ds
import pytest

from actionunits.errors import UsageError
from actionunits.overview import Corpus, summary_table


@pytest.fixture(scope="module")
def rows(batch_out: Path) -> pd.DataFrame:
    return ds.dataset(batch_out / "rows", format="parquet").to_table().to_pandas()


def test_by_face(batch_out: Path, rows: pd.DataFrame) -> None:
    table = summary_table(Corpus(batch_out)).to_pandas().set_index("source")
    assert list(table.index) == ["c0.mp4", "c1.mp4", "c2.mp4"]
    for source, group in rows[rows.success == 1].groupby("source"):
        line = table.loc[source]
        assert line["frames"] == len(group)
        assert line["seconds"] == pytest.approx(group.timestamp.max() - group.timestamp.min())
        assert line["flagged"] == pytest.approx((group["flags"] != "").mean(), abs=1e-4)
        assert line["AU04_mean"] == pytest.approx(group.AU04_r.mean(), abs=1e-4)
        assert line["AU04_sd"] == pytest.approx(group.AU04_r.std(ddof=1), abs=1e-4)
        assert line["AU25_share"] == pytest.approx(group.AU25_c.mean(), abs=1e-4)
        assert line["subject"] == group.subject.iloc[0]


def test_by_subject(batch_out: Path, rows: pd.DataFrame) -> None:
    table = summary_table(Corpus(batch_out), "subject").to_pandas().set_index("subject")
    assert list(table.index) == ["<b>ben</b>", "anna"]
    anna = rows[rows.subject == "anna"]
    assert table.loc["anna", "files"] == 2
    assert table.loc["anna", "frames"] == len(anna)
    assert table.loc["anna", "AU26_mean"] == pytest.approx(anna.AU26_r.mean(), abs=1e-4)
    spans = anna.groupby("source").timestamp.agg(np.ptp)
    assert table.loc["anna", "seconds"] == pytest.approx(spans.sum())


def test_without_flagged_rows(batch_out: Path, rows: pd.DataFrame) -> None:
    kept = rows[(rows.success == 1) & (rows["flags"] == "")]
    table = summary_table(Corpus(batch_out), drop_flagged=True).to_pandas()
    assert table["frames"].sum() == len(kept)


def test_a_second_face_is_not_the_subject(batch_copy: Path) -> None:
    """A passer-by in a subject's file, seen for fewer frames, does not count."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for path in batch_copy.rglob("rows/**/*.parquet"):
        table = pq.read_table(path)
        if table["source"][0].as_py() == "c2.mp4":
            ids = pa.array([0] * (len(table) - 3) + [1] * 3, pa.int32())
            pq.write_table(table.set_column(table.column_names.index("face_id"), "face_id", ids), path)
    corpus = Corpus(batch_copy)
    table = summary_table(corpus, "subject").to_pandas().set_index("subject")
    assert table.loc["<b>ben</b>", "frames"] == 7
    assert len(summary_table(corpus)) == 4


def test_other_words(batch_out: Path) -> None:
    with pytest.raises(UsageError, match="face, subject"):
        summary_table(Corpus(batch_out), "mood")
