"""The memory of an output: what is done, what failed, what was being done when a run was killed.

Rows files are the truth about what is done: each holds its record. Failures have a small record each.
``status.parquet`` sums both up; a run writes it before it begins (what it is about to do marked as waiting), now and
then, and at its end. So after a kill only the files that wait in the last summary need be looked at again.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from actionunits.cluster.inputs import Corpus, key_of
from actionunits.cluster.places import Place
from actionunits.cluster.records import Record, as_table, from_table
from actionunits.cluster.rows_file import ROWS, read_record, rows_name
from actionunits.errors import ClusterError, UsageError

STATUS = "status.parquet"
_FACTS = "batch.json"
_FAILURES = "failures"
_LAYOUT = 1
_READERS = 16


class Ledger:
    """The records of one output.

    Args:
        place: the output; the caller holds its lock.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self.records: dict[str, Record] = {}
        self.schema = pa.schema([])

    def open(self, corpus: Corpus, *, moved: bool = False) -> None:
        """Read what is known.

        Args:
            corpus: what this run is about.
            moved: the folder lies elsewhere now, and holds the same files.

        Raises:
            UsageError: the output belongs to another corpus, or a later release wrote it.
            ClusterError: it cannot be written to.
        """
        self._check_facts(corpus, moved)
        self.schema = corpus.metadata
        content = self._place.read(STATUS)
        if content is not None:
            self._read_summary(content)
        there = self._place.names(ROWS)
        wanted = []
        for name in there:
            record = self.records.get(_source_key(name))
            if record is None or record.state != "done":
                wanted.append(name)
        with ThreadPoolExecutor(_READERS) as pool:
            for record in pool.map(lambda name: read_record(self._place, name), wanted):
                if record is not None:
                    self.records[key_of(record.source)] = record
        for record in self._failures():
            known = self.records.get(key_of(record.source))
            if known is None or known.state != "done" or known.finished <= record.finished:
                self.records[key_of(record.source)] = record
        for key, record in list(self.records.items()):
            if record.state == "done" and rows_name(record.source) not in there:
                del self.records[key]

    def waiting(self, records: Iterable[Record]) -> None:
        """Note what is about to be done, before any of it is."""
        self.records |= {key_of(record.source): record for record in records}
        self.summarise()

    def done(self, record: Record) -> None:
        """Take in a file whose rows are in place."""
        key = key_of(record.source)
        self.records[key] = record
        self._place.remove(f"{_FAILURES}/{key}.json")

    def committed(self, source: str) -> Record | None:
        """The record in a source's rows file, if there is one."""
        return read_record(self._place, rows_name(source))

    def failed(self, record: Record) -> None:
        """Keep a failure.

        Rows of an earlier version of the file are taken away, unless the file could not be read: then they are all
        there is.
        """
        key = key_of(record.source)
        self._place.write(f"{_FAILURES}/{key}.json", record.model_dump_json().encode())
        if record.fault == "input" and record.input_stamp:
            self._place.remove(rows_name(record.source))
        self.records[key] = record

    def summarise(self) -> None:
        """Write the status table."""
        buffer = io.BytesIO()
        pq.write_table(as_table(list(self.records.values()), self.schema), buffer, compression="zstd")
        self._place.write(STATUS, buffer.getvalue())

    def _read_summary(self, content: bytes) -> None:
        try:
            records = from_table(pq.read_table(io.BytesIO(content)))
        except (pa.ArrowException, ValidationError) as error:
            step = "Delete that file; what is done is found again from the rows"
            raise ClusterError(f"{self._place.uri}/{STATUS}", f"it is damaged ({error})", step) from error
        self.records = {key_of(record.source): record for record in records}

    def _failures(self) -> list[Record]:
        found = []
        for name in self._place.names(_FAILURES):
            try:
                found.append(Record.model_validate_json(self._place.read(name) or b""))
            except ValidationError:  # not ours; the file counts as never tried
                continue
        return found

    def _check_facts(self, corpus: Corpus, moved: bool) -> None:
        content = self._place.read(_FACTS)
        if content is not None:
            try:
                facts = json.loads(content)
                layout, root = int(facts["layout"]), str(facts["root"])
            except (ValueError, KeyError, TypeError) as error:
                reason = "holds a batch.json that is none of ours"
                raise UsageError(self._place.uri, reason, "Choose another --out") from error
            if layout > _LAYOUT:
                step = "Upgrade with `pip install --upgrade actionunits`"
                raise UsageError(self._place.uri, "a later release wrote it", step)
            if root == corpus.root:
                return
            if not moved:
                step = "Choose another --out, or say --moved if these are the same files in a new place"
                raise UsageError(self._place.uri, f"it holds the results of {root}, not of {corpus.root}", step)
        elif any(name.partition("/")[0] not in ("lock", ".aside") for name in self._place.names()):
            raise UsageError(self._place.uri, "the folder is not empty and holds no batch", "Choose another --out")
        self._place.write(_FACTS, json.dumps({"layout": _LAYOUT, "root": corpus.root}).encode())


def read_status(place: Place) -> pa.Table:
    """The status table of an output.

    Raises:
        UsageError: there is none.
    """
    content = place.read(STATUS)
    if content is None:
        raise UsageError(place.uri, "there are no results of a batch", "Name the --out of `actionunits batch`")
    return pq.read_table(io.BytesIO(content))


def _source_key(name: str) -> str:
    return name.rpartition("/")[2].removesuffix(".parquet")
