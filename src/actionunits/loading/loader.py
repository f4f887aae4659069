"""Batches from several processes, the same ones whatever their number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import cv2
import numpy as np
import torch
from torch import distributed
from torch.utils.data import DataLoader, DistributedSampler

from actionunits.errors import ActionUnitsError, UsageError
from actionunits.loading.batch import FaceBatch
from actionunits.loading.chunks import Chunks
from actionunits.loading.dataset import FaceDataset, Pick

_ORDER = 1  # keeps the stream of the order apart from that of the variations


class EpochSampler(DistributedSampler[Pick]):
    """Every frame, or chunk, once an epoch; shuffled by seed and epoch. Each of several graphics cards gets its share.

    Args:
        dataset: frames or chunks, with their seed.
        shuffle: False for the order of the store.
    """

    def __init__(self, dataset: FaceDataset | Chunks, *, shuffle: bool) -> None:
        several = distributed.is_available() and distributed.is_initialized()
        world, rank = (distributed.get_world_size(), distributed.get_rank()) if several else (1, 0)
        super().__init__(dataset, num_replicas=world, rank=rank, shuffle=shuffle, seed=dataset.seed)

    def __iter__(self) -> Iterator[Pick]:
        count = len(cast(FaceDataset | Chunks, self.dataset))
        order = np.arange(count)
        if self.shuffle:
            order = np.random.default_rng([self.seed, self.epoch, _ORDER]).permutation(count)
        share = np.resize(order, self.total_size)[self.rank :: self.num_replicas]  # the first ones fill up the last
        return iter([Pick(place, self.epoch) for place in share.tolist()])


class FaceLoader(DataLoader[FaceBatch]):
    """A PyTorch loader whose workers' errors arrive as they were raised; made by :func:`face_loader`."""

    def __iter__(self) -> Iterator[FaceBatch]:  # type: ignore[override]  # all that a loop needs of it
        for loaded in super().__iter__():
            if isinstance(loaded, ActionUnitsError):
                raise loaded
            yield loaded

    def epoch(self, number: int) -> Iterator[FaceBatch]:
        """The batches of one epoch, counted from 0. Lightning chooses the epoch itself."""
        cast(EpochSampler, self.sampler).set_epoch(number)
        return iter(self)


def face_loader(
    dataset: FaceDataset,
    *,
    batch_size: int = 32,
    workers: int = 2,
    chunk: int | None = None,
    shuffle: bool | None = None,
) -> FaceLoader:
    """A loader of whole epochs: shuffled for training, in the store's order otherwise.

    The same data set, seed and batch size give the same batches. In training the last batch is left out if it is not
    full, unless it is the only one; over several graphics cards, the first frames come again to make the shares equal.

    Args:
        dataset: what to load.
        batch_size: frames; chunks have their own number.
        workers: processes that decode; 0 for this one alone.
        chunk: make each batch of so many consecutive frames of one sequence, the last of a sequence of fewer; only the
            order of the batches is shuffled, and none is left out. None for batches of any frames.
        shuffle: as said, or not; None for what the data set is for.

    Returns:
        Batches whose pictures are bytes; see :meth:`FaceBatch.normalised`.

    Raises:
        UsageError: ``batch_size`` or ``chunk`` is below 1, or ``workers`` below 0.
    """
    if batch_size < 1 or workers < 0:
        asked = f"batch_size={batch_size}, workers={workers}"
        raise UsageError(asked, "cannot be", "Use 1 or more, and 0 or more")
    source = dataset if chunk is None else Chunks(dataset, chunk)
    sampler = EpochSampler(source, shuffle=dataset.training if shuffle is None else shuffle)
    return FaceLoader(
        source,
        batch_size=batch_size if chunk is None else None,  # a chunk is a batch already
        sampler=sampler,
        num_workers=workers,
        collate_fn=_as_it_is,
        drop_last=chunk is None and dataset.training and len(sampler) >= batch_size,
        pin_memory=torch.cuda.is_available(),
        persistent_workers=workers > 0,
        worker_init_fn=_settle,
    )


def _as_it_is(loaded: Any) -> Any:
    return loaded


def _settle(_: int) -> None:
    cv2.setNumThreads(0)  # a worker is one thread
