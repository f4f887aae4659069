"""All statistics of a store at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actionunits.errors import UsageError
from actionunits.facs import AUSet, AUSetLike
from actionunits.statistics.base_rates import BaseRates, base_rates, level_counts
from actionunits.statistics.relations import relation_matrix
from actionunits.statistics.segments import Segments, find_segments
from actionunits.store import Store, StoreHeader
from actionunits.store.reader import FRAMES_FILE
from actionunits.store.tables import read_table


@dataclass(frozen=True, eq=False)
class StoreStatistics:
    """What the labels of a store look like; A action units.

    Attributes:
        header: of the store: data set, protocol, counts.
        aus: the action units, in the store's order.
        rates: how often each is shown.
        relations: (A, A) correlations of occurrence.
        segments: by AU, its runs of frames.
        level_aus: those of them whose intensity is known in some frame; B of them.
        levels: (B, 7) frames by intensity, unknown and 0-5.
        level_relations: (B, B) correlations of intensity.
    """

    header: StoreHeader
    aus: AUSet
    rates: BaseRates
    relations: NDArray[np.float64]
    segments: Mapping[int, Segments]
    level_aus: AUSet
    levels: NDArray[np.int64]
    level_relations: NDArray[np.float64]


def describe(store: Store, aus: AUSetLike | None = None) -> StoreStatistics:
    """The statistics of a store. Pictures and landmarks are not read.

    Args:
        store: with labels of occurrence.
        aus: which AUs; None for all that are known in some frame.

    Raises:
        UsageError: the store has no labels of occurrence, no known label, or none of an AU.
        StoreError: its files are damaged.
    """
    if "occurrence" not in store.header.contents:
        raise UsageError(store.folder, "this store has no labels of occurrence", "Use another store")
    wanted = store.au_set if aus is None else AUSet.parse(aus)
    labels = store.labels(wanted)  # (N, A)
    if aus is None:
        wanted, labels = _labelled(wanted, labels)
    if not len(wanted):
        raise UsageError(store.folder, "no frame of this store has a known label", "Use another store")
    lengths = store.sequences["frames"].to_pylist()
    _, owner = np.unique(store.sequences["subject"].to_numpy(), return_inverse=True)
    table = read_table(store.folder / FRAMES_FILE, len(store), columns=["frame", "timestamp"])
    frames, times = table["frame"].to_numpy(), table["timestamp"].to_numpy()
    graded = "intensity" in store.header.contents
    levels = store.labels(wanted, "intensity") if graded else np.full(labels.shape, -1, np.int8)
    level_aus, levels = _labelled(wanted, levels)  # (N, B)
    return StoreStatistics(
        header=store.header,
        aus=wanted,
        rates=base_rates(labels, np.repeat(owner, lengths)),
        relations=relation_matrix(labels),
        segments={au: find_segments(labels[:, place], lengths, frames, times) for place, au in enumerate(wanted)},
        level_aus=level_aus,
        levels=level_counts(levels),
        level_relations=relation_matrix(levels),
    )


def _labelled(aus: AUSet, labels: NDArray[np.int8]) -> tuple[AUSet, NDArray[np.int8]]:
    """The AUs that are known in some frame, and their columns."""
    seen = np.flatnonzero((labels >= 0).any(axis=0))
    return AUSet(tuple(aus[place] for place in seen.tolist())), labels[:, seen]
