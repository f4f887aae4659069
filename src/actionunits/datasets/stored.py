"""A store whose pictures were not cropped, as `synth generate` writes it, as a data set to cut faces out of."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from actionunits.datasets.dataset import Dataset, Finding
from actionunits.datasets.pictures import StoredPictures
from actionunits.datasets.protocol import Kind, Protocol
from actionunits.datasets.recording import Recording
from actionunits.errors import DatasetError, UsageError
from actionunits.store import LabelKind, Store, StoreSettings, label_column
from actionunits.store.schema import GAZE, POSE, label_kinds, landmark_array, visible_array


class StoredFaces(Dataset):
    """The faces of a store. Nothing that the store knows is lost: labels, sides, pose, gaze, what is known of people.

    Args:
        folder: of the store.
        protocol: AUs may be chosen; everything else was settled when the store was made.

    Raises:
        UsageError: the pictures are cropped already, the store has no labels of an AU, or the protocol asks for more.
        StoreError: the store is damaged, or was written by a later release.
    """

    name: ClassVar[Kind] = "store"

    def __init__(self, folder: Path, protocol: Protocol) -> None:
        if replace(protocol, aus=None) != Protocol():
            reason = "a store's labels and frames were chosen when it was made"
            raise UsageError("occurs_from, cameras or frame_policy", reason, "Leave them out")
        self._store = Store(folder)
        if self._store.header.crop is not None:
            reason = f"its pictures are cropped already, as {self._store.header.crop}"
            raise UsageError(folder, reason, "Start from what it was made of")
        super().__init__(folder, protocol, protocol.au_set(self._store.au_set))
        foreign = self.aus - self._store.au_set
        if foreign:
            raise UsageError(f"aus={self.aus}", f"the store has no labels of {foreign}", f"It has {self._store.au_set}")

    def settings(self) -> StoreSettings:
        """What the new store says of itself: what this one says."""
        header = self._store.header
        return StoreSettings(
            dataset=header.dataset,
            protocol=header.protocol,
            aus=tuple(self.aus),
            contents=header.contents,
            made_by=header.made_by,
        )

    def subjects_table(self) -> pa.Table:
        """What the store knows of the people."""
        return self._store.subjects

    def sequences_table(self) -> pa.Table:
        """What the store knows of the sequences, but for their lengths: frames may get lost."""
        return self._store.sequences.drop_columns(["frames"])

    def sequences(self) -> tuple[str, ...]:
        """Names of the recordings, sorted."""
        return tuple(sorted(self._facts))

    def subjects(self) -> tuple[str, ...]:
        """Names of the people, sorted."""
        return tuple(self._store.subjects["subject"].to_pylist())

    def recording(self, name: str) -> Recording:
        """Read one recording; see :meth:`Dataset.recording`."""
        self._require(name)
        rows = self._store.rows_of(name)
        table = self._store.frames.slice(rows.start, len(rows))
        cameras = table["camera"].unique().to_pylist()
        if len(cameras) > 1:
            raise DatasetError(name, f"its frames are of several cameras ({', '.join(cameras)[:80]})", "Split it")
        facts, has = self._facts[name], frozenset(self._store.header.contents)
        fps, task = facts.get("fps"), facts.get("task")
        return Recording(
            subject=facts["subject"],
            name=name,
            task=task if isinstance(task, str) else "",
            camera=cameras[0],
            fps=float(fps) if isinstance(fps, int | float) and math.isfinite(fps) else 0.0,
            frames=table["frame"].to_numpy(),
            timestamps=table["timestamp"].to_numpy(),
            occurrence=self._labels(table, "occurrence"),
            intensity=self._labels(table, "intensity"),
            left=self._labels(table, "left"),
            right=self._labels(table, "right"),
            landmarks=landmark_array(table) if "landmarks" in has else None,
            visible=visible_array(table) if "visible" in has else None,
            pose=_angles(table, POSE) if "pose" in has else None,
            gaze=_angles(table, GAZE) if "gaze" in has else None,
            flags=[tuple(text.split("|")) if text else () for text in table["flags"].to_pylist()],
            pictures=StoredPictures(self._store, tuple(rows)),
        )

    def findings(self) -> list[Finding]:
        """Nothing: a store that opens is whole."""
        return []

    @cached_property
    def _facts(self) -> dict[str, dict[str, Any]]:
        """The rows of the table of sequences, by name."""
        return {row["sequence"]: row for row in self._store.sequences.to_pylist()}

    def _labels(self, table: pa.Table, kind: LabelKind) -> dict[int, NDArray[np.int8]]:
        if kind not in label_kinds(self._store.header.contents):
            return {}
        return {au: table[label_column(au, kind)].to_numpy() for au in self.aus}


def _angles(table: pa.Table, names: tuple[str, ...]) -> NDArray[np.float32]:
    return np.stack([table[name].to_numpy() for name in names], axis=1)
