"""Several stores as one, to train on some data sets and test on another."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from actionunits.errors import UsageError
from actionunits.facs import AUSet
from actionunits.store.header import Counts, Scalar, StoreHeader
from actionunits.store.reader import Store
from actionunits.store.schema import frame_schema


class StoreUnion(Store):
    """Stores of different data sets in one, read only: those AUs and columns that all of them have.

    Subjects and sequences are called ``DATASET/NAME``, and what the protocol says ``DATASET.NAME``.

    Args:
        stores: two or more, of different data sets, cropped alike.

    Attributes:
        stores: the same, in the order of the rows.

    Raises:
        UsageError: fewer than two, two of one data set, other crops, or no AU in common.
    """

    def __init__(self, stores: Sequence[Store]) -> None:
        self._unite(tuple(stores))

    def __getstate__(self) -> dict[str, Path]:
        return {str(place): store.folder for place, store in enumerate(self.stores)}

    def __setstate__(self, state: dict[str, Path]) -> None:
        self._unite(tuple(Store(folder) for folder in state.values()))

    def jpeg(self, row: int) -> memoryview:
        """The JPEG file of a frame; as :meth:`Store.jpeg`."""
        if not 0 <= row < len(self):
            raise IndexError(f"row {row} of stores of {len(self)} frames")
        place = bisect_right(self._firsts, row) - 1
        return self.stores[place].jpeg(int(row) - self._firsts[place])

    def _unite(self, stores: tuple[Store, ...]) -> None:
        self.stores = stores
        names = [store.header.dataset for store in stores]
        if len(stores) < 2 or len(set(names)) < len(names):
            raise UsageError(
                ", ".join(names) or "stores", "cannot be put together", "Name two or more data sets, once each"
            )
        for what in ("crop_hash", "image_size"):
            if len({getattr(store.header, what) for store in stores}) > 1:
                raise UsageError(", ".join(names), "were cropped differently", "Prepare them with one --crop")
        self.folder = Path("+".join(str(store.folder) for store in stores))
        self.header = self._common_header()
        self._firsts = np.cumsum([0, *(len(store) for store in stores[:-1])]).tolist()
        columns = ("sequence", "subject", "frames")
        self.sequences = self._stacked([store.sequences.select(columns) for store in stores])
        self.subjects = self._stacked([store.subjects.select(["subject"]) for store in stores])
        self._names = self.sequences["sequence"].to_pylist()
        self._starts = np.cumsum([0, *self.sequences["frames"].to_pylist()[:-1]]).tolist()

    def _common_header(self) -> StoreHeader:
        headers = [store.header for store in self.stores]
        aus = AUSet(headers[0].aus)
        for header in headers[1:]:
            aus &= AUSet(header.aus)
        if not aus:
            names = ", ".join(header.dataset for header in headers)
            raise UsageError(names, "have no AU in common", "Choose other data sets")
        protocol: dict[str, Scalar] = {
            f"{header.dataset}.{key}": value for header in headers for key, value in header.protocol.items()
        }
        hashes = " ".join(header.frames_sha256 for header in headers)
        return StoreHeader(
            dataset="+".join(header.dataset for header in headers),
            protocol=protocol,
            crop=headers[0].crop,
            crop_hash=headers[0].crop_hash,
            image_size=headers[0].image_size,
            aus=aus.numbers,
            contents=tuple(each for each in headers[0].contents if all(each in header.contents for header in headers)),
            counts=Counts(
                subjects=sum(header.counts.subjects for header in headers),
                sequences=sum(header.counts.sequences for header in headers),
                frames=sum(header.counts.frames for header in headers),
            ),
            frames_sha256=hashlib.sha256(hashes.encode()).hexdigest(),
        )

    def _read(self, columns: list[str] | None) -> pa.Table:
        wanted = columns or frame_schema(self.au_set, self.header.contents).names
        return self._stacked([store._read(wanted) for store in self.stores])

    def _stacked(self, tables: Sequence[pa.Table]) -> pa.Table:
        """One table, every subject and sequence with its data set before it."""
        named = []
        for store, table in zip(self.stores, tables, strict=True):
            for name in {"subject", "sequence"} & set(table.column_names):
                texts = [f"{store.header.dataset}/{each}" for each in table[name].to_pylist()]
                table = table.set_column(table.column_names.index(name), name, pa.array(texts, pa.string()))
            named.append(table)
        return pa.concat_tables(named).combine_chunks()
