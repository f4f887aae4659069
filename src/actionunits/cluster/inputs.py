"""From what the user named (folder, pattern, manifest, near or far) to the files to analyse, each with its metadata."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from actionunits.cluster.persistence import persistently, storage_errors
from actionunits.cluster.places import Place, open_file_system, shown
from actionunits.cluster.records import STATUS_COLUMNS, Value, plain
from actionunits.errors import ActionUnitsError, MediaError, UsageError
from actionunits.media import expand_inputs
from actionunits.media.signatures import kind_of_suffix
from actionunits.results.schema import columns

_SIGNS = "*?["
_URI_COLUMNS = ("uri", "path", "source", "file")
_MANIFESTS = (".csv", ".parquet")
_MANIFEST_BYTES = 1 << 30
_PLAIN = (pa.types.is_string, pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)


@dataclass(frozen=True)
class CorpusFile:
    """One file to analyse.

    Attributes:
        source: what its rows say: its path relative to the folder, or as the manifest has it.
        uri: where to read it; absolute.
        metadata: the manifest's further columns.
        size: bytes where known, else 0.
    """

    source: str
    uri: str
    metadata: Mapping[str, Value] = field(default_factory=dict)
    size: int = 0

    @property
    def key(self) -> str:
        """32 hexadecimal digits, the same for the same source on every run."""
        return key_of(self.source)


def key_of(source: str) -> str:
    """The name of a source's files in the output: 32 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(source.encode("utf-8", "surrogateescape")).hexdigest()[:32]


@dataclass(frozen=True)
class Corpus:
    """The files of a batch.

    Attributes:
        root: what sources are relative to: a folder's address.
        files: each once, in order.
        metadata: names and types of the manifest's columns.
        failures: folders and files that could not be looked at.
    """

    root: str
    files: tuple[CorpusFile, ...]
    metadata: pa.Schema = field(default_factory=lambda: pa.schema([]))
    failures: tuple[ActionUnitsError, ...] = ()


def find_corpus(named: str) -> Corpus:
    """Find the files of a folder, a pattern, a manifest or a single file; a path or a URI that fsspec knows.

    A manifest is a CSV or Parquet file with a column ``uri`` (or ``path``, ``source``, ``file``), paths relative to the
    manifest's folder; its other columns, such as ``subject``, are carried through. A CSV's cells stay text.

    Raises:
        UsageError: nothing is there, the manifest is malformed, or it names a file twice.
    """
    remote = "://" in named
    suffix = PurePosixPath(named).suffix.lower()
    if suffix in _MANIFESTS:
        return _from_manifest(named)
    corpus = _from_store(named) if remote else _from_disk(named)
    if not corpus.files:
        if corpus.failures:
            raise corpus.failures[0]
        raise UsageError(shown(named), "there is no picture or video", "Name a folder, a pattern or a manifest")
    return corpus


def _from_disk(named: str) -> Corpus:
    path = Path(named)
    expanded = expand_inputs([named])
    root = path if path.is_dir() else _root_of(path)
    absolute = Path(os.path.abspath(root))  # noqa: PTH100 - resolve() would follow links
    files = []
    for one in expanded.inputs:
        place = os.path.abspath(one.path)  # noqa: PTH100
        source = Path(os.path.relpath(place, absolute)).as_posix()
        files.append(CorpusFile(source, place, size=_size_of(place)))
    return Corpus(absolute.as_posix(), tuple(files), failures=expanded.failures)


def _root_of(path: Path) -> Path:
    """The folder above the first part of a path that is a pattern, or above a file."""
    if path.exists():
        return path.parent
    for parent in reversed([path, *path.parents]):
        if any(sign in parent.name for sign in _SIGNS):
            return parent.parent
    return path.parent


def _from_store(named: str) -> Corpus:
    system, path = open_file_system(named)
    protocol = named.partition("://")[0]
    is_pattern = any(sign in path for sign in _SIGNS)
    base = path
    while any(sign in base for sign in _SIGNS):
        base = base.rpartition("/")[0]
    try:
        if is_pattern:
            found = persistently(lambda: system.glob(path, detail=True))
        else:
            found = persistently(lambda: system.find(path, detail=True))
    except storage_errors() as error:
        step = "Check the address, the network and your credentials"
        raise UsageError(shown(named), f"it cannot be listed ({error})", step) from error
    if list(found) == [path]:
        base = path.rpartition("/")[0]
    prefix = named[: named.index("://") + 3] + _server_of(named, protocol)
    files = [
        CorpusFile(str(name)[len(base) :].lstrip("/"), prefix + str(name).lstrip("/"), size=int(facts.get("size") or 0))
        for name, facts in sorted(found.items())
        if facts.get("type") == "file" and _is_media(str(name)[len(base) :])
    ]
    return Corpus(shown(prefix + base.lstrip("/")), tuple(files))


def _server_of(named: str, protocol: str) -> str:
    """``user@host/`` for protocols whose paths do not begin with it."""
    if protocol not in ("sftp", "ssh", "smb", "ftp"):
        return ""
    return named.partition("://")[2].partition("/")[0] + "/"


def _is_media(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return kind_of_suffix(Path(name)) is not None and not any(part.startswith(".") for part in parts)


def _from_manifest(named: str) -> Corpus:
    table = _manifest_table(named)
    column = next((name for name in _URI_COLUMNS if name in table.column_names), None)
    if column is None:
        step = f"Name the column of paths {' or '.join(_URI_COLUMNS)}"
        raise UsageError(shown(named), "the manifest has no column of files", step)
    root = named.rpartition("/")[0] if "://" in named else Path(os.path.abspath(named)).parent.as_posix()  # noqa: PTH100
    rest = [name for name in table.column_names if name != column]
    taken = {each.name for each in columns(())} | set(STATUS_COLUMNS)
    for name in rest:
        if name in taken or name.startswith("AU"):
            raise UsageError(f"{shown(named)}: column {name}", "results have a column of that name", "Rename it")
    fields = [table.schema.field(name) for name in rest]
    schema = pa.schema([pa.field(one.name, one.type if _is_plain(one.type) else pa.string()) for one in fields])
    cells = [table[name].to_pylist() for name in rest]
    files: dict[str, CorpusFile] = {}
    for row, source in enumerate(table[column].to_pylist()):
        if not isinstance(source, str) or not source.strip():
            raise UsageError(shown(named), f"row {row + 1} names no file", "Fill in the path or drop the row")
        if shown(source) in files:
            raise UsageError(f"{shown(named)}: {shown(source)}", "it is named twice", "Keep one of the rows")
        metadata = {name: plain(cells[place][row]) for place, name in enumerate(rest)}
        uri = source if "://" in source or Path(source).is_absolute() else f"{root}/{source}"
        files[shown(source)] = CorpusFile(shown(source), uri, metadata, _size_of(uri))
    if not files:
        raise UsageError(shown(named), "the manifest has no rows", "Name a file a row")
    return Corpus(shown(root), tuple(files.values()), schema)


def _manifest_table(named: str) -> pa.Table:
    folder, _, name = named.rpartition("/")
    place = Place(folder if folder else ("/" if named.startswith("/") else "."))
    try:
        if place.names(name).get(name, 0) > _MANIFEST_BYTES:
            raise UsageError(shown(named), "the manifest is larger than 1 GB", "Split it into several runs")
        content = place.read(name)
    except storage_errors() as error:
        raise UsageError(shown(named), f"the manifest cannot be read ({error})", "Check the path") from error
    if content is None:
        raise UsageError(shown(named), "there is no such file", "Check the path")
    try:
        if named.lower().endswith(".parquet"):
            return pq.read_table(io.BytesIO(content))
        header = pyarrow.csv.open_csv(io.BytesIO(content)).schema.names
        text = pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=True, null_values=[""]
        )
        return pyarrow.csv.read_csv(io.BytesIO(content), convert_options=text)
    except (pa.ArrowException, ValueError) as error:
        reason = f"it is no manifest ({str(error).splitlines()[0]})"
        raise UsageError(shown(named), reason, "Give a CSV or Parquet file with a column uri") from error


def _is_plain(kind: pa.DataType) -> bool:
    return any(check(kind) for check in _PLAIN)


def _size_of(uri: str) -> int:
    """A local file's size; stores are not asked about every file beforehand."""
    if "://" in uri:
        return 0
    try:
        return Path(uri).stat().st_size
    except OSError:
        return 0


def missing(uri: str) -> MediaError:
    """The error for a file that is not there."""
    return MediaError(shown(uri), "there is no such file", "Check the path")
