"""What is left to do: files that are new, changed, or were analysed in another way."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from actionunits.cluster.identity import Check, identity_of, stamp_of
from actionunits.cluster.inputs import Corpus, CorpusFile
from actionunits.cluster.persistence import storage_errors
from actionunits.cluster.places import shown
from actionunits.cluster.records import Record
from actionunits.pool import cores


@dataclass(frozen=True)
class Plan:
    """What a run does with every file.

    Attributes:
        compute: to analyse, the largest first, so that no worker ends long after the others.
        relabel: only the manifest's columns changed.
        kept: done already, and nothing changed.
        failed: failed before, and nothing changed.
    """

    compute: tuple[CorpusFile, ...]
    relabel: tuple[CorpusFile, ...]
    kept: tuple[CorpusFile, ...]
    failed: tuple[CorpusFile, ...]


def make_plan(
    corpus: Corpus,
    records: Mapping[str, Record],
    work: str,
    *,
    check: Check = "content",
    retry_failed: bool = False,
) -> Plan:
    """Compare every file with its record.

    Args:
        corpus: the files.
        records: what is known, by key.
        work: SHA-256 of weights and options.
        check: ``content`` reads local files that have a record; ``stamp`` trusts size and time.
        retry_failed: try again what failed by its own fault; what failed by the storage's is tried again always.
    """
    names = set(corpus.metadata.names)
    with ThreadPoolExecutor(max(4, cores())) as pool:
        verdicts = list(
            pool.map(lambda file: _verdict(file, records.get(file.key), work, check, retry_failed, names), corpus.files)
        )
    sorted_out: dict[str, list[CorpusFile]] = {"compute": [], "relabel": [], "kept": [], "failed": []}
    for file, verdict in zip(corpus.files, verdicts, strict=True):
        sorted_out[verdict].append(file)
    sorted_out["compute"].sort(key=lambda file: -file.size)
    return Plan(**{name: tuple(files) for name, files in sorted_out.items()})


def _verdict(
    file: CorpusFile, record: Record | None, work: str, check: Check, retry_failed: bool, names: set[str]
) -> str:
    if record is None or record.state == "waiting":
        return "compute"
    if record.state == "failed" and (retry_failed or record.fault == "storage" or not record.input_stamp):
        return "compute"
    if record.work_hash != work:
        return "compute"
    try:
        same = _same(file, record, check)
    except storage_errors():
        if record.state == "done":  # the input is gone: its rows are all there is
            return "kept"
        return "compute"
    if not same:
        return "compute"
    if record.state == "failed":
        return "failed"
    given = {name: file.metadata.get(name) for name in names}
    return "kept" if given == dict(record.metadata) and shown(file.uri) == record.uri else "relabel"


def _same(file: CorpusFile, record: Record, check: Check) -> bool:
    """Whether the input is the one of the record."""
    if check == "stamp" and record.input_stamp:
        return stamp_of(file.uri)[0] == record.input_stamp
    how: Check = "content" if record.input_identity.startswith("sha256:") else "stamp"
    return identity_of(file.uri, how) == record.input_identity
