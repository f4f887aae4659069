"""Filling a store, sequence by sequence: killed at any moment, it goes on where it stopped."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from actionunits.atomic import write_failure
from actionunits.errors import StoreError, UsageError
from actionunits.store.flow import FLOW_FOLDER
from actionunits.store.header import (
    BEGUN_FILE,
    HEADER_FILE,
    Counts,
    StoreHeader,
    StoreSettings,
    read_facts,
    write_facts,
)
from actionunits.store.pictures import Pictures, write_pictures
from actionunits.store.reader import FRAMES_FILE, IMAGES_FOLDER, SEQUENCES_FILE, SUBJECTS_FILE, Store
from actionunits.store.schema import FrameRow, check_frames, check_name, frame_schema, frames_table, is_name
from actionunits.store.tables import read_table, write_table

PARTS_FOLDER = "parts"
_ASIDE = re.compile(r"\..*\.part-\d+-[0-9a-f]{8}\.\w+")  # what a killed writer leaves behind
_OTHER_FOLDER = "Choose another folder, or pass overwrite=True"


class StoreWriter:
    """Writes a store. Make one, hand it to the processes that shall add sequences, and finish in one of them.

    Every sequence is two files, pictures and rows, each written aside and renamed, the rows last; a sequence that has
    its rows is complete. The finished store has the same bytes whatever was interrupted, whoever added what, and in
    whatever order.

    Args:
        folder: where; made if it is missing.
        settings: what the store holds; a folder that was begun with others is refused.
        resume: go on with a folder that was begun with these settings; False refuses it.
        overwrite: throw away what a store, begun or finished, holds in this folder.

    Raises:
        StoreError: the folder holds a finished store, a store begun with other settings, or files that are no store;
            or it cannot be written to. Files that are no store are never touched.
    """

    def __init__(
        self, folder: str | Path, settings: StoreSettings, *, resume: bool = True, overwrite: bool = False
    ) -> None:
        self.folder = Path(folder)
        self.settings = settings
        try:
            self._begin(resume, overwrite)
        except OSError as failure:
            raise write_failure(self.folder, failure, StoreError) from failure

    def has(self, sequence: str) -> bool:
        """Whether a sequence is complete.

        Raises:
            UsageError: it cannot be a sequence's name.
        """
        return self._part(sequence).is_file()

    def add(self, sequence: str, frames: pa.Table | Sequence[FrameRow], jpegs: Sequence[bytes]) -> None:
        """Write one sequence; different processes may add different sequences at the same time.

        Args:
            sequence: its name, at most 100 of ``A-Z a-z 0-9 _ . -``. What it held before is replaced.
            frames: its rows, of one subject, frame numbers rising.
            jpegs: the JPEG file of every row, of the store's size.

        Raises:
            UsageError: the rows do not follow :func:`~actionunits.store.schema.frame_schema`, rows and pictures differ
                in number, or the store is finished.
            StoreError: the files cannot be written.
        """
        part = self._part(sequence)
        if (self.folder / HEADER_FILE).exists():
            raise UsageError(self.folder, "this store is finished", "Write another store")
        aus, contents = self.settings.au_set, self.settings.contents
        table = frames if isinstance(frames, pa.Table) else frames_table(sequence, frames, aus, contents)
        table = check_frames(table, sequence, aus, contents)
        if len(jpegs) != len(table):
            raise UsageError(f"sequence {sequence}", f"{len(jpegs)} pictures for {len(table)} frames", "Give one each")
        part.unlink(missing_ok=True)  # never rows of one writing beside pictures of another
        write_pictures(self.folder / IMAGES_FOLDER / f"{sequence}.arrow", jpegs, self.settings.image_size)
        write_table(part, table)

    def finish(self, subjects: pa.Table, sequences: pa.Table) -> Store:
        """Merge the sequences, write the header, and open the store.

        Args:
            subjects: first column ``subject``; the other columns are free.
            sequences: first column ``sequence``; also ``subject`` and whatever else is known, such as ``fps`` and
                ``seed``, which are empty if they are missing; ``frames``, the number of frames, is filled in.

        Raises:
            UsageError: the tables name other subjects or sequences than were added.
            StoreError: the files cannot be read or written.
        """
        parts = sorted(path.stem for path in (self.folder / PARTS_FOLDER).glob("*.parquet") if is_name(path.stem))
        names, shown = _two_columns(sequences, "sequence", "subject")
        _require_same("sequences", names, parts)
        owners = dict(zip(names, shown, strict=True))
        if len({name.lower() for name in parts}) < len(parts):
            raise UsageError("sequences", "two names differ only in case", "Rename one: some systems cannot keep both")
        order = sorted(parts, key=lambda name: (owners[name], name))
        tables = [self._checked_part(name, owners[name]) for name in order]
        _require_same("subjects", _two_columns(subjects, "subject", "subject")[0], sorted(set(shown)))
        write_table(self.folder / FRAMES_FILE, pa.concat_tables(tables))
        write_table(self.folder / SUBJECTS_FILE, subjects.sort_by("subject"))
        lengths = {name: len(table) for name, table in zip(order, tables, strict=True)}
        write_table(self.folder / SEQUENCES_FILE, _completed(sequences, lengths))
        header = StoreHeader(
            **self.settings.model_dump(),
            counts=Counts(subjects=len(subjects), sequences=len(order), frames=sum(lengths.values())),
            frames_sha256=_sha256(self.folder / FRAMES_FILE),
        )
        write_facts(self.folder / HEADER_FILE, header)
        try:
            self._tidy(frozenset(order))
        except OSError as failure:
            raise write_failure(self.folder, failure, StoreError) from failure
        return Store(self.folder)

    def _part(self, sequence: str) -> Path:
        check_name(sequence, "sequence")
        return self.folder / PARTS_FOLDER / f"{sequence}.parquet"

    def _checked_part(self, sequence: str, subject: str) -> pa.Table:
        """The rows of a sequence, whose pictures are as many and whose subject is the one told."""
        schema = frame_schema(self.settings.au_set, self.settings.contents)
        table = read_table(self._part(sequence), schema=schema)
        pictures = Pictures(self.folder / IMAGES_FOLDER / f"{sequence}.arrow")
        if len(pictures) != len(table):
            raise StoreError(pictures.path, f"has {len(pictures)} pictures for {len(table)} frames", "Add it again")
        found = table["subject"][0].as_py()
        if found != subject:
            raise UsageError(
                f"sequence {sequence}", f"shows {found}, but the table says {subject}", "Correct the table"
            )
        return table

    def _begin(self, resume: bool, overwrite: bool) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        names = {path.name for path in self.folder.iterdir() if not _ASIDE.fullmatch(path.name)}
        ours = names & {HEADER_FILE, BEGUN_FILE}
        if names and not ours:
            raise StoreError(self.folder, "holds files that are no store", "Choose an empty or a new folder")
        if ours and overwrite:
            self._discard()
        elif HEADER_FILE in ours:
            raise StoreError(self.folder, "holds a finished store", _OTHER_FOLDER)
        elif ours and not resume:
            raise StoreError(self.folder, "holds a store that was begun", f"{_OTHER_FOLDER}, or pass resume=True")
        elif ours:
            self._require_same_settings()
        if BEGUN_FILE not in names or overwrite:
            write_facts(self.folder / BEGUN_FILE, self.settings)
            (self.folder / HEADER_FILE).unlink(missing_ok=True)
        for name in (IMAGES_FOLDER, PARTS_FOLDER):
            (self.folder / name).mkdir(exist_ok=True)

    def _require_same_settings(self) -> None:
        begun = read_facts(self.folder / BEGUN_FILE, StoreSettings).model_dump()
        wanted = self.settings.model_dump()
        other = [name for name in wanted if begun[name] != wanted[name]]
        if other:
            said = "; ".join(f"{name}: {begun[name]!s:.80}, now {wanted[name]!s:.80}" for name in other)
            raise StoreError(self.folder, f"was begun with other settings ({said})", _OTHER_FOLDER)

    def _discard(self) -> None:
        """Delete what a store wrote, and nothing else; the file that marks it as a store goes last, in `_begin`."""
        wrote = (
            (PARTS_FOLDER, "*.parquet"),
            (IMAGES_FOLDER, "*.arrow"),
            (FLOW_FOLDER, "*.json"),
            (FLOW_FOLDER, "*.arrow"),
        )
        for folder, kind in wrote:
            for path in (self.folder / folder).glob(kind):
                path.unlink()
        for name in (FRAMES_FILE, SUBJECTS_FILE, SEQUENCES_FILE):
            (self.folder / name).unlink(missing_ok=True)

    def _tidy(self, sequences: frozenset[str]) -> None:
        """Delete what only the making needed, and the traces of writers that were killed."""
        for path in (self.folder / IMAGES_FOLDER).glob("*.arrow"):
            if path.stem not in sequences:
                path.unlink()
        parts = self.folder / PARTS_FOLDER
        for path in parts.glob("*.parquet"):
            path.unlink()
        if not any(parts.iterdir()):
            parts.rmdir()
        for path in self.folder.iterdir():
            if _ASIDE.fullmatch(path.name):
                path.unlink()
        (self.folder / BEGUN_FILE).unlink()


def _two_columns(table: pa.Table, first: str, second: str) -> tuple[list[str], list[str]]:
    if table.num_columns == 0 or table.column_names[0] != first or second not in table.column_names:
        found = ", ".join(table.column_names[:5])
        raise UsageError(f"columns {found}", f"the first must be {first}, and {second} must be there", "Reorder them")
    return [str(name) for name in table[first].to_pylist()], [str(name) for name in table[second].to_pylist()]


def _require_same(what: str, named: Sequence[str], written: Sequence[str]) -> None:
    names = sorted(named)
    if names == list(written) and names:
        return
    odd = sorted(set(names) ^ set(written))[:5]
    reason = f"the table and what was added differ ({', '.join(odd) or 'a name stands there twice, or none'})"
    raise UsageError(what, reason, "Name each that was added once")


def _completed(sequences: pa.Table, lengths: dict[str, int]) -> pa.Table:
    """The table in the order of the store, with its required columns in front."""
    table = sequences.sort_by([("subject", "ascending"), ("sequence", "ascending")])
    columns = {name: table[name] for name in table.column_names}
    frames = [lengths[name] for name in table["sequence"].to_pylist()]
    if "frames" in columns and columns["frames"].to_pylist() != frames:
        raise UsageError("sequences", "column frames does not count what was added", "Leave the column out")
    front = {
        "sequence": columns["sequence"],
        "subject": columns["subject"],
        "frames": pa.array(frames, pa.int32()),
        "fps": columns.get("fps", pa.nulls(len(table), pa.float64())),
        "seed": columns.get("seed", pa.nulls(len(table), pa.int64())),
    }
    return pa.table(front | {name: values for name, values in columns.items() if name not in front})


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
