"""SQL over the rows and the status of a whole batch, by DuckDB, without loading them into memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from actionunits.cluster.inputs import key_of
from actionunits.cluster.ledger import read_status
from actionunits.cluster.places import Place
from actionunits.cluster.records import STATUS_COLUMNS
from actionunits.cluster.rows_file import rows_name
from actionunits.errors import ResultsError, UsageError
from actionunits.facs import AUSet
from actionunits.results.schema import arrow_schema, aus_of, has_sides


class Corpus:
    """What lies in an output, as the last run's status table has it.

    Args:
        out: the output of ``actionunits batch``, a folder or a URI.

    Attributes:
        status: the status table.
        metadata: names of the manifest's columns.

    Raises:
        UsageError: there is no batch.
    """

    def __init__(self, out: str | Path) -> None:
        self.place = Place(out)
        self.status = read_status(self.place)
        self.metadata = tuple(name for name in self.status.column_names if name not in STATUS_COLUMNS)

    @property
    def waiting(self) -> int:
        """Files that a run which was killed left undone, or may have done without noting it."""
        return int(pc.sum(pc.equal(self.status["state"], "waiting")).as_py() or 0)

    @property
    def aus(self) -> AUSet:
        """The action units of the rows."""
        return aus_of(self.rows().schema.names)

    def rows(self) -> ds.Dataset:
        """All rows of the files that are done, as a data set that is read piece by piece.

        Raises:
            ResultsError: a file that is noted as done is damaged or gone.
        """
        done = self.status.filter(pc.equal(self.status["state"], "done"))
        sources = done["source"].to_pylist()
        examples = dict(zip(done["work_hash"].to_pylist(), sources, strict=True))  # one file of each way of analysing
        try:
            schemas = [self._schema_of(rows_name(source)) for source in examples.values()]
            schema = pa.unify_schemas(schemas) if schemas else arrow_schema("12")
        except (OSError, pa.ArrowException) as error:
            reason = f"the rows cannot be read ({str(error).splitlines()[0]})"
            raise ResultsError(self.place.uri, reason, "Run the batch again; it fills what is missing") from error
        names = [self.place.at(rows_name(source)) for source in sorted(sources, key=key_of)]
        if not names:
            return ds.dataset(schema.empty_table())
        return ds.dataset(names, schema=schema, format="parquet", filesystem=self.place.system)

    def connect(self) -> Any:
        """A DuckDB connection with the views ``rows`` and ``status``; it reaches nothing else, no file and no network.

        Raises:
            UsageError: DuckDB is not installed.
        """
        try:
            import duckdb
        except ImportError as error:
            raise UsageError("results", "DuckDB is not installed", 'pip install "actionunits[query]"') from error
        connection = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
        connection.register("rows", self.rows())
        connection.register("status", self.status)
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        return connection

    def sides(self) -> bool:
        """Whether the rows tell left and right apart."""
        return has_sides(self.rows().schema.names)

    def _schema_of(self, name: str) -> pa.Schema:
        with self.place.system.open(self.place.at(name), "rb") as file:
            return pq.read_schema(file).remove_metadata()


def run_query(corpus: Corpus, sql: str) -> pa.Table:
    """Ask a question in SQL.

    Args:
        corpus: the batch.
        sql: one statement about ``rows`` and ``status``.

    Raises:
        UsageError: the statement is wrong; the message repeats what DuckDB says.
    """
    connection = corpus.connect()
    import duckdb

    try:
        statements = connection.extract_statements(sql)
        asks = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
        if len(statements) != 1 or statements[0].type not in asks:
            raise UsageError(sql, "is not one question", "Write one statement that begins with SELECT")
        return connection.sql(sql).to_arrow_table()
    except duckdb.Error as error:
        said = " ".join(str(error).split())
        raise UsageError(sql, said, "The tables are rows and status; DESCRIBE rows lists columns") from error
    finally:
        connection.close()
