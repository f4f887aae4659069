"""All frames of a store but their pictures: labels, landmarks, names, and who comes before and after whom."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from actionunits.facs import AUSet, AUSetLike
from actionunits.loading.windows import Window
from actionunits.store import LabelKind, Store
from actionunits.store.reader import FRAMES_FILE
from actionunits.store.schema import POINTS, UNKNOWN, label_kinds
from actionunits.store.tables import read_table

Rows = NDArray[np.int64]


class Frames:
    """The frames of a store. A copy in another process takes the store's path along, and reads for itself.

    Args:
        store: opened.
        aus: AUs that have labels here; A of them.

    Attributes:
        store: the same.
        aus: the same.
        occurrence: (F, A) int8, -1 for unknown.
        intensity: (F, A) int8, -1 for unknown, as are all of a store that has none.
        number: (F,) int64, of the frame in its sequence.

    Raises:
        UsageError: the store has no labels of an AU.
        StoreError: its files are damaged.
    """

    def __init__(self, store: Store, aus: AUSetLike) -> None:
        self.store = store
        self.aus = AUSet.parse(aus)
        self._read()

    def __getstate__(self) -> dict[str, Any]:
        return {"store": self.store, "aus": self.aus}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._read()

    def names(self, rows: Rows) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Subject and sequence of each row."""
        places = self._sequence[rows].tolist()
        return tuple(self._subjects[place] for place in places), tuple(self._sequences[place] for place in places)

    def sequences(self, rows: Rows) -> Rows:
        """The number of the sequence that each row belongs to, from 0, in the store's order."""
        return self._sequence[rows]

    def landmarks(self, rows: Rows) -> NDArray[np.float32]:
        """The landmarks of some rows, (*rows.shape, 68, 2), pixels of the stored picture; NaN if the store has none."""
        if "landmarks" in self.store.header.contents:
            return self.store.landmarks(rows)
        return np.full((*rows.shape, POINTS, 2), np.nan, np.float32)

    def window(self, rows: Rows, window: Window) -> Rows:
        """The rows of the windows around some rows.

        Args:
            rows: (N,).
            window: T frames.

        Returns:
            (N, T), never of another sequence. Where it has no frame of that number, the nearest one; of two equally
            near ones the earlier.
        """
        place = self._sequence[rows][:, None]  # (N, 1)
        first, last = self._starts[place], self._starts[place + 1] - 1
        number = self.number[rows][:, None] + np.array(window.offsets)  # (N, T)
        wanted = np.clip(number, self.number[first], self.number[last])
        after = np.searchsorted(self._order, self._key(place, wanted))  # the first that is not earlier
        before = np.maximum(after - 1, first)
        nearer = wanted - self.number[before] <= self.number[after] - wanted
        return np.where(nearer, before, after)

    def _key(self, sequence: Rows, number: Rows) -> Rows:
        """A number that rises from row to row: by sequence, then by frame."""
        return sequence * (1 << 32) + number

    def _read(self) -> None:
        store = self.store
        self.occurrence = self._labels("occurrence")
        self.intensity = self._labels("intensity")
        self._subjects, self._sequences, lengths = (
            store.sequences[name].to_pylist() for name in ("subject", "sequence", "frames")
        )
        self._starts = np.cumsum([0, *lengths])
        self._sequence = np.repeat(np.arange(len(lengths)), lengths)
        table = read_table(store.folder / FRAMES_FILE, len(store), columns=["frame"])
        self.number = table["frame"].to_numpy().astype(np.int64)
        self._order = self._key(self._sequence, self.number)
        self.landmarks(np.array([0]))  # read now, so that workers that are forked share them

    def _labels(self, kind: LabelKind) -> NDArray[np.int8]:
        if kind in label_kinds(self.store.header.contents):
            return self.store.labels(self.aus, kind)
        return np.full((len(self.store), len(self.aus)), UNKNOWN, np.int8)
