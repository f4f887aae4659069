"""Reading a store in any order, from as many processes as there are."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from actionunits.errors import StoreError, UsageError
from actionunits.facs import AUSet, AUSetLike
from actionunits.media import MAX_PIXELS
from actionunits.store.header import HEADER_FILE, StoreHeader, read_facts
from actionunits.store.pictures import Pictures, jpeg_size
from actionunits.store.schema import (
    UNKNOWN,
    LabelKind,
    frame_schema,
    highest_label,
    is_name,
    label_column,
    label_kinds,
    landmark_array,
)
from actionunits.store.tables import read_table

FRAMES_FILE = "frames.parquet"
SUBJECTS_FILE = "subjects.parquet"
SEQUENCES_FILE = "sequences.parquet"
IMAGES_FOLDER = "images"
_AGAIN = "Make the store again, or copy it anew"


class Store:
    """A finished store, read only.

    Opening reads and checks the header, the lists of subjects and sequences, and the checksum of the frames; the rest
    is read when it is first asked for. A store that is copied to another process takes only its path along.

    Args:
        folder: the folder with ``store.json``.

    Attributes:
        folder: the same.
        header: the contents of ``store.json``.
        subjects: one row a subject.
        sequences: one row a sequence, in the order of the frames.

    Raises:
        StoreError: files are missing, damaged, or do not belong together.
    """

    def __init__(self, folder: str | Path) -> None:
        self._open(Path(folder))
        self._check_frames()

    def _open(self, folder: Path) -> None:
        self.folder = folder
        self.header: StoreHeader = read_facts(folder / HEADER_FILE, StoreHeader)
        counts = self.header.counts
        self.subjects: pa.Table = read_table(folder / SUBJECTS_FILE, counts.subjects)
        self.sequences: pa.Table = read_table(folder / SEQUENCES_FILE, counts.sequences)
        self._names, self._starts = self._spans()
        self._opened: dict[str, Pictures] = {}

    def __getstate__(self) -> dict[str, Path]:
        return {"folder": self.folder}

    def __setstate__(self, state: dict[str, Path]) -> None:
        self._open(state["folder"])

    def __len__(self) -> int:
        return self.header.counts.frames

    def __repr__(self) -> str:
        counts = self.header.counts
        return (
            f"<Store {self.folder}: {counts.subjects} subjects, {counts.sequences} sequences, {counts.frames} frames>"
        )

    @cached_property
    def frames(self) -> pa.Table:
        """All rows of ``frames.parquet``; see :func:`~actionunits.store.schema.frame_schema`."""
        return self._read(None)

    @property
    def au_set(self) -> AUSet:
        """The AUs that the store has labels of."""
        return self.header.au_set

    def jpeg(self, row: int) -> memoryview:
        """The JPEG file of a frame, not copied.

        Args:
            row: of :attr:`frames`, 0 to ``len(store) - 1``.

        Raises:
            StoreError: the file of its sequence is missing, damaged, or has another number of pictures.
            IndexError: there is no such row.
        """
        name, place = self.place_of(row)
        return self._pictures(name)[place]

    def place_of(self, row: int) -> tuple[str, int]:
        """The sequence of a frame, and its place there, from 0.

        Raises:
            IndexError: there is no such row.
        """
        if not 0 <= row < len(self):
            raise IndexError(f"row {row} of a store of {len(self)} frames")
        place = bisect_right(self._starts, row) - 1
        return self._names[place], int(row) - self._starts[place]

    def image(self, row: int) -> NDArray[np.uint8]:
        """The picture of a frame: (H, W, 3) uint8 RGB.

        Raises:
            StoreError: as :meth:`jpeg`, or the picture cannot be decoded or has another size than the store says.
            IndexError: there is no such row.
        """
        data = self.jpeg(row)
        about = f"{self.folder}, row {row}"
        try:
            width, height = jpeg_size(bytes(data))
        except ValueError as failure:
            raise StoreError(about, f"cannot be decoded: {failure}", _AGAIN) from failure
        if (width, height) != (self.header.image_size or (width, height)) or width * height > MAX_PIXELS:
            raise StoreError(about, f"is a picture of {width} x {height}, not of the store's size", _AGAIN)
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        if bgr is None:
            raise StoreError(about, "cannot be decoded as JPEG", _AGAIN)
        image: NDArray[np.uint8] = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB, dst=bgr)
        return image

    def landmarks(self, rows: int | slice | NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Landmarks in pixels of the stored picture, NaN where unknown.

        Args:
            rows: one row, or what NumPy takes as an index.

        Returns:
            (68, 2) for one row, (N, 68, 2) for several; float32, the caller's own.

        Raises:
            UsageError: the store has no landmarks.
        """
        if "landmarks" not in self.header.contents:
            raise UsageError(self.folder, "this store has no landmarks", "Use another store")
        return np.array(self._landmarks[rows])

    def labels(self, aus: AUSetLike, kind: LabelKind = "occurrence") -> NDArray[np.int8]:
        """The labels of all frames.

        Args:
            aus: which AUs (A of them).
            kind: ``occurrence`` (0, 1), ``intensity`` (0-5), or ``left`` or ``right`` (0-5, the person's own side).

        Returns:
            (N, A) int8; -1 is unknown.

        Raises:
            UsageError: the store has no labels of an AU, or none of this kind.
            StoreError: a label is out of range.
        """
        wanted = AUSet.parse(aus)
        columns = [label_column(au, kind) for au in wanted]
        missing = wanted - self.au_set
        if missing or kind not in label_kinds(self.header.contents):
            what = f"of AU {missing}" if missing else f"of kind {kind}"
            raise UsageError(self.folder, f"this store has no labels {what}", f"It has AU {self.au_set}")
        table = self._read(columns)
        labels = np.stack([table[name].to_numpy() for name in columns], axis=1)
        if labels.min() < UNKNOWN or labels.max() > highest_label(kind):
            raise StoreError(self.folder / FRAMES_FILE, f"holds {kind} labels that are out of range", _AGAIN)
        return labels

    def split(self, subjects: Iterable[str]) -> NDArray[np.int64]:
        """The rows of some subjects, rising.

        Raises:
            UsageError: a subject is not in the store, or none is named.
        """
        if isinstance(subjects, str):
            raise UsageError(repr(subjects), "is one name, not a list of subjects", f"Write [{subjects!r}]")
        wanted = frozenset(subjects)
        owners = self.sequences["subject"].to_pylist()
        unknown = sorted(wanted.difference(owners))
        if unknown or not wanted:
            what = f"subject {unknown[0]}" if unknown else "subjects"
            raise UsageError(what, f"not in {self.folder}", "See the column subject of subjects.parquet")
        spans = zip(owners, self._starts, [*self._starts[1:], len(self)], strict=True)
        return np.concatenate([np.arange(start, stop) for owner, start, stop in spans if owner in wanted])

    def rows_of(self, sequence: str) -> range:
        """The rows of one sequence.

        Raises:
            UsageError: it is not in the store.
        """
        if sequence not in self._names:
            raise UsageError(f"sequence {sequence}", f"not in {self.folder}", "See sequences.parquet")
        place = self._names.index(sequence)
        return range(self._starts[place], [*self._starts[1:], len(self)][place])

    @cached_property
    def _landmarks(self) -> NDArray[np.float32]:
        return landmark_array(self._read(["landmarks"]))

    def _read(self, columns: list[str] | None) -> pa.Table:
        schema = frame_schema(self.au_set, self.header.contents)
        return read_table(self.folder / FRAMES_FILE, len(self), schema, columns)

    def _pictures(self, name: str) -> Pictures:
        pictures = self._opened.get(name)
        if pictures is None:
            pictures = Pictures(self.folder / IMAGES_FOLDER / f"{name}.arrow")
            frames = len(self.rows_of(name))
            if len(pictures) != frames:
                raise StoreError(pictures.path, f"has {len(pictures)} pictures for {frames} frames", _AGAIN)
            self._opened[name] = pictures
        return pictures

    def _spans(self) -> tuple[list[str], list[int]]:
        """The names of the sequences, and the row where each begins."""
        path, table = self.folder / SEQUENCES_FILE, self.sequences
        if table.column_names[:3] != ["sequence", "subject", "frames"] or self.subjects.column_names[:1] != ["subject"]:
            raise StoreError(path, "this table, or that of the subjects, lacks its required columns", _AGAIN)
        names, owners, lengths = (table[name].to_pylist() for name in table.column_names[:3])
        if not all(map(is_name, names)) or len(set(names)) < len(names):
            raise StoreError(path, "names a sequence twice, or with characters that are not allowed", _AGAIN)
        if not all(isinstance(length, int) and length > 0 for length in lengths) or sum(lengths) != len(self):
            raise StoreError(path, f"its sequences do not add up to the header's {len(self)} frames", _AGAIN)
        if self.subjects["subject"].to_pylist() != sorted(set(map(str, owners))) or not all(map(is_name, owners)):
            raise StoreError(path, "its subjects are not those of subjects.parquet", _AGAIN)
        if list(zip(owners, names, strict=True)) != sorted(zip(owners, names, strict=True)):
            raise StoreError(path, "its sequences are not in order", _AGAIN)
        starts = np.cumsum([0, *lengths[:-1]])
        return names, starts.tolist()

    def _check_frames(self) -> None:
        """Require the frames that the header speaks of, in the order of the sequences."""
        path = self.folder / FRAMES_FILE
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as failure:
            raise StoreError(path, f"cannot be read ({failure.strerror or failure})", _AGAIN) from failure
        if found != self.header.frames_sha256:
            raise StoreError(path, "is not the file that the store's header speaks of", _AGAIN)
        table = self._read(["subject", "sequence"])
        lengths = np.diff([*self._starts, len(self)])
        for name in ("sequence", "subject"):
            told = np.repeat(np.array(self.sequences[name].to_pylist(), object), lengths)
            if not table[name].equals(pa.chunked_array([pa.array(told, pa.string())])):
                raise StoreError(path, f"its column {name} does not follow sequences.parquet", _AGAIN)
