"""SQL over a batch, and nothing else."""

from pathlib import Path

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from actionunits.errors import ResultsError, UsageError
from actionunits.overview import Corpus, run_query


def test_rows_and_status(batch_out: Path) -> None:
    corpus = Corpus(batch_out)
    assert run_query(corpus, "SELECT count(*) AS n FROM rows").to_pylist() == [{"n": 30}]
    states = run_query(corpus, "SELECT state, count(*) AS n FROM status GROUP BY state ORDER BY state").to_pylist()
    assert states == [{"state": "done", "n": 3}, {"state": "failed", "n": 1}]
    assert corpus.metadata == ("subject",)
    assert not corpus.waiting


def test_an_average_is_pandas_average(batch_out: Path) -> None:
    got = run_query(Corpus(batch_out), "SELECT subject, avg(AU04_r) AS m FROM rows GROUP BY subject").to_pylist()
    frame = ds.dataset(batch_out / "rows", format="parquet").to_table().to_pandas()
    wanted = frame.groupby("subject")["AU04_r"].mean()
    assert {row["subject"]: row["m"] for row in got} == pytest.approx(wanted.to_dict(), rel=1e-5)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELEC 1", "syntax error"),
        ("SELECT nothing FROM rows", "nothing"),
        ("SELECT * FROM read_csv('/etc/hostname')", "disabled"),
        ("COPY rows TO 'stolen.csv'", "not one question"),
        ("ATTACH 'x.db'", "not one question"),
        ("SET enable_external_access = true", "not one question"),
        ("CREATE TABLE t AS SELECT 1", "not one question"),
        ("SELECT 1; SELECT 2", "not one question"),
        ("", "not one question"),
    ],
)
def test_what_a_query_must_not(batch_out: Path, sql: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        run_query(Corpus(batch_out), sql)


def test_even_the_connection_reaches_nothing(batch_out: Path, tmp_path: Path) -> None:
    import duckdb

    connection = Corpus(batch_out).connect()
    for sql in (f"COPY rows TO '{tmp_path / 'stolen.csv'}'", "INSTALL httpfs", "SET enable_external_access = true"):
        with pytest.raises(duckdb.Error):
            connection.execute(sql)
    assert not (tmp_path / "stolen.csv").exists()


def test_descriptions(batch_out: Path) -> None:
    described = run_query(Corpus(batch_out), "DESCRIBE rows").to_pylist()
    assert {"AU12_r", "subject"} <= {row["column_name"] for row in described}


def test_rows_of_several_ways_of_analysing(batch_copy: Path) -> None:
    """Another model's columns are beside the first's, empty where a row has none."""
    path = next(batch_copy.rglob("rows/**/*.parquet"))
    table = pq.read_table(path)
    names = [f"AU99_{name[5:]}" if name.startswith("AU43") else name for name in table.column_names]
    names = [name.replace("AU99", "AU45") for name in names]
    pq.write_table(table.rename_columns(names), path)
    status = pq.read_table(batch_copy / "status.parquet").to_pandas()
    status.loc[status.source == table["source"][0].as_py(), "work_hash"] = "other"
    status.to_parquet(batch_copy / "status.parquet")
    got = run_query(Corpus(batch_copy), "SELECT count(AU43_r) AS a, count(AU45_r) AS b, count(*) AS n FROM rows")
    (row,) = got.to_pylist()
    assert row["n"] == 30
    assert row["b"] == len(table)
    assert row["a"] == 30 - len(table)


def test_no_batch(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no results of a batch"):
        Corpus(tmp_path)


def test_rows_that_are_gone(batch_copy: Path) -> None:
    for path in batch_copy.rglob("rows/**/*.parquet"):
        path.unlink()
    with pytest.raises(ResultsError, match="Run the batch again"):
        run_query(Corpus(batch_copy), "SELECT 1 AS x")


def test_nothing_is_done_yet(batch_copy: Path) -> None:
    status = pq.read_table(batch_copy / "status.parquet").to_pandas()
    status["state"] = "waiting"
    status.to_parquet(batch_copy / "status.parquet")
    corpus = Corpus(batch_copy)
    assert corpus.waiting == 4
    assert run_query(corpus, "SELECT count(*) AS n FROM rows").to_pylist() == [{"n": 0}]
